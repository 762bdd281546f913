"""Why an event is kept or skipped: the rule that decides, the setting behind it, and the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

_SHOWN: Final = 80  # characters of a name that anybody can forge


class Rule(StrEnum):
    """What decides on one event. A row has its name, whether the event is kept, the setting, and what is said of it.

    In what is said, `{}` stands for the entry of the setting that is meant.
    """

    is_kept: bool
    setting: str
    says: str

    EVERY_EVENT = ("every_event", True, "", "every event is wanted")
    WHOLE_TRAIL = ("whole_trail", True, "select.event_sources", "lists *, the whole trail")
    EVENT_SOURCE = ("event_source", True, "select.event_sources", "lists {}")
    PROFILE = ("profile", True, "select.profiles", "lists {}, which has this event source")
    CONNECTION_EVENT = (
        "connection_event",
        True,
        "select.connection_events",
        "is on: a connection event of CodeCatalyst, and its event source names no service",
    )
    CALL = ("call", True, "select.profiles", "lists {}, which has this call")

    EXCLUDED = ("excluded", False, "select.exclude_events", "has {}")
    READ_ONLY = ("read_only", False, "select.include_read_only", "is off, and the event says that it only reads")
    NOT_OURS = ("not_ours", False, "select.profiles", "lists {}, but this call is on nothing that the agent reads with")
    OTHER_CALL = ("other_call", False, "select.profiles", "lists {}, which has other calls of this event source")
    NO_CONNECTION_EVENTS = (
        "no_connection_events",
        False,
        "select.connection_events",
        "is off: a connection event of CodeCatalyst whose event source names no service",
    )
    OTHER_PROFILE = ("other_profile", False, "select.profiles", "does not list {}, which has this event")
    OTHER_SOURCE = (
        "other_source",
        False,
        "select.event_sources",
        "does not list its event source, and no listed profile has it",
    )

    # Without the defaults, mypy refuses to look a member up by its name alone: `Rule("excluded")`.
    def __new__(cls, name: str, is_kept: bool = False, setting: str = "", says: str = "") -> Self:  # noqa: FBT001, FBT002
        """A row of the table."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.is_kept, member.setting, member.says = is_kept, setting, says
        return member


@dataclass(frozen=True, slots=True)
class Decision:
    """What `rule` decides on one event. `meant` is the entry of the setting that matches, or that would be needed."""

    rule: Rule
    meant: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether the event is shipped."""
        return self.rule.is_kept

    @property
    def why(self) -> str:
        """One sentence that begins with the setting, if one decides."""
        return f"{self.rule.setting} {self.rule.says.format(self.meant)}".strip()

    @classmethod
    def of(cls, rule: Rule, meant: str) -> Self:
        """With `meant` as it can be shown: it may be an event's own words."""
        return cls(rule, meant if len(meant) <= _SHOWN else f"{meant[:_SHOWN]}…")
