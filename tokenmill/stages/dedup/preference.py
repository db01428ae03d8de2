"""Ranks duplicates by one sortable number per document. The document with the lowest number is kept; ties go by id."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.errors import RecipeError

Keep = Literal["longest", "earliest", "latest", "best_score", "source_order"]
"""longest: most bytes of text. earliest, latest: by `date`. best_score: highest value in the column that `score` names.
source_order: by the position of the source in `sources`. A document without the value, or of another source, is last.
"""

_LAST = np.iinfo(np.int64).max


def check_preference(keep: Keep, *, score: str, sources: Sequence[str]) -> None:
    """Raises RecipeError unless a deduplication has `score` and `sources` exactly if its `keep` needs them."""
    if (keep == "best_score") != bool(score):
        raise RecipeError(
            f"keep: {keep} and score: {score!r}; `score` names the column to rank by, for keep: best_score"
        )
    if (keep == "source_order") != bool(sources):
        raise RecipeError(
            f"keep: {keep} and sources: {list(sources)}; `sources` lists the most wanted first, for keep: source_order"
        )


def preference_column(keep: Keep, *, score: str) -> str:
    """Returns the name of the column by which a deduplication's `keep` ranks duplicates."""
    by = {"longest": "text", "earliest": "date", "latest": "date", "best_score": score, "source_order": "source"}
    return by[keep]


def preference(
    batch: pa.RecordBatch, keep: Keep, *, score: str = "", sources: Sequence[str] = ()
) -> npt.NDArray[np.int64]:
    """Returns the rank of each document by this `keep`, with its `score` or `sources`, among duplicates, int64 (rows,).

    The lowest is kept.
    """
    column = batch.column(preference_column(keep, score=score))
    if keep == "longest":
        return -_numbers(pc.binary_length(column), missing=0)
    if keep == "earliest":
        return _numbers(column, missing=_LAST)
    if keep == "latest":
        return ~_numbers(column, missing=~_LAST)
    if keep == "source_order":
        return _numbers(pc.index_in(column, value_set=pa.array(list(sources), type=column.type)), missing=len(sources))
    return ~_ordered_bits(pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False))


def _numbers(column: pa.Array, *, missing: int) -> npt.NDArray[np.int64]:
    numbers: npt.NDArray[np.int64] = pc.fill_null(column.cast(pa.int64()), missing).to_numpy(zero_copy_only=False)
    return numbers


def _ordered_bits(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Returns integers in the same order as the values. NaN is the lowest."""
    bits = (values + 0.0).view(np.int64)  # -0.0 becomes 0.0
    ordered = np.where(bits < 0, bits ^ _LAST, bits)
    return np.where(np.isnan(values), ~_LAST, ordered)
