"""The settings for readers: redacted for people, as JSON Schema for editors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, SecretStr

from agent.settings.keys import Tree
from agent.settings.root import Settings
from agent.settings.urls import REDACTED, redacted_url

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def redacted(settings: Settings) -> Tree:
    """The effective settings as plain values; header values, external ids and the secret parts of URLs are replaced."""
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
