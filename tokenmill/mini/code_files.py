"""Writes source files in several languages from small functions with made-up names.

The functions of a language are in data/code/LANGUAGE.txt. The first part is the head of a file; a line of four dashes
separates the parts. @word@ is a placeholder: @fn@ and @Fn@ for a function's name, @a@ @b@ @c@ for nouns, @A@ @B@ @C@
for the same nouns with a capital, @n@ for a number, @note@ for a sentence.
"""

import random
import re
from dataclasses import dataclass
from functools import cache

from tokenmill.mini.data_files import read_slots, read_text
from tokenmill.mini.prose import voice

WORDS = read_slots("words.txt")["code"]
NOUNS, VERBS = WORDS["noun"], WORDS["verb"]


@dataclass(frozen=True)
class Language:
    """The layout of files in a programming language.

    Attributes:
        comment: start of a comment line.
        camel: True if names are in camel case, False for snake case.
        tail: end of a file.
    """

    name: str
    extension: str
    comment: str
    camel: bool = False
    tail: str = ""


LANGUAGES = {
    language.name: language
    for language in (
        Language("Python", "py", "# "),
        Language("JavaScript", "js", "// ", camel=True),
        Language("Go", "go", "// ", camel=True),
        Language("C", "c", " * "),
        Language("Rust", "rs", "// "),
        Language("Java", "java", " * ", camel=True, tail="}\n"),
        Language("Shell", "sh", "# "),
        Language("SQL", "sql", "-- "),
    )
}


def source_file(language: str, rng: random.Random, *, num_functions: int, notice: str = "") -> str:
    """Returns a made-up source file of the mini-crawl with num_functions functions.

    The notice is a comment at the top.
    """
    layout = LANGUAGES[language]
    head, *functions = _snippets(language)
    parts = [head, *(rng.choice(functions) for _ in range(num_functions))]
    body = "\n\n".join(_fill(part, rng, camel=layout.camel) for part in parts) + "\n" + layout.tail
    return _comment(notice, layout.comment) + body if notice else body


def identifier(rng: random.Random) -> str:
    """Returns a made-up name for the source code of the mini-crawl: a verb and a noun, in snake case."""
    return f"{rng.choice(VERBS)}_{rng.choice(NOUNS)}"


@cache
def _snippets(language: str) -> list[str]:
    """Returns the head of a file, then the functions."""
    return read_text(f"code/{language.lower()}.txt").strip("\n").split("\n----\n")


def _fill(snippet: str, rng: random.Random, *, camel: bool) -> str:
    nouns = rng.sample(NOUNS, 3)
    snake = identifier(rng)
    pascal = "".join(word.capitalize() for word in snake.split("_"))
    words = {
        "fn": pascal[0].lower() + pascal[1:] if camel else snake,
        "Fn": pascal,
        **dict(zip("abc", nouns, strict=True)),
        **{letter: noun.capitalize() for letter, noun in zip("ABC", nouns, strict=True)},
        "n": str(rng.randint(2, 4096)),
        "note": voice("en", "technology").sentence(rng),
    }
    return re.sub(r"@(\w+)@", lambda match: words[match[1]], snippet)


def _comment(notice: str, prefix: str) -> str:
    lines = [f"{prefix}{line}".rstrip() for line in notice.splitlines()]
    if prefix == " * ":
        lines = ["/*", *lines, " */"]
    return "\n".join(lines) + "\n\n"
