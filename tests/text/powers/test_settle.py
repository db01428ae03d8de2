"""HTML and wikitext set raised and lowered text apart by the same rules."""

import re
from collections.abc import Iterator
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.text.html.trial import read_page
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.powers.marks import RAISED, STRUCK
from tokenmill.text.wikitext.variants import variants_of
from tokenmill.text.wikitext.wikitext import wikitext_to_text

Tree = str | list[tuple[str, "Tree"]]

CASES = [
    ("10<sup>-6</sup> m", "10^-6 m"),
    ("10<sup>−6</sup>", "10^−6"),
    ("(3+4)<sup>2</sup>", "(3+4)^2"),
    ("5<sup>1</sup>/<sub>2</sub> cups", "5 1/2 cups"),
    ("5<sup>1</sup>⁄<sub>2</sub>", "5 1⁄2"),
    ("5<sup>1</sup>⁄2", "5 1⁄2"),
    ("2<sup>n</sup>, −(2<sup>n − 1</sup>)", "2^n, −(2^(n − 1))"),
    ("x<sup>2</sup>+e<sup>x+1</sup>, m<sup>3</sup>/s", "x^2+e^(x+1), m^3/s"),
    ("5 cm<sup>2</sup>, 3km<sup>2</sup>; км<sup>2</sup>", "5 cm^2, 3km^2; км^2"),
    ("x<sup>n−1</sup>y", "x^(n−1)y"),
    ("(1+r)<sup>n</sup>/2 and (x+1)<sup>2</sup>/4", "(1+r)^n/2 and (x+1)^2/4"),
    ("2<sup>(n-1)</sup> 2<sup>2n</sup> e<sup>-kt</sup> x<sup>1/2</sup>", "2^(n-1) 2^(2n) e^(-kt) x^(1/2)"),
    ("χ<sup>2</sup> πr<sup>2</sup> E=mc<sup>2</sup> O(n<sup>2</sup>)", "χ^2 πr^2 E=mc^2 O(n^2)"),
    ("10<sup>6</sup>/ml, 10<sup>1.5</sup>", "10^6/ml, 10^1.5"),
    ("2<sup>nd</sup> 19<sup>e</sup> 1<sup>er</sup> 5<sup>h</sup> 12<sup>a-c</sup>", "2nd 19e 1er 5h 12a-c"),
    ("n<sup>o</sup> M<sup>lle</sup> X<sup>TM</sup> x<sup>®</sup> D<sup>r</sup>", "no Mlle XTM x® Dr"),
    ("us<sup>2</sup> US<sup>3</sup> it's<sup>4</sup> x<sup>[1]</sup> Ca<sup>2+</sup>", "us2 US3 it's4 x[1] Ca^2+"),
    ("I<sup>2</sup>C, 10<sup>6</sup>K", "I2C, 10^6 K"),
    ("42.<sup>7</sup> 42,<sup>3</sup> 5%<sup>1</sup> word.<sup>7</sup>", "42. 7 42, 3 5% 1 word. 7"),
    ("<sup>1</sup>2019 log<sub>10</sub>100 10<sup>6</sup>7", "1 2019 log10 100 10^6 7"),
    ("H<sub>2</sub>O x<sub>1</sub><sup>2</sup> M<sup>c</sup>Donald", "H2O x1^2 McDonald"),
    ("x<sub>i</sub><sup>2</sup> x<sub>max</sub><sup>n</sup>", "xi^2 xmax^n"),
    ("Brand<sup>™</sup> 12%<sup>†</sup> 5<sup>′</sup> 42<sup>€</sup> mol<sup>−1</sup>", "Brand™ 12%† 5′ 42€ mol^−1"),
    (
        "$9<sup>99</sup> $9.<sup>99</sup> €1.299,<sup>50</sup> £ 9<sup>99</sup> 9<sup>99</sup> €",
        "$9 99 $9.99 €1.299,50 £ 9 99 9 99 €",
    ),
    ("a strategy<sup>12</sup> of 5 m<sup>2</sup>", "a strategy 12 of 5 m^2"),
    ("sinh<sup>2</sup>x of an area<sup>2</sup>", "sinh^2 x of an area2"),
    ("1s<sup>2</sup>2s<sup>2</sup>2p<sup>6</sup> 10<sup>6</sup>7 10<sup>-6</sup>м", "1s^2 2s^2 2p^6 10^6 7 10^-6 м"),
    ("x<sup>2</sup>'s 1<sup>st</sup>x", "x^2's 1stx"),
    ("10<sup> −5</sup>", "10^−5"),
    ("10<sup>(5)</sup> 10<sup>5.5</sup>3", "10^(5) 10^5.5 3"),
    ("2<sup><i>n</i></sup> 2<sup>n+1</sup>m", "2^n 2^(n+1)m"),
    ("apal<sup>y</sup>un k<sup>n</sup>m (a)<sup>n</sup> km<sup>2</sup>", "apalyun k^n m (a)^n km^2"),
    ("10<sup>1 000</sup> 10<sup>1/2</sup> 5<sup>12a</sup>", "10 1 000 10 1/2 5 12a"),
    ("x<sup>2</sup><sub>3</sub> 101<sub>2</sub> SO<sup>2−</sup><sub>4</sub>", "x^2_3 101_2 SO^2−_4"),
    ("2<sup>2<sup>n</sup></sup>+1 10<sup>10<sup>10</sup></sup>", "2^(2^n)+1 10^(10^10)"),
    ("10<sup>12</sup>/<sup>13</sup>C 10<sup>6</sup>/<sub>3</sub>", "10^12/13C 10^6/3"),
    ("2<sup>1/12</sup> 2<sup>7/12</sup> 5<sup>3/4</sup>", "2^(1/12) 2^(7/12) 5 3/4"),
    (
        "σ<sup>2</sup> 4π<sup>2</sup> 5 с<sup>−1</sup> 5 м<sup>2</sup> |x|<sup>2</sup> ½<sup>2</sup>",
        "σ^2 4π^2 5 с^−1 5 м^2 |x|^2 ½^2",
    ),
    ("<s>7</s>8 10<sup>10,000,000,000,000,000,000,000,000</sup>", "7 8 10^10,000,000,000,000,000,000,000,000"),
    ("10<sup>6", "10^6"),
    (
        "2<sup>(n+1)/2</sup> 2<sup>2(n+1)-1</sup> 2<sup>a+b</sup> 2<sup>32 − 1</sup> x<sup>a-c</sup>",
        "2^((n+1)/2) 2^(2(n+1)-1) 2^(a+b) 2^(32 − 1) xa-c",
    ),
    ("7–6<sup>(8–6)</sup> 7-6<sup>7-5</sup> 7–6<sup>(7-5)</sup> 7–6<sup>5</sup>", "7–6(8–6) 7-6(7-5) 7–6(7-5) 7–6(5)"),
    ("2<sup><i>p</i></sup> − 1 2<sup><i>m</i></sup> 10<sup>π</sup> 2<sup><i>n</i>!</sup>", "2^p − 1 2^m 10^π 2^n!"),
    ("5<sup>h</sup> 30<sup>m</sup> 12<sup>s</sup> ¹<sup>2</sup>", "5h 30m 12s ¹2"),
    ("30<sup>3</sup>/4 110<sup>3</sup>/4 x<sup>αβ</sup> an end", "30 3/4 110 3/4 x^(αβ) an end"),
    ("the<sub> quick</sub> fox word<sup> note</sup> y", "the quick fox word note y"),
    ("10<sup><sub></sub>6</sup> 10<sub><sup></sup>2</sub> 10<sup><s></s>6</sup> 1<sup></sup>0", "10^6 10_2 10^6 10"),
    (
        "word.<sup>[<sup>1</sup>]</sup> foo,<sup>1<sup>2</sup></sup> x<sup>see note<sup>2</sup></sup>",
        "word.[1] foo, 1^2 xsee note2",
    ),
    ("a <s>strategy</s><sup>2</sup> b <s>10</s><sup>6</sup>", "a strategy 2 b 10^6"),
    ("<s>19</s>25 19<s>25</s> 7<s></s>8", "19 25 19 25 78"),
    ("quote [emphasis added]<sup>4</sup> (смотри рисунок)<sup>2</sup>", "quote [emphasis added] 4 (смотри рисунок) 2"),
    (
        "10<sup>6 (a very long note that goes on and on, over sixty-four bytes)</sup>7",
        "10 6 (a very long note that goes on and on, over sixty-four bytes)7",
    ),
    ("a <sup></sup> b <s></s> c", "a b c"),
    ("19<sup>90</sup> zł CHF 19<sup>90</sup> 1<sup>99</sup>$ 9<sup>.99</sup>", "19 90 zł CHF 19 90 1 99$ 9.99"),
    ("20<sup>15</sup> Uhr 18<sup>00</sup> 6<sup>30</sup> pm 2<sup>10</sup> am", "20 15 Uhr 18 00 6 30 pm 2 10 am"),
    ("19<sup>ος</sup> 10<sup>6</sup>.5 10<sup>6–7</sup> 10<sup>6</sup>. x", "19ος 10^6 .5 10^(6–7) 10^6. x"),
    ("6<sup>4</sup>–7 7<sup>7</sup>-6<sup>4</sup> 6<sup>2</sup>–3", "6(4)–7 7(7)-6(4) 6^2–3"),
    ("8p<sub>1/2</sub><sup>2</sup> 1<sup> 3</sup>/<sub> 4</sub> 12<sup>34</sup>", "8p1/2^2 1 3/ 4 12^34"),
    ("text<sup>1</sup> Se<sup>7</sup>en I<sup>2</sup>C", "text1 Se7en I2C"),
    ("<sub>2</sub><sup>4</sup>He e<sup>iπ</sup> x<sup>n·m</sup> x<sup>n×3</sup>", "2 4He e^(iπ) x^(n·m) x^(n×3)"),
    ("5<sup>1</sup>/2 10<sup>2</sup>/3 10<sup>1</sup>/2", "5 1/2 10^2/3 10 1/2"),
    (
        "5 Å<sup>3</sup> ℝ<sup>n</sup> 平方米<sup>2</sup> café<sup>2</sup> 5<sup>1/2</sup>",
        "5 Å^3 ℝ^n 平方米^2 café2 5 1/2",
    ),
    ("10<sup><sup>6</sup></sup>7 10<sup>6 </sup>7", "10^6 7 10^6 7"),
    (
        "e<sup>x</sup>y e<sup>kt</sup> ax<sup>2</sup>+bx (in 1990, see below)<sup>2</sup>",
        "e^x y e^(kt) ax^2+bx (in 1990, see below) 2",
    ),
    (
        "x<sup>n<sub>1</sub></sup> 10<sup>−1/2</sup> SO<sub>4</sub><sup>2−</sup> NH<sub>4</sub><sup>+</sup>",
        "x^(n1) 10^(−1/2) SO4^2− NH4+",
    ),
    (
        "n<sup><i>th</i></sup> 1<sup><i>er</i></sup> 19<sup><i>e</i></sup> e<sup>−kt</sup> x<sup><i>ab</i></sup>",
        "nth 1er 19e e^(−kt) x^(ab)",
    ),
    (
        "5th<sup>2</sup> sin<sup>2</sup>x 5 GeV<sup>2</sup> raisin<sup>2</sup> Ca(OH)<sub>2</sub> A<sup>T</sup>",
        "5th2 sin^2 x 5 GeV^2 raisin 2 Ca(OH)2 A^T",
    ),
]
DIGITS = re.compile("[0-9]+")
TEXTS = st.text(alphabet="0123456789abnxSth.,-+−()/$€% ½π⁄β", max_size=6)
TREES = st.recursive(
    TEXTS,
    lambda inner: st.lists(st.tuples(st.sampled_from(["sup", "sub", "s", "b", ""]), inner), max_size=4),
    max_leaves=8,
)


def of_html(source: str) -> str:
    """Returns the text of a paragraph of HTML."""
    return "\n".join(read_page(f"<p>{source}</p>".encode()).texts)


def of_wikitext(source: str) -> str:
    """Returns the text of a line of wikitext."""
    source = source.replace("<i>", "''").replace("</i>", "''")
    return rows_of_wikitext([source.encode()])[0].decode()


def rows_of_wikitext(rows: list[bytes]) -> list[bytes]:
    """Returns the texts of rows of wikitext, which may be no UTF-8."""
    data = np.frombuffer(b"".join(rows), dtype=np.uint8)
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    dates, variants = np.zeros((len(rows), 2), dtype=np.uint64), np.full(len(rows), variants_of(None), dtype=np.uint8)
    out, ends = wikitext_to_text(*map(frozen, (data, offsets, dates)), tables=True, variants=frozen(variants))
    return [bytes(out)[slice(*bounds)] for bounds in pairwise(ends.tolist())]


@pytest.mark.parametrize("source, text", CASES)
def test_html_and_wikitext_read_scripts_alike(source: str, text: str) -> None:
    assert of_html(source) == text
    assert of_wikitext(source) == text


def tagged(tree: Tree) -> str:
    """Returns the source of a tree of texts and elements; an element without a name is only its content."""
    if isinstance(tree, str):
        return tree
    return "".join(f"<{tag}>{tagged(inner)}</{tag}>" if tag else tagged(inner) for tag, inner in tree)


def pieces_of(tree: Tree, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields (the raised, lowered and struck elements around it, text) for each text that is not empty."""
    if isinstance(tree, str):
        if tree:
            yield path, tree
        return
    for place, (tag, inner) in enumerate(tree):
        yield from pieces_of(inner, f"{path}/{place}" if tag in ("sup", "sub", "s") else path)


def numbers_of(tree: Tree) -> Iterator[str]:
    """Yields the numbers that a reader sees; texts side by side in the same elements are one."""
    for _, group in groupby(pieces_of(tree), key=lambda piece: piece[0]):
        yield from DIGITS.findall("".join(text for _, text in group))


@given(TREES)
def test_no_number_joins_another(tree: Tree) -> None:
    assert DIGITS.findall(of_wikitext(f"w{tagged(tree)}")) == list(numbers_of(tree))
    assert DIGITS.findall(of_html(f"w{tagged(tree)}")) == list(numbers_of(tree))


@given(TREES)
def test_only_signs_and_spaces_are_added(tree: Tree) -> None:
    plain = "w" + "".join(text for _, text in pieces_of(tree))
    for text in (of_html(f"w{tagged(tree)}"), of_wikitext(f"w{tagged(tree)}")):
        assert re.sub("[ ^_()]", "", text) == re.sub("[ ^_()]", "", plain)
        assert text.count("(") - plain.count("(") == text.count(")") - plain.count(")") >= 0
        assert set(text.split()) >= {word for word in plain.split(" ") if word.isalpha() and f" {word} " in plain}


MARKED = st.binary(max_size=40).map(lambda data: bytes(0xF5 + byte % 11 if byte < 128 else byte % 128 for byte in data))


@given(MARKED)
def test_marks_in_any_order_are_replaced(source: bytes) -> None:
    before, text, after = rows_of_wikitext([b"10", source, b"6 th"])
    assert (before, after) == (b"10", b"6 th")
    assert text == rows_of_wikitext([source])[0]
    assert len(text) <= len(source)
    assert not any(RAISED <= byte <= STRUCK for byte in text)


@pytest.mark.parametrize(
    "part", ["x<s></s>", "|<sup>αβ</sup>", "<sup>", "1<sub>1</sub>", "1<sub>1</sub><sup>x", "$1,<sup>22</sup>"]
)
def test_many_marks_take_time_in_proportion(part: str) -> None:
    """With a search back to the begin of the text for each mark this would take minutes."""
    of_html(part * 100_000)
    of_wikitext(part * 100_000)
