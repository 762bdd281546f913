"""A requests session that takes an answer's head whole, and all of it in time, or not at all.

A socket's time-out starts anew with every byte: a server that sends its headers one byte at a time, or trailers without
an end behind its body, would hold a worker, and its lease, for ever. So would a proxy. And to http.client a head that
breaks off is a head that ends: "200 OK" before the connection breaks would be a proof of delivery, whatever the rest
was to say.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPResponse as Head
from http.client import RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from requests import PreparedRequest, ReadTimeout, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Lines(io.BufferedReader):
    """What comes from the socket, with its last line kept."""

    last = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        self.last = super().readline(size)
        return self.last


class _WholeHead(Head):
    """An answer whose head must end with an empty line."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._lines = self.fp = _Lines(self.fp.detach())

    def begin(self) -> None:
        """Read the head."""
        super().begin()
        if self._lines.last not in {b"\r\n", b"\n"}:
            raise RemoteDisconnected("the head of the answer broke off")


class _PunctualConnection(HTTPConnection):
    """Ends the connection when the head of the answer is not there within the time-out, however it dribbles."""

    response_class = _WholeHead
    answering: socket.socket | None = None  # where the answer comes from, also once http.client has let go of it

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3 itself narrows http.client's
        """Wait for the head of the answer."""
        self.answering = self.sock
        with _watched(self.sock, _seconds(self.timeout)):
            return super().getresponse()

    def _tunnel(self) -> None:
        """Wait for a proxy's answer to CONNECT."""
        deadline = time.monotonic() + _seconds(self.timeout)
        with _watched(self.sock, _seconds(self.timeout)):
            super()._tunnel()
        if time.monotonic() > deadline:  # to http.client this, too, is a head that ends
            raise TimeoutError("the proxy did not answer within the time-out")


class _PunctualTLSConnection(_PunctualConnection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _PunctualConnection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _PunctualTLSConnection


_POOLS = {"http": _Pool, "https": _TLSPool}


class _Adapter(HTTPAdapter):
    """requests' own adapter, over our connections; it does not retry."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def open_session(headers: Mapping[str, str]) -> Session:
    """A session for one thread, that sends `headers` with every request.

    Proxies come from the environment, but credentials never from `.netrc`: requests would put them in the place of our
    Authorization header. Cookies are not kept: a sink could hand out new ones for ever.
    """
    session = Session()
    session.headers.clear()
    session.headers.update(headers)
    session.auth = _as_it_is
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.mount("http://", _Adapter())
    session.mount("https://", _Adapter())
    return session


def body_of(response: Response, limit: int, deadline: float) -> bytes:
    """At most `limit` bytes of the body, inflated where it is compressed.

    Raises ReadTimeout if that much, or its end, is not there by `deadline` on the monotonic clock.
    """
    raw: HTTPResponse = response.raw
    connection = raw.connection
    connected = connection.answering if isinstance(connection, _PunctualConnection) else None
    body = bytearray()
    with _watched(connected, deadline - time.monotonic()):
        while len(body) < limit:
            piece = raw.read1(limit - len(body), decode_content=True)
            if time.monotonic() > deadline:  # also where nothing came: a connection that is cut looks like an end
                raise ReadTimeout("the answer did not end within the time-out")
            if not piece:
                break
            body += piece
    return bytes(body)


@contextmanager
def _watched(connected: socket.socket | None, seconds: float) -> Iterator[None]:
    watch = threading.Timer(max(seconds, 0.0), _hang_up, (connected,))
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


def _seconds(timeout: object) -> float:
    return float(timeout) if isinstance(timeout, int | float) else threading.TIMEOUT_MAX


def _hang_up(connected: socket.socket | None) -> None:
    with suppress(OSError):
        if connected is not None:
            connected.shutdown(socket.SHUT_RDWR)
