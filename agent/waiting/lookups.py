"""Looking up a host's name, for a bounded time: a resolver that does not answer must not stop a thread's heart.

The system's look-up cannot be given a time-out. So each one is done in a thread of its own, and whoever asked for it
waits a few seconds. Whoever asks for the same name meanwhile waits for the same look-up, and there are never more than
a few: what cannot be asked is no answer, like any other name that cannot be looked up just now.
Page: Python library, `socket.getaddrinfo`.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from typing import Any, Final

from agent.errors import number_of

_SECONDS: Final = 8.0  # a request may need several names, and liveness fails after 60 s without a heartbeat
_MOST: Final = 16

LookUp = Callable[..., Any]


class Lookups:
    """Stands in for `look_up`, which is `socket.getaddrinfo`; raises `socket.gaierror` where that does not return."""

    def __init__(self, look_up: LookUp, seconds: float, most: int) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._most = most
        self._under_way: dict[object, Future[Any]] = {}
        self._lock = threading.Lock()

    def getaddrinfo(self, host: Any, *arguments: Any, **options: Any) -> Any:
        """As `socket.getaddrinfo`, within so many seconds."""
        if _is_address(host):
            return self._look_up(host, *arguments, **options)
        try:
            return self._join((host, arguments, tuple(sorted(options.items())))).result(self._seconds)
        except FutureTimeoutError as error:
            raise _again(f"no answer within {self._seconds:.0f} s to the look-up of {host}") from error

    def _join(self, asked: tuple[Any, tuple[Any, ...], tuple[tuple[str, Any], ...]]) -> Future[Any]:
        """The look-up of `asked` that is under way, or a new one."""
        with self._lock:
            if asked in self._under_way:
                return self._under_way[asked]
            if len(self._under_way) >= self._most:
                raise _again(f"no answer to {number_of(self._most, 'look-up')} yet; that of {asked[0]} was not begun")
            answer = self._under_way[asked] = Future()
        threading.Thread(target=self._ask, args=(asked, answer), name=f"lookup {asked[0]}", daemon=True).start()
        return answer

    def _ask(self, asked: tuple[Any, tuple[Any, ...], tuple[tuple[str, Any], ...]], answer: Future[Any]) -> None:
        host, arguments, options = asked
        try:
            found = self._look_up(host, *arguments, **dict(options))
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for it
            self._forget(asked)
            answer.set_exception(error)
        else:
            self._forget(asked)
            answer.set_result(found)

    def _forget(self, asked: object) -> None:
        with self._lock:
            del self._under_way[asked]


@contextmanager
def bounded_lookups() -> Iterator[None]:
    """Bound every look-up of this process for the length of the block: boto3's and the sink's, credentials included."""
    before = socket.getaddrinfo
    socket.getaddrinfo = Lookups(before, _SECONDS, _MOST).getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = before


def _again(sentence: str) -> socket.gaierror:
    return socket.gaierror(socket.EAI_AGAIN, sentence)


def _is_address(host: Any) -> bool:
    """Whether there is no name to look up."""
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host or "::")
    except ValueError:
        return False
    return True
