"""The points at which a process may end: the model kills its own process at them, `tests.support.crash` a real one."""

from __future__ import annotations

from enum import StrEnum


class Edge(StrEnum):
    """The points of a unit of work, in its order."""

    RECEIVED = "after receive"
    OPENED = "before an object's body"
    READ = "after an object's body"
    EXPORTING = "before export"
    STORED = "after the sink stored, before its answer"
    ANSWERED = "after the sink's answer, before it is remembered"
    REMEMBERED = "after it is remembered, before settle"
    BURYING = "before dead-letter send"
    BURIED = "after dead-letter send, before delete"
    DELETING = "before delete"
    DELETED = "after delete, before its answer"
    HIDING = "before visibility changes"
    HIDDEN = "after visibility changed, before the answer"
    WAITING = "at the start of a wait"
