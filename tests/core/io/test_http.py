"""If a server misbehaves, a read gives the file's bytes or one clear error with the address and the status."""

import base64
import io
import logging
import time
import zipfile
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from faulty_server import FaultySite, serving

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import http, manners, storage
from tokenmill.core.io.http import hide_addresses_in_logs
from tokenmill.core.io.manners import Manners
from tokenmill.core.io.url_secrets import shown
from tokenmill.stages.reading.inputs import file_shards

QUICK = Manners(requests_per_second=1e6, tries=6, wait=0.001, max_wait=0.05, timeout=0.3)
CONTENT = Random(1).randbytes(700_000)


@pytest.fixture
def site() -> Iterator[FaultySite]:
    with serving({"/f": CONTENT, "/empty": b""}) as site, manners.manners(QUICK):
        yield site


def test_a_file_reads_as_a_local_one_does(site: FaultySite) -> None:
    local, random = io.BytesIO(CONTENT), Random(2)
    with storage.open_input(f"{site.url}/f") as remote:
        for _ in range(200):
            offset, length = random.randrange(800_000), random.choice([0, 1, 100, 5000, 300_000, -1])
            assert (remote.seek(offset), remote.read(length)) == (local.seek(offset), local.read(length))
            assert remote.tell() == local.tell()
        assert remote.seek(-10, io.SEEK_END) == local.seek(-10, io.SEEK_END) and remote.read() == local.read()
    assert storage.read_bytes(f"{site.url}/empty") == b""


def test_reading_on_asks_for_more_each_time_and_small_steps_back_for_nothing(site: FaultySite) -> None:
    with storage.open_input(f"{site.url}/f") as remote:
        parts = []
        while part := remote.read(10_000):
            remote.seek(-100, io.SEEK_CUR)
            remote.read(100)
            parts.append(part)
    assert b"".join(parts) == CONTENT
    assert [asked.range for asked in site.asked] == [
        "bytes=0-65535", "bytes=65536-131071", "bytes=131072-262143", "bytes=262144-524287", "bytes=524288-699999",
    ]  # fmt: skip
    assert {asked.headers["User-Agent"].partition("/")[0] for asked in site.asked} == {"tokenmill"}
    assert {asked.headers["Accept-Encoding"] for asked in site.asked} == {"identity"}


def test_only_the_range_is_asked_for(site: FaultySite) -> None:
    assert storage.read_range(f"{site.url}/f", 1000, 3000) == CONTENT[1000:3000]
    assert storage.read_range(f"{site.url}/f", 699_990, 800_000) == CONTENT[-10:]
    assert storage.read_range(f"{site.url}/f", 700_000, 800_000) == b""
    assert [asked.range for asked in site.asked][:2] == ["bytes=1000-2999", "bytes=699990-799999"]


FAULTS = [
    ["500"], ["503 0"], ["429"], ["403", "403"], ["408", "502", "504", "520"], ["cut 0"], ["cut 1000", "cut 70000"],
    ["stall 500"], ["whole"], ["unsized"], ["", "whole"], ["", "cut 30", "whole"], ["long 5"], ["short 1000"],
    ["elsewhere"], ["", "500", "cut 9", "429"], ["whole", "cut 5"],
]  # fmt: skip


@pytest.mark.parametrize("faults", FAULTS, ids=" ".join)
def test_faults_that_pass_change_nothing(site: FaultySite, faults: list[str]) -> None:
    site.faults = deque(faults)
    assert storage.read_bytes(f"{site.url}/f") == CONTENT
    assert not site.faults or faults == ["whole", "cut 5"]  # a file that is read whole at once gets no second request
    site.faults = deque(faults)
    assert storage.size_of(f"{site.url}/f") == len(CONTENT)


def test_a_server_without_ranges_that_cuts_the_connection_is_asked_for_all_again(site: FaultySite) -> None:
    site.files["/f"] = CONTENT[:3000]
    site.faults = deque(["unsized", "whole"])
    with storage.open_input(f"{site.url}/f") as remote:
        remote.seek(2000)
        assert remote.read() == CONTENT[2000:3000]
    assert site.served() == 1


def test_where_the_connection_was_cut_reading_goes_on_with_the_same_version(site: FaultySite) -> None:
    site.faults = deque(["", "cut 50000"])
    assert storage.read_bytes(f"{site.url}/f") == CONTENT
    assert [asked.range for asked in site.asked] == ["bytes=0-65535", "bytes=65536-699999", "bytes=115536-699999"]
    assert site.asked[2].headers["If-Range"].startswith('"')


@pytest.mark.parametrize("tags", [True, False])
def test_a_file_that_changes_while_it_is_read_is_refused(site: FaultySite, tags: bool) -> None:
    site.tags = tags
    with storage.open_input(f"{site.url}/f") as remote:
        remote.read(1000)
        site.faults = deque(["changed" if tags else "whole"])
        if not tags:
            site.files["/f"] = CONTENT[:-1]
        with pytest.raises(DataError, match=r"/f: changed while it was read \(from 700,000 bytes"):
            remote.read()


@pytest.mark.parametrize(
    ("always", "message", "requests"),
    [
        ("403", r"/f: HTTP 403 Forbidden: the server denies access; gave up after 4 tries", 4),
        ("401", r"/f: HTTP 401 Unauthorized; the server refuses this request", 1),
        ("500", r"/f: HTTP 500 Internal Server Error; gave up after 6 tries", 6),
        ("503 3600", r"/f: HTTP 503 Service Unavailable, and the server asks to come back in 3,600 s", 1),
        ("cut 10", r"/f: the connection broke at byte 60 \(protocol\); gave up after 6 tries", 6),
        ("stall 10", r"/f: the connection broke at byte 60 \(read timeout\); gave up after 6 tries", 6),
        ("elsewhere", r"Content-Range 'bytes 1-65535/700000', asked for the bytes from 0; gave up", 6),
    ],
)
def test_what_does_not_pass_is_one_clear_error(site: FaultySite, always: str, message: str, requests: int) -> None:
    site.always = always
    with pytest.raises(DataError, match=message) as caught:
        storage.read_bytes(f"{site.url}/f")
    assert site.served() == requests and str(caught.value).startswith(f"{site.url}/f: ")


def test_what_is_not_there_is_not_an_error_to_ask_for(site: FaultySite) -> None:
    missing = f"{site.url}/none"
    assert (storage.exists(missing), storage.size_of(missing), storage.expand(missing)) == (False, -1, [])
    assert storage.read_if_there(missing) is None
    assert storage.exists(f"{site.url}/f")
    with pytest.raises(
        RecipeError, match="none' matches no file; there is no file at this address, and an HTTP server cannot"
    ):
        file_shards(missing, "web")
    with pytest.raises(DataError, match="/none: HTTP 404 Not Found; there is no such file"):
        storage.open_input(missing)


def test_an_etag_changes_with_the_content(site: FaultySite) -> None:
    before = storage.etag(f"{site.url}/f")
    assert storage.etag(f"{site.url}/f") == before and before.startswith("700000-")
    site.files["/f"] = CONTENT[::-1]
    assert storage.etag(f"{site.url}/f") != before


def test_redirects_are_followed_and_loops_are_not(site: FaultySite) -> None:
    site.moved = {"/old": "/f", "/round": "/round"}
    assert storage.read_bytes(f"{site.url}/old") == CONTENT
    with pytest.raises(DataError, match="/round: redirected more than 5 times"):
        storage.read_bytes(f"{site.url}/round")


def test_what_a_server_calls_compressed_is_taken_as_it_is_stored(site: FaultySite) -> None:
    site.fields = {"Content-Encoding": "gzip"}
    assert storage.read_bytes(f"{site.url}/f") == CONTENT


def test_libraries_that_want_a_seekable_file_get_one(site: FaultySite) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", CONTENT)
    site.files["/z"] = packed.getvalue()
    with storage.open_input(f"{site.url}/z") as file, zipfile.ZipFile(file) as archive:
        assert archive.read("a") == CONTENT


def test_no_server_at_all_is_a_clear_error() -> None:
    with serving({}) as gone:
        url = gone.url
    with manners.manners(QUICK), pytest.raises(DataError, match=r"no answer \(new connection\); gave up after 6 tries"):
        storage.read_bytes(f"{url}/f?sig=hidden")


def test_retry_after_is_honoured_by_every_file_of_the_host(site: FaultySite) -> None:
    patient = replace(QUICK, max_wait=5.0)
    site.faults = deque(["503 1"])
    began = time.monotonic()
    with manners.manners(patient):
        assert storage.read_range(f"{site.url}/f", 0, 10) == CONTENT[:10]
    assert time.monotonic() - began >= 1
    manners.hold_back(site.url.removeprefix("http://"), 0.5)
    began = time.monotonic()
    with manners.manners(patient):
        storage.read_range(f"{site.url}/f", 0, 10)
    assert time.monotonic() - began >= 0.4


def test_a_host_is_not_asked_more_often_than_is_polite(site: FaultySite) -> None:
    began = time.monotonic()
    with manners.manners(replace(QUICK, requests_per_second=20, max_wait=5)):
        for _ in range(7):
            storage.read_range(f"{site.url}/f", 0, 10)
    assert time.monotonic() - began >= 6 / 20


@pytest.mark.parametrize(("value", "seconds"), [("7", 7), ("", 0), ("soon", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)])
def test_retry_after_comes_as_seconds_or_as_a_date(value: str, seconds: float) -> None:
    assert manners.seconds_until(value) == seconds
    assert manners.seconds_until("Fri, 31 Dec 2999 23:59:59 GMT") > 1e9


def test_manners_that_make_no_sense_are_refused() -> None:
    with pytest.raises(RecipeError, match="requests_per_second is 0, it must be above 0"):
        Manners(requests_per_second=0)


SECRET = "https://user:pass@host.example:8080/a/b.warc.gz?X-Amz-Signature=abc&X-Amz-Date=1&part=2&token=x#end"


def test_secrets_are_not_shown_and_the_rest_is() -> None:
    assert shown(SECRET) == "https://host.example:8080/a/b.warc.gz?part=2"
    assert shown("https://h/x?sv=2024&se=2026-01-01&sr=b&sp=r&sig=abc%3D") == "https://h/x"
    for plain in ("/a/b?sig=1", "s3://bucket/a", "https://host/a?page=2&id=x", "data/*.warc.gz"):
        assert shown(plain) == plain


@pytest.fixture
def own_process() -> Iterator[None]:
    """Hides addresses in logs, as each process of the program does."""
    logger = logging.getLogger("urllib3")
    before = logger.level
    hide_addresses_in_logs()
    yield
    logger.setLevel(before)


def test_no_log_line_shows_an_address_as_it_is(
    site: FaultySite, own_process: None, caplog: pytest.LogCaptureFixture
) -> None:
    site.moved = {"/old": "/f?Signature=hidden2"}
    with caplog.at_level(logging.DEBUG):
        assert storage.read_bytes(f"{site.url}/old?Signature=hidden1") == CONTENT
    assert "hidden" not in caplog.text


def test_a_password_is_sent_and_never_shown(site: FaultySite) -> None:
    address = site.url.replace("http://", "http://me:s%20cret@") + "/f?Signature=hidden"
    assert storage.read_bytes(address) == CONTENT
    assert site.asked[0].headers["authorization"] == "Basic " + base64.b64encode(b"me:s cret").decode()
    assert site.asked[0].path == "/f?Signature=hidden"
    for fault in ("403", "401", "404", "500", "cut 0", "stall 0", "changed"):
        site.faults, site.always = deque([""]), fault
        with pytest.raises(DataError) as caught, http.open_file(address) as file:
            file.read()
        said = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__suppress_context__}"
        assert "cret" not in said and "hidden" not in said and f"{site.url}/f: " in said
