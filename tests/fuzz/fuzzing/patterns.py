"""Targets: code that finds things in texts with regular expressions and libraries, and small decoders."""

import json
from typing import Any

import pyarrow as pa
from fuzzing.harness import Target
from fuzzing.kernels import Rows, text_target
from fuzzing.twins import test_module

from tokenmill.core.columns import documents
from tokenmill.stages.code.notebooks import NotANotebook, converted
from tokenmill.stages.reading.dates import timestamps
from tokenmill.stages.scrubbing.scrub_pii import SIGNALS, ScrubPii
from tokenmill.stages.wiki.wiki_disambiguation import disambiguation_sign
from tokenmill.stages.wiki.wiki_redirect import redirect_target
from tokenmill.text.code.imports import imports
from tokenmill.text.code.spdx import normalized
from tokenmill.text.url.urls import address_keys, normal_urls

_SLOW_CHARS = 2000  # characters of a row for tests that go through it character by character
_SEPARATOR = b"\x1e"


def _scrubbed(rows: Rows) -> list[tuple[str, int]]:
    """Returns (text, number of replacements) of each row."""
    found = ScrubPii(obfuscated=True)(documents({"id": [str(row) for row in range(len(rows))], "text": rows}))
    counts = zip(*(found.column(signal).to_pylist() for signal in SIGNALS.values()), strict=True)
    return list(zip(found.column("text").to_pylist(), map(sum, counts), strict=True))


def _sound_scrub(text: str, found: tuple[str, int]) -> bool:
    """Checks that there is one tag for each replacement."""
    scrubbed, count = found
    tags = [f"<{kind}>" for kind in SIGNALS]
    return sum(scrubbed.count(tag) - text.count(tag) for tag in tags) == count and (count > 0 or scrubbed == text)


def _normal(rows: Rows) -> list[tuple[str, str]]:
    column = pa.array(rows, type=pa.string())
    return list(zip(normal_urls(column).to_pylist(), address_keys(column).to_pylist(), strict=True))


def _dates(rows: Rows) -> list[Any]:
    return timestamps(rows).to_pylist()


def _wiki_signs(rows: Rows) -> list[tuple[str, str]]:
    return [(redirect_target(row), disambiguation_sign(row)) for row in rows]


def _imported(rows: Rows) -> list[Any]:
    """Returns what a source file imports. The row chooses the language."""
    known = list(test_module("stages/code/test_dependencies.py").KNOWN)
    return [list(imports(row, "a/b/c.x", known[sum(map(ord, row[:3])) % len(known)])) for row in rows]


def _sound_imports(text: str, found: list[tuple[str, ...]]) -> bool:
    return len(found) <= len(text) and all(isinstance(path, str) for paths in found for path in paths)


def _references(rows: Rows) -> list[str]:
    decoded = test_module("text/html/test_entities.py").decoded
    return [decoded(row[:_SLOW_CHARS]) for row in rows]


def check_utf8(data: bytes) -> int:
    """Checks that bytes are judged as Python's decoder judges them, each row by itself."""
    twin, rows = test_module("text/kernel/test_utf8.py"), data.split(_SEPARATOR)[:8]
    assert twin.counted(rows) == [twin.plain(row) for row in rows]
    return len(rows)


def _rows_of_bytes() -> dict[str, bytes]:
    odd = test_module("text/kernel/test_utf8.py").ODD
    return {"odd": _SEPARATOR.join(odd), "joined": b"".join(odd), "text": "aé漢🥲\x1e".encode() * 30}


def check_notebook(data: bytes) -> int:
    """Checks that any input gives a text and the name of a language."""
    for kind in ("markdown", "script"):
        text, language = converted(data.decode("utf-8", "replace"), kind)
        assert isinstance(text, str) and isinstance(language, str)
    return 1


def _notebooks() -> dict[str, bytes]:
    cells = test_module("stages/code/test_notebooks.py").CELLS
    kernel = {"kernelspec": {"language": "python"}, "language_info": {"name": "R"}}
    sheet = [{"cells": [{"cell_type": "code", "input": "x", "language": "python"}]}]
    return {
        "version 4": json.dumps({"nbformat": 4, "metadata": kernel, "cells": cells}).encode(),
        "version 3": json.dumps({"nbformat": 3, "metadata": {}, "worksheets": sheet}).encode(),
    }


def _targets() -> tuple[Target, ...]:
    urls = [
        "http://",
        "a.org",
        "/",
        "?",
        "&",
        "=",
        "#",
        "%",
        "%61",
        ":80",
        "@",
        "[::1]",
        "é",
        " ",
        "utm_source=x",
        "0x7f",
    ]
    dates = ["2024", "-01-02", "T", " ", "03:04:05", "Z", ".123456789", "+01:00", "0000", "-", "9999999999", "²", "\0"]
    signs = [
        "#REDIRECT",
        " ",
        ":",
        "[[",
        "]]",
        "|",
        "{{",
        "}}",
        "disambig",
        "__DISAMBIG__",
        "\n",
        "#перенаправление",
        "A",
    ]
    references = ["&", "#", "#x", ";", "amp", "lt", "9", "F", "notin", "&CounterClockwiseContourIntegral;", "é", "\0"]
    licences = ["MIT", "(", ")", " AND ", " OR ", " WITH ", "+", "GPL-2.0", "Apache License, Version 2.0", "-", "§"]
    pieces = test_module("stages/code/test_dependencies.py").PIECES
    about = test_module("text/pii/test_scan.py").PIECES
    people = [
        "Tel. +49 30 901820",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "a [at] b dot org",
        "10.1.2.3",
    ]
    return (
        text_target("pii_scrub", _scrubbed, None, pieces=[*about, *people], sound=_sound_scrub),
        text_target("url_forms", _normal, None, pieces=urls),
        text_target("dates", _dates, None, pieces=dates),
        text_target("wiki_signs", _wiki_signs, None, pieces=signs),
        text_target("code_imports", _imported, None, pieces=pieces, sound=_sound_imports),
        text_target(
            "html_references", _references, lambda text: test_module("text/html/test_entities.py").plain(text),
            pieces=references,
        ),
        text_target(
            "licence_expressions", lambda rows: [normalized(row) for row in rows], None, pieces=licences,
            sound=lambda text, found: found is None or normalized(found) == found, brackets=((b"(", b")"),),
        ),
        Target("utf8", _rows_of_bytes, check_utf8, tokens=[*test_module("text/kernel/test_utf8.py").ODD, _SEPARATOR]),
        Target(
            "notebook", _notebooks, check_notebook, refusals=(NotANotebook,), most_refused=0.9,
            tokens=(b'"cells": 1', b"null", b"{}", b"\\ud800"), brackets=((b"[", b"]"), (b'{"a":', b"}")),
        ),
    )  # fmt: skip


TARGETS = _targets()
