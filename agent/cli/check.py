"""`trail-agent check`: are the settings sound?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from agent.cli.examples import examples
from agent.cli.options import SettingsFile
from agent.cli.report import load_or_fail, show_warnings
from agent.errors import number_of

if TYPE_CHECKING:
    from agent.settings import Settings


@examples(
    ("trail-agent check -c agent.yaml", "every mistake in the settings, before anything starts"),
)
def check(
    config: SettingsFile = None,
) -> None:
    """Validate the settings and report all problems at once, each with its key and what to do."""
    settings = load_or_fail(config)
    for line in _summary(settings):
        typer.echo(f"✓ {line}")
    show_warnings(settings.warnings)


def _summary(settings: Settings) -> list[str]:
    from agent.settings import redacted_url

    queue, otlp = settings.queue, settings.otlp
    buckets = ", ".join(bucket.name for bucket in settings.buckets)
    counts = (
        number_of(len(settings.buckets), "bucket"),
        number_of(settings.workers, "worker"),
        f"{number_of(settings.reads, 'read')} at once",
    )
    dead_letters = queue.dead_letter_url or "as the queue's redrive policy says"
    endpoint = redacted_url(otlp.logs_url)
    return [
        f"settings: {', '.join(counts)}",
        f"queue: {queue.url} in {queue.region}; dead letters: {dead_letters}",
        f"buckets: {buckets}",
        f"events: {_selected(settings)}",
        f"otlp: {endpoint} over {otlp.protocol}, {number_of(len(otlp.headers), 'header')}",
        f"http: {settings.http.listen}",
    ]


def _selected(settings: Settings) -> str:
    """The selected profiles and event sources."""
    select = settings.select
    names = [*select.profiles, *("the whole trail" if source == "*" else source for source in select.event_sources)]
    return ", ".join(names)
