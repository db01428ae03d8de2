"""Groups of equal rows in a sorted stream of batches.

A group may continue in the next batch. A reduction carries the rows of the last group of a batch over to the next one.
"""

from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Positions = npt.NDArray[np.int64]


def with_carried(carried: pa.RecordBatch | None, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the rows of a deduplication's sorted stream carried over from the previous batch, then this batch."""
    return batch if carried is None else pa.concat_batches([carried, batch])


def group_starts(*columns: npt.NDArray[Any]) -> Positions:
    """Returns the first row of each group of a deduplication's rows that are equal in all columns, int64 (groups,).

    There must be at least one row.
    """
    differs = reduce(np.logical_or, (column[1:] != column[:-1] for column in columns))
    return np.flatnonzero(np.append(True, differs))


def group_sizes(starts: Positions, rows: int) -> Positions:
    """Returns the number of rows of each group of equal rows of a deduplication, int64 (groups,)."""
    return np.diff(np.append(starts, rows))
