"""Why a replay ends early."""

from __future__ import annotations

import errno
from threading import Event

from agent.replay.ending import Ending
from tests.support.store import denied


def test_the_first_cause_counts() -> None:
    """What follows from it is not told in its place."""
    drain = Event()
    ending = Ending(drain)
    assert not ending
    assert not drain.is_set()
    ending.stop("the disk is full")
    ending.stop("nothing could be written")
    ending.failed(KeyError("a"))
    assert (bool(ending), ending.why, ending.bug) == (True, "the disk is full", None)
    assert drain.is_set(), "nothing more is begun"


def test_a_file_that_cannot_be_written_is_told_with_what_to_do() -> None:
    """Nothing is lost by it."""
    ending = Ending(Event())
    ending.failed(OSError(errno.ENOSPC, "No space left on device", "/tmp/out/05.jsonl"))
    assert ending.why.startswith("/tmp/out/05.jsonl: No space left on device; nothing is lost")


def test_a_bucket_that_cannot_be_listed_is_told_in_its_own_words() -> None:
    """They say what to do."""
    ending = Ending(Event())
    ending.failed(denied())
    assert ending.why == "S3 refused the read (AccessDenied)"


def test_anything_else_is_a_bug() -> None:
    """It is raised where the replay was begun."""
    drain, bug = Event(), KeyError("a")
    ending = Ending(drain)
    ending.failed(bug)
    assert ending.bug is bug
    assert ending
    assert drain.is_set()
