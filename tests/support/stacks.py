"""The stacks of deploy/cloudformation/ for one example: the names of deploy/iam/README.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.support.cloudformation import Stack

BUCKET: Final = "acme-trail-111122223333"
THEIRS: Final = "acme-trail-444455556666"
QUEUE: Final = "arn:aws:sqs:us-west-2:111122223333:trail-agent"
URL: Final = "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"
ROLE: Final = "arn:aws:iam::111122223333:role/trail-agent"
READER: Final = "arn:aws:iam::444455556666:role/trail-reader"
TOPIC: Final = "arn:aws:sns:us-west-2:111122223333:trail"
TRAIL_KEY: Final = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
QUEUE_KEY: Final = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"
RULE: Final = "arn:aws:events:us-west-2:111122223333:rule/trail-agent"
OIDC: Final = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE"
THEIR_TRAIL: Final = "arn:aws:cloudtrail:us-west-2:444455556666:trail/trail-agent"
REPOSITORY: Final = "arn:aws:ecr:us-west-2:111122223333:repository/trail-agent"

_MADE: Final = {
    "Queue": URL,
    "Queue.Arn": QUEUE,
    "Queue.QueueName": "trail-agent",
    "DeadLetterQueue": f"{URL}-dead-letters",
    "DeadLetterQueue.Arn": f"{QUEUE}-dead-letters",
    "DeadLetterQueue.QueueName": "trail-agent-dead-letters",
    "ObjectCreatedRule.Arn": RULE,
    "TrailBucket": BUCKET,
    "Role.Arn": ROLE,
}
_SERVICE: Final[Mapping[str, Any]] = {
    "Image": "111122223333.dkr.ecr.us-west-2.amazonaws.com/trail-agent:1.0.0",
    "QueueUrl": URL,
    "Buckets": json.dumps([{"name": BUCKET, "region": "us-west-2"}]),
    "TaskRoleArn": ROLE,
    "OtlpEndpoint": "https://collector.example.com:4318",
    "VpcId": "vpc-0123456789abcdef0",
    "SubnetIds": "subnet-0123456789abcdef0",
}
_CONNECTED: Final[Mapping[str, Any]] = {"BucketName": THEIRS, "AgentRoleArn": ROLE, "QueueArn": QUEUE}


def intake(**given: Any) -> Stack:
    """The intake for the example's bucket, with `given` besides."""
    return Stack.of("intake.yaml", _MADE, **{"BucketName": BUCKET, **given})


def connected(**given: Any) -> Stack:
    """The reader in the connected account."""
    return Stack.of("connected-account.yaml", {"ReaderRole.Arn": READER}, **{**_CONNECTED, **given})


def fargate(**given: Any) -> Stack:
    """The service, with the least that it needs, and `given` besides."""
    return Stack.of("fargate.yaml", **{**_SERVICE, **given})


def statements(stack: Stack, resource: str) -> list[dict[str, Any]]:
    """Those of a policy that is a resource."""
    found: list[dict[str, Any]] = stack.properties(resource)["PolicyDocument"]["Statement"]
    return found


def inline(stack: Stack, role: str) -> list[dict[str, Any]]:
    """The statements of a role's own policies."""
    return [each for policy in stack.properties(role)["Policies"] for each in policy["PolicyDocument"]["Statement"]]
