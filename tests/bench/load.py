"""What is put into the far side, and what it tells: values that pass between the two processes of a bench."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

BUCKET: Final = "bench-trail"
ACCOUNT: Final = "111122223333"
QUEUE: Final = "bench"
SOURCE: Final = "codecatalyst.amazonaws.com"
"""The event source of the events that are ours."""


@dataclass(slots=True)
class Load:
    """What is to be shipped: `bodies` by turns under `keys`, each GET answered after `latency_seconds`.

    With `pause_seconds` a message is shown so long after the one before it was deleted; else all are shown at once. The
    sink answers after `sink_seconds`.
    """

    bodies: list[bytes]
    keys: list[str]
    latency_seconds: float = 0.0
    pause_seconds: float | None = None
    sink_seconds: float = 0.0


@dataclass(slots=True)
class State:
    """What has happened since the load was put in. Times are the machine's monotonic seconds.

    `records` are counted when they are asked for. `busy_seconds` is the CPU time of the far side itself: near the wall
    time, it holds up whoever is measured.
    """

    put_at: float = 0.0
    deleted: int = 0
    done_at: float = 0.0
    gets: int = 0
    posts: int = 0
    posted_bytes: int = 0
    records: int = 0
    sqs_requests: int = 0
    dead: int = 0
    busy_seconds: float = 0.0
    waits: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Proof:
    """What has come of a load: how many of its objects were got, and how often the event of each id has arrived.

    It is no part of `State`, which other revisions read, too.
    """

    got: int
    arrived: Counter[str]
