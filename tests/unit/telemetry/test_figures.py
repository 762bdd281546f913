"""What `top` makes of an agent's metrics, held against the real registry."""

from __future__ import annotations

import json

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.model import Outcome, QueueAttributes, Reading, Settlement
from agent.telemetry.course import Course, Seen
from agent.telemetry.figures import Depths, Figures, Flow, Spread
from agent.telemetry.flow_events import HowRead
from agent.telemetry.snapshot import Snapshot
from agent.trail.inflate import TextFacts
from tests.support.clock import START
from tests.support.messages import delivery
from tests.support.records import log_record
from tests.support.telemetry import ObservedTelemetry, observed


def page(subject: ObservedTelemetry) -> Snapshot:
    """What `/metrics` would say, as it is read."""
    return Snapshot.of(subject.telemetry.metrics.registry)


def read(subject: ObservedTelemetry, events: int) -> None:
    """One object with so many events of ours and as many others, shipped."""
    records = tuple(log_record(f"e{number}", at=int((START - 90) * 1e9)) for number in range(events))
    subject.telemetry.deliveries_received([delivery()])
    subject.telemetry.objects_read([HowRead(TextFacts(1_000, is_plain=False), 0.034, START - 5)])
    subject.telemetry.readings_finished([Reading(delivery(), records, skipped=events, malformed=0)])
    subject.telemetry.records_exported(records)
    subject.telemetry.export_answered("ok", 0.02)


def figures(subject: ObservedTelemetry, *events: int) -> Figures:
    """Those of a first answer, and of one 10 seconds after each further object."""
    course = Course(60.0)
    course.add(Seen(0.0, page(subject)))
    for number, count in enumerate(events, start=1):
        read(subject, count)
        course.add(Seen(10.0 * number, page(subject)))
    return Figures.of(course)


def test_a_first_answer_has_totals_and_no_rates() -> None:
    """What was counted since the start, and ages since then."""
    subject = observed()
    read(subject, 3)
    found = figures(subject)
    assert found.total == Flow(received=1, objects=1, object_bytes=1_000, read=6, exported=3, skipped=3)
    assert found.rate is None
    assert (found.version, found.revision) == ("1.2.3", "abcdef")
    assert found.event_age.within(0.5) == 120.0
    assert found.events == {"CreateProject": 3}
    assert found.exports == {"ok": 1}


def test_rates_are_those_between_the_answers() -> None:
    """Per second, over all the time that is remembered."""
    subject = observed()
    read(subject, 1000)
    found = figures(subject, 20, 40)
    assert found.seconds == 20.0
    assert found.rate == Flow(received=0.1, objects=0.1, object_bytes=100, read=6.0, exported=3.0, skipped=3.0)
    assert found.total.exported == 1060


def test_troubles_are_named() -> None:
    """What the work waits for, dead letters by reason, and how full the queues are."""
    subject = observed()
    telemetry = subject.telemetry
    telemetry.sink_up()
    telemetry.gate_closed("bucket acme", EnvironmentFault.BUCKET_DENIED, "403")
    for reason in (Reason.OBJECT_CORRUPT, Reason.NOT_ALLOWED, Reason.NOT_ALLOWED):
        settled = Settlement(delivery(), Outcome.DEAD_LETTER, fault=Fault(reason, "because"))
        telemetry.deliveries_settled([settled])
    telemetry.queue_described("main", QueueAttributes(1_240, 3, 2, "", 864_000))
    telemetry.queue_described("dead_letter", QueueAttributes(7, 0, 0, "", 864_000))
    telemetry.in_flight(3, START - 12)
    found = figures(subject)
    assert found.is_sink_up
    assert found.waiting == (EnvironmentFault.BUCKET_DENIED,)
    assert list(found.dead_letters.items()) == [("not_allowed", 2), ("object_corrupt", 1)]
    assert found.depths == Depths(1_240, 3, 2, 7, counted_at=START)
    assert (found.held, found.oldest) == (3, 12)


def test_several_agents_are_added_up_and_their_queue_is_one() -> None:
    """Counters add; a queue's depth does not, and one sink that is down is a sink that is down."""
    one, other = observed(), observed()
    other.clock.elapsed += 9
    for subject, waiting in ((one, 5), (other, 4)):
        subject.telemetry.queue_described("main", QueueAttributes(waiting, 1, 0, "", 864_000))
        subject.telemetry.in_flight(2, None)
    one.telemetry.sink_up()
    both = Figures.together([figures(one, 10), figures(other, 30)])
    assert both.total.exported == 40
    assert both.rate is not None
    assert both.rate.exported == 4.0
    assert both.depths == Depths(5, 1, 0, None, counted_at=START)
    assert (both.held, both.is_sink_up) == (4, False)
    assert both.events == {"CreateProject": 40}
    assert max(both.event_age.buckets.values()) == 40


@pytest.mark.parametrize(
    ("buckets", "half", "most"),
    [
        ({}, None, None),
        ({"1.0": 0, "+Inf": 0}, None, None),
        ({"1.0": 50, "5.0": 94, "10.0": 100, "+Inf": 100}, 1.0, 10.0),
        ({"1.0": 1, "+Inf": 10}, float("inf"), float("inf")),
    ],
)
def test_a_spread_says_what_most_stayed_below(
    buckets: dict[str, float], half: float | None, most: float | None
) -> None:
    """By the bounds of the buckets: nothing between them is made up."""
    found = Spread.of(buckets)
    assert (found.within(0.5), found.within(0.95)) == (half, most)


def test_figures_are_plain_json() -> None:
    """No infinity, which JSON does not know, and no name that could steer a terminal."""
    subject = observed()
    subject.telemetry.export_answered("ok", 1e9)
    text = json.dumps(figures(subject).told(), allow_nan=False)
    assert json.loads(text)["export_seconds"] == {"p50": None, "p95": None}
    forged = Snapshot.parsed('trail_agent_dead_letters_total{reason="\x1b[31m"} 1\n')
    course = Course(1.0)
    course.add(Seen(0.0, forged))
    assert list(Figures.of(course).dead_letters) == [r"\x1b[31m"]
