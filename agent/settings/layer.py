"""One source of settings, read but not validated yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.settings.keys import Kind, Path, Tree, at, decode, keys, put


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the value at `path` cannot be used. `sentence` begins with the path and never holds the value."""

    path: Path
    sentence: str


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one source, as a tree of sections. `origins` says where the value at a path came from."""

    tree: Tree
    origins: Mapping[Path, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def decoded(layer: Layer) -> Layer:
    """The layer with its lists and maps decoded from text. What cannot be decoded is left out and reported."""
    problems: list[Problem] = []
    for key in keys():
        text = at(layer.tree, key.path)
        if key.kind is Kind.SCALAR or not isinstance(text, str):
            continue
        try:
            put(layer.tree, key.path, decode(key.kind, text))
        except ValueError as error:
            put(layer.tree, key.path, None)
            problems.append(Problem(key.path, f"{key.name}: {error}{came_from(layer.origins, key.path)}"))
    return Layer(layer.tree, layer.origins, (*layer.problems, *problems))


def came_from(origins: Mapping[Path, str], path: Path) -> str:
    """The end of a sentence about `path`: where the value came from, if that is not the settings file."""
    above = (path[:length] for length in range(len(path), 0, -1))
    origin = next((origins[place] for place in above if place in origins), None)
    if origin is None:
        below = {one for place, one in origins.items() if path and place[: len(path)] == path}
        origin = below.pop() if len(below) == 1 else ""
    return f" (from {origin})" if origin else ""
