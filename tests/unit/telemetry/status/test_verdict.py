"""The first part of the status page: is anything waited for, since when, and what is to be done about it?"""

from __future__ import annotations

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.model import Outcome, Settlement
from tests.support.messages import delivery
from tests.support.records import ago, log_record
from tests.support.telemetry import ObservedTelemetry, observed
from tests.support.web_page import Outline, first_part, front_page


def ready() -> ObservedTelemetry:
    """A daemon whose queue and sink have answered."""
    subject = observed()
    subject.telemetry.queue_up()
    subject.telemetry.sink_up()
    return subject


@pytest.mark.parametrize("fault", EnvironmentFault)
def test_each_fault_that_is_waited_for_says_what_happened_and_what_to_do(fault: EnvironmentFault) -> None:
    """Its name leads to its entry of the runbook; its three texts, its detail and its time stand beside."""
    subject = ready()
    subject.telemetry.gate_closed("bucket acme", fault, "because of this")
    subject.clock.elapsed += 190
    told = first_part(subject)
    assert f"The work waits: {fault}" in told.text
    assert "bucket acme , since 2026-09-21 14:13:20 UTC, for 3 min 10 s because of this" in told.text
    assert told.links == [f"/runbook#waited-for-{fault.replace(' ', '-')}"]
    for words in (fault.advice.happened[1:], fault.advice.did, fault.advice.do[1:]):
        assert words.replace("`", "") in told.text.replace(" ,", ",").replace(" ;", ";")


def test_a_part_that_its_fault_names_is_not_named_twice() -> None:
    """The sink is the sink; of buckets there may be many."""
    subject = ready()
    subject.telemetry.sink_down("unavailable", "connection refused")
    assert "The work waits: sink unavailable since 2026" in first_part(subject).text


def test_everything_that_is_waited_for_is_told() -> None:
    """Sink, bucket and queue have a box each, until they work again."""
    subject = ready()
    subject.telemetry.sink_down("unavailable", "no answer")
    subject.telemetry.gate_closed("bucket a", EnvironmentFault.BUCKET_DENIED, "403")
    subject.telemetry.queue_down("throttled", "slow down")
    assert first_part(subject).tags.count("article") == 3
    subject.telemetry.sink_up()
    subject.telemetry.gate_opened("bucket a")
    subject.telemetry.queue_up()
    assert first_part(subject).text.startswith("Ready. No event has come yet.")


def test_a_start_says_which_answer_it_awaits() -> None:
    """First that of the queue, then that of the sink; nothing is at fault yet."""
    subject = observed()
    assert "Queue has not answered yet Since 2026-09-21 14:13:20 UTC, for 0 s What happened" in first_part(subject).text
    subject.telemetry.queue_up()
    subject.clock.elapsed += 40
    told = first_part(subject)
    assert "Sink has not answered yet Since 2026-09-21 14:13:20 UTC, for 40 s What happened" in told.text
    assert "The work waits" not in told.text


def test_a_stop_is_no_fault() -> None:
    """While the daemon finishes what it holds, the page says so."""
    subject = ready()
    subject.clock.elapsed += 60
    subject.telemetry.draining("SIGTERM", 3)
    subject.clock.elapsed += 2
    subject.telemetry.draining("SIGTERM", 3)
    assert (
        "Draining Since 2026-09-21 14:14:20 UTC, for 2 s What happened Somebody asked the agent to stop."
        in first_part(subject).text
    )


def test_a_thread_that_stands_still_is_told_with_what_to_do() -> None:
    """It is a bug, and a new start helps."""
    subject = ready()
    with subject.pulse.alive():
        subject.clock.elapsed += 61
        told = first_part(subject)
    assert "Thread MainThread has not moved for more than 60 s" in told.text
    assert "Start it again if nobody supervises it" in told.text


def test_a_ready_daemon_without_an_event_says_what_it_awaits() -> None:
    """A quiet account looks like this, and nobody needs to search for a fault."""
    assert "Ready. No event has come yet. CloudTrail writes a file about every five minutes" in first_part(ready()).text


def test_a_ready_daemon_says_when_something_last_passed() -> None:
    """Both the delivery and the event, since CloudTrail is late."""
    subject = ready()
    subject.telemetry.records_exported([log_record(at=ago(300))])
    subject.clock.elapsed += 20
    assert "The sink last took events 20 s ago. The newest event happened 5 min 20 s ago." in first_part(subject).text


@pytest.mark.parametrize(("letters", "words"), [(1, "1 message became a dead letter"), (2, "2 messages became")])
def test_dead_letters_are_not_overlooked(letters: int, words: str) -> None:
    """A daemon that is ready again says how many there were, and where they stand on the page."""
    subject = ready()
    for _ in range(letters):
        fault = Fault(Reason.OBJECT_CORRUPT, "because")
        subject.telemetry.deliveries_settled([Settlement(delivery(), Outcome.DEAD_LETTER, fault=fault)])
    told = first_part(subject)
    assert words in told.text
    assert told.links == ["#dead-letters"]
    assert "dead-letters" in Outline(front_page(subject)).ids
