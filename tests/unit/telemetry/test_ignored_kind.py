"""The kind of an ignored notification: the same for all of a kind, and nobody's account in it."""

from __future__ import annotations

import pytest

from agent.faults.ignored import IgnoredReason
from agent.model import Ignored
from agent.telemetry.ignored_kind import kind_of

ELB = "AWSLogs/111122223333/elasticloadbalancing/us-west-2/2026/11/20/111122223333_elasticloadbalancing_us-west-2"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (f"{ELB}_app.1.log.gz", "AWSLogs/*/elasticloadbalancing/*/*_elasticloadbalancing_*.log.gz"),
        ("photos/cat.jpg", "photos/*.jpg"),
        ("AWSLogs/111122223333/CloudTrail/", "AWSLogs/*/CloudTrail/"),
        ("manifest", "*"),
        ("a/b/c/d/e/f/g/h/i/j/k.txt", "a/b/c/d/e/f/g/h/*.txt"),
        ("", ""),
    ],
)
def test_what_differs_from_one_key_to_the_next_is_left_out(key: str, kind: str) -> None:
    """Accounts, regions, dates and ids are a star; folders, the service and the ending stay."""
    assert kind_of(Ignored(IgnoredReason.OTHER_KEY, "bucket", key)) == kind


def test_another_services_message_is_told_by_its_sender() -> None:
    """Whatever object it names; and it is no longer than a log line should be."""
    assert kind_of(Ignored(IgnoredReason.OTHER_SERVICE, "b", "k", "AWS Config Item")) == "AWS Config Item"
    assert len(kind_of(Ignored(IgnoredReason.OTHER_SERVICE, sender="x" * 999))) == 200


def test_what_is_sent_on_purpose_has_no_kind() -> None:
    """A digest, a removal or a test of the way need no line in the log."""
    reasons = set(IgnoredReason) - {IgnoredReason.OTHER_KEY, IgnoredReason.OTHER_SERVICE}
    assert {kind_of(Ignored(reason, "b", "cat.jpg")) for reason in reasons} == {""}
