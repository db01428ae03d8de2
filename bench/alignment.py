"""Matches the words of a page's blocks with its reference text, in order: a global alignment."""

import re
from collections.abc import Sequence

import numba
import numpy as np
import numpy.typing as npt

OPEN = 1.6  # cost of a run of matches; a single word between others is a match by chance
OPEN_AT_BEGIN = 0.9  # if both the block and the line of the reference begin there
_MOST_CELLS = 400_000_000  # bytes of the table; longer texts are cut
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w[^\W\u3040-\u30ff\u3400-\u9fff]*")


def words(text: str) -> list[str]:
    """Returns the words of a text in lower case; a Chinese or Japanese character is a word."""
    return _TOKEN.findall(text.lower())


def matched_words(blocks: Sequence[Sequence[str]], reference: str) -> npt.NDArray[np.float64]:
    """Returns for each block the number of its words that match the reference in the alignment of highest score.

    A matching word scores 1, and each run of matches costs OPEN. Words that stand in another order do not match.
    """
    lines = [words(line) for line in reference.split("\n")]
    numbers: dict[str, int] = {}
    page, page_begins, owner = _flat(blocks, numbers)
    wanted, begins, _ = _flat(lines, numbers)
    wanted, begins = wanted[: _MOST_CELLS // (len(page) + 1)], begins[: _MOST_CELLS // (len(page) + 1)]
    found = np.zeros(len(blocks))
    if len(page) and len(wanted):
        np.add.at(found, owner[_align(page, page_begins, wanted, begins)], 1.0)
    return found


def _flat(
    texts: Sequence[Sequence[str]], numbers: dict[str, int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Returns (number of each word, whether it begins a text, the text it is from)."""
    flat = np.array([numbers.setdefault(word, len(numbers)) for text in texts for word in text], dtype=np.int64)
    begins = np.array([place == 0 for text in texts for place in range(len(text))], dtype=np.bool_)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    return flat, begins, owner


@numba.njit(cache=False)  # type: ignore[untyped-decorator]
def _align(
    page: npt.NDArray[np.int64],
    page_begins: npt.NDArray[np.bool_],
    wanted: npt.NDArray[np.int64],
    begins: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Returns which words of the page match."""
    rows, columns = len(page), len(wanted)
    steps = np.zeros((rows + 1, columns + 1), dtype=np.uint8)  # best: 1 up, 2 left, 3 match; | 4: the run continues
    best, run = np.zeros(columns + 1), np.full(columns + 1, -1e9)
    for row in range(1, rows + 1):
        diagonal_best, diagonal_run = best[0], run[0]
        for column in range(1, columns + 1):
            above, above_run = best[column], run[column]
            here, step = above, 1
            if best[column - 1] > here:
                here, step = best[column - 1], 2
            run[column] = -1e9
            if page[row - 1] == wanted[column - 1]:
                cost = OPEN_AT_BEGIN if page_begins[row - 1] and begins[column - 1] else OPEN
                continued = diagonal_run >= diagonal_best - cost
                run[column] = 1.0 + (diagonal_run if continued else diagonal_best - cost)
                if continued:
                    step |= 4
                if run[column] >= here:
                    here, step = run[column], 3 | (step & 4)
            steps[row, column] = step
            best[column] = here
            diagonal_best, diagonal_run = above, above_run
    matched = np.zeros(rows, dtype=np.bool_)
    row, column = rows, columns
    while row > 0 and column > 0:
        step = steps[row, column]
        if step & 3 == 1:
            row -= 1
        elif step & 3 == 2:
            column -= 1
        else:
            inside = True
            while inside:
                matched[row - 1] = True
                inside = bool(steps[row, column] & 4)
                row -= 1
                column -= 1
    return matched
