"""Counts the funnel of a run: documents in, out and dropped by rule per stage, balanced from stage to stage."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tokenmill.pipeline.planning.fingerprint import code_of
from tokenmill.pipeline.record.accepted import results_of_accepted_code
from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.notes import SHOWN_NAMES, ByStep, add_facts
from tokenmill.pipeline.record.notes import as_json as notes_as_json
from tokenmill.pipeline.record.stage_record import NAMES_SHOWN, StageRecord
from tokenmill.pipeline.report import RanStage, plain
from tokenmill.pipeline.tasks import quarantine


class NodeWork(NamedTuple):
    """The work of one machine for a stage: number of shards, seconds in them, and bytes of text that they read."""

    shards: int
    seconds: float
    bytes: int


@dataclass(frozen=True)
class Funnel:
    """A stage's counts.

    Attributes:
        shards: number of shards with a result.
        rows_in, rows_out: number of documents.
        repeated: number of copies that the stage made of documents.
        drops, marked: {rule: documents}.
        damage: {rule that means a damaged input file: records}.
        by_source: {source: [rows in, rows out]}.
        edits: {step: [documents whose text it changed, their characters before, after]}.
        notes: {step: {topic: its notes}}.
        by_node: {name of a machine: its work}.
        bytes_out: UTF-8 bytes of text in the documents that came out.
        seconds: sum of the wall times of all shards.
        peak_rss_bytes: largest memory of a worker.
        quarantined: number of documents that killed a worker.
        expected_in: number of documents that the input stages gave; None for a source.
        tokens: {split: tokens} of a corpus.
        unfinished: a Global stopped before its decisions were applied.
        record: how complete the stage is; None if no run has finished the stage.
        accepted: number of results of other code that `run --accept-code` kept. Default 0.
        lacking: files of its results that are gone or have another size. Default none.
    """

    stage: str
    shards: int
    rows_in: int
    rows_out: int
    repeated: int
    drops: dict[str, int]
    marked: dict[str, int]
    damage: dict[str, int]
    by_source: dict[str, list[int]]
    edits: dict[str, list[int]]
    notes: ByStep
    by_node: dict[str, NodeWork]
    bytes_out: int
    seconds: float
    peak_rss_bytes: int
    quarantined: int
    expected_in: int | None
    tokens: dict[str, int]
    unfinished: bool
    record: StageRecord | None
    accepted: int = 0
    lacking: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """True if in + repeated = out + drops, and in is the number of documents that the input stages gave."""
        fed = self.expected_in is None or self.expected_in == self.rows_in
        return fed and self.rows_in + self.repeated == self.rows_out + sum(self.drops.values())

    @property
    def begun(self) -> bool:
        """True if the stage has a result, or work towards one."""
        return bool(self.shards) or self.unfinished

    @property
    def stale(self) -> bool:
        """True if its results are not those that the recipe asks for now."""
        return self.record is not None and self.record.stale

    @property
    def state(self) -> str:
        """The state in words: complete, not run, out of date, stopped, damaged, or incomplete with what is missing."""
        if self.record is None:
            return "has stopped before it was done" if self.begun else "not run"
        if self.record.stale:
            return str(self.record)
        if self.unfinished:
            return "has stopped before it was done"
        if self.shards < self.record.done:
            return f"damaged: {self.record.done - self.shards} of {self.record.done} manifests are gone"
        if self.lacking:
            why = "gone, unreadable or of another size; `pipeline verify` compares content"
            return f"incomplete: {_some(self.lacking)} {why}"
        return str(self.record)

    @property
    def good(self) -> bool:
        """True if the stage balances and is complete, apart from missing inputs that were accepted."""
        return self.balanced and (self.state == "complete" or self.accepted_gap)

    @property
    def accepted_gap(self) -> bool:
        """True if all that the stage lacks was accepted by --allow-missing."""
        record = self.record
        there = record is not None and self.shards >= record.done and not self.lacking
        return there and record is not None and record.allowed and not record.stale


def _some(files: Sequence[str]) -> str:
    """Returns the first of these files, the number of the others, and 'is' or 'are'."""
    more = f" and {len(files) - NAMES_SHOWN:,} more" if len(files) > NAMES_SHOWN else ""
    return ", ".join(files[:NAMES_SHOWN]) + more + (" is" if len(files) == 1 else " are")


def funnel(stages: list[RanStage]) -> list[Funnel]:
    """Counts the documents in, out and dropped by rule of each stage of a run, one Funnel per stage, in order."""
    rows_out: dict[str, int] = {}
    found = []
    for stage in stages:
        counted = _Sums()
        for manifest in stage.manifests.values():
            counted.add(manifest)
        expected = sum(rows_out[name] for name in stage.inputs) if stage.inputs and counted.shards else None
        rows_out[stage.name] = counted.rows_out
        found.append(counted.funnel(stage, expected))
    return found


def as_json(funnels: list[Funnel]) -> list[dict[str, object]]:
    """Returns the funnel of a run as JSON values."""
    return [_as_json(one) for one in funnels]


def _as_json(one: Funnel) -> dict[str, object]:
    missing = one.record.missing if one.record else {}
    facts = {name: value for name, value in vars(one).items() if name not in ("record", "notes")}
    facts["notes"] = notes_as_json(one.notes, SHOWN_NAMES)
    return facts | {"balanced": one.balanced, "state": one.state, "missing": missing, "good": one.good}


def show(funnels: list[Funnel], console: Console) -> None:
    """Prints the funnel of a run, and whether every stage balances."""
    table = Table(title="documents", title_justify="left")
    for name in ("stage", "rule", "in", "dropped", "out", "kept", "text MB", "seconds", "peak MB"):
        table.add_column(name, justify="left" if name in ("stage", "rule") else "right", overflow="fold")
    for one in funnels:
        kept = f"{one.rows_out / one.rows_in:.1%}" if one.rows_in else "-"
        gone = sum(one.drops.values())
        table.add_row(
            f"[bold]{one.stage}[/]", "", f"{one.rows_in:,}", f"{gone:,}", f"{one.rows_out:,}", kept,
            f"{one.bytes_out / 1e6:,.2f}", f"{one.seconds:,.1f}", f"{one.peak_rss_bytes / 1e6:,.0f}",
        )  # fmt: skip
        for rule, count in sorted({**one.drops, **one.marked}.items(), key=lambda item: (-item[1], item[0])):
            mark = "" if rule in one.drops else " (marked)"
            table.add_row("", rule + mark, "", f"{count:,}", "", "", "", "", "")
        for step, (documents, before, after) in one.edits.items():
            what = f"{step} changed {documents:,} texts: {before:,} to {after:,} characters"
            table.add_row("", what, "", "", "", "", "", "", "")
        if one.repeated:
            table.add_row("", f"repeated: {one.repeated:,}", "", "", "", "", "", "", "")
        for split, tokens in one.tokens.items():
            table.add_row("", f"tokens in {split}: {tokens:,}", "", "", "", "", "", "", "")
        table.add_section()
    console.print(table)
    show_notes({one.stage: one.notes for one in funnels}, SHOWN_NAMES, console)
    _show_nodes(funnels, console)
    _show_balance(funnels, console)


def show_notes(by_stage: Mapping[str, ByStep], names: int, console: Console) -> None:
    """Prints the most frequent names of each topic of notes in {stage: its notes}, at most `names`, with examples."""
    for stage, notes in by_stage.items():
        for step, topics in notes.items():
            for topic, found in topics.items():
                title = Text(f"{stage}: {found.total:,} {topic} in {step}", style="table.title")
                table = Table(title=title, title_justify="left")
                table.add_column("name", overflow="fold")
                table.add_column("times", justify="right")
                table.add_column("example", overflow="fold")
                for name, times, example in found.most_frequent(names):
                    table.add_row(Text(plain(name)), f"{times:,}", Text(plain(example)))
                console.print(table)


def _show_nodes(funnels: list[Funnel], console: Console) -> None:
    """Prints the work of each machine for stages that ran on several, and the slowest compared with the median."""
    table = Table(title="nodes", title_justify="left")
    for name in ("stage", "node", "shards", "busy s", "s/shard", "MB/s"):
        table.add_column(name, justify="left" if name in ("stage", "node") else "right", overflow="fold")
    for one in (one for one in funnels if len(one.by_node) > 1):
        paces = {node: seconds / shards for node, (shards, seconds, _) in one.by_node.items()}
        for node, (shards, seconds, size) in sorted(one.by_node.items(), key=lambda item: -paces[item[0]]):
            speed = f"{size / 1e6 / seconds:,.2f}" if seconds else "-"
            table.add_row(one.stage, node, f"{shards:,}", f"{seconds:,.1f}", f"{paces[node]:,.2f}", speed)
        skew = max(paces.values()) / max(statistics.median(paces.values()), 1e-9)
        table.add_row("", f"slowest / median: {skew:.2f}", "", "", "", "", end_section=True)
    if table.row_count:
        console.print(table)


def _show_balance(funnels: list[Funnel], console: Console) -> None:
    sources = sum(one.rows_in for one in funnels if one.expected_in is None)
    drops = sum(sum(one.drops.values()) for one in funnels)
    repeated = sum(one.repeated for one in funnels)
    for one in funnels:
        if one.state != "complete":
            console.print(f"[{'yellow' if one.good else 'red'}]{one.stage}[/]: {plain(one.state)}", highlight=False)
        if not one.balanced and (one.state == "complete" or one.accepted_gap):  # else the state says why
            console.print(f"[red]{one.stage} does not balance[/]: in {one.rows_in:,}, expected {one.expected_in}")
        if one.accepted:
            console.print(f"{one.stage}: {one.accepted:,} results were made by other code and accepted (--accept-code)")
        if one.quarantined:
            console.print(f"{one.stage}: {one.quarantined} documents in quarantine; the same list gives the same bytes")
        for rule, count in one.damage.items():
            console.print(f"{one.stage}: {count} × {rule}: damaged records of input files (see dropped/ for offsets)")
    if all(one.good for one in funnels):
        again = f" + {repeated:,} repeated" if repeated else ""
        kept = f"{sources + repeated - drops:,} kept"
        console.print(f"[green]balanced[/]: {sources:,} documents read{again} = {kept} + {drops:,} dropped, by rule")


@dataclass
class _Sums:
    """A stage's sums. Its manifests are read and added one at a time."""

    shards: int = 0
    rows_in: int = 0
    rows_out: int = 0
    repeated: int = 0
    bytes_out: int = 0
    seconds: float = 0.0
    peak_rss_bytes: int = 0
    drops: Counter[str] = field(default_factory=Counter)
    marked: Counter[str] = field(default_factory=Counter)
    damage: Counter[str] = field(default_factory=Counter)
    by_source: dict[str, list[int]] = field(default_factory=dict)
    edits: dict[str, list[int]] = field(default_factory=dict)
    notes: ByStep = field(default_factory=dict)
    by_node: dict[str, NodeWork] = field(default_factory=dict)

    def add(self, manifest: Manifest) -> None:
        seconds = manifest.timing.get("seconds", 0.0)
        self.shards += 1
        self.rows_in += manifest.rows_in
        self.rows_out += manifest.rows_out
        self.repeated += manifest.repeated
        self.bytes_out += manifest.bytes_out
        self.seconds += seconds
        self.peak_rss_bytes = max(self.peak_rss_bytes, manifest.timing.get("peak_rss_bytes", 0))
        self.drops.update(manifest.drops)
        self.marked.update(manifest.marked)
        for counts in manifest.damage.values():
            self.damage.update(counts)
        for source, (rows_in, rows_out) in manifest.by_source.items():
            have = self.by_source.setdefault(source, [0, 0])
            have[0], have[1] = have[0] + rows_in, have[1] + rows_out
        for step, sums in manifest.edits.items():
            self.edits[step] = [a + b for a, b in zip(self.edits.get(step, [0, 0, 0]), sums, strict=True)]
        add_facts(self.notes, manifest.facts)
        node = manifest.host.get("name", "")
        shards, busy, size = self.by_node.get(node, NodeWork(0, 0.0, 0))
        self.by_node[node] = NodeWork(shards + 1, busy + seconds, size + manifest.bytes_in)

    def funnel(self, stage: RanStage, expected_in: int | None) -> Funnel:
        return Funnel(
            stage=stage.name,
            shards=self.shards,
            rows_in=self.rows_in,
            rows_out=self.rows_out,
            repeated=self.repeated,
            drops=dict(sorted(self.drops.items())),
            marked=dict(sorted(self.marked.items())),
            damage=dict(sorted(self.damage.items())),
            by_source=dict(sorted(self.by_source.items())),
            edits=dict(sorted(self.edits.items())),
            notes=self.notes,
            by_node=dict(sorted(self.by_node.items())),
            bytes_out=self.bytes_out,
            seconds=self.seconds,
            peak_rss_bytes=self.peak_rss_bytes,
            quarantined=quarantine.count(stage.folder, stage.manifests.fingerprints),
            expected_in=expected_in,
            tokens=stage.corpus.facts.get("tokens", {}) if stage.corpus else {},
            unfinished=stage.unfinished,
            record=stage.record,
            accepted=results_of_accepted_code(stage.folder, map(code_of, stage.manifests.fingerprints.values())),
            lacking=tuple(stage.lacking()),
        )
