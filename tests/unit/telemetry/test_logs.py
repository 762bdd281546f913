"""The log: its formats, what it hides, and that nothing can break a line of it."""

from __future__ import annotations

import io
import json
import logging
import threading
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry.logs import foreign_logging, open_log
from tests.support.clock import FakeClock

HOSTILE = st.text(st.characters() | st.sampled_from("\n\r\x1b\x00\u202e\u2028\ud800\x9b"), max_size=700)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


class FullDisk(io.StringIO):
    """A stream that takes nothing any more."""

    def write(self, text: str, /) -> int:
        """Fail as a full disk does."""
        raise OSError(28, "No space left on device")


def test_a_line_is_json_with_time_level_and_event_first() -> None:
    """A machine reads the UTC time to the millisecond, the level, the event, and then its fields."""
    stream = io.StringIO()
    open_log("info", "json", stream, FakeClock()).info("started", workers=4)
    assert stream.getvalue() == (
        '{"timestamp": "2026-09-21T14:13:20.000Z", "level": "info", "event": "started", "workers": 4}\n'
    )


@pytest.mark.parametrize(
    ("layout", "terminal", "is_json"),
    [("auto", True, False), ("auto", False, True), ("json", True, True), ("console", False, False)],
)
def test_auto_is_for_people_on_a_terminal(layout: str, terminal: bool, is_json: bool) -> None:
    """`auto` writes for people on a terminal and JSON otherwise; `json` and `console` are taken at their word."""
    stream = Terminal() if terminal else io.StringIO()
    open_log("info", layout, stream).info("started")
    assert stream.getvalue().startswith("{") is is_json


def test_colours_are_for_terminals_only() -> None:
    """The console format has no escape sequences in a file."""
    file, terminal = io.StringIO(), Terminal()
    for stream in (file, terminal):
        open_log("info", "console", stream).warning("lease_lost")
    assert "\x1b[" not in file.getvalue()
    assert "\x1b[" in terminal.getvalue()


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_nothing_below_the_level_is_written(level: str, count: int) -> None:
    """Each level hides those below it."""
    stream = io.StringIO()
    log = open_log(level, "json", stream)
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    assert len(stream.getvalue().splitlines()) == count


@pytest.mark.row(32)
@given(HOSTILE)
def test_no_text_breaks_a_json_line(text: str) -> None:
    """One event is one line of ASCII that parses, and its values are printable and bounded."""
    stream = io.StringIO()
    open_log("info", "json", stream).info("dead_lettered", key=text)
    (line,) = stream.getvalue().splitlines()
    value = json.loads(line)["key"]
    assert line.isascii()
    assert value.isprintable()
    assert len(value) <= 500


@pytest.mark.row(32)
@given(HOSTILE)
def test_no_text_steers_a_terminal(text: str) -> None:
    """On the console too, a hostile value stays within its line and cannot send escape sequences."""
    stream = io.StringIO()
    open_log("info", "console", stream).info("dead_lettered", key=text)
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line[:-1].isprintable()


@pytest.mark.parametrize("stream", [FullDisk(), io.StringIO()])
def test_a_log_that_cannot_be_written_stops_nobody(stream: io.StringIO) -> None:
    """A full disk or a closed stream costs the line and nothing else."""
    log = open_log("info", "json", stream)
    if not isinstance(stream, FullDisk):
        stream.close()
    log.error("sink_down")
    assert stream.closed or stream.getvalue() == ""


def test_a_stream_without_unicode_gets_escapes() -> None:
    """A terminal in an ASCII locale loses no line."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    open_log("info", "console", stream).info("dead_lettered", key="é")
    stream.flush()
    assert b"\\xe9" in raw.getvalue()
    stream.detach()


def test_libraries_speak_through_our_log() -> None:
    """Warnings of the standard library's logging become events of ours, and no more once the block has ended."""
    stream = io.StringIO()
    with foreign_logging(open_log("info", "json", stream), FakeClock()):
        logging.getLogger("urllib3.connectionpool").warning("retry\n%s", "\x1b[2J")
        logging.getLogger("botocore").info("not heard")
    logging.getLogger("botocore").warning("not heard")
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert line["event"] == "library_said"
    assert (line["logger"], line["level"]) == ("urllib3.connectionpool", "warning")
    assert line["message"] == "retry\\n\\x1b[2J"


def test_a_library_that_repeats_itself_is_heard_once_a_minute() -> None:
    """A warning for every retry becomes one a minute, with the number of those left out."""
    stream, clock = io.StringIO(), FakeClock()
    with foreign_logging(open_log("info", "json", stream, clock), clock):
        for _ in range(3):
            for number in range(40):
                logging.getLogger("urllib3").warning("retry %s", number)
            clock.elapsed += 60
    assert [json.loads(line).get("suppressed") for line in stream.getvalue().splitlines()] == [None, 39, 39]


def test_a_library_with_a_broken_message_is_heard() -> None:
    """A wrong format string is no reason to fail."""
    stream = io.StringIO()
    with foreign_logging(open_log("info", "json", stream)):
        record = logging.makeLogRecord({"name": "grpc", "levelno": logging.ERROR, "msg": "%d of %d", "args": ("one",)})
        logging.getLogger().handlers[-1].handle(record)
    assert json.loads(stream.getvalue())["message"] == "%d of %d"


def test_warnings_of_python_are_heard_and_then_given_back() -> None:
    """Python's own warnings go to the log while the block runs, and to their old place afterwards."""
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        before = warnings.showwarning
        with foreign_logging(open_log("info", "json", stream)):
            warnings.warn("old API", UserWarning, stacklevel=1)
        assert warnings.showwarning is before
    assert "old API" in json.loads(stream.getvalue())["message"]


def test_a_thread_that_ends_of_a_bug_is_told_without_the_value_it_met() -> None:
    """Nobody catches it, so the interpreter would print it, an event's text included; the hook is given back."""
    before, stream = threading.excepthook, io.StringIO()
    who = "arn:aws:iam::1:user/alice"

    def stumble() -> None:
        raise KeyError(who)

    with foreign_logging(open_log("info", "json", stream)):
        thread = threading.Thread(target=stumble, name="leases")
        thread.start()
        thread.join()
    assert threading.excepthook is before
    line = json.loads(stream.getvalue())
    assert (line["level"], line["event"], line["thread"]) == ("error", "thread_failed", "leases")
    assert "KeyError" in line["error"]
    assert "test_logs.py" in line["exception"]
    assert "alice" not in stream.getvalue()


def test_a_library_that_names_a_password_is_heard_without_it() -> None:
    """User and password of an address are taken out of what libraries say."""
    stream = io.StringIO()
    with foreign_logging(open_log("info", "json", stream)):
        logging.getLogger("urllib3").warning("retry %s", "http://eve:s3cret@proxy:3128/")
    assert "proxy:3128" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()
