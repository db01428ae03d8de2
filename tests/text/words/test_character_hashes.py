"""text/words/character_hashes.py is compared with a plain twin."""

import functools

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.similarity.shingle import Shingling
from tokenmill.text.words.character_hashes import character_hashes
from tokenmill.text.words.fold import BREAK, DIGIT, FOLDS, JOINER, NOTHING, SPELT, Fold, fold_table

MASK = (1 << 64) - 1
texts = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("aé1٣, .-ﬁß漢\u00ad\u0301Å")), max_size=40)


def finished(state: int) -> int:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        state = (state ^ state >> 33) * factor & MASK
    return state ^ state >> 33


@functools.cache
def folded(fold: tuple[Fold, ...]) -> tuple[list[int], list[int]]:
    codes, spellings = fold_table(fold)
    return codes.tolist(), spellings.tolist()


def plain(text: str, fold: tuple[Fold, ...] = FOLDS) -> list[int]:
    codes, spellings = folded(fold)
    out: list[int] = []
    for place, character in enumerate(text):
        code = codes[ord(character)]
        digit_follows = place + 1 < len(text) and codes[ord(text[place + 1])] == DIGIT
        if code == JOINER and out[-1:] == [DIGIT] and digit_follows:
            continue
        if code == NOTHING or (code == DIGIT and out[-1:] == [DIGIT]):
            continue
        if code in (BREAK, JOINER):
            out += [BREAK] if out and out[-1] != BREAK else []
        elif code >= SPELT:
            place = code - SPELT
            out += spellings[place + 1 : place + 1 + spellings[place]]
        else:
            out.append(code)
    return [finished(code) for code in (out[:-1] if out[-1:] == [BREAK] else out)]


def batch_of(*texts: str | None) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array(texts, type=pa.large_string())})


@given(st.lists(texts, max_size=4))
@settings(deadline=None)
def test_hashes_are_those_of_the_plain_twin(texts: list[str]) -> None:
    found = character_hashes(batch_of(*texts))
    assert [found[row].tolist() for row in range(len(found))] == [plain(text) for text in texts]


def test_shingles_of_characters_see_neither_case_nor_punctuation() -> None:
    _, sets = Shingling(5, "characters").nominating(
        batch_of("A «Naïve» plan: 12,000!", "a naive plan 7", "a  naïve…plan", None, "abcd")
    )
    assert sets[0].tolist() == sets[1].tolist() != []
    assert set(sets[2].tolist()) < set(sets[0].tolist())
    assert len(sets[3]) == len(sets[4]) == 0


@given(st.lists(texts, max_size=4), st.sets(st.sampled_from(FOLDS)))
@settings(deadline=None, max_examples=60)
def test_hashes_are_those_of_the_plain_twin_whatever_is_folded(texts: list[str], chosen: set[Fold]) -> None:
    fold = tuple(one for one in FOLDS if one in chosen)
    found = character_hashes(batch_of(*texts), fold)
    assert [found[row].tolist() for row in range(len(found))] == [plain(text, fold) for text in texts]


@given(texts, texts)
@settings(deadline=None)
def test_unmodified_characters_are_equal_if_the_texts_are_but_for_runs_of_white_space(one: str, other: str) -> None:
    for a, b in (
        (one, other),
        (one, f"\n {one.replace(' ', chr(0xA0) + chr(9))}"),
        (f"{one} {other}", f"{one}\t\t{other}"),
    ):
        found = character_hashes(batch_of(a, b), ())
        assert len(found[0]) == len(" ".join(a.split()))
        assert (found[0].tolist() == found[1].tolist()) == (a.split() == b.split())
