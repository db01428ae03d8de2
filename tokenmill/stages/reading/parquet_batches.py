"""Reads the rows of a Parquet file in batches of bounded size, and reports rows that cannot be read."""

import io
import os
import re
from collections.abc import Iterator
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_NO_THREAD = "Failed to launch worker thread"
_CLAIMED = re.compile(r"of size (\d+)")
_NONSENSE = 1 << 36  # bytes; no column of a batch is that large
_TEXTS = ("STRING", "NONE")  # logical types
_ROWS_A_BATCH = 65_536
_MAGIC = b"PAR1"
_TWO_MAGICS = re.compile(rb"PAR1(?=PAR1)")
_GAP_BYTES, _MOST_DOUBTS = 1 << 20, 1000
_ROWS_AT_ONCE = 256  # their size in memory is known only after reading


class RowLoss(NamedTuple):
    """The number of rows that cannot be read, and the reason."""

    rows: int
    problem: str


class Parquet(NamedTuple):
    """One file opened twice: `plain` gives texts as strings, `coded` gives them as dictionaries. file: its bytes."""

    plain: pq.ParquetFile
    coded: pq.ParquetFile
    file: IO[bytes]


def open_parquet(file: IO[bytes]) -> Parquet:
    """Opens a Parquet input file of a Source, so that its page checksums are verified.

    Raises an error of pyarrow if it is not a Parquet file.
    """
    plain = pq.ParquetFile(file, page_checksum_verification=True)
    columns = [plain.schema.column(number) for number in range(len(plain.schema))]
    # All texts are listed, with or without a dictionary: asking a damaged file for its column chunks may never return.
    texts = [one.path for one in columns if one.physical_type == "BYTE_ARRAY" and one.logical_type.type in _TEXTS]
    coded = pq.ParquetFile(file, metadata=plain.metadata, read_dictionary=texts, page_checksum_verification=True)
    return Parquet(plain, coded, file)


def refuse_lack_of_threads(error: BaseException) -> None:
    """Raises MemoryError if Arrow could not start a thread, which it reports as an error of the input file."""
    if _NO_THREAD in str(error):
        raise MemoryError(f"the system cannot start another thread: {error}") from error


def is_damage(error: BaseException) -> bool:
    """Returns True if an error of Arrow means that an input file is damaged, False if memory may be too small for it.

    A length that no machine can hold is damage.
    """
    claimed = _CLAIMED.search(str(error))
    return not isinstance(error, MemoryError) or (claimed is not None and int(claimed[1]) >= _NONSENSE)


def row_batches(
    parquet: Parquet, size: int, columns: list[str] | None = None, groups: list[int] | None = None
) -> Iterator[pa.RecordBatch | RowLoss]:
    """Yields unconverted batches of a Parquet file of about `size` bytes, and a RowLoss for rows that cannot be read.

    A RowLoss has the rows of one row group. One of 1 row at the end says that another Parquet file follows in the same
    file: its rows cannot be told from those that were read. columns, groups: the columns and row groups to read.
    Default all.

    Texts of small row groups come as dictionaries, because a few kilobytes may repeat one text a million times. Texts
    of larger row groups do not, because pyarrow then holds all texts of the group several times. Larger groups are
    read by few rows at a time.
    """
    sound = True
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
            sound = False
            yield RowLoss(left, f"{left} rows of row group {group}: {error}")
    if sound and (groups is None or groups[-1:] == [parquet.plain.num_row_groups - 1]):
        yield from _other_file(parquet)


def _other_file(parquet: Parquet) -> Iterator[RowLoss]:
    """Yields a RowLoss if two Parquet files were written one behind the other.

    The last footer counts, with the places of its own file, so it describes the first file's bytes. Then the end of a
    file and the start of another are between the data and the footer, where indexes are otherwise.
    """
    metadata = parquet.plain.metadata
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    chunks = [facts.column(column) for facts in groups for column in range(facts.num_columns)]
    at = max((_start(chunk) + int(chunk.total_compressed_size) for chunk in chunks), default=len(_MAGIC))
    footer = parquet.file.seek(0, os.SEEK_END) - int(metadata.serialized_size) - 8
    doubts = 0
    while 0 <= at < footer and doubts < _MOST_DOUBTS:
        parquet.file.seek(at)
        piece = parquet.file.read(min(_GAP_BYTES, footer + len(_MAGIC) - at))
        for found in _TWO_MAGICS.finditer(piece):
            if _ends_a_file(parquet.file, at + found.start()):
                place = at + found.start() + len(_MAGIC)
                yield RowLoss(1, f"another Parquet file begins at byte {place}; split them, only one can be read")
                return
            doubts += 1
        at += max(len(piece) - 2 * len(_MAGIC) + 1, 1)


def _ends_a_file(file: IO[bytes], at: int) -> bool:
    """Returns True if there is a footer before the magic number at this place: a text may have the same letters."""
    file.seek(max(at - 4, 0))
    length = int.from_bytes(file.read(4), "little")
    if not 0 < length <= at - 8:
        return False
    file.seek(at - 4 - length)
    try:
        pq.read_metadata(io.BytesIO(_MAGIC + file.read(length + 8)))
    except (pa.ArrowException, OSError):
        return False
    return True


def _start(chunk: pq.ColumnChunkMetaData) -> int:
    return int(min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset))


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
    """Joins batches up to about `rows` rows and `size` bytes. Yields the batches before one that raises."""
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
    """Returns (a Parquet file's row groups whose first byte is in [start, end), the number of rows before them).

    If the file's metadata has impossible places, all row groups belong to the range that begins at 0.
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
    return _start(facts.column(0))
