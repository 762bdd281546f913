"""deploy/cloudformation/fargate.yaml runs the agent as it wants to be run, with settings that it accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.settings import Settings, load
from agent.settings.destination import PLACES
from tests.support.cloudformation import RefusedError, Stack
from tests.support.dockerfile import Dockerfile
from tests.support.stacks import REPOSITORY, URL, fargate, inline

ROOT = Path(__file__).parents[2]
SECRET = "arn:aws:secretsmanager:us-west-2:111122223333:secret:trail-agent/otlp-AbCdEf"
PARAMETER = "arn:aws:ssm:us-west-2:111122223333:parameter/trail-agent/otlp"
KEY = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def container(stack: Stack) -> dict[str, Any]:
    """The definition of its one container."""
    (only,) = stack.properties("TaskDefinition")["ContainerDefinitions"]
    found: dict[str, Any] = only
    return found


def settings(stack: Stack) -> Settings:
    """What the agent makes of the container's variables."""
    return load(None, {each["Name"]: str(each["Value"]) for each in container(stack)["Environment"]})


def start_statements(stack: Stack) -> dict[str, dict[str, Any]]:
    """What ECS may do to start a task, by name."""
    return {each["Sid"]: each for each in inline(stack, "ExecutionRole")}


def test_the_variables_are_settings() -> None:
    """The agent takes them as they are, without a file, and they say what the parameters say."""
    made = settings(fargate(OtlpProtocol="grpc", Profiles="codecatalyst,codeconnections"))
    assert made.needed_queue().url == URL
    assert [bucket.name for bucket in made.buckets] == ["acme-trail-111122223333"]
    assert (made.otlp.endpoint, made.otlp.protocol) == ("https://collector.example.com:4318", "grpc")
    assert made.select.profiles == ("codecatalyst", "codeconnections")
    assert container(fargate())["Command"] == ["run"]


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_a_task_has_twice_the_memory_that_reads_may_reserve(size: str) -> None:
    """As docs/delivery.md wants it: what is read and not shipped yet fits, whatever the size."""
    stack = fargate(Size=size)
    memory = int(stack.properties("TaskDefinition")["Memory"]) * 2**20
    assert memory == 2 * settings(stack).limits.in_flight_bytes


def test_a_stop_leaves_time_to_drain() -> None:
    """SIGKILL comes well after the grace time."""
    assert container(fargate())["StopTimeout"] == 40 > settings(fargate()).shutdown_grace_seconds


def test_the_container_can_do_little() -> None:
    """No root, no capability, no file to write."""
    made = container(fargate())
    assert made["User"] == "65532:65532"
    assert made["ReadonlyRootFilesystem"] is True
    assert made["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}


def test_health_is_asked_as_the_image_asks_it() -> None:
    """ECS does not look at an image's HEALTHCHECK: the task has the same, and the image's entry point takes `run`."""
    image = Dockerfile.read(ROOT / "Dockerfile").last
    made = container(fargate())
    health = image.only("HEALTHCHECK")
    assert made["HealthCheck"]["Command"] == ["CMD", *json.loads(health.text.removeprefix("CMD "))]
    assert made["Command"] == image.only("CMD").words[:1]
    assert made["User"] == image.all("USER")[-1].text
    times = {name.replace("-", ""): int(value.removesuffix("s")) for name, value in health.flags.items()}
    assert times == {name.lower(): value for name, value in made["HealthCheck"].items() if name != "Command"}


def test_the_port_is_one_and_closed_unless_somebody_scrapes() -> None:
    """What the agent listens on is what is mapped and let in, for one security group, and only if it is named."""
    stack = fargate(ScraperSecurityGroupId="sg-0123456789abcdef0")
    listen = settings(stack).http.listen
    (mapped,) = container(stack)["PortMappings"]
    inside = stack.properties("ScraperIngress")
    assert listen == f"0.0.0.0:{mapped['ContainerPort']}" == "0.0.0.0:9464"
    assert inside["FromPort"] == inside["ToPort"] == mapped["ContainerPort"]
    assert inside["SourceSecurityGroupId"] == "sg-0123456789abcdef0"
    assert "ScraperIngress" not in fargate().resources()
    assert "SecurityGroupIngress" not in fargate().properties("SecurityGroup")


def test_the_way_to_the_sink_is_open_once() -> None:
    """EC2 refuses a group that has the same rule twice: a sink on 443 needs no rule of its own."""
    assert fargate(OtlpPort=4317).properties("SinkEgress")["ToPort"] == 4317
    assert "SinkEgress" not in fargate(OtlpPort=443).resources()
    assert fargate().properties("SinkEgress")["ToPort"] == PLACES["http/protobuf"].port
    (aws,) = fargate().properties("SecurityGroup")["SecurityGroupEgress"]
    assert (aws["FromPort"], aws["ToPort"]) == (443, 443)


@pytest.mark.parametrize(
    ("given", "action", "service"),
    [
        ({"OtlpHeadersArn": SECRET}, "secretsmanager:GetSecretValue", "secretsmanager"),
        ({"OtlpHeadersArn": PARAMETER}, "ssm:GetParameters", "ssm"),
    ],
    ids=["secretsmanager", "ssm"],
)
def test_a_secret_is_read_by_who_starts_the_task(given: Mapping[str, str], action: str, service: str) -> None:
    """From either store, that secret alone, and decrypted with that key alone; it never is a plain variable."""
    stack = fargate(**given, SecretKeyArn=KEY)
    assert container(stack)["Secrets"] == [{"Name": "TRAIL_AGENT_OTLP__HEADERS", "ValueFrom": given["OtlpHeadersArn"]}]
    allowed = start_statements(stack)
    assert (allowed["ReadTheHeaders"]["Action"], allowed["ReadTheHeaders"]["Resource"]) == (action, *given.values())
    via = allowed["DecryptTheHeaders"]["Condition"]["StringEquals"]["kms:ViaService"]
    assert (allowed["DecryptTheHeaders"]["Resource"], via) == (KEY, f"{service}.us-west-2.amazonaws.com")


def test_who_starts_the_task_may_do_only_what_was_asked_for() -> None:
    """Write the log; fetch the image, and read the file of variables, if they are named."""
    assert set(start_statements(fargate())) == {"WriteTheLog"}
    more = start_statements(
        fargate(RepositoryArn=REPOSITORY, EnvironmentFileArn="arn:aws:s3:::acme-settings/agents/trail-agent.env")
    )
    assert more["FetchTheImage"]["Resource"] == REPOSITORY
    assert more["ReadTheEnvironmentFile"]["Resource"] == "arn:aws:s3:::acme-settings/agents/trail-agent.env"
    assert more["FindTheEnvironmentFile"]["Resource"] == "arn:aws:s3:::acme-settings"
    assert [sid for sid, each in more.items() if each["Resource"] == "*"] == ["AskForATokenOfEcr"]


def test_tasks_follow_the_backlog() -> None:
    """Messages that wait and that are held, for each running task; quickly up, slowly down, never none."""
    stack = fargate()
    tracking = stack.properties("BacklogPolicy")["TargetTrackingScalingPolicyConfiguration"]
    *parts, result = tracking["CustomizedMetricSpecification"]["Metrics"]
    metrics = {part["Id"]: part["MetricStat"]["Metric"] for part in parts}
    assert {name: metric["MetricName"] for name, metric in metrics.items()} == {
        "waiting": "ApproximateNumberOfMessagesVisible",
        "held": "ApproximateNumberOfMessagesNotVisible",
        "tasks": "RunningTaskCount",
    }
    assert {metrics[name]["Dimensions"][0]["Value"] for name in ("waiting", "held")} == {"trail-agent"}
    assert (result["Expression"], result["ReturnData"]) == ("(FILL(waiting, 0) + FILL(held, 0)) / tasks", True)
    assert not any(part["ReturnData"] for part in parts)
    assert tracking["ScaleInCooldown"] >= 5 * tracking["ScaleOutCooldown"]
    assert stack.properties("ScalableTarget")["MinCapacity"] == 1
    assert "DesiredCount" not in stack.properties("Service")
    assert {"Name": "containerInsights", "Value": "enabled"} in stack.properties("Cluster")["ClusterSettings"]


def test_tasks_that_are_added_can_lower_the_backlog() -> None:
    """What one task holds by itself stays far below the target: else each new task would call for another."""
    made = settings(fargate())
    assert fargate().parameters["BacklogPerTask"] > 2 * made.workers * 10


def test_a_new_version_starts_before_the_old_one_stops() -> None:
    """And a version that does not start is taken back."""
    deployment = fargate().properties("Service")["DeploymentConfiguration"]
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


def test_capacity_is_asked_for_in_one_way() -> None:
    """ECS refuses a service that names a launch type and a capacity provider."""
    plain, spot = fargate().properties("Service"), fargate(Capacity="FARGATE_SPOT").properties("Service")
    assert plain["LaunchType"] == "FARGATE"
    assert "CapacityProviderStrategy" not in plain
    assert spot["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    assert "LaunchType" not in spot


def test_a_cluster_that_is_there_is_used() -> None:
    """No second one is made, and the service and its scaling name it."""
    stack = fargate(ClusterName="shared")
    assert "Cluster" not in stack.resources()
    assert stack.properties("Service")["Cluster"] == stack.outputs()["ClusterName"] == "shared"
    assert stack.properties("ScalableTarget")["ResourceId"] == {"Fn::Sub": "service/shared/${Service.Name}"}


def test_tasks_have_a_name_for_prometheus_if_there_is_a_namespace() -> None:
    """One A record each, in Cloud Map."""
    service = fargate(NamespaceId="ns-0123456789abcdef").properties("DiscoveryService")
    assert (service["Name"], service["DnsConfig"]["DnsRecords"]) == ("trail-agent", [{"Type": "A", "TTL": 15}])
    assert "ServiceRegistries" not in fargate().properties("Service")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Image": "trail-agent"}, "one cannot say what runs"),
        ({"QueueUrl": f"{URL}.fifo"}, "FIFO queue is wrong"),
        ({"QueueUrl": "arn:aws:sqs:us-west-2:111122223333:trail-agent"}, "QueueUrl looks like"),
        ({"Buckets": "acme-trail-111122223333"}, "JSON list"),
        ({"OtlpEndpoint": "https://me:secret@loki.example.com"}, "holds no password"),
        ({"OtlpEndpoint": "collector:4318"}, "begins with https://"),
        ({"OtlpHeadersArn": "Authorization=Bearer abc"}, "whole ARN"),
        ({"EnvironmentFileArn": "arn:aws:s3:::acme/agent.yaml"}, ".env"),
        ({"MinTasks": 0}, "1 or more"),
        ({"Size": "tiny"}, "small, medium or large"),
    ],
    ids=str,
)
def test_a_wrong_service_is_refused_with_what_to_do(given: Mapping[str, Any], words: str) -> None:
    """What is pasted from the wrong place is told before anything is made."""
    with pytest.raises(RefusedError, match=re.escape(words)):
        fargate(**given)
