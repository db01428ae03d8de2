"""Rows of a Parquet file in batches of bounded size, with the row groups that cannot be read reported as lost."""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_NO_THREAD = "Failed to launch worker thread"
_CLAIMED = re.compile(r"of size (\d+)")
_NONSENSE = 1 << 36  # bytes that no one column of a batch has
_TEXTS = ("STRING", "NONE")  # logical types
_ROWS_A_BATCH = 65_536
_ROWS_AT_ONCE = 256  # what they take is known only when they are read


class RowLoss(NamedTuple):
    """Rows that cannot be read, and why."""

    rows: int
    problem: str


class Parquet(NamedTuple):
    """A file opened twice: with texts in place, and with texts in their dictionaries."""

    plain: pq.ParquetFile
    coded: pq.ParquetFile


def open_parquet(file: IO[bytes]) -> Parquet:
    """The file. Raises what pyarrow does for one that is none."""
    plain = pq.ParquetFile(file, page_checksum_verification=True)
    columns = [plain.schema.column(number) for number in range(len(plain.schema))]
    # whether a text has a dictionary is not asked: of a damaged file's column chunks pyarrow may not come back
    texts = [one.path for one in columns if one.physical_type == "BYTE_ARRAY" and one.logical_type.type in _TEXTS]
    coded = pq.ParquetFile(file, metadata=plain.metadata, read_dictionary=texts, page_checksum_verification=True)
    return Parquet(plain, coded)


def refuse_lack_of_threads(error: BaseException) -> None:
    """Raises MemoryError if Arrow could not start a thread, which it reports as an error of the file."""
    if _NO_THREAD in str(error):
        raise MemoryError(f"the system starts no more threads: {error}") from error


def is_damage(error: BaseException) -> bool:
    """False if memory does not suffice for what may be sound; a length that no machine can hold is damage."""
    claimed = _CLAIMED.search(str(error))
    return not isinstance(error, MemoryError) or (claimed is not None and int(claimed[1]) >= _NONSENSE)


def row_batches(
    parquet: Parquet, size: int, columns: list[str] | None = None, groups: list[int] | None = None
) -> Iterator[pa.RecordBatch | RowLoss]:
    """Batches of about `size` bytes as they are in the file; a loss for a row group that cannot be read, or not to its
    end. groups: all, unless named.

    Texts of small groups come in their dictionaries: a few kilobytes may say the same text a million times. Of larger
    groups they do not, because pyarrow then holds all texts of the group, several times; those are read by few rows.
    """
    for group in range(parquet.plain.num_row_groups) if groups is None else groups:
        facts = parquet.plain.metadata.row_group(group)
        reader = parquet.coded if facts.total_byte_size <= size else parquet.plain
        rows = max(1, min(_ROWS_A_BATCH, facts.num_rows * size // max(facts.total_byte_size, 1)))
        left = facts.num_rows
        try:
            whole = reader is parquet.coded
            few = rows if whole else min(rows, _ROWS_AT_ONCE)
            for batch in _joined(
                reader.iter_batches(few, row_groups=[group], columns=columns), 0 if whole else rows, size
            ):
                for column in batch.columns if whole else ():
                    _check_indices(column)
                left -= batch.num_rows
                yield batch
        except (pa.ArrowException, OSError) as error:
            refuse_lack_of_threads(error)
            if not is_damage(error):
                raise
            yield RowLoss(left, f"{left} rows of row group {group}: {error}")


def _check_indices(column: pa.Array) -> None:
    """Raises ArrowInvalid if a value refers to a place outside of its dictionary, which pyarrow does not check."""
    if pa.types.is_dictionary(column.type):
        found = pc.min_max(column.indices).as_py()
        if found["max"] is not None and not 0 <= found["min"] <= found["max"] < len(column.dictionary):
            raise pa.ArrowInvalid(f"a value refers to place {found['max']} of {len(column.dictionary)} in a dictionary")
    elif pa.types.is_struct(column.type):
        for number in range(column.type.num_fields):
            _check_indices(column.field(number))
    elif pa.types.is_nested(column.type):
        _check_indices(column.values)


def _joined(batches: Iterator[pa.RecordBatch], rows: int, size: int) -> Iterator[pa.RecordBatch]:
    """Batches put together up to about so many rows and bytes; what came before one that cannot be read is given."""
    held: list[pa.RecordBatch] = []
    count = total = 0
    try:
        for batch in batches:
            if held and (count + batch.num_rows > rows or total + batch.nbytes > size):
                yield _one(held)
                held, count, total = [], 0, 0
            held.append(batch)
            count, total = count + batch.num_rows, total + batch.nbytes
    except (pa.ArrowException, OSError):
        if held:
            yield _one(held)
        raise
    if held:
        yield _one(held)


def _one(held: list[pa.RecordBatch]) -> pa.RecordBatch:
    return held[0] if len(held) == 1 else pa.concat_batches(held)


def groups_between(parquet: pq.ParquetFile, start: int, end: int) -> tuple[list[int], int]:
    """(the row groups whose first byte lies in [start, end), how many rows lie before them). Those of a file that says
    nonsense of its places are all in the range that begins at 0.
    """
    facts = [parquet.metadata.row_group(group) for group in range(parquet.num_row_groups)]
    places = [_first_byte(fact) for fact in facts]
    if places != sorted(places) or any(place < 0 for place in places):
        places = [0] * len(places)
    mine = [group for group, place in enumerate(places) if start <= place < end]
    before = sum(fact.num_rows for fact in facts[: mine[0]]) if mine else 0
    return mine, before


def _first_byte(facts: pq.RowGroupMetaData) -> int:
    if not facts.num_columns:
        return 0
    chunk = facts.column(0)
    return int(min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset))
