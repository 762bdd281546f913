"""Kinds of events: what their source and name make of them, whatever else they hold."""

from __future__ import annotations

import pytest

from agent.model import EventLabels, ObjectSource
from agent.records.event_kind import EventKind, actor_attributes, place
from agent.records.profiles import CODECATALYST, GENERIC
from agent.records.profiles.identity import IDENTITY
from agent.records.profiles.profile import Profile


@pytest.mark.parametrize(
    ("profile", "called", "names", "labels"),
    [
        (
            CODECATALYST,
            ("account-ID", "listconnections"),
            ("codecatalyst.ListConnections", ""),
            ("ListConnections", ""),
        ),
        (IDENTITY, ("sso.amazonaws.com", "Federate"), ("sso.Federate", "people"), ("Federate", "sso.amazonaws.com")),
        (GENERIC, (" S3.amazonaws.com.cn", "GetX"), ("s3.GetX", "aws-s3"), ("GetX", "s3.amazonaws.com")),
        (GENERIC, ("", ""), ("unknown.Unknown", "aws-unknown"), ("Unknown", "unknown")),
    ],
)
def test_source_and_name_say_what_an_event_is_called(
    profile: Profile, called: tuple[str, str], names: tuple[str, str], labels: tuple[str, str]
) -> None:
    """The record's name, its stream and its series follow from them and from the profile."""
    kind = EventKind.of(profile, *called, {"identity": "people"})
    assert (kind.event_name, kind.service_name) == names
    assert kind.labels("Root", failed=True) == EventLabels(labels[0], "Root", "failure", labels[1])
    assert kind.labels("", failed=False).identity_type == "Unknown"


def test_what_is_empty_is_no_attribute() -> None:
    """An event without a name, an actor without one, and a file without a path leave nothing behind."""
    assert EventKind.of(GENERIC, "", "", {}).ending(failed=False) == {"aws.cloudtrail.outcome": "success"}
    assert actor_attributes("aws.cloudtrail", "root", "") == {"aws.cloudtrail.actor.kind": "root"}
    assert place(ObjectSource("", "", "", 0)) == {}
