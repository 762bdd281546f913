"""Every PromQL expression that ships, asked of a real Prometheus that scrapes the real daemon with all profiles.

What an alert compares must be there, or the alert is silent for ever. A panel without data is a panel with a wrong
name, unless `EMPTY` says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from tests.support import promql
from tests.support.prometheus import QueryError
from tests.support.promql import BUILT_IN, Expression
from tests.support.scraped import Scraped
from tests.support.tools import run_tool, tool

EMPTY: Final[Mapping[str, str]] = {}
"""Selectors and panels that have no data in a minute of a healthy agent, each with its reason."""


@pytest.fixture(scope="module")
def scraped(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """What Debian's Prometheus has scraped."""
    with Scraped.by(tool("prometheus"), emulator, tmp_path_factory.mktemp("promql")) as seen:
        yield seen


def _expressions(values: Mapping[str, str]) -> list[Expression]:
    """Those of the rules, and those of the dashboards with their variables replaced."""
    shown = [one for path in promql.dashboards() for one in promql.of_dashboard(path) if one.kind == "panel"]
    replaced = [Expression(one.place, one.kind, promql.filled(one.text, values)) for one in shown]
    return [*promql.of_rules(), *replaced]


def _values() -> Mapping[str, str]:
    """What is chosen in the dashboards: all of everything."""
    return dict(BUILT_IN) | {
        variable["name"]: variable.get("allValue") or ".*"
        for path in promql.dashboards()
        for variable in json.loads(path.read_text(encoding="utf-8"))["templating"]["list"]
    }


def _faults(scraped: Scraped, expressions: Mapping[str, str]) -> dict[str, str]:
    """What each expression is asked by that has no data, or that Prometheus refuses, with its place."""
    found: dict[str, str] = {}
    for text, place in expressions.items():
        try:
            if not scraped.prometheus.has(text):
                found[text] = place
        except QueryError as refusal:
            found[text] = f"{place}: {refusal}"
    return found


def test_what_every_expression_selects_is_there(scraped: Scraped) -> None:
    """Each selector of the rules and dashboards, with all its labels and their values, finds a series."""
    asked = {
        promql.plain(selector): str(one)
        for one in _expressions(_values())
        for selector in promql.selectors(one.text)
        if promql.plain(selector) not in EMPTY
    }
    assert asked
    assert _faults(scraped, asked) == {}


def test_every_panel_and_record_has_data(scraped: Scraped) -> None:
    """Each whole expression of a panel and of a recording rule has a value that is a number."""
    asked = {one.text: one.place for one in _expressions(_values()) if one.kind != "alert" and one.place not in EMPTY}
    assert _faults(scraped, asked) == {}


def test_prometheus_evaluates_every_alert(scraped: Scraped) -> None:
    """None fails; whether each fires and is silent when it should, promtool's tests and the stack's say."""
    alerts = {one.text: one.place for one in promql.of_rules() if one.kind == "alert"}
    for text in alerts:
        scraped.prometheus.query(text)
    rules = scraped.prometheus.rules()
    assert {rule["name"] for rule in rules if rule["type"] == "alerting"} == {*alerts.values()}
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []


def test_every_label_by_which_is_grouped_exists(scraped: Scraped) -> None:
    """A label that no series of an expression has groups all of them into one, in silence."""
    for one in _expressions(_values()):
        selected = {promql.plain(selector) for selector in promql.selectors(one.text)} - {*EMPTY}
        series = [sample for text in selected for sample in scraped.prometheus.query(text)]
        assert promql.grouped(one.text) <= {name for sample in series for name in sample.labels}, one


def test_the_values_that_a_dashboard_offers_are_there(scraped: Scraped) -> None:
    """Each variable's label has a value."""
    for path in promql.dashboards():
        for one in promql.of_dashboard(path):
            if one.kind == "variable":
                selector, label = promql.label_values(promql.filled(one.text, _values()))
                series = scraped.prometheus.query(selector or f'{{{label}!=""}}')
                assert any(sample.labels.get(label) for sample in series), one


def test_the_page_is_as_prometheus_wants_it(scraped: Scraped) -> None:
    """`promtool check metrics` finds nothing to say about what the daemon serves."""
    answer = run_tool("promtool", "check", "metrics", stdin=scraped.page)
    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")
