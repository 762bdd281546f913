"""Event names: one spelling for each, whatever the documentation says."""

from __future__ import annotations

import json

import pytest

from agent.records.profiles import CODECATALYST
from agent.records.profiles import codecatalyst as events
from tests.support.events import codecatalyst

NAMES = json.loads(codecatalyst("event-names.json"))
DOCUMENTED = NAMES["documented_in_cloudtrail"]
IN_IAM = {conflict["cloudtrail_docs"]: conflict["iam_action"] for conflict in NAMES["spelling_conflicts"]}
OFFICIAL = sorted({*NAMES["iam_actions"]["names"], *NAMES["sdk_operations"]["names"]})


@pytest.mark.parametrize("documented", [name for names in list(DOCUMENTED.values())[1:] for name in names])
def test_documented_names_have_one_spelling(documented: str) -> None:
    """All 28 documented names lead to the spelling of IAM and the SDK."""
    assert CODECATALYST.canonical(documented) == IN_IAM.get(documented, documented)


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_names_stay_whatever_their_case(name: str) -> None:
    """IAM's and the SDK's names are canonical, and found without case and blanks."""
    assert (
        CODECATALYST.canonical(name)
        == CODECATALYST.canonical(name.lower())
        == CODECATALYST.canonical(f" {name.upper()}\n")
        == name
    )


@pytest.mark.parametrize("name", ["NeverHeardOf", "createprojects", "", "é", "CreateProject2"])
def test_unknown_names_stay_as_they_are(name: str) -> None:
    """An event that nobody documented is counted under its own name."""
    assert CODECATALYST.canonical(f" {name} ") == name


def test_canonical_names_are_fixed_points() -> None:
    """Asking twice changes nothing."""
    assert all(CODECATALYST.canonical(name) == name for name in events.KNOWN_EVENTS)


def test_the_documented_sets_are_whole() -> None:
    """17 space and project events, 11 connection and billing events: the pairs that metrics start with."""
    assert sorted(events.SPACE_EVENTS) == sorted(DOCUMENTED["space_and_project_events"])
    connection = DOCUMENTED["account_connection_and_billing_events"]
    assert sorted(events.CONNECTION_EVENTS) == sorted(IN_IAM.get(name, name) for name in connection)
    assert set(OFFICIAL) <= events.KNOWN_EVENTS
