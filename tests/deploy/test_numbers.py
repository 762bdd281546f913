"""One number, many files: what all ways to deploy share is the same in each, and fits the defaults of the code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from agent import __version__
from agent.settings import HttpSettings, LimitSettings, QueueSettings, Settings

ROOT: Final = Path(__file__).parents[2]
GRACE: Final = int(Settings.model_fields["shutdown_grace_seconds"].default)
STOP: Final = 40
BESIDE_READS: Final = 256
"""MiB of memory beside limits.in_flight_bytes: an idle process, requests, what the C library keeps, and a margin."""

TERMINATION: Final = 60
DAY: Final = 24 * 60 * 60
PORT: Final = str(HttpSettings().port)
USER: Final = "65532"
SETTINGS_FILE: Final = "/etc/trail-agent/agent.yaml"

Places = Sequence[tuple[str, str]]
"""Files, each with a pattern whose group is the number there; it may stand in a file more than once."""

NUMBERS: Final[Mapping[str, tuple[str, Places]]] = {
    "port": (
        PORT,
        (
            ("Dockerfile", r"^EXPOSE (\d+)"),
            ("Dockerfile", r"TRAIL_AGENT_HTTP__LISTEN=0\.0\.0\.0:(\d+)"),
            ("config/agent.yaml", r"listen: 127\.0\.0\.1:(\d+)"),
            ("deploy/README.md", r"^\| port \| (\d+) \|"),
            ("deploy/README.md", r"localhost:(\d+)/"),
            ("deploy/cloudformation/fargate.yaml", r"ContainerPort: (\d+)"),
            ("deploy/cloudformation/fargate.yaml", r"for Prometheus\n +IpProtocol: tcp\n +FromPort: (\d+)"),
            ("deploy/cloudformation/fargate.yaml", r"for Prometheus\n +IpProtocol: tcp\n.*\n +ToPort: (\d+)"),
            ("deploy/cloudformation/fargate.yaml", r'Value: "0\.0\.0\.0:(\d+)"'),
            ("deploy/compose/compose.yaml", r"127\.0\.0\.1:(\d+):9464"),
            ("deploy/compose/prometheus.yaml", r'"agent:(\d+)"'),
            ("deploy/helm/trail-agent/templates/deployment.yaml", r"containerPort: (\d+)"),
            ("deploy/helm/trail-agent/templates/deployment.yaml", r'printf "%s:(\d+)"'),
            ("deploy/helm/trail-agent/templates/networkpolicy.yaml", r"ingress:(?:.|\n)*?- port: (\d+)"),
            ("deploy/helm/trail-agent/templates/service.yaml", r"^      port: (\d+)"),
            ("deploy/kubernetes/deployment.yaml", r"containerPort: (\d+)"),
            ("deploy/kubernetes/service.yaml", r"^      port: (\d+)"),
            ("deploy/systemd/README.md", r"127\.0\.0\.1:(\d+)/"),
            ("deploy/compose/README.md", r"localhost:(\d+)/> \| the agent's"),
            ("deploy/kubernetes/README.md", r"localhost:(\d+)/"),
            ("docs/image.md", r"^\| port \| (\d+),"),
            ("docs/image.md", r"-p 127\.0\.0\.1:\d+:(\d+)"),
        ),
    ),
    "grace": (
        str(GRACE),
        (
            ("config/agent.yaml", r"shutdown_grace_seconds: (\d+)"),
            ("deploy/README.md", r"^\| `shutdown_grace_seconds` \| (\d+) \|"),
            ("deploy/compose/compose.yaml", r"shutdown_grace_seconds \((\d+)\)"),
            ("deploy/cloudformation/fargate.yaml", r"(\d+) s to finish what is in hand"),
            ("deploy/helm/trail-agent/values.yaml", r"config\.shutdown_grace_seconds \((\d+) by default\)"),
            ("deploy/systemd/trail-agent.service", r"shutdown_grace_seconds \((\d+)\)"),
        ),
    ),
    "stop time": (
        str(STOP),
        (
            ("deploy/README.md", r"^\| stop time \([^)]*\) \| (\d+) s \|"),
            ("deploy/cloudformation/fargate.yaml", r"StopTimeout: (\d+)"),
            ("deploy/compose/compose.yaml", r"stop_grace_period: (\d+)s"),
            ("docs/image.md", r"--stop-timeout (\d+)"),
            ("docs/image.md", r"wait (\d+) seconds before you kill"),
            ("deploy/systemd/trail-agent.service", r"^TimeoutStopSec=(\d+)"),
            ("deploy/systemd/trail-agent@.service", r"^TimeoutStopSec=(\d+)"),
        ),
    ),
    "termination period": (
        str(TERMINATION),
        (
            ("deploy/README.md", r"^\| termination period \(Kubernetes\) \| (\d+) s \|"),
            ("deploy/helm/trail-agent/values.yaml", r"^terminationGracePeriodSeconds: (\d+)"),
            ("deploy/kubernetes/deployment.yaml", r"terminationGracePeriodSeconds: (\d+)"),
        ),
    ),
    "visibility": (
        str(QueueSettings.model_fields["visibility_timeout_seconds"].default),
        (
            ("config/agent.yaml", r"visibility_timeout_seconds: (\d+)"),
            ("deploy/README.md", r"^\| `queue.visibility_timeout_seconds` \| (\d+) \|"),
            ("deploy/cloudformation/intake.yaml", r"VisibilityTimeout: (\d+)"),
            ("deploy/terraform/main.tf", r"visibility_timeout_seconds = (\d+)"),
        ),
    ),
    "long poll": (
        str(QueueSettings.model_fields["wait_seconds"].default),
        (
            ("config/agent.yaml", r"wait_seconds: (\d+)"),
            ("deploy/cloudformation/intake.yaml", r"ReceiveMessageWaitTimeSeconds: (\d+)"),
            ("deploy/terraform/main.tf", r"receive_wait_time_seconds +\= (\d+)"),
        ),
    ),
    "receives": (
        "20",
        (
            ("agent/connections.py", r"maxReceiveCount (\d+)"),
            ("deploy/README.md", r"^\| receives before SQS gives up \| (\d+) \|"),
            ("deploy/cloudformation/intake.yaml", r"maxReceiveCount: (\d+)"),
            ("deploy/terraform/main.tf", r"maxReceiveCount = (\d+)"),
            ("docs/delivery.md", r"`maxReceiveCount` (\d+)"),
        ),
    ),
    "retention in seconds": (
        str(10 * DAY),
        (
            ("deploy/cloudformation/intake.yaml", r"MessageRetentionPeriod: (\d+)$"),
            ("deploy/terraform/main.tf", r"message_retention_seconds = (\d+)$"),
        ),
    ),
    "retention in days": (
        "10",
        (
            ("deploy/README.md", r"^\| retention of the queue \| (\d+) days \|"),
            ("docs/delivery.md", r"(\d+) days of retention on the queue"),
        ),
    ),
    "retention of dead letters in seconds": (
        str(14 * DAY),
        (
            ("deploy/cloudformation/intake.yaml", r"MessageRetentionPeriod: (\d+) #"),
            ("deploy/terraform/main.tf", r"message_retention_seconds = (\d+) #"),
        ),
    ),
    "retention of dead letters in days": (
        "14",
        (
            ("deploy/README.md", r"^\| retention of the dead-letter queue \| (\d+) days \|"),
            ("docs/delivery.md", r"days of retention on the queue and (\d+) on the dead-letter queue"),
        ),
    ),
    "user": (
        USER,
        (
            ("Dockerfile", r"^USER (\d+):65532$"),
            ("deploy/compose/aws.Dockerfile", r"^USER (\d+):65532$"),
            ("docs/image.md", r"^\| user \| (\d+), group"),
            ("deploy/cloudformation/fargate.yaml", r'User: "(\d+):65532"'),
            ("deploy/helm/trail-agent/values.yaml", r"(?:runAsUser|runAsGroup|fsGroup): (\d+)"),
            ("deploy/kubernetes/deployment.yaml", r"(?:runAsUser|runAsGroup|fsGroup): (\d+)"),
        ),
    ),
    "version": (
        __version__,
        (
            ("deploy/helm/trail-agent/Chart.yaml", r'^(?:version|appVersion): "?([^"\n]+)"?$'),
            ("deploy/kubernetes/deployment.yaml", r'image: "trail-agent:([^"]+)"'),
            ("deploy/kubernetes/kustomization.yaml", r"newTag: (\S+)"),
            ("deploy/systemd/README.md", r"^VERSION=(\S+)$"),
        ),
    ),
    "memory in MiB": (
        "768",
        (
            ("deploy/README.md", r"^\| memory \| .*at most (\d+) MiB \|"),
            ("deploy/compose/compose.yaml", r"mem_limit: (\d+)m"),
            ("deploy/helm/trail-agent/values.yaml", r"limits:\n +memory: (\d+)Mi"),
            ("deploy/kubernetes/deployment.yaml", r"limits:\n +memory: (\d+)Mi"),
            ("deploy/systemd/README.md", r"`MemoryMax` \((\d+) MiB\)"),
            ("deploy/systemd/trail-agent.service", r"^MemoryMax=(\d+)M"),
            ("deploy/systemd/trail-agent@.service", r"^MemoryMax=(\d+)M"),
        ),
    ),
    "memory beside reads in MiB": (
        str(BESIDE_READS),
        (
            ("deploy/README.md", r"`limits.in_flight_bytes` and (\d+) MiB more"),
            ("deploy/compose/compose.yaml", r"limits.in_flight_bytes and (\d+) MiB more"),
            ("deploy/helm/trail-agent/README.md", r"`config.limits.in_flight_bytes` and (\d+) MiB more"),
            (
                "deploy/helm/trail-agent/templates/_checks.tpl",
                r"in_flight_bytes \(%d\) and (\d+) MiB more",
            ),
            ("deploy/helm/trail-agent/values.yaml", r"config.limits.in_flight_bytes .*and (\d+) MiB more"),
            ("deploy/kubernetes/README.md", r"`limits.in_flight_bytes` and (\d+) MiB more"),
            ("deploy/mixin/alerts/agent.libsonnet", r"limits.in_flight_bytes and (\d+) MiB more"),
            ("deploy/systemd/README.md", r"is (\d+) MiB more"),
            ("deploy/systemd/trail-agent.service", r"limits.in_flight_bytes and (\d+) MiB more"),
            ("deploy/systemd/trail-agent@.service", r"limits.in_flight_bytes and (\d+) MiB more"),
            ("docs/delivery.md", r"`limits.in_flight_bytes` and (\d+) MiB more"),
        ),
    ),
    "requested memory in MiB": (
        "256",
        (
            ("deploy/README.md", r"^\| memory \| (\d+) MiB"),
            ("deploy/helm/trail-agent/values.yaml", r"requests:\n.*\n +memory: (\d+)Mi"),
            ("deploy/kubernetes/deployment.yaml", r"requests:\n.*\n +memory: (\d+)Mi"),
        ),
    ),
    "messages for each replica": (
        "500",
        (
            ("deploy/cloudformation/fargate.yaml", r"BacklogPerTask:\n.*\n +Default: (\d+)"),
            ("deploy/helm/trail-agent/values.yaml", r"^  queueLength: (\d+)"),
            ("deploy/kubernetes/scaledobject.yaml", r'queueLength: "(\d+)"'),
        ),
    ),
    "most replicas": (
        "5",
        (
            ("deploy/cloudformation/fargate.yaml", r"MaxTasks:\n.*\n +Default: (\d+)"),
            ("deploy/helm/trail-agent/values.yaml", r"^  maxReplicaCount: (\d+)"),
            ("deploy/kubernetes/scaledobject.yaml", r"maxReplicaCount: (\d+)"),
        ),
    ),
    "seconds before a replica less": (
        "300",
        (
            ("deploy/helm/trail-agent/values.yaml", r"^  scaleDownSeconds: (\d+)"),
            ("deploy/kubernetes/scaledobject.yaml", r"stabilizationWindowSeconds: (\d+)"),
        ),
    ),
    "settings file": (
        SETTINGS_FILE,
        (
            ("Dockerfile", r'^CMD \["run", "-c", "([^"]+)"\]'),
            ("deploy/compose/compose.yaml", r"target: (\S+/agent\.yaml)"),
            ("deploy/helm/trail-agent/templates/deployment.yaml", r"- (/\S+/agent\.yaml)"),
            ("deploy/systemd/trail-agent.service", r"^ExecStart=\S+ run -c (\S+)"),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A file that has one of the numbers."""

    number: str
    file: str
    pattern: str

    def found(self, text: str) -> list[str]:
        """The values that stand there."""
        return [match[1] for match in re.finditer(self.pattern, text, re.MULTILINE)]

    def __str__(self) -> str:
        return f"{self.number} in {self.file}"


def _places() -> Iterator[Place]:
    for number, (_, places) in NUMBERS.items():
        yield from (Place(number, file, pattern) for file, pattern in places)


def _text(place: Place) -> str:
    return (ROOT / place.file).read_text(encoding="utf-8")


@pytest.mark.parametrize("place", [*_places()], ids=str)
def test_a_number_is_the_same_wherever_it_stands(place: Place) -> None:
    """Whoever changes a port, a time or a retention in one file is told of the others."""
    value, _ = NUMBERS[place.number]
    found = place.found(_text(place))
    assert found, f"{place.pattern} finds nothing in {place.file}"
    assert set(found) == {value}


@pytest.mark.parametrize("place", [*_places()], ids=str)
def test_a_number_that_was_changed_by_hand_is_found(place: Place) -> None:
    """The pattern of each place really reads the number there: another one in its stead does not go unseen."""
    value, _ = NUMBERS[place.number]
    text = _text(place)
    for match in re.finditer(place.pattern, text, re.MULTILINE):
        changed = f"{text[: match.start(1)]}7{text[match.end(1) :]}"
        assert set(place.found(changed)) != {value}


def test_each_limit_is_longer_than_what_must_fit_into_it() -> None:
    """The agent's own grace ends before systemd, Docker and ECS stop waiting; Kubernetes waits longest."""
    assert GRACE < STOP < TERMINATION


def test_memory_is_what_reads_may_reserve_and_room_for_the_rest() -> None:
    """An idle process, and what a flood may take beyond: else the kernel ends the agent in the middle of a file."""
    idle, beyond = 85, 64
    assert LimitSettings().in_flight_bytes >> 20 == int(NUMBERS["memory in MiB"][0]) - BESIDE_READS
    assert idle + beyond < BESIDE_READS


def test_dead_letters_outlive_the_queue() -> None:
    """A message that SQS moves on the last day of the queue's retention keeps its age, and must not be gone at once."""
    assert int(NUMBERS["retention of dead letters in days"][0]) > int(NUMBERS["retention in days"][0])
