"""Where every document went: per stage in, out and dropped by rule, balanced from one stage to the next."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from tokenmill.pipeline import quarantine
from tokenmill.pipeline.report import RanStage


@dataclass(frozen=True)
class Funnel:
    """A stage's counts. expected_in: documents its inputs gave, None for a source. tokens: by split, for a corpus."""

    stage: str
    shards: int
    rows_in: int
    rows_out: int
    repeated: int
    drops: dict[str, int]
    marked: dict[str, int]
    damage: dict[str, int]
    by_source: dict[str, list[int]]
    bytes_out: int
    seconds: float
    peak_rss_bytes: int
    quarantined: int
    expected_in: int | None
    tokens: dict[str, int]

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
        manifests = list(stage.manifests.values())
        expected = sum(rows_out[name] for name in stage.inputs) if stage.inputs and manifests else None
        rows_out[stage.name] = sum(manifest.rows_out for manifest in manifests)
        found.append(
            Funnel(
                stage.name,
                len(manifests),
                sum(manifest.rows_in for manifest in manifests),
                rows_out[stage.name],
                sum(manifest.repeated for manifest in manifests),
                _added(manifest.drops for manifest in manifests),
                _added(manifest.marked for manifest in manifests),
                _added(counts for manifest in manifests for counts in manifest.damage.values()),
                _added_pairs(manifest.by_source for manifest in manifests),
                sum(manifest.bytes_out for manifest in manifests),
                sum(manifest.timing.get("seconds", 0.0) for manifest in manifests),
                max((manifest.timing.get("peak_rss_bytes", 0) for manifest in manifests), default=0),
                sum(len(quarantine.load(stage.folder, n, m.fingerprint)) for n, m in stage.manifests.items()),
                expected,
                stage.corpus.facts.get("tokens", {}) if stage.corpus else {},
            )
        )
    return found


def as_json(funnels: list[Funnel]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [vars(one) | {"balanced": one.balanced} for one in funnels]


def show(funnels: list[Funnel], console: Console) -> bool:
    """Print the funnel; True if every stage balances."""
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
    return _say_balance(funnels, console)


def _say_balance(funnels: list[Funnel], console: Console) -> bool:
    sources = sum(one.rows_in for one in funnels if one.expected_in is None)
    drops = sum(sum(one.drops.values()) for one in funnels)
    repeated = sum(one.repeated for one in funnels)
    good = all(one.balanced for one in funnels)
    for one in funnels:
        if not one.balanced:
            console.print(f"[red]{one.stage} does not balance[/]: in {one.rows_in:,}, expected {one.expected_in}")
        if one.quarantined:
            console.print(f"{one.stage}: {one.quarantined} documents in quarantine; byte identity holds for this list")
        for rule, count in one.damage.items():
            console.print(f"{one.stage}: {count} × {rule}: input files read only in part (see dropped/ for offsets)")
    if good:
        again = f" + {repeated:,} repeated" if repeated else ""
        kept = f"{sources + repeated - drops:,} kept"
        console.print(f"[green]balanced[/]: {sources:,} documents read{again} = {kept} + {drops:,} dropped, by rule")
    return good


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for key, value in one.items():
            total[key] = total.get(key, 0) + value
    return dict(sorted(total.items()))


def _added_pairs(counts: Iterable[dict[str, list[int]]]) -> dict[str, list[int]]:
    total: dict[str, list[int]] = {}
    for one in counts:
        for key, (rows_in, rows_out) in one.items():
            have = total.setdefault(key, [0, 0])
            have[0], have[1] = have[0] + rows_in, have[1] + rows_out
    return dict(sorted(total.items()))
