"""The function under test, with texts instead of arrays."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.wikitext.variants import variants_of
from tokenmill.text.wikitext.wikitext import wikitext_to_text

Extract = Callable[..., str]


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
