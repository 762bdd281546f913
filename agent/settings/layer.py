"""One source of settings, read but not yet judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.settings.keys import Kind, Path, Tree, at, decode, keys, put


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the value at `path` cannot be used. `sentence` begins with the path and holds no value."""

    path: Path
    sentence: str


@dataclass(frozen=True, slots=True)
class Layer:
    """Values of one source, as a tree of sections. `origins` says of a path from where it came, for problems."""

    tree: Tree
    origins: Mapping[Path, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def decoded(layer: Layer) -> Layer:
    """The layer with lists and maps that were written as text read; what cannot be read is left out and reported."""
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
    """The end of a sentence about `path`: its source, where that is one and not the settings file."""
    above = (path[:length] for length in range(len(path), 0, -1))
    origin = next((origins[place] for place in above if place in origins), None)
    if origin is None:
        below = {one for place, one in origins.items() if path and place[: len(path)] == path}
        origin = below.pop() if len(below) == 1 else ""
    return f" (from {origin})" if origin else ""
