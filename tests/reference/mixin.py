"""What deploy/mixin makes: the rules for Prometheus and Loki, and the dashboards, as plain files.

A rule's hidden field `why` becomes the comment above it: both readers, of the mixin and of the file, are told.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import _jsonnet
import yaml

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
MIXIN: Final = DEPLOY / "mixin"
DASHBOARDS: Final = DEPLOY / "grafana" / "dashboards"
_WIDTH: Final = 120
_ORDER: Final = "name interval alert record expr for labels annotations summary description".split()
_ALL: Final = """
local told(groups) = [
  group { rules: [rule { why::: std.get(rule, 'why', '', inc_hidden=true) } for rule in group.rules] }
  for group in groups
];
local mixin = import 'mixin.libsonnet';
{
  prometheus: told(mixin.prometheusRules.groups + mixin.prometheusAlerts.groups),
  loki: told(mixin.lokiRules.groups),
  dashboards: mixin.grafanaDashboards,
}
"""


def compiled(snippet: str) -> Any:
    """The value of a jsonnet expression that may import from deploy/mixin."""
    return json.loads(_jsonnet.evaluate_snippet("snippet", snippet, jpathdir=[str(MIXIN)]))


def mixin_files() -> Mapping[Path, str]:
    """The text of each file that the mixin makes."""
    made = _made()
    dashboards = {DASHBOARDS / name: _as_json(one) for name, one in made["dashboards"].items()}
    return {
        DEPLOY / "prometheus" / "rules.yaml": _as_yaml(made["prometheus"], "Prometheus (rule_files)"),
        DEPLOY / "loki" / "rules.yaml": _as_yaml(made["loki"], "Loki's ruler"),
        **dashboards,
    }


@cache
def _made() -> Any:
    return compiled(_ALL)


def _as_json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _as_yaml(groups: list[dict[str, Any]], reader: str) -> str:
    header = f"# Rules for {reader}. Made from deploy/mixin by `make docs`: change them there.\n"
    if not groups:
        return f"{header}groups: []\n"
    return header + "groups:\n" + "\n".join(line for group in groups for line in _group(group)) + "\n"


def _group(group: dict[str, Any]) -> Iterator[str]:
    head = {key: value for key, value in group.items() if key != "rules"}
    yield from _item(head, 2)
    yield "    rules:"
    for rule in group["rules"]:
        yield from (f"      # {line}" for line in textwrap.wrap(rule["why"], _WIDTH - 8))
        yield from _item({key: value for key, value in rule.items() if key != "why"}, 6)


def _item(mapping: dict[str, Any], indent: int) -> Iterator[str]:
    """The mapping as an item of a list, that many blanks from the left."""
    text = yaml.dump(_ordered(mapping), Dumper=_Dumper, sort_keys=False, width=_WIDTH - indent - 2, allow_unicode=True)
    dash = "- "
    for line in text.splitlines():
        yield (" " * indent + dash + line).rstrip()
        dash = "  "


def _ordered(node: Any) -> Any:
    """As people write it: jsonnet sorts all fields by name."""
    if not isinstance(node, dict):
        return node
    return {key: _ordered(node[key]) for key in sorted(node, key=lambda key: (*_ORDER, key).index(key))}


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they stand; long ones folded."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else ">" if len(text) > _WIDTH * 2 // 3 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
