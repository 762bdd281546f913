"""Events as CloudTrail writes them: the documented ones, and builders of small ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"
ACCOUNT = "111122223333"
REGION = "us-west-2"
WITHOUT_PROFILE = "example"
"""A service that there is not: nobody will ever make a profile of it."""

Members = dict[str, object]

_SMALL: Members = {
    "eventVersion": "1.09",
    "eventTime": "2023-05-18T17:10:50Z",
    "eventSource": "codecatalyst.amazonaws.com",
    "eventName": "CreateProject",
    "awsRegion": REGION,
    "recipientAccountId": ACCOUNT,
    "eventID": "event-1",
}


def codecatalyst(name: str) -> bytes:
    """One file of `tests/data/codecatalyst/`."""
    return (DATA / "codecatalyst" / name).read_bytes()


def create_dev_environment() -> dict[str, Any]:
    """The documented space event, as a new dict."""
    members: dict[str, Any] = json.loads(codecatalyst("docs-example-CreateDevEnvironment.json"))
    return members


def list_connections() -> dict[str, Any]:
    """The documented account-connection event, as a new dict."""
    members: dict[str, Any] = json.loads(codecatalyst("docs-example-ListConnections.json"))
    return members


def event(event_id: str, *, name: str = "CreateProject", minute: int = 0, read_only: bool = False) -> Members:
    """One entry of `Records[]`, of CodeCatalyst's, with an actor, so many minutes after noon."""
    return {
        **_SMALL,
        "eventName": name,
        "eventTime": f"2026-11-20T12:{minute:02}:00Z",
        "eventID": event_id,
        "readOnly": read_only,
        "userIdentity": {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "user-1"}},
    }


def noise(event_id: str) -> Members:
    """One entry that is not CodeCatalyst's."""
    return {**event(event_id, name="PutObject"), "eventSource": "s3.amazonaws.com"}


def raw_event(**members: object) -> bytes:
    """The text of a small CodeCatalyst event with the given members added or replaced."""
    return encoded(_SMALL | members)


def encoded(members: Mapping[str, object]) -> bytes:
    """`members` as CloudTrail writes them: without white space."""
    return json.dumps(members, separators=(",", ":")).encode()


def long_event() -> bytes:
    """An event of some 90 KB, most of it parameters."""
    return raw_event(
        responseElements={"r": "x" * 40_000},
        requestParameters={"q": "x" * 30_000},
        additionalEventData={"a": "x" * 15_000},
        errorMessage="x" * 5_000,
    )
