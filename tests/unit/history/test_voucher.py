"""AWS vouches for the clock of a round by answers to requests of that clock, and of no other one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.history.voucher import Voucher

SETTINGS = st.floats(-3e9, 3e9)


def test_an_answer_to_the_same_clock_vouches_for_it() -> None:
    """Though it was set right by some seconds, or wanders."""
    voucher = Voucher(1000.0)
    assert not voucher.is_given
    voucher.hear(1000.5, 970.0)
    assert (voucher.is_given, voucher.is_void) == (True, False)


@given(setting=SETTINGS, before=SETTINGS, after=SETTINGS)
def test_a_clock_that_was_set_since_is_another_one(setting: float, before: float, after: float) -> None:
    """Before the request or during it: nobody knows which of the two AWS has answered."""
    voucher = Voucher(setting)
    voucher.hear(before, after)
    is_same = max(abs(before - setting), abs(after - setting)) <= 60
    assert (voucher.is_given, voucher.is_void) == (is_same, not is_same)


def test_what_is_void_stays_so() -> None:
    """A clock that is set back again says nothing of the answers in between."""
    voucher = Voucher(0.0)
    voucher.hear(5000.0, 5000.0)
    voucher.hear(0.0, 0.0)
    assert voucher.is_void
