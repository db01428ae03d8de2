"""Reads the texts from which the mini-crawl is built: word lists, sentence patterns, page templates, source snippets.

`read_text` returns the text of a file. `read_slots` reads a word file, which is UTF-8 text of this form:

    # A comment: a line that starts with a number sign.
    [history]                               a section; its slots follow
    agents: historians|monks                a slot and its alternatives, which a bar or a line end separates
        the citizens of {town}              an indented line continues the slot above; {town} names another slot
    noun nouns: castle/castles|map/maps     a table: each alternative has one form for every name, with slashes between
    pulp +nouns: wood/woods                 a plus adds alternatives to a slot that the section already has
    [siege: history]                        a section that starts with the slots of an earlier section

(The explanations on the right are not part of the format.)
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tokenmill.core.errors import DataError

DATA = Path(__file__).with_name("data")

Slots = Mapping[str, tuple[str, ...]]

_SECTION = re.compile(r"\[(\w+)(?:: (\w+))?\]")
_SLOT = re.compile(r"(\w+(?: \+?\w+)*|\+\w+):(.*)")
_REFERENCE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class _Line:
    file: str
    number: int
    text: str

    def error(self, problem: str) -> DataError:
        return DataError(f"{self.file}, line {self.number}: {problem}")


def read_text(name: str) -> str:
    """Returns the text of a file below the data folder from which the mini-crawl is built."""
    return (DATA / name).read_text(encoding="utf-8")


def read_slots(name: str, *, filled_by_caller: Collection[str] = ()) -> dict[str, Slots]:
    """Returns the slots of every section of a word file of the mini-crawl, in the order of the file.

    See `parse_slots`.
    """
    return parse_slots(read_text(name), name, filled_by_caller=filled_by_caller)


def parse_slots(text: str, file: str, *, filled_by_caller: Collection[str] = ()) -> dict[str, Slots]:
    """Returns {section: {slot: alternatives}} from the text of a word file of the mini-crawl, in the format above.

    Raises DataError, which names the file and the line, if a line does not follow the format, if a name is defined
    twice, or if a reference in braces is neither a slot of any section nor in `filled_by_caller`.
    """
    lines = [_Line(file, number, line) for number, line in enumerate(text.split("\n"), start=1)]
    lines = [line for line in lines if line.text.strip() and not line.text.startswith("#")]
    sections: dict[str, dict[str, tuple[str, ...]]] = {}
    slots: dict[str, tuple[str, ...]] | None = None
    for head, body in _blocks(lines):
        if head.text.startswith("["):
            slots = _open_section(head, body, sections)
        elif slots is None:
            raise head.error("expected a section such as [general] before the first slot")
        else:
            _add_slots(head, body, slots)
    known = {*filled_by_caller, *(name for slots in sections.values() for name in slots)}
    for line in lines:
        _check_references(line, known)
    return {**sections}


def _blocks(lines: list[_Line]) -> Iterator[tuple[_Line, list[_Line]]]:
    """Yields every line that is not indented, with the indented lines below it."""
    starts = [i for i, line in enumerate(lines) if not line.text[0].isspace()]
    if lines and starts[:1] != [0]:
        raise lines[0].error("an indented line continues a slot, but there is no slot above it")
    for start, end in pairwise([*starts, len(lines)]):
        yield lines[start], lines[start + 1 : end]


def _open_section(
    head: _Line, body: list[_Line], sections: dict[str, dict[str, tuple[str, ...]]]
) -> dict[str, tuple[str, ...]]:
    match = _SECTION.fullmatch(head.text)
    if match is None:
        raise head.error(f"expected [name] or [name: other section], found {head.text!r}")
    name, origin = match.groups()
    if name in sections:
        raise head.error(f"the section {name!r} occurs twice")
    if origin is not None and origin not in sections:
        raise head.error(f"there is no section {origin!r} above this line")
    if body:
        raise body[0].error("an indented line continues a slot, but the line above is a section")
    sections[name] = dict(sections[origin]) if origin is not None else {}
    return sections[name]


def _add_slots(head: _Line, body: list[_Line], slots: dict[str, tuple[str, ...]]) -> None:
    """Adds the one slot or the table that starts at head."""
    match = _SLOT.fullmatch(head.text)
    if match is None:
        raise head.error(f"expected `name: alternatives`, found {head.text!r}")
    names = match[1].split()
    rows = [row for line in (_Line(head.file, head.number, match[2]), *body) for row in _rows(line, names)]
    if not rows:
        raise head.error(f"{match[1]!r} has no alternatives")
    for name, forms in zip(names, zip(*rows, strict=True), strict=True):
        slot = name.removeprefix("+")
        if name == slot and slot in slots:
            raise head.error(f"the slot {slot!r} occurs twice; +{slot} adds to the first one")
        if name != slot and slot not in slots:
            raise head.error(f"{name} adds to a slot that this section does not have")
        slots[slot] = (*slots.get(slot, ()), *forms)


def _rows(line: _Line, names: list[str]) -> Iterator[tuple[str, ...]]:
    """Yields the forms of every alternative in a line, one per name."""
    for option in filter(None, (part.strip() for part in line.text.split("|"))):
        forms = tuple(form.strip() for form in option.split("/")) if len(names) > 1 else (option,)
        if len(forms) != len(names) or not all(forms):
            raise line.error(f"{option!r} does not have one form for each of {len(names)} names: {' '.join(names)}")
        yield forms


def _check_references(line: _Line, known: Collection[str]) -> None:
    unknown = [name for name in _REFERENCE.findall(line.text) if name not in known]
    if unknown:
        raise line.error(f"{{{unknown[0]}}} is not the name of a slot")
    if set("{}") & set(_REFERENCE.sub("", line.text)):
        raise line.error("a brace is left open, or the text in braces is not a name")
