"""The one line about the daemon: counters and reasons, without event content, without control characters, bounded."""

from __future__ import annotations

import pytest

from agent.model import Reading
from agent.telemetry.history_events import PassedOver
from agent.telemetry.status_line import LINE_CHARACTERS, status_line
from tests.support.messages import delivery
from tests.support.records import log_record
from tests.support.telemetry import ObservedTelemetry, observed


@pytest.fixture
def subject() -> ObservedTelemetry:
    """The telemetry of a daemon that is ready."""
    subject = observed()
    subject.telemetry.queue_up()
    subject.telemetry.sink_up()
    return subject


def line_of(subject: ObservedTelemetry) -> str:
    """The line now."""
    return status_line(subject.telemetry.metrics.registry, subject.telemetry.health)


def test_an_idle_daemon_shows_zeros(subject: ObservedTelemetry) -> None:
    """All counters stand there from the start."""
    assert line_of(subject) == (
        "ready; received 0, objects 0, events 0 (skipped 0, exported 0), held 0, dead letters 0"
    )


def test_what_went_through_is_counted(subject: ObservedTelemetry) -> None:
    """Messages, objects, events by fate and what is held; a fate that no event had is left out."""
    telemetry = subject.telemetry
    telemetry.deliveries_received([delivery("1"), delivery("2")])
    telemetry.in_flight(2, None)
    record = log_record()
    telemetry.readings_finished([Reading(delivery("1"), records=(record,) * 3, skipped=1234, malformed=1)])
    telemetry.records_exported([record])
    telemetry.records_fated("duplicate", 2)
    assert line_of(subject) == (
        "ready; received 2, objects 0, events 1,238 (skipped 1,234, malformed 1, exported 1, duplicate 2), held 2, "
        "dead letters 0"
    )


def test_without_a_queue_no_message_is_counted(subject: ObservedTelemetry) -> None:
    """What was passed over of Event history stands where dead letters would."""
    subject.telemetry.queue_unused()
    subject.telemetry.sink_up()
    subject.telemetry.events_unshipped("us-west-2", [PassedOver("e1", "CreateProject", 1, 2, "sink_rejected", "no")])
    assert line_of(subject) == "ready; events 0 (skipped 0, exported 0), passed over 1"


def test_a_reason_cannot_hide_the_counters_nor_add_a_line(subject: ObservedTelemetry) -> None:
    """The words of a sink are escaped and cut, and the counters stand behind them."""
    subject.telemetry.sink_down("unavailable", "no\nREADY=1\x1b[2J\udc80" + "é" * 10_000)
    line = line_of(subject)
    assert line.isprintable()
    assert line.startswith("not ready: sink: no\\nREADY=1\\x1b[2J\\udc80éé")
    assert line.endswith("held 0, dead letters 0")
    assert len(line) <= LINE_CHARACTERS
    assert len(line.encode()) < 2048


def test_everything_at_its_largest_still_fits(subject: ObservedTelemetry) -> None:
    """With all fates in billions, the last number is there."""
    for fate in ("skipped", "malformed", "duplicate", "dead_lettered", "retried"):
        subject.telemetry.records_fated(fate, 10**12)
    subject.telemetry.sink_down("unavailable", "x" * 1000)
    line = line_of(subject)
    assert "dead lettered 1,000,000,000,000" in line
    assert line.endswith("dead letters 0")
