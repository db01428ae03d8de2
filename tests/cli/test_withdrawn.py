"""No output has a document of a withdrawn input, and no reader accepts a file that the manifest does not list."""

import gzip
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

if TYPE_CHECKING:
    from conftest import Call

RECIPE = """
run: toy
stages:
  read: [stages.read_table: {paths: "in/*.jsonl", shard_bytes: 600}]
  unique: [stages.exact_dedup]
  tokens:
    from: unique
    steps: [tokenize.encode: {tokenizer: bytes.json}, tokenize.write_shards: {val: 0.0, tokens_per_shard: 400}]
  lines:
    from: unique
    steps: [stages.write_jsonl: {file_bytes: 500}]
"""
TRAIN, LINES = Path("runs/toy/tokens/corpus"), Path("runs/toy/lines/corpus")


@pytest.fixture
def finished(call: "Call", tmp_path: Path) -> Path:
    """The folder of a finished run over four files."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.add_special_tokens(["<|endoftext|>"])
    made.save(str(tmp_path / "bytes.json"))
    (tmp_path / "in").mkdir()
    for name in "abcd":
        texts = (f"Document {number} of the file {name}. " * 3 for number in range(10))
        rows = [json.dumps({"id": f"{name}{number}", "text": text}) for number, text in enumerate(texts)]
        (tmp_path / "in" / f"{name}.jsonl").write_text("\n".join(rows))
    (tmp_path / "toy.yaml").write_text(RECIPE)
    ended = call("run", "toy.yaml", "--workers", "0")
    assert ended.code == 0, ended.err
    return tmp_path


def listed(folder: Path) -> set[str]:
    """The names of the files of token shards that the manifest lists."""
    shards = json.loads((folder / TRAIN / "manifest.json").read_text())["splits"]["train"]
    return {f"{Path(shard['path']).name}.bin" for shard in shards}


def token_files(folder: Path) -> set[str]:
    return {path.name for path in (folder / TRAIN / "train").glob("*.bin")}


def ids_of_tokens(folder: Path) -> set[str]:
    return {id for path in (folder / TRAIN).rglob("*.docs") for id in pq.read_table(path)["id"].to_pylist()}


def ids_of_lines(folder: Path) -> set[str]:
    files = [path for path in (folder / LINES).rglob("*") if ".jsonl" in path.name]
    return {json.loads(line)["id"] for path in files for line in gzip.decompress(path.read_bytes()).splitlines()}


def test_outputs_lose_the_documents_of_withdrawn_inputs(call: "Call", finished: Path) -> None:
    """Regression: the folder had nine shards, the manifest listed four, and `tokens verify` said "verified"."""
    before = token_files(finished)
    assert before == listed(finished) and len(ids_of_tokens(finished)) == len(ids_of_lines(finished)) == 40
    for name in "bd":
        (finished / "in" / f"{name}.jsonl").unlink()
    assert call("run", "toy.yaml", "--workers", "0").code == 0
    assert token_files(finished) == listed(finished) and len(token_files(finished)) < len(before)
    left = {f"{name}{number}" for name in "ac" for number in range(10)}
    assert ids_of_tokens(finished) == ids_of_lines(finished) == left
    assert call("tokens", "verify", str(TRAIN)).code == 0 and call("verify", "runs/toy").code == 0


def test_a_file_that_no_manifest_lists_is_named(call: "Call", finished: Path) -> None:
    shutil.copy(next((finished / TRAIN / "train").glob("*.bin")), finished / TRAIN / "train" / "000099.bin")
    for command in (("tokens", "verify", str(TRAIN)), ("verify", "runs/toy")):
        ended = call(*command)
        assert ended.code == 1 and "train/000099.bin" in ended.err + ended.out


@pytest.mark.parametrize("command", ["tokens verify", "tokens stats", "tokens cat", "train run"])
def test_a_corpus_without_a_manifest_is_refused_by_every_reader(call: "Call", finished: Path, command: str) -> None:
    (finished / TRAIN / "manifest.json").unlink()
    arguments = [*command.split(), str(TRAIN)]
    if command == "train run":
        pytest.importorskip("torch")
        config = Path(__file__).parents[2] / "configs/train/mini.yaml"
        arguments = ["train", "run", str(config), "--data", str(TRAIN), "--out", "model"]
    ended = call(*arguments)
    assert ended.code == 1 and f"{TRAIN}/manifest.json: cannot be read" in ended.err


def test_a_finished_run_with_a_flipped_bit_is_named_by_verify_and_made_again(call: "Call", finished: Path) -> None:
    before = {path: path.read_bytes() for path in (finished / TRAIN).rglob("*.bin")}
    damaged = finished / "runs/toy/unique/data/000002.parquet"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    shutil.rmtree(finished / "runs/toy/tokens")
    assert call("run", "toy.yaml", "--workers", "0").code == 0  # the stage reads the file, and makes it again
    assert {path: path.read_bytes() for path in before} == before
    damaged.write_bytes(content)
    named = call("verify", "runs/toy")
    assert named.code == 1 and "unique/data/000002.parquet" in named.out
    assert call("run", "toy.yaml", "--workers", "0").code == 0 and call("verify", "runs/toy").code == 0
