"""Prometheus 3 and its promtool, over all that ships for them: `make test` does the same with Debian's Prometheus 2."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.test_promql import (
    test_every_label_by_which_is_grouped_exists,
    test_every_panel_and_record_has_data,
    test_prometheus_evaluates_every_alert,
    test_the_values_that_a_dashboard_offers_are_there,
    test_what_every_expression_selects_is_there,
)
from tests.stack.conftest import PathOf, Shown
from tests.support.promql import DEPLOY, RULES, rules
from tests.support.scraped import Scraped

__all__ = [
    "test_every_label_by_which_is_grouped_exists",
    "test_every_panel_and_record_has_data",
    "test_prometheus_evaluates_every_alert",
    "test_the_values_that_a_dashboard_offers_are_there",
    "test_what_every_expression_selects_is_there",
]


@pytest.fixture(scope="module")
def scraped(emulator: str, tmp_path_factory: pytest.TempPathFactory, program: PathOf) -> Iterator[Scraped]:
    """What Prometheus 3 has scraped."""
    with Scraped.by(program("prometheus"), emulator, tmp_path_factory.mktemp("promql")) as seen:
        yield seen


def _said(command: list[str], *, text: str = "") -> str:
    """What a command says; fails with it if it fails."""
    done = subprocess.run(command, cwd=RULES.parent, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_page_is_as_prometheus_3_wants_it(scraped: Scraped, program: PathOf) -> None:
    """`promtool check metrics` finds nothing to say about what the daemon serves."""
    assert _said([program("promtool"), "check", "metrics"], text=scraped.page) == ""


def test_promtool_3_finds_no_fault_in_the_rules(program: PathOf, shown: Shown) -> None:
    """It checks them with every lint, and runs their tests: each alert fires and is silent when it should."""
    promtool = program("promtool")
    tests = sorted(path.name for path in RULES.parent.glob("*_test.yaml"))
    _said([promtool, "check", "rules", "--lint=all", "--lint-fatal", RULES.name])
    _said([promtool, "test", "rules", *tests])
    alerts = [rule for rule in rules() if "alert" in rule]
    cases = sum(len(yaml.safe_load((RULES.parent / name).read_text(encoding="utf-8"))["tests"]) for name in tests)
    shown(f"{len(alerts)} alerts, {cases} cases in {', '.join(tests)}")


@pytest.mark.parametrize("place", ["compose/prometheus.yaml", "prometheus/prometheus.yaml"])
def test_promtool_3_reads_the_settings_that_ship(tmp_path: Path, program: PathOf, place: str) -> None:
    """With the rules where Compose puts them, or beside the file."""
    text = (DEPLOY / place).read_text(encoding="utf-8").replace("/etc/prometheus/rules/rules.yaml", "rules.yaml")
    (tmp_path / "prometheus.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "rules.yaml").write_bytes(RULES.read_bytes())
    assert "SUCCESS: 1 rule files found" in _said(
        [program("promtool"), "check", "config", str(tmp_path / "prometheus.yaml")]
    )
