"""`trail-agent healthcheck`: for a container's HEALTHCHECK. It asks for liveness, never for readiness."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import Annotated, Self
from urllib.parse import urlsplit

import typer

_SECONDS = 5
_READ = 500
_SHOWN = 200
_USAGE = "must be an http:// address that names a host, such as http://127.0.0.1:9464/livez"


def healthcheck(
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="The agent's liveness endpoint.")
    ] = "http://127.0.0.1:9464/livez",
) -> None:
    """Exit with 0 if the agent is alive, with 1 if it is not or does not answer."""
    try:
        address = _Address.of(url)
    except ValueError as error:
        raise typer.BadParameter(_USAGE, param_hint="--url") from error
    problem = _problem(address)
    if problem:
        typer.echo(f"✗ {problem}", err=True)
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Address:
    """Where to ask, and for what. The user name and password of a URL are left out."""

    host: str
    port: int
    target: str

    @classmethod
    def of(cls, url: str) -> Self:
        """The address in `url`; raises `ValueError` if there is none."""
        parts = urlsplit(url)
        port = 80 if parts.port is None else parts.port
        sound = url.isascii() and url.isprintable() and " " not in url
        if not sound or parts.scheme != "http" or not parts.hostname or not port:
            raise ValueError(_USAGE)
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.hostname, port, (parts.path or "/livez") + query)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.target}"


def _problem(address: _Address) -> str:
    """Why the agent at `address` is not alive; empty if it is. No proxy is asked: the agent is on this machine."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_SECONDS)
    try:
        connection.request("GET", address.target)
        answer = connection.getresponse()
        text = answer.read(_READ).decode(errors="replace")
    except (OSError, http.client.HTTPException, UnicodeError) as error:  # UnicodeError: not a valid host name
        return f"{address} does not answer: {_one_line(str(error)) or type(error).__name__}"
    finally:
        connection.close()
    if answer.status == http.client.OK:
        return ""
    reason = "" if text.lstrip().startswith("<") else _one_line(text)
    return f"{address} answers {answer.status}" + (f": {reason}" if reason else "")


def _one_line(text: str) -> str:
    """The first line of `text`, without anything that could steer a terminal."""
    first = next(iter(text.strip().splitlines()), "")
    return "".join(one if one.isprintable() else "?" for one in first[:_SHOWN])
