"""A run over HTTP gives the rows of a run over the same files on disk, whatever the server does."""

import gzip
import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import pytest
from faulty_server import FaultySite, serving

from tokenmill.core.io import manners
from tokenmill.core.io.manners import Manners
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import Result
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe

QUICK = Manners(requests_per_second=1e6, tries=6, wait=0.001, max_wait=0.05, timeout=0.3)


def warc(random: Random) -> bytes:
    """Returns a WARC file with 200 pages of random letters, so that the file does not fit one request."""
    return b"".join(gzip.compress(page(random.randbytes(700).hex(), number)) for number in range(200))


def page(words: str, number: int) -> bytes:
    body = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>{words}</p>".encode()
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body + b"\r\n\r\n"


FILES = {
    "/a.warc.gz": warc(Random(1)),
    "/b.warc.gz": warc(Random(2)),
    "/t.jsonl.gz": gzip.compress(b"".join(b'{"id": "%d", "text": "some words"}\n' % n for n in range(50))),
}


@pytest.fixture
def site() -> Iterator[FaultySite]:
    with serving(dict(FILES)) as site, manners.manners(QUICK):
        yield site


def run(folder: Path, base: str, query: str = "") -> Result:
    files = json.dumps([f"{base}/a.warc.gz{query}", f"{base}/b.warc.gz{query}"])
    (folder / "r.yaml").write_text(
        "run: web\nexcerpt: 0\nstages:\n"
        f"  pages: [{{stages.read_warc: {{paths: {files}, requests_per_second: 1000000, shard_bytes: 1}}}}]\n"
        f"  table: [{{stages.read_table: {{paths: {json.dumps(f'{base}/t.jsonl.gz{query}')}}}}}]\n"
    )
    options = Options(out=str(folder / "runs"))
    return run_recipe(load_recipe(folder / "r.yaml"), InProcess(), options, progress_for("none"))


def rows(folder: Path) -> list[dict[str, Any]]:
    """Returns all rows of the run, without the names of the files that they come from."""
    found = [
        row for file in sorted(folder.glob("runs/web/*/data/*.parquet")) for row in pq.read_table(file).to_pylist()
    ]
    for row in found:
        del row["locator"]["file"]
    return found


FAULTS = [
    "500",
    "",
    "503 0",
    "cut 9",
    "",
    "cut 90000",
    "429",
    "",
    "stall 70000",
    "403",
    "whole",
    "",
    "short 5",
    "unsized",
]


@pytest.mark.parametrize("seed", range(3))
def test_faults_on_the_way_change_no_row(tmp_path: Path, site: FaultySite, seed: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    for name, content in FILES.items():
        (disk / name[1:]).write_bytes(content)
    (tmp_path / "local").mkdir()
    assert run(tmp_path / "local", str(disk)).failures == []
    site.faults = deque(Random(seed).sample(FAULTS * 4, 56))
    (tmp_path / "remote").mkdir()
    assert run(tmp_path / "remote", site.url).failures == []
    assert rows(tmp_path / "remote") == rows(tmp_path / "local") and len(rows(tmp_path / "remote")) == 450


def test_a_file_denied_for_good_is_one_failure_and_the_rest_is_read(tmp_path: Path, site: FaultySite) -> None:
    site.denied["/b.warc.gz"] = 1  # the request for its size is answered, and no later one
    result = run(tmp_path, site.url)
    denied = f"{site.url}/b.warc.gz: HTTP 403 Forbidden: the server denies access; gave up after 4 tries in 0 s"
    assert result.failures == [f"pages 000001: {denied}"]
    assert len(rows(tmp_path)) == 250
    site.denied.clear()
    assert run(tmp_path, site.url).failures == [] and len(rows(tmp_path)) == 450


def test_no_secret_of_an_address_is_on_record_and_a_new_signature_changes_nothing(
    tmp_path: Path, site: FaultySite
) -> None:
    base = site.url.replace("http://", "http://me:hushhush@")
    run(tmp_path, base, "?Signature=sealed1&part=1")
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "r.yaml"}
    first = min(tmp_path.glob("runs/web/pages/data/*"))
    files = [row["locator"]["file"] for row in pq.read_table(first).to_pylist()]
    assert set(files) == {f"{site.url}/a.warc.gz?part=1"}
    for path, content in written.items():
        assert b"hush" not in content and b"sealed" not in content, path
    asked = site.served()
    run(tmp_path, base, "?Signature=sealed2&part=1")
    assert [found.range for found in site.asked[asked:]] == ["bytes=0-0"] * (site.served() - asked)
    again = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "r.yaml"}
    assert {path.name for path in again if again[path] != written.get(path)} - {"lock"} == {
        path.name for path in again.keys() - written.keys() if path.parent.name == "logs"
    }
