"""Finds records in Common Crawl's columnar index, so that only their bytes are read.

The index is Parquet, with one row per capture, sorted by SURT key (commoncrawl/cc-index-table,
cc-index-schema-flat.json). Only the columns that the criteria need are read, and the places of records only in row
groups with a match. Row groups whose statistics exclude every match are not read at all. Values are compared once per
entry of a column's dictionary instead of once per row.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.io.http import GoneError
from tokenmill.core.io.storage import is_url
from tokenmill.core.io.url_secrets import shown

logger = logging.getLogger(__name__)

_COLUMNS = {
    "domain": "url_host_registered_domain", "tld": "url_host_tld", "mime": "content_mime_detected",
    "language": "content_languages", "status": "fetch_status",
}  # fmt: skip
_PLACE = ("warc_filename", "warc_record_offset", "warc_record_length")
_READERS = 8  # remote files read at once; the request rate of the host still applies
RECORDS = pa.schema([("file", pa.string()), ("offset", pa.int64()), ("length", pa.int64())])
"""The places of selected records, sorted by file and offset. The file's name is the one in the index."""

_ERRORS = (pa.ArrowException, OSError, UnicodeDecodeError, IndexError)
"""Errors of damaged tables. The last two are for the name of a column and for a place outside of a dictionary."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Wanted:
    """Criteria for records: for each list that is not empty, the value of the record must be in the list.

    Attributes:
        domain: registered domains, such as bbc.co.uk.
        tld: last parts of host names.
        mime: types as detected from the content.
        language: ISO 639-3 codes, compared with the first language of the page.
        status: HTTP status codes.
    """

    domain: tuple[str, ...] = ()
    tld: tuple[str, ...] = ()
    mime: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    status: tuple[int, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Wanted":
        """Reads the criteria from a recipe's mapping of names to values or lists of values. Raises RecipeError."""
        known = [field.name for field in fields(cls)]
        lists: dict[str, tuple[Any, ...]] = {}
        for name, value in settings.items():
            if name not in known:
                raise RecipeError(f"select: no key {name!r}{did_you_mean(name, [*known, 'index'])}")
            lists[name] = tuple(value) if isinstance(value, (list, tuple)) else (value,)
            wanted = int if name == "status" else str
            if not lists[name] or not all(type(item) is wanted for item in lists[name]):
                raise RecipeError(f"select: {name}: found {value!r}, expected {wanted.__name__} values")
        if not lists:
            raise RecipeError(f"select: no criterion given; give one or more of {', '.join(known)}")
        for code in lists.get("language", ()):
            if len(code) != 3:
                raise RecipeError(f"select: language: found {code!r}; the index has ISO 639-3 codes such as eng or deu")
        return cls(**lists)

    def asked(self) -> dict[str, Sequence[Any]]:
        """Returns {column of the index: accepted values} for the criteria that are given."""
        return {column: getattr(self, name) for name, column in _COLUMNS.items() if getattr(self, name)}


@dataclass(frozen=True)
class ByteRange:
    """Bytes start to stop of one file, read with one request. They contain the records of rows first to last - 1."""

    file: str
    start: int
    stop: int
    first: int
    last: int


def find_records(files: Sequence[str], wanted: Wanted) -> pa.Table:
    """Returns the wanted records of the files of Common Crawl's columnar index, as RECORDS, each record once.

    Raises DataError for a file that is not a columnar index.
    """
    readers = _READERS if any(map(is_url, files)) else 1
    with ThreadPoolExecutor(readers) as pool:
        context = copy_context()  # each thread uses the current manners
        found = list(pool.map(lambda file: context.copy().run(_find_in, file, wanted), files))
    table = pa.concat_tables(found) if found else RECORDS.empty_table()
    table = table.unify_dictionaries().combine_chunks()
    order = pc.sort_indices(_ranked(table), [("file", "ascending"), ("offset", "ascending"), ("length", "ascending")])
    table = table.take(order)
    table = table.set_column(0, "file", table.column("file").cast(pa.string())).combine_chunks()
    return table.filter(pa.array(_first_of_its_place(table)))


def byte_ranges(records: pa.Table, gap: int, most: int = 1 << 25) -> Iterator[ByteRange]:
    """Joins the places of a crawl's records, at most `gap` bytes apart, to ranges of up to about `most` bytes."""
    if not records.num_rows:
        return
    names = records.column("file").combine_chunks().dictionary_encode()
    codes, names = names.indices.to_numpy(), names.dictionary.to_pylist()
    starts = records.column("offset").to_numpy()
    stops = starts + records.column("length").to_numpy()
    first, stop = 0, int(stops[0])
    for row in range(1, len(starts)):
        apart = codes[row] != codes[row - 1] or starts[row] > stop + gap or stops[row] - starts[first] > most
        if apart:
            yield ByteRange(names[codes[first]], int(starts[first]), stop, first, row)
            first, stop = row, int(stops[row])
        stop = max(stop, int(stops[row]))
    yield ByteRange(names[codes[first]], int(starts[first]), stop, first, len(starts))


def _find_in(file: str, wanted: Wanted) -> pa.Table:
    asked = wanted.asked()
    texts = [*(column for column in asked if column != "fetch_status"), "warc_filename"]
    try:
        with storage.open_input(file) as source, pq.ParquetFile(source, read_dictionary=texts) as index:
            missing = {*asked, *_PLACE} - set(index.schema_arrow.names)
            if missing:
                raise DataError(f"{shown(file)}: has no column {', '.join(sorted(missing))}; expected a columnar index")
            groups = [group for group in range(index.num_row_groups) if _may_hold(index, group, asked)]
            parts = [part for group in groups if (part := _find_in_group(index, group, asked)) is not None]
        found = _as_records(pa.concat_tables(parts) if parts else RECORDS.empty_table())
        found.validate(full=True)  # checks UTF-8 and places in dictionaries
    except KeyError as error:  # read_dictionary names a missing column
        raise DataError(f"{shown(file)}: has no column {error}; expected a columnar index") from error
    except GoneError:
        raise
    except _ERRORS as error:
        raise DataError(f"{shown(file)}: cannot be read as a columnar index: {error}") from error
    if found.num_rows and (pc.min(found.column(1)).as_py() < 0 or pc.min(found.column(2)).as_py() < 1):
        raise DataError(f"{shown(file)}: has a record at a negative offset, or of no bytes; it is damaged")
    logger.info("%s: %d of its records are selected", shown(file), found.num_rows)
    return found


def _find_in_group(index: pq.ParquetFile, group: int, asked: Mapping[str, Sequence[Any]]) -> pa.Table | None:
    """Returns the places of a row group's wanted records, or None if there are none."""
    mask: Bools | None = None
    for column, values in asked.items():  # one by one: the first column excludes most groups
        holds = _holds(index.read_row_group(group, [column]).column(0), values, first=column == "content_languages")
        mask = holds if mask is None else mask & holds
        if not mask.any():
            return None
    return index.read_row_group(group, list(_PLACE)).filter(pa.array(mask))


def _holds(column: pa.ChunkedArray, values: Sequence[Any], *, first: bool) -> Bools:
    """Returns which rows have one of the values, bool (rows,). first: compare the part before the first comma."""
    parts = []
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            words = pc.replace_substring_regex(chunk.dictionary, ",.*", "") if first else chunk.dictionary
            allowed = pc.is_in(words, value_set=pa.array(values, words.type)).to_numpy(zero_copy_only=False)
            codes = pc.fill_null(chunk.indices, len(allowed)).to_numpy(zero_copy_only=False)
            parts.append(np.append(allowed, False).astype(np.bool_)[codes])
        else:
            parts.append(pc.is_in(chunk, value_set=pa.array(values, chunk.type)).to_numpy(zero_copy_only=False))
    return np.concatenate(parts) if parts else np.zeros(0, np.bool_)


def _may_hold(index: pq.ParquetFile, group: int, asked: Mapping[str, Sequence[Any]]) -> bool:
    """Returns False if the group's statistics exclude all values of one of the columns."""
    about = index.metadata.row_group(group)
    at = {about.column(number).path_in_schema: about.column(number).statistics for number in range(about.num_columns)}
    for column, values in asked.items():
        known = at.get(column)
        if known is None or not known.has_min_max or column == "content_languages":
            continue
        if not any(known.min <= value <= known.max for value in values):
            return False
    return True


def _as_records(table: pa.Table) -> pa.Table:
    names = table.column(0).cast(pa.dictionary(pa.int32(), pa.string()))
    places = [table.column(number).cast(pa.int64()) for number in (1, 2)]
    return pa.table([names, *places], names=RECORDS.names)


def _ranked(table: pa.Table) -> pa.Table:
    """Returns the table with each file's rank among the sorted names instead of its name."""
    names = table.column("file").combine_chunks()
    if isinstance(names, pa.ChunkedArray):  # a table without rows
        names = names.chunk(0) if names.num_chunks else pa.array([], pa.dictionary(pa.int32(), pa.string()))
    ranks = pc.rank(names.dictionary, tiebreaker="dense").take(names.indices)
    return table.set_column(0, "file", ranks)


def _first_of_its_place(table: pa.Table) -> Bools:
    """Marks the first row of each place, bool (rows,). The index should not have others."""
    if not table.num_rows:
        return np.zeros(0, np.bool_)
    codes = table.column("file").combine_chunks().dictionary_encode().indices.to_numpy()
    offsets = table.column("offset").to_numpy()
    return np.append(True, (np.diff(codes) != 0) | (np.diff(offsets) != 0))
