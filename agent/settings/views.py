"""Settings as others read them: redacted for people, as JSON Schema for editors, as a table for the README."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from agent.settings.keys import Key, Tree, entry_of, keys
from agent.settings.root import Settings
from agent.settings.urls import REDACTED, redacted_url

_DEPTH = 2  # below it, sections are optional
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def redacted(settings: Settings) -> Tree:
    """The effective settings as plain values; header values, external ids and what a URL hides are replaced."""
    tree = _plain(settings)
    if not isinstance(tree, dict):
        raise TypeError("settings are a mapping")
    return tree


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, SecretStr):
        return REDACTED
    if isinstance(value, str) and "://" in value:
        return redacted_url(value)
    return str(value) if isinstance(value, Path) else value


def schema() -> Tree:
    """The JSON Schema (draft 2020-12) of the settings file. A key that has a default may be null."""
    generated: Tree = Settings.model_json_schema()
    definitions = generated.get("$defs")
    models = [generated, *(definitions.values() if isinstance(definitions, dict) else [])]
    for model in models:
        model["properties"] = {
            name: one if name in model.get("required", ()) else _nullable(one)
            for name, one in model["properties"].items()
        }
    return {"$schema": _DIALECT, **generated}


def _nullable(given: Mapping[str, object]) -> Tree:
    rest = dict(given)
    title, description, default = rest.pop("title", None), rest.pop("description", None), rest.pop("default", None)
    options = rest["anyOf"] if isinstance(rest.get("anyOf"), list) else [rest]
    alternatives = options if {"type": "null"} in options else [*options, {"type": "null"}]  # type: ignore[operator,misc]
    shown = {"title": title, "description": description}
    return {
        **{name: text for name, text in shown.items() if text},
        "anyOf": alternatives,
        **({"default": default} if default not in (None, "") else {}),
    }


def settings_table() -> str:
    """Markdown: one row per key with its default and what it does."""
    rows = [f"| `{row.name}` | {_default(row)} | {row.field.description} |" for row in _rows()]
    return "\n".join(["| key | default | what it does |", "|---|---|---|", *rows]) + "\n"


def _rows() -> Iterator[Key]:
    for key in keys():
        yield key
        entry = entry_of(key.field)
        fields = entry.model_fields.items() if entry else ()
        yield from (Key((f"{key.name}[]", name), field, key.kind) for name, field in fields)


def _default(key: Key) -> str:
    default = key.field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return "required" if len(key.path) <= _DEPTH else "required in this section"
    if default is None or default == "":
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"
