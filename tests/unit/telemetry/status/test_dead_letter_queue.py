"""The dead-letter queue on the status page: while it holds something, the page is not green."""

from __future__ import annotations

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.model import Outcome, QueueAttributes, Settlement
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


def test_a_dead_letter_queue_that_holds_something_is_no_calm() -> None:
    """All three states count; what it is, when SQS deletes it, what to do, and where the reasons are stand there."""
    subject = ready()
    subject.telemetry.records_exported([log_record(at=ago(300))])
    subject.telemetry.queue_described("dead_letter", QueueAttributes(1, 2, 1_000, "", 1_209_600))
    html = front_page(subject)
    told = first_part(subject)
    assert "calm" not in html.replace(".calm", "")
    assert '<article class="verdict pending">' in html
    assert told.text.startswith(
        "Ready, but 1,003 messages are in the dead-letter queue The sink last took events just now."
    )
    assert "SQS deletes each message at the latest 14 d after it came there." in told.text
    assert "their events have not been shipped" in told.text
    assert "redrive them to the main queue before SQS deletes them" in told.text
    assert told.links == ["#dead-letters", "/runbook#dead-letters"]
    assert "dead-letter queue 1,003" in Outline(html).text


def test_a_dead_letter_queue_stands_behind_what_is_waited_for() -> None:
    """It is less urgent, and nothing is called ready then; a retention that SQS did not tell is not invented."""
    subject = ready()
    subject.telemetry.sink_down("unavailable", "no answer")
    subject.telemetry.queue_described("dead_letter", QueueAttributes(1, 0, 0, "", 0))
    told = first_part(subject).text
    assert told.index("The work waits") < told.index("1 message is in the dead-letter queue SQS deletes")
    assert "when its retention period is over" in told
    assert "Ready" not in told


def test_an_empty_dead_letter_queue_is_calm_whatever_was_in_it() -> None:
    """Who sent everything back sees green again, with the number since the start."""
    subject = ready()
    fault = Fault(Reason.OBJECT_CORRUPT, "because")
    subject.telemetry.deliveries_settled([Settlement(delivery(), Outcome.DEAD_LETTER, fault=fault)])
    subject.telemetry.queue_described("dead_letter", QueueAttributes(0, 0, 0, "", 1_209_600))
    told = first_part(subject).text
    assert told.startswith("Ready. No event has come yet.")
    assert "1 message became a dead letter since the start." in told
