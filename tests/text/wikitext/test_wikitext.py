"""Wikitext to text: known markup gives the right text, and no input makes the kernels slow or wrong."""

import functools
import html
import random
import time
from html.entities import html5, name2codepoint
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.templates.hashes import folded_hash, name_hash
from tokenmill.text.wikitext.names import names
from tokenmill.text.wikitext.state import MARK, find
from tokenmill.text.wikitext.tidy import tidy_marks
from tokenmill.text.wikitext.wikitext import media_hash, wikitext_to_text


def extracted(*texts: str | bytes, tables: bool = True, media: tuple[str, str] | None = None) -> list[str]:
    coded = [text if isinstance(text, bytes) else text.encode() for text in texts]
    data = frozen(np.frombuffer(b"".join(coded), dtype=np.uint8))
    offsets = frozen(np.cumsum([0, *map(len, coded)], dtype=np.int64))
    own = [media_hash(name) for name in media] if media else [0, 0]
    hashes = frozen(np.array([own] * len(coded), dtype=np.uint64).reshape(len(coded), 2))
    out, ends = wikitext_to_text(data, offsets, hashes, tables=tables)
    content = bytes(out)
    return [content[low:high].decode("utf-8", "strict") for low, high in pairwise(ends)]


CASES = [
    # links
    ("[[a]] [[b|c]] [[d|''e'']]s [[Foo (x)|]] [[:Category:Foo]]", "a c es Foo (x) Category:Foo"),
    ("[[File:a.jpg|thumb|300px|Seen [[here]] {{cite web|x}}]]b", "b"),
    ("[[Category:A]][[de:B]][[Datei:C.jpg|mini]]c[[IT:x]]", "cIT:x"),
    ("[http://a.b c d] [http://a.b] [//a.b e] [f] [mailto:a@b.c g] http://a.b/c", "c d e [f] g http://a.b/c"),
    ("[[a\n\nb]]", "a\n\nb"),
    # emphasis
    ("''a'' '''b''' '''''c''''' d's ''''e''''", "a b c d's 'e'"),
    ("l'''opera'' e '''x'''", "l'opera e x"),
    # templates
    ("a {{Infobox|b=c|d=[[e]]}} f", "a f"),
    ("{{lang|fr|bonjour}} {{Lang-de|Haus}} {{transl|ja|Hepburn|kanji}} {{langx|la|Roma}}", "bonjour Haus kanji Roma"),
    ("{{convert|5|km|mi}}, {{cvt|3|to|4|sqmi}}, {{convert|-40|C|F}}", "5 km, 3 to 4 sq mi, -40 °C"),
    ("{{nihongo|Tokyo|東京|Tōkyō}} {{nihongo||東京}}", "Tokyo (東京, Tōkyō) 東京"),
    ("{{unité|300|km|2}} {{Unité|5|à|6|km}} {{unidad|3|m|2|s|-1}} {{unité|1|}}", "300 km² 5 à 6 km 3 m²⋅s^-1 1"),
    ("{{date|3 mars 1990}}, {{heure|14|30}}", "3 mars 1990, 14 h 30"),
    ("{{dts|9|12|1999}}", "9 December 1999"),
    ("{{XIXe siècle}} {{siglo|XX}} {{nombre|1234|habitants}}", "XIXe siècle XX 1234 habitants"),
    ("a {{Цитата|Привет|Автор}} {{référence nécessaire|b}} {{Référence nécessaire|c}}", "a\nПривет\n— Автор\n b c"),
    ("{{仮リンク|東京|en|Tokyo}} {{読み仮名|漱石|そうせき}}", "東京 漱石（そうせき）"),
    ("{{Höhe|300|DE}}", "300 m"),
    ("{{birth date|df=yes|1990|5|2}} {{start date|2001}} {{dts|1999|12|31}}", "2 May 1990 2001 31 December 1999"),
    ("{{hlist|a|b||c}} {{nowrap|d {{small|e}}}} {{abbr|No.|number}}", "a, b, c d e No."),
    ("{{frac|1|2}} {{frac|3|1|4}} {{val|1.5|e=3|ul=m}} {{c.|9}}", "1/2 3 1/4 1.5×10^3 m c. 9"),
    ("{{nowrap|a|1=b}} {{HMS|Victory|3=2|3=}} {{height|m=1|m=2|cm=5}}", "b HMS Victory 2 m 5 cm"),
    ("a{{snd}}b{{ndash}}c{{'}}d", "a – b–c'd"),
    ("{{HMS|Victory}} {{ship|French ship|Jean}} {{sclass|N|b}}", "HMS Victory French ship Jean N-class b"),
    ("x{{quote|text=To be|author=Hamlet}}y", "x\nTo be\n— Hamlet\ny"),
    ("{{math|1=E = mc{{sup|2}}}} {{formatnum:12}} {{#if:a|b}} {{{1|c}}}", "E = mc^2 12 c"),
    ("a:{{plainlist|\n* b\n* c\n}}", "a:\n- b\n- c"),
    ("Foo (IPA {{IPAc-en|f}}; {{lang|grc|φ}}) ({{audio|x}}) (; {{x2}}) f()", "Foo (IPA; φ) f()"),
    ("Foo ({{audio|x}}, 1900) a {{cn}}, b {{cn}}.", "Foo (1900) a, b."),
    # tags
    ("a<ref name=x>{{b}}</ref>b<ref name=x/> c<!-- d -->e", "ab ce"),
    ("<nowiki>[[a]] {{b}} &lt;</nowiki> <math>\\frac{{a}}{b}</math>", "[[a]] {{b}} < $\\frac{{a}}{b}$"),
    ("a<br>b<br />c <b>d</b> <unknown>e</unknown>", "a\nb\nc d <unknown>e</unknown>"),
    ("10<sup>6</sup> 1<sup>st</sup> H<sub>2</sub>O", "10^6 1st H2O"),
    ("a<ref>b<ref>c</ref>d", "abd"),
    ('a <span style="display:none">012</span>12 <span class=x style="color:red; Display: None">k</span>b', "a 12 b"),
    ('a <span style="display:inline">b</span> <small style="display:block">c</small>', "a b c"),
    ('<span style="display:none"><span>0</span>1</span>2 <div style="visibility : hidden">a <div>b</div></div>', "2"),
    ('a <div class="thumb tright" style="x: y"><div>k</div><div class="thumbcaption">l</div></div> b', "a b"),
    ('<div class="thumbs">a</div> <div id="thumb">b</div> <div subclass=thumb>c</div>', "a\n\nb\n\nc"),
    ('A<span id="a" style="display:none"/> B <span style="display:none">k</span> C', "A B C"),
    ('<div style="display:none">a</div><span style="display:none">k<b>c', "kc"),
    ('<div class="NavFrame"><div class="NavContent" style="display:none">a</div></div>', "a"),
    ('<div class="mw-collapsible-content" style="display:none">a</div>', "a"),
    (
        '<sup style="display:none">6</sup>10 <span title="a display:none b">c</span> <i title="class=thumb">d</i>',
        "10 c d",
    ),
    ('<div class="noprint thumb">k</div><div class="thumb-caption">a</div>', "a"),
    ('f({{zz|<ruby>k<rt>}}</ruby>y) <ruby>漢<rt>kan</ruby>', "f(y) 漢(kan)"),
    ('<span title="display none">a</span> <span style="display:none">b', "a b"),
    ("<ruby>漢<rt>kan</rt>字<rt>ji</rt></ruby> <ruby>弈<rt>yì</ruby> <ruby>a<rt></ruby>", "漢(kan)字(ji) 弈(yì) a"),
    ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby> <ruby>字<rp>《</rp><rt>ji<rp>》</rp></ruby>", "漢(kan) 字《ji》"),
    ("a <ref>x</ref> .22 calibre <ref>x</ref> . <ref>x</ref> .NET <ref>x</ref> .", "a .22 calibre. .NET."),
    ("<pre>  [[a]]\n  b</pre>", "  [[a]]\n  b"),
    ("&amp;lt; &eacute;&#233;&#xE9; &nbsp;&bogus; &", "&lt; ééé  &bogus; &"),
    ("__NOTOC__a__init__ __KEIN_INHALTSVERZEICHNIS__", "a__init__"),
    # lines
    ("== A ==\nb\n=== C ===\n{{navbox}}\n== D ==<!-- x -->\n\ne\n== F ==\n", "A\n\nb\n\nD\n\ne"),
    ("* a\n** b\n# c\n# d\n## e\n\n# f\n: g\n; h\n* {{x2}}", "- a\n  - b\n1. c\n2. d\n  1. e\n\n1. f\ng\nh"),
    ("a\n----\nb", "a\n\nb"),
    # tables
    ('{| class="x"\n|+ T\n! a !! b\n|-\n| style="y" | c || d\n|-\n| e\n| f\ng\n|}\nh', "T\na\tb\nc\td\ne\tf g\n\nh"),
    ("{|class=wikitable\n| a\n{|\n| b || c\n|-\n| d || d\n|}\n| e\n|}", "a b c d d\te"),
    ("{|class=wikitable\n| a\n== H ==\nb", "a\n\nH\n\nb"),
    # markup that does not close
    ("{{a|b\n\nc [[d]] {{e}} f", "a|b\n\nc d f"),
    ("a }} b ]] c", "a b c"),
    ("<!-- a\n\nb", ""),
    ("<math>a", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("wikitext", "text"), CASES)
def test_known_markup(wikitext: str, text: str) -> None:
    found = extracted(wikitext)[0]
    assert " ".join(found.split(" ")).replace("  ", " ") == text.replace("  ", " ")


def test_all_cases_in_one_batch_are_the_cases_alone() -> None:
    texts = [case[0] for case in CASES]
    assert extracted(*texts) == [extracted(text)[0] for text in texts]


def test_tables_can_be_left_out() -> None:
    assert extracted("a\n{|\n| b\n{|\n|c\n|}\n|}\nd", tables=False) == ["a\n\nd"]


def test_the_wikis_own_names_for_pictures() -> None:
    assert extracted("[[Foo:a.jpg|b]] [[BAR:c]]d", media=("Foo", "Bar")) == ["d"]
    assert extracted("[[Foo:a.jpg|b]] [[BAR:c]]d") == ["b BAR:cd"]


def test_entities_are_html_s_own() -> None:
    for name in name2codepoint:
        expected = html5[name + ";"]
        (found,) = extracted(f"a&{name};b")
        shown = {"\xad": "", "\u200e": "", "\u200f": "", "\xa0": " ", "\u2002": " ", "\u2003": " ", "\u2009": " "}
        assert found == f"a{shown.get(expected, expected)}b"


@given(st.text(max_size=12))
def test_the_kernel_hashes_names_as_the_tables_do(name: str) -> None:
    data = np.frombuffer(b"x" + name.encode("utf-8", "replace"), dtype=np.uint8)
    assert int(folded_hash(frozen(data), 1, len(data))) == name_hash(bytes(data[1:]))


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(0, 50))
def test_find_is_a_lookup(values: list[int], wanted: int) -> None:
    table = sorted(set(values))
    expected = table.index(wanted) if wanted in table else -1
    assert find(frozen(np.array(table, dtype=np.uint64)), np.uint64(wanted)) == expected


# Tests build a page from parts whose text is known.
_WORDS = st.text(alphabet="abcdefgh éß漢字", min_size=1, max_size=12).map(lambda text: " ".join(text.split()) or "w")
_INLINE = st.recursive(
    _WORDS.map(lambda word: (word, word)),
    lambda inner: st.one_of(
        inner.map(lambda part: (f"''{part[0]}''", part[1])),
        inner.map(lambda part: (f"'''{part[0]}'''", part[1])),
        inner.map(lambda part: (f"[[Target|{part[0]}]]", part[1])),
        inner.map(lambda part: (f"[http://x.yz {part[0]}]", part[1])),
        inner.map(lambda part: (f"{{{{nowrap|{part[0]}}}}}", part[1])),
        inner.map(lambda part: (f"{{{{lang|xx|{part[0]}}}}}", part[1])),
        inner.map(lambda part: (f"<small>{part[0]}</small>", part[1])),
        inner.map(lambda part: (f"{part[0]}<ref>{{{{cite|{part[0]}}}}}</ref>", part[1])),
        inner.map(lambda part: (f"{part[0]}[[File:x.png|thumb|{part[0]}]]", part[1])),
        inner.map(lambda part: (f"{part[0]}<!-- [[{part[1]} -->", part[1])),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda parts: (" ".join(part[0] for part in parts), " ".join(part[1] for part in parts))
        ),
    ),
    max_leaves=8,
).filter(lambda part: "''''" not in part[0] and "[[Target|[" not in part[0] and "[http://x.yz [" not in part[0])
_BLOCK = st.one_of(
    _INLINE,
    _INLINE.map(lambda part: (f"== {part[0]} ==\ntext", f"{part[1]}\n\ntext")),
    st.lists(_INLINE, min_size=1, max_size=3).map(
        lambda parts: ("\n".join(f"* {part[0]}" for part in parts), "\n".join(f"- {part[1]}" for part in parts))
    ),
    st.lists(_INLINE, min_size=1, max_size=3).map(
        lambda parts: (
            "{|class=wikitable\n!h!!i\n|-\n" + "\n|-\n".join(f"| {part[0]} || x" for part in parts) + "\n|}",
            "h\ti\n" + "\n".join(f"{part[1]}\tx" for part in parts),
        )
    ),
    _INLINE.map(lambda part: (f"{{{{Infobox\n| a = {part[0]}\n| b = {{{{c|{part[0]}}}}}\n}}}}", "")),
)


def nested_links(wikitext: str) -> bool:
    """Returns whether a link is inside another link's text. No real page has that, and no rule says what it shows."""
    return any("[http" in wikitext[i : i + 400] and "[[" in wikitext[i : i + 400] for i in range(0, len(wikitext), 400))


@settings(max_examples=150, deadline=None)
@given(st.lists(_BLOCK, max_size=5))
def test_a_page_made_from_known_parts_gives_their_texts(blocks: list[tuple[str, str]]) -> None:
    wikitext = "\n\n".join(block[0] for block in blocks)
    if nested_links(wikitext) or any(wikitext.count(q) % 2 for q in ("'''''",)):
        return
    assert extracted(wikitext) == ["\n\n".join(block[1] for block in blocks if block[1])]


_SIGNS = """
{{ }} {{{ }}} { } [[ ]] [ ] {| |} |- |+ | || ! !! = == === ' '' ''' ''''' < > <ref> </ref> <ref/> <math> </math>
<!-- --> <nowiki> </nowiki> <pre> </pre> <br> <td> <sup> & &amp; &#x; __ __TOC__ * # : ; ---- -{ }- http://
[http://a File: lang nowrap plainlist convert quote 5 km ( ) , a é 漢
"""
_TOKENS = [*_SIGNS.split(), "\x00", "\x01", "\x02", "\x7f"]
_SOUP = st.lists(st.sampled_from([*_TOKENS, "\n", "\n\n", " ", "\t", "\r\n"]), max_size=60).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.lists(_SOUP, min_size=1, max_size=4))
def test_any_soup_of_markup_gives_clean_text_and_rows_do_not_meet(texts: list[str]) -> None:
    found = extracted(*texts)
    assert found == [extracted(text)[0] for text in texts]
    for text, result in zip(texts, found, strict=True):
        assert not any(ord(character) < 32 and character not in "\n\t" for character in result)
        assert len(result.encode()) <= 4 * len(text.encode()) + 64


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_plain_text_is_left_alone(text: str) -> None:
    plain = "".join(c for c in text if c.isalnum() or c in " .,")
    assert extracted(plain)[0].split() == plain.split()


@functools.cache
def hostile() -> dict[str, bytes]:
    n = 150_000
    rng = random.Random(5)
    soup = "".join(rng.choice([*_TOKENS, "\n", " "]) for _ in range(n))
    return {
        "braces": b"{" * n, "closing": b"}" * n, "pairs": b"{{" * n + b"}}" * n, "links": b"[[" * n + b"]]" * n,
        "named": b"{{nowrap|" * n + b"a" + b"}}" * n, "tables": b"{|\n|" * n, "rows": b"{|\n" + b"|-\n| a || b\n" * n,
        "cells": b"{|\n| " + b"|| a " * n, "pipes": b"{{lang" + b"|a" * n + b"}}",
        "equals": b"=" * n + b"\n" + b"=\n" * n,
        "headings": b"== a ==\n" * n, "refs": b"<ref>" * n, "ref ends": b"<ref>a</ref" * n, "maths": b"<math>" * n,
        "mixed tags": b"<math><ref><pre><nowiki>" * n, "comments": b"<!--" * n, "angles": b"<" * n, "tags": b"<b " * n,
        "entities": b"&" * n + b"&#" * n, "quotes": b"'" * n, "runs": b"a''' " * n, "odd quotes": b"a''' ''b " * n,
        "underscores": b"_" * n, "brackets": b"(" * n + b"{{x}}" + b")" * n, "empty": b"({{x}}" * n,
        "marks": b"{{x}} , " * n,
        "addresses": b"[http://" * n, "schemes": b"[" * n + b"a:" * n,
        "variants": b"-{" * n + b"}-" * n, "rules": b"-{zh-cn:" + b"a;" * n + b"}-", "flags": b"-{A|" * n,
        "spans": b"{|class=wikitable\n" + b"|-\n|colspan=64 rowspan=64|a||b\n" * n, "row tags": b"<table><tr><td>" * n,
        "table tags": b"<table><tr><td>a</table>" * n, "cell lists": b"{|class=wikitable\n|\n" + b"#\n* a\n" * n,
        "code": b" a  b\n \n" * n, "codes": b"<code>" * n + b"a  b</code>" * n, "poems": b"<poem>\n a" * n,
        "letters": b"[[#a|A]]" * n, "letter lines": b"[[a]][[b]][[c]][[d]][[e]]f g\n" * n,
        "broken": b"{|\n|a\n==b==\n" * n,
        "links away": b"== a ==\n[http://a b]\n" * n, "stray": b"|}\n|-\n" * n,
        "lists": b"*" * n + b"\n" + b"#\n" * n + b"#*" * n,
        "item": b"* {{x}}\n" * n, "parameters": b"{{{a|" * n, "quoted": b"{{quote|" * 500 + b"x" * n + b"}}" * 500,
        "joined": b"{{hlist|a|" * 500 + b"|b" * n + b"}}" * 500, "soup": soup.encode(),
    }  # fmt: skip


@pytest.mark.parametrize("name", hostile())
def test_hostile_pages_take_time_in_proportion(name: str) -> None:
    began = time.process_time()
    (found,) = extracted(hostile()[name])
    assert time.process_time() - began < 20  # quadratic time would be hours
    assert len(found.encode()) <= 4 * len(hostile()[name]) + 64


@pytest.mark.slow
def test_a_long_walk_through_soup() -> None:
    rng = random.Random(int(time.time()))
    pieces = [*_TOKENS, "\n", "\n\n", " ", "{{Infobox\n| a = b\n}}", "text and words", "[[a|b]]", "{|\n|-\n|", "\n|}\n"]
    for _ in range(300):
        texts = ["".join(rng.choice(pieces) for _ in range(rng.randrange(400))) for _ in range(50)]
        found = extracted(*texts)
        at = rng.randrange(50)
        assert found[at] == extracted(texts[at])[0], texts[at]
        coded = [bytearray(text.encode()) for text in texts]
        for code in coded:
            if code:
                code[rng.randrange(len(code))] = rng.randrange(256)
        data = frozen(np.frombuffer(b"".join(coded), dtype=np.uint8))
        offsets = frozen(np.cumsum([0, *map(len, coded)], dtype=np.int64))
        out, ends = wikitext_to_text(data, offsets, frozen(np.zeros((50, 2), dtype=np.uint64)), tables=True)
        assert len(out) == ends[-1] and (np.diff(ends) >= 0).all()


def test_marks_are_tidied() -> None:
    mark = chr(MARK)
    cases = {
        f"a {mark} b": "a b", f"a{mark} b": "a b", f"a {mark}, b": "a, b", f"a ({mark}) b": "a b",
        f"({mark}; b)": "(b)",
        "a.  B": "a. B", "a  b   c  ": "a b c ", "  a\n  b": "  a\n  b",
        f"(b; {mark})": "(b)", f"{mark}\nb": "b", f"a\n{mark} \nb": "a\nb", "f() ( a )": "f() ( a )", f"{mark}, a": "a",
    }  # fmt: skip
    coded = [case.encode() for case in cases]
    out = np.frombuffer(b"".join(coded), dtype=np.uint8).copy()
    ends = np.zeros(len(cases) + 1, dtype=np.int64)
    tidy_marks(out, frozen(np.cumsum([0, *map(len, coded)], dtype=np.int64)), ends)
    assert [bytes(out[ends[i] : ends[i + 1]]).decode() for i in range(len(cases))] == list(cases.values())


def test_a_heading_over_nothing_but_lost_items_goes() -> None:
    assert extracted("a\n== b ==\n* {{EB1911|wstitle=x}}\n\n== c ==\n* {{Official website|y}}\n")[0].strip() == "a"
    assert extracted("== b ==\n# {{EB1911|x}}\n# d\n")[0].strip().startswith("b\n")


def test_lines_of_a_cell_stay_apart_where_something_went_at_their_end() -> None:
    assert extracted("{|class=wikitable\n| a{{citation needed}}\n\nb\n| c\n|}")[0].strip() == "a b\tc"


def test_the_tables_are_sorted_and_apart() -> None:
    found = names()
    for table in (found.tags, found.entities, found.magic, found.media, found.languages, found.words):
        assert (np.diff(table.astype(object)) > 0).all()
    for low, high in pairwise(found.starts):
        assert (np.diff(found.templates[low:high].astype(object)) > 0).all()
    assert len(found.tags) < 256 and html.unescape("&amp;") == "&"
