"""A corpus and settings so small that a training step takes milliseconds."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tokenmill.core.corpus.token_shard import ShardInfo, write_corpus_manifest, write_token_shard

VOCAB, BOS = 48, 0
SETTINGS: dict[str, Any] = {
    "steps": 12,
    "threads": 1,
    "eval_every": 6,
    "checkpoint_every": 1,
    "keep_checkpoints": 100,
    "model": {"layers": 2, "width": 16, "heads": 2, "kv_heads": 1, "mlp_width": 32},
    "data": {"seq_len": 16, "batch_size": 4},
    "optim": {"learning_rate": 2e-2, "matrix_learning_rate": 2e-2},
    "schedule": {"warmup_steps": 1},
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Limits the computations of the tests themselves to one thread: on a busy machine, two threads wait for each other
    longer than they work.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def document(generator: np.random.Generator) -> np.ndarray:
    """Returns BOS, then numbers that count up from a random start, so that the next token is almost certain."""
    length, start = generator.integers(5, 40), generator.integers(1, VOCAB)
    return np.concatenate([[BOS], (start + np.arange(length)) % (VOCAB - 1) + 1])


@pytest.fixture
def make_corpus() -> Callable[..., Path]:
    """Returns a function that writes a corpus: two train shards and a val shard, with `train` and `val` documents."""

    def make(folder: Path, *, train: int = 40, val: int = 6, seed: int = 0) -> Path:
        generator, tokenizer = np.random.default_rng(seed), b"{}"
        digest = hashlib.sha256(tokenizer).digest()
        splits: dict[str, dict[str, ShardInfo]] = {}
        for stem, count in (("train/000000", train // 2), ("train/000001", train - train // 2), ("val/000000", val)):
            documents = [document(generator) for _ in range(count)]
            rows = [(f"{stem}-{n}", "made", None, 2 * len(d), None, None, None) for n, d in enumerate(documents)]
            info = write_token_shard(
                folder / stem, documents, rows, vocab_size=VOCAB, bos_id=BOS, eos_id=-1, tokenizer_hash=digest
            )
            splits.setdefault(stem.partition("/")[0], {})[stem] = info
        write_corpus_manifest(
            folder,
            splits,
            vocab_size=VOCAB,
            bos_id=BOS,
            eos_id=-1,
            tokenizer_hash=digest,
            shuffle_seed=0,
            recipe_hash="",
        )
        return folder

    return make


@pytest.fixture
def corpus(tmp_path: Path, make_corpus: Callable[..., Path]) -> Path:
    return make_corpus(tmp_path / "corpus")


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Path]:
    """Returns a function that writes SETTINGS with changes. A mapping changes single settings of a section."""

    def make(**changed: object) -> Path:
        settings = dict(SETTINGS)
        for key, value in changed.items():
            settings[key] = {**SETTINGS.get(key, {}), **value} if isinstance(value, dict) else value
        path = tmp_path / "train.yaml"
        path.write_text(yaml.safe_dump(settings))
        return path

    return make
