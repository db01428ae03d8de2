"""A completely unreadable file is an error that says what the file is and what to do; it does not count as read "in
part".
"""

import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from tokenmill.core.errors import DataError
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


def texts(path: Path) -> list[str | None]:
    work = ReadTable(str(path), batch_bytes=1000)
    return [text for shard in work.shards() for batch in work.read(shard) for text in batch.column("text").to_pylist()]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", LFS, "Git LFS pointer, not the data; get the data: git lfs pull"),
        ("a.jsonl", LFS, "git lfs pull"),
        ("a.csv", LFS, "git lfs pull"),
        ("a.jsonl.gz", LFS, "git lfs pull"),
        ("a.parquet", b"/annex/objects/MD5E-s1--2.parquet\n", "git annex get"),
        ("a.parquet", b"<html>404</html>", "error page; download the file again"),
        ("a.jsonl", b"\n <!DOCTYPE html>\n<html>", "download the file again"),
        ("a.csv", b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "download the file again"),
        ("a.json", ARRAY, "one JSON array, expected JSON Lines"),
        ("a.json", json.dumps(DOCUMENTS, indent=1).encode(), "jq -c '.[]'"),
        ("a.json", ARRAY.replace(b"}, {", b"},\n{").replace(b"[", b"[\n").replace(b"]", b"\n]\n"), "one JSON array"),
        ("a.json", json.dumps(DOCUMENTS[0], indent=1).encode(), "none of its 4 lines can be read"),
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
    (tmp_path / "b.json").write_bytes(ARRAY)
    (tmp_path / "c.jsonl").write_bytes(b'{"id": "c", "text": "z"}\n')
    text = f"run: r\nexcerpt: 0\nstages:\n  t: [{{stages.read_table: {{paths: ['{tmp_path}/[abc].*']}}}}]\n"
    (tmp_path / "r.yaml").write_text(text)
    options = Options(out=str(tmp_path / "runs"))
    result = run(load_recipe(tmp_path / "r.yaml"), InProcess(), options, progress_for("none"))
    assert sum("git lfs pull" in one for one in result.failures) >= 1
    assert sum("jq -c" in one for one in result.failures) >= 1
    assert pq.read_table(tmp_path / "runs/r/t/data/000000.parquet").column("id").to_pylist() == ["c"]
