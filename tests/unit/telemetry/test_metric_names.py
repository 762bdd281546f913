"""The names of the metrics stand in one place."""

from __future__ import annotations

import ast
from pathlib import Path

from agent.telemetry import metric_names
from tests.support.registry import metric_of, registry

ROOT = Path(__file__).parents[3]
INITIAL = ROOT / "tests" / "golden" / "metrics-initial.txt"
NAMES = {value for name, value in vars(metric_names).items() if name.isupper()}


def test_every_name_is_a_metric_and_every_metric_has_a_name() -> None:
    """None can change in the registry and go on being read as 0; the golden file has them all."""
    assert {metric_of(name) for name in NAMES} == {name for name in registry() if not name.startswith("process_")}
    golden = INITIAL.read_text(encoding="utf-8")
    assert [name for name in NAMES if f"# TYPE {name} " not in golden] == ["trail_agent_build_info"]


def test_no_other_module_writes_a_name_anew() -> None:
    """Who reads a metric imports its name, as who defines it does."""
    copies = [
        f"{path.relative_to(ROOT)}: {node.value!r}"
        for path in sorted((ROOT / "agent").rglob("*.py"))
        if path.stem != "metric_names"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and str(node.value) in NAMES
    ]
    assert copies == []
