"""Bringing results that are still valid to the numbers they have now, and removing what is not.

One input file more shifts the numbers of those after it; their results are moved, not made again. A result is found
by its fingerprint, so a move is: copy the files, write the new manifest, delete the old one. Wherever that stops, a
manifest with whole files is there, under one number or both, and the next run goes on from it.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace

from tokenmill.core.io import storage
from tokenmill.core.io.storage import join
from tokenmill.pipeline.planning.plan import PlannedStage, check_done
from tokenmill.pipeline.record.ledger import Ledger, forget, json_path
from tokenmill.pipeline.record.manifest import read_manifest, to_json

logger = logging.getLogger(__name__)


def reuse(planned: PlannedStage) -> PlannedStage:
    """Move what is valid, remove and name what is not: afterwards a shard is done, or no manifest speaks for it."""
    ledger = Ledger(planned.folder)
    settled = {shard.number for shard in planned.shards if shard.done}
    moves = _moves(planned, ledger, settled)
    stale = [number for number in ledger if number not in settled and number not in moves]
    if moves or stale:
        _only_as_json(ledger, moves, stale)
        storage.delete_files(json_path(planned.folder, number) for number in stale)
        for old, new in in_order(moves, free=1 + max([*ledger, *moves.values()])):
            _move(planned.folder, old, new)
        logger.info("%s: %d shards reused under a new number, %d stale", planned.name, len(moves), len(stale))
    _sweep(planned, ledger, settled | set(moves.values()))
    return check_done(planned, None if moves or stale else ledger)


def _moves(planned: PlannedStage, ledger: Ledger, settled: set[int]) -> dict[int, int]:
    """{number that a whole result has: number it should have}."""
    wanted = {shard.fingerprint: shard.number for shard in planned.shards if not shard.done}
    found = {
        fingerprint: number
        for number, fingerprint in ledger.fingerprints.items()
        if wanted.get(fingerprint, number) != number and number not in settled and ledger.whole(number)
    }
    return {number: wanted[fingerprint] for fingerprint, number in found.items()}


def _only_as_json(ledger: Ledger, moves: dict[int, int], stale: list[int]) -> None:
    """Take what will move or go out of the tables: a row must not speak for files that another result replaces."""
    for number in moves:
        if ledger.part_of(number):
            storage.write_bytes(json_path(ledger.folder, number), to_json(ledger[number]))
    forget(ledger, [*moves, *stale])


def in_order(moves: dict[int, int], *, free: int) -> Iterator[tuple[int, int]]:
    """The moves, each to a number that is free by then; a ring is opened by parking one of it at the number `free`."""
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
    outputs = [
        replace(output, path=f"{output.path.partition('/')[0]}/{new:06d}.parquet") for output in manifest.outputs
    ]
    for here, there in zip(manifest.outputs, outputs, strict=True):
        storage.copy(join(folder, here.path), join(folder, there.path))
    storage.write_bytes(json_path(folder, new), to_json(replace(manifest, outputs=outputs)))
    storage.delete_files([json_path(folder, old)])
    storage.delete_files(join(folder, output.path) for output in manifest.outputs)


def _sweep(planned: PlannedStage, ledger: Ledger, kept: set[int]) -> None:
    """Delete the files of results that are gone, and what a crash left. A Writer's drop records may be of spills that
    are done, so of those only what had a manifest goes.
    """
    for kind in ("data", "dropped"):
        numbers = {name: int(name.partition(".")[0]) for name in ledger.names(kind)}
        gone = {name: number for name, number in numbers.items() if number not in kept}
        if planned.stage.writes_corpus:
            gone = {name: number for name, number in gone.items() if number in ledger}
        storage.delete_files(join(planned.folder, kind, name) for name in gone)
        storage.delete_unfinished(join(planned.folder, kind))
