"""The word splitter is compared with a slow one that works on strings, and with texts whose words are known."""

import re

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel import classes, quick
from tokenmill.text.words.lexicon import _UNITS, exceptions
from tokenmill.text.words.segment import words

TABLE = classes.class_table()
EXCEPTIONS = {whole: cut.split("·") for whole, cut in exceptions().items()}
DIGITS = "0123456789"


def is_a(character: str, flags: int) -> bool:
    return bool(TABLE[ord(character)] & flags)


def prefix(text: str) -> str:
    found = re.match(r"\.\.+|\+(?![0-9])|US\$|[AC]\$", text)
    return found.group() if found else text[0] if is_a(text[0], classes.PREFIX) else ""


def suffix(text: str) -> str:
    """Returns the longest of all matching suffixes, which is the one that starts leftmost."""
    found = [
        text[start:] for start in range(max(0, len(text) - 12), len(text)) if is_suffix(text[:start], text[start:])
    ]
    dots = re.search(r"\.\.+$", text)
    return dots.group() if dots else found[0] if found else ""


def is_suffix(before: str, end: str) -> bool:
    last = before[-1:] or " "
    if end in ("……", "'s", "'S", "’s", "’S"):
        return True
    if last in DIGITS and (end in _UNITS.split() or end == "+" or (len(end) == 1 and is_a(end, classes.CURRENCY))):
        return True
    if end == "." and before:
        upper = len(before) > 1 and is_a(before[-1], classes.UPPER) and is_a(before[-2], classes.UPPER)
        return is_a(last, classes.BEFORE_DOT) or upper or re.search("°[FCK]$", before) is not None
    return len(end) == 1 and is_a(end, classes.SUFFIX)


def infix(text: str, i: int) -> str:
    """Returns the infix that starts at text[i], or ""."""
    dots = re.compile(r"\.\.+").match(text, i)
    if dots:
        return dots.group()
    here, before, after = text[i], text[i - 1] if i else " ", (text[i + 1 :] or " ")[0]
    if here == "…" or is_a(here, classes.ICON):
        return here
    if here in "+-*^" and before in DIGITS and after in DIGITS + "-":
        return here
    if here == "." and is_a(before, classes.LOWER | classes.QUOTE) and is_a(after, classes.UPPER | classes.QUOTE):
        return here
    if here == "," and is_a(before, classes.ALPHA) and is_a(after, classes.ALPHA):
        return here
    if before in DIGITS or is_a(before, classes.ALPHA):
        for mark in (*":<>=/", "-", "–", "—", "--", "---", "——", "~"):
            follows = text[i + len(mark) :]
            if text.startswith(mark, i) and follows and is_a(follows[0], classes.ALPHA):
                return mark
    return ""


def is_address(text: str) -> bool:
    starts = {0, *(i + 1 for i, character in enumerate(text) if character == "@" and i)}
    scheme = re.match(r"([^\W]|[+.-])+?://", text)
    if (
        scheme
        and len(scheme.group()) > 4
        and all(is_a(c, classes.LETTER) or c in DIGITS + "+-._²³" for c in scheme[0][:-3])
    ):
        starts.add(scheme.end())
    return any(is_host(text[start:]) for start in starts)


def is_host(text: str) -> bool:
    port_and_path = r"(:[0-9]{2,5})?([/?#].*)?"
    alnum = "A-Za-z0-9\u00a1-\uffff"
    address = re.fullmatch(rf"([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+){port_and_path}", text, re.DOTALL)
    if address:
        a, b, c, d = (min(int(part), 1000) for part in address.groups()[:4])
        private = a in (10, 127) or (a, b) in ((169, 254), (192, 168)) or (a == 172 and 16 <= b <= 31)
        plain = address[1][0] != "0" and address[4][0] != "0"
        return plain and 1 <= a <= 223 and b <= 255 and c <= 255 and 1 <= d <= 254 and not private
    label = rf"([{alnum}][{alnum}_-]{{0,62}})?[{alnum}]\."
    host = re.fullmatch(rf"({label})+([{alnum}]{{2,63}}){port_and_path}", text, re.DOTALL)
    return host is not None and all(is_a(character, classes.LOWER) for character in host[3])


def split_core(text: str) -> list[str]:
    out, start, i = [], 0, 0
    while i < len(text):
        mark = infix(text, i)
        if mark and i:
            out += [text[start:i], mark]
            start = i + len(mark)
        i += len(mark) or 1
    if out and is_address(text):
        return [text]
    return [word for word in [*out, text[start:]] if word]


def split_by_rules(run: str, known: dict[str, list[str]]) -> list[str]:
    front: list[str] = []
    back: list[str] = []
    while run and run not in known:
        first = prefix(run)
        if first and run[len(first) :] in known:
            front, run = [*front, first], run[len(first) :]
            break
        last = suffix(run[len(first) :])
        if last and run[: -len(last)] in known:
            back, run = [last, *back], run[: -len(last)]
            break
        if not first and (not last or last == run):
            break
        front, back = [*front, first] if first else front, [last, *back] if last else back
        run = run[len(first) : len(run) - len(last)]
    return [*front, *(known[run] if run in known else split_core(run)), *back]


RULED = {whole: tuple(split_by_rules(whole, {})) for whole in EXCEPTIONS}
REJOINED = {cut: whole for whole, cut in RULED.items() if len(cut) > 1}


def rejoin(found: list[str]) -> list[str]:
    """Joins exceptions that the rules cut, those of most words first, then leftmost. Each gives its own words."""
    taken: set[int] = set()
    chosen: dict[int, int] = {}
    for size in range(max(map(len, REJOINED)), 1, -1):
        for start in range(len(found) - size + 1):
            if tuple(found[start : start + size]) in REJOINED:
                if start not in taken and start + size - 1 not in taken:
                    chosen[start] = start + size
                taken.update(range(start, start + size))
    out: list[str] = []
    i = 0
    while i < len(found):
        end = chosen.get(i, i + 1)
        out += EXCEPTIONS[REJOINED[tuple(found[i:end])]] if i in chosen else [found[i]]
        i = end
    return out


def slow_words(text: str) -> list[str]:
    return [word for run in text.split() for word in rejoin(split_by_rules(run, EXCEPTIONS))]


def our_words(text: str) -> list[str]:
    """Returns the words of a document alone and before others. Both must agree; the last bytes of a batch are read one
    by one.
    """
    alone, followed = words_in([text]), words_in([text, "3nd. Follows 1", "x" * 16])
    assert alone == followed
    return alone


def words_in(texts: list[str]) -> list[str]:
    """Returns the words of the first text."""
    _, split = words(pa.record_batch({"text": pa.array(texts, type=pa.large_string())}))
    coded = texts[0].encode()
    spans = zip(split.starts[: split.offsets[1]], split.ends, strict=False)
    return [coded[start:end].decode() for start, end in spans]


MARKS = "…,:;!?()[]{}<>_#*&'\"”“’`«»$£€%§=—–-~+^/@|\\.°。「」²³·‘ \n\t\u00a0\u2028\x00\x85éΩж字กﾊ😀İ\U0010ffff"
GROUPS = (
    ".. ... -- --- —— …… :// http:// www. US$ 10.0.0.1 8.8.8.8 .com :80/ @x.org a b word Word ABC U e\u0301 0 12 2024"
)
PIECES = (*exceptions(), *_UNITS.split(), *MARKS, *GROUPS.split())
runs = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@settings(max_examples=600, deadline=None)
@given(st.one_of(runs, st.text(max_size=40), st.text(st.characters(max_codepoint=127), max_size=60)))
@example("(note): see :-)) e.g.). °F. 5km's")
def test_words_are_those_of_the_slow_splitter(text: str) -> None:
    assert our_words(text) == slow_words(text)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.builds("{}{}{}".format, *3 * [st.sampled_from(("", *MARKS, *MARKS, *PIECES))]), max_size=4))
def test_words_with_marks_around_them_are_those_of_the_slow_splitter(several: list[str]) -> None:
    text = " ".join(several)
    assert our_words(text) == slow_words(text)


def test_quiet_bytes_are_of_no_mark_and_no_white_space() -> None:
    busy = [chr(point).encode() for point in range(0x110000) if TABLE[point] & (classes.SPACE | classes.BUSY)
            and not 0xD800 <= point < 0xE000]  # fmt: skip
    first = {coded[0] for coded in busy}
    quiet = [set(range(low, high + 1)) for low, high in (*quick.LETTERS, *quick.OTHERS)]
    assert not first & set().union(*quiet)
    assert not first & {byte - 0x20 for byte in quiet[0]}  # capital letters


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello, world!", "Hello , world !"),
        ("(It's the U.S. dollar.)", "( It 's the U.S. dollar . )"),
        ("don't cannot I'll gonna", "do n't can not I 'll gon na"),
        ("e.g. Mr. Smith, Ph.D., i.e.", "e.g. Mr. Smith , Ph.D. , i.e."),
        ("cut-price brand-new 1990s-era", "cut - price brand - new 1990s - era"),
        ("see http://a.com/b-c?d=e-f, me@my-host.org.", "see http://a.com/b-c?d=e-f , me@my-host.org ."),
        ("10km 5% $5.00 US$3 20°C.", "10 km 5 % $ 5.00 US$ 3 20 ° C ."),
        ("wait... what…", "wait ... what …"),
        ("end.Begin 3.14 one,two 1,000", "end . Begin 3.14 one , two 1,000"),
        ("nice:) (really):", "nice :) ( really ):"),
        ("中文没有空格。它是一行。", "中文没有空格。它是一行 。"),
        ("ภาษาไทย ไม่มี", "ภาษาไทย ไม่มี"),
        ("a\u00a0b\u2028c\x85d\x00e", "a b c d\x00e"),
        ("5m\u00a0a.\u00a0b", "5 m a. b"),
        ("2020, 3.5 10am h2o v2. (7) 20:57", "2020 , 3.5 10 am h2o v2 . ( 7 ) 20:57"),
        ("naïve—été «été», “Ünder”. déjà!", "naïve — été « été » , “ Ünder ” . déjà !"),
    ],
)
def test_words_of_known_texts(text: str, found: str) -> None:
    assert our_words(text) == found.split(" ")


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "!" * 70_000, "." * 300, "a" + "." * 70_000, ")(" * 500, "a" * 127, "a" * 128]
)
def test_words_of_any_length_come_back_whole(text: str) -> None:
    assert "".join(our_words(text)) == text
    assert "".join(our_words(f" \n {text}{' ' * 700}{text}")) == text * 2
