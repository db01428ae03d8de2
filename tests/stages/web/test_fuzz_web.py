"""Damaged files keep the promises of bench.fuzz: nothing raises, nothing is passed over, nothing swells."""

import os
from pathlib import Path

import pytest

from bench.fuzz import case
from bench.fuzz_web import TARGETS, check_warc
from tokenmill.core.errors import DataError


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_keep_the_promises(name: str) -> None:
    target = TARGETS[name]
    seeds, refused = target.seeds(), 0
    for number in range(200):
        try:
            target.check(case(target, seeds, 1, number))
        except DataError:
            refused += 1
    assert refused < 50  # the others were read


def test_whole_files_are_read_in_every_form() -> None:
    target = TARGETS["warc"]
    counts = {check_warc(form(seed)) for seed in target.seeds()[:1] for form in target.forms}
    assert counts == {8}


ODD = {
    "bad.arc": (0, 2), "example-bad-non-chunked.warc.gz": (6, 0), "example-bad.warc.gz.bad": (6, 0),
    "example-digest.warc": (4, 0), "example-iana.org-chunked.warc": (3, 0), "example-resource.warc.gz": (3, 0),
    "example-space-in-target-uri.warc.gz": (2, 0), "example-space-in-url.arc": (1, 1), "example-trunc.warc": (3, 1),
    "example-wget-bad-target-uri.warc.gz": (6, 0), "example-wrong-chunks.warc.gz": (2, 0), "example.arc": (2, 0),
    "example.arc.gz": (2, 0), "example.warc": (6, 0), "example.warc.gz": (6, 0), "post-test.warc.gz": (6, 0),
}  # fmt: skip
"""(records, damaged spans) of odd archives as other projects test with."""


@pytest.mark.skipif("TOKENMILL_DEV_DATA" not in os.environ, reason="no development data")
def test_odd_archives_are_accounted_for_to_the_byte() -> None:
    folder = Path(os.environ.get("TOKENMILL_DEV_DATA", "")) / "web" / "odd"
    for path in sorted(folder.iterdir()):
        records, damaged = ODD.get(path.name, (None, None))
        found = check_warc(path.read_bytes())
        assert records is None or damaged is None or found == records + damaged, path.name
