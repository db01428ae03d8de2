"""Source files in several languages, put together from small functions with made-up names."""

import random
import re
from dataclasses import dataclass

from tokenmill.mini import code_snippets
from tokenmill.mini.grammar import choices
from tokenmill.mini.prose import voice

NOUNS = choices(
    """account|batch|buffer|cache|channel|color|cursor|device|event|field|filter|frame|graph|handler|index|invoice|job|key
    layer|ledger|matrix|message|node|offset|order|packet|page|parser|path|pixel|queue|record|region|report|route|sample
    segment|session|shape|signal|slot|stack|stream|table|task|ticket|token|user|vector|window"""
)
VERBS = choices(
    """add|build|check|clear|collect|count|decode|drop|encode|fetch|find|flush|group|join|load|map|merge|normalize|pack
    parse|read|reset|resolve|scale|scan|send|sort|split|store|update|validate|write"""
)


@dataclass(frozen=True)
class Language:
    """How a file in a programming language is laid out: comment begins a line, camel is for names in camel case."""

    name: str
    extension: str
    comment: str
    snippets: str
    camel: bool = False
    tail: str = ""


LANGUAGES = {
    language.name: language
    for language in (
        Language("Python", "py", "# ", code_snippets.PYTHON),
        Language("JavaScript", "js", "// ", code_snippets.JAVASCRIPT, camel=True),
        Language("Go", "go", "// ", code_snippets.GO, camel=True),
        Language("C", "c", " * ", code_snippets.C),
        Language("Rust", "rs", "// ", code_snippets.RUST),
        Language("Java", "java", " * ", code_snippets.JAVA, camel=True, tail="}\n"),
        Language("Shell", "sh", "# ", code_snippets.SHELL),
        Language("SQL", "sql", "-- ", code_snippets.SQL),
    )
}


def source_file(language: str, rng: random.Random, *, num_functions: int, notice: str = "") -> str:
    """A file of num_functions pieces; notice goes on top as a comment."""
    layout = LANGUAGES[language]
    head, *functions = layout.snippets.strip("\n").split("\n----\n")
    pieces = [head, *(rng.choice(functions) for _ in range(num_functions))]
    body = "\n\n".join(_fill(piece, rng, camel=layout.camel) for piece in pieces) + "\n" + layout.tail
    return _comment(notice, layout.comment) + body if notice else body


def identifier(rng: random.Random) -> str:
    """A verb and a noun, in snake case."""
    return f"{rng.choice(VERBS)}_{rng.choice(NOUNS)}"


def _fill(piece: str, rng: random.Random, *, camel: bool) -> str:
    nouns = rng.sample(NOUNS, 3)
    snake = identifier(rng)
    pascal = "".join(part.capitalize() for part in snake.split("_"))
    words = {
        "fn": pascal[0].lower() + pascal[1:] if camel else snake,
        "Fn": pascal,
        **dict(zip("abc", nouns, strict=True)),
        **{letter: noun.capitalize() for letter, noun in zip("ABC", nouns, strict=True)},
        "n": str(rng.randint(2, 4096)),
        "note": voice("en", "technology").sentence(rng),
    }
    return re.sub(r"@(\w+)@", lambda match: words[match[1]], piece)


def _comment(notice: str, prefix: str) -> str:
    lines = [f"{prefix}{line}".rstrip() for line in notice.splitlines()]
    if prefix == " * ":
        lines = ["/*", *lines, " */"]
    return "\n".join(lines) + "\n\n"
