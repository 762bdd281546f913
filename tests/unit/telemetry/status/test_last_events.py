"""The last events by profile: names, numbers and times, whatever a forged event holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.model import LogRecord
from agent.records.profiles import BY_NAME, CODECATALYST
from agent.telemetry.activity import Activity
from agent.telemetry.labels import LabelLimits, vocabulary
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.last_events import last_events
from tests.support.clock import START, FakeClock
from tests.support.records import ago, log_record
from tests.support.telemetry import ObservedTelemetry, observed
from tests.support.web_page import Outline, front_page


def record(name: str, source: str = "", *, at: int = ago(60), outcome: str = "success") -> LogRecord:
    """A record that is counted under this name."""
    one = log_record(name=name, at=at)
    return replace(one, labels=replace(one.labels, event_source=source, outcome=outcome))


def part(subject: ObservedTelemetry) -> str:
    """What the page tells of events."""
    text = Outline(front_page(subject)).text
    return text[text.index("Last events") : text.index(" Now Held now")]


def test_each_profile_has_its_names_with_numbers_and_times() -> None:
    """The newest name first; failures are counted; the short name of a service stands beside the name."""
    subject = observed()
    subject.telemetry.records_exported(
        [
            record("CreateProject", at=ago(600)),
            record("CreateProject", at=ago(400), outcome="failure"),
            record("CreateDevEnvironment", at=ago(50)),
            record("ConsoleLogin", "signin.amazonaws.com", at=ago(7_300)),
            record("RunInstances", "ec2.amazonaws.com", at=ago(86_400)),
        ]
    )
    text = part(subject)
    assert (
        "CodeCatalyst 3, 1 failed event count failed newest Create Dev Environment 1 0 50 s ago "
        "Create Project 2 1 6 min ago" in text
    )
    assert "Identity Center and sign-in 1 event count failed newest Console Login signin 1 0 2 h ago" in text
    assert "Other services 1 event count failed newest Run Instances ec2 1 0 1 d ago" in text


def test_beyond_the_newest_names_their_number_is_told() -> None:
    """The page does not grow with the names."""
    subject = observed()
    subject.telemetry.records_exported([record(f"Name{number}", at=ago(100 - number)) for number in range(20)])
    text = part(subject)
    assert "CodeCatalyst 20 event" in text
    assert "Name19 1 0 1 min ago" in text
    assert "Name13" not in text
    assert "and 14 more names" in text


def test_what_changes_who_may_act_is_marked() -> None:
    """The same mark as in the demo."""
    subject = observed()
    subject.telemetry.records_exported([record("PutBillingAuthorization"), record("ListSpaces")])
    text = part(subject)
    assert "! Put Billing Authorization" in text
    assert "! List Spaces" not in text


def test_a_selected_profile_without_an_event_says_that_it_awaits_one() -> None:
    """Which ones are selected is what the metrics have at 0 from the start."""
    subject = observed(profiles=(CODECATALYST, BY_NAME["identity"]))
    text = part(subject)
    assert "CodeCatalyst None yet. An event comes some minutes after it happened." in text
    assert "Identity Center and sign-in None yet." in text
    assert "Other services" not in text
    assert "Builds" not in text


@pytest.mark.row(32)
@given(st.text(max_size=300), st.text(max_size=300))
def test_a_forged_name_is_other(name: str, source: str) -> None:
    """Whatever stands in an event, the page has the elements of a harmless one, and none of its text."""
    limits, activity = LabelLimits(vocabulary(), 0), Activity(FakeClock())
    forged = record(f"<{name}", f"<{source}")
    activity.deliver([(limits.limit(forged.labels).labels, [forged])])
    outline = Outline(last_events(Snapshot({}), activity, START))
    assert outline.tags.count("tr") == 2
    assert set(outline.tags) <= set("section div h2 p b h3 small table thead tbody tr th td".split())
    assert "Other services 1 event count failed newest other other 1 0 1 min ago" in outline.text


def test_a_time_in_the_future_is_now() -> None:
    """A forged eventTime shows no time that has not come."""
    subject = observed()
    subject.telemetry.records_exported([record("ListSpaces", at=ago(-(10**9)))])
    assert "List Spaces 1 0 0 s ago" in part(subject)
