"""What the Helm chart repeats: the schema of the agent's settings, the alerts and the dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from agent.settings import schema

CHART: Final = Path(__file__).parents[2] / "deploy" / "helm" / "trail-agent"
VALUES_SCHEMA: Final = CHART / "values.schema.json"
_PART: Final = "settings."
_LEFT_OUT: Final = frozenset({"$schema", "$defs", "title", "default"})


def copies() -> Mapping[Path, str]:
    """The files of the chart that stand elsewhere in deploy/, with their texts: Helm reads nothing outside a chart."""
    deploy = CHART.parents[1]
    dashboards = (deploy / "grafana" / "dashboards").glob("*.json")
    sources = {
        CHART / "files" / "rules.yaml": deploy / "prometheus" / "rules.yaml",
        **{CHART / "files" / "dashboards" / path.name: path for path in dashboards},
    }
    return {copy: source.read_text(encoding="utf-8") for copy, source in sources.items()}


def values_schema() -> str:
    """The text of values.schema.json: what people wrote there, with the settings as the agent has them now.

    Old versions of Helm read draft-07; the settings' own schema is draft 2020-12. In what it uses, only `$defs` is
    not the same.
    """
    written: dict[str, Any] = json.loads(VALUES_SCHEMA.read_text(encoding="utf-8"))
    own = {name: one for name, one in written["definitions"].items() if not name.startswith("settings")}
    settings = schema()
    parts: dict[str, Any] = {_PART + name: _rewritten(part) for name, part in _members(settings["$defs"])}
    for name in _optional(settings):
        parts[_PART + name]["type"] = ["object", "null"]
    written["definitions"] = {**own, "settings": _rewritten(settings), **parts}
    return json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def _members(node: object) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        yield from node.items()


def _optional(node: object) -> Iterator[str]:
    """The parts that may also be null: a section whose keys are all commented out."""
    match node:
        case {"anyOf": [{"$ref": str(part)}, {"type": "null"}]}:
            yield part.removeprefix("#/$defs/")
        case list():
            for one in node:
                yield from _optional(one)
        case dict():
            for one in node.values():
                yield from _optional(one)


def _rewritten(node: Any) -> Any:
    """The same in draft-07. A type or null is one type: what is wrong is then told in one line, and not in three."""
    match node:
        case list():
            return [_rewritten(one) for one in node]
        case {"anyOf": [{"$ref": str(part)}, {"type": "null"}]} | {"$ref": str(part)}:
            return {"$ref": part.replace("#/$defs/", f"#/definitions/{_PART}")}
        case {"anyOf": [{"type": str(kind), "enum": list(values), **rest}, {"type": "null"}], **others}:
            return _rewritten({**others, **rest, "enum": [*values, None], "type": [kind, "null"]})
        case {"anyOf": [{"type": str(kind), **rest}, {"type": "null"}], **others}:
            return _rewritten({**others, **rest, "type": [kind, "null"]})
        case dict():
            return {name: _rewritten(one) for name, one in node.items() if name not in _LEFT_OUT}
        case _:
            return node
