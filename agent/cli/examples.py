"""Examples of command lines, with which the help of each command ends. They stand beside the command that they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

_ATTRIBUTE: Final = "examples"
_F = TypeVar("_F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Example:
    """A command line to copy, and what it does."""

    line: str
    does: str


def examples(*pairs: tuple[str, str]) -> Callable[[_F], _F]:
    """Give a command its examples: each a command line, and what it does in a few words."""

    def give(command: _F) -> _F:
        setattr(command, _ATTRIBUTE, tuple(Example(*pair) for pair in pairs))
        return command

    return give


def examples_of(command: object) -> Sequence[Example]:
    """Those of a command's function; typer's wrapper of the function has them, too."""
    found = getattr(command, _ATTRIBUTE, ())
    return found if isinstance(found, tuple) else ()


def text_of(command: object) -> str:
    """The examples as the help shows them; empty if there is none."""
    return "".join(f"{line}\n" for line in _lines(examples_of(command)))


def _lines(shown: Sequence[Example]) -> Iterator[str]:
    for number, one in enumerate(shown):
        yield "" if number else (" Examples:" if len(shown) > 1 else " Example:")
        yield f"   # {one.does}"
        yield f"   {one.line}"
