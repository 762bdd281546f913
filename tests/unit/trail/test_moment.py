"""`eventTime`: every spelling that means one moment, and what is not guessed."""

from __future__ import annotations

import pytest

from agent.trail.moment import iso, unix_nanoseconds

TEN = 1_795_514_400_000_000_000  # 2026-11-24T10:00:00Z
EPOCH = 1_764_000_000_000_000_000


@pytest.mark.row(65)
@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("2026-11-24T10:00:00Z", TEN),
        (" 2026-11-24T10:00:00Z\n", TEN),
        ("2026-11-24T10:00:00z", TEN),
        ("2026-11-24t10:00:00z", TEN),
        ("2026-11-24 10:00:00", TEN),
        ("2026-11-24  10:00:00 UTC", TEN),
        ("2026-11-24T10:00:00UTC", TEN),
        ("2026-11-24T10:00:00 GMT", TEN),
        ("2026-11-24T10:00:00+00:00", TEN),
        ("2026-11-24T10:00:00-00:00", TEN),
        ("2026-11-24T10:00:00+0200", TEN - 7_200_000_000_000),
        ("2026-11-24T10:00:00-05:30", TEN + 19_800_000_000_000),
        ("2026-11-24T10:00:00+02", TEN - 7_200_000_000_000),
        ("2026-11-24 10:00:00 +0000 UTC", TEN),
        ("2026-11-24T10:00Z[UTC]", TEN),
        ("2026-11-24T10:00:00.000Z", TEN),
        ("2026-11-24T10:00:00.123456789Z", TEN + 123_456_789),
        ("2026-11-24T10:00:00,5Z", TEN + 500_000_000),
        ("2026-11-24T10:00:00.1234567891234Z", TEN + 123_456_789),
        ("2026-11-24 9:05:00", TEN - 3_300_000_000_000),
        ("2026/11/24 10:00:00", TEN),
        ("20261124T100000Z", TEN),
        ("2026-11-24T09:59:60Z", TEN),
        ("2026-11-23T24:00:00Z", TEN - 36_000_000_000_000),
        ("Tue, 24 Nov 2026 10:00:00 GMT", TEN),
        ("Nov 24, 2026 10:00:00 AM", TEN),
        ("Nov 24, 2026, 10:00:00\u202fAM", TEN),
        ("November 24, 2026 12:00:00 AM", TEN - 36_000_000_000_000),
        ("Nov 24, 2026 12:00:00 PM", TEN + 7_200_000_000_000),
        ("Tue Nov 24 10:00:00 UTC 2026", TEN),
        ("24-Nov-2026 10:00:00 +0000", TEN),
        (1764000000, EPOCH),
        (1764000000123, EPOCH + 123_000_000),
        (1764000000123456, EPOCH + 123_456_000),
        (1764000000123456789, EPOCH + 123_456_789),
        (1764000000.5, EPOCH + 500_000_000),
        ("1764000000", EPOCH),
        ("1764000000123", EPOCH + 123_000_000),
        ("1764000000.123456789", EPOCH + 123_456_789),
        ("1.764E9", EPOCH),
        (1.764e12, EPOCH),
        ("1970-01-01T00:00:00Z", 0),
        ("2262-04-11T23:47:16.854775807Z", 2**63 - 1),
    ],
)
def test_what_means_one_moment_is_read(written: object, nanoseconds: int) -> None:
    """Numbers by their length, texts in every usual spelling, UTC where no zone is named."""
    assert unix_nanoseconds(written) == nanoseconds


@pytest.mark.row(65)
@pytest.mark.parametrize(
    "written",
    [
        *(None, True, False, {}, [], [1764000000], "", "  ", "yesterday", "now", "Z", "T", "-"),
        *("10/11/2026 10:00:00", "11-24-2026 10:00:00", "24.11.2026 10:00", "26-11-24T10:00:00Z"),
        *("24 Nov 26 10:00:00", "Tuesday, 24-Nov-26 10:00:00 GMT", "2026-11-24", "24 Nov 2026", "10:00:00"),
        *("2026-11-24T10:00:00 PST", "2026-11-24T10:00:00[Europe/Berlin]", "2026-11-24T10:00:00+02:00 UTC"),
        *("Nov 24, 2026 13:00:00 PM", "Nov 24, 2026 0:00:00 AM", "Nov Nov 24 2026 10:00:00", "Foo 24, 2026 10:00:00"),
        *("2026-13-24T10:00:00Z", "2026-02-30T10:00:00Z", "0000-01-01T00:00:00Z", "2026-11/24T10:00:00Z"),
        *("2026-11-24T25:00:00Z", "2026-11-24T24:00:01Z", "2026-11-24T10:60:00Z", "2026-11-24T10:00:61Z"),
        *("2026-11-24T10:00:00+24:00", "2026-11-24T10:00:00+02:60", "2026-11-24X10:00:00Z"),
        *(0, 1, -1764000000, 17640000001, 20261124100000, 1e300, float("nan"), float("inf"), 10**30, 2**63),
        *("0", "20261124", "20261124100000", "-1764000000", "+1764000000", "1e99", "0x5f", "\uff11764000000"),
        *("1969-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "9" * 5000, "9" * 19),
        "2262-04-11T23:47:16.854775808Z",
    ],
)
def test_what_means_none_or_several_is_not_guessed(written: object) -> None:
    """Two-digit years, unordered dates, dates alone, local zones, and whatever no store can keep."""
    assert unix_nanoseconds(written) is None


def test_a_moment_is_written_as_cloudtrail_writes_it() -> None:
    """To the second, exact to the end of what can be kept."""
    assert iso(TEN + 999_999_999) == "2026-11-24T10:00:00Z"
    assert iso(253_402_300_799_000_000_000) == "9999-12-31T23:59:59Z"
