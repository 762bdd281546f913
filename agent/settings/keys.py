"""The list of all keys, taken from the models: their paths, environment variables, descriptions and defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import get_args, get_origin

from pydantic.fields import FieldInfo

from agent.settings.headers import parse_pairs
from agent.settings.root import Settings
from agent.settings.sections import Section

PREFIX = "TRAIL_AGENT_"
DELIMITER = "__"

Path = tuple[str, ...]
Tree = dict[str, object]


class Kind(Enum):
    """How a key's value is written where only text is possible: in an environment variable or a `${env:...}`."""

    SCALAR = auto()
    LIST = auto()
    ENTRIES = auto()
    MAP = auto()


@dataclass(frozen=True, slots=True)
class Key:
    """One setting. `path` leads to it from the top of the file."""

    path: Path
    field: FieldInfo
    kind: Kind

    @property
    def name(self) -> str:
        """The path as problems and tables show it."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + DELIMITER.join(self.path).upper()


@cache
def keys() -> tuple[Key, ...]:
    """Every key that is not a section, in the order of the models."""
    return tuple(_walk(Settings, ()))


def in_map(path: Path) -> bool:
    """Whether the path leads to an entry of a map whose names the operator chooses, such as `otlp.headers`."""
    return any(key.kind is Kind.MAP and key.path == path[: len(key.path)] != path for key in keys())


def section_of(field: FieldInfo) -> type[Section] | None:
    """The model of a key that is a section itself, optional or not."""
    candidates = (field.annotation, *get_args(field.annotation))
    return next((one for one in candidates if isinstance(one, type) and issubclass(one, Section)), None)


def entry_of(field: FieldInfo) -> type[Section] | None:
    """The model of the entries of a key that is a list of sections."""
    return section_of(field) if get_origin(field.annotation) is tuple else None


def _walk(model: type[Section], above: Path) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        path = (*above, name)
        section = section_of(field)
        if section is not None and entry_of(field) is None:
            yield from _walk(section, path)
        else:
            yield Key(path, field, _kind(field))


def _kind(field: FieldInfo) -> Kind:
    origin = get_origin(field.annotation)
    if origin is tuple:
        return Kind.ENTRIES if entry_of(field) else Kind.LIST
    return Kind.MAP if isinstance(origin, type) and issubclass(origin, Mapping) else Kind.SCALAR


def decode(kind: Kind, text: str) -> object:
    """What `text` means for a key of this kind: JSON, or the short form (`a,b` for lists, `k=v,k2=v2` for maps)."""
    stripped = text.strip()
    if kind is Kind.SCALAR:
        return text
    if stripped.startswith(("[", "{")):
        return _json(stripped)
    if kind is Kind.MAP:
        return parse_pairs(stripped)
    names = [name.strip() for name in stripped.split(",") if name.strip()]
    return [{"name": name} for name in names] if kind is Kind.ENTRIES else names


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not valid JSON (line {error.lineno}, column {error.colno})") from None  # holds the text
    except (ValueError, RecursionError):
        raise ValueError("is not valid JSON") from None


def leaves(tree: Mapping[str, object], above: Path = ()) -> Iterator[Path]:
    """The paths of everything in a tree that is not a mapping."""
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name)


def at(tree: Mapping[str, object], path: Path) -> object:
    """The value at a path; None if there is none."""
    found: object = tree
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def put(tree: Tree, path: Path, value: object) -> None:
    """Write a value at a path, making the sections above it."""
    for name in path[:-1]:
        below = tree.get(name)
        if not isinstance(below, dict):
            below = tree[name] = {}
        tree = below
    tree[path[-1]] = value


def merged(low: Mapping[str, object], high: Mapping[str, object]) -> Tree:
    """Both trees, merged key by key. Where both have a value, `high` wins."""
    result = dict(low)
    for name, value in high.items():
        below = result.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[name] = merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def without_nulls(tree: Mapping[str, object], model: type[Section] = Settings) -> Tree:
    """The tree without the known keys that are null: null means the default. Unknown keys and maps stay as they are."""
    return {
        name: _without_nulls(model.model_fields[name], value) if name in model.model_fields else value
        for name, value in tree.items()
        if value is not None or name not in model.model_fields
    }


def _without_nulls(field: FieldInfo, value: object) -> object:
    section = section_of(field)
    if section is None:
        return value
    if isinstance(value, list):
        return [without_nulls(one, section) if isinstance(one, dict) else one for one in value]
    return without_nulls(value, section) if isinstance(value, dict) else value
