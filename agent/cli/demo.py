"""`trail-agent demo`: shows generated events in the real daemon. It needs no account and no network."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.examples import examples
from agent.cli.options import complete_profiles, known_profiles, profile_names
from agent.errors import number_of

if TYPE_CHECKING:
    from rich.console import Console

    from agent.demo.runner import Wishes
    from agent.demo.serving import Address
    from agent.demo.show import Show

_Serve = Annotated[
    str | None,
    typer.Option(
        "--serve",
        metavar="HOST:PORT",
        help="Only emulate the account, at this address, with new events; the agent runs elsewhere.",
    ),
]
_UNAVAILABLE = 69
_BUG = 70


@examples(
    ("trail-agent demo --once", "one batch of events, and whether all of them arrived"),
    ("trail-agent demo --profiles identity,pipeline", "with events of Identity Center and of builds, until Ctrl-C"),
)
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the first batch; exit with 0 only if every event arrived.")
    ] = False,
    profiles: Annotated[
        list[str] | None,
        typer.Option(
            "--profiles",
            metavar="NAMES",
            help="Mix in events of these profiles, such as codeconnections,identity; or all.",
            callback=known_profiles,
            autocompletion=complete_profiles,
        ),
    ] = None,
    otlp_endpoint: Annotated[
        str | None,
        typer.Option(
            "--otlp-endpoint", metavar="URL", help="Ship to this Collector or Loki, not to the built-in receiver."
        ),
    ] = None,
    serve: _Serve = None,
) -> None:
    """Show generated events, of CodeCatalyst and with --profiles of others, in the real daemon, until Ctrl-C."""
    if otlp_endpoint is not None:
        _check(otlp_endpoint)
    address = _address(serve, others=once or otlp_endpoint is not None)
    from rich.console import Console

    from agent.demo.runner import Wishes
    from agent.signals import exit_code_of

    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that is not UTF-8 still shows lines
    console = Console(highlight=False)
    try:
        chosen = tuple(profile_names(profiles))
        code = _demo(console, Wishes(once, otlp_endpoint, chosen), address)
    except KeyboardInterrupt as error:
        code = exit_code_of(error)
    raise typer.Exit(code)


def _check(otlp_endpoint: str) -> None:
    from agent.demo.sinks import endpoint_problem

    if problem := endpoint_problem(otlp_endpoint):
        raise typer.BadParameter(problem, param_hint="--otlp-endpoint")


def _address(serve: str | None, *, others: bool) -> Address | None:
    """Where `--serve` says; None if it is not there."""
    if serve is None:
        return None
    if others:
        raise typer.BadParameter("runs no agent: --once and --otlp-endpoint do not go with it", param_hint="--serve")
    from pydantic import ValidationError

    from agent.demo.serving import Address
    from agent.settings import HttpSettings

    try:
        http = HttpSettings(listen=serve)
    except ValidationError:
        raise typer.BadParameter(
            "must be host:port, such as 127.0.0.1:5000 or 0.0.0.0:5000", param_hint="--serve"
        ) from None
    return Address(http.host, http.port)


def _demo(console: Console, wishes: Wishes, address: Address | None) -> int:
    from agent.demo.runner import run
    from agent.demo.serving import serve
    from agent.demo.show import Show
    from agent.demo.shown_daemon import DaemonEndedError, NotReadyError
    from agent.errors import DependencyError
    from agent.signals import interruptible

    show = Show(console)
    try:
        with interruptible() as stopping:
            if address:
                serve(address, wishes.profiles, show, stopping)
                return 0
            faults = run(wishes, show, stopping)
    except DependencyError as error:
        return _failed(show, str(error), [], _UNAVAILABLE)
    except NotReadyError as error:
        return _failed(show, str(error), error.last_lines, _UNAVAILABLE)
    except DaemonEndedError as error:
        return _failed(show, str(error), error.last_lines, _BUG)
    if wishes.once and faults:
        return _failed(show, f"{number_of(len(faults), 'event')} did not arrive as written", faults, _UNAVAILABLE)
    return 0


def _failed(show: Show, what: str, details: list[str], code: int) -> int:
    show.verdict(what, good=False)
    for line in details:
        show.say(f"  {line}")
    return code
