"""The mixin is the one source of the rules and dashboards, and those who use jsonnet can have them otherwise."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import _jsonnet
import pytest

from tests.reference.mixin import DASHBOARDS, MIXIN, compiled, mixin_files
from tests.support import promql
from tests.support.tools import run_tool

README: Final = (MIXIN / "README.md").read_text(encoding="utf-8")


def test_the_plain_files_are_what_the_mixin_makes() -> None:
    """Whoever has no jsonnet gets the same rules, tests and dashboards."""
    old = {
        path for path, text in mixin_files().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    assert old == set(), "run `make docs` (python -m tests.reference)"


def test_every_dashboard_comes_from_the_mixin() -> None:
    """None is left behind when it gets another name."""
    assert set(DASHBOARDS.glob("*.json")) == {path for path in mixin_files() if path.parent == DASHBOARDS}


def made(**config: object) -> Any:
    """The rules and alerts for Prometheus and Loki with another configuration."""
    changed = f"(import 'mixin.libsonnet') + {{ _config+:: {json.dumps(config)} }}"
    return compiled(f"local m = {changed}; [m.prometheusRules.groups + m.prometheusAlerts.groups, m.lokiRules.groups]")


def rules_of(groups: list[Any]) -> list[Any]:
    """All rules of all groups."""
    return [rule for group in groups for rule in group["rules"]]


def test_the_example_of_its_readme_works(tmp_path: Path) -> None:
    """As it stands there: what it leaves out is gone, what it changes is changed, and promtool finds no mistake."""
    (tmp_path / "trail-agent").symlink_to(MIXIN)
    (example,) = re.findall(r"```jsonnet\n(.*?)```", README, re.DOTALL)
    files = json.loads(_jsonnet.evaluate_snippet("audit.jsonnet", example, jpathdir=[str(tmp_path)]))
    assert set(files) == {"rules.yaml", "loki.yaml", *(path.name for path in DASHBOARDS.glob("*.json"))}
    (tmp_path / "rules.yaml").write_text(json.dumps(files["rules.yaml"]), encoding="utf-8")
    checked = run_tool("promtool", "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    alerts = {rule["alert"]: rule for rule in rules_of(files["rules.yaml"]["groups"]) if "alert" in rule}
    assert "CodeCatalystUnknownEvent" not in alerts
    assert alerts["CodeCatalystConnectionAccepted"]["labels"]["severity"] == "warning"
    assert alerts["TrailAgentDown"]["annotations"]["runbook_url"].startswith(
        "https://git.example.com/trail-agent/docs/"
    )


def test_the_readme_names_every_folder() -> None:
    """Whoever looks for a rule finds it."""
    assert set(re.findall(r"^\| `(\w+)/`", README, re.MULTILINE)) == {
        one.name for one in MIXIN.iterdir() if one.is_dir()
    }


def test_another_selector_is_used_everywhere() -> None:
    """No selector of the agent's own series is left without it."""
    rules, _ = made(trailAgentSelector='job="audit"')
    for rule in rules_of(rules):
        raw = [one for one in promql.selectors(rule["expr"]) if ":" not in str(one.name)]
        assert all('job="audit"' in str(one.matchers) for one in raw), rule


def test_installations_that_share_a_prometheus_stay_apart() -> None:
    """Whatever is put together has their label, but that nothing is there at all, of which no label is known."""
    rules, _ = made(groupLabels=["cluster"])
    for rule in rules_of(rules):
        grouped = re.findall(r"(\w+) by \(([^)]*)\)|\bon \(([^)]*)\)", rule["expr"])
        for kind, by, on in grouped:
            assert "cluster" in re.findall(r"\w+", by + on), (kind, rule)
        assert not re.search(r"\b(sum|max|min|count)\(", rule["expr"]), rule


APART: Final = """
rule_files: [rules.yaml]
evaluation_interval: 5m
tests:
  - interval: 5m
    input_series:
      - {series: 'up{job="trail-agent", cluster="a"}', values: "1x4"}
      - {series: 'up{job="trail-agent", cluster="b"}', values: "1x1 0x2"}
      - {series: 'up{job="trail-agent", cluster="c"}', values: "1x1 stale"}
      # They have the same address, and both are old: what is young in one makes nothing young in the other.
      - {series: 'up{job="trail-agent", instance="x", cluster="young"}', values: "0 1x4"}
      - {series: 'process_start_time_seconds{job="trail-agent", instance="x", cluster="young"}', values: "600x4"}
      - {series: 'up{job="trail-agent", instance="x", cluster="old"}', values: "_x3 1"}
      - {series: 'process_start_time_seconds{job="trail-agent", instance="x", cluster="old"}', values: "_x3 -9000"}
      - series: >-
          codecatalyst_events_total{job="trail-agent", instance="x", cluster="old",
          event_name="GetSpace", identity_type="Root", outcome="success"}
        values: "_x3 7x4"
      - series: >-
          codecatalyst_events_total{job="trail-agent", instance="x", cluster="young",
          event_name="GetSpace", identity_type="Root", outcome="success"}
        values: "_x3 2x4"
      - series: 'trail_agent_queue_messages{job="trail-agent", cluster="a", queue="dead_letter", state="visible"}'
        values: "0x4"
      - series: 'trail_agent_queue_messages{job="trail-agent", cluster="b", queue="dead_letter", state="visible"}'
        values: "3x4"
    promql_expr_test:
      - expr: >-
          count by (alertname, cluster)
          (ALERTS{alertstate="firing", alertname=~"TrailAgentDown|TrailAgentDeadLetters"})
        eval_time: 20m
        exp_samples:
          - {labels: '{alertname="TrailAgentDown", cluster="b"}', value: 1}
          - {labels: '{alertname="TrailAgentDown", cluster="c"}', value: 1}
          - {labels: '{alertname="TrailAgentDeadLetters", cluster="b"}', value: 1}
      - expr: codecatalyst:events:increase15m
        eval_time: 15m
        exp_samples:
          - labels: >-
              codecatalyst:events:increase15m{cluster="young",event_name="GetSpace",identity_type="Root",outcome="success"}
            value: 2
"""


def test_one_of_several_installations_is_missed(tmp_path: Path) -> None:
    """Whether Prometheus still finds it, or not; and what one of them has is not told of the others."""
    groups, _ = made(groupLabels=["cluster"])
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": groups}), encoding="utf-8")
    (tmp_path / "test.yaml").write_text(APART, encoding="utf-8")
    answer = run_tool("promtool", "test", "rules", "test.yaml", cwd=tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_two_jobs_can_be_installations(tmp_path: Path) -> None:
    """Then a replica is told by its job already, and no label stands twice."""
    groups, _ = made(trailAgentSelector='job=~"one|two"', groupLabels=["job"])
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": groups}), encoding="utf-8")
    checked = run_tool("promtool", "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert [rule for rule in rules_of(groups) if re.search(r"\(job, job", rule["expr"])] == []


def test_each_pack_can_be_chosen_alone() -> None:
    """It is one group; and in Loki what is critical of it, under the same name."""
    names = compiled("""
        local names(groups) = [group.name for group in groups];
        {
          [pack]: local m = (import 'mixin.libsonnet') + { _config+:: { packs: [pack] } };
                  [names(m.prometheusAlerts.groups), names(m.lokiRules.groups)]
          for pack in (import 'config.libsonnet')._config.packs
        }
    """)
    assert {pack: len(groups) for pack, (groups, _) in names.items()} == dict.fromkeys(names, 1)
    assert [pack for pack, (groups, again) in names.items() if not set(again) <= set(groups)] == []
    assert [pack for pack, (_, again) in names.items() if not again] == ["agent", "codeconnections"]


def test_an_alert_can_lead_to_its_dashboard() -> None:
    """If it is known where Grafana is; the dashboard is one of ours."""
    rules, loki = made(grafanaURL="https://grafana.example.com")
    ours = {json.loads(path.read_text(encoding="utf-8"))["uid"] for path in DASHBOARDS.glob("*.json")}
    for rule in rules_of([*rules, *loki]):
        if "alert" in rule:
            address, _, uid = rule["annotations"]["dashboard_url"].rpartition("/d/")
            assert (address, uid in ours) == ("https://grafana.example.com", True)


def due(**config: object) -> str:
    """When the next event of a space is due after its `last` one, in PromQL."""
    changed = f"(import 'config.libsonnet')._config + {json.dumps(config)}"
    return str(compiled(f"(import 'rules/deadline.libsonnet')({changed}).expr('last')"))


def test_the_weekend_can_be_another_or_none() -> None:
    """A working day after the last one; from a weekend, when the next working day is over."""
    assert due(weekend=[]) == "last + 1 * 86400\nand day_of_week(last) >= 0 <= 6\n"
    friday_and_saturday = due(weekend=[5, 6])
    assert "last + 3 * 86400\nand day_of_week(last) == 4\n" in friday_and_saturday
    assert "last - last % 86400 + 3 * 86400\nand day_of_week(last) == 5\n" in friday_and_saturday
    assert "last - last % 86400 + 2 * 86400\nand day_of_week(last) == 6\n" in friday_and_saturday
    assert "last + 1 * 86400\nand day_of_week(last) >= 0 <= 3\n" in friday_and_saturday


def test_a_space_can_be_given_more_than_a_day() -> None:
    """Two working days: from Thursday to Monday, from Friday to Tuesday."""
    two = due(silentDays=2)
    assert "last + 2 * 86400\nand day_of_week(last) >= 1 <= 3\n" in two
    assert "last + 4 * 86400\nand day_of_week(last) >= 4 <= 5\n" in two
    assert "last - last % 86400 + 4 * 86400\nand day_of_week(last) == 6\n" in two


@pytest.mark.parametrize(
    ("config", "told"),
    [({"weekend": list(range(7))}, "one day of the week must count"), ({"silentDays": 0}, "at least 1")],
)
def test_a_week_without_a_working_day_is_refused(config: dict[str, object], told: str) -> None:
    """With words, and not with an endless search for the next one."""
    with pytest.raises(RuntimeError, match=told):
        due(**config)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"packs": ["agent", "codecatalist"]}, "packs: unknown: codecatalist"),
        ({"trailAgentSelector": ""}, "trailAgentSelector: must not be empty"),
        ({"lokiSelector": ""}, "lokiSelector: must not be empty"),
        ({"agentLogSelector": ""}, "agentLogSelector: must not be empty"),
        ({"silentWindowDays": 3}, "silentWindowDays: more than silentDays"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(config: dict[str, object], told: str) -> None:
    """And does not make rules that are silent for ever."""
    with pytest.raises(RuntimeError, match=told):
        made(**config)
