"""`make stack-test` brings about every critical alert that ships: none is left out, and none is there that is not."""

from __future__ import annotations

import promql_parser

from agent.records.profiles import CODECATALYST
from tests.stack.causes import EVENTS, STATES
from tests.support import promql


def _critical() -> dict[str, str]:
    """The expressions of the critical alerts, by name."""
    labelled = [rule for rule in promql.rules() if rule.get("labels", {}).get("severity") == "critical"]
    return {rule["alert"]: rule["expr"] for rule in labelled}


def test_each_critical_alert_has_a_cause() -> None:
    """Whoever adds a critical alert says which event, or which state of the agent, makes it fire."""
    assert {*EVENTS} | STATES == {*_critical()}
    assert not {*EVENTS} & STATES


def test_an_alert_about_events_has_one_of_its_events() -> None:
    """The event in the table is among those that the alert names, if it names any."""
    critical = _critical()
    for alert, cause in EVENTS.items():
        name = CODECATALYST.canonical(cause.name) if cause.source == "codecatalyst" else cause.name
        matchers = [one for selector in promql.selectors(critical[alert]) for one in selector.matchers.matchers]
        named = [one for one in matchers if one.name == "event_name"]
        assert all(_matches(one, name) for one in named), alert


def _matches(matcher: promql_parser.Matcher, text: str) -> bool:
    wanted = matcher.value.split("|") if matcher.op == promql_parser.MatchOp.Re else [matcher.value]
    return text in wanted
