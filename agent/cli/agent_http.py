"""What a running agent answers over HTTP. No proxy is asked: the agent is on this machine, or near."""

from __future__ import annotations

import http.client
import io
import socket
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from agent.errors import printable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_SECONDS: Final = 5.0
_SHOWN: Final = 200


class NoReplyError(Exception):
    """Nothing answers; the text says how, in one line that is safe to show."""


@dataclass(frozen=True, slots=True)
class AgentAddress:
    """Where to ask, and for what. The user name and password of a URL are left out."""

    host: str
    port: int
    target: str

    @classmethod
    def of(cls, url: str, target: str) -> Self:
        """The address in `url`, with `target` if it has no path; raises `ValueError` if there is none."""
        parts = urlsplit(url)
        port = 80 if parts.port is None else parts.port
        sound = url.isascii() and url.isprintable() and " " not in url
        if not sound or parts.scheme != "http" or not parts.hostname or not port:
            raise ValueError("must be an http:// address that names a host")
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.hostname, port, (parts.path or target) + query)

    @property
    def place(self) -> str:
        """Host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"http://{self.place}{self.target}"


@dataclass(frozen=True, slots=True)
class PageReply:
    """What came back. `is_whole`: there was no more than was wanted."""

    status: int
    text: str
    is_whole: bool = True

    @property
    def is_ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == http.client.OK


class _InTime(io.RawIOBase):
    """What comes through a socket before `until` (monotonic seconds), however slowly or fast it comes."""

    def __init__(self, connected: socket.socket, incoming: io.RawIOBase, until: float) -> None:
        super().__init__()
        self._connected = connected
        self._incoming = incoming
        self._until = until

    def readable(self) -> bool:
        """It is for nothing else."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """As every raw stream; raises `TimeoutError` once the time is over."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connected.settimeout(left)
        return self._incoming.readinto(buffer)

    def close(self) -> None:
        """The socket's, too."""
        self._incoming.close()
        super().close()


class _ResponseInTime(http.client.HTTPResponse):
    """The timeout of `http.client` is that of each read: who sends a byte now and then is never late."""

    def __init__(self, sock: socket.socket, *, until: float, **more: Any) -> None:
        super().__init__(sock, **more)
        self.fp = io.BufferedReader(_InTime(sock, self.fp.detach(), until))


def get(address: AgentAddress, most_bytes: int, seconds: float = _SECONDS) -> PageReply:
    """Ask once, and read so many bytes at most; raises `NoReplyError`, also if it is not all there in time."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=seconds)
    connection.response_class = partial(_ResponseInTime, until=time.monotonic() + seconds)  # type: ignore[assignment]
    try:
        connection.request("GET", address.target)
        answer = connection.getresponse()
        body = answer.read(most_bytes + 1)
        return PageReply(answer.status, body[:most_bytes].decode(errors="replace"), len(body) <= most_bytes)
    except (OSError, http.client.HTTPException, UnicodeError) as error:  # UnicodeError: not a valid host name
        how = getattr(error, "strerror", None) or str(error)
        raise NoReplyError(one_line(how) or type(error).__name__) from error
    finally:
        connection.close()


def one_line(text: str) -> str:
    """The first line of `text`, without anything that could steer a terminal."""
    first = next(iter(text.strip().splitlines()), "")
    return printable(first[:_SHOWN])
