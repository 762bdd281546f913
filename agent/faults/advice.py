"""What the agent tells an operator about each kind of fault: the hints of the log, and the text of docs/faults.md.

Each sentence is true for every cause of its kind. The `detail` beside it, in the log or in the dead letter, says which
cause it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened, what the agent did about it, and what the operator does, each without a full stop."""

    happened: str
    did: str
    do: str

    @property
    def hint(self) -> str:
        """What a log line says in its `hint`; its other fields say what happened."""
        return f"{self.did}; {self.do}"


class Advised(StrEnum):
    """Names of trouble. A row has the name, what happened, what the agent did, and what the operator does."""

    advice: Advice

    # Without the defaults, mypy refuses to look a member up by its name alone: `Reason("object_missing")`.
    def __new__(cls, name: str, happened: str = "", did: str = "", do: str = "") -> Self:
        """A row of the table; each of its texts is needed."""
        if not (happened and did and do):
            raise TypeError(f"{name} needs three texts: what happened, what the agent did, what the operator does")
        member = str.__new__(cls, name)
        member._value_ = name
        member.advice = Advice(happened, did, do)
        return member
