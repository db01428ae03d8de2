"""`verify` checks a finished run completely: it names every flipped bit, and the next run makes the file again."""

import errno
import json
import shutil
from pathlib import Path
from random import Random

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from tokenmill.cli.app import app
from tokenmill.core.errors import DataError
from tokenmill.core.io import parquet
from tokenmill.core.io.storage import FileRecord
from tokenmill.pipeline.driver import run as run_module
from tokenmill.pipeline.driver.globals import GlobalStage
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record import ledger as ledger_module
from tokenmill.pipeline.record import lock
from tokenmill.pipeline.record.kept import kept_fingerprints, sound_manifest
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
    """Returns the folder of a finished run that has half of its manifests in tables."""
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
    """Regression: `run` said "already done", and the report said "balanced"."""
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
    assert code == 1
    assert ("files that no manifest lists" if kind == "manifest" else f"{gone}: is gone") in out
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


def report(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    try:
        code = app(["report", str(folder / "runs/toy")], standalone_mode=False) or 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("tokens/manifest/corpus.json", "tokens/manifest/corpus.json is"),
        ("tokens/corpus/train", "tokens/corpus/train/000000.bin"),
        ("tokens/dropped", "tokens/dropped/000000.parquet"),
        ("lines/corpus", "lines/corpus/"),
        ("unique/data/000000.parquet", "unique/data/000000.parquet is"),
        ("short/dropped/000001.parquet", "short/dropped/000001.parquet is"),
    ],
)
@pytest.mark.parametrize("way", ["gone", "empty"])
def test_the_report_names_files_that_are_missing(
    made: Path, copy: Path, path: str, named: str, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Regression: the report said "balanced"."""
    assert report(copy, capsys)[0] == 0
    target = copy / "runs/toy" / path
    for one in [target, *sorted(target.glob("*"))] if way == "empty" else []:
        if one.is_file():
            one.write_bytes(b"")
    if way == "gone":
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    code, out = report(copy, capsys)
    assert code == 1 and f"{copy}/runs/toy/{named}" in out and "incomplete: " in out and "balanced" not in out
    assert "`pipelineverify`comparescontent" in "".join(out.split())  # a line may end between any two words


@pytest.mark.parametrize("way", ["gone", "empty", "flipped"])
@pytest.mark.parametrize("checked", [True, False])
def test_damaged_facts_are_named_and_made_again(
    made: Path, copy: Path, way: str, checked: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = copy / "runs/toy/unique/facts.json"
    before = facts.read_bytes()
    if way == "flipped":
        flip(facts)
    else:
        facts.unlink()
        facts.write_bytes(b"") if way == "empty" else None
    code, out = report(copy, capsys)
    assert code == 1 and f"{facts} is" in out
    if checked:
        code, out = verify(copy, capsys)
        assert code == 1 and f"{facts}: is " in out
    run(copy, made / "r.yaml")
    assert facts.read_bytes() == before and contents(copy) == contents(made)
    assert verify(copy, capsys)[0] == 0 == report(copy, capsys)[0]


def test_results_that_return_from_kept_have_their_own_facts(
    made: Path, edited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: the facts of the settings in between stayed, or the whole stage ran again to count them."""
    first, facts = made / "runs/toy/unique/facts.json", edited / "runs/toy/unique/facts.json"
    assert facts.read_bytes() != first.read_bytes()
    monkeypatch.delattr(GlobalStage, "run")
    run(edited, made / "r.yaml")
    assert facts.read_bytes() == first.read_bytes()
    when = [[(one.host, one.timing) for one in Ledger(str(one_facts.parent)).values()] for one_facts in (first, facts)]
    assert when[0] == when[1]


@pytest.fixture(scope="module")
def made_edited(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a run that ran again with another setting, so that the first results are in kept/."""
    folder = tmp_path_factory.mktemp("edited")
    shutil.copytree(made / "runs", folder / "runs")
    (folder / "other.yaml").write_text((made / "r.yaml").read_text().replace("rows: 8", "rows: 9"))
    run(folder, folder / "other.yaml")
    return folder


@pytest.fixture
def edited(made_edited: Path, tmp_path: Path) -> Path:
    shutil.copytree(made_edited / "runs", tmp_path / "runs")
    return tmp_path


def test_an_edited_manifest_of_a_corpus_is_refused_and_written_again(
    made: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Regression: `tokens verify` compared only what the shards record about themselves."""
    manifest = copy / "runs/toy/tokens/corpus/manifest.json"
    content = manifest.read_text()
    manifest.write_text(content.replace('"shuffle_seed": 0', '"shuffle_seed": 1'))
    with pytest.raises(DataError, match=r"manifest\.json: not as it was written"):
        app(["tokens", "verify", str(manifest.parent)], standalone_mode=False)
    manifest.unlink()
    run(copy, made / "r.yaml")
    assert manifest.read_text() == content and contents(copy) == contents(made)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()  # it may be a link to another file, which must not change
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("stage", ["short", "unique", "lines", "tokens"])
def test_damaged_results_do_not_return_from_kept(
    made: Path, edited: Path, stage: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Regression: only their sizes were compared, so a damaged corpus returned as complete and public."""
    damaged = [path for path in files_of(edited, ("kept",)) if stage in path.parts and path.name != "manifest.json"]
    damaged += (edited / "runs/toy" / stage / "kept").glob("*/corpus/manifest.json")
    for path in damaged:
        flip(path)
    damaged[0].write_bytes(b"")
    run(edited, made / "r.yaml")
    assert damaged and all(str(path) in caplog.text for path in damaged)
    assert contents(edited) == contents(made) and verify(edited, capsys)[0] == 0


@pytest.mark.parametrize("stage", ["short", "tokens"])
def test_damage_in_kept_is_named_and_cannot_return(
    made: Path, edited: Path, stage: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    kept = [path for path in files_of(edited, ("kept",)) if stage in path.parts and path.suffix in (".bin", ".parquet")]
    flip(kept[0])
    assert verify(edited, capsys, "--no-kept")[0] == 0 == verify(edited, capsys, "--stage", "read")[0]
    code, out = verify(edited, capsys, "--stage", stage)
    assert code == 1 and f"{kept[0]}: " in out and "set aside in kept/" in out and not kept[0].exists()
    assert "Run the recipe again" not in out
    assert verify(edited, capsys)[0] == 0
    run(edited, made / "r.yaml")
    assert contents(edited) == contents(made) and verify(edited, capsys)[0] == 0


def test_what_cannot_be_read_now_is_not_deleted(
    made: Path, edited: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a store is down for an hour, that says nothing about its objects."""
    before = {path: path.read_bytes() for path in files_of(edited, ("data", "kept"))}

    def no_luck(path: str) -> FileRecord:
        raise OSError(errno.EIO, "Input/output error", path)

    with monkeypatch.context() as patch:
        patch.setattr(parquet, "file_record", no_luck)
        code, out = verify(edited, capsys)
        assert code == 1 and "cannot be read" in out
        for fingerprint in kept_fingerprints(str(edited / "runs/toy/short")):
            assert sound_manifest(str(edited / "runs/toy/short"), fingerprint) is None
    assert {path: path.read_bytes() for path in files_of(edited, ("data", "kept"))} == before
    assert verify(edited, capsys)[0] == 0


def test_a_damaged_manifest_in_kept_is_named(made: Path, edited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = next((edited / "runs/toy/short/kept").glob("*/manifest.json"))
    flip(manifest)
    code, out = verify(edited, capsys)
    assert code == 1 and f"{manifest}: unreadable" in out
    assert verify(edited, capsys)[0] == 0 and not manifest.parent.exists()


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
    assert code == 1 and str(damaged) in out and "A driver is working on this run" in out
    assert sorted(files_of(copy, ("manifest",))) == before
