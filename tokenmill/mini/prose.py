"""Writes articles from a grammar. A voice writes about one topic in one language, with a given random generator."""

import random
import re
from dataclasses import dataclass, replace
from functools import cache

from tokenmill.mini.grammar import GRAMMARS, NUMBERS, Grammar


@dataclass(frozen=True)
class Article:
    """The parts of a text. headings: one per paragraph, "" for a paragraph without heading. gap: between sentences."""

    title: str
    paragraphs: tuple[tuple[str, ...], ...]
    headings: tuple[str, ...]
    gap: str

    def blocks(self) -> list[tuple[str, str]]:
        """Returns (HTML tag, text) of the title, headings and paragraphs, in order."""
        found = [("h1", self.title)]
        for heading, sentences in zip(self.headings, self.paragraphs, strict=True):
            if heading:
                found.append(("h2", heading))
            found.append(("p", self.gap.join(sentences)))
        return found

    def text(self) -> str:
        """Returns the output of a perfect extractor: the blocks, with an empty line between them."""
        return "\n\n".join(text for _, text in self.blocks())

    def with_sentence(self, sentence: str, place: int) -> "Article":
        """Returns the article with a sentence appended to paragraph number place, modulo the number of paragraphs."""
        place %= len(self.paragraphs)
        grown = (*self.paragraphs[place], sentence)
        return replace(self, paragraphs=(*self.paragraphs[:place], grown, *self.paragraphs[place + 1 :]))


class Voice:
    """Writes phrases, sentences and articles in one language on one topic. All choices are drawn from `rng`."""

    def __init__(self, grammar: Grammar, topic: str) -> None:
        self.grammar = grammar
        options = {**grammar.slots, **grammar.topics[topic]}
        self._parts = {slot: [re.split(r"\{(\w+)\}", option) for option in options[slot]] for slot in options}
        self._joins = [(re.compile(pattern), replacement) for pattern, replacement in grammar.joins]

    def phrase(self, rng: random.Random, slot: str) -> str:
        """Returns a random expansion of a slot, with the grammar's joins applied, not capitalised."""
        text = self._expand(rng, slot)
        for pattern, replacement in self._joins:
            text = pattern.sub(replacement, text)
        return text

    def sentence(self, rng: random.Random, slot: str = "sentence") -> str:
        """Returns a phrase with a capital at its start and at the start of each sentence in it."""
        return _SENTENCE_START.sub(lambda match: match[0].upper(), self.phrase(rng, slot))

    def article(self, rng: random.Random, *, low: int = 12, high: int = 52) -> Article:
        """Returns an article of low to high sentences in paragraphs of three to six; mostly short."""
        num_sentences = round(rng.triangular(low, high, low + (high - low) * 0.2))
        paragraphs: list[tuple[str, ...]] = []
        headings: list[str] = []
        said: set[str] = set()
        while len(said) < num_sentences:
            size = min(rng.randint(3, 6), max(3, num_sentences - len(said)))
            paragraph: list[str] = []
            while len(paragraph) < size:
                sentence = self.sentence(rng)
                if sentence not in said:
                    said.add(sentence)
                    paragraph.append(sentence)
            is_section = len(paragraphs) > 1 and num_sentences > 30 and rng.random() < 0.3
            headings.append(self.sentence(rng, "heading") if is_section else "")
            paragraphs.append(tuple(paragraph))
        return Article(self.sentence(rng, "title"), tuple(paragraphs), tuple(headings), self.grammar.gap)

    def _expand(self, rng: random.Random, slot: str) -> str:
        options = self._parts.get(slot)
        if options is None:
            low, high = NUMBERS[slot]
            return str(rng.randint(low, high))
        parts = options[int(rng.random() * len(options))]
        return "".join(part if i % 2 == 0 else self._expand(rng, part) for i, part in enumerate(parts))


_SENTENCE_START = re.compile(r"^\W*\w|(?<=[?!] )\w|(?<=[a-z][a-z]\. )\w")


def randomness(*names: object) -> random.Random:
    """Returns a random generator for one purpose of the mini-crawl.

    names: they identify the purpose and include the seed. Python hashes a seed that is a string with SHA-512, so the
    result depends neither on PYTHONHASHSEED nor on other generators.
    """
    return random.Random("/".join(str(name) for name in names))


@cache
def voice(lang: str, topic: str) -> Voice:
    """Returns the voice that writes the mini-crawl's articles in a language on a topic, cached."""
    return Voice(GRAMMARS[lang], topic)
