"""`trail-agent top`: what the running agents do, in a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.examples import examples
from agent.cli.spans import seconds_between

if TYPE_CHECKING:
    from agent.cli.top_view import Moment
    from agent.cli.watched import WatchedAgent

_UNAVAILABLE = 69
_HERE = "http://127.0.0.1:9464"
_GLANCE_SECONDS = 0.3  # so soon most agents have answered, and so soon a key is noticed
_CTRL_C = 130

_Urls = Annotated[
    list[str] | None,
    typer.Argument(metavar="URL…", help=f"The agents' HTTP addresses; without one, {_HERE}.", show_default=False),
]
_Once = Annotated[bool, typer.Option("--once", help="Print it once as plain text, and end; 69 if no agent answers.")]
_Json = Annotated[bool, typer.Option("--json", help="With --once: as one JSON object with an entry for each agent.")]
_Every = Annotated[
    float,
    typer.Option(
        "--every", metavar="TIME", parser=seconds_between(0.5, 3600), help="How often to ask, such as 5s or 1m."
    ),
]


@examples(
    ("trail-agent top", "the agent on this machine, until q"),
    ("trail-agent top --once http://10.0.0.1:9464 http://10.0.0.2:9464", "two replicas and their sum, once, as text"),
)
def top(urls: _Urls = None, *, once: _Once = False, as_json: _Json = False, every: _Every = 2.0) -> None:
    """Watch running agents: flow, rates, ages, what is waited for, dead letters. q or Ctrl-C ends."""
    from agent.cli.watched import WatchedAgent

    if as_json and not once:
        raise typer.BadParameter("goes with --once", param_hint="--json")
    try:
        agents = [WatchedAgent.of(url) for url in dict.fromkeys(urls or [_HERE])]
    except ValueError as error:
        raise typer.BadParameter(f"{error}, such as {_HERE}", param_hint="URL") from error
    if once or not _may_be_drawn_on():
        _show_once(agents, as_json=as_json)
    else:
        _watch(agents, every)


def _may_be_drawn_on() -> bool:
    """Whether standard output is a terminal that can place text; TERM=dumb says that it cannot."""
    from rich.console import Console

    return sys.stdout.isatty() and not Console().is_dumb_terminal


def _show_once(agents: Sequence[WatchedAgent], *, as_json: bool) -> None:
    from agent.cli.output import wide_console
    from agent.cli.top_view import view
    from agent.cli.watched import Questions

    now = _now()
    questions = Questions(agents)
    questions.ask(now.monotonic)
    questions.wait()
    if as_json:
        typer.echo(json.dumps({"at": now.unix, "agents": [one.told() for one in agents]}, ensure_ascii=False))
    else:
        console = wide_console()
        with console.capture() as shown:
            console.print(view(agents, now))
        typer.echo("\n".join(line.rstrip() for line in shown.get().splitlines()))
    if all(one.is_away or one.is_only_asked for one in agents):
        raise typer.Exit(_UNAVAILABLE)


def _watch(agents: Sequence[WatchedAgent], every: float) -> None:
    from rich.console import Console
    from rich.live import Live

    from agent.cli.keyboard import END, Keyboard
    from agent.cli.top_view import view
    from agent.cli.watched import Questions
    from agent.signals import ending_at_once, exit_code_of

    keyboard, questions, due = Keyboard(), Questions(agents), 0.0
    hint = "q ends" if keyboard.is_there else "Ctrl-C ends"
    try:
        screen = Live(console=Console(highlight=False), screen=True, auto_refresh=False)
        with ending_at_once(), keyboard.listening(), screen as live:
            while True:
                if (now := _now().monotonic) >= due:
                    questions.ask(now)
                    due = now + every
                have_ended = questions.wait(_GLANCE_SECONDS)
                live.update(view(agents, _now(), hint=hint), refresh=True)
                left = max(due - time.monotonic(), 0.0)
                keys = keyboard.wait(left if have_ended else min(left, _GLANCE_SECONDS))
                if any(key in ("q", "Q", END) for key in keys):
                    return
    except KeyboardInterrupt as error:
        if exit_code_of(error) != _CTRL_C:  # Ctrl-C is how it is meant to end
            raise typer.Exit(exit_code_of(error)) from None


def _now() -> Moment:
    from agent.cli.top_view import Moment

    return Moment(time.time(), time.monotonic())
