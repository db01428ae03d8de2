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


def parquet_file(texts: list[str], **settings: object) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), target, **settings)
    return target.getvalue()


@pytest.mark.parametrize("second", [["a", "b"], ["c", "d"]])
def test_two_files_in_one_are_reported(second: list[str]) -> None:
    """The second file's footer describes the first file's bytes: half of the rows were passed over without a word."""
    both = parquet_file(["a", "b"]) + parquet_file(second)
    batch, lost = row_batches(open_parquet(io.BytesIO(both)), 1 << 20)
    assert batch.column("text").to_pylist() == ["a", "b"]
    assert lost == RowLoss(1, f"another Parquet file begins at byte {len(both) // 2}; split them, only one can be read")


def test_indexes_and_the_words_of_a_file_are_no_second_file() -> None:
    texts = ["PAR1PAR1", "PAR1"] * 3
    whole = parquet_file(texts, write_page_index=True, row_group_size=2, compression="none", use_dictionary=False)
    batches = list(row_batches(open_parquet(io.BytesIO(whole)), 1 << 20))
    assert [text for batch in batches for text in batch.column("text").to_pylist()] == texts
