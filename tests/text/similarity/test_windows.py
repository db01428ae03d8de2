"""windows.py is compared with plain twins: windows that two texts share are found by hashes that distinguish them."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.similarity.windows import _PRIME, _times, chosen_grams, gram_length, windows_with

letters = st.sampled_from(["a", "ab", "aé漢🥲", "abcdefghij "])
texts = letters.flatmap(lambda some: st.lists(st.text(some, max_size=90), min_size=1, max_size=5))


def batch_of(texts: list[str]) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array(texts, type=pa.large_string())})


@given(texts, st.sampled_from([16, 19, 30]))
@settings(deadline=None)
def test_equal_windows_hold_chosen_grams_of_equal_hash(texts: list[str], length: int) -> None:
    hashes, places, first = chosen_grams(batch_of(texts), length)
    gram = gram_length(length)
    chosen = [dict(zip(places[a:b].tolist(), hashes[a:b].tolist(), strict=True)) for a, b in pairwise(first.tolist())]
    least: dict[str, set[int]] = defaultdict(set)
    for text, mine in zip(texts, chosen, strict=True):
        assert all(0 <= place <= len(text) - gram for place in mine)
        for start in range(len(text) - length + 1):
            inside = [mine[place] for place in range(start, start + length - gram + 1) if place in mine]
            assert inside
            least[text[start : start + length]].add(min(inside))
    assert all(len(found) == 1 for found in least.values())


@given(texts, st.sampled_from([16, 19, 30]), st.data())
@settings(deadline=None)
def test_the_windows_are_those_that_hold_a_gram_given(texts: list[str], length: int, data: st.DataObject) -> None:
    gram = gram_length(length)
    given_ones = [
        sorted(data.draw(st.sets(st.integers(0, max(0, len(t) - gram)), max_size=4))) if len(t) >= gram else []
        for t in texts
    ]
    grams = np.array([place for mine in given_ones for place in mine], dtype=np.int32)
    first = np.cumsum([0, *map(len, given_ones)])
    rows, places, high, low = windows_with(batch_of(texts), length, grams, first)
    wanted = [
        (row, start)
        for row, text in enumerate(texts)
        for start in range(len(text) - length + 1)
        if any(start <= place <= start + length - gram for place in given_ones[row])
    ]
    assert list(zip(rows.tolist(), places.tolist(), strict=True)) == wanted
    content = [texts[row][start : start + length] for row, start in wanted]
    pairs = list(zip(high.tolist(), low.tolist(), strict=True))
    assert len(set(zip(content, pairs, strict=True))) == len(set(content)) == len(set(pairs))


@given(st.integers(0, int(_PRIME) - 1), st.integers(0, int(_PRIME) - 1))
def test_products_are_those_modulo_the_prime(a: int, b: int) -> None:
    assert int(_times(np.uint64(a), np.uint64(b))) == a * b % int(_PRIME)
