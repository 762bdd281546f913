"""What `replay` can name: behind `--from` beside the buckets, logs that give events, and behind `--to` a form of files.

Each log is one row of a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from agent.replay.log_wish import LogWish
    from agent.settings import Settings

BUCKETS: Final = "buckets"
_EVENT_HISTORY: Final = "event-history"
_EVENT_LOGS: Final = "event-logs"
_SPACE: Final = re.compile(r"(?=.{3,63}$)[a-zA-Z0-9]+(?:[-_.][a-zA-Z0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says beside `--from`. `of_buckets` are those of its options that only buckets have."""

    regions: Sequence[str]
    of_buckets: Sequence[str]
    spaces: Sequence[str] = ()


def _event_history(settings: Settings, asked: Asked) -> LogWish:
    from agent.replay.history_log import wish_for

    polled = settings.event_history.regions if settings.event_history else ()
    regions = asked.regions or polled or settings.regions or [one for one in (settings.home_region,) if one]
    if not regions:
        raise typer.BadParameter(
            f"is needed with --from {_EVENT_HISTORY}: neither the settings nor AWS_REGION name a region",
            param_hint="--region",
        )
    check_regions(regions, "--region" if asked.regions else "AWS_REGION")
    return wish_for(regions)


def _event_logs(settings: Settings, asked: Asked) -> LogWish:
    from agent.choices import make_selector
    from agent.replay.space_logs import wish_for
    from agent.trail.log_item import EVENT_SOURCE

    if not asked.spaces:
        raise typer.BadParameter(f"is needed with --from {_EVENT_LOGS}", param_hint="--space")
    if asked.regions:
        raise typer.BadParameter(f"is nothing that {_EVENT_LOGS} have", param_hint="--region")
    if not make_selector(settings.select).may_select(EVENT_SOURCE):
        raise typer.BadParameter(
            f"{_EVENT_LOGS} has events of {EVENT_SOURCE} only, and the settings select none of them: look at "
            "select.profiles and select.event_sources",
            param_hint="--from",
        )
    return wish_for(asked.spaces)


_LOGS: Final[Mapping[str, Callable[[Settings, Asked], LogWish]]] = {
    _EVENT_HISTORY: _event_history,
    _EVENT_LOGS: _event_logs,
}

SOURCES: Final = (BUCKETS, *_LOGS)


def of_buckets(prefixes: Sequence[str] | None, accounts: Sequence[str] | None) -> list[str]:
    """Which of the options were given that only buckets have."""
    return [name for name, given in (("--prefix", prefixes), ("--account", accounts)) if given]


def check_regions(given: Sequence[str], where: str = "--region") -> None:
    """Raises `typer.BadParameter` for what cannot be the name of a region; `where` it was given."""
    from agent.settings.regions import known_region

    for one in given:
        try:
            known_region(one, f"'{one}' is no AWS region")
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=where) from error


def complete_sources(incomplete: str) -> list[tuple[str, str]]:
    """What a shell offers behind `--from`."""
    told = (
        "the buckets of the settings",
        "CloudTrail's Event history, without a trail",
        "CodeCatalyst's own event logs",
    )
    return [(name, what) for name, what in zip(SOURCES, told, strict=True) if name.startswith(incomplete)]


def complete_regions(incomplete: str) -> list[str]:
    """What a shell offers behind `--region`."""
    from agent.settings.regions import KNOWN_REGIONS

    return [name for name in KNOWN_REGIONS if name.startswith(incomplete)]


def checked_source(given: str) -> str:
    """What `--from` names, if there is such a thing."""
    if given not in SOURCES:
        raise typer.BadParameter(f"'{given}' is no source; there are: {', '.join(SOURCES)}")
    return given


def checked_spaces(given: list[str] | None) -> list[str] | None:
    """What `--space` names, if spaces can have such names."""
    if wrong := next((one for one in given or [] if not _SPACE.fullmatch(one)), None):
        raise typer.BadParameter(f"'{wrong}' is no name of a space: 3 to 63 letters, digits, and -_. between them")
    return given


def checked_target(given: tuple[str, str] | None) -> tuple[str, str] | None:
    """What `--to` names. Nothing is shipped, or written somewhere else, because a variable of a shell is empty."""
    if given and given[0] != "jsonl":
        raise typer.BadParameter(f"'{given[0]}' is no form; there is jsonl: --to jsonl DIR")
    if given and not given[1].strip():
        raise typer.BadParameter("no folder is named: --to jsonl DIR; the one in which you are is .")
    return given


def complete_target(args: list[str], incomplete: str) -> list[tuple[str, str]]:
    """What a shell offers behind `--to`: its first value; of its second one it knows more itself."""
    told = [("jsonl", "JSON lines, to files below a folder")]
    return [] if args[-1:] == ["jsonl"] else [one for one in told if one[0].startswith(incomplete)]


def checked_options(source: str, asked: Asked) -> Asked:
    """What is asked, if no option of it is another source's, whatever the settings are."""
    if asked.spaces and source != _EVENT_LOGS:
        raise typer.BadParameter(f"goes with --from {_EVENT_LOGS}", param_hint="--space")
    if asked.of_buckets and source != BUCKETS:
        raise typer.BadParameter(f"is about buckets, and not about {source}", param_hint=asked.of_buckets[0])
    return asked


def log_wish(source: str, settings: Settings, asked: Asked) -> LogWish | None:
    """The log that is to be read; None for the buckets."""
    return None if source == BUCKETS else _LOGS[source](settings, asked)
