"""Functions under test, with texts instead of arrays."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.templates.template_tables import language_number
from tokenmill.text.wikitext.unknown import Unknown, new_log, unknown_templates
from tokenmill.text.wikitext.variants import variants_of
from tokenmill.text.wikitext.wikitext import wikitext_to_text

Extract = Callable[..., str]
TextOf = Callable[..., str]


@pytest.fixture(scope="session")
def extract() -> Extract:
    """Returns the text of one page. language: that of its wiki, None if it is not known."""

    def extract(text: str, *, language: str | None = None, tables: bool = True) -> str:
        coded = text.encode()
        data, offsets = np.frombuffer(coded, dtype=np.uint8), np.array([0, len(coded)], dtype=np.int64)
        out, ends = wikitext_to_text(
            frozen(data),
            frozen(offsets),
            frozen(np.zeros((1, 2), dtype=np.uint64)),
            tables=tables,
            variants=frozen(np.array([variants_of(language)], dtype=np.uint8)),
        )
        (bounds,) = pairwise(ends.tolist())
        return bytes(out)[slice(*bounds)].decode()

    return extract


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
