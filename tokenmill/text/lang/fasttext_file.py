"""Reads a supervised fastText model file into tables that the kernels of fasttext_labels work on.

Source: file format version 12 of fastText 0.9.2; Joulin et al. 2016, arXiv:1612.03651 for the quantised form.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenmill.core.errors import DataError
from tokenmill.text.kernel.arrays import Bytes, Floats, Ints, Longs, Offsets, Ulongs
from tokenmill.text.kernel.cache import frozen

_MAGIC, _VERSION, _SUPERVISED, _HIERARCHICAL_SOFTMAX = 793712314, 12, 3, 1


@dataclass(frozen=True)
class Labels:
    """The tables of a model.

    Attributes:
        names: the labels, without `__label__`.
        rows: float32 (words + n-grams, dimensions): the vectors. The dimensions are padded with zeros to a multiple of
            8. The rows of n-grams are in the order of their buckets.
        words: the bytes of all words, one after the other.
        word_ends: word i is words[word_ends[i]:word_ends[i + 1]].
        slots: hash table of word numbers; -1 is a free slot.
        buckets: number of buckets into which n-grams are hashed.
        present: one bit per bucket, set if the bucket was not pruned.
        before: the row of the first bucket that is present in each group of 64 buckets. `present` and `before` are
            small enough to stay in the processor's cache. Together they give the row of a bucket.
        nodes: float32 (labels - 1, dimensions): the inner nodes of the tree of labels, the root last.
        children: int32 (labels - 1, 2): the children of each node. A number below `labels` is a label; labels + n is
            node n.
        shortest: length of the shortest n-grams, in characters.
        longest: length of the longest n-grams, in characters.
    """

    names: tuple[str, ...]
    rows: Floats
    words: Bytes
    word_ends: Offsets
    slots: Ints
    buckets: int
    present: Ulongs
    before: Longs
    nodes: Floats
    children: Ints
    shortest: int
    longest: int


def read_labels(path: str) -> Labels:
    """Reads a supervised fastText file (.bin or .ftz) with hierarchical softmax and without word n-grams, like lid.176.

    Raises DataError for any other file.
    """
    with open(path, "rb") as file:
        reader = _Reader(path, file.read())
    magic, version = reader.take("<ii")
    if (magic, version) != (_MAGIC, _VERSION):
        raise DataError(f"{path}: starts with {magic}, {version}; expected a fastText model ({_MAGIC}, {_VERSION})")
    _, _, _, _, _, word_grams, loss, model, buckets, shortest, longest, _, _ = reader.take("<12id")
    if (word_grams, loss, model) != (1, _HIERARCHICAL_SOFTMAX, _SUPERVISED) or longest < 1:
        raise DataError(
            f"{path}: model {model}, loss {loss}, wordNgrams {word_grams}, maxn {longest}; expected a supervised model"
            f" ({_SUPERVISED}) with hierarchical softmax ({_HIERARCHICAL_SOFTMAX}), single words and character n-grams"
        )
    size, num_words, num_labels, _, pruned = reader.take("<iiiqq")
    entries = [reader.entry() for _ in range(size)]
    pairs = reader.array("<i4", 2 * max(pruned, 0)).reshape(-1, 2).astype(np.int64)
    kept = np.sort(pairs[:, 0]) if pruned >= 0 else np.arange(buckets)
    rows = _padded(reader.matrix())
    if pruned > 0:
        rows[num_words:] = rows[num_words + pairs[np.argsort(pairs[:, 0]), 1]]
    present = np.zeros(-(-buckets // 64) * 64, dtype=np.uint8)
    present[kept] = 1
    before = num_words + np.cumsum(present.reshape(-1, 64).sum(axis=1)) - present.reshape(-1, 64).sum(axis=1)
    words = [name for name, _ in entries[:num_words]]
    names = tuple(name.decode().removeprefix("__label__") for name, _ in entries[num_words:])
    nodes = _padded(reader.matrix()[: num_labels - 1])
    children = _tree([count for _, count in entries[num_words:]])
    ends = np.cumsum([0] + [len(word) for word in words], dtype=np.int64)
    content = np.frombuffer(b"".join(words), dtype=np.uint8)
    return Labels(
        names=names, rows=frozen(rows), words=frozen(content), word_ends=frozen(ends), slots=frozen(_hash_table(words)),
        buckets=buckets, present=frozen(np.packbits(present, bitorder="little").view(np.uint64)),
        before=frozen(before.astype(np.int64)), nodes=frozen(nodes), children=frozen(children),
        shortest=shortest, longest=longest,
    )  # fmt: skip


def _tree(counts: list[int]) -> Ints:
    """Returns Labels.children: the Huffman tree of labels, which are sorted by descending count."""
    num = len(counts)
    weights = counts + [10**15] * (num - 1)
    children = np.zeros((num - 1, 2), dtype=np.int32)
    leaf, node = num - 1, num
    for made in range(num, 2 * num - 1):
        for side in range(2):
            if leaf >= 0 and weights[leaf] < weights[node]:
                children[made - num, side], leaf = leaf, leaf - 1
            else:
                children[made - num, side], node = node, node + 1
        weights[made] = sum(weights[child] for child in children[made - num])
    return children


def _hash_table(words: list[bytes]) -> Ints:
    """Returns Labels.slots: word numbers by FNV-1a hash, with bytes above 127 sign-extended as in fastText.

    A word whose slot is taken goes into the next free slot.
    """
    slots = np.full(1 << (2 * len(words)).bit_length(), -1, dtype=np.int32)
    for number, word in enumerate(words):
        code = 2166136261
        for byte in word:
            code = (code ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619 & 0xFFFFFFFF
        at = code & (len(slots) - 1)
        while slots[at] >= 0:
            at = (at + 1) & (len(slots) - 1)
        slots[at] = number
    return slots


def _padded(matrix: Floats) -> Floats:
    return np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % 8)))


class _Reader:
    """Reads a model file from start to end. Raises DataError if the file ends too early."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path, self.data, self.at = path, data, 0

    def take(self, form: str) -> tuple[Any, ...]:
        if self.at + struct.calcsize(form) > len(self.data):
            raise DataError(f"{self.path}: ends at byte {len(self.data)}, inside its tables; get the file again")
        values = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return values

    def entry(self) -> tuple[bytes, int]:
        """Reads a dictionary entry; returns (name, count)."""
        end = self.data.find(b"\0", self.at)
        name = self.data[self.at : end]
        self.at = end + 1
        count, _ = self.take("<qb")
        return name, count

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        start = self.at
        self.take(f"{count * np.dtype(kind).itemsize}x")
        return np.frombuffer(self.data, dtype=kind, count=count, offset=start)

    def matrix(self) -> Floats:
        """Reads a matrix; returns it as float32 (rows, dimensions). A quantised matrix is unpacked."""
        if not self.take("?")[0]:
            num, dimensions = self.take("<qq")
            return self.array("<f4", num * dimensions).reshape(num, dimensions).copy()
        with_norms = self.take("?")[0]
        num, dimensions, _ = self.take("<qqi")
        codes = self.array("u1", num * (-(-dimensions // 2))).reshape(num, -1)
        rows = self.centroids(codes)[:, :dimensions]
        if with_norms:
            rows = rows * self.centroids(self.array("u1", num).reshape(num, 1))
        return np.ascontiguousarray(rows, dtype=np.float32)

    def centroids(self, codes: Bytes) -> Floats:
        """Reads a product quantiser; returns the vectors of the codes, float32 (rows, dimensions of all parts)."""
        dimensions, parts, a_part, last = self.take("<iiii")
        table = self.array("<f4", dimensions * 256)
        found = [
            table[part * 256 * a_part :][: 256 * width].reshape(256, width)[codes[:, part]]
            for part, width in ((part, last if part == parts - 1 else a_part) for part in range(parts))
        ]
        return np.concatenate(found, axis=1)
