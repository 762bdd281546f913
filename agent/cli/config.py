"""`trail-agent config`: the settings in effect, and the schema of the settings file."""

from __future__ import annotations

import json

import typer

from agent.cli.examples import examples
from agent.cli.options import Command, Group, SettingsFile
from agent.cli.report import load_or_fail, show_warnings

app = typer.Typer(name="config", cls=Group, help="Show the settings in effect, or the schema of the settings file.")


@app.callback(invoke_without_command=True)
@examples(
    ("trail-agent config show -c agent.yaml", "the settings as the file and the environment make them"),
    ("trail-agent config schema > agent.schema.json", "for an editor that completes and checks YAML"),
)
def _config(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@app.command(cls=Command)
@examples(
    ("trail-agent config show -c agent.yaml", "the settings as the file and the environment make them"),
)
def show(
    config: SettingsFile = None,
) -> None:
    """Print the effective settings as YAML, with secrets replaced by [redacted]."""
    import yaml

    from agent.settings import redacted

    settings = load_or_fail(config)
    typer.echo(yaml.safe_dump(redacted(settings), sort_keys=False, allow_unicode=True), nl=False)
    show_warnings(settings.warnings)


@app.command(cls=Command)
@examples(
    ("trail-agent config schema > agent.schema.json", "for an editor that completes and checks YAML"),
)
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of the settings file, for editors and for checks in a pipeline."""
    from agent.settings import schema as settings_schema

    typer.echo(json.dumps(settings_schema(), indent=2, ensure_ascii=False))
