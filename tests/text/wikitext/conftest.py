"""Converts wikitext of an edition, for the tests of templates."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.wikitext.template_tables import language_number
from tokenmill.text.wikitext.unknown import Unknown, new_log, unknown_templates
from tokenmill.text.wikitext.wikitext import wikitext_to_text

TextOf = Callable[..., str]


def converted(pages: list[str], languages: list[str]) -> tuple[list[str], dict[str, Unknown]]:
    """Returns (the texts of pages of these editions, the templates that were not understood)."""
    coded = [page.encode() for page in pages]
    data = frozen(np.frombuffer(b"".join(coded), dtype=np.uint8))
    offsets = np.cumsum([0, *map(len, coded)], dtype=np.int64)
    media = frozen(np.zeros((len(pages), 2), dtype=np.uint64))
    numbers = frozen(np.array([language_number(language) for language in languages], dtype=np.int64))
    log = new_log()
    out, ends = wikitext_to_text(data, frozen(offsets), media, tables=True, languages=numbers, log=log)
    content = bytes(out)
    texts = [content[low:high].decode("utf-8", "strict") for low, high in pairwise(ends)]
    return texts, unknown_templates(log, data)


@pytest.fixture(scope="session")
def convert() -> Callable[[list[str], list[str]], tuple[list[str], dict[str, Unknown]]]:
    return converted


@pytest.fixture(scope="session")
def text_of() -> TextOf:
    def text_of(wikitext: str, language: str = "en") -> str:
        return converted([wikitext], [language])[0][0].strip()

    return text_of
