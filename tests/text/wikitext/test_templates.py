"""Inline templates print what they print on their wiki, by language."""

import os
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tokenmill.text.templates.template_files import patterns_of, template_languages, template_lines
from tokenmill.text.templates.template_tables import ANY, OTHER, language_number

Convert = Callable[[list[str], list[str]], tuple[list[str], object]]


def cases() -> dict[str, list[tuple[str, str]]]:
    """Returns {language: pairs of wikitext and text} from the file beside this one; `\\n` is a line feed there."""
    found: dict[str, list[tuple[str, str]]] = {}
    for coded in Path(__file__).with_name("template_cases.txt").read_text("utf-8").splitlines():
        line = coded.replace("\\n", "\n")
        if line.startswith("["):
            pairs = found.setdefault(line[1:-1], [])
        elif line.startswith("= "):
            pairs[-1] = (pairs[-1][0], line[2:])
        else:
            pairs.append((line, ""))
    return found


CASES = cases()


@pytest.mark.parametrize("language", CASES)
def test_a_template_prints_what_it_prints_on_its_wiki(language: str, text_of: Callable[..., str]) -> None:
    for wikitext, text in CASES[language]:
        assert text_of(wikitext, language) == text


def test_the_same_name_has_the_meaning_of_the_page_s_edition(text_of: Callable[..., str]) -> None:
    page = "a {{s|X|e}} b {{convertir|5|km}} d"
    assert text_of(page, "fr") == "a Xe siècle b 5 km d"
    assert text_of(page, "ru") == "a b 5 km d"  # two arguments: not the Russian template
    assert text_of("a {{cita|c|2001}} d", "it") == "a d"
    assert text_of("a {{c.|5}} b", "fr") == "a b"  # short names of one edition mean nothing in another


def test_languages_have_numbers() -> None:
    assert language_number("") == ANY and language_number("mi") == OTHER
    assert language_number("zh-Hant") == language_number("zh") > OTHER
    assert language_number("simple") == language_number("en") == language_number("EN")


def test_every_language_has_months_and_every_line_a_source(text_of: Callable[..., str]) -> None:
    sources = {line.source for lines in template_lines().values() for line in lines}
    assert sources <= {"case", "dump", "fixture", "docs", "CLDR"}
    for language in template_languages():
        assert text_of("{{start date|1903|2|1}}", language) != "1 February 1903" or language == "en"


def test_no_name_is_given_twice() -> None:
    for language in ("shared", *template_languages()):
        names = [name for line in template_lines()[language] for name in line.names]
        assert sorted(names) == sorted(set(names)), language
        assert patterns_of(language)


def test_brackets_and_spaces_around_templates_come_out_right(text_of: Callable[..., str]) -> None:
    cases = {
        "a ({{unknown thing|x}}) b": "a b",
        "a ({{lang|la|}}; {{lang|la|b}}) c": "a (b) c",
        "a {{nobr|}} b {{circa|5}}, c": "a b c. 5, c",
        'a "{{unknown thing|x}}" b': 'a "" b',
        "a {{nowrap|b}}{{nowrap|c}} d": "a bc d",
        "a {{snd}} b": "a – b",
    }
    for wikitext, text in cases.items():
        assert text_of(wikitext, "en") == text


PLAIN = re.compile(r"(?:\$\d|[^{@\\\d$])+")


@pytest.mark.parametrize("language", ["shared", *template_languages()])
def test_an_argument_is_printed_or_left_out_on_purpose(language: str, convert: Convert) -> None:
    """In patterns of `$1` and plain text: a number is printed, or excused by `~1`, or a later one is printed."""
    rng = random.Random(language)
    pages: list[str] = []
    cases: list[tuple[dict[int, str], set[str]]] = []
    for line in template_lines()[language]:
        pattern, *excused = line.pattern.split(" ~")
        if not PLAIN.fullmatch(pattern) or "$" not in pattern or "" in excused or re.search("[@*:]", line.names[0]):
            continue
        for _ in range(12):
            given = {
                place: rng.choice(("", str(rng.randrange(1000, 10**6)))) for place in range(1, rng.randrange(2, 8))
            }
            pages.append("{{" + "|".join((line.names[0], *given.values())) + "}}")
            cases.append((given, set(excused)))
    texts, _ = convert(pages, ["en" if language == "shared" else language] * len(pages))
    for page, text, (given, excused) in zip(pages, texts, cases, strict=True):
        printed = {place for place, number in given.items() if number and number in re.findall(r"\d+", text)}
        missing = {place for place, number in given.items() if number and str(place) not in excused} - printed
        assert not printed or not missing or max(missing) < max(printed), (page, text)
    assert len(pages) > 20 or language == "ltg"  # which has no such pattern of its own


def test_the_docs_state_the_number_of_templates_by_language_and_source() -> None:
    """With TOKENMILL_WRITE_TEMPLATES=1 it writes the table."""
    rows = "".join(_counts(language) for language in (*template_languages(), "shared"))
    docs = Path(__file__).parents[3] / "docs" / "wikipedia.md"
    text = docs.read_text("utf-8")
    head = text.index("|---|---|---|---|---|---|---|\n") + 30
    if os.environ.get("TOKENMILL_WRITE_TEMPLATES"):
        docs.write_text(text[:head] + rows + text[text.index("\n`printed` counts") :], "utf-8")
    assert docs.read_text("utf-8")[head:].startswith(rows + "\n`printed` counts")


def _counts(language: str) -> str:
    lines = [line for line in template_lines()[language] if line.names[0][0] != "@"]
    printed = Counter(line.source for line in lines if line.pattern for _ in line.names)
    silent = sum(len(line.names) for line in lines if not line.pattern)
    counts = (printed.total(), silent, *(printed[source] for source in ("dump", "fixture", "case", "docs")))
    return f"| {language} | {' | '.join(map(str, counts))} |\n"
