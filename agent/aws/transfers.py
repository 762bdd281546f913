"""HTTP requests by libcurl: at a third of what urllib3's cost, and many side by side in one thread.

A route is what a boto3 client has of its own: certificates, proxy, time-outs. No answer is an answer, too: whoever asks
here asks boto3 then, which tells what is wrong. Pages: libcurl, "curl_easy_setopt", "multi interface overview".
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit, urlunsplit

import pycurl
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import get_cert_path

_RECEIVE_BYTES: Final = 1 << 18  # one receive for most objects, instead of two or three
_LOOK_AGAIN_SECONDS: Final = 0.25
_NAP_SECONDS: Final = 0.005
_NOTHING_TO_WATCH: Final = -1
_ALWAYS: Final = ("Accept:", "Accept-Encoding: identity")  # without a value: not sent
_WITH_BODY: Final = "Expect:"
_STATUS: Final = b"\nHTTP/"
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a service: `certificates` is a file or folder, empty if none are checked. An empty `proxy` is none.

    Times are seconds; `read_seconds` bounds a whole request.
    """

    certificates: str
    proxy: str
    connect_seconds: float
    read_seconds: float

    @classmethod
    def of(cls, session: Any, url: str) -> Route | None:
        """The way of a boto3 client's HTTP `session` to `url`; None where only botocore can go it."""
        try:
            held = vars(session)
            proxies, timeout, own = held["_proxy_config"], held["_timeout"], held["_cert_file"]
            connect, read = timeout.connect_timeout, timeout.read_timeout
            certificates, proxy = get_cert_path(held["_verify"]) or "", _proxy_of(proxies, url)
        except (TypeError, KeyError, AttributeError, ValueError):
            return None
        if own or any(proxies.settings.values()):
            return None
        return cls(str(certificates), proxy, connect, connect + read)

    def options(self) -> Iterator[tuple[int, Any]]:
        """The same in libcurl's words."""
        checks = bool(self.certificates)
        yield pycurl.PROXY, self.proxy  # also an empty one: it keeps libcurl from asking the environment
        yield pycurl.NOPROXY, ""  # botocore has said whether there is one; libcurl reads no_proxy by other rules
        yield pycurl.CONNECTTIMEOUT_MS, int(self.connect_seconds * 1000)
        yield pycurl.TIMEOUT_MS, int(self.read_seconds * 1000)
        yield pycurl.SSL_VERIFYPEER, int(checks)
        yield pycurl.SSL_VERIFYHOST, 2 if checks else 0
        if checks:
            is_folder = os.path.isdir(self.certificates)  # noqa: PTH112 - the name is not ours to normalise
            yield pycurl.CAPATH if is_folder else pycurl.CAINFO, self.certificates


def _proxy_of(proxies: Any, url: str) -> str:
    """The proxy that botocore goes through to `url`, with a name and password only if botocore sends them."""
    proxy: str = proxies.proxy_url_for(url) or ""
    parts = urlsplit(proxy)
    is_as_meant = "@" not in parts.netloc or proxies.proxy_headers_for(proxy)
    return proxy if is_as_meant else urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class HttpRequest(NamedTuple):
    """A GET, or with a `body` a POST. `lines` are all headers that are sent, but for Host and Content-Length."""

    route: Route
    url: str
    lines: Sequence[str]
    body: bytes = b""


class HttpReply(NamedTuple):
    """What was answered, `seconds` after it was asked. `head` is the status and the headers, as they came."""

    status: int
    head: bytes
    body: bytes
    seconds: float


class _Exchange:
    """One request at a time, over a connection that is kept."""

    def __init__(self, most_bytes: int) -> None:
        self.curl = pycurl.Curl()
        self._route: Route | None = None
        self._head: list[bytes] = []
        self._body: list[bytes] = []
        self._came, self._heard = -1, 0.0
        for option, value in (
            (pycurl.NOSIGNAL, 1),  # signals belong to the daemon's own thread
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.PATH_AS_IS, 1),
            (pycurl.TCP_KEEPALIVE, 1),
            (pycurl.BUFFERSIZE, _RECEIVE_BYTES),
            (pycurl.MAXFILESIZE, most_bytes),
            (pycurl.HEADERFUNCTION, self._head.append),
            (pycurl.WRITEFUNCTION, self._body.append),
        ):
            self.curl.setopt(option, value)

    def begin(self, request: HttpRequest) -> None:
        """Get ready to send `request`."""
        curl = self.curl
        self._head.clear()
        self._body.clear()
        self._came = -1
        if request.route is not self._route and request.route != self._route:
            for option, value in request.route.options():
                curl.setopt(option, value)
            self._route = request.route
        curl.setopt(pycurl.URL, request.url)
        if request.body:
            curl.setopt(pycurl.HTTPHEADER, [*_ALWAYS, _WITH_BODY, *request.lines])
            curl.setopt(pycurl.POSTFIELDS, request.body)
        else:
            curl.setopt(pycurl.HTTPHEADER, [*_ALWAYS, *request.lines])

    def silent_seconds(self, now: float) -> float:
        """For how long nothing has come, as far as it was asked before; `now` is monotonic."""
        came = len(self._head) + len(self._body)
        if came != self._came:
            self._came, self._heard = came, now
        return now - self._heard

    def reply(self) -> HttpReply:
        """What came."""
        told, head = self.curl.getinfo, b"".join(self._head)
        head = head[head.rfind(_STATUS) + 1 :]  # what came before was on the way: a 100, or the answer of a proxy
        return HttpReply(told(pycurl.RESPONSE_CODE), head, b"".join(self._body), told(pycurl.TOTAL_TIME))


Requests: TypeAlias = Callable[[int], Sequence[tuple[_Key, HttpRequest]]]


class Transfers:
    """Sends requests, and keeps the connections. Bodies of more than `most_bytes` are not taken. Thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._idle: list[_Exchange] = []
        self._crowds: list[_Crowd[Any]] = []

    def ask(self, request: HttpRequest) -> HttpReply | None:
        """The answer to `request`; None if there is none.

        Raises botocore's `ReadTimeoutError` if a server that is there does not answer in time: to ask it once more
        would take twice that time.
        """
        exchange = self._idle.pop() if self._idle else _Exchange(self._most_bytes)
        try:
            exchange.begin(request)
            exchange.curl.perform()
        except (pycurl.error, UnicodeError) as error:
            was_there = exchange.curl.getinfo(pycurl.PRETRANSFER_TIME) > 0
            exchange.curl.close()
            if was_there and error.args[0] == pycurl.E_OPERATION_TIMEDOUT:
                raise ReadTimeoutError(endpoint_url=request.url, error=error.args[1]) from None
            return None
        reply = exchange.reply()
        self._idle.append(exchange)
        return reply

    def ask_all(
        self, requests: Requests[_Key], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[_Key, HttpReply | None]]:
        """The answers to `requests`, GETs only, as they come, at most `most` of them under way.

        `requests` is asked for the next ones, at most so many, just before they are sent; for none when there are no
        more. Those without an answer are left out. `patience` is asked several times a second: for how many seconds,
        counted from when it is finite, one that brings nothing is waited for. Then it is broken off, and comes as None;
        and no request is begun any more. If it is 0, all that are left are left out.
        """
        crowd = self._crowds.pop() if self._crowds else _Crowd[_Key](self._most_bytes)
        try:
            yield from crowd.answers(requests, most, patience)
        finally:
            crowd.leave()
            self._crowds.append(crowd)


class _Crowd(Generic[_Key]):
    """Exchanges that go on side by side, driven by the thread that waits for them."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._multi = pycurl.CurlMulti()
        self._idle: list[_Exchange] = []
        self._under_way: dict[pycurl.Curl, tuple[_Key, _Exchange]] = {}
        self._never = threading.Event()

    def answers(
        self, requests: Requests[_Key], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[_Key, HttpReply | None]]:
        """As `Transfers.ask_all`."""
        while (seconds := patience()) and self._fill(requests, most if seconds == inf else 0):
            self._multi.perform()
            under_way = len(self._under_way)
            for key, exchange in self._ended():
                reply = exchange.reply()
                self._idle.append(exchange)
                yield key, reply
            if len(self._under_way) == under_way:
                self._await(min(_LOOK_AGAIN_SECONDS, seconds / 8))
            if seconds < inf:
                yield from [(key, None) for key in self._break_off_silent(seconds)]

    def leave(self) -> None:
        """Break off what is still under way."""
        for curl in list(self._under_way):
            self._break_off(curl)

    def _break_off_silent(self, seconds: float) -> list[_Key]:
        now = time.monotonic()
        under_way = list(self._under_way.items())
        return [self._break_off(curl) for curl, (_, one) in under_way if one.silent_seconds(now) >= seconds]

    def _break_off(self, curl: pycurl.Curl) -> _Key:
        key, _ = self._under_way.pop(curl)
        self._multi.remove_handle(curl)
        curl.close()
        return key

    def _fill(self, requests: Requests[_Key], most: int) -> bool:
        """Begin what may begin; whether anything is under way."""
        while (room := most - len(self._under_way)) > 0 and (asked := requests(room)):
            for key, request in asked:
                exchange = self._idle.pop() if self._idle else _Exchange(self._most_bytes)
                with suppress(UnicodeError):  # a header that is no ASCII: boto3 knows what to do with it
                    exchange.begin(request)
                    self._multi.add_handle(exchange.curl)
                    self._under_way[exchange.curl] = key, exchange
        return bool(self._under_way)

    def _ended(self) -> list[tuple[_Key, _Exchange]]:
        """The exchanges that have their answer now; those that failed are forgotten."""
        answered: list[tuple[_Key, _Exchange]] = []
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            for curl in (*good, *(failed[0] for failed in bad)):
                self._multi.remove_handle(curl)
                ended = self._under_way.pop(curl)
                if curl in good:
                    answered.append(ended)
                else:
                    curl.close()
        return answered

    def _await(self, seconds: float) -> None:
        """Return when something has come, or after so long."""
        if self._multi.select(seconds) == _NOTHING_TO_WATCH:  # a name is being looked up
            self._never.wait(_NAP_SECONDS)
