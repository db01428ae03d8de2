"""Object storage with faults: reads give what was written, half-written files are invisible, errors name the object."""

import os
import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import parquet, remote, retry, storage
from tokenmill.core.io.retry import StoreUnavailable
from tokenmill.core.io.s3 import filesystem

if TYPE_CHECKING:
    from faulty_s3 import Store


def uploads_under_way(bucket: str) -> int:
    return len(filesystem().list_multipart_uploads(bucket.removeprefix("s3://")))


@pytest.mark.parametrize("kind", ["500", "SlowDown", "reset", "lost answer", "cut body", "short body", "time-out"])
def test_faults_that_pass_change_nothing(
    bucket: str, s3_server: "Store", kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faulty_s3 import Faults

    monkeypatch.setattr(remote, "PART", 5 << 20)
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(remote, "READ_AHEAD", 1 << 20)
    content = Random(kind).randbytes(12 << 20)
    s3_server.faults = Faults(seed=7, rate=0.1 if kind == "time-out" else 0.3, kinds=(kind,))
    with storage.open_output(f"{bucket}/a/big") as file:
        for start in range(0, len(content), 1 << 20):
            file.write(content[start : start + (1 << 20)])
    with storage.open_input(f"{bucket}/a/big") as file:
        assert file.read(1000) + file.read() == content
    small = {f"{bucket}/small/{number}": b"x" * number for number in range(1, 13)}
    for path, value in small.items():
        storage.write_bytes(path, value)
    assert storage.read_many(small) == list(small.values())
    assert storage.sizes(f"{bucket}/small") == {str(number): number for number in range(1, 13)}
    storage.copy(f"{bucket}/small/3", f"{bucket}/copied")
    storage.delete_files(small)
    assert storage.list_files(f"{bucket}/small") == [] and storage.size_of(f"{bucket}/copied") == 3
    assert s3_server.faults.met[kind] > 2
    assert s3_server.faults.asked["PUT uploadId"] > 2


def test_a_range_of_which_half_arrives_is_read_again(
    bucket: str, s3_server: "Store", monkeypatch: pytest.MonkeyPatch
) -> None:
    from faulty_s3 import Faults

    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)
    content = Random(4).randbytes(5000)
    storage.write_bytes(f"{bucket}/file", content)
    s3_server.faults = Faults(seed=3, rate=0.4, kinds=("short body",))
    for start in range(0, 5000, 250):
        assert storage.read_range(f"{bucket}/file", start, start + 499) == content[start : start + 499]
    assert s3_server.faults.met["short body"] > 2


def test_a_write_that_fails_leaves_nothing_behind(bucket: str) -> None:
    for size in (10, 40 << 20):  # one request, and many parts
        with pytest.raises(ValueError, match="stop"), storage.open_output(f"{bucket}/half") as file:
            file.write(bytes(size))
            raise ValueError("stop")
        assert not storage.exists(f"{bucket}/half")
    assert uploads_under_way(bucket) == 0
    storage.write_bytes(f"{bucket}/half", b"whole")
    with pytest.raises(ValueError), storage.open_output(f"{bucket}/half") as file:
        file.write(bytes(40 << 20))
        raise ValueError
    assert storage.read_bytes(f"{bucket}/half") == b"whole"


def test_a_store_that_stays_down_is_said_so_after_bounded_tries(
    bucket: str, s3_server: "Store", monkeypatch: pytest.MonkeyPatch
) -> None:
    from faulty_s3 import Faults

    monkeypatch.setattr(retry, "ATTEMPTS", 3)
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)
    s3_server.faults = Faults(rate=1.0, kinds=("SlowDown",))
    with pytest.raises(StoreUnavailable, match=rf"{bucket}/x: write: failed 3 times, last with SlowDown.*run again"):
        storage.write_bytes(f"{bucket}/x", b"")
    assert s3_server.faults.asked["PUT"] == 3
    with pytest.raises(StoreUnavailable), storage.open_output(f"{bucket}/x") as file:
        file.write(bytes(40 << 20))
    s3_server.faults = Faults()
    assert storage.list_files(bucket) == []


def test_a_denial_is_one_error_that_names_object_operation_and_remedy(bucket: str, s3_server: "Store") -> None:
    from faulty_s3 import Faults

    storage.write_bytes(f"{bucket}/mine/x", b"x")
    s3_server.faults = Faults(denied=(("GET", "/mine"), ("PUT", "/theirs"), ("POST", "delete")))
    with pytest.raises(DataError, match=rf"{bucket}/mine/x: read: denied \(AccessDenied\). Grant it"):
        storage.read_bytes(f"{bucket}/mine/x")
    with pytest.raises(RecipeError, match=rf"{bucket}/theirs/x: write: denied"):
        storage.write_bytes(f"{bucket}/theirs/x", b"x")
    with pytest.raises(RecipeError, match="delete: denied"):
        storage.delete_files([f"{bucket}/a", f"{bucket}/b"])
    with pytest.raises(RecipeError, match="s3://no-such-bucket/x: write: there is no such bucket"):
        storage.write_bytes("s3://no-such-bucket/x", b"x")
    with pytest.raises(RecipeError, match="s3://no-such-bucket: list: there is no such"):
        storage.expand("s3://no-such-bucket/*.gz")
    with pytest.raises(FileNotFoundError, match=f"{bucket}/nothing"):
        storage.read_bytes(f"{bucket}/nothing")
    assert s3_server.faults.asked["PUT"] == 2  # a denied request is not tried again


def test_what_another_process_does_is_seen_at_once(bucket: str, s3_server: "Store") -> None:
    def elsewhere(code: str) -> None:
        command = [sys.executable, "-c", f"from tokenmill.core.io import storage; {code}"]
        subprocess.run(command, check=True, env=os.environ | s3_server.environment())

    assert storage.list_files(f"{bucket}/f") == [] and not storage.exists(f"{bucket}/f/1")
    storage.write_bytes(f"{bucket}/f/0", b"0")
    assert storage.list_files(f"{bucket}/f") == ["0"]
    elsewhere(f"storage.write_bytes('{bucket}/f/1', b'22')")
    assert storage.sizes(f"{bucket}/f") == {"0": 1, "1": 2} and storage.exists(f"{bucket}/f/1")
    assert storage.expand(f"{bucket}/f/*") == [f"{bucket}/f/0", f"{bucket}/f/1"]
    elsewhere(f"storage.delete('{bucket}/f')")
    assert storage.list_files(f"{bucket}/f") == [] and not storage.exists(f"{bucket}/f/0")


def test_a_column_of_a_parquet_file_costs_about_that_column(bucket: str, s3_server: "Store") -> None:
    from faulty_s3 import Faults

    random = Random(1)
    batch = pa.record_batch(
        {"id": [str(n) for n in range(2000)], "text": [random.randbytes(3000).hex() for _ in range(2000)]}
    )
    record = parquet.write_table([batch], f"{bucket}/t.parquet", schema=batch.schema)
    assert record.bytes > 5 << 20
    s3_server.faults = Faults()
    read = pa.Table.from_batches(parquet.read_table(f"{bucket}/t.parquet", ["id"]))
    assert read.column("id").to_pylist() == batch.column("id").to_pylist()
    assert sum(s3_server.faults.asked.values()) <= 4
    assert s3_server.faults.bytes_out < 300_000


def test_reads_one_after_the_other_are_few_and_lines_are_whole(
    bucket: str, s3_server: "Store", monkeypatch: pytest.MonkeyPatch
) -> None:
    from faulty_s3 import Faults

    monkeypatch.setattr(remote, "READ_AHEAD", 1 << 20)
    lines = [b"%07d\n" % number for number in range(500_000)]
    storage.write_bytes(f"{bucket}/lines", b"".join(lines))
    s3_server.faults = Faults()
    with storage.open_input(f"{bucket}/lines") as file:
        assert list(file) == lines
        file.seek(-16, 2)
        assert file.read() == b"".join(lines[-2:]) and file.read(1) == b""
    assert s3_server.faults.asked["GET"] <= 8


def test_an_object_that_changes_while_it_is_read_is_refused(bucket: str) -> None:
    storage.write_bytes(f"{bucket}/x", b"a" * 300_000)
    with storage.open_input(f"{bucket}/x") as file:
        assert file.read(10) == b"a" * 10
        storage.write_bytes(f"{bucket}/x", b"b" * 300_000)
        with pytest.raises(DataError, match="changed while it was read"):
            file.seek(200_000)
            file.read(10)


@pytest.mark.parametrize("url", ["s3://AKIA:s3cr3t@bucket/x", "ftp://me:s3cr3t@example.org/x"])
def test_credentials_in_a_url_are_refused_without_being_said(url: str) -> None:
    with pytest.raises(RecipeError, match="take them out") as refused:
        storage.exists(url)
    assert "s3cr3t" not in str(refused.value) and "AKIA" not in str(refused.value)


def test_missing_credentials_and_wrong_ones_are_explained(bucket: str, s3_server: "Store") -> None:
    environment = {k: v for k, v in s3_server.environment().items() if not k.startswith(("AWS_ACCESS", "AWS_SECRET"))}
    code = f"from tokenmill.core.io import storage; storage.read_bytes('{bucket}/x')"
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=ours | environment, capture_output=True, text=True, check=False
    )
    assert "RecipeError" in done.stderr and "no credentials" in done.stderr and "AWS_PROFILE" in done.stderr


def test_endpoint_and_credentials_come_from_a_profile_too(
    bucket: str, s3_server: "Store", tmp_path: pytest.TempPathFactory
) -> None:
    config = f"{tmp_path}/config"
    with open(config, "w") as file:
        file.write(f"[profile mill]\nendpoint_url = {s3_server.url}\nregion = us-east-1\n")
        file.write("aws_access_key_id = AKIDOTHER\naws_secret_access_key = other\n")
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    code = f"from tokenmill.core.io import storage; storage.write_bytes('{bucket}/by-profile', b'x')"
    environment = ours | {"AWS_CONFIG_FILE": config, "AWS_PROFILE": "mill", "AWS_EC2_METADATA_DISABLED": "true"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert storage.read_bytes(f"{bucket}/by-profile") == b"x"


def test_a_file_that_is_there_is_not_created_again(bucket: str) -> None:
    """Guards against an endless loop: the store's refusal came as an error whose causes form a circle, and the search
    followed them forever.
    """
    assert storage.create_bytes(f"{bucket}/once", b"first")
    assert not storage.create_bytes(f"{bucket}/once", b"second")
    assert storage.read_bytes(f"{bucket}/once") == b"first"
