"""What the command line asks of a replay, and what of it a checkpoint has to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.replay.log_wish import LogWish
from agent.replay.notes import Arguments
from agent.replay.span import Span
from agent.settings import Settings, redacted_url


@dataclass(frozen=True, slots=True)
class ReplayWishes:
    """What the command line asks for. `since_given` is the text of `--since`, `until_given` that of `--until`, empty if
    it was not given. Without a `log` it is the buckets.

    `caution` is what is to be said first.
    """

    span: Span
    caution: str
    since_given: str
    until_given: str = ""
    prefixes: Sequence[str] = ()
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    checkpoint: Path | None = None
    files: Path | None = None
    dry_run: bool = False
    keep_going: bool = False
    log: LogWish | None = None


def arguments_of(settings: Settings, wishes: ReplayWishes, owner: str) -> Arguments:
    """Those that another run with the same checkpoint must have, too. `owner` is whose log it is, if it tells."""
    log = wishes.log
    buckets = log.buckets() if log else tuple(sorted(bucket.name for bucket in settings.buckets))
    return Arguments(
        buckets=buckets,
        prefixes=tuple(sorted(wishes.prefixes)),
        accounts=(owner,) if owner else () if log else tuple(sorted(wishes.accounts or settings.accounts)),
        regions=() if log else tuple(sorted(wishes.regions or settings.regions)),
        since=wishes.span.since,
        since_given=wishes.since_given,
        until=wishes.span.until,
        until_given=wishes.until_given,
        select=settings.select.model_dump(mode="json"),
        record=settings.record.model_dump(mode="json"),
        destination=destination_of(settings, wishes),
    )


def destination_of(settings: Settings, wishes: ReplayWishes) -> str:
    """Where the records go: a folder, or an address without its secrets."""
    if wishes.files:
        return f"files in {wishes.files.resolve()}"
    return redacted_url(settings.otlp.logs_url)
