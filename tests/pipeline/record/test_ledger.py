"""Listings show the contents of a stage's folder, in files or in tables, and no crash makes the two disagree."""

from pathlib import Path
from random import Random

import pytest

from tokenmill.core.io import storage
from tokenmill.core.io.storage import FileRecord
from tokenmill.pipeline.driver.reuse import in_order
from tokenmill.pipeline.record import ledger as ledger_module
from tokenmill.pipeline.record.ledger import Ledger, compact, forget, json_path
from tokenmill.pipeline.record.manifest import Manifest, write_manifest


class Stop(Exception):
    """The driver dies here."""


def commit(folder: str, number: int, fingerprint: str, size: int = 5) -> None:
    """Does what a task does: deletes the manifest, writes the output, writes the manifest."""
    storage.delete_files([json_path(folder, number)])
    name = f"data/{number:06d}.parquet"
    storage.write_bytes(f"{folder}/{name}", b"x" * size)
    write_manifest(json_path(folder, number), Manifest(fingerprint, outputs=[FileRecord(name, size, "")]))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "PART_ROWS", 4)


def test_a_table_says_what_the_files_said(tmp_path: Path) -> None:
    folder = str(tmp_path)
    for number in range(11):
        commit(folder, number, f"f{number}", size=number)
    before = dict(Ledger(folder))
    compact(folder)
    assert [name[:12] for name in storage.list_files(f"{folder}/manifest")] == [f"part-{n:06d}-" for n in range(3)]
    assert dict(Ledger(folder)) == before and list(Ledger(folder)) == list(range(11))
    for number in (11, 12, 13):
        commit(folder, number, f"f{number}")
    compact(folder)  # three are too few for a table
    assert len(storage.list_files(f"{folder}/manifest")) == 6 and len(Ledger(folder)) == 14
    assert Ledger(folder).files("data") == [f"{folder}/data/{number:06d}.parquet" for number in range(14)]


def test_a_shard_is_done_only_with_this_work_and_whole_files(tmp_path: Path) -> None:
    folder = str(tmp_path)
    for number in range(4):
        commit(folder, number, f"f{number}")
    for make in (lambda: None, lambda: compact(folder)):
        make()
        assert Ledger(folder).done(1, "f1") and not Ledger(folder).done(1, "f2") and not Ledger(folder).done(9, "f9")
        storage.write_bytes(f"{folder}/data/000001.parquet", b"cut")
        assert not Ledger(folder).done(1, "f1") and Ledger(folder).done(1, "f1", released=True)
        storage.write_bytes(f"{folder}/data/000001.parquet", b"whole")


def test_a_shard_made_anew_is_no_longer_what_its_row_says(tmp_path: Path) -> None:
    folder = str(tmp_path)
    for number in range(8):
        commit(folder, number, f"f{number}")
    compact(folder)
    forget(Ledger(folder), [3, 5, 99])
    assert sorted(Ledger(folder)) == [0, 1, 2, 4, 6, 7]
    commit(folder, 3, "new")
    assert Ledger(folder).done(3, "new") and not Ledger(folder).done(3, "f3")
    commit(folder, 0, "newer")  # its row is still in the table, and the file has priority
    assert Ledger(folder).done(0, "newer") and not Ledger(folder).done(0, "f0")
    assert Ledger(folder)[0].fingerprint == "newer"


def test_a_ledger_still_knows_the_shards_that_it_read_after_their_rows_are_gone(tmp_path: Path) -> None:
    """Regression: `number in ledger` opened the table, which `forget` had deleted."""
    folder = str(tmp_path)
    for number in range(8):
        commit(folder, number, f"f{number}")
    compact(folder)
    ledger = Ledger(folder)
    forget(ledger, range(8))
    assert [number in ledger for number in (0, 7, 8)] == [True, True, False] and not Ledger(folder)


def test_a_shard_is_forgotten_with_each_of_its_rows(tmp_path: Path) -> None:
    """Regression: a row that a crash had left behind a file, or in an older table, became valid again."""
    folder = str(tmp_path)
    for number in range(8):
        commit(folder, number, f"f{number}")
    compact(folder)
    [first, second] = Ledger(folder).parts
    content = storage.read_bytes(first)
    forget(Ledger(folder), [0])
    storage.write_bytes(first, content)  # the driver died before it deleted the older table
    commit(folder, 5, "f5")  # or before it deleted the file
    forget(Ledger(folder), [2, 5])
    storage.delete_files([json_path(folder, 5)])
    assert sorted(Ledger(folder)) == [0, 1, 3, 4, 6, 7] and not {first, second} & {*Ledger(folder).parts}


@pytest.mark.parametrize("action", ["compact", "forget"])
def test_a_crash_at_any_write_or_delete_loses_and_invents_nothing(
    tmp_path: Path, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The n-th change of the disk does not happen, and neither does any later one."""
    for last in range(12):
        folder = str(tmp_path / f"{action}{last}")
        for number in range(12):
            commit(folder, number, f"f{number}")
            if number == 7:
                compact(folder)
        before = dict(Ledger(folder))
        changes = iter(range(100))

        def counted(real, changes=changes, last=last):  # type: ignore[no-untyped-def]
            def change(*args, **kwargs):  # type: ignore[no-untyped-def]
                if next(changes) >= last:
                    raise Stop
                return real(*args, **kwargs)

            return change

        with monkeypatch.context() as patch:
            for name in ("replace", "remove"):
                patch.setattr(storage.os, name, counted(getattr(storage.os, name)))
            finished = True
            try:
                compact(folder) if action == "compact" else forget(Ledger(folder), [2, 9])
            except Stop:
                finished = False
        after = dict(Ledger(folder))
        if action == "forget" and 2 not in after:
            assert after == {number: manifest for number, manifest in before.items() if number != 2}
        else:
            assert after == before and (action == "compact" or not finished)
        compact(folder)
        assert dict(Ledger(folder)) == after


@pytest.mark.parametrize("seed", range(50))
def test_moves_go_to_free_numbers_only(seed: int) -> None:
    random = Random(seed)
    numbers = random.sample(range(20), 9)
    moves = {old: new for old, new in zip(numbers, random.sample(range(20), 9), strict=True) if old != new}
    held = {number: f"shard {number}" for number in moves}
    for old, new in in_order(moves, free=20):
        assert new not in held
        held[new] = held.pop(old)
    assert held == {new: f"shard {old}" for old, new in moves.items()}
