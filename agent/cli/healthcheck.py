"""`trail-agent healthcheck`: for a container's HEALTHCHECK. It asks for liveness, never for readiness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.examples import examples

if TYPE_CHECKING:
    from agent.cli.agent_http import AgentAddress

_READ = 500
_TARGET = "/livez"
_USAGE = "must be an http:// address that names a host, such as http://127.0.0.1:9464/livez"


@examples(
    ("trail-agent healthcheck", "for the HEALTHCHECK of an image"),
    ("trail-agent healthcheck --url http://127.0.0.1:8080/livez", "where http.listen has another port"),
)
def healthcheck(
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="The agent's liveness endpoint.")
    ] = "http://127.0.0.1:9464/livez",
) -> None:
    """Exit with 0 if the agent is alive, with 1 if it is not or does not answer."""
    from agent.cli.agent_http import AgentAddress

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
    from agent.cli.agent_http import NoReplyError, get, one_line

    try:
        reply = get(address, _READ)
    except NoReplyError as error:
        return f"{address} does not answer: {error}"
    if reply.is_ok:
        return ""
    reason = "" if reply.text.lstrip().startswith("<") else one_line(reply.text)
    return f"{address} answers {reply.status}" + (f": {reason}" if reason else "")
