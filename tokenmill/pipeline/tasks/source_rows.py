"""The rows of a Source's shard, part by part, with what makes ids and places trustworthy checked on the way."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.local_input import ContentHash, while_reading
from tokenmill.core.kinds import JsonObject, Shard, Source
from tokenmill.pipeline.planning.packs import parts_of


def source_rows(
    source: Source, shard: Shard, unreadable: dict[str, str], hashes: dict[str, ContentHash]
) -> Iterator[pa.RecordBatch]:
    """Batches of the shard. Raises DataError for an id that is missing, or occurs twice in a part.

    unreadable: gets {file: why} of the parts of a pack that cannot be read at all, which are passed over; a shard that
    is no pack raises. So does a part that breaks a promise after it gave rows.
    hashes: gets, by file, the hash of each whole local file, as far as it was read.
    """
    for part in parts_of(shard):
        seen: dict[str, str] = {}
        try:
            for batch in _hashed(source.read(part), part, hashes):
                _refuse_known_ids(batch, seen)
                yield batch
                del batch  # or it is held while the next one is read
        except DataError as error:
            if seen or not shard.parts:
                raise
            unreadable[part.file] = str(error)


def _hashed(batches: Iterator[pa.RecordBatch], part: Shard, hashes: dict[str, ContentHash]) -> Iterator[pa.RecordBatch]:
    """The same batches. The part's file is hashed while they are read, so that no byte is read twice for it."""
    if not _is_whole_file(part):
        yield from batches
        return
    content = hashes[part.file] = ContentHash(part.address)
    while True:
        with while_reading(content):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch
        del batch


def input_records(shard: Shard, hashes: Mapping[str, ContentHash], *, hashed: bool = True) -> list[JsonObject]:
    """What a manifest says of the files read: their bytes, what identifies them, and for whole local ones a hash.

    hashes: what source_rows() made. What it did not read of a file is read now. hashed: False leaves the hashes out.
    """
    return [_record(part, hashes, hashed=hashed) for part in parts_of(shard)]


def _record(shard: Shard, hashes: Mapping[str, ContentHash], *, hashed: bool) -> JsonObject:
    said: JsonObject = {
        "file": shard.file,
        "start": shard.start,
        "end": shard.end,
        "size": shard.size,
        "etag": shard.etag,
    }
    if hashed and _is_whole_file(shard):
        content = hashes[shard.file] if shard.file in hashes else ContentHash(shard.address)
        said["xxh3"] = content.finish()
    return said


def _is_whole_file(shard: Shard) -> bool:
    """Whether it is a whole local file that is there."""
    return shard.length == shard.size and not storage.is_url(shard.file) and storage.size_of(shard.file) >= 0


def _refuse_known_ids(batch: pa.RecordBatch, seen: dict[str, str]) -> None:
    places = batch.column("locator").to_pylist() if "locator" in batch.schema.names else [None] * batch.num_rows
    for id, place in zip(batch.column("id").to_pylist(), places, strict=True):
        where = f"{place['file']} at byte {place['offset']}" if place else "the file"
        if not id:
            raise DataError(f"{where}: a document without an id; the source must give each one")
        if id in seen:
            raise DataError(f"{where}: id {id!r} occurs twice, first in {seen[id]}; ids must be unique within a file")
        seen[id] = where
