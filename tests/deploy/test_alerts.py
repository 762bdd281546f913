"""The alerts about the agent, as Prometheus reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.support.tools import run_tool

PROMETHEUS: Final = Path(__file__).parents[2] / "deploy" / "prometheus"


@pytest.mark.parametrize(
    "command", [["check", "rules", "--lint=all", "rules.yaml"], ["test", "rules", "rules_test.yaml"]]
)
def test_prometheus_understands_the_alerts(command: list[str]) -> None:
    """They are sound, fire when they should, and are silent when they should be: rules_test.yaml says when."""
    answer = run_tool("promtool", *command, cwd=PROMETHEUS)
    assert answer.returncode == 0, answer.stdout + answer.stderr
