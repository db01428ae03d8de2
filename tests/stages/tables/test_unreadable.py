"""A completely unreadable file is an error that says what the file is and what to do; it does not count as read "in
part".
"""

import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest
import zstandard

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.stages.tables.read_table import ReadTable

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32\nsize 12345\n"
DOCUMENTS = [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}]
ARRAY = json.dumps(DOCUMENTS).encode()


def parquet(**settings: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(DOCUMENTS * 100), sink, **settings)
    return sink.getvalue().to_pybytes()


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("a.jsonl")
        member.size = len(ARRAY)
        archive.addfile(member, io.BytesIO(ARRAY))
    return out.getvalue()


def texts(path: Path) -> list[str | None]:
    work = ReadTable(str(path), batch_bytes=1000)
    return [text for shard in work.shards() for batch in work.read(shard) for text in batch.column("text").to_pylist()]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", LFS, "Git LFS pointer, not the data; get the data: git lfs pull"),
        ("a.jsonl", LFS, "git lfs pull"),
        ("a.jsonl.gz", LFS, "git lfs pull"),
        ("a.parquet", b"/annex/objects/MD5E-s1--2.parquet\n", "git annex get"),
        ("a.parquet", b"<html>404</html>", "error page; download the file again"),
        ("a.jsonl", b"\n <!DOCTYPE html>\n<html>", "download the file again"),
        ("a.csv", b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "download the file again"),
        ("a.json", json.dumps(DOCUMENTS[0], indent=1).encode(), "none of its 4 lines can be read"),
        ("a.json", json.dumps(DOCUMENTS[0], indent=1).encode(), "jq -c . IN.json"),
        ("a.json", b'["x", "y"]', "found a JSON str, expected an object'; expected objects in the JSON array"),
        ("a.csv", LFS, "git lfs pull"),
        ("a.tsv.gz", LFS, "git lfs pull"),
        ("a.jsonl.gz", gzip.compress(LFS), "is, inside gzip, a Git LFS pointer"),
        ("a.jsonl.zst", zstandard.compress(b"<html>\n<body>"), "is, inside zstd, a page of HTML"),
        ("a.jsonl.gz", gzip.compress(parquet()), "is, inside gzip, a table of Parquet or Arrow"),
        ("a.parquet.gz", gzip.compress(parquet()), "decompress it first"),
        ("a.jsonl.gz", gzip.compress(gzip.compress(ARRAY)), "is, inside gzip, compressed again with gzip"),
        ("a.jsonl.gz", gzip.compress(zstandard.compress(ARRAY)), "compressed again with zstd; decompress it once"),
        ("a.jsonl.gz", gzip.compress(bz2.compress(ARRAY)), "is compressed with bzip2"),
        ("a.jsonl.gz", bz2.compress(ARRAY), "is compressed with bzip2"),
        ("a.jsonl.gz", lzma.compress(ARRAY), "is compressed with xz"),
        ("a.csv.zst", lzma.compress(b"id,text\na,b\n"), "is compressed with xz"),
        ("a.parquet", lzma.compress(parquet()), "is compressed with xz"),
        ("a.jsonl.gz", gzip.compress("id,text\n".encode("utf-16")), "is text in UTF-16"),
        ("a.tar", tar(), "is a tar archive; unpack it first"),
        ("a.jsonl", tar(), "is a tar archive; unpack it first"),
        ("a.tar.gz", gzip.compress(tar()), "is, inside gzip, a tar archive"),
        ("a.jsonl.gz", gzip.compress(b"WARC/1.0\r\nWARC-Type: warcinfo\r\n"), "read it with stages.read_warc"),
        ("a.xml", b'<mediawiki xmlns="x" version="0.11">', "read it with stages.read_wikipedia"),
        ("a.html", b"<!DOCTYPE html>\n<p>x", "a page of HTML; pages are read from WARC files by stages.read_warc"),
        ("a.HTM.gz", gzip.compress(b"<html><p>x"), "JSON Lines with their HTML in `text`"),
        ("a.html", b"<!-- saved -->\n<p>x", "pages are read from WARC files"),
        ("a.html", b"<p>x</p>\n", "pages are read from WARC files"),
        ("a.parquet", b"<Error><Code>AccessDenied</Code></Error>", "object store (AccessDenied), not the data"),
        ("a.csv", b"\xef\xbb\xbf<?xml version='1.0'?>\n<Error><Code>NoSuchKey</Code>", "object store (NoSuchKey)"),
        ("a.jsonl", b"<HTML><HEAD><TITLE>403 Forbidden", "server's error page"),
        ("a.csv", "id,text\na,gr\u00fcn\nb,blau\u00e9\n".encode("latin-1"), "none of its 2 lines can be read"),
        ("a.csv", b"id,text\na\nb\n", "none of its 2 lines can be read"),
        ("a.csv", ARRAY, "is JSON, although its name says that it is CSV or TSV"),
        ("a.tsv.gz", gzip.compress(b'{"id": "a", "text": "x"}\n'), "is, inside gzip, JSON, although its name"),
        ("a.jsonl", bytes(5000), "is full of zeros at its start"),
        ("a.parquet", bytes(5000), "is full of zeros at its start"),
        ("a.csv", bytes(5000), "is full of zeros at its start"),
        ("a.parquet", b"", "is empty"),
        ("a.arrow", b"", "is empty"),
        ("a.jsonl.gz", b"", "is empty"),
        ("a.jsonl.bz2", b"", "is empty"),
        ("a.jsonl.XZ", b"", "is empty"),
        ("a.parquet", parquet()[:-60], "cannot be read as Parquet"),
        ("a.parquet", parquet()[:40], "cannot be read as Parquet"),
        ("a.parquet", b"PARE" + parquet()[4:], "an encrypted Parquet file"),
        ("a.parquet", random.Random(1).randbytes(5000), "is not a table, although its name says so"),
        ("a.jsonl", random.Random(1).randbytes(5000), "lines can be read"),
        ("a.jsonl", b"id,text\na,x\n", "none of its 2 lines can be read"),
        ("a.jsonl", b"PK\x03\x04....", "a zip archive"),
        ("a.jsonl", gzip.compress(b"id,text\na,x\n"), "none of its 2 lines can be read"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_called_what_it_is(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """Guards against an earlier fault: each of these files was read "in part", without a document, with exit code 0."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        texts(tmp_path / name)
    assert message in str(caught.value) and str(caught.value).startswith(f"{tmp_path / name}: ")
    assert len(str(caught.value)) < 600


def test_columns_that_are_encrypted_are_an_error(tmp_path: Path) -> None:
    """Guards against an earlier fault: the footer can be read, so each row group counted as a loss and the file as read
    "in part".
    """
    factory = pe.CryptoFactory(lambda config: _Keys())
    keys = pe.EncryptionConfiguration(footer_key="k", column_keys={"k": ["text"]}, plaintext_footer=True)
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), keys)
    (tmp_path / "a.parquet").write_bytes(parquet(encryption_properties=properties))
    with pytest.raises(DataError, match=r"a\.parquet: .*can(not)? be read"):
        texts(tmp_path / "a.parquet")


class _Keys(pe.KmsClient):
    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return key_bytes

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return wrapped_key


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.parquet", b'{"text": "x"}\n'),
        ("a.jsonl", parquet()),
        ("a.jsonl", b'[1]\n{"text": "x"}\n'),
        ("a.jsonl", b"<p>\n" * 700 + b'{"text": "x"}\n'),
        ("a.csv", b"PK\x03\x04,text\n1,x\n"),
        ("a.csv", b"WARC/1.0,text\n1,x\n"),
        ("a.csv.gz", gzip.compress(b"BZh9,text\n1,x\n")),
        ("a.jsonl.gz", zstandard.compress(b'{"text": "x"}\n')),
        ("a.jsonl.zst", b'{"text": "x"}\n'),
        ("a.parquet", ARRAY),
    ],
)
def test_a_wrong_name_or_a_damaged_start_is_no_reason_to_refuse(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert "x" in texts(tmp_path / name)


def test_an_empty_file_of_lines_has_no_documents(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert texts(tmp_path / "a.jsonl") == []


def test_a_run_over_such_files_fails_and_names_them(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(LFS)
    (tmp_path / "b.json").write_bytes(b"<Error><Code>NoSuchKey</Code></Error>")
    (tmp_path / "c.jsonl").write_bytes(b'{"id": "c", "text": "z"}\n')
    text = f"run: r\nexcerpt: 0\nstages:\n  t: [{{stages.read_table: {{paths: ['{tmp_path}/[abc].*']}}}}]\n"
    (tmp_path / "r.yaml").write_text(text)
    options = Options(out=str(tmp_path / "runs"))
    result = run(load_recipe(tmp_path / "r.yaml"), InProcess(), options, progress_for("none"))
    assert sum("git lfs pull" in one for one in result.failures) >= 1
    assert sum("NoSuchKey" in one for one in result.failures) >= 1
    assert pq.read_table(tmp_path / "runs/r/t/data/000000.parquet").column("id").to_pylist() == ["c"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.html", "b.htm"], "it has pages of HTML: pages are read from WARC files by stages.read_warc"),
        (["deep/a.html.gz", "list.json"], "it has pages of HTML"),
        (["a.json"], r"if its .json files are data, name them: .*/\*\.json"),
        (["a.txt"], r"expected \.parquet, "),
        ([".hidden/a.html"], r"expected \.parquet, "),
    ],
)
def test_a_folder_without_data_files_is_an_error_that_says_what_to_do(
    tmp_path: Path, names: list[str], message: str
) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(RecipeError, match=message):
        ReadTable(str(tmp_path)).shards()
