"""Programs that add to one index at the same time, or are killed while they do, do not damage each other's work."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
from typer.testing import CliRunner

from tokenmill.cli.app import app
from tokenmill.core.io import storage
from tokenmill.stages.dedup.minhash_index import IndexKind, index_files, leftovers, verify_index, write_index
from tokenmill.text.similarity.shingle import Shingling

KIND = IndexKind(Shingling(5))

PROGRAM = """
import os, sys, time
from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.stages.dedup import minhash_index
from tokenmill.text.similarity.shingle import Shingling

index, meeting, when, *texts = sys.argv[1:]

def meet(name):
    open(os.path.join(meeting, name + str(os.getpid())), "w").close()
    while not os.path.exists(os.path.join(meeting, "go")):
        time.sleep(0.01)

def files():
    yield texts[0]
    if when == "writing":
        meet("ready-")
    yield from texts[1:]
    if when == "written":
        meet("ready-")

if when == "committing":
    create = storage.create_bytes
    storage.create_bytes = lambda *arguments: (meet("ready-"), create(*arguments))[1]
try:
    added = minhash_index.write_index(files(), index, minhash_index.IndexKind(Shingling(5)))
    print("nothing" if added is None else f"version {added['version']}")
except DataError as error:
    sys.exit(str(error))
"""


def texts(folder: Path, name: str, *, first: int = 0) -> list[str]:
    """Writes two files of documents. The same `first` gives the same documents under any name."""
    made = []
    for part in range(2):
        numbers = range(first + part * 5, first + part * 5 + 5)
        rows = {"id": [f"d{n}" for n in numbers], "text": [f"{n} " * 8 + "one two three four five" for n in numbers]}
        made.append(str(folder / f"{name}-{part}.parquet"))
        pq.write_table(pa.table(rows), made[-1])
    return made


def contents(index: str) -> dict[str, bytes]:
    """Returns the contents of an index's files, without its leftovers."""
    names = {name for name in storage.files_below(index) if not any(name.startswith(one) for one in leftovers(index))}
    return {name: storage.read_bytes(f"{index}/{name}") for name in names}


def started(folder: Path, index: str, when: str, files: list[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PROGRAM, index, str(folder), when, *files]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(folder: Path, programs: "list[subprocess.Popen[str]]") -> None:
    """Waits until all programs have reached the point where they wait for each other."""
    while len(list(folder.glob("ready-*"))) < len(programs):
        assert all(program.poll() is None for program in programs), [one.communicate() for one in programs]
        time.sleep(0.01)


def at_once(folder: Path, index: str, when: str, *inputs: list[str]) -> list[tuple[int, str]]:
    """Runs programs that write at the same time. Returns the (exit code, output) of each."""
    folder.mkdir()
    programs = [started(folder, index, when, files) for files in inputs]
    wait_for(folder, programs)
    (folder / "go").touch()
    said = [program.communicate() for program in programs]
    return [(program.returncode, (out + err).strip()) for program, (out, err) in zip(programs, said, strict=True)]


@pytest.fixture(params=["disk", pytest.param("store", marks=pytest.mark.slow)])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Returns the place of a new index: on disk, or on a server that every process can reach."""
    return str(tmp_path / "index") if request.param == "disk" else f"{request.getfixturevalue('bucket')}/index"


WHEN = ["committing", *(pytest.param(when, marks=pytest.mark.slow) for when in ("writing", "written"))]


@pytest.mark.parametrize("when", WHEN)
def test_of_two_programs_at_once_one_adds_a_version_and_the_other_says_so(
    tmp_path: Path, index: str, when: str
) -> None:
    """Guards against an earlier fault: both wrote the same files, so the version of the first had the second's files,
    or none.
    """
    write_index(texts(tmp_path, "old", first=200), index, KIND)
    inputs = [texts(tmp_path, "a"), texts(tmp_path, "b", first=20)]
    said = at_once(tmp_path / "meet", index, when, *inputs)
    assert sorted(said)[0] == (0, "version 2")
    [lost] = [number for number, (code, _) in enumerate(said) if code == 1]
    assert "another program added version 2 at the same time" in said[lost][1] and "Run again" in said[lost][1]
    assert [one["documents"] for one in verify_index(index)] == [10, 10]
    left = [one[:7] for one in leftovers(index)]
    assert left == ["000002-"] or (left == [] and when != "committing")
    assert write_index(inputs[1 - lost], index, KIND) is None
    again = write_index(inputs[lost], index, KIND)
    assert again is not None and again["version"] == 3
    assert [one["documents"] for one in verify_index(index)] == [10, 10, 10]


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.slow
def test_of_two_programs_with_the_same_documents_one_adds_them(tmp_path: Path, index: str, when: str) -> None:
    inputs = [texts(tmp_path, name) for name in "ab"]
    said = at_once(tmp_path / "meet", index, when, *inputs)
    assert sorted(said) == [(0, "nothing"), (0, "version 1")]
    assert [one["documents"] for one in verify_index(index)] == [10] and leftovers(index) == []


@pytest.mark.parametrize(
    ("when", "next_first"),
    [
        ("committing", 0),
        ("writing", 40),
        pytest.param("committing", 40, marks=pytest.mark.slow),
        pytest.param("written", 0, marks=pytest.mark.slow),
    ],
)
def test_what_a_killed_program_left_is_no_damage_and_hinders_nobody(
    tmp_path: Path, index: str, when: str, next_first: int
) -> None:
    files = texts(tmp_path, "old", first=200)
    write_index(files, index, KIND)
    before = contents(index)
    (tmp_path / "meet").mkdir()
    killed = started(tmp_path / "meet", index, when, texts(tmp_path, "killed"))
    wait_for(tmp_path / "meet", [killed])
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    left = leftovers(index)
    assert left and contents(index) == before and len(verify_index(index)) == 1
    said = CliRunner().invoke(app, ["dedup", "verify", index])
    assert said.exit_code == 0 and all(f"{index}/{one}" in said.output for one in left)
    assert "belong to no version" in said.output and "Delete them" in said.output
    new = texts(tmp_path, "new", first=next_first)
    added = write_index(new, index, KIND)
    assert added is not None and added["version"] == 2 and added["documents"] == 10
    assert len(verify_index(index)) == 2
    clean = str(tmp_path / "clean")
    write_index(files, clean, KIND)
    write_index(new, clean, KIND)
    assert contents(index) == contents(clean) and leftovers(clean) == []
    for one in leftovers(index):
        storage.delete(f"{index}/{one}")
    assert leftovers(index) == [] and len(verify_index(index)) == 2


def test_an_index_of_an_earlier_build_is_read_and_extended(tmp_path: Path) -> None:
    """The folders of such an index have no hash in their names, and a killed program left a folder with the next
    number.
    """
    old, new = texts(tmp_path, "old"), texts(tmp_path, "new", first=40)
    index = tmp_path / "index"
    write_index(old, str(index), KIND)
    [folder] = index.glob("000001-*")
    folder.rename(index / "000001")
    version = index / "version-000001.json"
    content = json.loads(version.read_text().replace(f"{folder.name}/", "000001/"))
    del content["checksum"]
    checksum = xxhash.xxh3_128_hexdigest(json.dumps(content, sort_keys=True).encode())
    version.write_text(json.dumps({**content, "checksum": checksum}))
    (index / "000002").mkdir()
    (index / "000002/000000.parquet").write_bytes(b"half")
    added = write_index(new, str(index), KIND)
    assert added is not None and added["version"] == 2
    assert [one["documents"] for one in verify_index(str(index))] == [10, 10]
    assert len(index_files(str(index), KIND)) == 4 and leftovers(str(index)) == ["000002"]
    assert (index / "000002/000000.parquet").read_bytes() == b"half"
