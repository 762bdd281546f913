"""The alerts about the agent, as Prometheus reads them."""

from __future__ import annotations

import shutil
from pathlib import Path
from subprocess import run
from typing import Final

import pytest

PROMETHEUS: Final = Path(__file__).parents[2] / "deploy" / "prometheus"


@pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is missing; it is in the package prometheus of Debian"
)
@pytest.mark.parametrize(
    "command", [["check", "rules", "--lint=all", "rules.yaml"], ["test", "rules", "rules_test.yaml"]]
)
def test_prometheus_understands_the_alerts(command: list[str]) -> None:
    """They are sound, fire when they should, and are silent when they should be: rules_test.yaml says when."""
    answer = run(["promtool", *command], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
