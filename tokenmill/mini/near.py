"""Makes near-duplicates of a chosen similarity: some sentences are replaced, some words exchanged."""

import random
import re
from dataclasses import replace

from tokenmill.mini.prose import Article, Voice

WORD = re.compile(r"\w+")
SHINGLE_WORDS = 5


def shingles(text: str) -> set[tuple[str, ...]]:
    """Returns all runs of five successive words of a text of the mini-crawl, lower-cased."""
    words = WORD.findall(text.lower())
    return {tuple(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1)}


def jaccard(one: str, other: str) -> float:
    """Returns the Jaccard similarity of two texts of the mini-crawl by their shingles; 1.0 if neither has any."""
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b) if a or b else 1.0


def near_duplicate(original: Article, target: float, voice: Voice, rng: random.Random) -> Article:
    """Returns a version of an article of the mini-crawl whose similarity to the original is about target.

    The error is at most 0.02 for texts of 300 words or more. Whole sentences are replaced first, then single words,
    each of which changes up to five shingles.
    """
    base = shingles(original.text())
    to_change = len(base) * (1 - target) / (1 + target)  # J = (1 - f) / (1 + f) if a share f of both sets differs
    places = [(p, s) for p, sentences in enumerate(original.paragraphs) for s in range(len(sentences))]
    rng.shuffle(places)
    copy, kept = original, []
    for place in places:
        cost = len(WORD.findall(_at(original, place))) + SHINGLE_WORDS - 1
        if cost > to_change:
            kept.append(place)
            continue
        copy = _with(copy, place, voice.sentence(rng))
        to_change -= cost
    for place in kept * 9:
        if _similarity(base, copy) <= target + SHINGLE_WORDS / len(base):  # another word would overshoot
            break
        copy = _with(copy, place, _exchange_word(_at(copy, place), voice, rng))
    return copy


def _similarity(base: set[tuple[str, ...]], article: Article) -> float:
    other = shingles(article.text())
    return len(base & other) / len(base | other)


def _at(article: Article, place: tuple[int, int]) -> str:
    return article.paragraphs[place[0]][place[1]]


def _with(article: Article, place: tuple[int, int], sentence: str) -> Article:
    """Returns the article with another sentence at place (paragraph, sentence)."""
    p, s = place
    sentences = article.paragraphs[p]
    paragraph = (*sentences[:s], sentence, *sentences[s + 1 :])
    return replace(article, paragraphs=(*article.paragraphs[:p], paragraph, *article.paragraphs[p + 1 :]))


def _exchange_word(sentence: str, voice: Voice, rng: random.Random) -> str:
    """Returns the sentence with one word of four or more letters exchanged for another of the same language."""
    words = [match for match in WORD.finditer(sentence) if len(match[0]) > 3 and match[0].islower()]
    others: list[str] = [word for word in WORD.findall(voice.sentence(rng)) if len(word) > 3 and word.islower()]
    if not words or not others:
        return sentence
    start, end = rng.choice(words).span()
    return sentence[:start] + rng.choice(others) + sentence[end:]
