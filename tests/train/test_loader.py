"""The order of the data: every window once per epoch, in a new order each epoch. A position is enough to resume."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.corpus.token_shard import TokenShard, read_corpus
from tokenmill.core.errors import DataError
from tokenmill.train.loader import TokenStream, TrainLoader, permuted


def shard(tokens: np.ndarray) -> TokenShard:
    return TokenShard(Path("made"), tokens.astype(np.uint16), np.array([len(tokens)]), 65_536, -1, -1, 0, bytes(32), "")


def stream(*lengths: int) -> TokenStream:
    """Returns shards of these lengths, whose tokens are 0, 1, 2, … across all shards."""
    ends = np.cumsum(lengths)
    return TokenStream([shard(np.arange(end - n, end)) for end, n in zip(ends, lengths, strict=True)])


def test_a_stream_reads_across_shards_and_empty_ones() -> None:
    tokens = stream(5, 0, 1, 7, 0)
    assert len(tokens) == 13
    for start in range(13):
        for length in range(14 - start):
            assert tokens.read(start, length).tolist() == list(range(start, start + length))


@given(size=st.integers(1, 3000), key=st.text(max_size=5))
@settings(max_examples=100, deadline=None)
def test_permuted_reaches_every_number_once(size: int, key: str) -> None:
    assert sorted(permuted(np.arange(size), size, key=key).tolist()) == list(range(size))


def test_permuted_scatters() -> None:
    order = permuted(np.arange(10_000), 10_000, key="17/0")
    assert abs(np.corrcoef(order, np.arange(10_000))[0, 1]) < 0.03
    steps = np.bincount((np.diff(order) % 10_000) // 1000)  # uniform: 1,000 expected in each of ten, deviation 30
    assert steps.min() > 880 and steps.max() < 1120


def test_every_window_comes_once_an_epoch_in_another_order_each() -> None:
    loader = TrainLoader(stream(300, 205), seq_len=8, seed=1)
    assert (loader.windows, loader.tail_tokens) == (63, 0)
    epochs = [loader.batch(63 * epoch, 63) for epoch in range(3)]
    whole = [list(range(8 * n, 8 * n + 9)) for n in range(63)]
    assert [sorted(epoch.tolist()) for epoch in epochs] == [whole] * 3
    orders = [tuple(epoch[:, 0]) for epoch in epochs]
    assert len(set(orders)) == 3
    assert orders[0] != tuple(epochs[0][:, 0][::-1])


def test_each_token_but_the_first_is_a_target_once_and_the_tail_is_counted() -> None:
    loader = TrainLoader(stream(50, 53), seq_len=8, seed=1)
    targets = np.sort(loader.batch(0, loader.windows)[:, 1:].ravel())
    assert targets.tolist() == list(range(1, 97))
    assert loader.tail_tokens == 103 - 97


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8), start=st.integers(0, 60))
@settings(max_examples=50, deadline=None)
def test_a_position_gives_the_same_samples_whatever_came_before(sizes: list[int], start: int) -> None:
    """Batches of any sizes from any position, also across epochs, are slices of one stream."""
    whole = TrainLoader(stream(200), seq_len=8, seed=4).batch(0, 400)
    resumed, position = TrainLoader(stream(200), seq_len=8, seed=4), start
    for size in sizes:
        assert np.array_equal(resumed.batch(position, size), whole[position : position + size])
        position += size


def test_the_seed_decides_the_order() -> None:
    first, second = (TrainLoader(stream(900), seq_len=8, seed=seed).window_numbers(0, 50).tolist() for seed in (1, 2))
    assert first != second


def test_it_reads_a_corpus(corpus: Path) -> None:
    shards = read_corpus(corpus).shards("train")
    assert len(shards) == 2
    together = np.concatenate([shard.tokens for shard in shards])
    loader = TrainLoader(TokenStream(shards), seq_len=16, seed=0)
    batch, numbers = loader.batch(3, 4), loader.window_numbers(3, 4)
    assert (batch.shape, batch.dtype.name) == ((4, 17), "int64")
    assert batch.tolist() == [together[16 * n : 16 * n + 17].tolist() for n in numbers]


def test_a_split_shorter_than_a_window_is_refused(tmp_path: Path, make_corpus: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"train split: 9 tokens; expected a window of 17"):
        TrainLoader(stream(9), seq_len=16, seed=0)
    with pytest.raises(DataError, match="0 tokens"):
        TrainLoader(stream(), seq_len=16, seed=0)
