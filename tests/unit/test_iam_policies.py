"""The policies under deploy/iam/ are sound, grant no more than they say, and are what their README promises."""

from __future__ import annotations

import re

import botocore.session
import pytest

from tests.support import iam_policy
from tests.support.iam_policy import Call, allowed

QUEUE = "arn:aws:sqs:us-west-2:111122223333:trail-agent"
DEAD_LETTERS = f"{QUEUE}-dead-letters"
BUCKET = "arn:aws:s3:::acme-trail-111122223333"
KEY = "AWSLogs/111122223333/CloudTrail/us-west-2/2026/11/20/111122223333_CloudTrail_us-west-2_20261120T1200Z_a.json.gz"
ORGANISATION_KEY = KEY.replace("AWSLogs/", "AWSLogs/o-exampleorgid/")
TRAIL_KMS = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
QUEUE_KMS = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"
S3 = "s3.amazonaws.com"
FROM_THE_BUCKET = {"aws:SourceArn": BUCKET, "aws:SourceAccount": "111122223333"}
READER = "arn:aws:iam::444455556666:role/trail-reader"
ROLE = "arn:aws:iam::111122223333:role/trail-agent"
VIA_S3 = {"kms:ViaService": "s3.us-west-2.amazonaws.com"}
VIA_SQS = {"kms:ViaService": "sqs.us-west-2.amazonaws.com"}

_IAM_ONLY = {
    "s3:ListBucket",
    "s3:GetBucketNotification",
    "sts:TagSession",
}  # actions that operations need, and the names of none
_KEY_POLICIES = {"queue-key.json"}  # in the policy of a key, `*` is that key
_OF_NO_RESOURCE = {
    "cloudtrail:DescribeTrails",
    "cloudtrail:LookupEvents",
    "events:ListRuleNamesByTarget",
}  # AWS can allow these for `*` only
_TRUST_POLICIES = {"bucket-role-trust.json"}  # the resource is the role that they stand in


@pytest.mark.parametrize("name", iam_policy.names())
def test_a_document_is_sound_and_grants_nothing_wholesale(name: str) -> None:
    """Statements have names of their own, no action has a wildcard or is unknown, and every resource is an ARN."""
    statements = iam_policy.read(name)
    sids = [statement.sid for statement in statements]
    assert sids
    assert len(set(sids)) == len(sids)
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)
    for statement in statements:
        assert set(statement.actions) <= _IAM_ONLY | _operations(), statement.sid
        for resource in statement.resources:
            is_named = re.fullmatch("arn:aws:[a-z0-9]+:[a-z0-9-]*:[0-9]*:[^*].*", resource)
            assert is_named or name in _KEY_POLICIES or set(statement.actions) <= _OF_NO_RESOURCE
        assert bool(statement.resources) != (name in _TRUST_POLICIES)


def _operations() -> set[str]:
    """The operations of the services that the agent speaks to, as AWS's own models name them."""
    session = botocore.session.Session()
    return {
        f"{service}:{operation}"
        for service in ("sqs", "s3", "kms", "sts", "sns", "events", "cloudtrail", "iam")
        for operation in session.get_service_model(service).operation_names
    }


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("agent.json", Call("s3:GetObject", f"{BUCKET}/{KEY}")),
        ("agent.json", Call("s3:GetObject", f"{BUCKET}/{ORGANISATION_KEY}")),
        ("agent.json", Call("s3:GetObject", f"{BUCKET}/copies/{KEY.rpartition('/')[2]}")),
        ("agent.json", Call("s3:ListBucket", BUCKET, {"s3:prefix": KEY})),
        ("agent.json", Call("s3:ListBucket", BUCKET, {"s3:prefix": f"copies/{KEY.rpartition('/')[2]}"})),
        ("operator.json", Call("s3:GetObject", f"{BUCKET}/{ORGANISATION_KEY}")),
        ("operator.json", Call("s3:ListBucket", BUCKET, {"s3:prefix": KEY})),
        ("operator.json", Call("s3:ListBucket", BUCKET, {"s3:prefix": "AWSLogs/o-exampleorgid/"})),
        ("operator.json", Call("s3:ListBucket", BUCKET, {"s3:prefix": ""})),
        ("agent-kms.json", Call("kms:Decrypt", TRAIL_KMS, VIA_S3)),
        ("agent-kms.json", Call("kms:Decrypt", QUEUE_KMS, VIA_SQS)),
        ("agent-kms.json", Call("kms:GenerateDataKey", QUEUE_KMS, VIA_SQS)),
        ("agent-event-history.json", Call("cloudtrail:LookupEvents", "*")),
        # Tags of EKS Pod Identity are passed on to the next role: without these, it is not assumed.
        ("agent-assume-role.json", Call("sts:TagSession", READER)),
        ("bucket-role-trust.json", Call("sts:TagSession", "", principal=ROLE)),
        ("queue.json", Call("sqs:SendMessage", QUEUE, FROM_THE_BUCKET, principal=S3)),
        ("queue-key.json", Call("kms:GenerateDataKey", QUEUE_KMS, FROM_THE_BUCKET, principal=S3)),
    ],
)
def test_what_is_needed_is_allowed(name: str, call: Call) -> None:
    """Each of these, which no emulator checks, is in the document that should have it."""
    assert allowed(iam_policy.read(name), call)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        *(("operator.json", Call(action, QUEUE)) for action in ("sqs:PurgeQueue", "sqs:SetQueueAttributes")),
        ("operator.json", Call("s3:PutBucketNotification", BUCKET)),
        ("operator.json", Call("cloudtrail:StopLogging", "arn:aws:cloudtrail:us-west-2:111122223333:trail/acme-trail")),
        ("operator.json", Call("s3:ListBucket", BUCKET, {"s3:prefix": "payroll"})),
        ("operator.json", Call("iam:SimulatePrincipalPolicy", "arn:aws:iam::111122223333:role/admin")),
        ("agent.json", Call("cloudtrail:LookupEvents", "*")),
        ("agent-event-history.json", Call("cloudtrail:DescribeTrails", "*")),
        ("agent.json", Call("sqs:SendMessage", QUEUE)),
        ("agent.json", Call("sqs:ReceiveMessage", DEAD_LETTERS)),
        ("agent.json", Call("sqs:PurgeQueue", QUEUE)),
        ("agent.json", Call("s3:GetObject", f"{BUCKET}/payroll.csv")),
        ("agent.json", Call("s3:GetObject", f"{BUCKET}/{KEY.replace('CloudTrail', 'vpcflowlogs')}")),
        ("agent.json", Call("s3:GetObject", f"{BUCKET}/{KEY.replace('CloudTrail', 'CloudTrail-Digest')}")),
        ("agent.json", Call("s3:GetObject", f"{BUCKET}-copy/{KEY}")),
        ("agent.json", Call("s3:PutObject", f"{BUCKET}/{KEY}")),
        ("agent.json", Call("s3:ListBucket", BUCKET)),
        ("agent.json", Call("s3:ListBucket", BUCKET, {"s3:prefix": "payroll"})),
        ("operator.json", Call("sqs:ReceiveMessage", QUEUE)),
        ("operator.json", Call("sqs:DeleteMessage", QUEUE)),
        ("operator.json", Call("sqs:SendMessage", DEAD_LETTERS)),
        ("operator.json", Call("sqs:PurgeQueue", DEAD_LETTERS)),
        ("operator.json", Call("s3:GetObject", f"{BUCKET}/payroll.csv")),
        ("operator.json", Call("s3:ListBucket", BUCKET, {"s3:prefix": "backup/"})),
        ("operator.json", Call("s3:ListBucket", BUCKET, {"s3:prefix": "AWSLogs/111122223333/elasticloadbalancing/"})),
        ("operator.json", Call("s3:DeleteObject", f"{BUCKET}/{KEY}")),
        ("agent-kms.json", Call("kms:Decrypt", TRAIL_KMS)),
        (
            "agent-kms.json",
            Call("kms:Decrypt", TRAIL_KMS, {"kms:ViaService": "secretsmanager.us-west-2.amazonaws.com"}),
        ),
        ("agent-kms.json", Call("kms:GenerateDataKey", TRAIL_KMS, VIA_S3)),
        ("agent-assume-role.json", Call("sts:AssumeRole", "arn:aws:iam::444455556666:role/admin")),
        ("bucket-role-trust.json", Call("sts:AssumeRole", "", principal="arn:aws:iam::111122223333:role/intruder")),
        ("queue.json", Call("sqs:SendMessage", QUEUE, principal=S3)),
        ("queue.json", Call("sqs:SendMessage", QUEUE, FROM_THE_BUCKET, principal="arn:aws:iam::111122223333:root")),
        ("queue.json", Call("sqs:SendMessage", QUEUE, {**FROM_THE_BUCKET, "aws:SourceArn": f"{BUCKET}-2"}, S3)),
        ("queue.json", Call("sqs:SendMessage", QUEUE, {**FROM_THE_BUCKET, "aws:SourceAccount": "444455556666"}, S3)),
        ("queue.json", Call("sqs:ReceiveMessage", QUEUE, FROM_THE_BUCKET, principal=S3)),
    ],
)
def test_what_is_not_needed_is_denied(name: str, call: Call) -> None:
    """Nothing beside the trail is read, nobody but the trail's bucket writes to the queue, no key serves two ends."""
    assert not allowed(iam_policy.read(name), call)


def test_the_readme_lists_the_actions_of_the_policies() -> None:
    """The table under "What the policies allow" has, row by row, the actions that the documents allow."""
    text = (iam_policy.FOLDER / "README.md").read_text(encoding="utf-8")
    section = text.partition("## What the policies allow")[2]
    rows = re.findall(r"^\| (?!on )([^|]+) \| ([^|]+) \|$", section.partition("\n## ")[0], re.MULTILINE)
    listed = {on: set(re.findall("`([a-z0-9]+:[A-Za-z]+)`", actions)) for on, actions in rows}
    agent = {statement.sid: set(statement.actions) for statement in iam_policy.read("agent.json")}
    by_row = [
        agent["TakeFromTheQueue"],
        agent["SendDeadLetters"],
        agent["ReadTheTrail"] | agent["TellAMissingObjectFromAForbiddenOne"],
        _actions("agent-kms.json"),
        _actions("agent-assume-role.json"),
        _actions("agent-event-history.json"),
    ]
    assert [actions for actions in listed.values() if actions] == by_row


def test_the_readme_lists_the_statements_of_the_operators_policy() -> None:
    """The table under "What an operator's commands need" has each statement, with the actions that it allows."""
    text = (iam_policy.FOLDER / "README.md").read_text(encoding="utf-8")
    section = text.partition("## What an operator's commands need")[2].partition("\n## ")[0]
    listed: dict[str, set[str]] = {}
    for sids, actions in re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", section, re.MULTILINE):
        listed[sids.replace("`", "")] = set(re.findall("`([a-z0-9]+:[A-Za-z]+)`", actions))
    allows = {statement.sid: set(statement.actions) for statement in iam_policy.read("operator.json")}
    told = {sids: {action for sid in sids.split(", ") for action in allows.pop(sid)} for sids in listed}
    assert told == listed
    assert allows == {}


def _actions(name: str) -> set[str]:
    return {action for statement in iam_policy.read(name) for action in statement.actions}


def test_every_document_is_told_where_it_goes() -> None:
    """The README beside the policies names each of them, and no other."""
    text = (iam_policy.FOLDER / "README.md").read_text(encoding="utf-8")
    assert sorted(set(re.findall("`([a-z-]+[.]json)`", text))) == iam_policy.names()
