"""docs/questions.md: every question has an answer that can be pasted. test_logql.py looks into the LogQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from agent.records.profiles import BY_NAME, CODECATALYST
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
    """Every expression can be parsed, and names metrics and labels of the agent's registry."""
    expressions = [*_blocks("promql")]
    assert len(expressions) > 10
    assert [(text, names) for text in expressions if (names := [*unknown_names(text)])] == []
