"""Options that several commands share, and how the help lists options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from agent.cli.examples import text_of

if TYPE_CHECKING:
    from typer._click import HelpFormatter
    from typer._click.core import Context, Parameter  # typer keeps its click to itself, and names it in signatures

_ALL = "all"

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        readable=False,  # what cannot be read is told with all other problems of settings
        help="Settings file; without it, only the environment is used.",
    ),
]


def known_profiles(names: list[str] | None) -> list[str] | None:
    """`names` as they are, if each is a profile's, or `all`. The option may be given several times."""
    from agent.records.profiles import BY_NAME, nearest

    if not names:
        return None
    given = _split(names)
    there_are = f"there are {', '.join(BY_NAME)}, and {_ALL} for all of them"
    if not given:
        raise typer.BadParameter(f"names no profile; {there_are}")
    if unknown := [name for name in given if name not in (*BY_NAME, _ALL)]:
        meant = [one for name in unknown if (one := nearest(name))]
        near = f"; did you mean {' and '.join(meant)}?" if len(meant) == len(unknown) else ""
        verb = "is no profile" if len(unknown) == 1 else "are no profiles"
        raise typer.BadParameter(f"{' and '.join(unknown)} {verb}{near or f'; {there_are}'}")
    return names


def complete_profiles(incomplete: str) -> list[tuple[str, str]]:
    """What a shell offers for a list of profiles of which the last name is not finished: the lists, and titles."""
    from agent.records.profiles import BY_NAME

    before, comma, begun = incomplete.rpartition(",")
    named = _split([before])
    titles = {**{name: profile.title for name, profile in BY_NAME.items()}, **({} if named else {_ALL: "all of them"})}
    return [
        (f"{before}{comma}{name}", title)
        for name, title in titles.items()
        if name.startswith(begun.strip()) and name not in named
    ]


def profile_names(names: list[str] | None) -> list[str]:
    """The profiles that `a,b` and `c` name, each once; `all` stands for every one."""
    from agent.records.profiles import BY_NAME

    given = _split(names or [])
    return list(BY_NAME) if _ALL in given else list(dict.fromkeys(given))


def _split(names: list[str]) -> list[str]:
    return [name.strip() for name in ",".join(names).split(",") if name.strip()]


class _PlainArgument(TyperArgument):
    """An argument that is shown as it is called: `ID`, or `[ID…]` where there may be none, and no type beside it."""

    def _usage_display_name(self) -> str:
        return self.display_name_raw if self.required else f"[{self.display_name_raw}]"

    def display_type_rich(self, ctx: Context) -> str:  # noqa: ARG002 - as typer calls it
        """Nothing: the name says what it is."""
        return ""


class Command(TyperCommand):
    """A command whose help ends with examples, and shows no type for its flags, which take no value."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options and arguments, `--help` included."""
        return _flags_without_type(super().get_params(ctx))

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The help, and below it the examples."""
        super().format_help(ctx, formatter)
        _show_examples(self, formatter)


class Group(TyperGroup):
    """A group of commands whose help ends with examples, and shows no type for its flags."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options, `--help` included."""
        return _flags_without_type(super().get_params(ctx))

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The help, and below it the examples."""
        super().format_help(ctx, formatter)
        _show_examples(self, formatter)


def _show_examples(of: TyperCommand | TyperGroup, formatter: HelpFormatter) -> None:
    """Below the help, which rich has printed already, or which is still to be printed, where rich is turned off."""
    shown = text_of(of.callback)
    if formatter.getvalue():
        formatter.write(f"\n{shown}")
    elif shown:
        typer.echo(shown)


def _flags_without_type(params: list[Parameter]) -> list[Parameter]:
    for param in params:
        if isinstance(param, TyperOption) and param.is_flag:
            param.metavar = ""
        elif isinstance(param, TyperArgument):
            param.__class__ = _PlainArgument  # typer lets nobody name the class
    return params
