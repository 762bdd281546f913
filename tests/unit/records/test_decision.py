"""The rules of selection, each named by an event that it decides on."""

from __future__ import annotations

import pytest

from agent.records.decision import Decision, Rule
from agent.records.profiles import PROFILES, named
from agent.records.profiles.profile import Ours
from agent.records.selection import EveryEvent, Selector
from tests.support.events import raw_event

S3 = "s3.amazonaws.com"
GUARD = named(["trail_guard"])
TRAIL = Ours(buckets=frozenset({"trail"}))


@pytest.mark.parametrize(
    ("selector", "members", "rule", "meant"),
    [
        (Selector(), {}, Rule.PROFILE, "codecatalyst"),
        (Selector(["*"]), {"eventSource": S3}, Rule.WHOLE_TRAIL, "*"),
        (Selector([S3]), {"eventSource": " S3.amazonaws.com"}, Rule.EVENT_SOURCE, S3),
        (Selector(), {"eventSource": "account-ID", "eventName": "ListConnections"}, Rule.CONNECTION_EVENT, ""),
        (Selector(profiles=GUARD), {"eventSource": S3, "eventName": "deleteBucket"}, Rule.CALL, "trail_guard"),
        (Selector(exclude_events=["Nothing", "CREATE*"]), {}, Rule.EXCLUDED, "CREATE*"),
        (Selector(include_read_only=False), {"readOnly": "true"}, Rule.READ_ONLY, ""),
        (
            Selector(profiles=GUARD, ours=TRAIL),
            {"eventSource": S3, "eventName": "DeleteBucket", "requestParameters": {"bucketName": "other"}},
            Rule.NOT_OURS,
            "trail_guard",
        ),
        (Selector(profiles=GUARD), {"eventSource": S3, "eventName": "GetObject"}, Rule.OTHER_CALL, "trail_guard"),
        (
            Selector(connection_events=False),
            {"eventSource": "account-ID", "eventName": "ListConnections"},
            Rule.NO_CONNECTION_EVENTS,
            "",
        ),
        (Selector(), {"eventSource": "sso.amazonaws.com"}, Rule.OTHER_PROFILE, "identity"),
        (
            Selector(profiles=GUARD),
            {"eventSource": "", "eventName": "ListConnections"},
            Rule.OTHER_PROFILE,
            "codecatalyst",
        ),
        (Selector(), {"eventSource": S3}, Rule.OTHER_SOURCE, S3),
        (Selector(), {"eventSource": ["codecatalyst.amazonaws.com"]}, Rule.OTHER_SOURCE, ""),
        (EveryEvent(), {"eventSource": S3}, Rule.EVERY_EVENT, ""),
    ],
)
def test_each_rule_decides_on_an_event(
    selector: Selector | EveryEvent, members: dict[str, object], rule: Rule, meant: str
) -> None:
    """Its name is that of the reason, and what is meant is the entry of the setting, or the one that is missing."""
    decision = selector.explain(raw_event(**members))
    assert decision == Decision(rule, meant)
    assert decision.is_kept is rule.is_kept


def test_a_hidden_name_that_selects_is_why_the_event_is_kept() -> None:
    """Of two members of one name, either may select; the setting that does is the one that is told."""
    raw = b'{"eventSource":"sso.amazonaws.com","eventName":"A","eventSource":"s3.amazonaws.com"}'
    assert Selector(profiles=PROFILES).explain(raw) == Decision(Rule.PROFILE, "identity")
    both = Selector(profiles=PROFILES, include_read_only=False)
    assert both.explain(raw) == Decision(Rule.PROFILE, "identity")
    assert both.keeps(raw)


def test_a_call_on_something_else_does_not_hide_what_is_ours() -> None:
    """Whoever forges a second source into an event of ours takes it out of no selection."""
    call = b'"eventSource":"s3.amazonaws.com","eventName":"DeleteBucket","requestParameters":{"bucketName":"other"}'
    selector = Selector(profiles=PROFILES, ours=TRAIL)
    forged = b'{"eventSource":"codecatalyst.amazonaws.com",' + call + b"}"
    assert selector.explain(forged) == Decision(Rule.PROFILE, "codecatalyst")
    assert selector.keeps(forged)
    assert selector.explain(b"{" + call + b"}") == Decision(Rule.NOT_OURS, "trail_guard")


@pytest.mark.parametrize(
    ("decision", "why"),
    [
        (Decision(Rule.PROFILE, "identity"), "select.profiles lists identity, which has this event source"),
        (Decision(Rule.EXCLUDED, "Get*"), "select.exclude_events has Get*"),
        (
            Decision(Rule.OTHER_SOURCE, "s3.amazonaws.com"),
            "select.event_sources does not list its event source, and no listed profile has it",
        ),
        (Decision(Rule.EVERY_EVENT), "every event is wanted"),
    ],
)
def test_a_decision_is_told_in_one_sentence(decision: Decision, why: str) -> None:
    """It begins with the setting, so that a reader knows where to change it."""
    assert decision.why == why


def test_a_forged_name_is_cut() -> None:
    """A source of a megabyte makes no sentence of a megabyte."""
    selector = Selector(["x" * 1_000_000])
    assert len(selector.explain(raw_event(eventSource="x" * 1_000_000)).why) < 200
    assert len(selector.explain(raw_event(eventSource="y" * 1_000_000)).meant) < 200
