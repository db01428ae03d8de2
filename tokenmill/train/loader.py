"""Training data in an order that is a function of (seed, position): nothing is kept between batches.

The shards of a split are read as one stream, cut into windows that start every seq_len tokens and are seq_len + 1 long:
the last token of one is the first of the next, so each token but the stream's first is predicted once. What is left at
the end is shorter than a window, is dropped in every epoch and is counted (`tail_tokens`). Sample number s of a run is
in epoch s // windows, and each epoch has its own permutation, so resuming takes one integer, whatever the batch sizes
were. Documents are cut at window borders: a document's rest does not see its beginning.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tokenmill.core.corpus.token_shard import TokenShard
from tokenmill.core.errors import DataError

Ids = npt.NDArray[np.int64]

_ROUNDS = 6


class TokenStream:
    """The shards of a split end to end; len() is its tokens."""

    def __init__(self, shards: Sequence[TokenShard]) -> None:
        self.parts = [shard.tokens for shard in shards if len(shard.tokens)]
        self.ends = np.cumsum([len(part) for part in self.parts], dtype=np.int64)

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def read(self, start: int, length: int) -> Ids:
        """The ids [start, start + length), across shard borders."""
        pieces: list[Ids] = []
        number = int(np.searchsorted(self.ends, start, side="right"))
        while length:
            offset = start - (int(self.ends[number - 1]) if number else 0)
            piece = self.parts[number][offset : offset + length].astype(np.int64)
            pieces.append(piece)
            start, length, number = start + len(piece), length - len(piece), number + 1
        return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int64)


class TrainLoader:
    """Batches of shuffled windows by position. windows: how many an epoch has."""

    def __init__(self, stream: TokenStream, *, seq_len: int, seed: int, place: str = "train split") -> None:
        self.stream, self.seq_len, self.seed = stream, seq_len, seed
        self.windows = max(len(stream) - 1, 0) // seq_len
        self.tail_tokens = max(len(stream) - 1, 0) % seq_len
        if not self.windows:
            raise DataError(f"{place}: {len(stream)} tokens; expected a window of {seq_len + 1}. Lower data.seq_len.")

    def window_numbers(self, position: int, size: int) -> Ids:
        """Which windows the samples [position, position + size) are, int64 (size,)."""
        samples = np.arange(position, position + size, dtype=np.int64)
        epochs = samples // self.windows
        numbers = np.empty(size, dtype=np.int64)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            numbers[here] = permuted(samples[here] % self.windows, self.windows, key=f"{self.seed}/{epoch}")
        return numbers

    def batch(self, position: int, size: int) -> Ids:
        """The samples [position, position + size), int64 (size, seq_len + 1): inputs [:, :-1], targets [:, 1:]."""
        starts = self.window_numbers(position, size) * self.seq_len
        return np.stack([self.stream.read(int(start), self.seq_len + 1) for start in starts])


def permuted(indices: Ids, size: int, *, key: str) -> Ids:
    """Where the order of training data, a permutation of 0..size-1 chosen by the key, sends each index.

    Constant memory, any part on its own. A Feistel network over the next even number of bits (at most 4 x size values),
    walked again from every value that falls outside (Black and Rogaway 2002, Ciphers with Arbitrary Finite Domains,
    section 3).
    """
    half = np.uint64(max(1, ((size - 1).bit_length() + 1) // 2))
    low = (np.uint64(1) << half) - np.uint64(1)
    round_keys = np.frombuffer(hashlib.blake2b(key.encode(), digest_size=8 * _ROUNDS).digest(), dtype="<u8")
    values = indices.astype(np.uint64)
    outside = np.ones(len(values), dtype=bool)
    while outside.any():
        left, right = values[outside] >> half, values[outside] & low
        for round_key in round_keys:
            left, right = right, left ^ (_mixed(right + round_key) & low)
        values[outside] = (left << half) | right
        outside = values >= size
    return values.astype(np.int64)


def _mixed(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finalizer: every input bit reaches the low output bits."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
