"""deploy/compose: the services, their settings, and what they share with each other and with the code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from agent.demo.world import BUCKET, QUEUE, REGION
from agent.settings import OtlpSettings, load
from tests.support.tools import faults_by_schema, run_tool

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
COMPOSE: Final = DEPLOY / "compose"
SERVICES: Final[Mapping[str, Any]] = yaml.safe_load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))["services"]
EXACT: Final = re.compile(r"[a-z/-]+:v?\d+\.\d+\.\d+")


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _addresses(text: str) -> set[tuple[str, int]]:
    """The hosts and ports of `text`, such as http://loki:3100, that are services."""
    found = re.findall(r"\b([a-z]+):(\d{4})\b", text)
    return {(host, int(port)) for host, port in found if host in SERVICES}


LISTENS: Final = {
    "aws": 5000,
    "agent": 9464,
    "collector": 4318,
    "loki": 3100,
    "prometheus": 9090,
    "alertmanager": 9093,
    "grafana": 3000,
}


def test_the_file_is_what_compose_expects() -> None:
    """It fits the schema of the Compose specification."""
    assert faults_by_schema("vendor.compose-spec", COMPOSE / "compose.yaml") == ""


def test_images_are_pinned_by_an_exact_version() -> None:
    """What is not built here has a full version, so that two starts run the same."""
    images = {name: service["image"] for name, service in SERVICES.items() if "build" not in service}
    assert images
    assert {name: image for name, image in images.items() if not EXACT.fullmatch(image)} == {}


def test_every_file_that_is_mounted_is_there() -> None:
    """Docker would make an empty folder in the place of a missing file; `create_host_path: false` forbids that, too."""
    mounts = [
        volume for service in SERVICES.values() for volume in service.get("volumes", []) if isinstance(volume, dict)
    ]
    assert mounts
    assert [volume["source"] for volume in mounts if not (COMPOSE / volume["source"]).exists()] == []
    assert [volume for volume in mounts if not volume["read_only"] or volume["bind"]["create_host_path"]] == []


def test_nothing_is_open_to_other_machines() -> None:
    """Every port is published on loopback, under the number at which the service listens."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {name: [f"127.0.0.1:{LISTENS[name]}:{LISTENS[name]}"] for name in published}


def test_the_settings_pass_the_check_and_name_the_served_account() -> None:
    """The agent finds the queue and the bucket that `demo --serve` makes, at the address of its service."""
    settings = load(COMPOSE / "agent.yaml", {"TRAIL_AGENT_OTLP__ENDPOINT": "http://loki:3100/otlp"})
    host = f"http://aws:{LISTENS['aws']}"
    assert settings.needed_queue().url == f"{host}/123456789012/{QUEUE}"
    assert settings.needed_queue().region == REGION
    assert [bucket.name for bucket in settings.buckets] == [BUCKET]
    assert settings.aws.endpoint_url == host
    assert SERVICES["aws"]["command"] == ["demo", "--serve", f"0.0.0.0:{LISTENS['aws']}"]


def test_both_ways_to_loki_are_endpoints_that_the_agent_takes() -> None:
    """Straight by default; through the Collector with what the README says."""
    default = re.fullmatch(r"\$\{OTLP_ENDPOINT:-(.*)\}", SERVICES["agent"]["environment"]["TRAIL_AGENT_OTLP__ENDPOINT"])
    other = re.search(r"OTLP_ENDPOINT=(\S+)", (COMPOSE / "README.md").read_text(encoding="utf-8"))
    assert default
    assert other
    for url, service in ((default[1], "loki"), (other[1], "collector")):
        OtlpSettings.model_validate({"endpoint": url})
        assert _addresses(url) == {(service, LISTENS[service])}


@pytest.mark.parametrize(
    "path",
    [
        "compose/agent.yaml",
        "compose/prometheus.yaml",
        "compose/alertmanager.yaml",
        "collector/collector.yaml",
        "grafana/provisioning/datasources/datasources.yaml",
    ],
)
def test_services_ask_each_other_where_they_listen(path: str) -> None:
    """A host that a file names is a service, with the port of that service."""
    text = (DEPLOY / path).read_text(encoding="utf-8")
    named = re.findall(r"(?:https?://|\[\")([a-z]+):(\d+)", text)
    assert [(host, port) for host, port in named if LISTENS.get(host) != int(port)] == []


def test_loki_takes_what_the_agent_sends() -> None:
    """OTLP needs structured metadata (schema v13); late events need sharding by time."""
    loki = _read(DEPLOY / "loki" / "loki.yaml")
    assert loki["server"]["http_listen_port"] == LISTENS["loki"]
    assert loki["limits_config"]["allow_structured_metadata"]
    assert loki["limits_config"]["shard_streams"] == {"enabled": True, "time_sharding_enabled": True}
    assert [one["schema"] for one in loki["schema_config"]["configs"]] == ["v13"]
    assert loki["compactor"]["retention_enabled"]


def test_the_collectors_yes_means_that_loki_has_it() -> None:
    """Nothing in the Collector's pipeline answers before Loki does, and it listens where OTLP is spoken."""
    collector = _read(DEPLOY / "collector" / "collector.yaml")
    pipeline = collector["service"]["pipelines"]["logs"]
    exporter = collector["exporters"]["otlp_http/loki"]
    protocols = collector["receivers"]["otlp"]["protocols"]
    assert pipeline == {"receivers": ["otlp"], "processors": ["memory_limiter"], "exporters": ["otlp_http/loki"]}
    assert not exporter["sending_queue"]["enabled"]
    assert not exporter["retry_on_failure"]["enabled"]
    assert protocols["http"]["endpoint"] == f"0.0.0.0:{LISTENS['collector']}"
    assert protocols["grpc"]["endpoint"] == "0.0.0.0:4317"


def test_prometheus_reads_its_file() -> None:
    """promtool finds no mistake; the rules are where the file says."""
    result = run_tool("promtool", "check", "config", "--syntax-only", COMPOSE / "prometheus.yaml")
    assert result.returncode == 0, result.stderr
    mounted = {volume["target"]: volume["source"] for volume in SERVICES["prometheus"]["volumes"] if "target" in volume}
    for name in _read(COMPOSE / "prometheus.yaml")["rule_files"]:
        folder, _, file = name.rpartition("/")
        assert (COMPOSE / mounted[folder] / file).is_file()


def test_each_service_is_given_the_file_that_its_command_names() -> None:
    """A configuration that is mounted elsewhere would not be found, and the service would not start."""
    for name in ("collector", "loki", "prometheus", "alertmanager"):
        mounted = {volume["target"] for volume in SERVICES[name]["volumes"] if isinstance(volume, dict)}
        (named,) = re.findall(r"config(?:\.file)?=(\S+)", " ".join(SERVICES[name]["command"]))
        assert named in mounted


def test_what_is_kept_lies_where_the_service_writes() -> None:
    """Else it is gone when the container is made anew."""
    kept = {
        name: [one.split(":")[1] for one in service.get("volumes", []) if isinstance(one, str)]
        for name, service in SERVICES.items()
    }
    assert kept["loki"] == [_read(DEPLOY / "loki" / "loki.yaml")["common"]["path_prefix"]]
    assert f"--storage.tsdb.path={kept['prometheus'][0]}" in SERVICES["prometheus"]["command"]
    assert kept["grafana"] == ["/var/lib/grafana"]


def test_the_alerts_ask_for_the_job_that_is_scraped() -> None:
    """Else the alert for an agent that is down never ends, and the others never fire."""
    (scraped,) = _read(COMPOSE / "prometheus.yaml")["scrape_configs"]
    asked = re.findall(r'job="([^"]+)"', (DEPLOY / "prometheus" / "rules.yaml").read_text(encoding="utf-8"))
    assert set(asked) == {scraped["job_name"]}


def test_loki_takes_what_waited_for_half_of_the_queues_retention() -> None:
    """An outage of days is no reason for dead letters; what is kept is kept for a year."""
    limits = _read(DEPLOY / "loki" / "loki.yaml")["limits_config"]
    assert int(limits["reject_old_samples_max_age"].removesuffix("h")) >= 7 * 24
    assert int(limits["retention_period"].removesuffix("h")) >= 365 * 24


def test_grafana_finds_the_dashboards_and_shows_one_first() -> None:
    """They are mounted where the provider looks; the first page is one of them."""
    (provider,) = _read(DEPLOY / "grafana" / "provisioning" / "dashboards" / "dashboards.yaml")["providers"]
    service = SERVICES["grafana"]
    mounted = {one["target"]: one["source"] for one in service["volumes"] if isinstance(one, dict)}
    folder = COMPOSE / mounted[provider["options"]["path"]]
    home = Path(service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == Path(provider["options"]["path"])
    assert (folder / home.name).is_file()
    assert mounted["/etc/grafana/provisioning"] == "../grafana/provisioning"


def test_alertmanager_reads_its_file() -> None:
    """amtool finds no mistake."""
    result = run_tool("amtool", "check-config", COMPOSE / "alertmanager.yaml")
    assert result.returncode == 0, result.stderr


def test_the_account_is_built_with_the_python_of_the_image() -> None:
    """One version of Python runs the emulated account and the agent."""
    pinned = [
        re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        for path in (ROOT / "Dockerfile", COMPOSE / "aws.Dockerfile")
    ]
    assert pinned[0] == pinned[1]
    assert len(pinned[0]) == 1


def test_the_containers_of_this_project_have_no_more_rights_than_they_need() -> None:
    """Their file systems are read-only, they hold no capability, and can win none."""
    for name in ("agent", "aws"):
        service = SERVICES[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
