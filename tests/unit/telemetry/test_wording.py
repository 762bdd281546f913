"""Numbers, sizes and spans, as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry import wording
from tests.support.clock import START


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (wording.number(0), "0"),
        (wording.number(3.25), "3.2"),
        (wording.number(1_234_567), "1,234,567"),
        (wording.brief(9_999), "9,999"),
        (wording.brief(12_345), "12 k"),
        (wording.brief(2_500_000), "2.5 M"),
        (wording.brief(1e24), "1e+06 E"),
        (wording.size(1_536), "1.5 KiB"),
        (wording.size(5 * 1024**3), "5 GiB"),
        (wording.span(0), "0 s"),
        (wording.span(0.034), "34 ms"),
        (wording.span(4.25), "4.2 s"),
        (wording.span(42.9), "42 s"),
        (wording.span(3_600), "1 h"),
        (wording.span(90_061), "1 d 1 h"),
        (wording.span(101 * 86_400 - 1), "100 d"),
        (wording.ago(0, START), "never"),
        (wording.ago(START + 5, START), "0 s ago"),
        (wording.roughly(START - 5_400, START), "1 h ago"),
        (wording.roughly(START - 59.9, START), "59 s ago"),
        (wording.clock(START), "14:13"),
        (wording.instant(0), "1970-01-01 00:00:00 UTC"),
    ],
)
def test_numbers_are_written_for_people(shown: str, expected: str) -> None:
    """Thousands, sizes and spans are rounded to what a person reads."""
    assert shown == expected


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_sizes_and_spans_are_always_short(first: float, second: float) -> None:
    """No value makes a word that breaks the layout."""
    assert len(wording.brief(first)) <= 7
    assert len(wording.size(first)) <= 14
    assert len(wording.span(second)) <= 20
