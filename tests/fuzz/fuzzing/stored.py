"""Targets: files that other programs and earlier runs leave next to the data: indexes, lists, manifests, shards."""

import functools
import gzip
import io
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fuzzing.harness import Target
from fuzzing.twins import test_module

from tokenmill.core.corpus.token_shard import open_token_shard, read_corpus
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.stages.dedup.minhash_index import IndexKind, index_files, verify_index, write_index
from tokenmill.stages.tables.dataset_folder import dataset_files
from tokenmill.stages.web.crawl_files import listed
from tokenmill.stages.web.crawl_index import Wanted, find_records
from tokenmill.stages.wiki.dump_index import pages_of_streams
from tokenmill.text.similarity.shingle import Shingling

Files = dict[str, bytes]

_REFUSALS = (DataError, RecipeError)
_MARK = re.compile(rb"\n--([a-z0-9_./-]{1,60})--\n")
_BRACKETS = ((b"[", b"]"), (b'{"a":', b"}"))
_DEEP = b"[" * 100_000
_JSON = (b"null", b"{}", b'"', b"-1", b'"../x"', b"\\ud800")


def _joined(files: Mapping[str, bytes]) -> bytes:
    """Joins several files into one input."""
    return b"".join(b"\n--%s--\n" % name.encode() + content for name, content in files.items())


def _put(data: bytes, folder: Path) -> None:
    """Writes the files of an input to a folder."""
    _, *parts = _MARK.split(data)
    for name, content in zip(parts[::2], parts[1::2], strict=True):
        path = folder / name.decode()
        if ".." not in path.parts and not path.is_dir() and not any(parent.is_file() for parent in path.parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _in_folder(check: Callable[[Path], int]) -> Callable[[bytes], int]:
    """Returns a check of an input, which writes its files to a folder and checks that folder."""

    def checked(data: bytes) -> int:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            _put(data, Path(folder))
            return check(Path(folder))

    return checked


_KIND = IndexKind(Shingling(5))


def _files(folder: Path) -> Files:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@functools.cache
def _corpus() -> Files:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        return _files(test_module("core/corpus/test_token_shard.py").write_corpus(Path(folder)))


def _shards() -> dict[str, bytes]:
    names = [name for name in _corpus() if name.startswith("train/000000")]
    return {"shard": _joined({name: _corpus()[name] for name in names})}


def _past_shards() -> dict[str, bytes]:
    return {"column-name-of-bad-utf-8": _shards()["shard"].replace(b"n_bytes", b"n_b\xfftes")}


def check_shard(folder: Path) -> int:
    """If a shard is accepted as whole, its documents have ids of the vocabulary, and there is one row per document."""
    shard = open_token_shard(folder / "train/000000", verify="whole")
    documents = [shard.document(number) for number in range(len(shard.ends))]
    assert all(len(document) and document.max() < shard.vocab_size for document in documents)
    assert sum(map(len, documents)) == len(shard.tokens)
    assert shard.docs().num_rows == len(documents)
    return len(documents)


def _manifests() -> dict[str, bytes]:
    return {"manifest": _corpus()["manifest.json"]}


def check_manifest(data: bytes) -> int:
    """A manifest with a valid checksum is unchanged. No shard that a manifest names is outside of its folder."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        (Path(folder) / "manifest.json").write_bytes(data)
        corpus = read_corpus(folder)
        assert not corpus.checked or data == _corpus()["manifest.json"]
        stems = [stem for shards in corpus.splits.values() for stem in shards]
        assert all(".." not in stem.split("/") and not stem.startswith("/") for stem in stems)
        return len(stems)


@functools.cache
def _index() -> Files:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        texts = {"id": list("abc"), "text": ["one two three four five six " * (n + 1) for n in range(3)]}
        pq.write_table(pa.table(texts), f"{folder}/texts.parquet")
        write_index([f"{folder}/texts.parquet"], f"{folder}/index", _KIND)
        return _files(Path(folder) / "index")


def check_minhash_index(folder: Path) -> int:
    """If an index is accepted as whole, it is unchanged."""
    [content] = verify_index(str(folder)) or [{}]
    written = json.loads(_index()["version-000001.json"])
    assert content == {name: value for name, value in written.items() if name != "checksum"}
    tables = {name for name in _index() if name.endswith(".parquet")}
    assert all((folder / name).read_bytes() == _index()[name] for name in tables)
    return len(index_files(str(folder), _KIND))


def _crawl_tables() -> dict[str, bytes]:
    columns = {
        "url_host_tld": ["de", "org", "com"] * 4,
        "content_languages": ["deu,eng", None, "eng"] * 4,
        "fetch_status": pa.array([200, 200, 404] * 4, pa.int16()),
        "warc_filename": [f"crawl-data/{row // 6}.warc.gz" for row in range(12)],
        "warc_record_offset": pa.array([row * 1000 for row in range(12)], pa.int32()),
        "warc_record_length": pa.array([900] * 12, pa.int32()),
    }
    table, made = pa.table(columns), {}
    for compression in ("none", "zstd"):
        target = io.BytesIO()
        pq.write_table(table, target, row_group_size=5, compression=compression)
        made[compression] = target.getvalue()
    return made


def _past_crawl_tables() -> dict[str, bytes]:
    whole = _crawl_tables()["none"]
    size = int.from_bytes(whole[-8:-4], "little")
    return {
        "footer-that-cannot-be-decoded": whole[: -size - 8] + b"\xff" * size + whole[-8:],
        "file-names-of-bad-utf-8": whole.replace(b".warc.gz", b".w\xffrc.gz"),
    }


def check_crawl_index(data: bytes) -> int:
    """Each record has a file and a place, and occurs once, in order."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        (Path(folder) / "index.parquet").write_bytes(data)
        found = find_records([f"{folder}/index.parquet"], Wanted(status=(200,), language=("deu",)))
    places = list(zip(*(found.column(name).to_pylist() for name in ("file", "offset")), strict=True))
    assert places == sorted(set(places)), "records out of order, or twice"
    assert all(length > 0 for length in found.column("length").to_pylist())
    return found.num_rows


def _page_indexes() -> dict[str, bytes]:
    lines = [f"{568 + 1000 * (n // 3)}:{n}:Page: {n} é" for n in range(12)]
    return {"lines": ("\n".join(lines) + "\n").encode()}


def check_page_index(data: bytes) -> int:
    """Each page is a line of the file."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder) / "d-multistream-index.txt"
        path.write_bytes(data)
        pages = list(pages_of_streams(str(path), 0, 1 << 40))
    lines = {line.decode("utf-8", "replace").partition(":")[2] for line in data.split(b"\n")}
    assert all({f"{number}:{title}", number + title} & lines for _, number, title in pages)
    return len(pages)


def check_crawl_list(data: bytes) -> int:
    """No file of a list is outside of the crawl's address."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        (Path(folder) / "warc.paths.gz").write_bytes(data)
        files = listed(f"{folder}/warc.paths.gz", "/base")
    assert all(file.startswith("/base/") and "/../" not in f"{file}/" for file in files)
    return len(files)


def _saved() -> dict[str, bytes]:
    state = json.dumps({"_data_files": [{"filename": "a.arrow"}, {"filename": "b.arrow"}], "_split": "train"}).encode()
    splits = {
        "dataset_dict.json": b'{"splits": ["train", "test"]}',
        "train/state.json": state,
        "test/state.json": state,
    }
    return {"one split": _joined({"state.json": state}), "splits": _joined(splits)}


def _past_saved() -> dict[str, bytes]:
    states = {
        "name-of-the-folder-above": b'{"_data_files": [{"filename": ".."}]}',
        "name-of-half-a-surrogate-pair": b'{"_data_files": [{"filename": "a\\ud800"}]}',
        "lists-100000-deep": _DEEP,
    }
    return {name: _joined({"state.json": state}) for name, state in states.items()}


def check_dataset_folder(folder: Path) -> int:
    """No listed file is outside of the folder."""
    files = dataset_files(str(folder), ())
    assert all(Path(file).resolve().is_relative_to(folder.resolve()) for file in files)
    return len(files)


def _targets() -> tuple[Target, ...]:
    paths = b"".join(b"crawl-data/CC-MAIN-2024-10/%d.warc.gz\n" % number for number in range(5))
    path_tokens = (b"../", b"/", b"http://a/", b"\n", b"\xff")
    settings: dict[str, Any] = {"refusals": _REFUSALS, "most_refused": 1.0}
    return (
        Target("token_shard", _shards, _in_folder(check_shard), past=_past_shards, **settings),
        Target(
            "corpus_manifest", _manifests, check_manifest, past=lambda: {"lists-100000-deep": _DEEP}, tokens=_JSON,
            brackets=_BRACKETS, **settings,
        ),
        Target(
            "minhash_index", lambda: {"index": _joined(_index())}, _in_folder(check_minhash_index),
            past=lambda: {"lists-100000-deep": _joined({"version-000001.json": _DEEP})}, tokens=_JSON,
            brackets=_BRACKETS, **settings,
        ),
        Target("crawl_index", _crawl_tables, check_crawl_index, past=_past_crawl_tables, **settings),
        Target(
            "crawl_list", lambda: {"paths": paths, "packed": gzip.compress(paths, mtime=0)}, check_crawl_list,
            tokens=path_tokens, refusals=_REFUSALS, most_refused=0.9,
        ),
        Target("page_index", _page_indexes, check_page_index, tokens=(b":", b"\n", b"1:2:x\n", b"\r\n"), refusals=()),
        Target(
            "dataset_folder", _saved, _in_folder(check_dataset_folder), past=_past_saved, tokens=_JSON,
            brackets=_BRACKETS, **settings,
        ),
    )  # fmt: skip


TARGETS = _targets()
