"""Dates of any precision become timestamps, and values that are not dates become null."""

from datetime import UTC, datetime

import pytest

from tokenmill.stages.reading.dates import timestamps


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2020-08-07T12:00:01Z", datetime(2020, 8, 7, 12, 0, 1, tzinfo=UTC)),
        ("2020-08-07T12:00:01.123456789Z", datetime(2020, 8, 7, 12, 0, 1, 123456, tzinfo=UTC)),
        ("2020-08-07T14:00:01+02:00", datetime(2020, 8, 7, 12, 0, 1, tzinfo=UTC)),
        ("20140216050221", datetime(2014, 2, 16, 5, 2, 21, tzinfo=UTC)),
        ("201402160502", datetime(2014, 2, 16, 5, 2, tzinfo=UTC)),
        ("2016-09", datetime(2016, 9, 1, tzinfo=UTC)),
        ("2016", datetime(2016, 1, 1, tzinfo=UTC)),
        ("2016-13-40", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_means_this(written: str | None, meant: datetime | None) -> None:
    assert timestamps([written]).to_pylist() == [meant]


def test_one_bad_date_does_not_spoil_its_column() -> None:
    assert timestamps(["2016", "?", "2020-01-02T03:04:05+01:00"]).to_pylist() == [
        datetime(2016, 1, 1, tzinfo=UTC),
        None,
        datetime(2020, 1, 2, 2, 4, 5, tzinfo=UTC),
    ]
