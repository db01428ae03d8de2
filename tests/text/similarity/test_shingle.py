"""text/similarity/shingle.py: sets of word n-grams as sorted hashes are compared with plain Python."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.similarity.shingle import Shingling, shingled
from tokenmill.text.words.hash import Ragged, word_hashes

MASK = (1 << 64) - 1
WORDS = st.lists(st.one_of(st.integers(0, 3), st.integers(0, MASK)), max_size=40)


def ragged(rows: list[list[int]]) -> Ragged:
    values = np.array([value for row in rows for value in row], dtype=np.uint64)
    return Ragged(frozen(values), frozen(np.cumsum([0, *map(len, rows)])))


def lists(rows: Ragged) -> list[list[int]]:
    return [rows[row].tolist() for row in range(len(rows))]


def plain(words: list[int], ngram: int, *, short: bool = False) -> list[int]:
    found = set()
    ngram = min(ngram, len(words)) if short and words else ngram
    for first in range(len(words) - ngram + 1):
        state = 0
        for word in words[first : first + ngram]:
            state = (state * 0x9FB21C651E98DF25 + word) & MASK
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            state = (state ^ state >> 33) * factor & MASK
        found.add(state ^ state >> 33)
    return sorted(found)


@given(st.lists(WORDS, max_size=5), st.integers(1, 7))
@settings(deadline=None)
def test_sets_are_those_of_the_plain_twin(rows: list[list[int]], ngram: int) -> None:
    assert lists(shingled(ragged(rows), ngram)) == [plain(row, ngram) for row in rows]
    assert lists(shingled(ragged(rows), ngram, short=True)) == [plain(row, ngram, short=True) for row in rows]


def test_repeated_words_and_long_texts_stay_sorted_sets() -> None:
    rows = [[7] * 5000, [1, 2] * 3000, list(range(20_000)), [i % 97 for i in range(10_000)]]
    assert lists(shingled(ragged(rows), 5)) == [plain(row, 5) for row in rows]


def test_shingles_of_a_text_come_from_its_words() -> None:
    batch = pa.record_batch({"text": pa.array(["To be, or not to be!", "too short", "", None], type=pa.large_string())})
    split, shingles = Shingling(5).nominating(batch)
    words = lists(word_hashes(batch)[1])
    assert lists(shingles) == [plain(words[0], 5), [], [], []]
    assert len(shingles[0]) == 2
    assert split.column("text").equals(batch.column("text"))


def test_unmodified_shingles_are_those_of_the_words_as_they_are() -> None:
    batch = pa.record_batch(
        {"text": pa.array(["To be, or not to be!", "too short", " ", None], type=pa.large_string())}
    )
    split, shingles = Shingling(5).verifying(batch)
    words = lists(word_hashes(batch, ())[1])
    assert [len(row) for row in words] == [8, 2, 0, 0]
    assert lists(shingles) == [plain(words[0], 5), plain(words[1], 2), [], []]
    assert split.column("text").equals(batch.column("text"))
