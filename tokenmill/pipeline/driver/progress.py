"""Shows the progress of a run: a bar on a terminal, otherwise a log line every few seconds, or JSON for machines."""

import io
import json
import sys
import time
from dataclasses import dataclass, field
from typing import IO, Literal, NamedTuple, Protocol, get_args

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import JsonObject
from tokenmill.pipeline.planning.plan import PlannedStage
from tokenmill.pipeline.record.ledger import Ledger
from tokenmill.pipeline.record.manifest import Manifest
from tokenmill.pipeline.record.task import NOWHERE, Position, Task

LINE_SECONDS = 5.0


class Totals(NamedTuple):
    """The sums of a stage when it ends, including results of earlier runs. done: number of finished shards."""

    done: int
    rows_in: int
    rows_out: int


def totals_of(planned: PlannedStage) -> Totals:
    """Returns the sums for the progress display of a stage from the manifests of its finished shards.

    Shards of earlier runs are included.
    """
    ledger = Ledger(planned.folder)
    done = rows_in = rows_out = 0
    for shard in planned.shards:
        if shard.done:  # one manifest at a time, because those of 90,000 shards take hundreds of MB
            manifest = ledger[shard.number]
            done, rows_in, rows_out = done + 1, rows_in + manifest.rows_in, rows_out + manifest.rows_out
    return Totals(done, rows_in, rows_out)


class Progress(Protocol):
    """Receives the events of a run. Calls for a stage: start(), then watch() and task_done(), then end(); or skip()."""

    def start(self, stage: str, done: int, total: int) -> None: ...
    def watch(self, task: Task, position: Position) -> None: ...
    def task_done(self, task: Task, manifest: Manifest) -> None: ...
    def skip(self, stage: str, shards: int) -> None: ...
    def end(self, totals: Totals) -> None: ...


Style = Literal["auto", "plain", "json", "none"]


def progress_for(style: Style = "auto", file: IO[str] | None = None) -> Progress:
    """Returns the progress display of a run in this style. `auto` is a bar on a terminal, otherwise lines.

    file: where to write. Default: standard error.
    """
    if style not in get_args(Style):
        raise RecipeError(f"progress {style!r}: expected {', '.join(get_args(Style))}")
    out = file or sys.stderr
    if out is None:  # a process without standard streams
        return _Shown("none", io.StringIO())
    bars = style == "auto" and out.isatty()
    return _Shown("bars" if bars else "plain" if style == "auto" else style, out)


@dataclass
class _Stage:
    name: str
    done: int
    total: int
    began: float = field(default_factory=time.monotonic)
    rows_in: int = 0
    rows_out: int = 0
    bytes_in: int = 0
    tasks: int = 0

    def facts(self) -> JsonObject:
        seconds = max(time.monotonic() - self.began, 1e-9)
        kept = round(self.rows_out / self.rows_in, 4) if self.rows_in else None
        left = (self.total - self.done) * seconds / self.tasks if self.tasks else None
        return {
            "stage": self.name,
            "shards_done": self.done,
            "shards": self.total,
            "rows": self.rows_in,
            "mb_per_second": round(self.bytes_in / 1e6 / seconds, 2),
            "kept_ratio": kept,
            "seconds": round(seconds, 1),
            "seconds_left": None if left is None else round(left, 1),
        }


class _Shown:
    def __init__(self, style: str, out: IO[str]) -> None:
        self.style, self.out = style, out
        self.stage: _Stage | None = None
        self.said = 0.0
        self.bars: Bars | None = None

    def start(self, stage: str, done: int, total: int) -> None:
        self.stage = _Stage(stage, done, total)
        self.said = time.monotonic()
        if self.bars is not None:  # the bar of a stage that was interrupted to run an earlier one
            self.bars.stop()
        if self.style == "bars":
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed}/{task.total} shards"),
            )
            detail = TextColumn("{task.fields[detail]}")
            self.bars = Bars(
                *columns, detail, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(file=self.out)
            )
            self.bars.start()
            self.bars.add_task(stage, total=total, completed=done, detail="")

    def watch(self, task: Task, position: Position) -> None:
        if self.style in ("plain", "json") and time.monotonic() - self.said > LINE_SECONDS:
            self._line("working")

    def task_done(self, task: Task, manifest: Manifest) -> None:
        if self.stage is None or task.name.stage != self.stage.name:
            return  # for example, it makes a damaged file of an earlier stage again
        stage = self.stage
        stage.tasks += 1
        stage.rows_in += manifest.rows_in
        stage.rows_out += manifest.rows_out
        stage.bytes_in += manifest.bytes_in
        if task.name.finishes:
            stage.rows_out += manifest.facts.get("rows_change", 0)  # verdicts drop rows that were counted before
        stage.done += task.name.finishes
        if self.bars is not None:
            facts = stage.facts()
            self.bars.update(self.bars.task_ids[0], completed=stage.done, detail=_rows_of(facts))
        self.watch(task, NOWHERE)

    def skip(self, stage: str, shards: int) -> None:
        if self.style in ("plain", "bars"):
            print(f"{stage}: already done ({shards} shards)", file=self.out, flush=True)
        elif self.style == "json":
            print(json.dumps({"event": "skipped", "stage": stage, "shards": shards}), file=self.out, flush=True)

    def end(self, totals: Totals) -> None:
        if self.stage is not None:
            self.stage.done, self.stage.rows_in, self.stage.rows_out = totals
        if self.bars is not None:
            self.bars.stop()
            self.bars = None
        complete = self.stage is not None and self.stage.done == self.stage.total
        self._line("done" if complete else "incomplete")
        self.stage = None

    def _line(self, event: str) -> None:
        if self.stage is None or self.style == "none":
            return
        self.said = time.monotonic()
        facts = self.stage.facts()
        if self.style == "json":
            print(json.dumps({"event": event, **facts}), file=self.out, flush=True)
            return
        left = (
            f", {facts['seconds_left']:.0f} s left" if event == "working" and facts["seconds_left"] is not None else ""
        )
        print(
            f"{facts['stage']}: {event}, {facts['shards_done']}/{facts['shards']} shards, {_rows_of(facts)}, "
            f"{facts['seconds']:.1f} s{left}",
            file=self.out,
            flush=True,
        )


def _rows_of(facts: JsonObject) -> str:
    """Formats the number of rows, the speed and, if there are rows, the share that was kept."""
    kept = "" if facts["kept_ratio"] is None else f", kept {facts['kept_ratio']:.1%}"
    return f"{facts['rows']:,} rows, {facts['mb_per_second']} MB/s{kept}"
