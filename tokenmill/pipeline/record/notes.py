"""The notes of steps: how often they found things that they could not treat, with an example of each.

Notes are facts of a shard's manifest. The report, the stage's record and `pipeline audit` add those of all shards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from tokenmill.core.kinds import JsonObject

FACT = "notes"
"""Key in a manifest's facts for {step: {topic: Notes as JSON}}."""

SHOWN_NAMES = 20  # of a topic in a report and in a stage's record
KEPT_NAMES = 200  # of a topic in a manifest, the most frequent ones
_HELD_NAMES = 20_000  # of a topic in memory; further names only count
_EXAMPLE_CHARS = 200


@dataclass
class Notes:
    """The notes of a step on one topic.

    Attributes:
        total: how often the step noted something.
        names: {name: [how often, an example]}, of the names that are held.
    """

    total: int = 0
    names: dict[str, list[int | str]] = field(default_factory=dict)

    def count(self, name: str, times: int, example: str) -> None:
        """Adds notes of one name. The first example of a name stays."""
        self.total += times
        if name in self.names:
            self.names[name][0] = int(self.names[name][0]) + times
        elif len(self.names) < _HELD_NAMES:
            self.names[name] = [times, example[:_EXAMPLE_CHARS]]

    def add(self, other: Self) -> None:
        """Adds the notes of another shard."""
        unnamed = other.total - sum(int(times) for times, _ in other.names.values())
        for name, (times, example) in other.names.items():
            self.count(name, int(times), str(example))
        self.total += unnamed

    def most_frequent(self, names: int) -> list[tuple[str, int, str]]:
        """Returns (name, how often, an example) of the most frequent names, at most `names`, in order."""
        ordered = sorted(self.names.items(), key=lambda item: (-int(item[1][0]), item[0]))
        return [(name, int(times), str(example)) for name, (times, example) in ordered[:names]]


ByStep = dict[str, dict[str, Notes]]
"""{step: {topic: its notes}}"""


def add_notes(sums: ByStep, step: str, found: Mapping[str, Mapping[str, tuple[int, str]]]) -> None:
    """Adds the notes of a step on a batch, {topic: {name: (how often, an example)}}."""
    for topic, names in found.items():
        notes = sums.setdefault(step, {}).setdefault(topic, Notes())
        for name, (times, example) in names.items():
            notes.count(name, times, example)


def notes_facts(sums: ByStep) -> JsonObject:
    """Returns the notes of a shard as facts of its manifest, with KEPT_NAMES names of each topic; {} without notes."""
    return {FACT: as_json(sums, KEPT_NAMES)} if sums else {}


def add_facts(sums: ByStep, facts: JsonObject) -> None:
    """Adds the notes in the facts of a manifest."""
    for step, topics in facts.get(FACT, {}).items():
        for topic, notes in topics.items():
            names = {name: [times, example] for name, times, example in notes["names"]}
            sums.setdefault(step, {}).setdefault(topic, Notes()).add(Notes(notes["total"], names))


def as_json(sums: ByStep, names: int) -> dict[str, dict[str, JsonObject]]:
    """Returns {step: {topic: {"total": how often, "names": [[name, how often, an example], …]}}}.

    The most frequent names of each topic come first; there are at most `names`.
    """
    return {
        step: {
            topic: {"total": notes.total, "names": [list(one) for one in notes.most_frequent(names)]}
            for topic, notes in sorted(topics.items())
        }
        for step, topics in sorted(sums.items())
    }
