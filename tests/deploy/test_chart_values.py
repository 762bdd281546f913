"""What the Helm chart refuses, and how it says so: before anything is installed, all at once, by the key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.reference.chart import CHART, VALUES_SCHEMA, values_schema
from tests.reference.chart_values import README, readme
from tests.support.chart import KUBERNETES, helm, refusal
from tests.support.tools import run_tool

TYPOS: Final = {
    "replicas=3": "at '': additional properties 'replicas' not allowed",
    "replicaCount=two": "at '/replicaCount': got string, want integer",
    "config.queue.ulr=x": "at '/config/queue': additional properties 'ulr' not allowed",
    "config.workers=four": "at '/config/workers': got string, want null or integer",
    "config.reads=0": "at '/config/reads': minimum: got 0, want 1",
    "config.limits.record_bytes=0": "at '/config/limits/record_bytes': exclusiveMinimum: got 0, want 0",
    "config.log.level=verbose": "at '/config/log/level': value must be one of 'debug', 'info', 'warning', 'error'",
    "config.otlp.protocol=http": "at '/config/otlp/protocol': value must be one of 'http/protobuf', 'grpc'",
    "config.accounts={111122223333}": "at '/config/accounts/0': got number, want string",
    "image.registry=https://r.example": "at '/image/registry': 'https://r.example' does not match pattern",
    "image.repository=trail-agent:1": "at '/image/repository': 'trail-agent:1' does not match pattern",
    "image.digest=sha256:1": "at '/image/digest': 'sha256:1' does not match pattern",
    "image.pullPolicy=always": "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'",
    "resources.limits.memory=1GB": "at '/resources/limits/memory': '1GB' does not match pattern",
    "listenAddress=0.0.0.0:9464": "at '/listenAddress': '0.0.0.0:9464' does not match pattern",
    "extraArgs={dry-run}": "at '/extraArgs/0': 'dry-run' does not match pattern",
    "extraEnv[0].name=A,extraEnv[0].value=1": "at '/extraEnv/0/value': got number, want string",
    "keda.minReplicaCount=0": "at '/keda/minReplicaCount': minimum: got 0, want 1",
    "keda.roleArn=keda": "at '/keda/roleArn': 'keda' does not match pattern",
    "nameOverride=audit.shipper": "at '/nameOverride': 'audit.shipper' does not match pattern",
    "podMonitor.interval=30": "at '/podMonitor/interval': got number, want string",
    "podDisruptionBudget.maxUnavailable=0": "at '/podDisruptionBudget/maxUnavailable': minimum: got 0, want 1",
    "networkPolicy.sinkPorts={http}": "at '/networkPolicy/sinkPorts/0': got string, want integer",
    "secrets.maskKey.existingSecret=My_Key": "at '/secrets/maskKey/existingSecret': 'My_Key' does not match pattern",
    "podLabels.audit=true": "at '/podLabels/audit': got boolean, want string",
    "terminationGracePeriodSeconds=60s": "at '/terminationGracePeriodSeconds': got string, want integer",
}
"""A change that a tired person makes, and what Helm says to it."""

CONFLICTS: Final = {
    "resources.limits.memory=805306367": "resources.limits.memory: 805306367 is less than config.limits.",
    "terminationGracePeriodSeconds=39": "terminationGracePeriodSeconds: 39 is too short",
    "config.otlp.endpoint=null": "config.otlp.endpoint: is missing",
    "config.otlp.headers.Authorization=Basic": "config.otlp.headers.Authorization: looks like a secret",
    "config.aws.assume_role.role_arn=r,config.aws.assume_role.external_id=x": "config.aws.assume_role.external_id: is",
    "config.record.mask={sourceIPAddress}": "config.record.mask: needs a key",
    "config.http.listen=0.0.0.0:80": "config.http.listen: has no effect in this chart",
    "extraEnv[0].name=TRAIL_AGENT_HTTP__LISTEN,extraEnv[0].value=:80": "extraEnv: must not hold TRAIL_AGENT_HTTP__",
    "config.otlp.ca_file=/ca,secrets.otlpTls.existingSecret=tls": "config.otlp.ca_file: has no effect beside",
    "config.queue.url=https://sqs/1/trail-agent": "config.queue.region: is missing; keda needs it",
    "keda.enabled=true,keda.maxReplicaCount=1": "keda.maxReplicaCount: 1 is less than keda.minReplicaCount (2)",
    "networkPolicy.enabled=true": "networkPolicy.sinkPorts: is missing",
    "serviceAccount.create=false,serviceAccount.annotations.a=b": "serviceAccount.annotations: has no effect",
}
"""What a schema cannot say."""


@pytest.mark.parametrize("change", TYPOS)
def test_a_typing_error_is_told_by_its_key(change: str) -> None:
    """Also when it is one of many."""
    assert TYPOS[change] in refusal("minimal", *TYPOS)


@pytest.mark.parametrize("change", CONFLICTS)
def test_a_contradiction_is_told_by_its_key(change: str) -> None:
    """Also when it is one of many, with what to do."""
    assert CONFLICTS[change] in refusal("minimal", *CONFLICTS)


def test_passwords_and_unwritten_addresses_are_told() -> None:
    """What two of the changes above would hide from each other."""
    assert "config.otlp.endpoint: holds a user name" in refusal("minimal", "config.otlp.endpoint=https://u:p@loki/otlp")
    assert "config.queue.url: must be written out" in refusal("keda", "config.queue.url=${env:QUEUE}")


@pytest.mark.parametrize("missing", ["queue", "buckets"])
def test_what_is_required_is_told(missing: str) -> None:
    """Whoever installs the chart without values is told what it needs."""
    assert "at '/config': missing properties" in refusal("")
    assert f"'{missing}'" in refusal("")


@pytest.mark.parametrize(
    "changes",
    [
        ["resources.limits.memory=1Gi"],
        ["resources.limits.memory=1073741824"],
        ["resources.limits.memory=512Mi", "config.limits.in_flight_bytes=268435456"],
        ["resources.limits.memory=null"],
        ["terminationGracePeriodSeconds=40"],
        ["terminationGracePeriodSeconds=15", "config.shutdown_grace_seconds=0"],
        ["config.limits=null", "config.log=null", "config.workers=null"],
        [
            "config.otlp.endpoint=null",
            "extraEnv[0].name=OTEL_EXPORTER_OTLP_ENDPOINT",
            "extraEnv[0].value=http://$(HOST):1",
        ],
        ["config.otlp.endpoint=https://u:${env:PASSWORD}@loki/otlp"],
        ["enabled=true", "global.anything=1"],
    ],
    ids=lambda changes: changes[0],
)
def test_what_is_sound_is_not_refused(changes: list[str]) -> None:
    """Values at the limit, other words for the same, what the agent itself takes, and what a parent chart gives."""
    answer = helm("template", "minimal", *changes)
    assert answer.returncode == 0, answer.stderr


def test_the_schema_of_the_settings_is_the_agents() -> None:
    """A setting that the agent would refuse is refused by Helm."""
    assert VALUES_SCHEMA.read_text(encoding="utf-8") == values_schema(), "run `make docs` (python -m tests.reference)"


def structure(schema: dict[str, Any]) -> dict[str, Any]:
    """The keys of a schema that lists them, with theirs; a leaf is empty."""
    listed = schema.get("properties", {}) if schema.get("additionalProperties") is False else {}
    return {name: structure(one) for name, one in listed.items()}


def test_every_value_has_a_rule_and_every_rule_a_value() -> None:
    """values.yaml shows each key that the schema lists, and no other."""

    def shown(value: object, rule: dict[str, Any]) -> dict[str, Any]:
        return (
            {name: shown(one, rule.get(name, {})) for name, one in value.items()}
            if isinstance(value, dict) and rule
            else {}
        )

    rules = structure(json.loads(values_schema()))
    for name in ("global", "enabled"):
        del rules[name]
    del rules["resources"]["claims"]
    assert shown(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8")), rules) == rules


def test_the_readme_lists_every_value() -> None:
    """With its default and its comment, as they stand in values.yaml."""
    assert README.read_text(encoding="utf-8") == readme(), "run `make docs` (python -m tests.reference)"


def test_the_example_in_the_readme_can_be_installed(tmp_path: Path) -> None:
    """A newcomer copies it, and changes names only."""
    (example,) = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    values = tmp_path / "trail-agent.yaml"
    values.write_text(example, encoding="utf-8")
    answer = run_tool("helm", "template", "trail-agent", CHART, "--kube-version", KUBERNETES, "--values", values)
    assert answer.returncode == 0, answer.stderr
    assert 'image: "registry.example.com/trail-agent:' in answer.stdout
