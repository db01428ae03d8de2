"""The weights of words and class names are looked up by hash, as in a plain reference."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.html.hints import LEVELS, MOST_WORDS, NO_HINTS, SLOTS, ZERO, Hints, hints_as_text, read_hints
from tokenmill.text.html.main_text import FIRST, load_models
from tokenmill.text.html.trial import read_page, slots_of
from tokenmill.text.kernel.cache import frozen

MASK = (1 << 64) - 1
TEXTS = st.lists(st.sampled_from(["Read ", "more", " 2,024 ", "Größe", "我们 ", "カタ", "É", "...", "a" * 30, " "]))
CLASSES = st.lists(st.sampled_from(["postBody", "side-bar", "X1", "éa", "a" * 20, "MENU"]), max_size=3).map(" ".join)
WEIGHTS = Hints(*(frozen(np.random.default_rng(seed).integers(0, 256, SLOTS, dtype=np.uint8)) for seed in (1, 2)))


def slot(word: bytes) -> int:
    state = 0xCBF29CE484222325
    for byte in word:
        state = (state ^ byte) * 0x100000001B3 & MASK
    return (state * 0x9E3779B97F4A7C15 & MASK) >> 49


def words(text: str) -> list[int]:
    found = re.findall(rb"[0-9]+|[\xe3-\xe9]..|(?:[A-Za-z]|[\x80-\xe2\xea-\xff])+", text.encode(), re.DOTALL)
    return [slot(b"" if word.isdigit() else word.lower()) for word in found][:MOST_WORDS]


def class_words(names: str) -> list[int]:
    found = re.findall(r"[A-Z]*[a-z]+|[A-Z]+", names)
    return [slot(word.lower().encode()) for word in found]


@settings(deadline=None)
@given(st.lists(TEXTS.map("".join), min_size=1, max_size=5))
def test_words_are_found_by_their_hash(texts: list[str]) -> None:
    html = "".join(f"<p>{text}" for text in texts).encode()
    read = read_page(html, WEIGHTS)
    expected = [words(text) for text in read.texts]
    found = slots_of(html).words
    assert [found[found[:, 0] == block, 1].tolist() for block in range(len(read.texts))] == expected
    totals = [sum(int(WEIGHTS.words[place]) - ZERO for place in block) for block in expected]
    means = [total * 16 // max(len(block), 1) for total, block in zip(totals, expected, strict=True)]
    assert read.rows[:, FIRST.index("hint.words")].tolist() == means


@settings(deadline=None)
@given(st.lists(CLASSES, min_size=1, max_size=8))
def test_class_names_count_for_the_blocks_inside(names: list[str]) -> None:
    html = ("".join(f'<div class="{each}">' for each in names) + "text").encode()
    own = [sum(int(WEIGHTS.classes[place]) - ZERO for place in class_words(each)) for each in names]
    (row,) = read_page(html, WEIGHTS).rows
    assert row[FIRST.index("hint.own")] == own[-1]
    assert row[FIRST.index("hint.classes")] == sum(own[-LEVELS:])
    expected = [place for each in names[: -LEVELS - 1 : -1] for place in class_words(each)]
    assert slots_of(html).classes[:, 1].tolist() == expected


def test_weights_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="not 32768 each"):
        read_hints(hints_as_text(WEIGHTS._replace(words=WEIGHTS.words[1:])))


def test_a_model_file_holds_the_weights() -> None:
    for hints in (WEIGHTS, NO_HINTS, load_models().hints):
        for one, other in zip(read_hints(hints_as_text(hints)), hints, strict=True):
            np.testing.assert_array_equal(one, other)
