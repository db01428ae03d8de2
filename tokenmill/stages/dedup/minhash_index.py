"""What a deduplicated corpus is remembered by: the shingle hashes of its documents, without their text.

A folder, or a URL, that is only ever added to. Version n is Parquet files (id; shingles, ascending 64-bit hashes,
little-endian) in a folder of its number, and version-n.json, written last: sizes and checksums of its files, its own
checksum and that of the version before. A version's documents are those of all up to it. From the hashes any bands
follow and any similarity, exactly, as long as the n-grams and the way words are read are the same; a probe text tells
whether they are.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from tokenmill.core.chance import keyed_hash
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import FileRecord, join
from tokenmill.stages.dedup.minhash_held import ragged_array, ragged_values
from tokenmill.text.similarity.shingle import Unit, shingle_sets
from tokenmill.text.words.hash import Hashes, Ragged

FORMAT = 2

_EMPTY = pa.schema([("id", pa.string()), ("shingles", pa.large_binary())])
_PROBE = "Déjà-vu: 12,345.67 don't STOP; \ufb01ne print 漢字かな Ελληνικά ʼquotedʼ x² 5% Straße 🥲 ٣٤ of it all, again"


@dataclass(frozen=True)
class Version:
    """One version of an index. said: what its file says. checksum: of what it says, XXH3-128 hex."""

    number: int
    said: dict[str, Any]
    checksum: str

    def files(self, folder: str) -> list[FileRecord]:
        """With whole paths."""
        return [FileRecord(**{**record, "path": join(folder, record["path"])}) for record in self.said["files"]]


def write_index(files: Iterable[str], folder: str, ngram: int, unit: Unit = "words") -> dict[str, Any]:
    """Add a version of the documents in Parquet files with id and text, but those whose id the index has already.

    What the version says then; documents: 0, and nothing written, if there is nothing to add. Raises RecipeError if the
    index is for other shingles, DataError if it is damaged, another program adds to it at the same time, or it has a
    document of the same id and other text.
    """
    if "@" in folder.rstrip("/").rpartition("/")[2]:
        raise RecipeError(f"--out {folder}: the name of an index has no @, which stands before a version")
    before = versions(folder)
    _refuse_others(folder, before, ngram, unit)
    number = len(before) + 1
    known = _known(folder, before)
    records: list[dict[str, Any]] = []
    shingled = documents = 0
    for part, file in enumerate(files):
        name = f"{number:06d}/{part:06d}.parquet"
        with parquet.row_group_file(join(folder, name), empty=_EMPTY) as out:
            for batch in parquet.read_table(file, ["id", "text"]):
                old = np.isin(_marks(batch), known.marks)
                _, shingles = shingle_sets(batch.filter(pa.array(old)), ngram, unit)
                known.refuse_other_texts(batch.filter(pa.array(old)), shingles)
                batch = batch.filter(pa.array(~old))
                if batch.num_rows:
                    _, shingles = shingle_sets(batch, ngram, unit)
                    out.write(pa.table({"id": batch.column("id"), "shingles": ragged_array(shingles)}))
                    shingled += len(shingles.values)
        documents += out.record.rows
        records.append({"path": name, "bytes": out.record.bytes, "xxh3": out.record.xxh3, "rows": out.record.rows})
    said = {
        "format": FORMAT, "version": number, "ngram": ngram, "unit": unit, "probe": _probe(ngram, unit),
        "previous": before[-1].checksum if before else "", "documents": documents, "shingles": shingled,
        "bytes": sum(record["bytes"] for record in records), "files": records,
    }  # fmt: skip
    if not documents and before:
        storage.delete(join(folder, f"{number:06d}"))
        return said
    content = json.dumps({**said, "checksum": _checksum(said)}, indent=1).encode()
    if not storage.create_bytes(join(folder, _name(number)), content):
        raise DataError(f"{folder}: another program added version {number} at the same time; run again")
    return said


def index_files(index: str, ngram: int, unit: Unit = "words") -> list[FileRecord]:
    """The files of an index, FOLDER or FOLDER@VERSION, with whole paths. RecipeError if it is none, or not for these
    shingles, or not whole.
    """
    folder, _, wanted = index.rpartition("@") if index.rpartition("@")[2].isdigit() else (index, "", "")
    found = versions(folder)
    if not found:
        raise RecipeError(f"index: {folder}: no index there; make one by: pipeline dedup-index RUN --out {folder}")
    if wanted and not 0 < int(wanted) <= len(found):
        raise RecipeError(f"index: {folder}: no version {wanted} there; it has versions 1 to {len(found)}")
    _refuse_others(folder, found, ngram, unit)
    records = [record for version in found[: int(wanted or len(found))] for record in version.files(folder)]
    for record in records:
        if storage.size_of(record.path) != record.bytes:
            raise RecipeError(
                f"index: {record.path}: not there, or not of {record.bytes} bytes; get a sound copy, or make it anew"
            )
    return [record for record in records if record.rows]


def verify_index(folder: str) -> list[dict[str, Any]]:
    """Read every file of an index and compare its checksum; what each version says. DataError names what is damaged."""
    found = versions(folder)
    if not found:
        raise RecipeError(f"{folder}: no index there")
    for record in (record for version in found for record in version.files(folder)):
        if storage.size_of(record.path) < 0 or storage.file_record(record.path).xxh3 != record.xxh3:
            raise DataError(f"{record.path}: damaged, its XXH3 is not {record.xxh3}; get a sound copy, or make it anew")
    return [version.said for version in found]


def versions(folder: str) -> list[Version]:
    """All versions in order. RecipeError if one is missing or is not what was written."""
    found: list[Version] = []
    while storage.exists(path := join(folder, _name(len(found) + 1))):
        try:
            said = json.loads(storage.read_bytes(path))
            checksum = said.pop("checksum")
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise RecipeError(f"index: {path}: damaged, it is no version of an index; get a sound copy") from error
        previous = found[-1].checksum if found else ""
        if checksum != _checksum(said) or said["version"] != len(found) + 1 or said["previous"] != previous:
            raise RecipeError(f"index: {path}: damaged, it is not what was written after the version before it")
        found.append(Version(len(found) + 1, said, checksum))
    later = [name for name in storage.list_files(folder) if name.startswith("version-")]
    if len(later) > len(found):
        raise RecipeError(f"index: {join(folder, _name(len(found) + 1))}: gone, though {later[-1]} is there")
    return found


def _refuse_others(folder: str, found: list[Version], ngram: int, unit: Unit) -> None:
    wanted = {"format": FORMAT, "ngram": ngram, "unit": unit, "probe": _probe(ngram, unit)}
    for version in found:
        if any(version.said.get(name) != value for name, value in wanted.items()):
            had = [version.said.get(name) for name in ("ngram", "unit", "format")]
            raise RecipeError(
                f"index: {folder}: version {version.number} is made for shingles of {had[0]} {had[1]} (format "
                f"{had[2]}) and perhaps by a version that reads words otherwise; this stage needs {ngram} {unit}, "
                f"format {FORMAT}. Make the index anew from its run"
            )


@dataclass(frozen=True)
class _Known:
    """The documents of an index: 64-bit hashes of their ids, ascending, and of their shingles."""

    marks: Hashes
    texts: Hashes

    def refuse_other_texts(self, batch: pa.RecordBatch, shingles: Ragged) -> None:
        """DataError if one of these documents, all of known ids, is not what the index remembers by its id."""
        said = self.texts[np.searchsorted(self.marks, _marks(batch))]
        other = np.flatnonzero(said != _hashes(shingles))
        if len(other):
            id = batch.column("id")[int(other[0])].as_py()
            raise DataError(
                f"{len(other)} documents have the ids of others that the index has, with other text, for example "
                f"{id!r}; ids must be different across snapshots"
            )


def _known(folder: str, found: list[Version]) -> _Known:
    marks, texts = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.uint64)]
    for record in (record for version in found for record in version.files(folder)):
        if storage.size_of(record.path) != record.bytes:
            raise DataError(f"{record.path}: damaged, it is not of {record.bytes} bytes; get a sound copy")
        for batch in parquet.read_table(record.path, ["id", "shingles"]):
            marks.append(_marks(batch))
            texts.append(_hashes(ragged_values(batch.column("shingles"))))
    every = np.concatenate(marks)
    order = np.argsort(every)
    return _Known(every[order], np.concatenate(texts)[order])


def _hashes(shingles: Ragged) -> Hashes:
    """One a row."""
    ends = shingles.offsets.tolist()
    said = (xxhash.xxh3_64_intdigest(shingles.values[start:end].tobytes()) for start, end in pairwise(ends))
    return np.fromiter(said, dtype=np.uint64, count=len(ends) - 1)


def _marks(batch: pa.RecordBatch) -> Hashes:
    return keyed_hash(0, "minhash_index", batch.column("id").to_pylist())


def _name(version: int) -> str:
    return f"version-{version:06d}.json"


def _checksum(said: dict[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(said, sort_keys=True).encode())


def _probe(ngram: int, unit: Unit) -> str:
    texts = pa.record_batch({"text": pa.array([_PROBE * 2], type=pa.large_string())})
    return xxhash.xxh3_128_hexdigest(shingle_sets(texts, ngram, unit)[1].values.tobytes())
