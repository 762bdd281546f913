"""What the status page remembers of the last minute and of the last hour."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.faults.environment_faults import EnvironmentFault
from agent.telemetry.activity import Activity
from tests.support.clock import START, FakeClock
from tests.support.messages import delivery
from tests.support.telemetry import observed


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=40))
def test_the_rate_of_a_minute_is_what_was_marked_in_it(steps: list[tuple[int, int]]) -> None:
    """However marks are spread over time, the rate counts those of the last sixty seconds."""
    clock = FakeClock()
    activity = Activity(clock)
    clock.elapsed += 60
    marked: list[tuple[float, int]] = []
    for wait, count in steps:
        clock.elapsed += wait
        activity.mark("read", count)
        marked.append((clock.monotonic(), count))
    assert activity.per_minute("read") == sum(count for at, count in marked if at > clock.monotonic() - 60)


def test_minutes_end_when_those_of_the_wall_clock_do() -> None:
    """So a peak is found again in a log, at the same minute."""
    clock = FakeClock()  # starts 20 seconds after a full minute
    activity = Activity(clock)
    clock.elapsed += 39.5
    activity.mark("received", 1)
    clock.elapsed += 1
    activity.mark("received", 2)
    hour = activity.last_hour()
    assert hour.received[-2:] == (1, 2)
    assert hour.ended == START + 40
    assert hour.minute(60) == "14:14"


def test_before_the_start_is_not_nothing() -> None:
    """A minute without a message has 0; one in which the process did not run has none."""
    clock = FakeClock()
    activity = Activity(clock)
    clock.elapsed += 10 * 60
    hour = activity.last_hour()
    assert hour.received == hour.exported == (*(None,) * 50, *(0.0,) * 11)
    assert hour.before_start == 50
    clock.elapsed += 3_600
    assert activity.last_hour().before_start == 0


def test_the_age_of_events_is_the_median_of_a_minute() -> None:
    """However many exports there were in it, and though one brought events that are days old."""
    clock = FakeClock()
    activity = Activity(clock)
    for ages in ([30.0, 31.0, 500_000.0], [90.0], [400_000.0]):
        activity.accepted(ages)
    clock.elapsed += 60
    hour = activity.last_hour()
    assert hour.event_age[-2:] == (90.0, None)


def test_the_oldest_message_grows_older_while_nothing_is_told() -> None:
    """A sink that is down for an hour shows as a slope, though nothing is received and nothing settled."""
    telemetry = observed()
    telemetry.telemetry.deliveries_received([delivery(sent_at=START - 10)])
    telemetry.telemetry.in_flight(1, START - 10)
    telemetry.clock.elapsed += 280  # 14:18
    assert telemetry.telemetry.activity.last_hour().oldest[-6:] == (50, 110, 170, 230, 290, 290)
    telemetry.telemetry.in_flight(0, None)
    telemetry.telemetry.deliveries_received([])
    telemetry.clock.elapsed += 120
    assert telemetry.telemetry.activity.last_hour().oldest[-3:] == (290, None, None)


def test_the_work_waited_as_long_as_anything_was_at_fault() -> None:
    """From the first fault to the end of the last; a fault that is told again begins no new wait."""
    seen = observed()
    telemetry = seen.telemetry
    telemetry.queue_up()
    telemetry.sink_up()
    seen.clock.elapsed += 100  # 14:15
    telemetry.sink_down("unavailable", "no answer")
    seen.clock.elapsed += 60
    telemetry.gate_closed("bucket acme", EnvironmentFault.BUCKET_DENIED, "403")
    telemetry.sink_down("unavailable", "no answer")
    telemetry.sink_up()
    seen.clock.elapsed += 60
    telemetry.gate_opened("bucket acme")
    seen.clock.elapsed += 120
    assert telemetry.activity.last_hour().waited[-7:] == (False, False, True, True, True, False, False)
