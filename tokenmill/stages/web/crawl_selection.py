"""Stores the list of records that an index selects, cuts it into shards of equal bytes, and reads the records."""

import hashlib
import io
import json
import logging
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.cache_dirs import cache_dir
from tokenmill.core.io.manners import Manners, manners
from tokenmill.core.io.storage import join
from tokenmill.core.io.url_secrets import shown
from tokenmill.core.kinds import Shard
from tokenmill.stages.web.crawl_files import LISTED
from tokenmill.stages.web.crawl_index import RECORDS, Wanted, byte_ranges, find_records
from tokenmill.stages.web.warc_records import Damage, Record, read_records

logger = logging.getLogger(__name__)

_MOST = 64 << 20  # bytes of one record, compressed
_FORMAT = 1  # version of stored selections; increase it if the same criteria give another result
_KEPT = RECORDS.append(pa.field("end", pa.int64()))
"""RECORDS, and the bytes of all records up to each: a selection is cut as if it were one file of all records."""


class Picked(NamedTuple):
    """A record or damage, with the file that it is in. Its offset is the offset in that file."""

    file: str
    item: Record | Damage


def selection(files: Sequence[str], wanted: Wanted, folder: str, *, from_list: bool) -> str:
    """Returns the path of the stored list of records that a crawl's index selects.

    Reads the index to create the list if it does not exist. folder: where selections are stored, "" for the user's
    cache. from_list: True if the index files are those of a published crawl, which do not change.
    """
    tags = [LISTED if from_list else storage.etag(file) for file in files]
    said = json.dumps([_FORMAT, list(map(shown, files)), tags, wanted.asked()])
    folder = folder or str(cache_dir("selections"))
    path = join(folder, f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.parquet")
    if storage.size_of(path) < 0:
        logger.info("selecting records from %d index files", len(files))
        records = find_records(files, wanted)
        ends = pa.array(np.cumsum(records.column("length").to_numpy()), pa.int64())
        parquet.write_table(records.append_column("end", ends).to_batches(), path, schema=_KEPT)
    return path


def selected_shards(path: str, source: str, shard_bytes: int) -> list[Shard]:
    """Cuts the records that a crawl's index selects, in order, into shards of about equal bytes.

    Each has at most about `shard_bytes`. `start` and `end` of a shard are positions in the bytes of all selected
    records, one after the other. Raises RecipeError if no record is selected.
    """
    table = pa.Table.from_batches(list(parquet.read_table(path)), _KEPT)
    if not table.num_rows:
        raise RecipeError("select: no record of the index matches")
    ends = table.column("end").to_numpy()
    count = -(-int(ends[-1]) // shard_bytes)
    edges = np.searchsorted(ends, ends[-1] * np.arange(1, count) / count)
    cuts = sorted({0, *edges.tolist(), table.num_rows})
    return [_shard(number, source, path, table, *cuts[number : number + 2]) for number in range(len(cuts) - 1)]


def read_selected(shard: Shard, base: str, gap: int, limit: int, polite: Manners) -> Iterator[Picked]:
    """Yields the selected records of a crawl in a shard, in order, and Damage for a place without a record."""
    records = _rows(shard)
    offsets, lengths = records.column("offset").to_numpy(), records.column("length").to_numpy()
    for span in byte_ranges(records, gap):
        file = join(base, span.file)
        with manners(polite):
            content = memoryview(storage.read_range(file, span.start, min(span.stop, span.start + 2 * _MOST)))
        for row in range(span.first, span.last):
            offset, length = int(offsets[row]), int(lengths[row])
            packed = content[offset - span.start : offset - span.start + min(length, _MOST)]
            yield Picked(shown(file), _item(bytes(packed), offset, length, limit))


def _item(packed: bytes, offset: int, length: int, limit: int) -> Record | Damage:
    if len(packed) < length:
        what = f"the file has {len(packed)} of its {length} bytes" if length <= _MOST else f"more than {_MOST} bytes"
        return Damage(offset, 0, length, f"the index names a record here, but {what}")
    try:
        found = next(read_records(io.BytesIO(packed), length, "", limit))
    except (DataError, StopIteration):
        return Damage(offset, 0, length, f"the index names a record here, but it begins with {packed[:12]!r}")
    if found.offset:
        return Damage(offset, 0, length, "the index names a record here, but no record begins")
    return found._replace(offset=offset, length=length)


def _shard(number: int, source: str, path: str, table: pa.Table, first: int, last: int) -> Shard:
    digest = xxhash.xxh3_128()
    part = table.slice(first, last - first)
    for name in part.column("file").unique().to_pylist():
        digest.update(name.encode() + b"\0")
    for name in ("offset", "length"):
        digest.update(part.column(name).to_numpy().tobytes())
    ends = table.column("end")
    start, end = ends[first - 1].as_py() if first else 0, ends[last - 1].as_py()
    return Shard(number, source, path, start, end, ends[-1].as_py(), digest.hexdigest())


def _rows(shard: Shard) -> pa.Table:
    """Reads the rows of the shard from the row groups that contain them."""
    with storage.open_input(shard.file) as source, pq.ParquetFile(source) as file:
        place = file.schema_arrow.names.index("end")
        groups = [file.metadata.row_group(group).column(place).statistics for group in range(file.num_row_groups)]
        inside = [n for n, ends in enumerate(groups) if ends.max > shard.start and ends.min <= shard.end]
        table = file.read_row_groups(inside)
    ends = table.column("end").to_numpy()
    rows: pa.Table = table.filter(pa.array((ends > shard.start) & (ends <= shard.end))).combine_chunks()
    return rows
