"""docs/questions.md: every question has an answer that can be pasted. test_logql.py looks into the LogQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from agent.records.profiles import BY_NAME, CODECATALYST
from tests.support import promql
from tests.support.registry import unknown_names

TEXT: Final = (Path(__file__).parents[2] / "docs" / "questions.md").read_text(encoding="utf-8")
QUESTIONS: Final[dict[str, str]] = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))


def _blocks(language: str, text: str = TEXT) -> Iterator[str]:
    yield from re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "asked",
    [
        "What did root do",
        "Who created a dev environment yesterday",
        "Which space fell silent",
        "Who cloned what",
        "Who changed permissions",
        "Who was denied what",
        "Who works out of hours",
        "seen for the first time",
        "an address that is new",
        "From which addresses",
        "Since when",
    ],
)
def test_what_people_ask_is_there(asked: str) -> None:
    """Who, what, from where, since when, denied what, first seen, out of hours, from a new address."""
    assert [question for question in QUESTIONS if asked in question]


def test_every_question_has_an_answer_to_copy() -> None:
    """A query for Loki or for Prometheus, and a title that asks."""
    assert [one for one, answer in QUESTIONS.items() if not [*_blocks("(?:logql|promql)", answer)]] == []
    assert [one for one in QUESTIONS if not one.endswith("?")] == []


def test_every_profile_has_its_questions() -> None:
    """Each asks for attributes of its own."""
    own = {
        name: one.prefix.replace(".", "_") for name, one in BY_NAME.items() if one is not CODECATALYST and one.prefix
    }
    assert own
    assert [name for name, prefix in own.items() if f"{prefix}_" not in TEXT] == []


def test_prometheus_is_asked_for_what_the_agent_counts() -> None:
    """Every expression can be parsed, and names metrics of the agent with their labels, or recording rules."""
    recorded = {rule.place for rule in promql.of_rules() if rule.kind == "record"}
    expressions = [*_blocks("promql")]
    assert len(expressions) > 10
    assert [(text, names) for text in expressions if (names := {*unknown_names(text)} - recorded)] == []


def test_who_changed_permissions_asks_for_the_events_of_the_alerts() -> None:
    """In both languages, the same as the agent's list of sensitive events, and no more."""
    groups = yaml.safe_load(promql.RULES.read_text(encoding="utf-8"))["groups"]
    (alerts,) = (group["rules"] for group in groups if group["name"] == "codecatalyst-audit")
    watched = {event for alert in alerts for event in _wanted(alert["expr"])}
    asked = [
        {*_wanted(text)} for text in _blocks("(?:logql|promql)", QUESTIONS["Who changed permissions, or who pays?"])
    ]
    assert watched == CODECATALYST.critical
    assert asked == [watched, watched]


def _wanted(query: str) -> Iterator[str]:
    """The names of events that a query asks for."""
    for names in re.findall(r'event(?:_name)?\s*=~?\s*"([\w|]+)"', query):
        yield from names.split("|")
