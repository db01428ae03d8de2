"""Counts words of abuse by sentence: whole words of the shared split, as they are usually spelt (fuck, Fuck, FUCK).

A sentence ends after a mark such as `.`, at a line break, and after SENTENCE_WORDS words, so that a page without
punctuation is no single sentence. Its score is the sum of its words' weights if one of them is 2 or more, else 0.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, Offsets, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.classes import LETTER, SENTENCE, class_table
from tokenmill.text.kernel.codes import next_word
from tokenmill.text.kernel.points import point_at
from tokenmill.text.toxicity.toxic_words import EXCUSES, WORDS
from tokenmill.text.words.lexicon import WordSet, find_word, word_set, word_set_pointers
from tokenmill.text.words.segment import Words, tiny

SENTENCE_WORDS = 60
STRONG = 2
FIGURES = ("n_hits", "n_sentences", "n_toxic_sentences", "max_sentence_score")

_VOWELS = "aeiouhéèêâàîôûœ"
_ELIDED = {"fr": ("l'", "d'", "qu'"), "it": ("l'", "un'", "dell'")}


class WordList(NamedTuple):
    """The words of a language as spelt, and by number what each means."""

    members: WordSet
    weights: Longs  # 0 for a word that only excuses others
    excused_by: Longs  # bits of the groups that make a word mild
    excuses: Longs  # bits of the groups a word belongs to


def toxic_figures(buffer: Bytes, offsets: Offsets, words: Words, rows: Longs, language: str) -> Longs:
    """FIGURES on words of abuse in the texts of these rows, int64 (rows, 4), held against the list of one language."""
    figures = np.zeros((len(rows), len(FIGURES)), dtype=np.int64)
    listed = word_list(language)
    coded = (words.codes, words.code_starts, words.code_ends)
    _measure(class_table(), *listed, buffer, offsets, *coded, frozen(rows), figures)
    return figures


@cache
def word_list(language: str) -> WordList:
    """The WordList of a language in WORDS: its words of abuse and the words that excuse them."""
    bits = {group: 1 << place for place, group in enumerate(EXCUSES)}
    meanings: dict[str, tuple[int, int, int]] = {}
    for group, text in EXCUSES.items():
        for word in text.split():
            for spelling in _spellings(word, ""):
                meanings[spelling] = (0, 0, meanings.get(spelling, (0, 0, 0))[2] | bits[group])
    for weight, text in sorted(WORDS[language].items()):
        for entry in text.split():
            marked, _, group = entry.partition("/")
            word = marked.rstrip("~=")
            spellings = {word} if marked.endswith("=") else _spellings(word, language)
            if marked.endswith("~"):
                spellings.remove(word.capitalize())
            for spelling in spellings:
                meanings[spelling] = (weight, bits.get(group, 0), meanings.get(spelling, (0, 0, 0))[2])
    columns = np.array(list(meanings.values()), dtype=np.int64).T
    return WordList(word_set(meanings), *(frozen(np.ascontiguousarray(column)) for column in columns))


def _spellings(word: str, language: str) -> set[str]:
    """As written, capitalised, in capitals; and after an elided article."""
    spellings = {word, word.capitalize(), word.upper()}
    if word[0] in _VOWELS:
        for article in _ELIDED.get(language, ()):
            for apostrophe in "'’":
                elided = article.replace("'", apostrophe) + word
                spellings |= {elided, elided.capitalize()}
    return spellings


@kernel
def _measure(
    classes: Ushorts,
    members: WordSet,
    weights: Longs,
    excused_by: Longs,
    excuses: Longs,
    buffer: Bytes,
    offsets: Offsets,
    codes: Bytes,
    code_starts: Offsets,
    code_ends: Offsets,
    rows: Longs,
    figures: Longs,
) -> None:
    tables = (pointer(classes), word_set_pointers(members), pointer(weights), pointer(excused_by), pointer(excuses))
    text, coded, out = pointer(buffer), pointer(codes), pointer(figures)
    for place in range(len(rows)):
        row = rows[place]
        base, at, end = offsets[row], code_starts[row], code_ends[row]
        groups = _measure_text(*tables, text, base, coded, at, end, int64(0), out, 4 * place)
        if groups and figures[place, 0]:
            _measure_text(*tables, text, base, coded, at, end, groups, out, 4 * place)


@kernel
def _measure_text(
    classes: Ushorts,
    members: WordSet,
    weights: Longs,
    excused_by: Longs,
    excuses: Longs,
    text: Bytes,
    base: int,
    codes: Bytes,
    at: int,
    end: int,
    excused: int,
    out: Longs,
    place: int,
) -> int:
    """Write the four figures from out[place] on; return the bits of the groups of excuses in the text.

    excused: the groups of which the words that they excuse count as mild.
    """
    groups = hits = sentences = toxic = worst = int64(0)
    strong = mild = length = int64(0)  # of the sentence: its weights, its words with a letter
    ended = False
    position = int64(0)
    while at < end:
        before = position
        at, start, position = next_word(codes, at, before)
        low, high = base + start, base + position
        for i in range(base + before, low):
            ended |= text[i] == 10
        point, _ = point_at(text, low, high)
        flags = classes[point]
        if flags & LETTER and (ended or length >= SENTENCE_WORDS):
            if length:
                sentences += 1
            if strong:
                toxic += 1
                hits += strong + mild
                worst = max(worst, strong + mild)
            strong = mild = length = int64(0)
            ended = False
        if flags & LETTER:
            length += 1
        elif flags & SENTENCE:
            ended = True
        number = find_word(members, text, low, high)
        if number >= 0:
            weight = weights[number]
            groups |= excuses[number]
            if weight >= STRONG and not excused_by[number] & excused:
                strong += weight
            elif weight:
                mild += 1
    sentences += length > 0
    if strong:
        toxic += 1
        hits += strong + mild
        worst = max(worst, strong + mild)
    out[place], out[place + 1], out[place + 2], out[place + 3] = hits, sentences, toxic, worst
    return groups


def warm() -> None:
    """Compile or load the kernels of this module."""
    buffer, offsets, words = tiny()
    toxic_figures(buffer, offsets, words, np.zeros(1, dtype=np.int64), "en")
