"""The table of settings for docs/settings.md, drawn from the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pydantic_core import PydanticUndefined

from agent.settings.keys import Key, entry_of, keys

_OPTIONAL: Final = (("event_history",), ("aws", "assume_role"))
_SOURCE: Final = (("queue", "url"), ("buckets",))


def settings_table() -> str:
    """Markdown: one row per key with its default and what it does."""
    rows = [f"| `{row.name}` | {_default(row)} | {row.field.description} |" for row in _rows()]
    return "\n".join(["| key | default | what it does |", "|---|---|---|", *rows])


def _rows() -> Iterator[Key]:
    for key in keys():
        yield key
        entry = entry_of(key.field)
        fields = entry.model_fields.items() if entry else ()
        yield from (Key((f"{key.name}[]", name), field, key.kind) for name, field in fields)


def _default(key: Key) -> str:
    if key.path in _SOURCE:
        return "required without `event_history`"
    default = key.field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        is_optional = any(key.path[: len(section)] == section for section in _OPTIONAL)
        return "required in this section" if is_optional else "required"
    if default is None or default == "":
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"
