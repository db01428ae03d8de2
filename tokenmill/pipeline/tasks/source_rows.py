"""Reads the rows of a Source's shard, part by part. Checks the ids and hashes the files while they are read."""

from collections.abc import Iterator

import pyarrow as pa

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.core.io.compression import compression_damage
from tokenmill.core.io.local_input import ContentHash, tells_time, while_reading
from tokenmill.core.io.zstd_frame import WindowError
from tokenmill.core.kinds import JsonObject, Shard, Source
from tokenmill.pipeline.planning.packs import parts_of

_PACKED_ENDINGS = (".gz", ".zst", ".bz2", ".xz")

Hashes = dict[tuple[str, int], ContentHash]
"""{(file, start of the part): hash of the part}"""


def source_rows(source: Source, shard: Shard, unreadable: dict[str, str], hashes: Hashes) -> Iterator[pa.RecordBatch]:
    """Yields the batches of a Source's shard. Raises DataError for an id that is missing or occurs twice in a part.

    A part of a pack that cannot be read, or has such an id in its first batch, is skipped and added to `unreadable` as
    {file: why}. A DataError passes through if the shard is not a pack, or if the part has already returned rows.
    hashes: receives the hash of each part of a local file, over the bytes that were read.
    """
    for part in parts_of(shard):
        seen: dict[str, str] = {}
        has_begun = False
        try:
            for batch in _hashed(source.read(part), part, hashes):
                try:
                    _refuse_known_ids(batch, seen, source.traits.same_ids)
                except DataError as error:
                    raise DataError(f"{error}{_damage_note(part)}") from error
                has_begun = has_begun or batch.num_rows > 0
                yield batch
                del batch  # otherwise it stays in memory while the next one is read
        except WindowError as error:
            raise DataError(f"{part.file}: {error}") from error
        except DataError as error:
            if has_begun or not shard.parts:
                raise
            unreadable[part.file] = str(error)


def _hashed(batches: Iterator[pa.RecordBatch], part: Shard, hashes: Hashes) -> Iterator[pa.RecordBatch]:
    """Yields the batches unchanged and hashes the part's bytes while they are read, so that no byte is read twice."""
    if not _can_be_touched(part):
        yield from batches
        return
    content = hashes[part.file, part.start] = _hash_of(part)
    while True:
        with while_reading(content):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch
        del batch


def input_records(shard: Shard, hashes: Hashes, *, hashed: bool = True) -> list[JsonObject]:
    """Returns the manifest's entry for each part of a Source's shard: file, range, size, ETag, hash if local.

    hashes: the hashes that source_rows() collected. Bytes of a part that it did not read are read now.
    hashed: False leaves the hashes out. Default True.
    """
    return [_record(part, hashes, hashed=hashed) for part in parts_of(shard)]


def _record(shard: Shard, hashes: Hashes, *, hashed: bool) -> JsonObject:
    said: JsonObject = {
        "file": shard.file,
        "start": shard.start,
        "end": shard.end,
        "size": shard.size,
        "etag": shard.etag,
    }
    if hashed and _can_be_touched(shard):
        said["xxh3"] = (hashes.get((shard.file, shard.start)) or _hash_of(shard)).finish()
    return said


def _hash_of(part: Shard) -> ContentHash:
    """Returns an empty hash for the bytes from start to end of the part.

    If a Source does not count in bytes, its parts never add up to the size of the file, and the plan compares none of
    these hashes.
    """
    return ContentHash(part.address, part.start, part.end)


def _can_be_touched(shard: Shard) -> bool:
    """Returns True if the shard's file is local, exists, and has an ETag that contains its modification time."""
    return tells_time(shard.etag) and not storage.is_url(shard.file) and storage.size_of(shard.file) >= 0


def _refuse_known_ids(batch: pa.RecordBatch, seen: dict[str, str], remedy: str) -> None:
    places = batch.column("locator").to_pylist() if "locator" in batch.schema.names else [None] * batch.num_rows
    for id, place in zip(batch.column("id").to_pylist(), places, strict=True):
        where = f"{place['file']} at byte {place['offset']}" if place else "the file"
        if not id:
            raise DataError(f"{where}: a document without an id; the source must give each one")
        if id in seen:
            expected = f"ids must be unique within a file{'; ' if remedy else ''}{remedy}"
            raise DataError(f"{where}: id {id!r} occurs twice, first in {seen[id]}; {expected}")
        seen[id] = where


def _damage_note(part: Shard) -> str:
    """Returns the end of a message about a wrong id if damage to the file can be the cause, otherwise "".

    The checksum of a compressed file comes after the rows, so damage can change ids before it is detected.
    """
    if storage.is_url(part.file):
        packed = part.file.lower().endswith(_PACKED_ENDINGS)
        return "; or the file is damaged: its checksum comes after these rows" if packed else ""
    damage = compression_damage(part.address) if storage.size_of(part.file) >= 0 else ""
    return (
        f"; but the compressed file is damaged, so that its rows may be wrong: {damage}; get it again" if damage else ""
    )
