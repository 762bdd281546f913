"""Options that several commands share, and how the help lists options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    from typer._click.core import Context, Parameter  # typer keeps its click to itself, and names it in signatures

SettingsFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Settings file; without it, only the environment is used."),
]


def known_profiles(names: str | None) -> str | None:
    """`names` as they are, if each is a profile's."""
    from agent.records.profiles import BY_NAME

    if unknown := [name for name in profile_names(names) if name not in BY_NAME]:
        raise typer.BadParameter(f"{unknown[0]} is no profile; there are {', '.join(BY_NAME)}")
    return names


def profile_names(names: str | None) -> list[str]:
    """The names in `a,b`."""
    return [name.strip() for name in (names or "").split(",") if name.strip()]


class Command(TyperCommand):
    """A command whose help shows no type for its flags: they take no value."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options and arguments, `--help` included."""
        return _flags_without_type(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands whose help shows no type for its flags."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options, `--help` included."""
        return _flags_without_type(super().get_params(ctx))


def _flags_without_type(params: list[Parameter]) -> list[Parameter]:
    for param in params:
        if isinstance(param, TyperOption) and param.is_flag:
            param.metavar = ""
    return params
