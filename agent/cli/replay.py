"""`trail-agent replay`: ships history out of the buckets."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from agent.cli.examples import examples
from agent.cli.options import SettingsFile
from agent.cli.replay_logs import (
    BUCKETS,
    Asked,
    check_regions,
    checked_options,
    checked_source,
    checked_spaces,
    checked_target,
    complete_regions,
    complete_sources,
    complete_target,
    log_wish,
    of_buckets,
)
from agent.errors import number_of

if TYPE_CHECKING:
    from agent.replay.log_wish import LogWish
    from agent.replay.span import Span
    from agent.replay.wishes import ReplayWishes
    from agent.settings import Settings

_USAGE = 2
_UNAVAILABLE = 69
_AFTER_A_SIGNAL = 128
_ACCOUNT = re.compile("[0-9]{12}", re.ASCII)
_REGION = re.compile("[a-z]{2,5}(-[a-z]+)+-[0-9][a-z0-9-]*", re.ASCII)


def _prefixes(given: list[str] | None) -> list[str] | None:
    from agent.replay.streams import normal_prefix

    try:
        return [normal_prefix(one) for one in given or []]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _accounts(given: list[str] | None) -> list[str] | None:
    if wrong := next((one for one in given or [] if not _ACCOUNT.fullmatch(one)), None):
        raise typer.BadParameter(f"'{wrong}' is no account id: 12 digits")
    return given


def _regions(given: list[str] | None) -> list[str] | None:
    """Where the buckets tell which regions there are, they are asked: any name of a folder may be one."""
    check_regions([one for one in given or [] if not _REGION.fullmatch(one)])
    return given


def _place(given: Path | None) -> Path | None:
    """The checkpoint's file itself, where a link leads to it: it is written anew, and the link stays."""
    if given is None:
        return None
    if given.exists() and not given.is_file() and not given.is_dir():
        raise typer.BadParameter(f"{given} is no file, but a device or a pipe: it keeps nothing")
    return given.resolve() if given.is_symlink() else given


_Since = Annotated[
    str,
    typer.Option(
        "--since",
        metavar="TIME",
        help="From when on: 2026-10-05, 2026-10-05T12:00+02:00, 30d, 1d12h. Without a zone it is UTC. It is the time "
        "in the name of an object, some minutes after its events.",
    ),
]
_Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Up to, and without, this time; default: now."),
]
_Prefixes = Annotated[
    list[str] | None,
    typer.Option(
        "--prefix",
        metavar="FOLDER",
        callback=_prefixes,
        help="The folder in which AWSLogs/ is; by default, it is looked for. May be given several times.",
    ),
]
_Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", metavar="ID", callback=_accounts, help="Only this account. May be given several times."),
]
_Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="NAME",
        callback=_regions,
        autocompletion=complete_regions,
        help="Only this region. May be given several times.",
    ),
]
_CheckpointFile = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        callback=_place,
        help="Remember the place in this file: the same command again goes on there, and tries again what could not be "
        "shipped.",
    ),
]
_To = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--to",
        metavar="jsonl DIR",
        callback=checked_target,
        autocompletion=complete_target,
        help="Write JSON lines to files below DIR, no OTLP.",
    ),
]
_Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=1, max=256, help="In place of the setting workers.")
]
_KeepGoing = Annotated[bool, typer.Option("--keep-going", help="Go on even if ten objects in a row cannot be shipped.")]
_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Count objects, bytes, requests, time and cost by listing; read nothing.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")]


_From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="SOURCE",
        callback=checked_source,
        autocompletion=complete_sources,
        help="`buckets`, or without any trail `event-history`: CloudTrail's Event history of the regions (--region), "
        "which has the management events of the last 90 days; or `event-logs`: CodeCatalyst's own log of a --space, "
        "which takes a bearer token (`aws sso login`). Then --since and --until are about the time of events, and no "
        "queue or bucket need be set.",
    ),
]
_Spaces = Annotated[
    list[str] | None,
    typer.Option(
        "--space",
        metavar="NAME",
        callback=checked_spaces,
        help="With --from event-logs: this space. May be given several times.",
    ),
]


@examples(
    ("trail-agent replay -c agent.yaml --since 30d --dry-run", "how much would it be?"),
    ("trail-agent replay -c agent.yaml --since 30d --checkpoint replay.checkpoint", "ship it; run again, it goes on"),
    (
        "trail-agent replay --from event-history --since 90d --to jsonl history",
        "without a trail; take it along, as files",
    ),
)
def replay(
    *,
    since: _Since,
    config: SettingsFile = None,
    until: _Until = None,
    source: _From = BUCKETS,
    space: _Spaces = None,
    prefix: _Prefixes = None,
    account: _Accounts = None,
    region: _Regions = None,
    checkpoint: _CheckpointFile = None,
    to: _To = None,
    workers: _Workers = None,
    keep_going: _KeepGoing = False,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Ship the history in the buckets, oldest first, as if the queue had announced it; the agent's metrics do not move.

    What could not be shipped is listed at the end, and the exit code is 69.
    """
    from agent.replay.wishes import ReplayWishes

    asked = checked_options(source, Asked(region or [], of_buckets(prefix, account), space or []))
    settings = _settings(config, workers, account or [], region or [], source)
    log = log_wish(source, settings, asked)
    wishes = ReplayWishes(
        *_span(since, until, log),
        since_given=since.strip(),
        until_given=(until or "").strip(),
        prefixes=prefix or [],
        accounts=account or [],
        regions=region or [],
        checkpoint=checkpoint,
        files=Path(to[1]) if to else None,
        dry_run=dry_run,
        keep_going=keep_going,
        log=log,
    )
    _run(settings, wishes, config, as_json=as_json)


def _span(since: str, until: str | None, log: LogWish | None) -> tuple[Span, str]:
    """What the options say, as far as the log has it, and what is left out of it for now, if anything."""
    from agent.cli.spans import read_span
    from agent.replay.span import SpanError, shown

    now = datetime.now(UTC)
    try:
        span = read_span(since, until, now)
        within = log.within(span, now) if log else span
    except SpanError as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from error
    if log and within.until < span.until:
        minutes = number_of(round(log.late.total_seconds() / 60), "minute")
        return within, (
            f"{log.name} may still get events of the last {minutes}: they are left to a later run, from "
            f"{shown(within.until)} UTC on"
        )
    return within, ""


def _settings(
    config: Path | None, workers: int | None, accounts: Sequence[str], regions: Sequence[str], source: str
) -> Settings:
    from agent.cli.report import fail_settings
    from agent.errors import SettingsError
    from agent.settings import environment, load

    own = {"workers": workers} if workers else None
    try:
        settings = load(config, environment(), own, needs_source=source == BUCKETS)
    except SettingsError as error:
        fail_settings(error, config)
    _check_listed(accounts, settings.accounts, "--account", "accounts")
    if source == BUCKETS:
        _check_listed(regions, settings.regions, "--region", "regions")
    return settings


def _check_listed(given: Sequence[str], listed: Sequence[str], option: str, key: str) -> None:
    """Raises `typer.BadParameter` for what the settings leave out: nothing of it would be read."""
    if unlisted := [one for one in given if listed and one not in listed]:
        raise typer.BadParameter(f"{unlisted[0]} is not listed under {key} in the settings", param_hint=option)


def _run(settings: Settings, wishes: ReplayWishes, config: Path | None, *, as_json: bool) -> None:
    from agent.cli.report import fail_settings, told_bug
    from agent.errors import DependencyError, SettingsError
    from agent.pulse import SystemClock
    from agent.replay.checkpoint import CheckpointError
    from agent.replay.ending import StoppedError
    from agent.replay.replay_report import never_begun, printed
    from agent.replay.replaying import replay as run_replay
    from agent.replay.screen import Screen
    from agent.signals import SignalInbox

    screen = Screen(sys.stderr, SystemClock(), settings.log.format)
    try:
        with SignalInbox() as inbox, screen:
            report = run_replay(settings, wishes, inbox, screen)
    except SettingsError as error:
        fail_settings(error, config)
    except (DependencyError, CheckpointError, StoppedError) as error:
        is_stopped = isinstance(error, StoppedError)
        mark = "!" if is_stopped else "✗"
        for place, line in enumerate(str(error).splitlines()):
            screen.say(f"{mark} {line}" if place == 0 else f"  {line.strip()}")
        if as_json:
            typer.echo(never_begun(str(error), is_stopped=is_stopped))
        if isinstance(error, StoppedError):
            _end(error.exit_code)
        raise typer.Exit(_USAGE if isinstance(error, CheckpointError) else _UNAVAILABLE) from error
    except Exception as error:
        raise told_bug(error, "the replay. Nothing is lost: run it again.") from error
    typer.echo(printed(report, as_json=as_json))
    if report.exit_code > _AFTER_A_SIGNAL:
        _end(report.exit_code)
    raise typer.Exit(report.exit_code)


def _end(code: int) -> NoReturn:
    """At once: threads that wait for S3 must not hold up whoever sent a signal, and all that counts is written."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
