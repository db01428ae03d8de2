"""Damage in Parquet files costs the rows of one row group, and is reported."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenmill.stages.reading.parquet_batches import RowLoss, open_parquet, refuse_lack_of_threads, row_batches


def test_a_value_that_refers_to_a_place_outside_its_dictionary_is_damage() -> None:
    """Found by fuzzing: pyarrow returned such a batch, and measuring its rows raised an IndexError."""
    target = io.BytesIO()
    pq.write_table(pa.table({"text": list("abcde")}), target, compression="none", store_schema=False)
    places = b"\x03\x03\x88\x46\x00"  # 0 to 4, in three bits each
    assert target.getvalue().count(places) == 1
    broken = target.getvalue().replace(places, b"\x03\x03\x88\x56\x00")
    assert list(row_batches(open_parquet(io.BytesIO(broken)), 1 << 20)) == [
        RowLoss(5, "5 rows of row group 0: a value refers to place 5 of 5 in a dictionary")
    ]
    [batch] = row_batches(open_parquet(io.BytesIO(target.getvalue())), 1 << 20)
    assert batch.column("text").to_pylist() == list("abcde")


def test_a_thread_that_cannot_start_is_no_damage() -> None:
    """Arrow reports this as an unknown error while it decompresses."""
    error = pa.ArrowException("Unknown error: Failed to launch worker thread: Resource temporarily unavailable")
    with pytest.raises(MemoryError, match="cannot start another thread"):
        refuse_lack_of_threads(error)
    refuse_lack_of_threads(pa.ArrowException("Unknown error: a flag that no file has"))
