"""How far a replay is, in numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.faults.environment_faults import EnvironmentFault
from agent.model import Reading
from agent.replay.looks import Looks
from agent.replay.span import Span
from tests.support.listing import FakeListing, key_at
from tests.support.messages import delivery
from tests.support.objects import BUCKET
from tests.support.records import log_record
from tests.support.replays import BEGIN, SPAN, ReplayRig
from tests.support.telemetry import observed


def rig_of(objects: int) -> ReplayRig:
    """A replay of so many objects, an hour apart."""
    keys = [key_at(BEGIN + number * timedelta(hours=1), f"{number}") for number in range(objects)]
    return ReplayRig(FakeListing({BUCKET: keys}))


def test_events_are_counted_by_what_became_of_them() -> None:
    """A retry is no event more, and neither is one that the sink took before: each is found once."""
    seen, rig = observed(), rig_of(1)
    looks = Looks(rig.source, seen.telemetry, seen.clock)
    seen.telemetry.readings_finished([Reading(delivery(), skipped=7)])
    seen.telemetry.records_exported([log_record("1"), log_record("2")])
    for fate in ("duplicate", "dead_lettered", "retried"):
        seen.telemetry.records_fated(fate, 1)
    figures = looks.look()
    assert (figures.found, figures.shipped, figures.known, figures.unshipped) == (3, 2, 1, 0)
    assert figures.waits_for == ""


def test_what_a_sink_took_in_part_counts_as_shipped() -> None:
    """It does not say which of two it took: both are on the list, and one is there."""
    seen, rig = observed(), rig_of(1)
    seen.telemetry.records_taken_unnamed(1)
    seen.telemetry.records_fated("dead_lettered", 2)
    figures = Looks(rig.source, seen.telemetry, seen.clock).look()
    assert (figures.found, figures.shipped) == (2, 1)


def test_rate_and_time_left_follow_from_what_was_done() -> None:
    """The rate is that of the last seconds, the time left goes by days of streams."""
    seen, rig = observed(), rig_of(72)
    looks = Looks(rig.source, seen.telemetry, seen.clock)
    assert looks.look().seconds_left is None
    for _ in range(36):
        rig.ship(rig.receive(1).values())
        seen.clock.advance(1)
        figures = looks.look()
    assert figures.rate == pytest.approx(1.0)
    assert figures.share == pytest.approx(0.5, abs=0.02)
    assert figures.seconds_left == pytest.approx(36, abs=2)
    assert (figures.objects, figures.seconds, str(figures.day)) == (36, 36.0, "2026-10-06")


def test_history_that_begins_late_is_no_way_that_is_behind() -> None:
    """A year without an object is listed in a second: that says nothing about the last days, in which they all are."""
    late = SPAN.since + timedelta(days=360)
    keys = [key_at(late + number * timedelta(hours=1), f"{number:03}") for number in range(120)]
    seen = observed()
    rig = ReplayRig(FakeListing({BUCKET: keys}), span=Span(SPAN.since, SPAN.since + timedelta(days=365)))
    looks = Looks(rig.source, seen.telemetry, seen.clock)
    for number in range(60):
        if number == 4:
            assert looks.look().seconds_left == pytest.approx(116, abs=3)
        rig.ship(rig.receive(1).values())
        seen.clock.advance(1)
        figures = looks.look()
    assert figures.share == pytest.approx(0.5, abs=0.02)
    assert figures.seconds_left == pytest.approx(60, abs=3)


def test_no_time_left_is_told_while_an_object_holds_back_what_follows() -> None:
    """Nobody knows for how long; it is named in its place."""
    seen, rig = observed(), rig_of(72)
    looks = Looks(rig.source, seen.telemetry, seen.clock)
    for _ in range(36):
        rig.ship(rig.receive(1).values())
        seen.clock.advance(1)
        looks.look()
    rig.retry(*rig.receive(1).values())
    figures = looks.look()
    assert (figures.seconds_left, figures.waits_for) == (None, "1 object that comes again")


def test_at_the_end_the_rate_is_that_of_the_whole_time() -> None:
    """And nothing is left to guess."""
    seen, rig = observed(), rig_of(72)
    looks = Looks(rig.source, seen.telemetry, seen.clock)
    rig.ship_all()
    seen.clock.advance(36)
    assert looks.look().seconds_left is None
    seen.clock.advance(36)
    figures = looks.look_back()
    assert (figures.share, figures.rate, figures.seconds_left) == (1.0, 1.0, None)


def test_what_is_waited_for_is_named() -> None:
    """Whoever looks sees why nothing moves."""
    seen, rig = observed(), rig_of(1)
    seen.telemetry.gate_closed("bucket acme", EnvironmentFault.BUCKET_DENIED, "because")
    assert Looks(rig.source, seen.telemetry, seen.clock).look().waits_for == "bucket denied"
