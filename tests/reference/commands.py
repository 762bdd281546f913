"""The commands for docs/commands.md, as typer knows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import typer.main

from agent.cli.app import app
from agent.cli.examples import Example, examples_of


def commands() -> str:
    """Markdown: a heading for each command, what it does, and a table of what it takes."""
    return "\n".join(_sections("trail-agent", typer.main.get_command(app)))


def _sections(name: str, command: Any) -> Iterator[str]:
    below = getattr(command, "commands", {})
    if not below:
        yield from _section(name, command)
    for word, one in below.items():
        yield from _sections(f"{name} {word}", one)


def _section(name: str, command: Any) -> Iterator[str]:
    arguments = [_shown(one) for one in command.params if one.param_type_name == "argument"]
    yield f"### {name}\n"
    yield f"`{' '.join((name, '[OPTIONS]', *arguments))}`\n"
    yield f"{command.help}\n"
    yield "| option | default | what it does |\n|---|---|---|"
    for one in command.params:
        yield f"| `{_shown(one)}` | {_default(one)} | {one.help} |"
    yield f"| `--help`, `-h` |  | {_help_of_help(command)} |\n"
    if shown := examples_of(command.callback):
        yield _block(shown)


def _block(shown: Sequence[Example]) -> str:
    return "\n".join(["```sh", *(f"{one.line}  # {one.does}" for one in shown), "```\n"])


def _help_of_help(command: Any) -> str:
    option = command.get_help_option(command.make_context(None, [], resilient_parsing=True))
    return str(option.help)


def _shown(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar)
    names = sorted(param.opts, key=len, reverse=True)
    value = "" if param.is_flag else " " + (param.metavar or "\\|".join(param.type_descriptor.annotation))
    return "`, `".join(name + value for name in names)


def _default(param: Any) -> str:
    if param.required:
        return "required"
    default = param.default
    return "" if default in (None, False) else f"`{getattr(default, 'value', default)}`"
