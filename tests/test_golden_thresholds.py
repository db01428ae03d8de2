"""The frozen recipes' filters decide at each of their thresholds as before, and no setting can change unnoticed.

Documents come in families: `text(k)` for a number k that moves one signal. tests/golden/thresholds.json has, for each
filter of each recipe, the values of k on both sides of each change of the fate, and the fates there. To write it again
after an intended change that CHANGELOG.md describes, delete the file and run this test once: it fails and leaves the
new file.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xxhash

from tokenmill.core.columns import documents
from tokenmill.core.rules import step_name
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.planning.resolve import build

CONFIGS = Path(__file__).parents[1] / "configs"
GOLDEN = Path(__file__).parent / "golden" / "thresholds.json"
RECIPES = ("fineweb", "fineweb2", "dclm", "dolma3")
ENGLISH = ["the", "be", "to", "of", "and", "that", "have", "with"]
PORTUGUESE = ["de", "que", "e", "o", "a", "do", "da", "em", "um", "para", "com", "não", "uma", "os", "no", "se"]

Row = str | dict[str, Any]


def word(number: int, letters: int = 5) -> str:
    """Returns a made-up word; different numbers give different words of the same length."""
    text = ""
    for place in range(letters):
        alphabet = "bcdfghklmnpqrtvw" if place % 2 == 0 else "aeiu"
        number, letter = divmod(number, len(alphabet))
        text += alphabet[letter]
    return text


def fresh(count: int, start: int = 0, letters: int = 5) -> list[str]:
    return [word(start + number, letters) for number in range(count)]


def prose(*more: str, count: int = 994) -> str:
    """Returns six stop words (three per language), `count` other words, and then `more`."""
    return " ".join(["the", "of", "and", "de", "que", "para", *fresh(count), *more])


def lines(count: int, words: int, *, letters: int = 5, end: str = ".") -> list[str]:
    """Returns `count` different lines."""
    return [" ".join(fresh(words, number * words, letters)) + end for number in range(count)]


def several(count: int, unit: str) -> list[str]:
    return [unit] * count


def between(parts: list[str], mark: str, *, start: int, count: int = 50) -> str:
    """Returns `count` copies of the parts, with a different word after each copy."""
    spaced = [part for number in range(count) for part in (*parts, word(start + number))]
    return mark.join(spaced)


def echo(fillers: int) -> str:
    """Returns words, and then the first sixty of them again."""
    words = fresh(200 + fillers)
    return " ".join(words + words[:60])


def repeated(parts: int, mark: str, long: bool) -> Callable[[int], str]:
    """Returns a family with k different lines or paragraphs among repeated ones: many short words, or long ones."""

    def text(k: int) -> str:
        again = several(parts, "x" * 60) if long else [word(n, 3) for n in range(100)] * (parts // 100)
        return mark.join(piece for pair in _zipped(again, lines(k, 4 if long else 9)) for piece in pair)

    return text


def _zipped(short: list[str], others: list[str]) -> Iterator[tuple[str, ...]]:
    """Yields each item of the shorter list after its share of the other list."""
    step = len(others) / max(1, len(short))
    for number, piece in enumerate(short):
        yield (*others[round(number * step) : round((number + 1) * step)], piece)


Family = tuple[Callable[[int], Row], Iterable[int]]

REPETITION: dict[str, Family] = {
    "characters": (lambda k: "a b c " * 50 if k > 300 else ("ab, cd. " + "".join(fresh(40)))[:k], range(200)),
    "paragraphs": (repeated(400, "\n\n", long=False), range(560, 700)),
    "paragraph characters": (repeated(100, "\n\n", long=True), range(800, 1100)),
    "lines": (repeated(400, "\n", long=False), range(560, 700)),
    "line characters": (repeated(100, "\n", long=True), range(800, 1100)),
    **{
        f"{n}-gram": (lambda k, n=n: " ".join([between(fresh(n, 7000), " ", start=100), *fresh(k, 300)]), numbers)
        for n, numbers in ((2, range(50, 400)), (3, range(450, 650)), (4, range(880, 1000)))
    },
    "echo": (echo, range(300)),
}
QUALITY: dict[str, Family] = {
    "words": (lambda k: prose(count=k), range(40, 50)),
    "many words": (lambda k: prose(count=99_990 + k), range(3, 7)),
    "short words": (lambda k: prose(count=100) + " ba" * 600 + " bade" * k, range(400, 500)),
    "long words": (lambda k: prose(count=20) + " internationalizations" * k + " bade" * 300, range(100, 400)),
    "hashes": (lambda k: prose(*several(k, "#")), range(90, 130)),
    "ellipses": (lambda k: prose(*several(k, "…")), range(90, 130)),
    "bullets": (lambda k: "the of de que para and\n" + "\n".join(
        ("- " if n < k else "") + line for n, line in enumerate(lines(499, 9))), range(430, 470)),
    "ended by ellipses": (lambda k: "the of de que para and\n" + "\n".join(
        line + ("..." if n < k else "") for n, line in enumerate(lines(499, 9, end=""))), range(130, 170)),
    "numbers": (lambda k: prose(*map(str, range(1000, 1000 + k))), range(200, 270)),
    "stop words": (lambda k: " ".join(fresh(100) + ENGLISH[:k] + PORTUGUESE[:k]), range(5)),
    "stop word and another": (lambda k: " ".join(fresh(100) + [w for n in (k, (k + 1) % 16) for words in
        (ENGLISH, PORTUGUESE) for w in words[n : n + 1]]) if k < 16 else "", range(17)),
}  # fmt: skip
C4_LINES: dict[str, Family] = {
    "sentences": (lambda k: "This is a sentence. " * k, range(9)),
    "lorem lines": (lambda k: "This is a sentence. " * 9 + "\nIt says lorem ipsum dolor." * k, range(3)),
    "curly lines": (lambda k: "This is a sentence. " * 9 + "\nIt says { and more." * k, range(3)),
    "words of a line": (lambda k: "This is a sentence. " * 4 + "\n" + " ".join(fresh(k)) + ".", range(1, 6)),
    "long word": (lambda k: "This is a sentence. " * 4 + "\nAnd a " + "x" * k, range(990, 1010)),
}
FINEWEB: dict[str, Family] = {
    "lines": (lambda k: "\n".join(lines(k, 9)), range(4)),
    "ended": (lambda k: "\n".join(lines(k, 9) + [x + " x" for x in lines(1000, 10, end="")]), range(60, 150)),
    "short": (lambda k: "\n".join(lines(k, 3) + [x + " x" for x in lines(330, 9)]), range(640, 700)),
    "short by how much": (lambda k: "\n".join(f"{x[:20]} {'y' * (k - 22)}." for x in lines(40, 6)), range(26, 36)),
    "repeated": (lambda k: "\n".join(lines(k, 9) + lines(20, 9)), range(160, 200)),
    "little repeated": (lambda k: "\n".join(lines(k, 9) + lines(20, 9)), range(1960, 2000)),
    "newlines": (lambda k: "\n".join(
        [*(x for x in lines(300, 2, letters=18, end="")), " ".join(fresh(k)) + ".", *lines(80, 2, letters=18)]
    ), range(0, 1500)),
}  # fmt: skip
_LINE = " ".join(fresh(10)) + "\n"
DCLM: dict[str, Family] = {
    "capitals": (lambda k: _LINE * 20 + ("x" * (1000 - k) + "Y" * k + " and now more words come") * 4, range(480, 540)),
    # a line of one word is dropped anyway
    "digits": (lambda k: _LINE * 20 + "1" * (100, 2_000_000)[k] + " 1\n", range(2)),
    "words of a line": (lambda k: _LINE * 20 + ("more " * k + "\n") * 20, range(1, 5)),
    "line with a phrase": (lambda k: _LINE * 20 + ("3 items in cart " + "word " * k + "\n") * 20, range(4, 12)),
    "newlines": (lambda k: _LINE * 20 + "\n" * k + "The end of it", range(5)),
    "lines": (lambda k: _LINE * k, range(4)),
    "lost words": (lambda k: "".join(x + "\n" for x in lines(100, 10)) + "alone\n" * k, range(45, 60)),
}
LANGUAGE: dict[str, Family] = {
    "score": (lambda k: {"text": "a", "lang": "pt" if k > 720 else "en", "lang_score": k / 1000}, range(640, 810)),
    "language": (lambda k: {"text": "a", "lang": ("en", "pt", "fr")[k], "lang_score": 0.9}, range(3)),
}
PII: dict[str, Family] = {
    "kind": (lambda k: ("Write to jane.roe@example.com now.", "The host 8.8.4.4 is up.", "No one")[k], range(3)),
}
FAMILIES = {
    "gopher_repetition": REPETITION, "gopher_quality": QUALITY, "c4": C4_LINES, "fineweb": FINEWEB, "dclm_lines": DCLM,
    "language_in": LANGUAGE, "scrub_pii": PII,
}  # fmt: skip


def steps_of(name: str) -> dict[str, Any]:
    """Returns the recipe's filters and its scrubber by name, built."""
    recipe = load_recipe(CONFIGS / f"{name}.yaml")
    specs = [spec for stage in recipe.stages for spec in stage.work]
    built = [build(spec, seed=1, plugins=None, where="") for spec in specs
             if spec.name.startswith("filters.") or spec.name == "stages.scrub_pii"]  # fmt: skip
    return {step_name(work): work for work in built}


def fates(work: Any, rows: list[Row]) -> list[str]:
    """Returns for each row the rule that drops it, or "kept" and a hash of the text that the step returns."""
    columns = [{"text": row} if isinstance(row, str) else row for row in rows]
    batch = documents({"id": [str(n) for n in range(len(rows))]} | {c: [r[c] for r in columns] for c in columns[0]})
    out = work(batch)
    marks = out.column("drop_rule").to_pylist() if "drop_rule" in out.schema.names else [None] * len(rows)
    texts = out.column("text").to_pylist()
    kept = ["kept " + xxhash.xxh3_64_hexdigest(text.encode()) for text in texts]
    return [mark or text for mark, text in zip(marks, kept, strict=True)]


def at_thresholds(work: Any) -> dict[str, str]:
    """Returns {"family k": fate} for both sides of each change."""
    found = {}
    for name, (text, numbers) in FAMILIES[step_name(work)].items():
        ks = list(numbers)
        many = fates(work, [text(k) for k in ks])
        rules = [fate.partition(" ")[0] for fate in many]
        changed = range(len(ks)) if len(ks) < 20 else [n for n in range(1, len(ks)) if rules[n - 1] != rules[n]]
        for n in changed:
            found |= {f"{name} {ks[m]}": many[m] for m in {max(0, n - 1), n}}
    return found


def decided(work: Any, golden: dict[str, str]) -> dict[str, str]:
    return dict(zip(golden, fates(work, rows_of(step_name(work), tuple(golden))), strict=True))


@cache
def rows_of(step: str, names: tuple[str, ...]) -> list[Row]:
    places = [name.rpartition(" ") for name in names]
    return [FAMILIES[step][family][0](int(k)) for family, _, k in places]


def moved(work: Any) -> Iterator[tuple[str, Any]]:
    """Yields the work with each number a little higher and lower, and with each list without one of its elements."""
    for field in dataclasses.fields(work):
        value = getattr(work, field.name)
        changes: list[Any] = []
        if isinstance(value, tuple):
            changes = [value[:n] + value[n + 1 :] for n in range(len(value))] if len(value) > 1 else [("fr",)]
        elif isinstance(value, bool) or not isinstance(value, int | float) or field.name == "seed":
            continue
        elif field.name == "short_line_chars" and work.max_short_line_ratio is None:
            continue  # it belongs to a rule that is off
        elif "float" in str(field.type):
            changes = [min(value * 1.02, 1.0) if value < 1 else value * 1.02, value * 0.98]
        elif value > 0:
            changes = [value + 1, value - 1]
        else:
            changes = [value + 1]
        for change in changes:
            yield f"{field.name}: {value} -> {change}", dataclasses.replace(work, **{field.name: change})


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    if not GOLDEN.exists():
        found = {name: {step: at_thresholds(work) for step, work in steps_of(name).items()} for name in RECIPES}
        GOLDEN.write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n")
        pytest.fail(f"{GOLDEN} was not there; it is now: look at it, and commit it")
    whole: dict[str, Any] = json.loads(GOLDEN.read_text())
    return whole


@pytest.mark.parametrize("name", RECIPES)
def test_each_filter_decides_at_its_thresholds_as_it_did(name: str, golden: dict[str, Any]) -> None:
    steps = steps_of(name)
    assert list(golden[name]) == list(steps)
    for step, work in steps.items():
        assert decided(work, golden[name][step]) == golden[name][step]


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_no_number_and_no_list_can_move_without_a_decision_that_moves(name: str, golden: dict[str, Any]) -> None:
    unseen = [
        f"{step}.{told}"
        for step, work in steps_of(name).items()
        for told, other in moved(work)
        if decided(other, golden[name][step]) == golden[name][step]
    ]
    assert unseen == []


@pytest.mark.parametrize("name", RECIPES)
def test_each_rule_of_each_filter_drops_a_document(name: str, golden: dict[str, Any]) -> None:
    for step, work in steps_of(name).items():
        rules = getattr(work, "RULES", {})
        bounds = {rule: [said.low, said.high, said.above, said.one_of] for rule, said in rules.items()}
        on = {
            f"{step}.{rule}" for rule, names in bounds.items() if any(n and getattr(work, n) is not None for n in names)
        }
        assert on - set(golden[name][step].values()) == set(), step
