"""`trail-agent healthcheck`: for a container's HEALTHCHECK. Asks for liveness, never for readiness."""

from __future__ import annotations

import http.client
from typing import Annotated
from urllib.parse import urlsplit

import typer

_SECONDS = 5
_SHOWN = 500


def healthcheck(
    url: Annotated[str, typer.Option("--url", help="The agent's liveness endpoint.")] = "http://127.0.0.1:9464/livez",
) -> None:
    """Exit with 0 if the agent is alive, with 1 if it is not or does not answer."""
    problem = _problem(url)
    if problem:
        typer.echo(f"✗ {problem}", err=True)
        raise typer.Exit(1)


def _problem(url: str) -> str:
    """Why the agent at `url` is not alive; empty if it is. No proxy is asked: the agent is on this machine."""
    address = urlsplit(url)
    if address.scheme != "http" or not address.hostname:
        raise typer.BadParameter(f"{url!r} is no http:// address", param_hint="--url")
    connection = http.client.HTTPConnection(address.hostname, address.port or 80, timeout=_SECONDS)
    try:
        connection.request("GET", address.path or "/livez")
        answer = connection.getresponse()
        text = answer.read(_SHOWN).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"{url} does not answer: {error}"
    finally:
        connection.close()
    return "" if answer.status == http.client.OK else f"{url} answers {answer.status}: {text}"
