"""Where every document went: per stage in, out and dropped by rule, balanced from one stage to the next."""

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.report import RanStage
from tokenmill.pipeline.tasks import quarantine


@dataclass(frozen=True)
class Funnel:
    """A stage's counts. expected_in: documents its inputs gave, None for a source. tokens: by split, for a corpus.

    by_node: {host: [shards, seconds, bytes of text read]}.
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
    by_node: dict[str, list[float]]
    bytes_out: int
    seconds: float
    peak_rss_bytes: int
    quarantined: int
    expected_in: int | None
    tokens: dict[str, int]
    unfinished: bool

    @property
    def balanced(self) -> bool:
        """In + repeated = out + drops, and in = what the stages before gave."""
        fed = self.expected_in is None or self.expected_in == self.rows_in
        return fed and self.rows_in + self.repeated == self.rows_out + sum(self.drops.values())


def funnel(stages: list[RanStage]) -> list[Funnel]:
    """One Funnel a stage, in order."""
    rows_out: dict[str, int] = {}
    found = []
    for stage in stages:
        counted = _Counted()
        for manifest in stage.manifests.values():
            counted.add(manifest)
        expected = sum(rows_out[name] for name in stage.inputs) if stage.inputs and counted.shards else None
        rows_out[stage.name] = counted.rows_out
        quarantined = quarantine.count(stage.folder, stage.manifests.fingerprints)
        tokens = stage.corpus.facts.get("tokens", {}) if stage.corpus else {}
        found.append(counted.funnel(stage.name, quarantined, expected, tokens, stage.unfinished))
    return found


def as_json(funnels: list[Funnel]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [vars(one) | {"balanced": one.balanced} for one in funnels]


def show(funnels: list[Funnel], console: Console) -> None:
    """Print the funnel, and whether every stage balances."""
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
        if one.repeated:
            table.add_row("", f"repeated: {one.repeated:,}", "", "", "", "", "", "", "")
        for split, tokens in one.tokens.items():
            table.add_row("", f"tokens in {split}: {tokens:,}", "", "", "", "", "", "", "")
        table.add_section()
    console.print(table)
    _show_nodes(funnels, console)
    _show_balance(funnels, console)


def _show_nodes(funnels: list[Funnel], console: Console) -> None:
    """Which machine did what, where there were several, and how much slower the slowest was than the median."""
    table = Table(title="nodes", title_justify="left")
    for name in ("stage", "node", "shards", "busy s", "s a shard", "MB/s"):
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
        if not one.balanced:
            console.print(f"[red]{one.stage} does not balance[/]: in {one.rows_in:,}, expected {one.expected_in}")
        if one.unfinished:
            console.print(f"[yellow]{one.stage} has stopped before it was done[/]; the same run goes on from there")
        if one.quarantined:
            console.print(f"{one.stage}: {one.quarantined} documents in quarantine; byte identity holds for this list")
        for rule, count in one.damage.items():
            console.print(f"{one.stage}: {count} × {rule}: input files read only in part (see dropped/ for offsets)")
    if all(one.balanced for one in funnels):
        again = f" + {repeated:,} repeated" if repeated else ""
        kept = f"{sources + repeated - drops:,} kept"
        console.print(f"[green]balanced[/]: {sources:,} documents read{again} = {kept} + {drops:,} dropped, by rule")


@dataclass
class _Counted:
    """A stage's sums while its manifests pass, one at a time."""

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
    by_node: dict[str, list[float]] = field(default_factory=dict)

    def add(self, manifest: Manifest) -> None:
        self.shards += 1
        self.rows_in += manifest.rows_in
        self.rows_out += manifest.rows_out
        self.repeated += manifest.repeated
        self.bytes_out += manifest.bytes_out
        self.seconds += manifest.timing.get("seconds", 0.0)
        self.peak_rss_bytes = max(self.peak_rss_bytes, manifest.timing.get("peak_rss_bytes", 0))
        self.drops.update(manifest.drops)
        self.marked.update(manifest.marked)
        for counts in manifest.damage.values():
            self.damage.update(counts)
        for source, (rows_in, rows_out) in manifest.by_source.items():
            have = self.by_source.setdefault(source, [0, 0])
            have[0], have[1] = have[0] + rows_in, have[1] + rows_out
        node = self.by_node.setdefault(manifest.host.get("name", ""), [0, 0.0, 0])
        for place, amount in enumerate((1, manifest.timing.get("seconds", 0.0), manifest.bytes_in)):
            node[place] += amount

    def funnel(
        self, stage: str, quarantined: int, expected_in: int | None, tokens: dict[str, int], unfinished: bool
    ) -> Funnel:
        said: dict[str, Any] = {
            name: dict(sorted(value.items())) if isinstance(value, dict) else value
            for name, value in vars(self).items()
        }
        return Funnel(
            stage=stage, quarantined=quarantined, expected_in=expected_in, tokens=tokens, unfinished=unfinished, **said
        )
