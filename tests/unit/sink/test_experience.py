"""What all exports together have seen: is it the record, or the sink?"""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.sink.experience import LEAST_LIMIT_BYTES, MOST_REFUSED_IN_A_ROW, NO_LIMIT, Experience


def _digest(number: int) -> bytes:
    return number.to_bytes(16)


def test_two_that_are_refused_alike_accuse_the_sink() -> None:
    """One refusal is the record's; a second one in the same words, with none accepted, is a setting of the sink's."""
    seen = Experience()
    seen.refuse(_digest(1), "no", seen.accepted)
    assert not seen.is_setting(_digest(1), "no")
    seen.refuse(_digest(2), "no", seen.accepted)
    assert seen.is_setting(_digest(1), "no")
    assert seen.is_setting(_digest(2), "no")


def test_the_same_record_twice_accuses_nobody() -> None:
    """A message that comes again brings the same record."""
    seen = Experience()
    for _ in range(5):
        seen.refuse(_digest(1), "no", seen.accepted)
    assert not seen.is_setting(_digest(1), "no")


def test_four_that_are_refused_in_a_row_accuse_the_sink_in_any_words() -> None:
    """A sink that quotes each record has other words for each."""
    seen = Experience()
    for number in range(4):
        assert not seen.is_setting(_digest(number), f"no {number}")
        seen.refuse(_digest(number), f"no {number}", seen.accepted)
    assert seen.is_setting(_digest(0), "no 0")


def test_one_that_is_accepted_acquits_the_sink() -> None:
    """What was refused before is bad, and stays so when it is judged anew with nothing accepted in between."""
    seen = Experience()
    for number in range(3):
        seen.refuse(_digest(number), "no", seen.accepted)
    seen.accept()
    for number in range(3):
        seen.refuse(_digest(number), "no", seen.accepted)
        assert not seen.is_setting(_digest(number), "no")
    seen.refuse(_digest(7), "no", seen.accepted)
    assert not seen.is_setting(_digest(7), "no")


def test_so_many_in_a_row_are_enough() -> None:
    """After that many the sink would only say the same again; an acceptance begins anew."""
    seen = Experience()
    for number in range(MOST_REFUSED_IN_A_ROW):
        assert not seen.refuses_everything()
        seen.refuse(_digest(number), "no", seen.accepted)
    assert seen.refuses_everything()
    seen.accept()
    assert not seen.refuses_everything()


def _tried(seen: Experience, tries: int) -> bytes:
    seen.remember_lone(_digest(0), 0.0)
    for _ in range(tries):
        seen.fail_alone(_digest(0))
    return _digest(0)


def test_a_record_is_to_blame_only_if_others_pass_for_five_minutes() -> None:
    """Neither an outage nor a short time blames it."""
    seen = Experience()
    digest = _tried(seen, 50)
    assert not seen.blames(digest, 1000.0)
    for _ in range(3):
        seen.accept()
    assert not seen.blames(digest, 299.0)
    assert seen.blames(digest, 300.0)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
@example(accepted=13, failed=38, tries=23)
def test_a_sink_that_fails_often_blames_nobody_for_failing_often(accepted: int, failed: int, tries: int) -> None:
    """The more often others fail, the more often this one must have failed before it is blamed."""
    seen = Experience()
    digest = _tried(seen, tries)
    for _ in range(accepted):
        seen.accept()
    for _ in range(failed):
        seen.fail()
    share = failed / (accepted + failed)
    if share**tries > 1e-3:
        assert not seen.blames(digest, 10_000.0)


@pytest.mark.row(82)
def test_lone_records_do_not_excuse_each_other_once_others_pass() -> None:
    """Of ten that are tried in vain each is to blame as soon as if it were one; while nothing passes, none is."""
    seen = Experience()
    for number in range(10):
        seen.remember_lone(_digest(number), 0.0)
    seen.accept()
    for _ in range(8):
        for number in range(10):
            seen.fail_alone(_digest(number))
    assert not any(seen.blames(_digest(number), 1000.0) for number in range(10))
    seen.accept()
    assert all(seen.blames(_digest(number), 1000.0) for number in range(10))


@pytest.mark.row(82)
def test_what_was_accepted_since_a_record_was_stuck_tells_that_others_pass() -> None:
    """Before or after it was known to be alone."""
    seen = Experience()
    seen.accept()
    seen.remember_lone(_digest(1), 0.0, seen.accepted)
    assert not seen.has_accepted_beside(_digest(1))
    before = seen.accepted
    seen.accept()
    assert seen.has_accepted_beside(_digest(1))
    seen.remember_lone(_digest(2), 0.0, before)
    assert seen.has_accepted_beside(_digest(2))
    assert not seen.has_accepted_beside(_digest(3))


def test_a_record_with_a_verdict_is_forgotten() -> None:
    """What passed once is no lone record any more."""
    seen = Experience()
    seen.remember_lone(_digest(1), 0.0)
    assert seen.is_lone(_digest(1))
    seen.forget(_digest(1))
    assert not seen.is_lone(_digest(1))


def test_a_limit_is_remembered_for_an_hour() -> None:
    """Requests are cut to what passed, and not below 64 KiB; later the sink may take more."""
    seen = Experience()
    assert seen.limit(0.0) == NO_LIMIT
    seen.learn_limit(200_000, 0.0)
    assert seen.limit(3599.0) == 200_000
    assert seen.limit(3600.0) == NO_LIMIT
    seen.learn_limit(10, 0.0)
    assert seen.limit(1.0) == LEAST_LIMIT_BYTES
