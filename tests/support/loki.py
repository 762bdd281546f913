"""A Loki that behaves: streams with a window of time, and the words in which it refuses an entry."""

from __future__ import annotations

from agent.sink.answer import Accepted, Answer, Meaning, Refusal, refusal
from agent.sink.otlp.decode import ReceivedRecord
from tests.support.records import SECOND

MINUTE = 60 * SECOND
BAD = "stream '{}' has a label that is not valid: 'x'"
BEHIND = "entry too far behind, entry timestamp is: 2026-01-01T00:00:00Z, oldest acceptable timestamp is: 2026-01-02"


def refused(text: str) -> Answer:
    """A 400 with this text."""
    return refusal(Meaning.REFUSED, Refusal("400", "answered 400", text, text))


class FakeLoki:
    """Stores the good entries of a push, then answers 400 for the bad; refuses what is an hour behind its stream."""

    def __init__(self, *, window: int | None = 60 * MINUTE, oldest: int = 0) -> None:
        self.stored: list[str] = []
        self._window = window
        self._oldest = oldest
        self._newest: dict[str, int] = {}

    def rule(self, received: list[ReceivedRecord]) -> Answer:
        """Take one push."""
        errors = [error for record in received if (error := self._take(record))]
        return refused(errors[-1]) if errors else Accepted()

    def _take(self, record: ReceivedRecord) -> str:
        stream = str(record.resource.get("cloud.region"))
        newest = self._newest.get(stream, 0)
        if record.time_unix_nano < self._oldest:
            return "entry for stream '{}' has timestamp too old: x, oldest acceptable timestamp is: y"
        if self._window and record.time_unix_nano < newest - self._window:
            return f"entry with timestamp x ignored, reason: '{BEHIND}',\nuser 'a', total ignored: 1 out of 2"
        if record.body.startswith("long"):
            return BAD
        self._newest[stream] = max(newest, record.time_unix_nano)
        self.stored.append(record.body)
        return ""
