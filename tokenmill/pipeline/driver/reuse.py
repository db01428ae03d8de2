"""Reuses finished results and sets aside those that are no longer wanted; no finished result is deleted.

Results are found by fingerprint. If an input file is added, the numbers of the files after it change: their results
are moved to the new numbers and not made again. A result that the plan does not want (edited settings, other code,
withdrawn input) goes to `kept/`. It returns, if its bytes are sound, when the plan wants it again. A move copies the
files, writes the new manifest and deletes the old one. So if a run stops at any point, each finished result is complete
in its place or in `kept/`, and the next run continues.
"""

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.planning.plan import PlannedStage, check_done
from tokenmill.pipeline.record.facts import exchange_facts
from tokenmill.pipeline.record.kept import (
    NOTHING,
    Amount,
    amount_of,
    keep_copy,
    kept_fingerprints,
    restore,
    sound_manifest,
)
from tokenmill.pipeline.record.ledger import Ledger, forget, json_path, whole_manifest
from tokenmill.pipeline.record.manifest import Manifest, read_manifest, to_json

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outlook:
    """The changes to a stage's finished results before its tasks start.

    Attributes:
        aside: results that go to `kept/`, or are deleted with --discard. Default: nothing.
        back: number of results that return from `kept/`. Default 0.
    """

    aside: Amount = NOTHING
    back: int = 0

    def told(self, *, discard: bool = False) -> str:
        """Returns one line, "" if nothing changes. discard: results are deleted instead of set aside."""
        gone = "deleted (--discard)" if discard else "set aside in kept/"
        parts = [f"{self.aside} {gone}"] if self.aside.results else []
        parts += [f"{self.back:,} results return from kept/"] if self.back else []
        return "; ".join(parts)


def results_outlook(planned: PlannedStage) -> Outlook:
    """Returns the changes that a run would make to a stage's finished results before its tasks start.

    Reads manifests and changes nothing.
    """
    if planned.done and not planned.strays:
        return Outlook()
    ledger = Ledger(planned.folder)
    stale = amount_of(ledger[number] for number in _unwanted(planned, ledger) if ledger.whole(number))
    corpus = _unwanted_corpus(planned)
    wanted = {shard.fingerprint for shard in planned.shards if not shard.done} | {planned.root}
    return Outlook(stale + amount_of([corpus] if corpus else []), len(wanted & kept_fingerprints(planned.folder)))


def refuse_if_too_large(folder: str, stages: Iterable[PlannedStage]) -> None:
    """Raises DataError if the disk has too little space for results that are set aside and those that replace them."""
    aside = sum((results_outlook(stage).aside for stage in stages), NOTHING)
    if not aside.results or storage.is_url(folder) or not os.path.isdir(folder):
        return
    free = shutil.disk_usage(folder).free
    if free < aside.bytes:
        raise DataError(
            f"{folder}: {aside} would be set aside and made again, and the disk has {free / 1e6:,.1f} MB left. "
            "`pipeline clean` deletes what earlier runs set aside; `--discard` deletes results instead of keeping them"
        )


def reuse(planned: PlannedStage, *, discard: bool = False) -> PlannedStage:
    """Moves valid results of a stage to the numbers that they have in the plan and sets the others aside.

    Returns the new stage. Afterwards each shard is done or has no manifest. discard: delete unwanted results.
    """
    ledger = Ledger(planned.folder)
    storage.delete_files(ledger.unreadable)
    settled = {shard.number for shard in planned.shards if shard.done}
    moves = _moves(planned, ledger, settled)
    unwanted = _unwanted(planned, ledger)
    aside = _set_aside(ledger, unwanted, discard=discard)
    if moves or unwanted:
        _only_as_json(ledger, moves, unwanted)
        storage.delete_files(json_path(planned.folder, number) for number in unwanted)
        for old, new in in_order(moves, free=1 + max([*ledger, *moves.values()])):
            _move(planned.folder, old, new)
    aside += _set_corpus_aside(planned, discard=discard)
    back = _restore(planned, settled | set(moves.values()))
    if planned.stage.has_facts:
        exchange_facts(planned.folder, planned.root, discard=discard)
    _sweep(planned, ledger, settled | set(moves.values()) | back)
    if moves or aside.results or back:
        what = "deleted" if discard else "set aside in kept/"
        logger.info(
            "%s: %d results have a new number, %s %s, %d returned from kept/",
            planned.name, len(moves), aside, what, len(back),
        )  # fmt: skip
    return check_done(planned, None if moves or unwanted or back else ledger)


def _moves(planned: PlannedStage, ledger: Ledger, settled: set[int]) -> dict[int, int]:
    """Returns {number that a complete result has: number that it should have}."""
    wanted = {shard.fingerprint: shard.number for shard in planned.shards if not shard.done}
    found = {
        fingerprint: number
        for number, fingerprint in ledger.fingerprints.items()
        if wanted.get(fingerprint, number) != number and number not in settled and ledger.whole(number)
    }
    return {number: wanted[fingerprint] for fingerprint, number in found.items()}


def _unwanted(planned: PlannedStage, ledger: Ledger) -> list[int]:
    """Returns the numbers of manifests that belong neither to a finished shard nor to a result that moves."""
    settled = {shard.number for shard in planned.shards if shard.done}
    moves = _moves(planned, ledger, settled)
    return [number for number in ledger if number not in settled and number not in moves]


def _set_aside(ledger: Ledger, numbers: Sequence[int], *, discard: bool) -> Amount:
    """Copies complete results to `kept/` and returns their amount. discard: only returns the amount.

    A manifest whose files are gone or have another size is not a result.
    """
    finished = [ledger[number] for number in numbers if ledger.whole(number)]
    for manifest in () if discard else finished:
        keep_copy(ledger.folder, manifest)
    return amount_of(finished)


def _unwanted_corpus(planned: PlannedStage) -> Manifest | None:
    """Returns the record of a Writer's finished output if the plan wants another one, otherwise None."""
    found = whole_manifest(planned.corpus_manifest, planned.folder)
    wanted = planned.stage.writes_corpus and found is not None and found.fingerprint == planned.root
    return None if wanted else found


def _set_corpus_aside(planned: PlannedStage, *, discard: bool) -> Amount:
    """Sets a Writer's old output aside. Deletes its public manifest first, so that no reader sees a mixture."""
    old = _unwanted_corpus(planned)
    if old is not None and not discard:
        keep_copy(planned.folder, old)
    if not planned.whole or not planned.stage.writes_corpus:
        storage.delete_files([join(planned.folder, "corpus", "manifest.json")])
        storage.delete_files([planned.corpus_manifest])
    if old is not None:
        storage.delete_files(join(planned.folder, output.path) for output in old.outputs)
    return amount_of([old] if old is not None else [])


def _restore(planned: PlannedStage, there: set[int]) -> set[int]:
    """Restores kept results that the plan wants and that are sound. Returns the numbers of their shards."""
    kept = kept_fingerprints(planned.folder)
    back = set()
    for shard in planned.shards:
        if shard.number in there or shard.fingerprint not in kept:
            continue
        manifest = sound_manifest(planned.folder, shard.fingerprint)
        if manifest is not None:
            paths = {output.path: renumbered(output.path, shard.number) for output in manifest.outputs}
            restore(planned.folder, manifest, planned.manifest_path(shard.number), paths=paths)
            back.add(shard.number)
    if planned.stage.writes_corpus and not planned.whole and planned.root in kept:
        corpus = sound_manifest(planned.folder, planned.root)
        if corpus is not None:
            restore(planned.folder, corpus, planned.corpus_manifest, paths={})
    return back


def _only_as_json(ledger: Ledger, moves: dict[int, int], unwanted: list[int]) -> None:
    """Removes results that move or are unwanted from the ledger's tables. Those that move become JSON files.

    Otherwise a row would describe files that another result has replaced.
    """
    for number in moves:
        if ledger.part_of(number):
            storage.write_bytes(json_path(ledger.folder, number), to_json(ledger[number]))
    forget(ledger, [*moves, *unwanted])


def in_order(moves: dict[int, int], *, free: int) -> Iterator[tuple[int, int]]:
    """Yields moves of finished results to other shard numbers, in an order in which each target number is free.

    moves: {old number: new number}. If the moves form a ring, one result is first moved to the number `free`.
    """
    left = dict(moves)
    coming = {new: old for old, new in moves.items()}
    ends = [old for old, new in moves.items() if new not in moves]
    while left:
        if not ends:
            parked, new = left.popitem()
            yield parked, free
            left[free], coming[new] = new, free
            ends = [coming[parked]] if parked in coming else []
            continue
        old = ends.pop()
        yield old, left.pop(old)
        if coming.get(old) in left:
            ends.append(coming[old])


def _move(folder: str, old: int, new: int) -> None:
    manifest = read_manifest(json_path(folder, old))
    assert manifest is not None
    outputs = [replace(output, path=renumbered(output.path, new)) for output in manifest.outputs]
    for here, there in zip(manifest.outputs, outputs, strict=True):
        storage.copy(join(folder, here.path), join(folder, there.path))
    storage.write_bytes(json_path(folder, new), to_json(replace(manifest, outputs=outputs)))
    storage.delete_files([json_path(folder, old)])
    storage.delete_files(join(folder, output.path) for output in manifest.outputs)


def renumbered(path: str, number: int) -> str:
    """Returns the path of a reused output for another shard number, for example `data/000007.parquet` for number 7."""
    return f"{path.partition('/')[0]}/{number:06d}.parquet"


def _sweep(planned: PlannedStage, ledger: Ledger, current: set[int]) -> None:
    """Deletes files of results that were moved or set aside, and files that a crash left.

    In the stage of a Writer, drop records of planned shards that had no manifest stay, because they may belong to
    spills that are done.
    """
    if planned.stage.writes_corpus:
        current = current | {shard.number for shard in planned.shards if shard.number not in ledger}
    for kind in ("data", "dropped"):
        gone = (name for name, number in ledger.numbers(kind).items() if number not in current)
        storage.delete_files(join(planned.folder, kind, name) for name in gone)
        storage.delete_unfinished(join(planned.folder, kind))
