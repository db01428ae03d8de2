"""Articles from a grammar: a voice writes one language on one topic, with the random generator that it is given."""

import random
import re
from dataclasses import dataclass, replace
from functools import cache

from tokenmill.mini.grammar import GRAMMARS, NUMBERS, Grammar


@dataclass(frozen=True)
class Article:
    """A text in its parts. headings runs along paragraphs; an empty one means the paragraph has none."""

    title: str
    paragraphs: tuple[tuple[str, ...], ...]
    headings: tuple[str, ...]
    gap: str

    def blocks(self) -> list[tuple[str, str]]:
        """(HTML tag, text) of everything a reader reads, in order."""
        found = [("h1", self.title)]
        for heading, sentences in zip(self.headings, self.paragraphs, strict=True):
            if heading:
                found.append(("h2", heading))
            found.append(("p", self.gap.join(sentences)))
        return found

    def text(self) -> str:
        """What a perfect extractor gives: blocks parted by an empty line."""
        return "\n\n".join(text for _, text in self.blocks())

    def with_sentence(self, sentence: str, place: int) -> "Article":
        """The article with one more sentence, at the end of paragraph number place (counted round)."""
        place %= len(self.paragraphs)
        grown = (*self.paragraphs[place], sentence)
        return replace(self, paragraphs=(*self.paragraphs[:place], grown, *self.paragraphs[place + 1 :]))


class Voice:
    """Writes phrases, sentences and articles in one language on one topic. All chance comes from `rng`."""

    def __init__(self, grammar: Grammar, topic: str) -> None:
        self.grammar = grammar
        options = {**grammar.slots, **grammar.topics[topic]}
        self._parts = {slot: [re.split(r"\{(\w+)\}", option) for option in options[slot]] for slot in options}
        self._joins = [(re.compile(pattern), replacement) for pattern, replacement in grammar.joins]

    def phrase(self, rng: random.Random, slot: str) -> str:
        """One way to fill slot, joined up but not capitalised."""
        text = self._expand(rng, slot)
        for pattern, replacement in self._joins:
            text = pattern.sub(replacement, text)
        return text

    def sentence(self, rng: random.Random, slot: str = "sentence") -> str:
        """A phrase that begins as sentences begin, after every full stop or question mark in it too."""
        return _SENTENCE_START.sub(lambda match: match[0].upper(), self.phrase(rng, slot))

    def article(self, rng: random.Random, *, low: int = 12, high: int = 52) -> Article:
        """An article of low to high sentences, short ones commoner, in paragraphs of three to six."""
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
    """A generator for one thing alone: names say which, the seed among them.

    Seeding with a string goes through SHA-512, so neither PYTHONHASHSEED nor any other thing's draws matter.
    """
    return random.Random("/".join(str(name) for name in names))


@cache
def voice(lang: str, topic: str) -> Voice:
    """The voice of one language on one topic, built once."""
    return Voice(GRAMMARS[lang], topic)
