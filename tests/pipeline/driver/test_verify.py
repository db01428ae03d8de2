"""A finished run is checked whole: every flipped bit is found and named, and the next run makes the file again."""

import json
import shutil
from pathlib import Path
from random import Random

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from tokenmill.cli.app import app
from tokenmill.pipeline.driver import run as run_module
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import Options
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record import ledger as ledger_module
from tokenmill.pipeline.record import lock
from tokenmill.pipeline.record.ledger import Ledger
from tokenmill.pipeline.record.lock import locked
from tokenmill.pipeline.record.manifest import to_json

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {rows: 8}}]
  short: [toolbox.length]
  unique: [stages.exact_dedup]
  lines:
    from: [unique]
    steps: [{stages.write_jsonl: {file_bytes: 5000}}]
  tokens:
    from: [unique]
    steps: [{tokenize.encode: {tokenizer: TOKENIZER}}, {tokenize.write_shards: {val: 0.2, tokens_per_shard: 3000}}]
"""
KINDS = ("data", "dropped", "manifest", "corpus")


def run(folder: Path, recipe: Path) -> None:
    options = Options(out=str(folder / "runs"), plugins="toolbox")
    assert run_recipe(load_recipe(recipe), InProcess(), options, progress_for("none")).failures == []


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, of which one half of the manifests is in tables."""
    folder = tmp_path_factory.mktemp("made")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.save(str(folder / "bytes.json"))
    (folder / "r.yaml").write_text(RECIPE.replace("TOKENIZER", str(folder / "bytes.json")))
    with pytest.MonkeyPatch.context() as patch:
        for module in (ledger_module, run_module):
            patch.setattr(module, "PART_ROWS", 3)
        run(folder, folder / "r.yaml")
    assert list(folder.rglob("part-*.parquet"))
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "runs", tmp_path / "runs")
    return tmp_path


def files_of(folder: Path, kinds: tuple[str, ...] = KINDS) -> list[Path]:
    root = folder / "runs/toy"
    return sorted(p for p in root.rglob("*") if p.is_file() and set(kinds) & set(p.relative_to(root).parts))


def contents(folder: Path) -> dict[str, bytes]:
    covered = files_of(folder, ("data", "dropped", "corpus"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in covered if "kept" not in path.parts}


def verify(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    capsys.readouterr()
    try:
        code = app(["verify", str(folder / "runs/toy"), *options], standalone_mode=False) or 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, capsys.readouterr().out


def test_a_sound_run_is_good(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = verify(copy, capsys)
    assert code == 0 and out.count("as they were written") == 5
    code, out = verify(copy, capsys, "--json", "--stage", "tokens")
    said = json.loads(out)
    assert code == 0 and said["good"] and [one["stage"] for one in said["stages"]] == ["tokens"]
    assert said["stages"][0]["files"] > 10


@pytest.mark.parametrize("seed", range(24))
def test_a_flipped_bit_is_named_and_the_next_run_mends_it(
    made: Path, copy: Path, seed: int, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """`run` said "already done", and the report "balanced"."""
    random = Random(seed)
    damaged = random.choice(files_of(copy, (KINDS[seed % len(KINDS)],)))
    content = bytearray(damaged.read_bytes())
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    damaged.write_bytes(bytes(content))
    code, out = verify(copy, capsys)
    assert code == 1 and str(damaged) in out and "Run the recipe again" in out
    run(copy, made / "r.yaml")
    assert contents(copy) == contents(made)
    assert verify(copy, capsys)[0] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_gone_is_named(made: Path, copy: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    gone = next(path for path in files_of(copy, (kind,)) if path.suffix != ".json")
    gone.unlink()
    code, out = verify(copy, capsys)
    assert code == (0 if kind == "none" else 1)
    assert kind == "manifest" or f"{gone}: is gone" in out
    run(copy, made / "r.yaml")
    assert contents(copy) == contents(made) and verify(copy, capsys)[0] == 0


def test_a_manifest_of_another_shard_is_named(made: Path, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = copy / "runs/toy/short"
    mine = folder / "manifest/000003.json"
    mine.write_bytes(to_json(Ledger(str(folder))[2]))
    code, out = verify(copy, capsys)
    assert code == 1 and f"{mine}: unreadable, or another shard's" in out
    run(copy, made / "r.yaml")
    assert contents(copy) == contents(made) and verify(copy, capsys)[0] == 0


def test_files_that_no_manifest_lists_are_named(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strays = ["read/data/000009.parquet", "short/dropped/notes.txt", "lines/corpus/9.jsonl.gz", "tokens/corpus/train/x"]
    for stray in strays:
        (copy / "runs/toy" / stray).write_bytes(b"stray")
    (copy / "runs/toy/read/data/000001.parquet.0123456789ab.tmp").write_bytes(b"unfinished")
    code, out = verify(copy, capsys)
    assert code == 1 and out.count("1 files that no manifest lists") == 4 and "1 unfinished files" in out
    assert all(str(copy / "runs/toy" / stray) in out for stray in strays)
    code, out = verify(copy, capsys, "--json", "--stage", "lines")
    assert code == 1 and json.loads(out)["stages"][0]["unlisted"] == [str(copy / "runs/toy" / strays[2])]


def test_results_in_kept_are_checked_if_that_is_asked_for(
    made: Path, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.yaml").write_text((made / "r.yaml").read_text().replace("rows: 8", "rows: 9"))
    run(copy, tmp_path / "other.yaml")
    kept = sorted((copy / "runs/toy/short/kept").glob("*/data/*"))
    kept[1].write_bytes(b"x" * kept[1].stat().st_size)
    assert verify(copy, capsys)[0] == 0
    code, out = verify(copy, capsys, "--kept")
    assert code == 1 and str(kept[1]) in out
    run(copy, made / "r.yaml")
    assert contents(copy) == contents(made) and verify(copy, capsys)[0] == 0


def test_data_that_was_deleted_after_use_is_not_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = RECIPE.partition("  lines")[0].replace("[toolbox.length]", "{keep: false, steps: [toolbox.length]}")
    (tmp_path / "r.yaml").write_text(text)
    run(tmp_path, tmp_path / "r.yaml")
    assert not (tmp_path / "runs/toy/short/data").exists()
    assert verify(tmp_path, capsys)[0] == 0


def test_while_a_driver_is_at_work_nothing_is_changed(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:

    damaged = files_of(copy, ("data",))[0]
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    before = sorted(files_of(copy, ("manifest",)))
    monkeypatch.setattr(lock, "_lives", bool)
    with locked(str(copy / "runs/toy")):
        code, out = verify(copy, capsys)
    assert code == 1 and str(damaged) in out and "A driver is at work on this run" in out
    assert sorted(files_of(copy, ("manifest",))) == before
