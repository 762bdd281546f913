"""What a check can find, and how one result is told: a mark, what is so, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from agent.errors import printable

_LONGEST = 400  # characters of another system's words in one line

Facts = TypeVar("Facts")


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    CAUTION = "caution"

    @property
    def mark(self) -> str:
        """The character that stands before its line."""
        return {Status.OK: "✓", Status.FAILED: "✗", Status.CAUTION: "!"}[self]


@dataclass(frozen=True, slots=True)
class Check:
    """One result. `what` says what is so, `fix` what to do, in one or two sentences; empty where nothing is to be done.

    `on` names what was checked where there may be several: a bucket or a trail.
    """

    id: str
    status: Status
    what: str
    fix: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check can find: `what` and `fix` are texts with fields in braces. The docs list all of them."""

    id: str
    status: Status
    what: str
    fix: str = ""

    def told(self, on: str = "", **values: object) -> Check:
        """The result with these values in its texts."""
        plain = {name: _plain(str(value)) for name, value in values.items()}
        return Check(self.id, self.status, self.what.format(**plain), self.fix.format(**plain), on)


@dataclass(frozen=True, slots=True)
class Examined(Generic[Facts]):
    """What came of looking at one thing: the results, and the facts that other checks need; None if there are none."""

    checks: tuple[Check, ...]
    facts: Facts | None = None


def ok(id: str, what: str) -> Finding:  # noqa: A002 - the word of the output
    """All is well."""
    return Finding(id, Status.OK, what)


def failed(id: str, what: str, fix: str) -> Finding:  # noqa: A002 - the same
    """The agent would not do its work."""
    return Finding(id, Status.FAILED, what, fix)


def caution(id: str, what: str, fix: str = "") -> Finding:  # noqa: A002 - the same
    """It cannot be told, or it may hurt one day."""
    return Finding(id, Status.CAUTION, what, fix)


def not_checked(id: str, because: str, on: str = "") -> Check:  # noqa: A002 - the same
    """What cannot be looked at, because of something that has a line of its own."""
    return Check(id, Status.CAUTION, f"not checked, because {because}", on=on)


def _plain(text: str) -> str:
    """Other systems' words in one line, without what steers a terminal."""
    return printable(" ".join(text.split()), _LONGEST)
