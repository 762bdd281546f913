"""`trail-agent config`: the settings in effect, and the schema of the settings file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.report import fail_settings, show_warnings
from agent.errors import SettingsError

app = typer.Typer(name="config", help="Show the settings in effect, or the schema of the settings file.")


@app.callback(invoke_without_command=True)
def _config(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@app.command()
def show(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings file; without it, only the environment is used.")
    ] = None,
) -> None:
    """Print the effective settings as YAML, with secrets replaced by [redacted]."""
    import yaml

    from agent.settings import environment, load, redacted

    try:
        settings = load(config, environment())
    except SettingsError as error:
        fail_settings(error)
    typer.echo(yaml.safe_dump(redacted(settings), sort_keys=False, allow_unicode=True), nl=False)
    show_warnings(settings.warnings)


@app.command()
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of the settings file, for editors and for checks in a pipeline."""
    from agent.settings import schema as settings_schema

    typer.echo(json.dumps(settings_schema(), indent=2, ensure_ascii=False))
