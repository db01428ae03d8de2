"""stages/dedup/groups.py: groups of equal rows, compared with itertools.groupby."""

from itertools import groupby

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.stages.dedup.groups import group_sizes, group_starts, with_carried


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=30))
def test_groups_are_those_of_equal_neighbours_in_all_columns(rows: list[tuple[int, int]]) -> None:
    starts = group_starts(*(np.array(column) for column in zip(*rows, strict=True)))
    sizes = group_sizes(starts, len(rows))
    assert sizes.tolist() == [len(list(group)) for _, group in groupby(rows)]
    assert starts.tolist() == [sum(sizes[:place].tolist()) for place in range(len(sizes))]


def test_carried_rows_come_first() -> None:
    one, other = pa.record_batch({"n": [1, 2]}), pa.record_batch({"n": [3]})
    assert with_carried(None, other) is other
    assert with_carried(one, other).column("n").to_pylist() == [1, 2, 3]
