"""Docstrings, comments, messages and docs use none of the phrases that readers have to decode."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LATER = ("tokenmill/train", "tokenmill/text/html", "tokenmill/text/toxicity", "tokenmill/text/pii")
"""Folders that are still to be rewritten."""
CODE = ("tokenmill", "bench", "tests", "deploy")
TEXTS = ("*.md", "docs/*.md", "configs/*.yaml", "deploy/**/*.yaml", "deploy/**/*.md")

_WHOLES = "document|shard|file|task|stage|run|page|second|node|core|process|machine|line|batch|host|text|word"
_UNITS = r"bytes?|times|files?|rows?|tasks?|m?s|seconds?|[kMGT]i?B|µs|ns|tokens|nats|bits"
_RATE = rf"(\d ({_UNITS})|\b(many|few|some) ({_UNITS})|\b(once|one)) an? "
FORBIDDEN = {
    "depends on": (r"\b(hang|hangs|hung|hanging) on\b", "The result hangs on the batch."),
    "says, reports, states": (r"\b(it|that) is said\b|\b(is|are|was|were) told\b", "It is told of the shards."),
    "is not a": (r"(?<!there )(?<!if )\b(is|are) none\b(?! of)", "None if it is none."),
    "again": (r"\banew\b", "The stage is run anew."),
    "fix": (r"\bmend(s|ed|ing)?\b", "The next run mends the file."),
    "continues": (r"\b(go|goes|went|going) on\b", "The next run goes on from there."),
    "recorded": (r"\b(is|are|was|were|stays?) on record\b", "The result stays on record."),
    "in addition to, also": (r"\bbesides\b", "Columns that it reads besides the text."),
    "per": (_RATE + rf"({_WHOLES})\b", "About 4 bytes a document."),
    "Returns, or a noun": (r"^(What|One that|Those|Whatever) [a-z]+ [a-z]+", "What the step adds."),
    "a noun with an article": (r"^What [a-z]+s?\.", "What repeats."),
    "so that it does not, at most, of it": (
        r"\blest\b|\bof its own account\b|\bwhatsoever\b|\bthereof\b",
        "Locked, lest it changes.",
    ),
    "treated as": (r"\btaken for\b", "The file is taken for a table."),
    "that many, too many": (r"\bso many\b", "It keeps so many of them."),
    "like it": (r"\bits like\b", "This file and its like."),
    "leave it out": (r"\bat that[.;:]", "A small file at that."),
    "no longer": (
        r"(?<!there )\b(is|are|was|were) no more\b(?! than)|\bno more(?=[.,;:)])",
        "A stage that is no more in the recipe.",
    ),
}
"""{what to write instead: (a pattern, a text that it finds)}. `^` is the start of a line."""


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yields (number of the first line, text). Each line of the text is stripped.

    A text is a docstring, a block of comments or another string of Python, or the whole of another file. Of tests, only
    docstrings and comments are prose.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield 1, _stripped(text, "#! " if path.suffix == ".yaml" else " ")
        return
    tree = ast.parse(text)
    if path.is_relative_to(ROOT / "tests"):
        nodes = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    else:
        examples = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in ("EXAMPLES", "DEFAULTS")
            for part in ast.walk(node)
        }
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr) and id(node) not in examples]
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, _stripped(node.value, " ")
    yield from _comments(text)


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yields (number of the first line, text) of the comments. Comments in successive lines are one text."""
    blocks: list[list[tuple[int, str]]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            if not blocks or blocks[-1][-1][0] != line - 1:
                blocks.append([])
            blocks[-1].append((line, _stripped(token.string, "#! ")))
    yield from ((block[0][0], "\n".join(line for _, line in block)) for block in blocks)


def _stripped(text: str, marks: str) -> str:
    return "\n".join(line.strip().lstrip(marks) for line in text.splitlines())


def files() -> list[Path]:
    code = [path for folder in CODE for path in (ROOT / folder).rglob("*.py")]
    texts = [path for pattern in TEXTS for path in ROOT.glob(pattern)]
    found = [path for path in [*code, *texts] if not str(path.relative_to(ROOT)).startswith(LATER)]
    return sorted(set(found) - {Path(__file__)})


@cache
def all_prose() -> list[tuple[Path, int, str]]:
    """[(file, number of the first line, text), ...] of all files."""
    return [(path, number, text) for path in files() for number, text in prose(path)]


def search(better: str, text: str) -> Iterator[tuple[int, str]]:
    """Yields (number of line ends before it, the match) of each forbidden phrase. A phrase may go over a line end."""
    pattern = re.compile(FORBIDDEN[better][0].replace(" ", r"\s"), re.MULTILINE)
    for found in pattern.finditer(text):
        yield text.count("\n", 0, found.start()), found[0]


@pytest.mark.parametrize("better", FORBIDDEN)
def test_no_forbidden_phrase_is_used(better: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number + more}: {phrase!r}"
        for path, number, text in all_prose()
        for more, phrase in search(better, text)
    ]
    assert not found, f"write {better!r}:\n" + "\n".join(found)


@pytest.mark.parametrize("better", FORBIDDEN)
def test_patterns_find_their_phrase(better: str) -> None:
    example = FORBIDDEN[better][1]
    assert list(search(better, example))
    [(line, _), *_] = search(better, "A line.\n" + example.replace(" ", "\n"))
    assert line >= 1


def test_prose_is_read_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""One.\n\n    Two\n    lines."""\nX = "text"  # says\n# more\n\n# Other.\n')
    assert list(prose(tmp_path / "a.py")) == [(1, "One.\n\nTwo\nlines."), (5, "text"), (5, "says\nmore"), (8, "Other.")]
