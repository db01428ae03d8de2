"""What a deduplicated corpus is remembered by: the shingle hashes of its documents, without their text.

A folder of Parquet files (id; shingles, ascending 64-bit hashes, little-endian) and index.json, written last. From the
hashes any bands follow and any similarity, exactly, as long as n and the way words are read are the same; a probe text
tells whether they are.
"""

import json
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import xxhash

from tokenmill.core import storage
from tokenmill.core.errors import RecipeError
from tokenmill.core.storage import FileRecord, join
from tokenmill.stages.minhash_held import ragged_array
from tokenmill.text.shingle import shingle_sets

FORMAT = 1
NAME = "index.json"

_PROBE = "Déjà-vu: 12,345.67 don't STOP; \ufb01ne print 漢字かな Ελληνικά ʼquotedʼ x² 5% Straße 🥲 ٣٤ of it all, again"


def write_index(files: Iterable[str], folder: str, ngram: int) -> dict[str, Any]:
    """Write the index of the documents in Parquet files with id and text; what index.json says then."""
    if storage.exists(join(folder, NAME)):
        raise RecipeError(f"{folder}: there is an index already; give another folder, indexes are not added to")
    records: list[dict[str, Any]] = []
    shingled = documents = 0
    for number, file in enumerate(files):
        name = f"{number:06d}.parquet"
        empty = pa.schema([("id", pa.string()), ("shingles", pa.large_binary())])
        with storage.row_group_file(join(folder, name), empty=empty) as out:
            for batch in storage.read_table(file, ["id", "text"]):
                _, shingles = shingle_sets(batch, ngram)
                out.write(pa.table({"id": batch.column("id"), "shingles": ragged_array(shingles)}))
                shingled += len(shingles.values)
        documents += out.record.rows
        records.append({"path": name, "bytes": out.record.bytes, "xxh3": out.record.xxh3, "rows": out.record.rows})
    size = sum(record["bytes"] for record in records)
    said = {"format": FORMAT, "ngram": ngram, "probe": _probe(ngram), "documents": documents, "shingles": shingled,
            "bytes": size, "files": records}  # fmt: skip
    storage.write_bytes(join(folder, NAME), json.dumps(said, indent=1).encode())
    return said


def index_files(folder: str, ngram: int) -> list[FileRecord]:
    """The files of an index, with whole paths. RecipeError if it is none, or not for these shingles, or not whole."""
    path = join(folder, NAME)
    if not storage.exists(path):
        raise RecipeError(f"index: {folder}: no {NAME} there; make one by: pipeline dedup-index RUN --out {folder}")
    said = json.loads(storage.read_bytes(path))
    if said["format"] != FORMAT or said["ngram"] != ngram or said["probe"] != _probe(ngram):
        raise RecipeError(
            f"index: {folder}: made for ngram {said['ngram']} (format {said['format']}) and perhaps by a version that "
            f"reads words otherwise; this stage needs ngram {ngram}, format {FORMAT}. Make it anew from its run"
        )
    records = [FileRecord(**{**record, "path": join(folder, record["path"])}) for record in said["files"]]
    for record in records:
        if storage.size_of(record.path) != record.bytes:
            raise RecipeError(f"index: {record.path}: not there, or not of {record.bytes} bytes; make the index anew")
    return records


def _probe(ngram: int) -> str:
    texts = pa.record_batch({"text": pa.array([_PROBE * 2], type=pa.large_string())})
    return xxhash.xxh3_128_hexdigest(shingle_sets(texts, ngram)[1].values.tobytes())
