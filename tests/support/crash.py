"""`python -m tests.support.crash EDGE NTH run -c …`: the real command line, ended by SIGKILL as it reaches an edge.

The product knows nothing of this: one of its boundaries is wrapped before it starts. EDGE is a name of
`tests.support.edges`, NTH says the how many-th time is the last, from 1. A line in the log says that the edge was
reached. A boundary that is gone, or that has another name now, is an error at the start.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from agent.__main__ import main as run_command
from agent.aws.s3 import S3
from agent.aws.sqs import Sqs
from agent.flow.remembered import Remembered
from agent.pulse import Pulse
from agent.sink.otlp.http import HttpTransport
from agent.sink.otlp.http_line import HttpLine
from agent.sink.otlp.http_session import Deadline
from tests.support.edges import Edge

_CRASHED: Final = "crashed"

_Reach = Callable[[], None]
_Method = Callable[..., Any]
_Giving = Callable[..., Iterator[Any]]
_Counts = Callable[..., bool]


def program(edge: Edge, nth: int) -> tuple[str, ...]:
    """What to start Python with in place of `-m agent`."""
    return ("-m", "tests.support.crash", edge.name, str(nth))


def reached(log: Iterable[Mapping[str, Any]]) -> Edge | None:
    """The edge at which the process that wrote `log` ended, if it came to it."""
    return next((Edge(line["edge"]) for line in log if line["event"] == _CRASHED), None)


def _always(*_arguments: Any, **_named: Any) -> bool:
    return True


def _is_export(_transport: HttpTransport, payload: bytes) -> bool:
    """Whether `send` carries records: the sink is probed with an empty request."""
    return bool(payload)


def _is_post_of_export(_line: HttpLine, body: bytes, _deadline: Deadline) -> bool:
    return bool(gzip.decompress(body))


def _is_workers(*_arguments: Any, **_named: Any) -> bool:
    """Whether a worker calls, and not one of the threads that look around now and then."""
    return threading.current_thread().name.startswith("worker")


def _before(method: _Method, reach: _Reach, counts: _Counts) -> _Method:
    @wraps(method)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if counts(*arguments, **named):
            reach()
        return method(*arguments, **named)

    return wrapped


def _after(method: _Method, reach: _Reach, counts: _Counts) -> _Method:
    @wraps(method)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = method(*arguments, **named)
        if counts(*arguments, **named):
            reach()
        return result

    return wrapped


def _with_result(method: _Method, reach: _Reach, _counts: _Counts) -> _Method:
    """After it, if it came back with anything."""

    @wraps(method)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if result := method(*arguments, **named):
            reach()
        return result

    return wrapped


def _before_each(method: _Giving, reach: _Reach, _counts: _Counts) -> _Method:
    @wraps(method)
    def wrapped(*arguments: Any, **named: Any) -> Iterator[Any]:
        for given in method(*arguments, **named):
            reach()
            yield given

    return wrapped


def _after_each(method: _Giving, reach: _Reach, _counts: _Counts) -> _Method:
    @wraps(method)
    def wrapped(*arguments: Any, **named: Any) -> Iterator[Any]:
        for given in method(*arguments, **named):
            yield given
            reach()

    return wrapped


@dataclass(frozen=True, slots=True)
class _Boundary:
    """Where the product touches the world at an edge: a call of `method` of `owner` that `counts`."""

    owner: type
    method: _Method
    wrap: Callable[[Any, _Reach, _Counts], _Method]
    counts: _Counts = _always


_BOUNDARIES: Final[Mapping[Edge, _Boundary]] = {
    Edge.RECEIVED: _Boundary(Sqs, Sqs.receive, _with_result),
    Edge.OPENED: _Boundary(S3, S3.give, _before_each),
    Edge.READ: _Boundary(S3, S3.give, _after_each),
    Edge.EXPORTING: _Boundary(HttpTransport, HttpTransport.send, _before, _is_export),
    Edge.STORED: _Boundary(HttpLine, HttpLine.post, _after, _is_post_of_export),  # its head is there, and unread
    Edge.ANSWERED: _Boundary(HttpTransport, HttpTransport.send, _after, _is_export),
    Edge.REMEMBERED: _Boundary(Remembered, Remembered.resolve, _after),
    Edge.BURYING: _Boundary(Sqs, Sqs.bury, _before),
    Edge.BURIED: _Boundary(Sqs, Sqs.bury, _after),
    Edge.DELETING: _Boundary(Sqs, Sqs.delete, _before),
    Edge.DELETED: _Boundary(Sqs, Sqs.delete, _after),
    Edge.HIDING: _Boundary(Sqs, Sqs.hide, _before),
    Edge.HIDDEN: _Boundary(Sqs, Sqs.hide, _after),
    Edge.WAITING: _Boundary(Pulse, Pulse.wait, _before, _is_workers),
}


def _arm(edge: Edge, nth: int) -> None:
    """Have this process end when it reaches `edge` for the `nth` time."""
    boundary, reached = _BOUNDARIES[edge], itertools.count(1)

    def reach() -> None:
        if next(reached) == nth:
            line = json.dumps({"event": _CRASHED, "edge": edge, "nth": nth})
            os.write(sys.stderr.fileno(), f"{line}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(boundary.owner, boundary.method.__name__, boundary.wrap(boundary.method, reach, boundary.counts))


def main() -> None:
    """Take the edge off the command line, and run the rest of it."""
    _, edge, nth, *rest = sys.argv
    _arm(Edge[edge], int(nth))
    sys.argv[1:] = rest
    run_command()


if __name__ == "__main__":
    main()
