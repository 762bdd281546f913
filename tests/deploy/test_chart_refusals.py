"""What the agent, Kubernetes or an operator would refuse after the installation: the chart refuses it before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from agent.errors import SettingsError
from agent.settings import load
from tests.reference.chart import CHART, VALUES_SCHEMA
from tests.support.chart import KUBERNETES, helm, manifests, refusal
from tests.support.tools import run_tool

SCHEMA: Final[Mapping[str, Any]] = json.loads(VALUES_SCHEMA.read_text(encoding="utf-8"))
VALUES: Final[Mapping[str, Any]] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
PARTS: Final = ("networkPolicy", "keda", "podMonitor", "prometheusRule", "dashboards")
MADE: Final = [f"{part}.enabled=true" for part in PARTS]

REFUSED: Final = {
    "queue.url=https://sqs.us-west-2.amazonaws.com/111122223333/trail.fifo": "S3 cannot notify a FIFO queue",
    "queue.url=arn:aws:sqs:us-west-2:111122223333:trail-agent": "must be a URL",
    "queue.url=https://sqs.us-west-2.amazonaws.com/trail-agent": "must end in the account id",
    "queue.url=https://sqs.eu-west-1.amazonaws.com/111122223333/": "must end in the account id",
    "queue.url=https://u:p@sqs.us-west-2.amazonaws.com/111122223333/q": "must not hold a user name",
    "queue.dead_letter_url=arn:aws:sqs:us-west-2:111122223333:d": "must be a URL",
    "buckets[0].name=Acme_Trail": "must be the name of an S3 bucket",
    "buckets[0].name=s3://acme": "not a URL",
    "buckets[0].name=arn:aws:s3:::acme": "not an ARN",
    "buckets[0].name=10.0.0.1": "must be the name of an S3 bucket",
    "buckets[0].name=acme..trail": "must be the name of an S3 bucket",
    "otlp.endpoint=otel:4318": "must be a URL",
    "otlp.endpoint=http://": "must be a URL",
}
"""Settings, and some of the words with which the agent refuses them."""

ACCEPTED: Final = (
    "queue.url=http://localstack:4566/000000000000/trail-agent",
    "queue.url=http://elasticmq:9324/trail-agent",
    "queue.url=https://sqs.cn-north-1.amazonaws.com.cn/111122223333/trail-agent/",
    "queue.url=https://vpce-1-2.sqs.us-west-2.vpce.amazonaws.com/111122223333/q",
    "buckets[0].name=acme.trail-1",
    "otlp.endpoint=http://[fd00::1]:4318/otlp",
    "otlp.endpoint=HTTPS://otel",
)
"""Settings that the agent takes."""

CLASHES: Final = {
    "extraEnv[0].name=TRAIL_AGENT_LIMITS__IN_FLIGHT_BYTES,extraEnv[0].value=x": "Set config.limits.in_flight_bytes",
    "extraEnv[1].name=trail_agent_shutdown_grace_seconds,extraEnv[1].value=x": "Set config.shutdown_grace_seconds",
    "extraEnv[2].name=TRAIL_AGENT_OTLP__HEADERS_FILE,extraEnv[2].value=/x": "because of `secrets`",
    "extraEnv[3].name=ONE,extraEnv[3].value=x,extraEnv[4].name=ONE,extraEnv[4].value=y": "extraEnv: holds ONE twice",
    "secrets.otlpHeaders.existingSecret=headers": "must not hold TRAIL_AGENT_OTLP__HEADERS_FILE",
    "extraVolumes[0].name=settings": "extraVolumes: must not hold settings",
    "extraVolumes[1].name=mask-key": "extraVolumes: must not hold mask-key",
    "extraVolumeMounts[0].name=a,extraVolumeMounts[0].mountPath=/etc/trail-agent/": "must not hold /etc/trail-agent/:",
    "extraVolumeMounts[1].name=a,extraVolumeMounts[1].mountPath=/etc/trail-agent/agent.yaml": "agent.yaml: the chart",
    "resources.requests.memory=1025Mi": "resources.requests.memory: is more than resources.limits.memory",
    "resources.requests.cpu=1100m,resources.limits.cpu=1": "resources.requests.cpu: is more than",
    "podMonitor.interval=5s": "podMonitor.scrapeTimeout: 10s is longer than podMonitor.interval (5s)",
}
"""What is sound by itself, and what the chart says to it."""

OF_HISTORY: Final = {
    "replicaCount=2": "replicaCount: each of 2 pods would poll config.event_history",
    "keda.enabled=true": "keda.enabled: needs config.queue",
    "config.event_history.checkpoint_file=/var/lib/trail-agent/x": "has no effect beside checkpoint.existingClaim",
    "config.event_history.checkpoint_file=/data/x,checkpoint.existingClaim=": "checkpoint_file: is in no volume",
    "extraEnv[0].name=TRAIL_AGENT_EVENT_HISTORY__REGIONS,extraEnv[0].value=x": "Set config.event_history.regions",
    "extraEnv[0].name=TRAIL_AGENT_EVENT_HISTORY__CHECKPOINT_FILE,extraEnv[0].value=x": "because of `checkpoint`",
    "extraVolumes[0].name=checkpoint": "extraVolumes: must not hold checkpoint",
    "extraVolumeMounts[0].name=a,extraVolumeMounts[0].mountPath=/var/lib/trail-agent": "must not hold /var/lib/trail",
    "config.event_history.poll_seconds=1": "at '/config/event_history/poll_seconds': minimum: got 1, want 10",
    "config.event_history.regions=null": "at '/config/event_history/regions': got null, want array",
}
"""What clashes with polling Event history, and what the chart says to it."""

FITTING: Final = (
    "extraEnv[0].name=TRAIL_AGENT_OTLP__HEADERS_FILE,extraEnv[0].value=/x",
    "extraEnv[1].name=one,extraEnv[1].value=x,extraEnv[2].name=ONE,extraEnv[2].value=y",
    "extraVolumeMounts[0].name=a,extraVolumeMounts[0].mountPath=/etc/trail-agent-more",
    "resources.requests.memory=768Mi,resources.requests.cpu=500m,resources.limits.cpu=1",
    "podMonitor.interval=1m30s,podMonitor.scrapeTimeout=90s",
)
"""Values at the limit, and others that clash with nothing."""


def nested(name: str, rule: Mapping[str, Any], value: object) -> Iterator[tuple[str, bool]]:
    """Each value of values.yaml that the schema does not take apart further, and whether it is required."""
    for key, below in value.items() if isinstance(value, dict) else ():
        path, part = f"{name}.{key}".lstrip("."), rule["properties"][key]
        if part.get("properties"):
            yield from nested(path, part, below)
        else:
            yield path, key in rule.get("required", ())


LEAVES: Final = dict(nested("", SCHEMA, {name: one for name, one in VALUES.items() if name != "config"}))


def test_a_required_value_cannot_be_null() -> None:
    """Numbers, switches and names without which the manifests would say something else."""
    required = [name for name, needed in LEAVES.items() if needed]
    said = refusal("keda", *MADE, *(f"{name}=null" for name in required))
    assert [name for name in required if f"'{name.rpartition('.')[2]}'" not in said] == []
    assert {"keda.minReplicaCount", "secrets.otlpHeaders.key", "image.repository"} <= {*required}


@pytest.mark.parametrize("section", ["image", "secrets", "secrets.maskKey", "resources", "keda", "podMonitor"])
def test_a_whole_section_cannot_be_null(section: str) -> None:
    """It is told by its name, and not by a line of a template."""
    assert f"missing property '{section.rpartition('.')[2]}'" in refusal("minimal", f"{section}=null")


def holes(node: object, path: str = "") -> Iterator[str]:
    """Where a manifest says nothing at all."""
    if node is None or node == "":
        yield path
    for key, one in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from holes(one, f"{path}/{key}")


def test_any_other_value_can_be_null() -> None:
    """Without all of them, the manifests are whole, and the notes can be written."""
    nulls = [f"{name}=null" for name, required in LEAVES.items() if not required]
    changes = [*MADE, *nulls]
    made = manifests("keda", *changes)
    assert {one["kind"]: [*holes(one)] for one in made} == {one["kind"]: [] for one in made}
    assert helm("lint", "keda", *changes).returncode == 0


def problems(change: str, path: Path) -> list[str]:
    """What the agent itself says to the minimal settings with this change."""
    settings = yaml.safe_load((CHART / "ci" / "minimal-values.yaml").read_text(encoding="utf-8"))["config"]
    (key, value) = change.split("=", 1)
    *above, last = key.replace("[0]", ".0").split(".")
    node = settings
    for one in above:
        node = node[int(one)] if one.isdigit() else node[one]
    node[last] = value
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    try:
        load(path, {"AWS_REGION": "us-west-2"})
    except SettingsError as error:
        return [str(one) for one in error.problems]
    return []


@pytest.mark.parametrize("change", REFUSED)
def test_what_the_agent_refuses_is_refused_in_its_words(change: str, tmp_path: Path) -> None:
    """Before the installation, and not in the log of a pod that restarts."""
    (problem,) = problems(change, tmp_path / "agent.yaml")
    assert REFUSED[change] in problem
    assert f"config.{problem}" in refusal("minimal", f"config.{change}")


@pytest.mark.parametrize("change", ACCEPTED)
def test_what_the_agent_takes_is_not_refused(change: str, tmp_path: Path) -> None:
    """Emulators, other partitions and endpoints of a VPC."""
    assert problems(change, tmp_path / "agent.yaml") == []
    answer = helm("template", "minimal", f"config.{change}")
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("change", CLASHES)
def test_a_clash_is_told(change: str) -> None:
    """All at once, each with what to do."""
    assert CLASHES[change] in refusal("minimal", *CLASHES)


def test_what_clashes_with_nothing_is_not_refused() -> None:
    """Variables that differ, a folder with a longer name, and amounts and times that are equal."""
    answer = helm("template", "minimal", *FITTING)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(("release", "changes"), [("1abc", []), ("my.release", []), ("abc", ["nameOverride=x"])])
def test_the_name_is_one_of_a_service(release: str, changes: list[str]) -> None:
    """Helm allows names of releases that Kubernetes refuses for a Service; fullnameOverride helps."""
    case = [f"--values={CHART / 'ci' / 'minimal-values.yaml'}", "--kube-version", KUBERNETES]
    sets = [f"--set={one}" for one in changes]
    answer = run_tool("helm", "template", release, CHART, *case, *sets)
    assert ("fullnameOverride: is missing" in answer.stderr) == (release != "abc")
    assert run_tool("helm", "template", release, CHART, *case, *sets, "--set=fullnameOverride=a").returncode == 0


@pytest.mark.parametrize("change", OF_HISTORY)
def test_what_event_history_cannot_be_with_is_told(change: str) -> None:
    """More pods than one, and a checkpoint that could not be written."""
    assert OF_HISTORY[change] in refusal("event-history", *change.split(","))


def test_a_queue_that_keda_scales_is_polled_beside_by_another_release() -> None:
    """Its pods would all poll."""
    said = refusal("keda", "config.event_history.regions={us-west-2}")
    assert "keda.enabled: each of its pods would poll config.event_history" in said
    assert "has no effect without config.event_history" in refusal("minimal", "checkpoint.existingClaim=a")


@pytest.mark.parametrize(
    "changes",
    [
        ["checkpoint.existingClaim="],
        ["config.event_history.checkpoint_file=${env:FILE}", "checkpoint.existingClaim="],
        [
            "config.event_history.checkpoint_file=/data/history",
            "checkpoint.existingClaim=",
            "extraVolumeMounts[0].name=a",
            "extraVolumeMounts[0].mountPath=/data",
        ],
        ["config.queue.url=https://sqs.us-west-2.amazonaws.com/111122223333/q", "config.buckets[0].name=acme-trail"],
    ],
    ids=str,
)
def test_event_history_can_be_polled_without_a_claim_and_beside_a_queue(changes: list[str]) -> None:
    """A volume of one's own, a file that only a variable knows, no checkpoint at all."""
    answer = helm("template", "event-history", *changes)
    assert answer.returncode == 0, answer.stderr
