"""The index of a deduplicated corpus: the shingle hashes of its documents, without their text.

An index is a folder or a URL. Versions are only added, never changed. Version n is a folder of Parquet files and
version-n.json, which is written last. The JSON file has the sizes and checksums of these files, its own checksum and
the checksum of the previous version. The documents of a version are its own and those of all versions before it.

Several programs may write at the same time. Each writes its files to its own folder, `unfinished-…`. Then it copies
them to a folder whose name has a hash of their content, so that only programs with the same files use the same folder.
Exactly one of the programs creates version-n.json. Files that no version lists were left by programs that were killed
or that were not first.

Columns of the files: id; shingles, 64-bit hashes of the unmodified text's shingles, ascending, which give any
similarity exactly; nominating, hashes of the folded text's shingles, which give any bands. All are little-endian. A
hash in `nominating` takes 4 bytes, or 8 for a stage with `bits: 64`. The n-grams, the folding and the segmentation into
words must be the same in all versions and in the stage that uses the index. The hash of a probe text checks this.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from tokenmill.core.chance import keyed_hash
from tokenmill.core.errors import DamagedFile, DataError, RecipeError
from tokenmill.core.io import parquet, storage
from tokenmill.core.io.storage import FileRecord, join
from tokenmill.stages.dedup.minhash_held import ragged_array, ragged_values
from tokenmill.text.kernel.arrays import Hashes
from tokenmill.text.similarity.shingle import Shingling
from tokenmill.text.similarity.signature import Bits
from tokenmill.text.words.hash import Ragged

FORMAT = 3

_EMPTY = pa.schema([("id", pa.string()), ("shingles", pa.large_binary()), ("nominating", pa.large_binary())])
_UNFINISHED = "unfinished-"
_REBUILD = "Make the index again from its runs, in an empty FOLDER: pipeline dedup index RUN --out FOLDER"
_PROBE = "Déjà-vu: 12,345.67 don't STOP; \ufb01ne print 漢字かな Ελληνικά ʼquotedʼ x² 5% Straße 🥲 ٣٤ of it all, again"


@dataclass(frozen=True)
class IndexKind:
    """The shingles and hashes of an index. bits: size of the hashes in `nominating`, 32 or 64. Default 32."""

    shingling: Shingling
    bits: Bits = 32

    @property
    def content(self) -> dict[str, Any]:
        """The entries for these settings in the JSON of each version."""
        shingling = self.shingling
        return {"ngram": shingling.ngram, "unit": shingling.unit, "fold": list(shingling.fold), "bits": self.bits}

    @property
    def probe(self) -> str:
        """A hash of the shingles of a probe text. It changes if words are split or folded differently."""
        texts = pa.record_batch({"text": pa.array([_PROBE * 2], type=pa.large_string())})
        sets = (self.shingling.nominating(texts)[1], self.shingling.verifying(texts)[1])
        return xxhash.xxh3_128_hexdigest(b"".join(one.values.tobytes() for one in sets))


@dataclass(frozen=True)
class Version:
    """One version of an index. content: the JSON object of its file. checksum: XXH3-128 of the content, in hex."""

    number: int
    content: dict[str, Any]
    checksum: str

    def files(self, folder: str) -> list[FileRecord]:
        """Returns the records of its Parquet files, with full paths. folder: the index."""
        return [FileRecord(**{**record, "path": join(folder, record["path"])}) for record in self.content["files"]]


def write_index(files: Iterable[str], folder: str, kind: IndexKind) -> dict[str, Any] | None:
    """Adds a version to a dedup index, with those documents of Parquet files (id, text) whose ids it does not have.

    Returns the content of the version, or None if there was nothing to add, because the index had all documents, or
    because another program added the same ones at the same time. Raises RecipeError if the index has other shingles or
    a damaged version. Raises DataError if a file of the index is damaged, if another program added other documents at
    the same time, or if the index has a document with the same id and another text.
    """
    if "@" in folder.rstrip("/").rpartition("/")[2]:
        raise RecipeError(f"--out {folder}: the name of an index must not have an @, because a version follows it")
    before = versions(folder)
    _refuse_others(folder, before, kind)
    known = _known(folder, before)
    own = join(folder, _UNFINISHED + uuid.uuid4().hex)
    try:
        written = [_index_file(file, join(own, _part(part)), known, kind) for part, file in enumerate(files)]
        content = _content(before, written, kind)
        new = content["documents"] or not before
        return content if new and _is_added(folder, content, own) else None
    finally:
        storage.delete(own)


def _index_file(file: str, path: str, known: "_Known", kind: IndexKind) -> tuple[FileRecord, int]:
    """Writes the documents of a Parquet file that the index does not have. Returns (record of the file, shingles).

    path: the file to write. The second result is the number of shingles of the unmodified texts.
    """
    shingled = 0
    with parquet.row_group_file(path, empty=_EMPTY) as out:
        for batch in parquet.read_table(file, ["id", "text"]):
            is_known = np.isin(_id_hashes(batch), known.ids)
            again = batch.filter(pa.array(is_known))
            known.refuse_other_texts(again, kind.shingling.verifying(again)[1])
            batch = batch.filter(pa.array(~is_known))
            if batch.num_rows:
                rows, count = _index_rows(batch, kind)
                out.write(rows)
                shingled += count
    return out.record, shingled


def _content(before: list[Version], written: list[tuple[FileRecord, int]], kind: IndexKind) -> dict[str, Any]:
    """Returns the JSON object of the next version, with these files. It depends on the documents alone."""
    number = len(before) + 1
    records = [record for record, _ in written]
    place = f"{number:06d}-{xxhash.xxh3_64_hexdigest(''.join(one.xxh3 for one in records).encode())}"
    return {
        "format": FORMAT, "version": number, **kind.content, "probe": kind.probe,
        "previous": before[-1].checksum if before else "", "documents": sum(one.rows for one in records),
        "shingles": sum(count for _, count in written), "bytes": sum(one.bytes for one in records),
        "files": [{**asdict(one), "path": f"{place}/{_part(part)}"} for part, one in enumerate(records)],
    }  # fmt: skip


def _is_added(folder: str, content: dict[str, Any], own: str) -> bool:
    """Adds a version with the files in the folder `own`. Returns False if another program has added the same version.

    Raises DataError if another program has added another version with this number.
    """
    version = join(folder, _name(content["version"]))
    encoded = json.dumps({**content, "checksum": _checksum(content)}, indent=1).encode()
    if not storage.exists(version):
        for record in Version(content["version"], content, "").files(folder):
            _copy_once(join(own, record.path.rpartition("/")[2]), record)
        if storage.create_bytes(version, encoded):
            return True
    if storage.read_if_there(version) == encoded:
        return False
    raise DataError(
        f"{folder}: another program added version {content['version']} at the same time, with other documents; that "
        "version is complete, without the documents of this program. Run again to add yours as the next version. To "
        "list files that this program may have left: pipeline dedup verify"
    )


def _copy_once(file: str, record: FileRecord) -> None:
    """Copies a file to the record's path, unless a file with the same bytes is there.

    Such a file belongs to another program, which may be using it.
    """
    if storage.size_of(record.path) != record.bytes or storage.file_record(record.path).xxh3 != record.xxh3:
        storage.copy(file, record.path)


def index_files(index: str, kind: IndexKind) -> list[FileRecord]:
    """Returns the records of a dedup index's files that have rows, with full paths.

    index: FOLDER or FOLDER@VERSION. Raises RecipeError if there is no index, if it has other shingles, or if it is
    incomplete.
    """
    folder, _, wanted = index.rpartition("@") if index.rpartition("@")[2].isdigit() else (index, "", "")
    found = versions(folder)
    if not found:
        raise RecipeError(f"index: {folder}: no index there; make one with: pipeline dedup index RUN --out {folder}")
    if wanted and not 0 < int(wanted) <= len(found):
        raise RecipeError(f"index: {folder}: no version {wanted} there; it has versions 1 to {len(found)}")
    _refuse_others(folder, found, kind)
    records = [record for version in found[: int(wanted or len(found))] for record in version.files(folder)]
    for record in records:
        if storage.size_of(record.path) != record.bytes:
            raise RecipeError(
                f"index: {record.path}: missing, or not {record.bytes} bytes long; get a sound copy, or make it again"
            )
    return [record for record in records if record.rows]


def verify_index(folder: str) -> list[dict[str, Any]]:
    """Reads every file of a dedup index and compares its checksum. Returns the content of each version.

    Raises DataError with the name of a damaged file, RecipeError if there is no index or a version is damaged.
    """
    found = versions(folder)
    if not found:
        raise RecipeError(f"{folder}: no index there")
    for record in (record for version in found for record in version.files(folder)):
        if storage.size_of(record.path) < 0 or storage.file_record(record.path).xxh3 != record.xxh3:
            raise DataError(
                f"{record.path}: damaged, its XXH3 is not {record.xxh3}; get a sound copy, or make it again"
            )
    return [version.content for version in found]


def versions(folder: str) -> list[Version]:
    """Returns what was added to a dedup index, version by version, in order.

    Raises DataError if one is missing or damaged, RecipeError for another format.
    """
    # listed before the loop, because another program may add a version during it
    names = [name for name in storage.list_files(folder) if name.startswith("version-")]
    found: list[Version] = []
    while storage.exists(path := join(folder, _name(len(found) + 1))):
        try:
            content = json.loads(storage.read_bytes(path))
            checksum = content.pop("checksum")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
            raise DataError(f"index: {path}: damaged, it is not a version of an index; get a sound copy") from error
        _refuse_other_format(folder, path, content)
        previous = found[-1].checksum if found else ""
        if checksum != _checksum(content) or content["version"] != len(found) + 1 or content["previous"] != previous:
            raise DataError(f"index: {path}: damaged, it is not what was written after the previous version")
        found.append(Version(len(found) + 1, content, checksum))
    if len(names) > len(found):
        raise DataError(f"index: {join(folder, _name(len(found) + 1))}: missing, although {names[-1]} exists")
    return found


def leftovers(folder: str) -> list[str]:
    """Returns the folders and files in a dedup index that belong to no version, as paths relative to the index.

    They are of programs that were killed or are still at work. Raises DataError if a version is damaged.
    """
    found = versions(folder)
    listed = {record["path"] for version in found for record in version.content["files"]}
    used = {path.partition("/")[0] for path in listed}
    strangers = [name for name in storage.list_folders(folder) if name not in used]
    files = [f"{place}/{name}" for place in used for name in storage.files_below(join(folder, place))]
    files += storage.list_files(folder)
    files += [path.removeprefix(folder.rstrip("/") + "/") for path in storage.unfinished_files(folder)]
    listed |= {_name(version.number) for version in found}
    return sorted([*strangers, *(one for one in files if one not in listed and one.partition("/")[0] not in strangers)])


def _refuse_others(folder: str, found: list[Version], kind: IndexKind) -> None:
    wanted, probe = kind.content, kind.probe
    for version in found:
        had = {name: version.content.get(name) for name in wanted}
        if had != wanted:
            raise RecipeError(
                f"index: {folder}: version {version.number} has shingles of {_described(had)}; this stage has "
                f"{_described(wanted)}. Change the stage's settings, or use another index. {_REBUILD}"
            )
        if version.content.get("probe") != probe:
            raise RecipeError(
                f"index: {folder}: version {version.number} is from a release that splits or folds words differently. "
                f"{_REBUILD}"
            )


def _described(content: dict[str, Any]) -> str:
    folded = ", ".join(content["fold"]) or "nothing"
    return f"{content['ngram']} {content['unit']}, with {folded} folded and hashes of {content['bits']} bits"


def _index_rows(batch: pa.RecordBatch, kind: IndexKind) -> tuple[pa.Table, int]:
    """Returns (the rows of an index, number of shingles of the unmodified texts) for documents (id, text)."""
    batch, nominating = kind.shingling.nominating(batch)
    _, verifying = kind.shingling.verifying(batch)
    columns = {"shingles": ragged_array(verifying), "nominating": ragged_array(nominating, kind.bits)}
    return pa.table({"id": batch.column("id"), **columns}), len(verifying.values)


@dataclass(frozen=True)
class _Known:
    """The documents of an index.

    ids: 64-bit hashes of their ids, ascending. texts: 64-bit hashes of the shingles of their unmodified texts.
    """

    ids: Hashes
    texts: Hashes

    def refuse_other_texts(self, batch: pa.RecordBatch, shingles: Ragged) -> None:
        """Raises DataError if a document of the batch has another text than the index has for its id.

        All ids of the batch must be in the index.
        """
        expected = self.texts[np.searchsorted(self.ids, _id_hashes(batch))]
        other = np.flatnonzero(expected != _text_hashes(shingles))
        if len(other):
            id = batch.column("id")[int(other[0])].as_py()
            raise DataError(
                f"{len(other)} documents have ids that the index has for documents with another text, for example "
                f"{id!r}; ids must be different across snapshots"
            )


def _refuse_other_format(folder: str, path: str, content: dict[str, Any]) -> None:
    number = content.get("format")
    if number == FORMAT or not isinstance(number, int):
        return  # without a format it is damaged, and the check of its checksum fails
    if number > FORMAT:
        raise RecipeError(f"index: {path}: format {number} is from a newer release; this release reads format {FORMAT}")
    raise RecipeError(
        f"index: {path}: format {number} has hashes of folded texts only, so unmodified texts cannot be compared with "
        f"it; this release needs format {FORMAT}. {_REBUILD}"
    )


def _known(folder: str, found: list[Version]) -> _Known:
    ids, texts = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.uint64)]
    for record in (record for version in found for record in version.files(folder)):
        try:
            batches = list(parquet.read_checked(record))
        except DamagedFile as error:
            raise DataError(f"index: {error}; get a sound copy, or make the index again") from error
        ids += map(_id_hashes, batches)
        texts += (_text_hashes(ragged_values(batch.column("shingles"))) for batch in batches)
    all_ids = np.concatenate(ids)
    order = np.argsort(all_ids)
    return _Known(all_ids[order], np.concatenate(texts)[order])


def _text_hashes(shingles: Ragged) -> Hashes:
    """Returns the hash of each row's shingles, uint64 (rows,)."""
    ends = shingles.offsets.tolist()
    digests = (xxhash.xxh3_64_intdigest(shingles.values[start:end].tobytes()) for start, end in pairwise(ends))
    return np.fromiter(digests, dtype=np.uint64, count=len(ends) - 1)


def _id_hashes(batch: pa.RecordBatch) -> Hashes:
    return keyed_hash(0, "minhash_index", batch.column("id").to_pylist())


def _part(number: int) -> str:
    return f"{number:06d}.parquet"


def _name(version: int) -> str:
    return f"version-{version:06d}.json"


def _checksum(content: dict[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(content, sort_keys=True).encode())
