"""`trail-agent healthcheck`: for a container's HEALTHCHECK. It asks for liveness, never for readiness."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.agent_http import AgentAddress, NoReplyError, get, one_line

_READ = 500
_TARGET = "/livez"
_USAGE = "must be an http:// address that names a host, such as http://127.0.0.1:9464/livez"


def healthcheck(
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="The agent's liveness endpoint.")
    ] = "http://127.0.0.1:9464/livez",
) -> None:
    """Exit with 0 if the agent is alive, with 1 if it is not or does not answer."""
    try:
        address = AgentAddress.of(url, _TARGET)
    except ValueError as error:
        raise typer.BadParameter(_USAGE, param_hint="--url") from error
    problem = _problem(address)
    if problem:
        typer.echo(f"✗ {problem}", err=True)
        raise typer.Exit(1)


def _problem(address: AgentAddress) -> str:
    """Why the agent at `address` is not alive; empty if it is."""
    try:
        reply = get(address, _READ)
    except NoReplyError as error:
        return f"{address} does not answer: {error}"
    if reply.is_ok:
        return ""
    reason = "" if reply.text.lstrip().startswith("<") else one_line(reply.text)
    return f"{address} answers {reply.status}" + (f": {reason}" if reason else "")
