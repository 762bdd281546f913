"""`trail-agent check`: are the settings sound?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.report import fail_settings, show_warnings
from agent.errors import SettingsError

if TYPE_CHECKING:
    from agent.settings import Settings


def check(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings file; without it, only the environment is used.")
    ] = None,
) -> None:
    """Validate the settings and report all problems at once, each with its key and what to do."""
    from agent.settings import environment, load

    try:
        settings = load(config, environment())
    except SettingsError as error:
        fail_settings(error)
    for line in _summary(settings):
        typer.echo(f"✓ {line}")
    show_warnings(settings.warnings)


def _summary(settings: Settings) -> list[str]:
    from agent.settings import redacted_url

    queue, otlp = settings.queue, settings.otlp
    buckets = ", ".join(bucket.name for bucket in settings.buckets)
    count = f"{len(settings.buckets)} bucket{'s' if len(settings.buckets) > 1 else ''}"
    dead_letters = queue.dead_letter_url or "as the queue's redrive policy says"
    endpoint = redacted_url(otlp.endpoint if otlp.protocol == "grpc" else otlp.logs_url)
    return [
        f"settings: {count}, {settings.workers} workers, {settings.reads} reads at once",
        f"queue: {queue.url} in {queue.region}; dead letters: {dead_letters}",
        f"buckets: {buckets}",
        f"otlp: {endpoint} over {otlp.protocol}, {len(otlp.headers)} headers",
        f"http: {settings.http.listen}",
    ]
