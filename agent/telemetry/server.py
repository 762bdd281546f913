"""The HTTP server: sockets, threads and their limits. Its caller decides what is answered.

Clients can be slow, silent or many. At most eight are served at once. When a ninth comes, the oldest connection is
closed, so that slow clients never keep a probe out. Each connection has ten seconds in all.
"""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias, cast

from agent.errors import SettingsError
from agent.telemetry.connection import DEADLINE_SECONDS, Connection
from agent.telemetry.pages import Page, Request

CONNECTIONS: Final = 8
BACKLOG: Final = 128
_EVICTION_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.1  # how often it looks whether a connection's time is over
_REST_SECONDS: Final = 1.0  # while there is none; each look costs some 50 µs

_Socket: TypeAlias = socket.socket | tuple[bytes, socket.socket]


class Server:
    """Answers GET and HEAD on one address, in its own threads. Liveness does not depend on them.

    `answer` makes the page. `failed` is called with an exception in it; only this client gets no answer.
    """

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[Request], Page],
        failed: Callable[[BaseException], None],
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._host = host
        self._port = port
        self._answer = answer
        self._failed = failed
        self._deadline = deadline_seconds
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port in use; before the start, the one asked for."""
        return self._port

    def start(self) -> None:
        """Listen and serve. Raises SettingsError if the address cannot be used."""
        self._listener = self._listen()
        self._port = self._listener.port
        self._thread = threading.Thread(target=self._listener.serve, name="http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close all connections; returns within seconds."""
        if self._listener and self._thread:
            self._listener.end()
            self._thread.join(DEADLINE_SECONDS)
            self._listener.hang_up(older_than=0.0)
            self._listener.server_close()

    def _listen(self) -> _Listener:
        try:
            return _Listener(self._host, self._port, self._answer, self._failed, self._deadline)
        except (OSError, OverflowError) as error:
            raise SettingsError([self._cannot_listen(error)]) from error

    def _cannot_listen(self, error: OSError | OverflowError) -> str:
        reason = getattr(error, "strerror", None) or str(error)
        address = f"{self._host}:{self._port}"
        return f"http.listen: cannot listen on {address}: {reason}; choose a free port, or stop what uses this one"


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Accepts connections and limits their number and their age."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = BACKLOG

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[Request], Page],
        failed: Callable[[BaseException], None],
        deadline_seconds: float,
    ) -> None:
        self._deadline = deadline_seconds
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.answer = answer
        self._failed = failed
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._open: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        super().__init__((host.strip("[]"), port), Connection)

    @property
    def port(self) -> int:
        """The port that the operating system gave."""
        return int(self.socket.getsockname()[1])

    def serve(self) -> None:
        """Serve connections, and close those whose time is over, until told to `end`."""
        while not self._is_over.is_set():
            self.timeout = _LOOK_SECONDS if self._open else _REST_SECONDS
            self.handle_request()
            self.hang_up(older_than=self._deadline)

    def end(self) -> None:
        """Accept no more. `serve` returns soon, on Linux at once."""
        self._is_over.set()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: _Socket, client_address: object) -> None:
        """Serve a new connection in a thread; if all are busy, close the oldest connection first."""
        connection = cast("socket.socket", request)
        if not self._slots.acquire(blocking=False):
            self._hang_up_oldest()
            if not self._slots.acquire(timeout=_EVICTION_SECONDS):
                self.shutdown_request(request)
                return
        with self._lock:
            self._open[connection] = time.monotonic()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._forget(connection)
            raise

    def process_request_thread(self, request: _Socket, client_address: object) -> None:
        """Serve one connection and free its place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(cast("socket.socket", request))

    def hang_up(self, older_than: float) -> None:
        """Close every connection that is `older_than` seconds old or older."""
        now = time.monotonic()
        with self._lock:
            late = [connection for connection, since in self._open.items() if now - since >= older_than]
        for connection in late:
            _hang_up(connection)

    def handle_error(self, request: _Socket, client_address: object) -> None:  # noqa: ARG002
        """Report a failed answer. A client that went away is no failure."""
        error = sys.exc_info()[1]
        if error and not isinstance(error, OSError):
            self._failed(error)

    def _hang_up_oldest(self) -> None:
        with self._lock:
            oldest = min(self._open, key=lambda connection: self._open[connection], default=None)
        if oldest:
            _hang_up(oldest)

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            del self._open[connection]
        self._slots.release()


def _hang_up(connection: socket.socket) -> None:
    # The connection's own thread wakes up and closes it; it may have done so already.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
