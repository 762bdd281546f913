"""What deploy/mixin makes as plain files: rules for Prometheus and Loki, tests of the rules, and the dashboards.

Hidden fields of a rule are for its readers: `why` becomes the comment above it, `runbook` its entry in docs/alerts.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import _jsonnet

from tests.reference import plain_yaml

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
MIXIN: Final = DEPLOY / "mixin"
PROMETHEUS: Final = DEPLOY / "prometheus"
LOKI: Final = DEPLOY / "loki"
DASHBOARDS: Final = DEPLOY / "grafana" / "dashboards"
_RULES: Final = """
local told(groups) = [
  {
    fields: group { rules:: [] },
    rules: [
      {
        fields: rule,
        why: std.get(rule, 'why', '', inc_hidden=true),
        runbook: std.get(rule, 'runbook', null, inc_hidden=true),
      }
      for rule in group.rules
    ],
  }
  for group in groups
];
local mixin = import 'mixin.libsonnet';
{
  prometheus: told(mixin.prometheusRules.groups + mixin.prometheusAlerts.groups),
  loki: told(mixin.lokiRules.groups),
}
"""
_TESTS: Final = "import 'tests/tests.libsonnet'"
_DASHBOARDS: Final = "(import 'mixin.libsonnet').grafanaDashboards"
_MADE: Final = "Made from deploy/mixin by `make docs`: change them there."


@dataclass(frozen=True, slots=True)
class Runbook:
    """What an operator is told of an alert, and the LogQL that shows more. `what` is empty where `means` says it."""

    when: str
    what: str
    means: str
    todo: str
    query: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as Prometheus or Loki gets it, with what is said of it elsewhere."""

    fields: Mapping[str, Any]
    why: str
    runbook: Runbook | None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of rules; `fields` are its name and how often it is evaluated."""

    fields: Mapping[str, Any]
    rules: Sequence[Rule]


@cache
def compiled(snippet: str) -> Any:
    """The value of a jsonnet expression that may import from deploy/mixin. All tests share it: change nothing in it."""
    return json.loads(_jsonnet.evaluate_snippet("snippet", snippet, jpathdir=[str(MIXIN)]))


def groups(reader: str) -> list[Group]:
    """The groups of rules for `prometheus` or `loki`."""
    return [_group(one) for one in compiled(_RULES)[reader]]


@cache
def mixin_files() -> Mapping[Path, str]:
    """The text of each file that the mixin makes."""
    tests, dashboards = compiled(_TESTS).items(), compiled(_DASHBOARDS).items()
    return {
        PROMETHEUS / "rules.yaml": _rules("Alerts and recording rules for Prometheus (rule_files).", "prometheus"),
        LOKI / "rules.yaml": _rules("Alerts for Loki's ruler.", "loki"),
        **{PROMETHEUS / name: _tests(name, one) for name, one in tests},
        **{DASHBOARDS / name: json.dumps(one, indent=2, ensure_ascii=False) + "\n" for name, one in dashboards},
    }


def _group(told: Mapping[str, Any]) -> Group:
    return Group(told["fields"], [_rule(one) for one in told["rules"]])


def _rule(told: Mapping[str, Any]) -> Rule:
    runbook = told["runbook"]
    return Rule(told["fields"], told["why"], Runbook(**runbook) if runbook else None)


def _rules(what: str, reader: str) -> str:
    lines = [f"# {what} {_MADE}", "groups:", *(line for group in groups(reader) for line in _lines(group))]
    return "\n".join(lines) + "\n"


def _lines(group: Group) -> Iterator[str]:
    yield from plain_yaml.item(group.fields, 2)
    yield "    rules:"
    for rule in group.rules:
        yield from plain_yaml.comment(rule.why, 6)
        yield from plain_yaml.item(rule.fields, 6)


def _tests(name: str, file: Mapping[str, Any]) -> str:
    head = {key: value for key, value in file.items() if key != "tests"}
    lines = [f"# promtool test rules deploy/prometheus/{name}", f"# {_MADE}", *plain_yaml.mapping(head), "tests:"]
    return "\n".join([*lines, *(line for test in file["tests"] for line in plain_yaml.item(test, 2))]) + "\n"
