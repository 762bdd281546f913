"""What the log tells of a bug."""

from __future__ import annotations

import io

import pytest

from agent.errors import DependencyError
from agent.telemetry.logs import open_log
from agent.telemetry.tracebacks import describe, headline


def caught(error: Exception, cause: Exception | None = None) -> Exception:
    """`error` after it was raised, so that it knows where."""
    try:
        raise error from cause
    except type(error) as raised:
        return raised


def test_a_bug_is_told_by_place_and_type_not_by_the_value_it_met() -> None:
    """The text of a KeyError may be part of an event: it stays out of the log, the place does not."""
    text = describe(caught(RuntimeError("while reading"), KeyError("arn:aws:iam::1:user/alice")))
    assert "test_tracebacks.py" in text
    assert "RuntimeError" in text
    assert "KeyError" in text
    assert "alice" not in text


@pytest.mark.parametrize("error", [DependencyError("no queue"), OSError(28, "No space left on device")])
def test_errors_that_quote_no_event_keep_their_text(error: Exception) -> None:
    """Our own errors and the operating system's are written for the operator."""
    assert str(error) in headline(error)


def test_a_traceback_is_bounded_and_stands_in_one_json_line() -> None:
    """Even an endless chain of causes is one line of bounded length."""
    error: Exception | None = None
    for number in range(50):
        error = caught(DependencyError("x" * 10_000 + str(number)), error)
    stream = io.StringIO()
    assert error
    open_log("info", "json", stream).error("worker_failed", exception=describe(error))
    assert len(stream.getvalue().splitlines()) == 1
    assert len(stream.getvalue()) < 10_000
