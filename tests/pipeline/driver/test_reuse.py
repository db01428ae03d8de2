"""Results follow their input to its new number and are not made again, wherever the driver dies in between."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.core.io import storage
from tokenmill.pipeline.driver import globals as globals_module
from tokenmill.pipeline.driver import reuse as reuse_module
from tokenmill.pipeline.driver import run as run_module
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record import ledger as ledger_module
from tokenmill.pipeline.record import lock
from tokenmill.pipeline.record.kept import kept_fingerprints, kept_manifest
from tokenmill.pipeline.record.ledger import Ledger, whole_manifest
from tokenmill.pipeline.record.verify import verify_stage

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{stages.read_table: {paths: [PATHS], shard_bytes: 100000}}]
  short: [toolbox.length]
"""
WITH_OUTPUT = RECIPE + "  lines: [stages.write_jsonl]\n"
SETTING = "toolbox.length"
OTHER = "{toolbox.length: {min_characters: 60}}"
FIRST, MORE = "bdfh", "a"


class Stop(Exception):
    """The driver dies here."""


def write(folder: Path, names: str) -> None:
    for name in names:
        rows = [{"id": f"{name}{n}", "text": f"{name} says {n} " * (n + 1)} for n in range(9)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def go(folder: Path, data: Path, names: str = "*", *, recipe: str = RECIPE) -> None:
    edited(folder, data, SETTING, names, recipe=recipe)


def edited(folder: Path, data: Path, work: str, names: str = "*", *, recipe: str = RECIPE, **options: object) -> None:
    """Runs the recipe with another setting of the second stage."""
    paths = ", ".join(f'"{data}/{name}.jsonl"' for name in names)
    (folder / "r.yaml").write_text(recipe.replace("PATHS", paths).replace(SETTING, work))
    chosen = Options(out=str(folder / "runs"), plugins="toolbox", **options)  # type: ignore[arg-type]
    assert not run(load_recipe(folder / "r.yaml"), InProcess(), chosen, progress_for("none")).failures


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, *, at: int) -> Iterator[None]:
    """Lets the driver die at the file change with this number; neither it nor any later change happens."""
    changes = itertools.count()

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def change(*args: object, **kwargs: object) -> object:
            if next(changes) >= at:
                raise Stop
            return real(*args, **kwargs)

        return change

    with monkeypatch.context() as patch:
        for name in ("replace", "remove", "link", "unlink", "rmdir"):
            patch.setattr(storage.os, name, counted(getattr(storage.os, name)))
        yield


def files(folder: Path) -> dict[str, bytes]:
    root = folder / "runs/toy"
    found = (path for kind in ("data", "dropped") for path in root.glob(f"*/{kind}/*"))
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def made(folder: Path) -> dict[str, object]:
    """Returns {fingerprint: when and on which host it was made} for the results of all stages."""
    manifests = (one for stage in ("read", "short") for one in Ledger(str(folder / "runs/toy" / stage)).values())
    return {one.fingerprint: (one.timing, one.host) for one in manifests}


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(lock, "_SETTLE_SECONDS", 0.0)  # no other driver takes these locks
    monkeypatch.setattr(storage.os, "fsync", lambda file: None)  # a hundred runs would mostly wait for the disk
    for module in (ledger_module, run_module):
        monkeypatch.setattr(module, "PART_ROWS", request.param)


@pytest.mark.parametrize("tables", [3, 1000], indirect=True, ids=["in tables", "in files"])
def test_results_move_with_their_input_through_a_crash_at_any_change(
    tmp_path: Path, tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, fresh, start = (tmp_path / name for name in ("data", "fresh", "start"))
    for folder in (data, fresh, start):
        folder.mkdir()
    write(data, FIRST)
    go(start, data)
    before = made(start)
    write(data, MORE)
    (data / "h.jsonl").unlink()
    go(fresh, data)
    whole, last, stopped = files(fresh), 0, True
    while stopped:
        folder = tmp_path / f"stopped{last}"
        shutil.copytree(start, folder)
        with dying(monkeypatch, at=last), suppress(Stop):
            go(folder, data)
            stopped = False
        go(folder, data)
        assert files(folder) == whole
        kept = {fingerprint: how for fingerprint, how in made(folder).items() if fingerprint in before}
        assert len(kept) == 2 * (len(FIRST) - 1) and kept == {name: before[name] for name in kept}
        last += 1
    assert last > 25


@pytest.mark.parametrize("tables", [3, 1000], indirect=True, ids=["in tables", "in files"])
def test_files_that_change_places_in_a_ring_are_not_made_again(tmp_path: Path, tables: None) -> None:
    data, fresh = tmp_path / "data", tmp_path / "fresh"
    data.mkdir()
    fresh.mkdir()
    write(data, FIRST)
    go(tmp_path, data, FIRST)
    before = made(tmp_path)
    for folder in (tmp_path, fresh):
        go(folder, data, FIRST[1:] + FIRST[0])
    assert files(tmp_path) == files(fresh)
    assert made(tmp_path) == before != made(fresh)


def kept(folder: Path) -> list[str]:
    """Returns "stage/fingerprint" of each result that is set aside."""
    return sorted(f"{path.parent.parent.name}/{path.name}" for path in (folder / "runs/toy").glob("*/kept/*"))


def test_results_of_other_settings_are_set_aside_and_return(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write(data, FIRST)
    go(tmp_path, data)
    first, when = files(tmp_path), made(tmp_path)
    edited(tmp_path, data, OTHER)
    assert len(kept(tmp_path)) == len(FIRST) and files(tmp_path).keys() == first.keys()
    second = files(tmp_path)
    assert second != first
    go(tmp_path, data)
    assert files(tmp_path) == first and made(tmp_path) == when and len(kept(tmp_path)) == len(FIRST)
    edited(tmp_path, data, OTHER)
    assert files(tmp_path) == second


@pytest.mark.parametrize("left", [FIRST[1], FIRST[0], FIRST[:3]], ids=["moved", "first", "all but the last"])
def test_results_of_withdrawn_input_are_set_aside_and_return(tmp_path: Path, left: str) -> None:
    """Regression: if the last inputs were withdrawn, all others were done, so their results stayed in their place."""
    data = tmp_path / "data"
    data.mkdir()
    write(data, FIRST)
    go(tmp_path, data, FIRST)
    first, when = files(tmp_path), made(tmp_path)
    go(tmp_path, data, left)
    assert len(files(tmp_path)) == 4 * len(left) and len(kept(tmp_path)) == 2 * (len(FIRST) - len(left))
    go(tmp_path, data, FIRST)
    assert files(tmp_path) == first and made(tmp_path) == when and kept(tmp_path) == []


@pytest.mark.parametrize("tables", [3, 1000], indirect=True, ids=["in tables", "in files"])
@pytest.mark.parametrize("recipe", [RECIPE, pytest.param(WITH_OUTPUT, marks=pytest.mark.slow)], ids=["steps", "writer"])
def test_no_file_of_a_withdrawn_input_stays_wherever_the_driver_dies(
    tmp_path: Path, tables: None, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last input, without which all other results are in their place."""
    data, fresh, start = (tmp_path / name for name in ("data", "fresh", "start"))
    for folder in (data, fresh, start):
        folder.mkdir()
    write(data, FIRST[:2])
    go(start, data, recipe=recipe)
    (data / f"{FIRST[1]}.jsonl").unlink()
    go(fresh, data, recipe=recipe)
    last, stopped = 0, True
    while stopped:
        folder = tmp_path / f"stopped{last}"
        shutil.copytree(start, folder)
        with dying(monkeypatch, at=last), suppress(Stop):
            go(folder, data, recipe=recipe)
            stopped = False
        go(folder, data, recipe=recipe)
        assert files(folder) == files(fresh) and output(folder) == output(fresh) and sound(folder), last
        last += 1
    assert last > 15


@pytest.mark.parametrize("tables", [1], indirect=True, ids=["in tables"])
def test_an_output_follows_its_inputs_if_its_manifests_are_in_many_tables(tmp_path: Path, tables: None) -> None:
    """Regression: with more than four tables the driver opened one that it had deleted, and the run failed."""
    data = tmp_path / "data"
    data.mkdir()
    write(data, "abcdef")
    for names in ("abcde", "ace", "abcdef"):
        fresh = tmp_path / names
        fresh.mkdir()
        go(tmp_path, data, names, recipe=WITH_OUTPUT)
        go(fresh, data, names, recipe=WITH_OUTPUT)
        assert files(tmp_path) == files(fresh) and output(tmp_path) == output(fresh) and sound(tmp_path)


@pytest.mark.parametrize("last", ["_sweep", "write_shard_manifests"])
def test_no_file_of_a_withdrawn_input_stays_in_an_output_that_was_interrupted(
    tmp_path: Path, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shards of the output have drop records but no manifests: these were just deleted, or not written yet.

    Regression: the drop records stayed, and `verify` named them as files that no manifest lists.
    """
    data, fresh = tmp_path / "data", tmp_path / "fresh"
    data.mkdir()
    fresh.mkdir()
    write(data, FIRST)
    if last == "_sweep":
        go(tmp_path, data, FIRST, recipe=WITH_OUTPUT)
    module = reuse_module if last == "_sweep" else globals_module
    real = getattr(module, last)

    def dies(first: object, *others: object) -> None:
        if getattr(first, "name", "lines") == "lines":  # the first argument of _sweep is a stage
            raise Stop
        real(first, *others)

    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr(module, last, dies)
        go(tmp_path, data, FIRST[1:3] if last == "_sweep" else FIRST, recipe=WITH_OUTPUT)
    lines = tmp_path / "runs/toy/lines"
    assert not Ledger(str(lines)) and len(list((lines / "dropped").iterdir())) == len(FIRST)
    for folder in (tmp_path, fresh):
        go(folder, data, FIRST[1:3], recipe=WITH_OUTPUT)
    assert files(tmp_path) == files(fresh) and output(tmp_path) == output(fresh) and sound(tmp_path)


def output(folder: Path) -> dict[str, bytes]:
    corpus = folder / "runs/toy/lines/corpus"
    return {str(path.relative_to(corpus)): path.read_bytes() for path in corpus.rglob("*") if path.is_file()}


def sound(folder: Path) -> bool:
    """Returns whether `pipeline verify` would find nothing wrong in any stage."""
    stages = [str(folder / "runs/toy" / stage) for stage in ("read", "short", "lines")]
    return all(verify_stage(stage, kept=True, told=lambda *_: None).good for stage in stages)


def test_a_new_run_takes_over_the_results_of_another_that_match(tmp_path: Path) -> None:
    data, second = tmp_path / "data", tmp_path / "second"
    data.mkdir()
    second.mkdir()
    write(data, FIRST)
    go(tmp_path, data)
    write(data, MORE)
    edited(second, data, OTHER, reuse=str(tmp_path / "runs/toy"))
    first = made(tmp_path)
    read = Ledger(str(second / "runs/toy/read"))
    assert len(set(read.fingerprints.values()) & set(first)) == len(FIRST) and len(read) == len(FIRST) + 1
    assert all((one.timing, one.host) == first[one.fingerprint] for one in read.values() if one.fingerprint in first)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    edited(fresh, data, OTHER)
    assert files(second) == files(fresh)
    with pytest.raises(RecipeError, match="no run here"):
        edited(second, data, OTHER, reuse=str(data))


def test_a_damaged_result_of_another_run_is_not_taken_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data, second = tmp_path / "data", tmp_path / "second"
    data.mkdir()
    second.mkdir()
    write(data, FIRST)
    go(tmp_path, data)
    whole = files(tmp_path)
    damaged = tmp_path / "runs/toy/read/data/000000.parquet"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    edited(second, data, SETTING, reuse=str(tmp_path / "runs/toy"))
    assert files(second) == whole and f"{damaged}: " in caplog.text


def test_discard_deletes_what_is_not_wanted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write(data, FIRST)
    go(tmp_path, data)
    edited(tmp_path, data, OTHER, discard=True)
    assert kept(tmp_path) == []


def test_limited_and_marked_runs_leave_the_finished_run_as_it_is(tmp_path: Path) -> None:
    """Regression: they deleted all its results."""
    data = tmp_path / "data"
    data.mkdir()
    write(data, FIRST)
    go(tmp_path, data)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs/toy").rglob("*") if path.is_file()}
    edited(tmp_path, data, SETTING, limit=3)
    edited(tmp_path, data, SETTING, mark_only=True)
    edited(tmp_path, data, SETTING, limit=3, mark_only=True)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "runs/toy").rglob("*") if path.is_file()} == before
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert names == ["toy", "toy--limit-3", "toy--limit-3--mark-only", "toy--mark-only"]


@pytest.mark.parametrize("tables", [3, 1000], indirect=True, ids=["in tables", "in files"])
@pytest.mark.parametrize("way", ["set aside", pytest.param("restored", marks=pytest.mark.slow)])
@pytest.mark.parametrize("recipe", [RECIPE, pytest.param(WITH_OUTPUT, marks=pytest.mark.slow)], ids=["steps", "writer"])
def test_every_finished_result_is_in_its_place_or_kept_wherever_a_replacement_dies(
    tmp_path: Path, tables: None, recipe: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, start = tmp_path / "data", tmp_path / "start"
    data.mkdir()
    start.mkdir()
    write(data, FIRST)
    go(start, data, recipe=recipe)
    before = made(start)
    if way == "restored":
        edited(start, data, OTHER, recipe=recipe)
    there = finished(start)
    last, stopped = 0, True
    while stopped:
        folder = tmp_path / f"stopped{last}"
        shutil.copytree(start, folder)
        with dying(monkeypatch, at=last), suppress(Stop):
            edited(folder, data, OTHER if way == "set aside" else SETTING, recipe=recipe)
            stopped = False
        assert finished(folder) >= there, last
        go(folder, data, recipe=recipe)
        assert made(folder) == before and finished(folder) >= there, last
        shutil.rmtree(folder)
        last += 1
    assert last > 25


def finished(folder: Path) -> set[str]:
    """Returns the fingerprints of complete results, in their place or in kept/."""
    found = set()
    for stage in ("read", "short", "lines"):
        place = str(folder / "runs/toy" / stage)
        ledger = Ledger(place)
        found |= {ledger.fingerprints[number] for number in ledger if ledger.whole(number)}
        found |= {name for name in kept_fingerprints(place) if kept_manifest(place, name) is not None}
        output = whole_manifest(f"{place}/manifest/corpus.json", place)
        found |= {output.fingerprint} if output is not None else set()
    return found


BOTH = """
run: toy
excerpt: 0
stages:
  fruit: [{toolbox.numbered: {files: [apple], rows: 3}}]
  trees: [{toolbox.numbered: {files: [oak], rows: 3}}STEP]
  both: {from: [fruit, trees], steps: [toolbox.shout]}
"""


ADDS = ', {stages.function: {function: "toolbox.calls:nothing", columns: {score: TYPE}}}'
CHANGES = [("", ", toolbox.length"), (ADDS.replace("TYPE", "int"), ADDS.replace("TYPE", "float"))]


@pytest.mark.parametrize(("first", "then"), CHANGES)
def test_a_column_that_changes_in_one_input_changes_the_results_of_all(tmp_path: Path, first: str, then: str) -> None:
    """Shards of a stage with several inputs have the columns of all inputs.

    Regression: the shards that come from `fruit` kept their results, with the old columns.
    """
    contents = {}
    for name, steps in (("again", [first, then]), ("once", [then])):
        for step in steps:
            (tmp_path / "r.yaml").write_text(BOTH.replace("STEP", step))
            options = Options(out=str(tmp_path / name), plugins="toolbox")
            assert not run(load_recipe(tmp_path / "r.yaml"), InProcess(), options, progress_for("none")).failures
        files = sorted((tmp_path / name / "toy/both/data").glob("*"))
        contents[name] = [file.read_bytes() for file in files]
    assert contents["again"] == contents["once"] and len(contents["once"]) == 2
