"""What a running agent answers over HTTP. No proxy is asked: the agent is on this machine, or near."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from agent.errors import printable

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
    """What came back."""

    status: int
    text: str

    @property
    def is_ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == http.client.OK


def get(address: AgentAddress, most_bytes: int, seconds: float = _SECONDS) -> PageReply:
    """Ask once, and read so many bytes at most; raises `NoReplyError`."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=seconds)
    try:
        connection.request("GET", address.target)
        answer = connection.getresponse()
        return PageReply(answer.status, answer.read(most_bytes).decode(errors="replace"))
    except (OSError, http.client.HTTPException, UnicodeError) as error:  # UnicodeError: not a valid host name
        how = getattr(error, "strerror", None) or str(error)
        raise NoReplyError(one_line(how) or type(error).__name__) from error
    finally:
        connection.close()


def one_line(text: str) -> str:
    """The first line of `text`, without anything that could steer a terminal."""
    first = next(iter(text.strip().splitlines()), "")
    return printable(first[:_SHOWN])
