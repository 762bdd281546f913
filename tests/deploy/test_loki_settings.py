"""deploy/loki/loki.yaml, as far as it can be checked without Loki: `make loki-check` and its workflow do the rest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import yaml

from agent.settings import LimitSettings

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
LOKI: Final[Any] = yaml.safe_load((DEPLOY / "loki" / "loki.yaml").read_text(encoding="utf-8"))
SERVICES: Final[Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text(encoding="utf-8"))["services"]
TENANT_WITHOUT_NAMES: Final = "fake"
LINE_BYTES: Final = 256 * 1024  # max_line_size, where the file is silent


def _hours(duration: str) -> float:
    """A duration of the file in hours."""
    match = re.fullmatch(r"(\d+)(h|m|s)", duration)
    assert match, duration
    return int(match[1]) / {"h": 1, "m": 60, "s": 3600}[match[2]]


def test_logs_drilldown_finds_what_it_needs() -> None:
    """Volumes, levels, patterns and structured metadata: https://grafana.com/docs/grafana/latest/explore/simplified-exploration/logs/access/"""
    limits = LOKI["limits_config"]
    assert limits["allow_structured_metadata"]
    assert limits["volume_enabled"]
    assert limits["discover_log_levels"]
    assert LOKI["pattern_ingester"]["enabled"]


def test_the_ruler_has_the_rules_and_somebody_to_tell() -> None:
    """Compose puts the rules where the ruler looks for those of the only tenant; Alertmanager and Grafana are there."""
    assert not LOKI["auth_enabled"]
    directory = LOKI["common"]["storage"]["filesystem"]["rules_directory"]
    mounted = {one["target"]: one["source"] for one in SERVICES["loki"]["volumes"] if isinstance(one, dict)}
    assert mounted[f"{directory}/{TENANT_WITHOUT_NAMES}/rules.yaml"] == "../loki/rules.yaml"
    ruler = LOKI["ruler"]
    assert (ruler["alertmanager_url"], ruler["enable_api"]) == ("http://alertmanager:9093", True)
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/datasources.yaml").read_text(encoding="utf-8"))
    assert ruler["datasource_uid"] in {one["uid"] for one in sources["datasources"] if one["type"] == "loki"}
    assert f"127.0.0.1:{ruler['external_url'].rpartition(':')[2]}:3000" in SERVICES["grafana"]["ports"]


def test_a_question_can_reach_back_as_far_as_records_are_kept() -> None:
    """A query over all that there is, is allowed; and what came late is found at once."""
    limits = LOKI["limits_config"]
    assert _hours(limits["max_query_length"]) >= _hours(limits["retention_period"])
    assert LOKI["compactor"]["retention_enabled"]
    assert (
        _hours(limits["split_queries_by_interval"]) == _hours(limits["split_instant_metric_queries_by_interval"]) == 24
    )
    assert _hours(LOKI["querier"]["query_ingesters_within"]) == 0


def test_loki_takes_the_largest_record_of_the_agent() -> None:
    """By their defaults, a record is not shortened for Loki's sake."""
    assert "max_line_size" not in LOKI["limits_config"]
    assert LimitSettings().record_bytes < LINE_BYTES
