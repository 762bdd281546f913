"""The two kinds of error that decide what becomes of a delivery, and the reasons they name.

A `PermanentError` says that the same input will fail again: the delivery goes to the dead-letter queue with its reason.
A `TransientError` says that it may pass later: the delivery goes back to the queue, or the work waits.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why a delivery cannot be delivered, and where it was found.

    `detail` is one sentence for the operator; it never holds event content or a secret. `said` are the words of another
    system, which may quote an event: they go into the dead letter and nowhere else. `is_final`: it must not be
    tried again. `is_suspect`: the sink has accepted no other record since. So its settings or a clock may be wrong, and
    not the record, and it must not be buried.
    """

    reason: Reason
    detail: str
    bucket: str = ""
    key: str = ""
    said: str = ""
    is_final: bool = False
    is_suspect: bool = False

    @property
    def whole_detail(self) -> str:
        """The text of the dead letter: our own sentence, and the words of the other system."""
        return f"{self.detail}: {self.said}" if self.said else self.detail


class TrailAgentError(Exception):
    """Everything that trail-agent raises on purpose."""


class PermanentError(TrailAgentError):
    """The same input will fail again."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def at(self, bucket: str, key: str) -> Fault:
        """This error as the fault of one object."""
        return Fault(self.reason, self.detail, bucket, key)


class LimitError(PermanentError):
    """What has arrived passes a limit already; what has not arrived yet cannot change that.

    An error about an object that is not of this class may come of a body that broke off on its way.
    """


class TransientError(TrailAgentError):
    """May pass later."""

    def __init__(self, reason: RetryReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class AwsError(TrailAgentError):
    """AWS did not answer a request, or refused it for a reason other than its content; it may pass later.

    `kind` says how: throttled, denied, no_credentials, missing or unavailable. `detail` is AWS's own sentence, and
    `code` its code: empty where it did not answer. `is_undone`: what was asked for was surely not done; AWS said no, or
    nobody was reached.
    """

    def __init__(self, kind: str, detail: str, code: str = "", *, is_undone: bool = False) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.code = code
        self.is_undone = is_undone


class DrainedError(TrailAgentError):
    """A wait ended because the daemon is stopping: what is unfinished goes back to the queue."""


class DependencyError(TrailAgentError):
    """Something the daemon needs at start is not there (exit code 69)."""


class SettingsError(TrailAgentError):
    """The settings cannot be used (exit code 78). `problems` has one sentence each, with its key path and no secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def number_of(number: int, one: str, more: str = "") -> str:
    """A number and what it counts, such as "1 file" or "2,000 files"; `more` where the plural has more than an s."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def printable(text: str, most: int | None = None) -> str:
    """`text` without what could steer a terminal. Of one with more than `most` characters the beginning, and `…`."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if most is None or len(shown) <= most else f"{shown[:most]}…"
