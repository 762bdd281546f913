"""YAML as people write it: their order of keys, long texts folded, small mappings in one line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

_WIDTH: Final = 120
_FOLDED: Final = 80  # a text longer than this is folded
_FLAT: Final = 100  # a mapping of scalars that is not longer than this stands in one line
_ORDER: Final = """
name interval alert record expr for labels annotations summary description
rule_files evaluation_interval group_eval_order input_series series values alert_rule_test promql_expr_test
eval_time alertname exp_alerts exp_samples exp_labels exp_annotations
""".split()


def comment(text: str, indent: int) -> Iterator[str]:
    """`text` as lines of a comment, that many blanks from the left."""
    for line in textwrap.wrap(text, _WIDTH - indent - 2):
        yield f"{' ' * indent}# {line}"


def item(fields: Mapping[str, Any], indent: int) -> Iterator[str]:
    """The mapping as an item of a list, that many blanks from the left."""
    dash = "- "
    for line in mapping(fields, _WIDTH - indent - 2):
        yield (" " * indent + dash + line).rstrip()
        dash = "  "


def mapping(fields: Mapping[str, Any], width: int = _WIDTH) -> list[str]:
    """The mapping, line by line."""
    text = yaml.dump(_Block(_ordered(fields)), Dumper=_Dumper, sort_keys=False, width=width, allow_unicode=True)
    return str(text).splitlines()


def _ordered(node: Any) -> Any:
    """With the keys as people write them: jsonnet sorts them by name."""
    match node:
        case dict():
            return {key: _ordered(node[key]) for key in sorted(node, key=lambda key: (*_ORDER, key).index(key))}
        case list():
            return [_ordered(one) for one in node]
        case _:
            return node


class _Block(dict[str, Any]):
    """A mapping that has a line for each key, however short it is."""


class _Dumper(yaml.SafeDumper):
    """Never with anchors, and a list stands deeper than its key."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else ">" if len(text) > _FOLDED else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _fields(dumper: yaml.SafeDumper, fields: dict[str, Any]) -> yaml.MappingNode:
    scalars = all(isinstance(value, str | int | float) for value in fields.values())
    is_flat = scalars and sum(len(f"{key}: {value}, ") for key, value in fields.items()) <= _FLAT
    return dumper.represent_mapping("tag:yaml.org,2002:map", fields, flow_style=is_flat)


def _block(dumper: yaml.SafeDumper, fields: _Block) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", fields, flow_style=False)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Block, _block)
_Dumper.add_representer(dict, _fields)
