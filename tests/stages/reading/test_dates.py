"""Dates of any precision become timestamps, and values that are not dates become null."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        ("20140216.0", datetime(2014, 2, 16, tzinfo=UTC)),
        ("2014021605", datetime(2014, 2, 16, 5, tzinfo=UTC)),
        ("20140216050221123", datetime(2014, 2, 16, 5, 2, 21, tzinfo=UTC)),
        (" 20140216 ", datetime(2014, 2, 16, tzinfo=UTC)),
        ("19650216050221", datetime(1965, 2, 16, 5, 2, 21, tzinfo=UTC)),
        ("2024/12/25", datetime(2024, 12, 25, tzinfo=UTC)),
        ("2024/12/25 10:11:12", datetime(2024, 12, 25, 10, 11, 12, tzinfo=UTC)),
        ("2024-12-25", datetime(2024, 12, 25, tzinfo=UTC)),
        ("2024-12-25Z", datetime(2024, 12, 25, tzinfo=UTC)),
        ("20241225T101112Z", datetime(2024, 12, 25, 10, 11, 12, tzinfo=UTC)),
        ("20241225 101112", datetime(2024, 12, 25, 10, 11, 12, tzinfo=UTC)),
        ("20241225101112.25", datetime(2024, 12, 25, 10, 11, 12, 250_000, tzinfo=UTC)),
        ("2024-12-25T10", datetime(2024, 12, 25, 10, tzinfo=UTC)),
        ("2024-12-25t10:11z", datetime(2024, 12, 25, 10, 11, tzinfo=UTC)),
        ("2024-12-25T10:11:12,5Z", datetime(2024, 12, 25, 10, 11, 12, 500_000, tzinfo=UTC)),
        ("2024-12-25 10:11:12.1234567891 UTC", datetime(2024, 12, 25, 10, 11, 12, 123_456, tzinfo=UTC)),
        ("2024-12-25 10:11:12 GMT", datetime(2024, 12, 25, 10, 11, 12, tzinfo=UTC)),
        ("2024-12-25 10:11:12 -0500", datetime(2024, 12, 25, 15, 11, 12, tzinfo=UTC)),
        ("2024-12-25 10:11:12 +05:30", datetime(2024, 12, 25, 4, 41, 12, tzinfo=UTC)),
        ("2024-12-25 10:11 -05", datetime(2024, 12, 25, 15, 11, tzinfo=UTC)),
        ("2024-12-25T10:11:12.5+0100", datetime(2024, 12, 25, 9, 11, 12, 500_000, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_means_this(written: str | None, meant: datetime | None) -> None:
    assert timestamps([written]).to_pylist() == [meant]


@pytest.mark.parametrize(
    "written",
    [
        "2024-1-5", "2024/1/5", "2024 Dec 25", "2024年12月25日", "2024Q4", "2024-W05-3", "2024.12.25", "2024.12",
        "10000-01-01", "1999 or 2000", "2024-12-25 10:11:12 PST", "2024-12-25 nonsense", "2024-12-25 10:11:12 nonsense",
        "2024/05", "2024-12/25", "2024-1225", "2024-12-25T", "2024-12-25T10:1112", "2024-12-25T10:11.5",
        "2024-12-25  10:11", "2024-12-25T10:11:12 +25:00", "2024-12-25T10:11:12+01:60", "2024-12-25+01:00", "2024-05-",
        "2024-12-25T25:00", "2024-02-30", "20241225.5", "25/12/2024", "12/25/2024", "٢٠٢٤-١٢-٢٥", "+2024-12-25",
        "2024-060", "2024-12-2510:11", "0000-01-01",
        "0001-01-01T00:00+14:00", "9999-12-31T23:59:00-10:00", "0001-01-01 00:00 +14:00", "9999-12-31 23:59 -10:00",
    ],
)  # fmt: skip
def test_a_text_that_only_begins_like_a_date_is_none(written: str) -> None:
    """Guards against an earlier fault: the first digits were read, often as the first of January."""
    assert timestamps([written]).to_pylist() == [None]
    assert timestamps([written, "2016"]).to_pylist() == [None, datetime(2016, 1, 1, tzinfo=UTC)]


def test_one_bad_date_does_not_spoil_its_column() -> None:
    assert timestamps(["2016", "?", "2020-01-02T03:04:05+01:00"]).to_pylist() == [
        datetime(2016, 1, 1, tzinfo=UTC),
        None,
        datetime(2020, 1, 2, 2, 4, 5, tzinfo=UTC),
    ]


SECONDS = [100_000_000, 631_152_000, 999_999_999, 1_000_000_000, 1_392_526_941, 1_611_010_112, 2_147_483_648]


@pytest.mark.parametrize("seconds", [*SECONDS, 4_102_444_799])
@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("form", ["{}", "{}.0", "{}.", " {} ", "{:.12e}", "{:.15E}"])
def test_the_size_of_a_number_gives_its_unit(seconds: int, unit: int, form: str) -> None:
    """Guards against an earlier fault: such numbers became null, or a date in the year of their first four digits."""
    assert timestamps([form.format(seconds * unit)]).to_pylist() == [datetime.fromtimestamp(seconds, UTC)]


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_parts_of_a_second_are_kept(unit: int) -> None:
    wanted = datetime(2014, 2, 16, 5, 2, 21, 250_000, tzinfo=UTC)
    assert timestamps([f"{1_392_526_941 * unit + unit // 4}{'.25' if unit == 1 else ''}"]).to_pylist() == [wanted]


@given(st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)), st.sampled_from(["%Y%m%d%H", "%Y%m%d%H%M"]))
@settings(deadline=None)
def test_digits_that_are_a_date_are_no_number(when: datetime, form: str) -> None:
    written = when.strftime(form)
    assert timestamps([written]).to_pylist() == [datetime.strptime(written, form).replace(tzinfo=UTC)]


@pytest.mark.parametrize(
    "number",
    [
        "0", "1", "-1392526941", "99999999", "4102444800", "12345", "1234567", "86400000", "9" * 11, "5" * 14, "9" * 32,
        "9" * 5000, "1e99", "1e999999999", "1e-5", "1.5", "NaN", "inf", "0x52ff", "1,392,526,941", "1392526941 s",
        "٣" * 10,
    ],
)  # fmt: skip
def test_a_number_that_no_unit_makes_likely_is_none(number: str) -> None:
    assert timestamps([number]).to_pylist() == [None]
