"""hash.py and text/words/fold.py: which words are the same word, compared with plain Python on any Unicode text."""

import pickle
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.words.fold import FOLDS, JOINERS, Fold, folded
from tokenmill.text.words.hash import Ragged, word_hashes
from tokenmill.text.words.segment import words

MASK = (1 << 64) - 1
LETTERS = ("Lu", "Ll", "Lt", "Lo", "Mn")  # spacing marks are left out, because composition may reorder them
SPECIAL = st.sampled_from(
    list("aAéE\u0301İßẞΣς각ᄀ\u1161字が\u3099กำ1٣٫.,-_'’…\u00ad\u200d\ufeff\u00a0\t\n 😀€ＡＺ０\U00011cff\u302e")
)
TEXT = st.text(st.one_of(SPECIAL, st.characters(exclude_categories=["Cs"])), max_size=60)


def batch(*texts: str | None) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array(texts, type=pa.large_string())})


def hashes(*texts: str | None, fold: tuple[Fold, ...] = FOLDS) -> list[list[int]]:
    rows = word_hashes(batch(*texts), fold)[1]
    return [rows[row].tolist() for row in range(len(rows))]


def pieces(word: str) -> list[str]:
    """Returns the words inside a word of the split, in the spelling that is hashed."""
    found, number = [""], False
    for i, character in enumerate(word):
        kind = unicodedata.category(character)
        if kind == "Nd":
            found[-1] += "" if number else "0"
            number = True
        elif character in JOINERS or kind[0] in "PSZ" or kind == "Cc":
            follows = word[i + 1 : i + 2]
            if not (character in JOINERS and number and follows and unicodedata.category(follows) == "Nd"):
                found.append("")
                number = False
        elif kind not in ("Mn", "Cf") and (spelt := folded(character)):
            number = False
            if len(spelt) == 1 and is_alone(character):
                found += [spelt, ""]
            else:
                found[-1] += spelt
    return [piece for piece in found if piece]


def unmodified_words(text: str) -> list[str]:
    """Returns the unmodified words of the shared split. Each letter of a script without spaces is a word."""
    encoded = text.encode()
    split = words(batch(text))[1]
    found: list[str] = []
    for start, end in zip(split.starts.tolist(), split.ends.tolist(), strict=True):
        apart = "".join(f" {c} " if is_alone(c) else c for c in encoded[start:end].decode())
        found += apart.split()
    return found


def is_alone(character: str) -> bool:
    point = ord(character)
    blocks = [(0xE01, 0xEDA), (0x1000, 0x104F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3041, 0x30FF), (0x3105, 0x312F)]
    blocks += [(0x31F0, 0x31FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9D), (0x20000, 0x323AF)]
    return any(low <= point <= high for low, high in blocks)


def spelt_hash(piece: str) -> int:
    state = 0x9E3779B97F4A7C15
    for character in piece:
        state = (state ^ (ord(character) | (1 << 30 if is_alone(character) else 0))) * 0xD6E8FEB86659FD93 & MASK
        state ^= state >> 32
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        state = (state ^ state >> 33) * factor & MASK
    return state ^ state >> 33


def plain(text: str) -> list[int]:
    encoded = text.encode()
    split = words(batch(text))[1]
    spans = zip(split.starts.tolist(), split.ends.tolist(), strict=True)
    return [spelt_hash(piece) for start, end in spans for piece in pieces(encoded[start:end].decode())]


@given(st.lists(TEXT, max_size=4))
@settings(deadline=None)
def test_hashes_are_those_of_the_plain_twin(texts: list[str]) -> None:
    assert hashes(*texts) == [plain(text) for text in texts]


@given(TEXT)
@settings(deadline=None)
def test_letters_are_the_same_composed_or_decomposed(text: str) -> None:
    letters = "".join(c for c in text if unicodedata.category(c) in LETTERS)
    composed, decomposed = (unicodedata.normalize(form, letters) for form in ("NFC", "NFD"))
    assert pieces(composed) == pieces(decomposed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße 12 Uhr", "STRAßE 7 uhr"),
        ("naïve café", "NAI\u0308VE CAFE"),
        ("of 1,234.5 tons", "of 0 tons"),
        ("co\u00adoperate", "cooperate"),
        ("web-scale, really!", "web scale really"),
        ("٣ apples", "3 apples"),
        ("한국어", "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165"),
    ],
)
def test_what_counts_as_the_same(one: str, other: str) -> None:
    assert hashes(one) == hashes(other)
    assert hashes(one)[0]


def test_words_of_scripts_without_spaces_are_their_letters() -> None:
    assert len(hashes("我喜歡讀書。")[0]) == 5
    assert hashes("讀書")[0] == hashes("讀")[0] + hashes("書")[0]


def test_punctuation_symbols_nothing_and_null_have_no_words() -> None:
    assert hashes("... !? — €", "😀", "", None, " \n") == [[], [], [], [], []]


def test_a_slice_of_a_batch_hashes_like_the_rows_it_holds() -> None:
    whole = batch("a b", None, "c d e", "f")
    sliced = word_hashes(whole.slice(2, 2))[1]
    assert [sliced[0].tolist(), sliced[1].tolist()] == hashes("c d e", "f")


def test_ragged_rows_pickle() -> None:
    rows = word_hashes(batch("a b", "c"))[1]
    again: Ragged = pickle.loads(pickle.dumps(rows))
    assert again[0].tolist() == rows[0].tolist()


@given(TEXT, TEXT)
@settings(deadline=None)
def test_unmodified_words_have_equal_hashes_exactly_if_they_are_equal(one: str, other: str) -> None:
    mine, theirs = hashes(one, other, fold=())
    assert (len(mine), len(theirs)) == (len(unmodified_words(one)), len(unmodified_words(other)))
    for word, hash in zip(unmodified_words(one), mine, strict=True):
        for another, its_hash in zip(unmodified_words(other), theirs, strict=True):
            assert (word == another) == (hash == its_hash)


@given(TEXT)
@settings(deadline=None)
def test_unmodified_words_lose_no_character_but_white_space(text: str) -> None:
    assert "".join(unmodified_words(text)) == "".join(text.split())


@pytest.mark.parametrize(
    ("fold", "one", "same", "others"),
    [
        ("case", "Straße İZ", "straße i\u0307z", ["Strasse iz", "stra\u00adße i\u0307z"]),
        ("marks", "naïve co\u00adop", "naive coop", ["Naive coop", "naive co-op"]),
        ("punctuation", "web-scale, really!", "web scale really", ["Web scale really", "web scäle really"]),
        ("digits", "at 12:34, ٣", "at 5:6, 0", ["At 5:6, 0", "at 5.6, 0"]),
    ],
)
def test_each_fold_ignores_its_own_difference_only(fold: Fold, one: str, same: str, others: list[str]) -> None:
    assert hashes(one, fold=(fold,)) == hashes(same, fold=(fold,))
    assert hashes(one, fold=()) != hashes(same, fold=())
    assert hashes(one, fold=tuple(f for f in FOLDS if f != fold)) != hashes(
        same, fold=tuple(f for f in FOLDS if f != fold)
    )
    for other in others:
        assert hashes(one, fold=(fold,)) != hashes(other, fold=(fold,))
