"""Every LogQL query that ships: Grafana's grammar reads it, and what it names is in what the agent writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.model import Ignored, Outcome, Settlement
from agent.records.profiles import CODECATALYST, PROFILES
from tests.support import logql
from tests.support.logql import Match, Query
from tests.support.messages import delivery
from tests.support.shipped_logql import shipped
from tests.support.stored import stored
from tests.support.telemetry import observed

AGENTS_LOG: Final = Match("service_name", "=", "trail-agent")
CHOSEN: Final = "O'Neill+1 (Müller)"
"""What somebody may type or choose in a dashboard."""
OF_QUERIES: Final = frozenset({"__error__", "__error_details__"})


@cache
def _queries() -> list[tuple[str, Query]]:
    places, texts = zip(*shipped(CHOSEN), strict=True)
    return list(zip(places, logql.parsed(texts), strict=True))


@cache
def _log_fields() -> frozenset[str]:
    """The fields of the agent's own log that a line about a fault has."""
    seen = observed(level="debug")
    one = delivery()
    seen.telemetry.sink_down("unavailable", "because")
    seen.telemetry.deliveries_settled(
        [Settlement(one, Outcome.DEAD_LETTER, fault=Fault(Reason.NOT_ALLOWED, "because"))]
    )
    seen.telemetry.deliveries_settled([Settlement(one, Outcome.RETRY, retry=RetryReason.BUG, retry_detail="because")])
    seen.telemetry.notification_ignored(Ignored(IgnoredReason.DIGEST))
    return frozenset(name for line in seen.lines() for name in line)


def _unknown(query: Query) -> set[str]:
    """What a query names and no record has."""
    if AGENTS_LOG in query.streams:
        return {*query.used} - query.made - _log_fields()
    seen = stored()
    labels = {match.name for match in query.streams} - seen.labels.keys()
    laid_open = {path.replace(".", "_") for path in seen.paths} if query.all_json else set()
    names = query.used - query.made - OF_QUERIES - laid_open - seen.labels.keys() - seen.metadata.keys()
    return labels | names | (query.paths - seen.paths)


def test_grafana_can_read_every_query() -> None:
    """Its grammar finds no mistake, and nothing is in it that Loki would refuse or give up at."""
    assert {place.partition(",")[0] for place, _ in _queries()} >= {"docs/faults.md", "audit.json", "leaving.json"}
    assert [(place, query.text, query.errors) for place, query in _queries() if query.errors] == []


def test_records_have_what_every_query_names() -> None:
    """Each label, each name of metadata and each path into the JSON is in a record, or in the agent's own log."""
    unknown = [(place, query.text, _unknown(query)) for place, query in _queries()]
    assert [one for one in unknown if one[2]] == []


def test_every_value_that_is_asked_for_can_occur() -> None:
    """A stream, a kind of identity, an event or an outcome that nobody writes is never found."""
    assert [(place, match) for place, query in _queries() for match in _impossible(query)] == []


def test_a_line_that_shows_an_error_asks_for_the_outcome() -> None:
    """A failed sign-in has no error code: without the outcome, it would look like one that succeeded."""
    showing = [(place, query) for place, query in _queries() if re.search(r"format `[^`]*aws_error_code", query.text)]
    assert len(showing) > 10
    of_others = {"aws_codecatalyst_outcome", "aws_cloudtrail_outcome"}
    assert [(place, query.text) for place, query in showing if not of_others & query.used] == []


CLOSED: Final = frozenset({"service_name", "aws_codecatalyst_outcome", "aws_cloudtrail_outcome", "aws_event_read_only"})
"""Labels whose values are few, and all in the records of the tests."""
EVENTS: Final = {
    "aws_codecatalyst_event": frozenset(event for known in CODECATALYST.known for event in known.events),
    "aws_cloudtrail_event": frozenset(event for one in PROFILES for known in one.known for event in known.events),
}


def _impossible(query: Query) -> Iterator[Match]:
    if AGENTS_LOG in query.streams or "Neill" in query.text:
        return
    values: Mapping[str, frozenset[str]] = {**stored().labels, **stored().metadata, **EVENTS}
    for match in (*query.streams, *query.filters):
        if match.name in CLOSED | EVENTS.keys() and match.operator in {"=", "=~"}:
            for wanted in _alternatives(match):
                if not any(re.fullmatch(wanted, value) for value in values[match.name]):
                    yield match


def _alternatives(match: Match) -> list[str]:
    if match.operator == "=":
        return [re.escape(match.value)]
    return [match.value] if "(" in match.value else match.value.split("|")


IMPOSSIBLE: Final = (
    '{service_name="aws-codecatalist"}',
    '{service_name="aws-codecatalyst"} | aws_codecatalyst_outcome="failed"',
    '{service_name="aws-codecatalyst"} | aws_codecatalyst_event=~"CreateProject|DeleteProjekt"',
    '{service_name="aws-sso"} | aws_cloudtrail_event="CreateProjects"',
)


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_a_value_that_nobody_writes_is_told(text: str) -> None:
    """Of a stream, of an outcome, of an event."""
    assert [*_impossible(_examples()[text])]


MISTAKES: Final = (
    ('{service_name="a"} | x == "y"', "the grammar stumbles"),
    ('sum(count_over_time({service_name="a"}[1d])', "the grammar stumbles"),
    ('{service_name=~".*"}', "matches every stream"),
    (r'{service_name="a"} | x =~ "a\.b"', "Go has no such escape"),
    ('{service_name="a"} | x =~ "a("', "no regular expression"),
    ('{service_name="a"} | line_format `{{.x | dat "15"}}`', "no such word in templates: dat"),
    ('{service_name="a"} | line_format `{{if .x}}y`', "if and end"),
    ('{service_name="a"} | line_format `{{.x}`', "braces"),
    ('count(count by (x) (count_over_time({service_name="a"}[1d])))', "a series of each event"),
    ('topk(3, rate({service_name="a"}[1d]))', "a series of each event"),
)


@cache
def _examples() -> Mapping[str, Query]:
    """Every example of these tests, parsed in one go: the start of Node takes most of the time."""
    texts = [*IMPOSSIBLE, *(text for text, _ in (*MISTAKES, *WRONG_NAMES))]
    return dict(zip(texts, logql.parsed(texts), strict=True))


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_is_told(text: str, told: str) -> None:
    """By the grammar, or where the grammar lets pass what Loki refuses."""
    assert [error for error in _examples()[text].errors if told in error]


WRONG_NAMES: Final = (
    ('{servicename="aws-codecatalyst"}', "servicename"),
    ('{service_name="aws-codecatalyst"} | aws_actor="x"', "aws_actor"),
    ('sum by (actor) (count_over_time({service_name="aws-codecatalyst"}[1d]))', "actor"),
    ('{service_name="aws-codecatalyst"} | line_format `{{.actor}}`', "actor"),
    ('{service_name="aws-codecatalyst"} | label_format who=actor | who="x"', "actor"),
    ('{service_name="aws-codecatalyst"} | json arn="userIdentity.arm"', "userIdentity.arm"),
    ('{service_name="aws-codecatalyst"} | json | userIdentity_arm="x"', "userIdentity_arm"),
    ('max_over_time({service_name="aws-codecatalyst"} | unwrap at [1d]) by (user_id)', "at"),
    ('{service_name="trail-agent"} | json | fate="x"', "fate"),
    ('sum by (user_id) (rate({service_name="a"}[1d])) / on (user) sum(rate({service_name="a"}[1d]))', "user"),
)


@pytest.mark.parametrize(("text", "name"), WRONG_NAMES)
def test_a_name_that_nothing_has_is_told(text: str, name: str) -> None:
    """Wherever it stands: between braces, in a filter, in a group, in a template, in a path."""
    query = _examples()[text]
    assert (query.errors, _unknown(query)) == ((), {name})


def test_what_a_query_makes_is_no_mistake() -> None:
    """Labels of label_format and json can be used behind, and real paths lead somewhere."""
    text = (
        '{service_name=~"aws-.+"} | json arn="userIdentity.arn", z="requestParameters.spaceName" | arn != ""'
        ' | label_format hour=`{{ __timestamp__ | date "15" }}` | hour >= 19 or z = "acme"'
        " | line_format `{{.hour}} {{if .z}}{{.z}}{{else}}{{.user_id}}{{end}}`"
    )
    (query,) = logql.parsed([text])
    assert (query.errors, _unknown(query)) == ((), set())
