"""Pages that are unfit for training, and pages that only look like them: spam, repetition, lists, quarrels, code."""

import random
from collections.abc import Callable

from tokenmill.mini.code_files import LANGUAGES, source_file
from tokenmill.mini.data_files import read_slots
from tokenmill.mini.html_pages import Blocks
from tokenmill.mini.prose import Voice

WORDS = read_slots("words.txt")["junk"]


def junk_blocks(kind: str, voice: Voice, rng: random.Random, number: int) -> Blocks:
    """Returns the blocks of a page of the mini-crawl that is, or only looks, unfit for training, of the given kind.

    number: number of the page among those of its kind.
    """
    return MAKERS[kind](voice, rng, number)


def _spam(voice: Voice, rng: random.Random, number: int) -> Blocks:
    """Lines of keywords without verbs, full stops or function words."""
    keywords = rng.sample(WORDS["keyword"], 4)
    lines = [_keyword_line(keywords, rng, rng.randint(4, 9)) for _ in range(rng.randint(25, 60))]
    return [("h1", _keyword_line(keywords, rng, 3)), *(("p", line) for line in lines)]


def _keyword_line(keywords: list[str], rng: random.Random, num_pieces: int) -> str:
    return " ".join(rng.choice(keywords if i % 2 == 0 else WORDS["hype"]) for i in range(num_pieces))


def _repetition(voice: Voice, rng: random.Random, number: int) -> Blocks:
    """In turn: one paragraph repeated, a few lines repeated, or one phrase throughout the text."""
    article = voice.article(rng, low=12, high=20)
    blocks = article.blocks()
    if number % 3 == 0:
        return [*blocks, *[blocks[1]] * rng.randint(15, 25)]
    if number % 3 == 1:
        lines = [voice.sentence(rng) for _ in range(3)]
        return [*blocks[:3], *(("p", lines[i % 3]) for i in range(rng.randint(24, 40)))]
    phrase = voice.phrase(rng, "clause")
    sentences = [f"{voice.phrase(rng, 'adverb')}, {phrase}.".capitalize() for _ in range(rng.randint(25, 40))]
    return [blocks[0], *(("p", " ".join(sentences[i : i + 5])) for i in range(0, len(sentences), 5))]


def _short(voice: Voice, rng: random.Random, number: int) -> Blocks:
    """A title and one or two sentences, fewer than 45 words in all."""
    while True:
        blocks = [("h1", voice.sentence(rng, "title")), ("p", voice.sentence(rng))]
        if rng.random() < 0.5:
            blocks.append(("p", voice.sentence(rng)))
        if sum(len(text.split()) for _, text in blocks) < 45:
            return blocks


def _list_page(voice: Voice, rng: random.Random, number: int) -> Blocks:
    """A title and many short entries."""
    size = rng.randint(40, 90)
    entries = [f"{voice.phrase(rng, 'adj')} {voice.phrase(rng, 'noun')}".capitalize() for _ in range(size)]
    return [("h1", voice.sentence(rng, "heading")), *(("li", entry) for entry in entries)]


def _toxic(voice: Voice, rng: random.Random, number: int) -> Blocks:
    """An angry post: about half of its sentences insult somebody."""
    paragraphs = []
    for _ in range(rng.randint(3, 7)):
        sentences = [voice.sentence(rng, "insult" if i % 2 == 0 else "sentence") for i in range(rng.randint(4, 7))]
        paragraphs.append(("p", " ".join(sentences)))
    return [("h1", voice.sentence(rng, "title")), *paragraphs]


def _code_page(voice: Voice, rng: random.Random, number: int) -> Blocks:
    """A tutorial: prose and listings alternate."""
    blocks = [("h1", voice.sentence(rng, "title"))]
    for _ in range(rng.randint(2, 4)):
        blocks.append(("p", " ".join(voice.sentence(rng) for _ in range(3))))
        language = rng.choice([name for name in LANGUAGES if name not in ("Python", "SQL")])  # with curly brackets
        blocks.append(("pre", source_file(language, rng, num_functions=1).strip()))
    return [*blocks, ("p", voice.sentence(rng))]


def _boilerplate(voice: Voice, rng: random.Random, number: int) -> Blocks:
    return []


MAKERS: dict[str, Callable[[Voice, random.Random, int], Blocks]] = {
    "spam": _spam,
    "repetition": _repetition,
    "short": _short,
    "list_page": _list_page,
    "toxic": _toxic,
    "code_page": _code_page,
    "boilerplate": _boilerplate,
}
