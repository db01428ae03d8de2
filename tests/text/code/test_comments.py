"""Comments in source code are compared with a slow scan over strings by the same table, and with known values."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.code.comment_syntax import (
    AT_LINE,
    AT_WORD,
    COMMENT,
    COMMENTS,
    ESCAPES,
    FREE,
    LONGEST,
    MOST_MARKS,
    NESTS,
    TO_LINE_END,
    Mark,
)
from tokenmill.text.code.comments import comment_chars
from tokenmill.text.code.languages import known_languages
from tokenmill.text.words.segment import text_buffer

LANGUAGES = sorted(COMMENTS)


def measured(*documents: tuple[str, str]) -> list[int]:
    """Returns the number of comment characters of each (language, text)."""
    texts = pa.array([text for _, text in documents], type=pa.large_string())
    numbers = np.array([list(COMMENTS).index(language) for language, _ in documents], dtype=np.int64)
    counts: list[int] = comment_chars(*text_buffer(pa.record_batch({"text": texts})), numbers).tolist()
    return counts


def slow_chars(language: str, text: str) -> int:
    chars = at = 0
    marks = sorted(COMMENTS[language], key=lambda mark: -len(mark.opens))
    while at < len(text):
        mark = next((mark for mark in marks if text.startswith(mark.opens, at) and may_stand(mark, text[:at])), None)
        end = slow_end(mark, text, at) if mark else at + 1
        if mark and mark.flags & COMMENT:
            chars += end - at
        at = end
    return chars


def may_stand(mark: Mark, before: str) -> bool:
    last = before[-1:] or "\n"
    if mark.flags & AT_WORD:
        return last <= " " or last in ";&|(){}[],"
    if mark.flags & FREE:
        return not (last.isascii() and (last.isalnum() or last in "_.)]}'\"")) and last.isascii()
    if mark.flags & AT_LINE:
        return (before.rstrip(" \t")[-1:] or "\n") in "\r\n"
    return True


def slow_end(mark: Mark, text: str, at: int) -> int:
    at += len(mark.opens)
    depth = 1
    while at < len(text) and (mark.closes or mark.flags & TO_LINE_END):
        if mark.flags & TO_LINE_END and text[at] in "\r\n":
            return at
        if mark.flags & ESCAPES and text[at] == "\\":
            at += 2
        elif mark.closes and text.startswith(mark.closes, at):
            at += len(mark.closes)
            depth -= 1
            if not depth:
                return at
        elif mark.flags & NESTS and text.startswith(mark.opens, at):
            at += len(mark.opens)
            depth += 1
        else:
            at += 1
    return min(at, len(text))


OTHERS = ["a", " ", "\t", "\n", "\r\n", "\r", "\\", "é", "字", ";", "(", ".", "\0", "1"]


@st.composite
def documents(draw: Any) -> tuple[str, str]:
    language = draw(st.sampled_from(LANGUAGES))
    marks = [text for mark in COMMENTS[language] for text in (mark.opens, mark.closes) if text]
    return language, "".join(draw(st.lists(st.sampled_from(marks + OTHERS), max_size=30)))


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(documents(), st.tuples(st.sampled_from(LANGUAGES), st.text())), max_size=4))
@example([("C", ""), ("C", "/*"), ("C", "/"), ("C", '"\\'), ("Python", '"""a'), ("Python", "#"), ("Rust", "/*/**/")])
def test_comments_are_those_of_the_slow_scan(documents: list[tuple[str, str]]) -> None:
    assert measured(*documents) == [slow_chars(language, text) for language, text in documents]


@pytest.mark.parametrize(
    ("language", "text", "comments"),
    [
        ("C", 'int a; // one "\nchar *b = "// none /*"; /* two\n * "three" */ int c;',
         ['// one "', '/* two\n * "three" */']),
        ("C", "a = '\"'; // yes\r\nb // no end", ["// yes", "// no end"]),
        ("C", 'x = "no end // none\ny; // yes', ["// yes"]),
        ("C", "/* no end\n'\"// \n", ["/* no end\n'\"// \n"]),
        ("JavaScript", "`a\n// none\n`; // é", ["// é"]),
        ("Python", '"""Docs # here."""\nx = """# none\n"""  # yes\n    r\'\'\'Docs\'\'\'\n',
         ['"""Docs # here."""', "# yes", "r'''Docs'''"]),
        ("Python", "'it\\'s # none' # yes", ["# yes"]),
        ("Rust", "fn a<'b>(c: &'b str) {} // yes\n'\"' /* a /* b */ c */ d", ["// yes", "/* a /* b */ c */"]),
        ("Shell", "#!/bin/sh\necho $# ${a#b} '# none' # yes", ["#!/bin/sh", "# yes"]),
        ("Haskell", "f' x = {- a {- b -} -} '\"' -- yes", ["{- a {- b -} -}", "-- yes"]),
        ("SQL", "select 'it''s -- none' -- yes\n", ["-- yes"]),
        ("Lua", "--[[ a\nb ]] x = [[ -- none ]] -- yes", ["--[[ a\nb ]]", "-- yes"]),
        ("Ruby", "=begin\na\n=end\nx = \"#{y} # none\" # yes", ["=begin\na\n=end", "# yes"]),
        ("Perl", "print $#a; # yes\n\n=head1 A\n\nb\n\n=cut\nx", ["# yes", "=head1 A\n\nb\n\n=cut"]),
        ("MATLAB", "a = b'; c = '% none'; % yes\n%{\nd\n%}", ["% yes", "%{\nd\n%}"]),
        ("TeX", "50\\% of it % yes\n", ["% yes"]),
        ("HTML", "<p>a<!-- b\n --> c", ["<!-- b\n -->"]),
        ("Verilog", "a = 8'hFF; // yes", ["// yes"]),
        ("Vim Script", '" yes\nlet a = "none"', ['" yes']),
        ("Go", "a := `\\` // yes", ["// yes"]),
        ("F#", "let (*) a = a (* yes *)", ["(* yes *)"]),
    ],
)  # fmt: skip
def test_comments_are_found_in_code_as_people_write_it(language: str, text: str, comments: list[str]) -> None:
    assert measured((language, text)) == [sum(map(len, comments))]


def test_the_table_holds_languages_by_their_names_and_marks_that_fit() -> None:
    assert set(COMMENTS) <= known_languages()
    marks = [mark for marks in COMMENTS.values() for mark in marks]
    assert max(len(text.encode()) for mark in marks for text in (mark.opens, mark.closes)) <= LONGEST
    assert all(0 < len(marks) <= MOST_MARKS for marks in COMMENTS.values())


@pytest.mark.parametrize("part", ["/*", "'", '"', "\\", "//", "*/", " ", "#", "    =", "(*", "=head\n"])
@pytest.mark.parametrize("language", ["C", "Python", "Rust", "Perl", "OCaml", "Shell"])
def test_cost_grows_with_the_text_alone(language: str, part: str) -> None:
    """The text has half a megabyte, for which quadratic time would be hours."""
    text = part * (500_000 // len(part))
    assert 0 <= measured((language, text))[0] <= len(text)
