"""The table of values in the chart's README.md, from values.yaml and its comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from tests.reference.chart import CHART, VALUES_SCHEMA

README: Final = CHART / "README.md"
_BLOCK: Final = re.compile(r"(?<=<!-- generated: values -->\n).*?(?=\n<!-- /generated -->)", re.DOTALL)


def readme() -> str:
    """The text of README.md with its table as values.yaml has it now."""
    table = "\n".join(["| value | default | what it does |", "|---|---|---|", *_rows()])
    return _BLOCK.sub(lambda _: table, README.read_text(encoding="utf-8"))


def _rows() -> Iterator[str]:
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    rules = json.loads(VALUES_SCHEMA.read_text(encoding="utf-8"))
    lines = text.splitlines()
    for name, node in _leaves("", yaml.compose(text, yaml.SafeLoader), rules):
        default = yaml.safe_load(yaml.serialize(node))
        shown = default if isinstance(default, str) else json.dumps(default)
        yield f"| `{name}` | {f'`{shown}`' if shown else ''} | {_comment(lines, node.start_mark.line, name)} |"


def _leaves(name: str, node: Any, rule: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each value that the schema does not take apart further."""
    if not rule.get("properties") or not isinstance(node, yaml.MappingNode):
        yield name, node
        return
    for key, value in node.value:
        path = f"{name}.{key.value}".lstrip(".")
        yield from _leaves(path, value, rule["properties"].get(key.value, {}))


def _comment(lines: list[str], line: int, name: str) -> str:
    """The first paragraph of the comment above the key, which may stand on the line before its value."""
    key = f"{name.rpartition('.')[2]}:"
    while not lines[line].lstrip().startswith(key):
        line -= 1
    first = line
    while lines[first - 1].lstrip().startswith("#"):
        first -= 1
    words = [one.strip().removeprefix("#").strip() for one in lines[first:line]]
    paragraph = words[: words.index("")] if "" in words else words
    return " ".join(paragraph).replace("|", "\\|")
