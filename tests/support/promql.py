"""The PromQL that ships: every expression of the rules and of the dashboards, and what is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import promql_parser
import yaml

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
RULES: Final = DEPLOY / "prometheus" / "rules.yaml"
DASHBOARDS: Final = DEPLOY / "grafana" / "dashboards"

BUILT_IN: Final[Mapping[str, str]] = {
    "__rate_interval": "5s",
    "__interval": "1s",
    "__interval_ms": "1000",
    "__range": "1m",
    "__range_s": "60",
    "__range_ms": "60000",
}
"""What Grafana puts in for its own variables, for a Prometheus that scrapes twice a second."""

_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
_LABEL_VALUES: Final = re.compile(r"label_values\((?:(.+),)?\s*(\w+)\s*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression, the place where it stands, and what it is there: an alert, a record, a panel or a variable."""

    place: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def rules(path: Path = RULES) -> Iterator[Mapping[str, Any]]:
    """Every rule of a file, in its order."""
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


def of_rules(path: Path = RULES) -> Iterator[Expression]:
    """The expressions of alerts and recording rules."""
    for rule in rules(path):
        kind = "alert" if "alert" in rule else "record"
        yield Expression(rule[kind], kind, rule["expr"])


def dashboards() -> list[Path]:
    """The files of the dashboards."""
    return sorted(DASHBOARDS.glob("*.json"))


def of_dashboard(path: Path) -> Iterator[Expression]:
    """The expressions of a dashboard's variables and panels for Prometheus, as they stand in the file."""
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query" and _is_prometheus(variable):
            query = variable["query"]
            text = query if isinstance(query, str) else query["query"]
            yield Expression(f"{path.name}, ${variable['name']}", "variable", text)
    for panel in panels(dashboard["panels"]):
        for target in panel.get("targets", ()):
            if _is_prometheus(target if "datasource" in target else panel):
                yield Expression(f"{path.name}, {panel['title']}, {target['refId']}", "panel", target["expr"])


def panels(among: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Panels and rows, and what is folded into a row."""
    for panel in among:
        yield panel
        yield from panels(panel.get("panels", ()))


def _is_prometheus(holder: Mapping[str, Any]) -> bool:
    return bool((holder.get("datasource") or {}).get("type") == "prometheus")


def label_values(text: str) -> tuple[str, str]:
    """The selector and the label of a variable's `label_values(selector, label)`; the selector may be empty."""
    match = _LABEL_VALUES.fullmatch(text.strip())
    assert match, text
    return (match[1] or "").strip(), match[2]


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with Grafana's variables replaced; fails for one that has no value."""
    return _VARIABLE.sub(lambda match: values[match[1] or match[2]], text)


def selectors(text: str) -> list[promql_parser.VectorSelector]:
    """The selectors of an expression."""
    return [one for one in _nodes(text) if isinstance(one, promql_parser.VectorSelector)]


def plain(selector: promql_parser.VectorSelector) -> str:
    """A selector without its offset and without @: what there is now."""
    return f"{selector.name or ''}{selector.matchers}"


def grouped(text: str) -> set[str]:
    """The labels by which an expression groups or matches: `by`, `without`, `on`, `ignoring`, `group_left`."""
    found: set[str] = set()
    for node in _nodes(text):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            found.update(node.modifier.labels)
        if isinstance(node, promql_parser.BinaryExpr) and node.modifier:
            found.update(node.modifier.matching.labels if node.modifier.matching else ())
            found.update(node.modifier.group_labels or ())
    return found


def _nodes(text: str) -> list[promql_parser.Expr]:
    nodes: list[promql_parser.Expr] = []
    promql_parser.walk(promql_parser.parse(text), nodes.append)
    return nodes
