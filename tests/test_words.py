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

_WHOLES = "document|shard|file|task|stage|run|page|second|node|core|process|machine|line|batch|host|text|word"
_UNITS = r"bytes?|times|files?|rows?|tasks?|m?s|seconds?|[kMGT]i?B|µs|ns|tokens|nats|bits"
_RATE = rf"(\d ({_UNITS})|\b(many|few|some) ({_UNITS})|\b(once|one)) an? "
FORBIDDEN = {
    "depends on": r"\b(hang|hangs|hung|hanging) on\b",
    "says, reports, states": r"\b(it|that) is said\b|\b(is|are|was|were) told\b",
    "is not a": r"(?<!there )(?<!if )\b(is|are) none\b(?! of)",
    "again": r"\banew\b",
    "fix": r"\bmend(s|ed|ing)?\b",
    "continues": r"\b(go|goes|went|going) on\b",
    "recorded": r"\b(is|are|was|were|stays?) on record\b",
    "in addition to, also": r"\bbesides\b",
    "per": _RATE + rf"({_WHOLES})\b",
    "Returns, or a noun": r"^(What|One that|Those|Whatever) [a-z]+ [a-z]+",
    "no longer, at most": r"\blest\b|\bof its own account\b|\bwhatsoever\b|\bthereof\b",
}
"""{what to write instead: a pattern}."""


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """(line number, a line of prose): docstrings, comments and messages of Python, every line of other files."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    tree = ast.parse(text)
    examples = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in ("EXAMPLES", "DEFAULTS")
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in examples:
            yield from ((node.lineno + number, line.strip()) for number, line in enumerate(node.value.splitlines()))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#! ")


def files() -> list[Path]:
    code = [path for folder in ("tokenmill", "bench") for path in sorted((ROOT / folder).rglob("*.py"))]
    texts = [
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "configs").glob("*.yaml")),
    ]
    return [path for path in [*code, *texts] if not str(path.relative_to(ROOT)).startswith(LATER)]


@cache
def all_prose() -> list[tuple[str, str]]:
    """(place, a line of prose) of all files."""
    return [(f"{path.relative_to(ROOT)}:{number}", line) for path in files() for number, line in prose(path)]


@pytest.mark.parametrize("better", FORBIDDEN)
def test_no_forbidden_phrase_is_used(better: str) -> None:
    pattern = re.compile(FORBIDDEN[better])
    found = [f"{place}: {line}" for place, line in all_prose() if pattern.search(line)]
    assert not found, f"write {better!r}:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("better", "line"),
    [
        ("depends on", "The result hangs on the batch."),
        ("says, reports, states", "It is told of the shards."),
        ("is not a", "None if it is none."),
        ("per", "About 4 bytes a document."),
        ("Returns, or a noun", "What the step adds."),
    ],
)
def test_patterns_find_their_phrase(better: str, line: str) -> None:
    assert re.search(FORBIDDEN[better], line)
