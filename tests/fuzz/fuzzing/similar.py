"""Targets: kernels that hash, compare, cut and judge texts, each with its plain twin."""

from itertools import pairwise
from typing import Any

import numpy as np
from fuzzing.harness import Target
from fuzzing.kernels import Rows, batch_of, text_target
from fuzzing.twins import test_module

from tokenmill.text.edit.phrase_first import phrase_first
from tokenmill.text.edit.spaces import single_spaced
from tokenmill.text.similarity.cuts import cut_out
from tokenmill.text.similarity.jaccard import jaccard_of_texts
from tokenmill.text.similarity.shingle import Shingling
from tokenmill.text.similarity.signature import band_keys, hash_functions, signatures
from tokenmill.text.similarity.windows import chosen_grams, windows_with
from tokenmill.text.toxicity.toxic_match import FIGURES, toxic_figures
from tokenmill.text.url.name_set import MOST_LABELS
from tokenmill.text.words.character_hashes import character_hashes
from tokenmill.text.words.segment import text_buffer, words

_BANDS, _BAND_ROWS, _KEY, _NGRAM = 3, 2, 5, 2
_WINDOW = 16
_HOSTS = ["b.org", "org", "a.a", "é", "a"]
_PHRASES, _LINES, _CHARS = ["ab", "a b", "é"], 3, 100
_LETTERS = list("aAéE\u0301ßΣ각が字1٣.,-_'…\u00ad\u200d\ufeff\u00a0\t\n 😀Ａ")
_SLOW_CHARS = 2000  # characters of a row for tests that examine each place separately


def _character_hashes(rows: Rows) -> list[list[int]]:
    found = character_hashes(batch_of(rows))
    return [found[row].tolist() for row in range(len(rows))]


def _signatures(rows: Rows) -> list[tuple[list[int], list[int]]]:
    """Returns (minima, band keys) of the shingles."""
    minima = signatures(Shingling(_NGRAM).nominating(batch_of(rows))[1], _BANDS * _BAND_ROWS, seed=_KEY)
    return list(zip(minima.tolist(), band_keys(minima, _BANDS).tolist(), strict=True))


def _plain_signatures(text: str) -> tuple[list[int], list[int]]:
    twin = test_module("text/similarity/test_signature.py")
    factors, terms = (part.tolist() for part in hash_functions(_BANDS * _BAND_ROWS, _KEY))
    shingles = Shingling(_NGRAM).nominating(batch_of([text]))[1][0].tolist()
    minima = twin.plain_signature(shingles, factors, terms, 32)
    bands = [minima[band * _BAND_ROWS : (band + 1) * _BAND_ROWS] for band in range(_BANDS)]
    return minima, [twin.plain_key(number, band) for number, band in enumerate(bands)]


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def _jaccard(rows: Rows) -> list[float]:
    return [jaccard_of_texts(*_halves(row), _NGRAM) for row in rows]


def _plain_jaccard(text: str) -> float:
    twin = test_module("text/similarity/test_jaccard.py")
    similarity: float = twin.plain(*(twin.grams(half, _NGRAM) for half in _halves(text)))
    return similarity


def _passages(rows: Rows) -> list[Any]:
    """Returns (lines, paragraphs) of each row."""
    cut = test_module("text/similarity/test_passages.py").found_passages
    return list(zip(cut(rows, False), cut(rows, True), strict=True))


def _sound_passages(text: str, found: Any) -> bool:
    lines, paragraphs = found
    whole = "".join(paragraphs) == text and all(part.endswith("\n\n") for part in paragraphs[:-1])
    return whole and lines == test_module("text/similarity/test_passages.py").plain_passages(text, False)


def _windows(rows: Rows) -> list[list[tuple[int, tuple[int, int]]]]:
    """Returns (place, hash) of each window that contains a chosen gram."""
    batch = batch_of([row[:_SLOW_CHARS] for row in rows])
    _, grams, first = chosen_grams(batch, _WINDOW)
    found: list[list[tuple[int, tuple[int, int]]]] = [[] for _ in rows]
    columns = (column.tolist() for column in windows_with(batch, _WINDOW, grams, first))
    for row, place, high, low in zip(*columns, strict=True):
        found[row].append((place, (high, low)))
    return found


def _sound_windows(text: str, found: list[tuple[int, tuple[int, int]]]) -> bool:
    """Checks that each window contains a chosen gram, and that only equal windows have equal hashes."""
    text = text[:_SLOW_CHARS]
    contents = {(text[place : place + _WINDOW], hashed) for place, hashed in found}
    all_there = [place for place, _ in found] == list(range(len(text) - _WINDOW + 1))
    return all_there and len(contents) == len(dict(contents)) == len({hashed for _, hashed in contents})


def _cut_spans(text: str) -> list[tuple[int, int]]:
    """Returns the second and the last quarter of a text, unless they are empty."""
    size = len(text)
    return [(start, end) for start, end in ((size // 4, size // 2), (3 * size // 4, size)) if start < end]


def _cuts(rows: Rows) -> list[str]:
    spans = [(number, *span) for number, row in enumerate(rows) for span in _cut_spans(row)]
    places = np.array(spans, dtype=np.int64).reshape(-1, 3)
    texts: list[str] = cut_out(batch_of(rows), places[:, 0], places[:, 1], places[:, 2])[0].to_pylist()
    return texts


def _plain_cut(text: str) -> str:
    removed = {place for start, end in _cut_spans(text) for place in range(start, end)}
    cut: str = test_module("text/similarity/test_cuts.py").joined(text, removed)
    return cut


def _spaced(rows: Rows) -> list[str]:
    content, offsets = single_spaced(batch_of(rows))
    return [content[start:end].tobytes().decode() for start, end in pairwise(offsets)]


def _phrase_first(rows: Rows) -> list[tuple[int, int]]:
    found = phrase_first(*text_buffer(batch_of(rows)), tuple(_PHRASES), lines=_LINES, chars=_CHARS)
    return list(zip(found.line.tolist(), found.end.tolist(), strict=True))


def _toxic(rows: Rows) -> list[dict[str, int]]:
    batch, split = words(batch_of(rows))
    found = toxic_figures(*text_buffer(batch), split, np.arange(len(rows)), "en")
    return [dict(zip(FIGURES, row, strict=True)) for row in found.tolist()]


def _parents(rows: Rows) -> list[int]:
    """Returns bits that say which endings of a host are names, as in tests/text/url/test_name_set.py."""
    twin = test_module("text/url/test_name_set.py")
    found: list[int] = twin.parents(twin.set_of(_HOSTS), [row.strip(".") for row in rows])
    return found


def _plain_parents(host: str) -> int:
    labels = host.strip(".").split(".")
    ends = (".".join(labels[len(labels) - count :]) for count in range(1, min(len(labels), MOST_LABELS) + 1))
    return sum(1 << number for number, end in enumerate(ends) if end in _HOSTS)


def _targets() -> tuple[Target, ...]:
    toxic = test_module("text/toxicity/test_toxic_match.py")
    spaces = test_module("text/edit/test_spaces.py")
    phrases = test_module("text/edit/test_phrase_first.py")
    hashes = test_module("text/words/test_character_hashes.py")
    parts = ["a", "ab", "b ", "b-a", "é", "字", " ", "\t", "\n", "\n\n", "\r\n", "\u2028", "one two ", "abcdefghij"]
    return (
        text_target("character_hashes", _character_hashes, hashes.plain, pieces=_LETTERS),
        text_target("signatures", _signatures, _plain_signatures, pieces=_LETTERS),
        text_target("jaccard", _jaccard, _plain_jaccard, pieces=parts),
        text_target("passages", _passages, None, pieces=parts, sound=_sound_passages),
        text_target("windows", _windows, None, pieces=parts, sound=_sound_windows),
        text_target("cuts", _cuts, _plain_cut, pieces=parts),
        text_target("spaces", _spaced, lambda text: " ".join(text.split()), pieces=[*spaces.SPACES, "a", "\u200b"]),
        text_target(
            "phrase_first", _phrase_first, lambda text: phrases.slow_first(text, _PHRASES, _LINES, _CHARS), pieces=parts
        ),
        text_target("toxic_words", _toxic, toxic.twin, pieces=[f"{piece} " for piece in toxic.PIECES]),
        text_target("url_parents", _parents, _plain_parents, pieces=["a", "b", ".", "..", "é", "org", "a.b.org"]),
    )


TARGETS = _targets()
