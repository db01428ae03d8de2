"""The rows of a Source's shard, part by part, with what makes ids and places trustworthy checked on the way."""

from collections.abc import Iterator

import pyarrow as pa

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.kinds import JsonObject, Shard, Source
from tokenmill.pipeline.planning.packs import parts_of


def source_rows(source: Source, shard: Shard, unreadable: dict[str, str]) -> Iterator[pa.RecordBatch]:
    """Batches of the shard. Raises DataError for an id that is missing, or occurs twice in a part.

    unreadable: gets {file: why} of the parts of a pack that cannot be read at all, which are passed over; a shard that
    is no pack raises. So does a part that breaks a promise after it gave rows.
    """
    for part in parts_of(shard):
        seen: dict[str, str] = {}
        try:
            for batch in source.read(part):
                _refuse_known_ids(batch, seen)
                yield batch
                del batch  # or it is held while the next one is read
        except DataError as error:
            if seen or not shard.parts:
                raise
            unreadable[part.file] = str(error)


def input_records(shard: Shard) -> list[JsonObject]:
    """What a manifest says of the files read: their bytes, what identifies them, and for whole local ones a hash."""
    return [_record(part) for part in parts_of(shard)]


def _record(shard: Shard) -> JsonObject:
    said: JsonObject = {
        "file": shard.file,
        "start": shard.start,
        "end": shard.end,
        "size": shard.size,
        "etag": shard.etag,
    }
    if shard.length == shard.size and not storage.is_url(shard.file) and storage.size_of(shard.file) >= 0:
        said["xxh3"] = storage.file_record(shard.file).xxh3  # just read, so it comes from the page cache
    return said


def _refuse_known_ids(batch: pa.RecordBatch, seen: dict[str, str]) -> None:
    places = batch.column("locator").to_pylist() if "locator" in batch.schema.names else [None] * batch.num_rows
    for id, place in zip(batch.column("id").to_pylist(), places, strict=True):
        where = f"{place['file']} at byte {place['offset']}" if place else "the file"
        if not id:
            raise DataError(f"{where}: a document without an id; the source must give each one")
        if id in seen:
            raise DataError(f"{where}: id {id!r} occurs twice, first in {seen[id]}; ids must be unique within a file")
        seen[id] = where
