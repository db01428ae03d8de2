"""Generates documents with known clusters of near-duplicates, fast. Their ids are `<cluster>-<copy>`."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ids = npt.NDArray[np.int64]

VOCABULARY = 30_000
WORD = 6
SHORT = 40
_PART = 62_500


def clustered_prose(size: float, seed: int = 0) -> Iterator[tuple[pa.Table, int]]:
    """Yields (table, number of clusters that start in it), about `size` bytes of prose in all.

    Words follow Zipf's law; a document has 100 to 2,000. Every third document has one to four copies, in each of which
    one word in 250 is replaced.
    """
    rng = np.random.default_rng(seed)
    vocabulary = _vocabulary(rng)
    forms = [*vocabulary, *(f"{word}," for word in vocabulary), *(f"{word}." for word in vocabulary)]
    zipf = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    cluster, done = 0, 0
    while done < size:
        ids, texts, first = [], [], cluster
        while len(texts) < 1000 and done < size:
            count = int(rng.integers(100, 2000))
            words = np.searchsorted(zipf, rng.random(count) * zipf[-1]).clip(0, VOCABULARY - 1)
            words += VOCABULARY * rng.choice(3, count, p=(0.86, 0.08, 0.06))
            for copy in range(1 + int(rng.integers(1, 5)) * (cluster % 3 == 0)):
                places = rng.integers(0, count, count // 250 if copy else 0)
                here = words.copy()
                here[places] = rng.integers(0, VOCABULARY, len(places))
                ids.append(f"{cluster:08d}-{copy}")
                texts.append(" ".join([forms[i] for i in here.tolist()]))
                done += len(texts[-1])
            cluster += 1
        yield pa.table({"id": ids, "text": texts}), cluster - first


def quoting_prose(size: float, seed: int = 0) -> Iterator[tuple[pa.Table, int]]:
    """Yields (table, number of quoted characters in it), about `size` bytes of text in all, random except quotations.

    Every third document quotes 200 to 2,000 characters of the document two before it. A digit separates the quotation
    from its context. Digits occur nowhere else, so no quotation is longer than intended.
    """
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(b"etaoinshrdlcumwfgypbvk     ", np.uint8)
    number, done, last = 0, 0, ["", ""]
    while done < size:
        ids, texts, quoted = [], [], 0
        while len(texts) < 1000 and done < size:
            text = letters[rng.integers(0, len(letters), int(rng.integers(3000, 9000)))].tobytes().decode()
            if number % 3 == 2:
                length = int(rng.integers(200, 2000))
                at = int(rng.integers(0, len(last[0]) - length))
                text = f"{text[:1000]}7{last[0][at : at + length]}8{text[1000:]}"
                quoted += length
            last = [last[1], text]
            ids.append(f"{number:08d}")
            texts.append(text)
            done += len(text)
            number += 1
        yield pa.table({"id": ids, "text": texts}), quoted


def short_documents(count: int, seed: int = 0) -> Iterator[tuple[pa.Table, int]]:
    """Yields (table, number of copies in it), `count` documents of 40 words (36 shingles) in all.

    Every fifth document is a copy of an earlier one with another last word, so the two share 35 of 37 shingles. A
    document has up to ten copies.
    """
    rng = np.random.default_rng(seed)
    letters = np.frombuffer("".join(word.ljust(WORD, "x")[:WORD] + " " for word in _vocabulary(rng)).encode(), np.uint8)
    letters = letters.reshape(-1, WORD + 1)
    for first in range(0, count, _PART):
        rows = min(_PART, count - first)
        words = rng.integers(0, len(letters), (rows, SHORT))
        of = np.arange(rows)
        copies = np.flatnonzero(of % 5 == 4)
        of[copies] = copies - copies % 50
        words[copies, : SHORT - 1] = words[of[copies], : SHORT - 1]
        order = rng.permutation(rows)
        text = letters[words[order].ravel()].ravel()
        offsets = np.arange(rows + 1, dtype=np.int64) * (SHORT * (WORD + 1))
        texts = pa.Array.from_buffers(pa.large_string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
        ids = [f"{first + o:08d}-{i}" for o, i in zip(of[order].tolist(), order.tolist(), strict=True)]
        yield pa.table({"id": ids, "text": texts}), len(copies)


def _vocabulary(rng: np.random.Generator) -> list[str]:
    syllables = np.array([a + b for a in "bcdfghjklmnprstvw" for b in ("a", "e", "i", "o", "u", "ar", "en", "is")])
    made = syllables[rng.integers(0, len(syllables), (2 * VOCABULARY, 4))]
    lengths = rng.choice((2, 3, 4), 2 * VOCABULARY, p=(0.2, 0.5, 0.3))
    words = ("".join(row[:length]) for row, length in zip(made.tolist(), lengths.tolist(), strict=True))
    return list(dict.fromkeys(words))[:VOCABULARY]
