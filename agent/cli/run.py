"""`trail-agent run`: the daemon."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agent.cli.examples import examples
from agent.cli.options import SettingsFile

_UNAVAILABLE = 69


@examples(
    ("trail-agent run -c agent.yaml --dry-run", "reads and counts; ships nothing, deletes nothing"),
    ("trail-agent run -c agent.yaml", "ships until SIGTERM or Ctrl-C"),
)
def run(
    config: SettingsFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count; export and delete nothing.")] = False,
    require_healthy: Annotated[
        bool,
        typer.Option(
            "--require-healthy", help="Exit with 69 if the queue, Event history or the sink does not answer at start."
        ),
    ] = False,
) -> None:
    """Ship the selected events, by default CodeCatalyst's, until SIGTERM or SIGINT."""
    from agent.cli.report import fail_settings, told_bug
    from agent.errors import DependencyError, SettingsError
    from agent.signals import SignalInbox

    try:
        with SignalInbox() as inbox:  # before the imports, which take half a second: from here on a stop signal counts
            from agent import settings
            from agent.daemon import RunOptions
            from agent.daemon import run as run_daemon

            supervisor = settings.take_supervisor()
            loaded = settings.load(config, settings.environment())
            options = RunOptions(dry_run=dry_run, require_healthy=require_healthy, supervisor=supervisor)
            run_daemon(loaded, options, inbox, sys.stderr)
    except SettingsError as error:
        fail_settings(error, config)
    except DependencyError as error:
        typer.echo(f"✗ {error}", err=True)
        raise typer.Exit(_UNAVAILABLE) from error
    except Exception as error:
        raise told_bug(error, "trail-agent. Nothing is lost: the messages in hand come again.") from error
