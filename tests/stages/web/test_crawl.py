"""A crawl is read by its name, its lists, or the records that its index selects, and no other data is requested."""

import gzip
import json
from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from faulty_server import FaultySite, serving

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import manners, storage
from tokenmill.core.io.manners import Manners
from tokenmill.stages.web.crawl_index import RECORDS, Wanted, byte_ranges, find_records
from tokenmill.stages.web.read_warc import ReadWarc

if TYPE_CHECKING:
    from faulty_s3 import Store

CRAWL = "CC-MAIN-2026-05"
FOLDER = f"crawl-data/{CRAWL}/segments/1769.1"
QUICK = Manners(requests_per_second=1e6, tries=12, wait=0.001, max_wait=0.05, timeout=0.3)
RATE = {"requests_per_second": 1e6}
HOSTS = ("a.example.com", "b.example.co.uk", "c.example.de")
LANGUAGES = ("eng", "deu,eng", "fra", None)


def record(number: int, kind: str = "response", body: str = "") -> bytes:
    words = body or Random(number).randbytes(300).hex()
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>{number} {words}</p>".encode()
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nContent-Length: {len(block)}\r\n"
    return gzip.compress(head.encode() + b"\r\n" + block + b"\r\n\r\n", mtime=0)


def crawl(files: int = 3, pages: int = 40) -> tuple[dict[str, bytes], pa.Table]:
    """Returns (the files of a crawl by path, its index). The pages are spread over files, languages and hosts."""
    content, rows = {}, []
    for file in range(files):
        name, packed = f"{FOLDER}/warc/CC-MAIN-{file:05}.warc.gz", bytearray()
        for number in range(file * pages, (file + 1) * pages):
            member, host = record(number), HOSTS[number % 3]
            rows.append(
                {
                    "url_host_registered_domain": host.partition(".")[2],
                    "url_host_tld": host.rpartition(".")[2],
                    "content_mime_detected": "application/pdf" if number % 5 == 4 else "text/html",
                    "content_languages": LANGUAGES[number % 4],
                    "fetch_status": 200,
                    "warc_filename": name,
                    "warc_record_offset": len(packed),
                    "warc_record_length": len(member),
                }
            )
            packed += member
        content[name] = bytes(packed)
    types = {"fetch_status": pa.int16(), "warc_record_offset": pa.int32(), "warc_record_length": pa.int32()}
    index = pa.Table.from_pylist(sorted(rows, key=lambda row: (row["url_host_tld"], row["warc_record_offset"])))
    fields = [pa.field(field.name, types.get(field.name, field.type)) for field in index.schema]
    return content, index.cast(pa.schema(fields))


def published(folder: Path) -> dict[str, bytes]:
    """Returns all files below the address of a crawl, by path: WARC files, index, and the lists of both."""
    files, index = crawl()
    tables = {}
    for part, rows in enumerate((index.slice(0, 50), index.slice(50))):
        path = folder / f"part-{part}.parquet"
        pq.write_table(rows, path, compression="gzip", row_group_size=20)
        tables[f"cc-index/table/cc-main/warc/crawl={CRAWL}/subset=warc/{path.name}"] = path.read_bytes()
    other = f"cc-index/table/cc-main/warc/crawl={CRAWL}/subset=robotstxt/part-0.parquet"
    lists = {"warc": sorted(files), "cc-index-table": [other, *sorted(tables)]}
    for name, paths in lists.items():
        content = gzip.compress("".join(f"{path}\n" for path in paths).encode())
        files[f"crawl-data/{CRAWL}/{name}.paths.gz"] = content
    return files | tables


@pytest.fixture(params=["http", "local", "s3"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "made").mkdir()
    files = published(tmp_path / "made")
    if request.param == "http":
        with serving({f"/{path}": content for path, content in files.items()}) as site, manners.manners(QUICK):
            yield site.url
        return
    if request.param == "s3":
        bucket = request.getfixturevalue("bucket")
        put(files, bucket)
        yield bucket
        return
    for path, content in files.items():
        (tmp_path / "mirror" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mirror" / path).write_bytes(content)
    yield str(tmp_path / "mirror")


def put(files: dict[str, bytes], bucket: str) -> None:
    for path, content in files.items():
        storage.write_bytes(f"{bucket}/{path}", content)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FaultySite]:
    files = {f"/{path}": content for path, content in published(tmp_path).items()}
    with serving(files) as site, manners.manners(QUICK):
        yield site


def rows(work: ReadWarc) -> list[dict[str, Any]]:
    return [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]


def numbers(work: ReadWarc) -> list[int]:
    """Returns the numbers in the ids of the pages that are read."""
    found = rows(work)
    assert not any(row.get("drop_rule") for row in found)
    return [int(row["id"].strip("<>").rpartition(":")[2]) for row in found]


def test_a_crawl_is_read_by_its_name(base: str) -> None:
    work = ReadWarc(crawl=CRAWL, base=base, **RATE)
    assert [shard.file for shard in work.shards()] == [f"{base}/{FOLDER}/warc/CC-MAIN-{n:05}.warc.gz" for n in range(3)]
    assert numbers(work) == list(range(120))


def test_a_list_stands_for_its_files_among_other_paths(base: str) -> None:
    first = f"{base}/{FOLDER}/warc/CC-MAIN-00002.warc.gz"
    work = ReadWarc((first, f"{base}/crawl-data/{CRAWL}/warc.paths.gz"), base=base, **RATE)
    assert numbers(work) == [*range(80, 120), *range(80)]
    assert [shard.number for shard in work.shards()] == [0, 1, 2]


QUESTIONS = [
    ({"tld": "de"}, lambda n: n % 3 == 2),
    ({"domain": ["example.co.uk", "example.com"]}, lambda n: n % 3 != 2),
    ({"language": ["deu", "fra"]}, lambda n: n % 4 in (1, 2)),
    ({"mime": ["text/html"], "language": "eng", "status": 200}, lambda n: n % 4 == 0 and n % 5 != 4),
    ({"tld": ["com"], "domain": ["example.com"], "status": [200, 304]}, lambda n: n % 3 == 0),
]


@pytest.mark.parametrize(("select", "holds"), QUESTIONS, ids=[str(number) for number in range(len(QUESTIONS))])
def test_only_the_selected_records_are_rows(base: str, tmp_path: Path, select: dict[str, Any], holds: Any) -> None:
    work = ReadWarc(crawl=CRAWL, base=base, select=select, selections=str(tmp_path / "kept"), gap=0, **RATE)
    assert numbers(work) == [number for number in range(120) if holds(number)]
    assert {row["locator"]["file"].rpartition("/")[0] for row in rows(work)} == {f"{base}/{FOLDER}/warc"}


def test_a_selected_row_is_what_reading_the_whole_file_gives(base: str, tmp_path: Path) -> None:
    selected = ReadWarc(crawl=CRAWL, base=base, select={"tld": "de"}, selections=str(tmp_path / "kept"), **RATE)
    whole = {row["id"]: row for row in rows(ReadWarc(crawl=CRAWL, base=base, **RATE))}
    assert all(row == whole[row["id"]] for row in rows(selected))


def test_near_records_are_asked_for_together_and_far_ones_alone(site: FaultySite, tmp_path: Path) -> None:
    settings = {"crawl": CRAWL, "base": site.url, "select": {"tld": "de"}, "selections": str(tmp_path / "kept")} | RATE
    for gap, ranges in ((0, 40), (1 << 20, 3)):
        work = ReadWarc(**settings, gap=gap)  # type: ignore[arg-type]
        [shard] = work.shards()
        before = site.served()
        list(work.read(shard))
        asked = [found.range for found in site.asked[before:]]
        assert len(asked) == ranges and all(asked)
    lengths = [stop - start + 1 for start, stop in (map(int, found[6:].split("-")) for found in asked)]
    assert sum(lengths) < 3 * (1 << 20)


def test_shards_of_a_selection_are_about_equal_and_lose_nothing(site: FaultySite, tmp_path: Path) -> None:
    work = ReadWarc(
        crawl=CRAWL, base=site.url, select={"status": 200}, selections=str(tmp_path), shard_bytes=6000, **RATE
    )
    shards = work.shards()
    sizes = [shard.length for shard in shards]
    assert len(shards) > 5 and max(sizes) < 6600 and max(sizes) - min(sizes) < 1000
    assert sum(sizes) == sum(len(site.files[f"/{FOLDER}/warc/CC-MAIN-{n:05}.warc.gz"]) for n in range(3))
    assert numbers(work) == list(range(120))


def test_an_index_is_read_once_for_the_same_question(site: FaultySite, tmp_path: Path) -> None:
    work = ReadWarc(crawl=CRAWL, base=site.url, select={"tld": "de"}, selections=str(tmp_path / "kept"), **RATE)
    first = work.shards()
    before = site.served()
    assert work.shards() == first
    assert [asked.path for asked in site.asked[before:]] == [f"/crawl-data/{CRAWL}/cc-index-table.paths.gz"]


def test_faults_on_the_way_change_no_row(site: FaultySite, tmp_path: Path) -> None:
    work = ReadWarc(crawl=CRAWL, base=site.url, select={"tld": "de"}, selections=str(tmp_path / "kept"), gap=0, **RATE)
    site.faults = deque(
        Random(0).sample(["500", "", "", "cut 9", "503 0", "short 3", "429", "", "403", "long 4"] * 5, 50)
    )
    assert numbers(work) == list(range(2, 120, 3))


@pytest.mark.slow
def test_faults_of_a_store_change_no_row(bucket: str, s3_server: "Store", tmp_path: Path) -> None:
    from faulty_s3 import Faults

    put(published(tmp_path), bucket)
    s3_server.faults = Faults(seed=2, rate=0.1)
    work = ReadWarc(crawl=CRAWL, base=bucket, select={"tld": "de"}, selections=str(tmp_path / "kept"), gap=0, **RATE)
    assert numbers(work) == [number for number in range(120) if number % 3 == 2]
    assert sum(s3_server.faults.met.values()) >= 3


def test_a_place_without_a_record_is_damage_by_name(tmp_path: Path) -> None:
    files, index = crawl(1, 8)
    name, content = next(iter(files.items()))
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_bytes(content[:-5])
    places = index.column("warc_record_offset").to_pylist()
    moved = [offset + (7 if number == 3 else 0) for number, offset in enumerate(places)]
    lengths = [1 << 30 if number == 5 else n for number, n in enumerate(index.column("warc_record_length").to_pylist())]
    index = index.set_column(6, "warc_record_offset", pa.array(moved, pa.int32()))
    pq.write_table(index.set_column(7, "warc_record_length", pa.array(lengths, pa.int32())), tmp_path / "i.parquet")
    select = {"index": str(tmp_path / "i.parquet"), "status": 200}
    found = rows(ReadWarc(base=str(tmp_path), select=select, selections=str(tmp_path / "kept")))
    assert len(found) == 8
    refused = [
        row["drop_measured"].partition(", but ")[2] for row in found if row.get("drop_rule") == "read_warc.corrupt"
    ]
    assert [text[:9] for text in sorted(refused)] == ["it begins", "more than", "the file "]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give one of paths, crawl, and select with an index"),
        ({"paths": "x", "crawl": CRAWL}, "give one of paths"),
        ({"crawl": "CC MAIN"}, "'CC MAIN' is not a crawl's name; expected one like CC-MAIN-2026-05"),
        ({"crawl": CRAWL, "part": "wets"}, "part: 'wets' is not a part of a crawl; did you mean 'wet'"),
        ({"crawl": CRAWL, "part": "wet", "select": {"tld": "de"}}, "records of the part warc"),
        ({"crawl": CRAWL, "select": {"tdl": "de"}}, "select: no key 'tdl'; did you mean 'tld'"),
        ({"crawl": CRAWL, "select": {"status": "200"}}, "status: found '200', expected int values"),
        ({"crawl": CRAWL, "select": {"tld": []}}, "tld: found .., expected str values"),
        ({"crawl": CRAWL, "select": {"language": ["de"]}}, "found 'de'; the index has ISO 639-3 codes"),
        ({"crawl": CRAWL, "select": {"index": "x"}}, "select: no criterion given"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_read(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        ReadWarc(**settings)


def test_a_crawl_that_is_not_there_and_a_selection_of_nothing_are_said(site: FaultySite, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"CC-MAIN-2030-01/warc.paths.gz: there is no such list of paths"):
        ReadWarc(crawl="CC-MAIN-2030-01", base=site.url, **RATE).shards()
    nothing = ReadWarc(crawl=CRAWL, base=site.url, select={"tld": "zz"}, selections=str(tmp_path / "kept"), **RATE)
    with pytest.raises(RecipeError, match="select: no record of the index matches"):
        nothing.shards()


@pytest.mark.parametrize(
    "content", [b"/etc/passwd\n", b"a/../../b\n", b"https://elsewhere/x\n", b"\x1f\x8b\x08\x00broken"]
)
def test_a_list_that_leads_elsewhere_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "warc.paths.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"warc.paths.gz: (lists|cannot be read)"):
        ReadWarc(str(tmp_path / "warc.paths.gz"), base=str(tmp_path)).shards()


def test_another_table_is_no_index(tmp_path: Path) -> None:
    pq.write_table(pa.table({"url_host_tld": ["de"]}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t.parquet: has no column .*warc_filename"):
        find_records([str(tmp_path / "t.parquet")], Wanted(tld=("de",)))
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no table")
    with pytest.raises(DataError, match=r"t.parquet: cannot be read as a columnar index"):
        find_records([str(tmp_path / "t.parquet")], Wanted(tld=("de",)))


def damaged_names(content: bytes) -> bytes:
    """Makes the names of WARC files invalid UTF-8."""
    return content.replace(b"a.warc.gz", b"a.w\xffrc.gz")


def damaged_footer(content: bytes) -> bytes:
    """Found by fuzzing: pyarrow raises OSError for a footer that cannot be decoded."""
    size = int.from_bytes(content[-8:-4], "little")
    return content[: -size - 8] + b"\xff" * size + content[-8:]


@pytest.mark.parametrize("damage", [damaged_names, damaged_footer])
def test_a_damaged_index_is_refused_by_name(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    places = {"warc_filename": ["a.warc.gz"], "warc_record_offset": [0], "warc_record_length": [9]}
    pq.write_table(pa.table({"url_host_tld": ["de"], **places}), tmp_path / "t.parquet", compression="none")
    assert find_records([str(tmp_path / "t.parquet")], Wanted(tld=("de",))).num_rows == 1
    (tmp_path / "t.parquet").write_bytes(damage((tmp_path / "t.parquet").read_bytes()))
    with pytest.raises(DataError, match=r"t.parquet: cannot be read as a columnar index"):
        find_records([str(tmp_path / "t.parquet")], Wanted(tld=("de",)))


@pytest.mark.parametrize("seed", range(20))
def test_spans_cover_the_records_and_join_what_is_near(seed: int) -> None:
    """The spans are compared with those of a plain twin."""
    random = Random(seed)
    places = sorted({(random.choice("ab"), random.randrange(0, 3000, 10)) for _ in range(random.randrange(60))})
    table = pa.Table.from_pylist(
        [{"file": file, "offset": offset, "length": random.randrange(1, 15)} for file, offset in places], RECORDS
    )
    gap, most = random.choice([0, 5, 40]), random.choice([20, 200, 10**6])
    found = list(byte_ranges(table, gap, most))
    assert [row for span in found for row in range(span.first, span.last)] == list(range(table.num_rows))
    listed = table.to_pylist()
    for span in found:
        inside = listed[span.first : span.last]
        assert {row["file"] for row in inside} == {span.file} and span.start == inside[0]["offset"]
        assert span.stop == max(row["offset"] + row["length"] for row in inside)
        for before, after in pairwise(inside):
            assert (
                after["offset"]
                <= max(r["offset"] + r["length"] for r in inside if r["offset"] <= before["offset"]) + gap
            )
    for left, right in pairwise(found):
        end = listed[right.first]["offset"] + listed[right.first]["length"]
        assert left.file != right.file or right.start > left.stop + gap or end - left.start > most


def test_how_files_are_read_is_no_part_of_what_is_read(tmp_path: Path) -> None:
    from tokenmill.pipeline.planning.fingerprint import work_fingerprint

    prints = {
        json.dumps(settings): work_fingerprint([ReadWarc("x", **settings)], (), mark_only=False, excerpt=0)  # type: ignore[arg-type]
        for settings in ({}, {"gap": 7}, {"requests_per_second": 3.0}, {"shard_bytes": 5}, {"max_bytes": 99})
    }
    assert len(set(prints.values())) == 2 and prints['{"max_bytes": 99}'] != prints["{}"]
