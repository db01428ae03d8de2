"""Targets: kernels over HTML and wikitext."""

from typing import Any

from fuzzing.harness import Target
from fuzzing.kernels import Kernel, Rows, text_target
from fuzzing.twins import test_module
from fuzzing.web import PAGE
from fuzzing.wiki import WIKITEXT

from tokenmill.text.html.page import MOST_BLOCKS
from tokenmill.text.html.trial import read_page

_TAGS = (
    "<p>", "</p>", "<div class=menu>", "</div>", "<a href='x'>", "</a>", "<h1>", "<li>", "</ul>", "<table>", "<td>",
    "<pre>", "<script>", "</script>", "<!--", "-->", "<select>", "<option>", "<br/>", "&amp;", "&#", "&#8217;",
    "&nbsp;", "<", ">", "'", '"', "=", "text ", "é", "\n", "<style>", "<P title='>'>", "<![CDATA[", "\0", "<nav>",
    "<article>",
)  # fmt: skip
_TAG_PAIRS = (
    (b"<div>", b"</div>"), (b"<b>", b"</b>"), (b"<table><tr><td>", b"</table>"), (b"<select>", b""), (b"<!--", b""),
)  # fmt: skip
_WIKI_PAIRS = (
    (b"{{", b"}}"), (b"[[", b"]]"), (b"{|\n|", b"|}"), (b"<ref>", b"</ref>"), (b"{{lang|a|", b"}}"), (b"'''", b""),
)  # fmt: skip
_PAST_PAGES = {
    "open-tags": "<div>" * 20_000 + "x",
    "cells": "<table><tr><td>" * 5_000 + "x",
    "quote-without-end": "<a href='" * 5_000,
    "number-of-3000-digits": "&#" + "9" * 3_000,
    "items-closed": "<li>x</ul>" * 5_000,
    "page": PAGE.decode(),
}
_PAST_WIKITEXT = {
    "page": WIKITEXT,
    "templates-named": "{{nowrap|" * 5_000 + "a" + "}}" * 5_000,
    "rows": "{|\n" + "|-\n| a || b\n" * 3_000,
    "odd-quotes": "a''' ''b " * 3_000,
    "mixed-tags": "<math><ref><pre><nowiki>" * 2_000,
    "quoted-in-quotes": "{{quote|" * 500 + "x" * 3000 + "}}" * 500,
}


def _html_blocks(rows: Rows) -> list[Any]:
    return [(read.texts, read.rows.tolist()) for read in (read_page(row.encode()) for row in rows)]


def _sound_blocks(text: str, found: Any) -> bool:
    texts, features = found
    kept = "<pre" in text.lower()  # spaces inside <pre> are kept
    clean = all(one.strip() and (kept or one == one.strip(" ")) and "\0" not in one for one in texts)
    return clean and len(texts) == len(features) <= MOST_BLOCKS


def _body_twin(text: str) -> str:
    """Returns the words of all blocks, with the signs of formulas instead of their marks."""
    return " ".join(" ".join(read_page(text.encode()).texts).split()).translate({1: "$", 2: "$", 3: "$$", 4: "$$"})


def _body(rows: Rows) -> list[str]:
    """Returns the texts of whole pages without their layout."""
    found = test_module("text/html/test_main_text.py").extracted(rows, scope="body", list_bullets=False)
    return [" ".join(text.split()) for text in found]


def _main_text(rows: Rows) -> list[tuple[str, str]]:
    """Returns the main texts as plain text and as Markdown."""
    extracted = test_module("text/html/test_main_text.py").extracted
    return list(zip(extracted(rows), extracted(rows, format="markdown"), strict=True))


def _sound_main_text(text: str, found: tuple[str, str]) -> bool:
    clean = not any(ord(character) < 32 and character not in "\n\t" for form in found for character in form)
    return clean and max(map(len, found)) <= 60 * len(text) + 64


def _wikitext(rows: Rows) -> list[str]:
    found: list[str] = test_module("text/wikitext/test_wikitext.py").extracted(*rows)
    return found


def _sound_wikitext(text: str, found: str) -> bool:
    clean = not any(ord(character) < 32 and character not in "\n\t" for character in found)
    return clean and len(found.encode()) <= 4 * len(text.encode()) + 64


def _shape(rows: Rows) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = test_module("text/measure/test_html_shape.py").shape(*rows)
    return found


def _visible(rows: Rows) -> list[int]:
    found: list[int] = test_module("text/measure/test_html_visible.py").measured(*rows)
    return found


_WIKI_TOKENS = (*test_module("text/wikitext/test_wikitext.py")._TOKENS, "\n", "\n\n", " ", "\t", "\r\n")


def _html_target(name: str, kernel: Kernel, twin: Any = None, **settings: Any) -> Target:
    return text_target(name, kernel, twin, pieces=_TAGS, brackets=_TAG_PAIRS, past=_PAST_PAGES, **settings)


TARGETS = (
    _html_target("html_blocks", _html_blocks, sound=_sound_blocks),
    _html_target("html_body", _body, _body_twin),
    _html_target("html_main_text", _main_text, sound=_sound_main_text),
    _html_target("html_shape", _shape, sound=lambda text, found: min(found) >= 0),
    _html_target("html_visible", _visible, sound=lambda text, found: 0 <= found <= len(text)),
    text_target(
        "wikitext", _wikitext, None, pieces=_WIKI_TOKENS, brackets=_WIKI_PAIRS, past=_PAST_WIKITEXT,
        sound=_sound_wikitext,
    ),
)  # fmt: skip
