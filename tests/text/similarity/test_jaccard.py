"""text/similarity/jaccard.py: the similarity on which every removal is based."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.similarity.jaccard import jaccard_of_pairs, jaccard_of_sets, jaccard_of_texts, similarity
from tokenmill.text.words.fold import ALONE, fold_table
from tokenmill.text.words.hash import Ragged
from tokenmill.text.words.segment import words

SETS = st.sets(st.one_of(st.integers(0, 30), st.integers(0, (1 << 64) - 1)), max_size=60)
TEXT = st.lists(
    st.sampled_from(["the", "The", "cat,", "sat", "on", "a", "mat", "12", "13", "é", "字字", "don't", "-"]), max_size=14
).map(" ".join)


def plain(a: set[int] | set[tuple[str, ...]], b: set[int] | set[tuple[str, ...]]) -> float:
    return len(a & b) / len(a | b) if a and b else 0.0


def grams(text: str, ngram: int) -> set[tuple[str, ...]]:
    """Returns runs of unmodified words of the shared split, or one run if there are fewer words. A letter like 字 is a
    word.
    """
    split = words(pa.record_batch({"text": pa.array([text], type=pa.large_string())}))[1]
    encoded = text.encode()
    spans = zip(split.starts.tolist(), split.ends.tolist(), strict=True)
    parts = (spaced(encoded[a:b].decode()).split() for a, b in spans)
    found = [part for some in parts for part in some]
    return {tuple(found[i : i + ngram]) for i in range(max(1, len(found) - ngram + 1))} if found else set()


def spaced(word: str) -> str:
    """Puts spaces around each letter of a script that has no spaces between words."""
    codes = fold_table(())[0]
    return "".join(f" {letter} " if codes[ord(letter)] & ALONE else letter for letter in word)


def array(values: set[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(sorted(values), dtype=np.uint64)


@given(SETS, SETS)
@settings(deadline=None)
def test_similarity_of_sets_is_that_of_python_sets(a: set[int], b: set[int]) -> None:
    assert jaccard_of_sets(array(a), array(b)) == plain(a, b)


@given(SETS, SETS, st.floats(0.01, 1.0))
@settings(deadline=None)
def test_giving_up_early_never_loses_a_pair_at_the_threshold(a: set[int], b: set[int], threshold: float) -> None:
    values = frozen(np.concatenate([array(a), array(b)]))
    for wanted in (threshold, plain(a, b) or 1.0):
        found = similarity(values, np.int64(0), len(a), len(a), len(values), wanted)
        assert found == plain(a, b) if plain(a, b) >= wanted else found < wanted


@given(TEXT, TEXT, st.integers(1, 5))
@settings(deadline=None)
def test_similarity_of_texts_is_that_of_their_sets_of_word_tuples(a: str, b: str, ngram: int) -> None:
    assert jaccard_of_texts(a, b, ngram) == plain(grams(a, ngram), grams(b, ngram))
    assert jaccard_of_texts(a, b, ngram) == jaccard_of_texts(b, a, ngram)


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        ("one two three four", "  one two\n\nthree  four", 1.0),
        ("one two three four", "one two three Four", 0.5),
        ("one two three four", "one two three five", 0.5),
        ("one two three four", "one two, three four", 0.4),  # the comma is a word
        ("one two three", "four five six", 0.0),
        ("7", "7", 1.0),  # fewer words than a shingle has: all of them form one shingle
        ("7", "8", 0.0),
        ("", "", 0.0),
    ],
)
def test_examples_with_shingles_of_two_words(a: str, b: str, wanted: float) -> None:
    assert jaccard_of_texts(a, b, 2) == wanted


@given(st.lists(SETS, min_size=1, max_size=4), st.lists(SETS, min_size=1, max_size=4))
@settings(deadline=None)
def test_similarities_of_pairs_of_rows_are_those_of_python_sets(ones: list[set[int]], others: list[set[int]]) -> None:
    rows, columns = (place.ravel() for place in np.indices((len(ones), len(others))))
    found = jaccard_of_pairs(ragged(ones), rows, ragged(others), columns)
    assert found.tolist() == [plain(one, other) for one in ones for other in others]


def ragged(sets: list[set[int]]) -> Ragged:
    offsets = np.cumsum([0, *map(len, sets)])
    return Ragged(frozen(np.concatenate([array(one) for one in sets])), frozen(offsets))
