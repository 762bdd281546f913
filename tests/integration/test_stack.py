"""The stacks of deploy/cloudformation/, made in an emulated AWS: a log file in the stack's own bucket ends at the sink,
shipped by the real daemon with the variables of the stack's own task.

The emulator makes queues, bucket and role of the intake, but no policies of queues and no notifications of buckets.
Those are taken from the template, as `tests.support.cloudformation` renders it, and put in by the API.
"""

from __future__ import annotations

import ast
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from agent.demo.child import Child
from agent.demo.environment import isolated
from agent.demo.generator import Generator
from agent.demo.trail_objects import pack, trail_key
from agent.demo.world import REGION
from tests.support import cloudformation, moto
from tests.support.clock import eventually
from tests.support.cloudformation import Stack
from tests.support.daemon import Daemon
from tests.support.moto import Emulator
from tests.support.otlp_receiver import HttpReceiver
from tests.support.stacks import BUCKET, fargate

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOT = str(Path(__file__).parents[2])

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")  # types that the emulator does not know


@dataclass(frozen=True, slots=True)
class Account:
    """An emulated account in which stacks are made."""

    emulator: Emulator

    def make(self, template: str, **given: str) -> dict[str, str]:
        """Make a stack, and return its outputs."""
        client, name = self.emulator.client("cloudformation"), f"stack-{uuid.uuid4().hex[:8]}"
        client.create_stack(
            StackName=name,
            TemplateBody=(cloudformation.FOLDER / template).read_text(encoding="utf-8"),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def connect(self, outputs: Mapping[str, str], **given: str) -> None:
        """Put in what the emulator left out: the queue's policy and the bucket's notification."""
        made = {"Queue.Arn": outputs["QueueArn"], "Queue": outputs["QueueUrl"]}
        stack = Stack.of("intake.yaml", made, **given)
        policy = json.dumps(stack.properties("QueuePolicy")["PolicyDocument"])
        self.emulator.sqs.set_queue_attributes(QueueUrl=outputs["QueueUrl"], Attributes={"Policy": policy})
        (queue,) = stack.properties("TrailBucket")["NotificationConfiguration"]["QueueConfigurations"]
        self.emulator.s3.put_bucket_notification_configuration(
            Bucket=outputs["BucketName"],
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": queue["Queue"],
                        "Events": [queue["Event"]],
                        "Filter": {"Key": {"FilterRules": queue["Filter"]["S3Key"]["Rules"]}},
                    }
                ]
            },
        )


@pytest.fixture
def account(emulator: str) -> Iterator[Account]:
    """An account with no queue and no bucket in it."""
    moto.forget()
    yield Account(Emulator(emulator))
    moto.forget()


def test_a_log_file_in_the_bucket_of_a_stack_ends_at_the_sink(account: Account, tmp_path: Path) -> None:
    """The service is made of the outputs of the intake, as the guide has it, and ships."""
    given = {"Trail": "new", "BucketName": BUCKET}
    outputs = account.make("intake.yaml", **given)
    account.connect(outputs, **given)
    with HttpReceiver() as sink:
        service = fargate(
            QueueUrl=outputs["QueueUrl"],
            Buckets=outputs["Buckets"],
            TaskRoleArn=outputs["RoleArn"],
            OtlpEndpoint=sink.url,
        )
        (container,) = service.properties("TaskDefinition")["ContainerDefinitions"]
        variables = {each["Name"]: str(each["Value"]) for each in container["Environment"]} | {
            "AWS_ENDPOINT_URL": account.emulator.endpoint,  # instead of AWS
            "TRAIL_AGENT_QUEUE__WAIT_SECONDS": "1",
            "TRAIL_AGENT_HTTP__LISTEN": "127.0.0.1:0",  # instead of the one port of a task
        }
        (event,) = Generator(Random(1), NOW).generate(1, NOW)
        key = trail_key(Random(2), "111122223333", REGION, NOW)
        account.emulator.s3.put_object(Bucket=BUCKET, Key=key, Body=pack([event.record]))
        command = ["-m", "agent", *container["Command"]]
        log = tmp_path / "agent.log"
        with Child.start(command, isolated() | {"PYTHONPATH": ROOT} | variables, log) as child:
            eventually(lambda: bool(_uids(sink)) or not child.alive, "a record arrives")
            assert child.alive, log.read_text()
            agent = Daemon(child, log)
            eventually(lambda: _is_empty(account.emulator, outputs["QueueUrl"]), "the message is deleted")
            assert agent.stop() == 0
        assert _uids(sink) == [event.event_id]


def _uids(sink: HttpReceiver) -> list[object]:
    return [record.attributes["log.record.uid"] for export in sink.exports for record in export.records]


def _is_empty(emulator: Emulator, url: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return set(emulator.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()) == {"0"}


def test_a_stack_is_what_is_rendered(account: Account) -> None:
    """SQS says of its queues what the pages say, and the role's policy is what the tests of the template make of it."""
    outputs = account.make("intake.yaml", BucketName=BUCKET)
    queue, dead_letters = (
        account.emulator.sqs.get_queue_attributes(QueueUrl=outputs[name], AttributeNames=["All"])["Attributes"]
        for name in ("QueueUrl", "DeadLetterQueueUrl")
    )
    assert (queue["VisibilityTimeout"], queue["ReceiveMessageWaitTimeSeconds"]) == ("120", "10")
    assert (queue["MessageRetentionPeriod"], dead_letters["MessageRetentionPeriod"]) == ("864000", "1209600")
    assert queue["SqsManagedSseEnabled"] == dead_letters["SqsManagedSseEnabled"] == "true"
    redrive = {"deadLetterTargetArn": dead_letters["QueueArn"], "maxReceiveCount": 20}
    assert json.loads(queue["RedrivePolicy"]) == redrive
    client, role = account.emulator.client("iam"), outputs["RoleArn"].rpartition("/")[2]
    stored = client.get_role_policy(RoleName=role, PolicyName="trail-agent")["PolicyDocument"]
    made = {"Queue.Arn": queue["QueueArn"], "DeadLetterQueue.Arn": dead_letters["QueueArn"]}
    (policy,) = Stack.of("intake.yaml", made, BucketName=BUCKET).properties("Role")["Policies"]
    assert ast.literal_eval(stored) == policy["PolicyDocument"]  # the emulator stores Python's words, not JSON
