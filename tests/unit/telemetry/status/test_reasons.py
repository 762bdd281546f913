"""What did not pass: each reason once, with its number and what to do; then the last dead letters."""

from __future__ import annotations

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.model import Ignored, Outcome, Settlement
from tests.support.messages import delivery
from tests.support.telemetry import observed
from tests.support.web_page import Outline, front_page


def test_reasons_are_counted_and_say_what_to_do() -> None:
    """Dead letters first, then what comes again, then what is passed over; a reason without a case is left out."""
    subject = observed()
    for _ in range(1_234):
        subject.telemetry.notification_ignored(Ignored(IgnoredReason.OTHER_KEY))
    retry = Settlement(delivery(), Outcome.RETRY, retry=RetryReason.HELD_BACK, retry_detail="because")
    subject.telemetry.deliveries_settled([retry])
    fault = Fault(Reason.NOT_ALLOWED, "because")
    subject.telemetry.deliveries_settled([Settlement(delivery(), Outcome.DEAD_LETTER, fault=fault)])
    text = Outline(front_page(subject)).text
    part = text[text.index("What did not pass") : text.index("Recent dead letters")]
    places = [
        part.index(words)
        for words in (
            "dead letter not_allowed 1 Do what detail says",
            "retried held_back 1 See the fault dead letters.",
            "ignored other_key 1,234 Let the bucket send",
        )
    ]
    assert places == sorted(places)
    assert "digest" not in part


def test_nothing_is_no_table() -> None:
    """A daemon to which nothing happened says so."""
    text = Outline(front_page(observed())).text
    assert "What did not pass all reasons, and what to do Nothing since the start." in text
