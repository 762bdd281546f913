"""A requests session that takes an answer only with its whole head, and only if all of it arrives in time.

A socket's time-out starts again with every byte. A server, or a proxy, that sends its headers one byte at a time, or
endless trailers after its body, would hold a worker and its lease for ever. urllib3's time-out starts again with every
address of a host. And http.client takes a head that breaks off for a complete one: "200 OK" before the connection
breaks would count as a proof of delivery.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from http.client import HTTPResponse as Head
from http.client import RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final

from requests import PreparedRequest, ReadTimeout, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, ProxyManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family
from urllib3.util.ssltransport import SSLTransport

from agent.sink.otlp.watchdog import Watchdog

_LEAST: Final = 0.001  # seconds
_watchdog: Final = Watchdog()
_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]  # as getaddrinfo gives it


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


class Deadline(Timeout):
    """urllib3's time-out, but one for all steps together: each step gets what the others have left."""

    def __init__(self, seconds: float) -> None:
        super().__init__(total=seconds)
        self._end = time.monotonic() + seconds

    def clone(self) -> Timeout:
        """Another request does not begin anew, nor does a request behind the CONNECT to its proxy."""
        return self

    @property
    def left(self) -> float:
        """The seconds that are left; 0 and less: it is over."""
        return self._end - time.monotonic()

    @property
    def connect_timeout(self) -> float:
        """What is left."""
        return max(self.left, 0.0)

    @property
    def read_timeout(self) -> float:
        """The seconds that are left; with 0, urllib3 does not wait for an answer."""
        return max(self.left, 0.0)


class _PunctualConnection(HTTPConnection):
    """Ends what it does, be it to connect, to send or to wait for the head of an answer, within one time-out.

    The look-up of the host's name is not covered: in the daemon, `agent.waiting.lookups` ends it after 8 s.
    """

    response_class = _WholeHead
    answering: socket.socket | None = None  # where the answer comes from, also once http.client has let go of it
    _end = 0.0

    @property
    def timeout(self) -> float:
        """The seconds that are left of those that urllib3 set; never 0, with which a socket would not wait at all."""
        return max(self._end - time.monotonic(), _LEAST)

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._end = time.monotonic() + (threading.TIMEOUT_MAX if seconds is None else seconds)

    def connect(self) -> None:
        """Connect, to the proxy and through it if there is one, and shake hands."""
        with self.watched(self.timeout):
            super().connect()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3 itself narrows http.client's
        """Wait for the head of the answer."""
        self.answering = self.sock
        with self.watched(self.timeout):
            return super().getresponse()

    def watched(self, seconds: float) -> AbstractContextManager[None]:
        """Close the connection if the block has not ended in `seconds`."""
        return _watchdog.watched(seconds, self._hang_up)

    def _new_conn(self) -> socket.socket:
        """Connect to the first of the host's addresses that lets us; fails as urllib3's own does."""
        try:
            host = self._dns_host.strip("[]")
            return self._first_of(socket.getaddrinfo(host, self.port, allowed_gai_family(), socket.SOCK_STREAM))
        except UnicodeError:
            raise LocationParseError(f"'{self.host}', label empty or too long") from None
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{self.host} did not let us connect within the time-out") from error
        except OSError as error:
            raise NewConnectionError(self, f"cannot connect: {error}") from error

    def _first_of(self, addresses: Sequence[_Address]) -> socket.socket:
        """Try one after the other, each with an equal share of what is left: a dead one leaves time for the others."""
        failure = OSError("the host has no address")
        for tried, address in enumerate(addresses):
            try:
                return self._connected_to(address, self.timeout / (len(addresses) - tried))
            except OSError as error:
                failure = error
        raise failure

    def _connected_to(self, address: _Address, seconds: float) -> socket.socket:
        family, kind, protocol, _, place = address
        connected = socket.socket(family, kind, protocol)
        try:
            for option in self.socket_options or ():
                connected.setsockopt(*option)
            connected.settimeout(seconds)
            connected.connect(place)
        except OSError:
            connected.close()
            raise
        connected.settimeout(self.timeout)
        return connected

    def _tunnel(self) -> None:
        """Wait for a proxy's answer to CONNECT."""
        super()._tunnel()
        if time.monotonic() > self._end:  # http.client takes this, too, for a complete head
            raise TimeoutError("the proxy did not answer within the time-out")
        self.sock.settimeout(self.timeout)  # for shaking hands behind it

    def _hang_up(self) -> None:
        connected = self.sock or self.answering
        with suppress(OSError):
            if isinstance(connected, SSLTransport):  # TLS within a proxy's TLS
                connected.socket.shutdown(socket.SHUT_RDWR)
            elif connected is not None:
                connected.shutdown(socket.SHUT_RDWR)


class _PunctualTLSConnection(_PunctualConnection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _PunctualConnection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _PunctualTLSConnection


_POOLS = {"http": _Pool, "https": _TLSPool}


class PunctualAdapter(HTTPAdapter):
    """requests' own adapter, over our connections; it does not retry."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As requests does, with our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        """The same for a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def open_session(headers: Mapping[str, str], adapter: type[PunctualAdapter] = PunctualAdapter) -> Session:
    """A session for one thread, that sends `headers` with every request.

    Proxies come from the environment, but credentials never from `.netrc`: requests would put them in the place of our
    Authorization header. Cookies are not kept: a sink could hand out new ones for ever.
    """
    session = Session()
    session.headers.clear()
    session.headers.update(headers)
    session.auth = _as_it_is
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.mount("http://", adapter())
    session.mount("https://", adapter())
    return session


def body_of(raw: HTTPResponse, limit: int, deadline: Deadline) -> bytes:
    """At most `limit` bytes of the body, inflated where it is compressed.

    Raises ReadTimeout if that much, or its end, is not there by `deadline`.
    """
    connection = raw.connection
    body = bytearray()
    with connection.watched(deadline.left) if isinstance(connection, _PunctualConnection) else nullcontext():
        while len(body) < limit:
            piece = raw.read1(limit - len(body), decode_content=True)
            if deadline.left <= 0:  # also where nothing came: a connection that is cut looks like an end
                raise ReadTimeout("the answer did not end within the time-out")
            if not piece:
                break
            body += piece
    return bytes(body)


def client_certificate(cert_file: Path | None, key_file: Path | None) -> str | tuple[str, str] | None:
    """In the form that requests wants; a certificate without a key file has its key in the same file."""
    if cert_file is None:
        return None
    return (str(cert_file), str(key_file)) if key_file else str(cert_file)


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request
