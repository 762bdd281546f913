"""The environment: what its variables set, and what is told of those that set nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import SettingsError
from agent.settings import load
from tests.support.settings import REQUIRED, settings


def test_the_general_variables_are_honoured() -> None:
    """Endpoint, protocol, headers, compression and time-out in milliseconds come from OTEL_EXPORTER_OTLP_*."""
    otlp = settings(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318",
        OTEL_EXPORTER_OTLP_HEADERS="api-key=a%20b,x=y",
        OTEL_EXPORTER_OTLP_COMPRESSION="none",
        OTEL_EXPORTER_OTLP_TIMEOUT="2500",
    ).otlp
    assert (otlp.logs_url, otlp.compression, otlp.timeout_seconds) == ("http://collector:4318/v1/logs", "none", 2.5)
    assert otlp.plain_headers() == {"api-key": "a b", "x": "y"}


def test_certificates_come_from_their_variables(tmp_path: Path) -> None:
    """The three certificate variables name the three files."""
    file = tmp_path / "pem"
    file.write_text("pem")
    names = ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
    otlp = settings(**{f"OTEL_EXPORTER_OTLP_{name}": str(file) for name in names}).otlp
    assert (otlp.ca_file, otlp.cert_file, otlp.key_file) == (file, file, file)


def test_the_logs_variables_win_and_their_endpoint_is_verbatim() -> None:
    """The signal's own variable beats the general one, and nothing is appended to its endpoint."""
    otlp = settings(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318",
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT="http://store:9428/insert/logs",
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        OTEL_EXPORTER_OTLP_LOGS_PROTOCOL="http/protobuf",
    ).otlp
    assert (otlp.logs_url, otlp.protocol) == ("http://store:9428/insert/logs", "http/protobuf")


def test_the_agents_own_settings_win() -> None:
    """A standard variable is not heard where TRAIL_AGENT_* speaks; its headers stay with its own endpoint."""
    otlp = settings(
        TRAIL_AGENT_OTLP__ENDPOINT="http://ours:4318",
        TRAIL_AGENT_OTLP__HEADERS="x=ours",
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT="http://theirs/x",
        OTEL_EXPORTER_OTLP_HEADERS="x=theirs,authorization=theirs",
    ).otlp
    assert otlp.logs_url == "http://ours:4318/v1/logs"
    assert otlp.plain_headers() == {"x": "ours"}


def test_what_is_not_honoured_is_not_judged() -> None:
    """A broken standard variable does no harm where our own setting stands in its place."""
    broken = {"OTEL_EXPORTER_OTLP_TIMEOUT": "ten", "OTEL_EXPORTER_OTLP_HEADERS": "broken"}
    otlp = settings(TRAIL_AGENT_OTLP__TIMEOUT_SECONDS="3", TRAIL_AGENT_OTLP__HEADERS="a=b", **broken).otlp
    assert otlp.timeout_seconds == 3


@pytest.mark.parametrize("text", ["otlp:\n", "otlp: {endpoint: null}\n", "otlp: {endpoint: '${env:NOWHERE:-}'}\n"])
def test_null_in_the_file_is_silence(tmp_path: Path, text: str) -> None:
    """A key or section that the file leaves null lets the standard variable speak."""
    path = tmp_path / "agent.yaml"
    path.write_text(text)
    found = load(path, {**REQUIRED, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
    assert found.otlp.endpoint == "http://collector:4318"


def test_resource_attributes_stand_below_our_own() -> None:
    """Attributes are merged key by key; OTEL_SERVICE_NAME beats OTEL_RESOURCE_ATTRIBUTES."""
    found = settings(
        TRAIL_AGENT_RESOURCE='{"team": "ours"}',
        OTEL_RESOURCE_ATTRIBUTES="service.name=a,team=theirs,zone=x%2Cy",
        OTEL_SERVICE_NAME="b",
    )
    assert found.resource == {"service.name": "b", "team": "ours", "zone": "x,y"}


def test_keys_that_split_streams_are_left_out_with_a_warning() -> None:
    """Instance, host, process, container, pod and node keys are dropped from whatever source, each with a warning."""
    dropped = ["service.instance.id", "host.name", "process.pid", "container.id", "k8s.pod.name", "k8s.node.name"]
    found = settings(
        OTEL_RESOURCE_ATTRIBUTES=",".join(f"{name}=x" for name in dropped[:3]),
        TRAIL_AGENT_RESOURCE=",".join(f"{name}=x" for name in [*dropped[3:], "container.name", "k8s.cluster.name"]),
    )
    assert set(found.resource) == {"service.name", "container.name", "k8s.cluster.name"}
    assert sorted(warning.split(":")[0] for warning in found.warnings) == sorted(f"resource.{name}" for name in dropped)
    assert "OTEL_RESOURCE_ATTRIBUTES" in found.warnings[0]


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "otlp.protocol"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "ten", "otlp.timeout_seconds"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "otlp.endpoint"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Bearer-x", "otlp.headers"),
        ("OTEL_RESOURCE_ATTRIBUTES", "broken", "resource"),
    ],
)
def test_a_bad_standard_variable_is_named(variable: str, value: str, key: str) -> None:
    """The problem says the key and the variable, and not the value."""
    with pytest.raises(SettingsError) as caught:
        settings(**{variable: value})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{key}: ")
    assert variable in problem
    assert value not in problem
