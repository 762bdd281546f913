"""`trail-agent check`: are the settings sound? With `--online`: is everything there that they name?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from agent.cli.examples import examples
from agent.cli.options import SettingsFile
from agent.cli.report import EXIT_SETTINGS, fail_settings, show_warnings
from agent.cli.spans import seconds_between
from agent.errors import SettingsError, number_of

if TYPE_CHECKING:
    from agent.checks.finding import Check
    from agent.settings import Settings

_UNAVAILABLE = 69


@examples(
    ("trail-agent check -c agent.yaml", "every mistake in the settings, before anything starts"),
    ("trail-agent check -c agent.yaml --online", "and whether all that they name is there, with what to do"),
    ("trail-agent check -c agent.yaml --online --json", "the same for a program, an object a line"),
)
def check(
    config: SettingsFile = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also look at all that the settings name. Nothing is changed there.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for each check and each problem of the settings.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="TIME",
            parser=seconds_between(0.1, 50),
            help="How long to wait for an answer, such as 5s.",
        ),
    ] = 10.0,
) -> None:
    """Validate the settings and report all problems at once, each with its key and what to do.

    Exits with 78 if there is one. With --online, every check has a line: ✓ sound, ✗ the agent would not do its work,
    ! look at it. Exits with 69 if one is ✗.
    """
    from agent.settings import environment, load

    try:
        settings = load(config, environment())
        cautions = () if online else _of_checkpoint(settings)  # online, there is a line of its own for it
        _tell_settings(settings, [*settings.warnings, *cautions], as_json=as_json)
        sound = not online or _look(settings, timeout, as_json=as_json)
    except SettingsError as error:
        _fail(error, as_json=as_json)
    if not sound:
        raise typer.Exit(_UNAVAILABLE)


def _of_checkpoint(settings: Settings) -> Sequence[str]:
    """What to look at in the checkpoint file of Event history; raises `SettingsError` where `run` would not start."""
    from agent.history.place_file import ahead_in, trouble_with
    from agent.pulse import SystemClock

    follows = settings.event_history
    if trouble := trouble_with(follows):
        if settings.queue is None:
            raise SettingsError([trouble])
        return [f"{trouble}; until then `run` ships what the queue announces, and reads no region"]
    ahead = ", ".join(ahead_in(follows, SystemClock().time()))
    told = (
        f"event_history.checkpoint_file: its place of {ahead} is ahead of this clock, which was wrong once, or is now; "
        "`run` goes on overlap_seconds before now: what happened before may be left out"
    )
    return [told] if ahead else []


def _tell_settings(settings: Settings, warnings: Sequence[str], *, as_json: bool) -> None:
    """That they can be used, and what is probably wrong with them."""
    from agent.checks.finding import Status
    from agent.cli.check_line import as_object, of_settings, sound_settings

    lines = _summary(settings)
    if not as_json:
        for line in lines:
            typer.echo(f"✓ {line}")
        show_warnings(warnings)
        return
    typer.echo(as_object(sound_settings("; ".join(lines))))
    for warning in warnings:
        typer.echo(as_object(of_settings(warning, Status.CAUTION)))


def _fail(error: SettingsError, *, as_json: bool) -> NoReturn:
    """Tell each problem, and end with exit code 78."""
    from agent.checks.finding import Status
    from agent.cli.check_line import as_object, of_settings

    if not as_json:
        fail_settings(error, then="Correct them in the file or the environment, and check them again.")
    for problem in error.problems:
        typer.echo(as_object(of_settings(problem, Status.FAILED)))
    raise typer.Exit(EXIT_SETTINGS)


def _look(settings: Settings, seconds: float, *, as_json: bool) -> bool:
    """Print the results as they come; False if a check failed."""
    from agent.checks.lineup import Lineup, is_sound
    from agent.cli.check_line import as_object, as_text, summary
    from agent.pulse import SystemClock

    told: list[Check] = []
    for one in Lineup(settings, seconds, SystemClock()).examine():
        told.append(one)
        typer.echo(as_object(one) if as_json else as_text(one))
    if not as_json:
        typer.echo(summary(told))
    return is_sound(told)


def _summary(settings: Settings) -> list[str]:
    from agent.settings import redacted_url

    otlp = settings.otlp
    counts = (
        *((number_of(len(settings.buckets), "bucket"),) if settings.buckets else ()),
        number_of(settings.workers, "worker"),
        f"{number_of(settings.reads, 'read')} at once",
    )
    endpoint = redacted_url(otlp.logs_url)
    return [
        f"settings: {', '.join(counts)}",
        *_sources(settings),
        f"events: {_selected(settings)}",
        f"otlp: {endpoint} over {otlp.protocol}, {number_of(len(otlp.headers), 'header')}",
        f"http: {settings.http.listen}",
    ]


def _sources(settings: Settings) -> Iterator[str]:
    """Where the events come from."""
    if queue := settings.queue:
        dead_letters = queue.dead_letter_url or "as the queue's redrive policy says"
        yield f"queue: {queue.url} in {queue.region}; dead letters: {dead_letters}"
        yield f"buckets: {', '.join(bucket.name for bucket in settings.buckets)}"
    if history := settings.event_history:
        begin = (
            f"remembered in {history.checkpoint_file}" if history.checkpoint_file else "not remembered over restarts"
        )
        yield (
            f"event history: {', '.join(history.regions)}, every {history.poll_seconds} s, "
            f"{history.overlap_seconds} s back; {begin}"
        )


def _selected(settings: Settings) -> str:
    """The selected profiles and event sources."""
    select = settings.select
    names = [*select.profiles, *("the whole trail" if source == "*" else source for source in select.event_sources)]
    return ", ".join(names)
