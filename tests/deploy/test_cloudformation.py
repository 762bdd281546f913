"""The templates under deploy/cloudformation/ make what the pages promise, with the policies of deploy/iam/, and refuse
what a tired person mistypes with a sentence that helps.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.settings import BucketSettings, load
from tests.support import cloudformation, iam_policy
from tests.support.cloudformation import RefusedError, Stack
from tests.support.iam_policy import Call, allowed
from tests.support.stacks import (
    BUCKET,
    OIDC,
    QUEUE,
    QUEUE_KEY,
    READER,
    ROLE,
    RULE,
    THEIR_TRAIL,
    THEIRS,
    TOPIC,
    TRAIL_KEY,
    URL,
    connected,
    inline,
    intake,
    statements,
)


def document(name: str) -> list[dict[str, Any]]:
    """The statements of a document of deploy/iam/, word by word."""
    text = (iam_policy.FOLDER / name).read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


# The policies are those of deploy/iam/, which tests/integration/test_permissions.py compares with recorded calls.


def test_the_role_may_do_what_the_documents_say() -> None:
    """The policies of the role, with keys, connected accounts and Event history, are those of deploy/iam/."""
    keys = {"BucketKeyArn": TRAIL_KEY, "QueueKeyArn": QUEUE_KEY}
    stack = intake(**keys, ConnectedRoleArns=READER, EventHistory="polled")
    assert inline(stack, "Role") == document("agent.json")
    assert statements(stack, "KeyPolicy") == document("agent-kms.json")
    assert statements(stack, "EventHistoryPolicy") == document("agent-event-history.json")
    assumes, *more = statements(stack, "AssumeRolePolicy")
    assert [assumes | {"Resource": READER}] == document("agent-assume-role.json")
    assert (assumes["Resource"], more) == ([READER], [])


def test_the_role_has_no_policy_that_it_does_not_need() -> None:
    """Without keys of one's own, roles of others and Event history there are no policies for them."""
    assert {"KeyPolicy", "AssumeRolePolicy", "EventHistoryPolicy", "InstanceProfile"} & set(
        intake().resources()
    ) == set()


def test_the_queue_admits_what_the_document_says() -> None:
    """The bucket alone may send, as in deploy/iam/queue.json, and nothing passes without TLS."""
    *allow, deny = statements(intake(), "QueuePolicy")
    assert allow == document("queue.json")
    assert deny == _only_over_tls(QUEUE)
    assert statements(intake(), "DeadLetterQueuePolicy") == [_only_over_tls(f"{QUEUE}-dead-letters")]


def _only_over_tls(arn: str) -> dict[str, Any]:
    return {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_a_connected_account_has_the_reader_of_the_documents() -> None:
    """Its role is that of deploy/iam/bucket-role.json, and lets in the agent's role alone."""
    stack = connected()
    assert inline(stack, "ReaderRole") == document("bucket-role.json")
    trust = stack.properties("ReaderRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust == document("bucket-role-trust.json")


def test_a_key_of_a_connected_account_is_used_by_its_reader() -> None:
    """The statement of deploy/iam/agent-kms.json moves into the role that reads the bucket."""
    stack = connected(BucketKeyArn=TRAIL_KEY)
    assert inline(stack, "ReaderRole")[2:] == document("agent-kms.json")[:1]


def test_a_bucket_that_is_read_under_a_role_is_not_read_without_it() -> None:
    """The agent's own role then has the queues and sts:AssumeRole, and nothing in S3."""
    stack = intake(BucketRoleArn=READER, BucketAccount="444455556666", ConnectedRoleArns=f"{READER}-2")
    assert [each["Sid"] for each in inline(stack, "Role")] == ["TakeFromTheQueue", "SendDeadLetters"]
    assert "KeyPolicy" not in stack.resources()
    assert statements(stack, "AssumeRolePolicy")[0]["Resource"] == [READER, f"{READER}-2"]


def test_a_prefix_stands_wherever_the_trail_writes() -> None:
    """In what may be listed, in the rule, in the notification of a new bucket, and in what CloudTrail may write."""
    existing = intake(TrailPrefix="audit/eu", Notify="eventbridge")
    assert inline(existing, "Role")[3]["Condition"]["StringLike"]["s3:prefix"][0] == "audit/eu/AWSLogs/*/CloudTrail/*"
    (key,) = existing.properties("ObjectCreatedRule")["EventPattern"]["detail"]["object"]["key"]
    assert key == {"wildcard": "audit/eu/AWSLogs/*_CloudTrail_*"}
    new = intake(TrailPrefix="audit/eu", Trail="new")
    assert _filter(new)["prefix"] == "audit/eu/AWSLogs/"
    assert statements(new, "TrailBucketPolicy")[1]["Resource"].endswith("/audit/eu/AWSLogs/111122223333/*")
    assert new.properties("NewTrail")["S3KeyPrefix"] == "audit/eu"


def _filter(stack: Stack) -> dict[str, str]:
    (queue,) = stack.properties("TrailBucket")["NotificationConfiguration"]["QueueConfigurations"]
    assert queue["Event"] == "s3:ObjectCreated:*"
    assert queue["Queue"] == QUEUE
    return {rule["Name"]: rule["Value"] for rule in queue["Filter"]["S3Key"]["Rules"]}


@pytest.mark.parametrize(
    ("given", "principal", "source"),
    [
        ({}, "s3.amazonaws.com", f"arn:aws:s3:::{BUCKET}"),
        ({"Notify": "eventbridge"}, "events.amazonaws.com", RULE),
        ({"Notify": "sns", "TopicArn": TOPIC}, "sns.amazonaws.com", TOPIC),
    ],
    ids=["bucket", "eventbridge", "sns"],
)
def test_one_way_in_is_open(given: Mapping[str, str], principal: str, source: str) -> None:
    """Whoever is to tell the queue of log files may; nobody else of that kind may, and no other kind."""
    stack = intake(**given)
    allow = iam_policy.of([each for each in statements(stack, "QueuePolicy") if each["Effect"] == "Allow"])
    context = {"aws:SourceArn": source, "aws:SourceAccount": "111122223333"}
    assert allowed(allow, Call("sqs:SendMessage", QUEUE, context, principal))
    assert not allowed(allow, Call("sqs:SendMessage", QUEUE, context | {"aws:SourceArn": f"{source}-2"}, principal))
    assert not allowed(allow, Call("sqs:SendMessage", QUEUE, context, "lambda.amazonaws.com"))
    assert not allowed(allow, Call("sqs:ReceiveMessage", QUEUE, context, principal))
    assert len(allow) == 1


@pytest.mark.parametrize("given", [{"Notify": "eventbridge"}, {"Notify": "sns", "TopicArn": TOPIC}])
def test_what_a_rule_or_a_topic_cannot_send_is_kept(given: Mapping[str, str]) -> None:
    """It goes to the dead-letter queue, which admits it: a queue that refuses must not lose a notification."""
    stack = intake(**given)
    keeps, _ = statements(stack, "DeadLetterQueuePolicy")
    (admits,) = [each for each in statements(stack, "QueuePolicy") if each["Effect"] == "Allow"]
    assert keeps["Principal"] == admits["Principal"]
    assert keeps["Condition"] == admits["Condition"]
    if "TopicArn" in given:
        way = stack.properties("TopicSubscription")["RedrivePolicy"]["deadLetterTargetArn"]
    else:
        (target,) = stack.properties("ObjectCreatedRule")["Targets"]
        way = target["DeadLetterConfig"]["Arn"]
    assert way == f"{QUEUE}-dead-letters"


@pytest.mark.parametrize(
    "topic", [TOPIC.replace("us-west-2", "eu-west-1"), TOPIC.replace("111122223333", "444455556666")]
)
def test_a_topic_from_afar_has_no_dead_letter_queue(topic: str) -> None:
    """SNS makes no subscription whose dead-letter queue is of another region or account than the topic."""
    stack = intake(Notify="sns", TopicArn=topic)
    assert stack.properties("TopicSubscription")["Region"] == topic.split(":")[3]
    assert "RedrivePolicy" not in stack.properties("TopicSubscription")
    assert [each["Sid"] for each in statements(stack, "DeadLetterQueuePolicy")] == ["OnlyOverTls"]


def test_connected_buckets_may_notify_the_queue() -> None:
    """Those that are listed, of the accounts that are listed; the trail's own bucket beside them."""
    stack = intake(
        ConnectedBucketArns=f"arn:aws:s3:::{THEIRS},arn:aws:s3:::b-2", ConnectedBucketAccounts="444455556666"
    )
    allow = iam_policy.of([each for each in statements(stack, "QueuePolicy") if each["Effect"] == "Allow"])
    context = {"aws:SourceArn": f"arn:aws:s3:::{THEIRS}", "aws:SourceAccount": "444455556666"}
    assert allowed(allow, Call("sqs:SendMessage", QUEUE, context, "s3.amazonaws.com"))
    assert not allowed(
        allow, Call("sqs:SendMessage", QUEUE, context | {"aws:SourceAccount": "777788889999"}, "s3.amazonaws.com")
    )
    assert len(allow) == 2


@pytest.mark.parametrize(
    ("given", "principal", "conditions"),
    [
        (
            {"RunsOn": "ecs"},
            {"Service": "ecs-tasks.amazonaws.com"},
            {"aws:SourceAccount": "111122223333", "aws:SourceArn": "arn:aws:ecs:*:111122223333:*"},
        ),
        ({"RunsOn": "ec2"}, {"Service": "ec2.amazonaws.com"}, {}),
        (
            {"RunsOn": "irsa", "OidcProviderArn": OIDC, "Namespace": "observe"},
            {"Federated": OIDC},
            {
                "oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE:aud": "sts.amazonaws.com",
                "oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE:sub": "system:serviceaccount:observe:trail-agent",
            },
        ),
        (
            {"RunsOn": "pod-identity", "ServiceAccount": "shipper"},
            {"Service": "pods.eks.amazonaws.com"},
            {
                "aws:SourceAccount": "111122223333",
                "aws:RequestTag/kubernetes-namespace": "trail-agent",
                "aws:RequestTag/kubernetes-service-account": "shipper",
            },
        ),
        ({"RunsOn": "other", "TrustedPrincipalArn": f"{ROLE}-host"}, {"AWS": f"{ROLE}-host"}, {}),
    ],
    ids=lambda value: value.get("RunsOn") if isinstance(value, dict) else None,
)
def test_the_role_lets_in_what_runs_the_agent(
    given: Mapping[str, str], principal: Mapping[str, str], conditions: Mapping[str, str]
) -> None:
    """One principal, under conditions that name this account or this service account."""
    trust = intake(**given).properties("Role")["AssumeRolePolicyDocument"]
    (statement,) = (json.loads(trust) if isinstance(trust, str) else trust)["Statement"]
    assert statement["Principal"] == principal
    assert {key: value for keys in statement.get("Condition", {}).values() for key, value in keys.items()} == conditions


def test_an_instance_gets_a_profile() -> None:
    """EC2 takes a role only through an instance profile."""
    assert "InstanceProfile" in intake(RunsOn="ec2").resources()


# Queues, alarms, bucket.


def test_the_queues_are_those_of_the_settings_and_pages() -> None:
    """Visibility and poll are the defaults of the settings; an outage of days costs no message a receive too many."""
    queue, dead_letters = intake().properties("Queue"), intake().properties("DeadLetterQueue")
    defaults = load(None, {"TRAIL_AGENT_QUEUE__URL": URL, "TRAIL_AGENT_BUCKETS": BUCKET}).needed_queue()
    assert queue["VisibilityTimeout"] == defaults.visibility_timeout_seconds == 120
    assert queue["ReceiveMessageWaitTimeSeconds"] == defaults.wait_seconds == 10
    assert queue["MessageRetentionPeriod"] == 10 * 86400
    assert dead_letters["MessageRetentionPeriod"] == 14 * 86400
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": f"{QUEUE}-dead-letters", "maxReceiveCount": 20}
    assert dead_letters["RedriveAllowPolicy"] == {"redrivePermission": "byQueue", "sourceQueueArns": [QUEUE]}


def test_no_queue_is_unencrypted_and_none_vanishes_with_the_stack() -> None:
    """SQS's own keys, or yours; what is in a queue outlives its stack, but not a first try that failed."""
    for name in ("Queue", "DeadLetterQueue"):
        assert intake().properties(name)["SqsManagedSseEnabled"] is True
        own = intake(QueueKeyArn=QUEUE_KEY).properties(name)
        assert own["KmsMasterKeyId"] == QUEUE_KEY
        assert "SqsManagedSseEnabled" not in own
        assert intake().resources()[name]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert intake().resources()[name]["UpdateReplacePolicy"] == "Retain"


def test_the_alarms_ring_before_anything_is_lost() -> None:
    """Age of the oldest message, half of the retention, and any dead letter; a quiet queue is no alarm."""
    stack = intake(AlarmTopicArn=TOPIC)
    seen = {
        name: (alarm["MetricName"], alarm["Dimensions"][0]["Value"], alarm["Threshold"])
        for name, alarm in ((name, each["Properties"]) for name, each in stack.resources().items() if "Alarm" in name)
    }
    retention = stack.properties("Queue")["MessageRetentionPeriod"]
    assert seen == {
        "QueueAgeAlarm": ("ApproximateAgeOfOldestMessage", "trail-agent", 1800),
        "QueueRetentionAlarm": ("ApproximateAgeOfOldestMessage", "trail-agent", retention // 2),
        "DeadLettersAlarm": ("ApproximateNumberOfMessagesVisible", "trail-agent-dead-letters", 0),
    }
    for name in seen:
        alarm = stack.properties(name)
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        # SQS stops the metrics of a quiet queue: dead letters that lie there must not end their own alarm.
        assert alarm["TreatMissingData"] == ("ignore" if name == "DeadLettersAlarm" else "notBreaching")
        assert alarm["Statistic"] == "Maximum"
        assert alarm["Period"] * alarm["EvaluationPeriods"] <= 3600
        assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC]
        assert "AlarmActions" not in intake().properties(name)


def test_a_new_bucket_keeps_what_is_written_to_it() -> None:
    """Private, encrypted, versioned; locked for longer than a notification can wait; it outlives its stack."""
    stack = intake(Trail="new")
    bucket = stack.properties("TrailBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    waits = sum(stack.properties(name)["MessageRetentionPeriod"] for name in ("Queue", "DeadLetterQueue")) // 86400
    assert bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Days"] > waits
    assert cloudformation.read("intake.yaml")["Parameters"]["LockDays"]["MinValue"] > waits
    (lifecycle, *_) = bucket["LifecycleConfiguration"]["Rules"]
    assert lifecycle["ExpirationInDays"] >= 365
    assert stack.resources()["TrailBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert stack.resources()["TrailBucketPolicy"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert _filter(stack) == {"prefix": "AWSLogs/", "suffix": ".json.gz"}


def test_a_new_bucket_waits_for_the_policy_of_the_queue_and_does_not_need_it_to_know_its_name() -> None:
    """S3 tests the queue when it gets the notification; the policy that admits it names the bucket that is to come."""
    stack = intake(Trail="new", BucketName="")
    assert stack.resources()["TrailBucket"]["DependsOn"] == "QueuePolicy"
    name = stack.properties("TrailBucket")["BucketName"]
    assert name == stack.outputs()["BucketName"] == "trail-agent-111122223333-us-west-2"
    (admits, _) = statements(stack, "QueuePolicy")
    assert admits["Condition"]["ArnEquals"]["aws:SourceArn"] == f"arn:aws:s3:::{name}"
    assert inline(stack, "Role")[2]["Resource"] == f"arn:aws:s3:::{name}/*_CloudTrail_*"


def test_a_new_trail_sees_every_region_and_only_cloudtrail_writes() -> None:
    """Management events of all regions, validated; only this trail, and those that are listed, write to the bucket."""
    stack = intake(Trail="new", OrganizationId="o-exampleorgid", TrailArns=THEIR_TRAIL)
    trail = stack.properties("NewTrail")
    assert trail["IsMultiRegionTrail"] is trail["EnableLogFileValidation"] is trail["IsLogging"] is True
    assert trail["IsOrganizationTrail"] is True
    assert intake(Trail="new").properties("NewTrail")["IsOrganizationTrail"] is False
    writes = {
        each["Sid"]: (each["Resource"], each["Condition"]["StringEquals"]["aws:SourceArn"])
        for each in statements(stack, "TrailBucketPolicy")
        if each["Action"] == "s3:PutObject"
    }
    own = f"arn:aws:cloudtrail:us-west-2:111122223333:trail/{trail['TrailName']}"
    assert writes == {
        "LetCloudTrailWrite": (f"arn:aws:s3:::{BUCKET}/AWSLogs/111122223333/*", own),
        "LetCloudTrailWriteForTheOrganization": (f"arn:aws:s3:::{BUCKET}/AWSLogs/o-exampleorgid/*", own),
        "LetOtherTrailsWrite": (f"arn:aws:s3:::{BUCKET}/AWSLogs/*", [THEIR_TRAIL]),
    }


# What is refused, and in which words.


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"BucketName": ""}, "Trail=existing needs BucketName"),
        ({"OrganizationId": "o-exampleorgid"}, "only for Trail=new"),
        ({"TrailArns": THEIR_TRAIL}, "only for Trail=new"),
        ({"Trail": "new", "Notify": "eventbridge"}, "Trail=new goes with Notify=bucket"),
        ({"Trail": "new", "BucketAccount": "444455556666"}, "leave BucketAccount"),
        ({"Notify": "sns"}, "Notify=sns needs TopicArn"),
        ({"TopicArn": TOPIC}, "TopicArn is only for Notify=sns"),
        ({"BucketRegion": "eu-west-1"}, "only through SNS"),
        ({"Notify": "eventbridge", "BucketAccount": "444455556666"}, "a bucket of this account"),
        ({"BucketRoleArn": READER}, "BucketRoleArn needs BucketAccount"),
        (
            {"BucketRoleArn": READER, "BucketAccount": "444455556666", "BucketKeyArn": TRAIL_KEY},
            "give BucketKeyArn to connected-account.yaml",
        ),
        ({"RunsOn": "irsa"}, "RunsOn=irsa needs OidcProviderArn"),
        ({"RunsOn": "other"}, "RunsOn=other needs TrustedPrincipalArn"),
        ({"ConnectedBucketArns": f"arn:aws:s3:::{THEIRS}"}, "both or none"),
        ({"ConnectedBucketAccounts": "444455556666"}, "both or none"),
        ({"BucketName": f"s3://{BUCKET}"}, "no s3://"),
        ({"BucketName": f"arn:aws:s3:::{BUCKET}"}, "no ARN"),
        ({"TrailPrefix": "audit/"}, "without a slash at its ends"),
        ({"TrailPrefix": "*"}, "without a slash at its ends"),
        ({"BucketAccount": "1111-2222-3333"}, "12 digits"),
        ({"BucketKeyArn": "alias/trail"}, "not of an alias"),
        ({"QueueKeyArn": "alias/aws/sqs"}, "alias/aws/sqs does not work for S3"),
        ({"QueueName": "trail-agent.fifo"}, "FIFO"),
        ({"QueueName": "q" * 68}, "at most 67"),
        ({"TopicArn": f"{TOPIC}.fifo", "Notify": "sns"}, "FIFO"),
        ({"ConnectedRoleArns": f"{READER}, {READER}"}, "without blanks"),
        ({"TrustedPrincipalArn": "arn:aws:iam::111122223333:root", "RunsOn": "other"}, "role or a user"),
        ({"AlarmAgeSeconds": 60}, "between 300"),
        ({"LockDays": 7, "Trail": "new"}, "25 or more"),
        ({"Notify": "lambda"}, "'bucket', 'eventbridge' or 'sns'"),
        ({"Bucket": BUCKET}, "do not exist in the template"),
    ],
    ids=str,
)
def test_a_wrong_intake_is_refused_with_what_to_do(given: Mapping[str, Any], words: str) -> None:
    """Each mistake is found before anything is made, and the text says what is right."""
    with pytest.raises(RefusedError, match=re.escape(words)):
        intake(**given)


def test_what_is_true_anyway_may_be_said() -> None:
    """The stack's own account and region are as good as none."""
    said = intake(Notify="eventbridge", BucketAccount="111122223333", BucketRegion="us-west-2")
    assert said.resources() == intake(Notify="eventbridge").resources()


@pytest.mark.parametrize("name", sorted(path.name for path in cloudformation.FOLDER.glob("*.yaml")))
def test_every_parameter_is_explained_and_guarded(name: str) -> None:
    """Each stands in a group, says what it is, what is wrong with a wrong value, and refuses something."""
    template = cloudformation.read(name)
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [parameter for group in interface["ParameterGroups"] for parameter in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    for parameter, declared in template["Parameters"].items():
        assert declared["Description"], parameter
        if "AWS::" not in declared["Type"]:  # CloudFormation looks those up itself
            assert declared["ConstraintDescription"], parameter
            assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(declared), parameter


# What comes out of a stack fits into the agent's settings, and into the next stack.


@pytest.mark.parametrize(
    ("given", "bucket"),
    [
        ({}, BucketSettings(name=BUCKET, region="us-west-2", owner="111122223333")),
        (
            {
                "BucketName": THEIRS,
                "BucketAccount": "444455556666",
                "BucketRegion": "eu-west-1",
                "BucketRoleArn": READER,
                "Notify": "sns",
                "TopicArn": TOPIC,
            },
            BucketSettings(name=THEIRS, region="eu-west-1", owner="444455556666", role_arn=READER),
        ),
    ],
    ids=["own", "of another account"],
)
def test_the_outputs_are_settings(given: Mapping[str, str], bucket: BucketSettings, tmp_path: Path) -> None:
    """`Settings` is a file that the agent takes as it is; `Buckets` is the same as a variable."""
    outputs = intake(**given).outputs()
    (tmp_path / "agent.yaml").write_text(outputs["Settings"], encoding="utf-8")
    variables = {"TRAIL_AGENT_BUCKETS": outputs["Buckets"], "TRAIL_AGENT_QUEUE__URL": outputs["QueueUrl"]}
    for settings in (load(tmp_path / "agent.yaml", {}), load(None, variables)):
        assert settings.needed_queue().url == URL
        assert settings.buckets == (bucket,)


def test_the_bucket_of_a_connected_account_is_one_entry_of_the_settings() -> None:
    """Its output goes into the list beside the others."""
    entry = connected().outputs()["Bucket"]
    variables = {"TRAIL_AGENT_BUCKETS": f"[{entry}]", "TRAIL_AGENT_QUEUE__URL": URL}
    assert [bucket.role_arn for bucket in load(None, variables).buckets] == [READER]


def test_what_a_stack_cannot_do_is_said() -> None:
    """Of a bucket that is not the stack's own, an output says what is left to do; else there is none."""
    assert QUEUE in intake().outputs()["NextStep"]
    assert BUCKET in intake(Notify="eventbridge").outputs()["NextStepForEventBridge"]
    assert not {"NextStep", "NextStepForEventBridge"} & set(intake(Trail="new").outputs())


# The guide.

GUIDE = (cloudformation.FOLDER / "README.md").read_text(encoding="utf-8")
OUTPUTS = {"QueueUrl": URL, "Buckets": json.dumps([{"name": BUCKET}]), "RoleArn": ROLE}


def deployments() -> Iterator[list[str]]:
    """The words of each `aws cloudformation deploy` of the guide, with outputs put in."""
    text = re.sub(r'"\$\(output (\w+)\)"', lambda match: shlex.quote(OUTPUTS[match[1]]), GUIDE)
    for command in re.findall(r"^ *(aws cloudformation deploy .*)$", re.sub(r"\\\n *", "", text), re.MULTILINE):
        yield shlex.split(command)


@pytest.mark.parametrize("words", list(deployments()), ids=lambda words: " ".join(words[words.index("--stack-name") :]))
def test_each_command_of_the_guide_makes_a_stack(words: list[str]) -> None:
    """Its parameters exist, fit, and go together; it allows IAM what the template does to IAM, and no more."""
    name = words[words.index("--template-file") + 1]
    given = dict(word.split("=", 1) for word in words[words.index("--parameter-overrides") + 1 :])
    stack = Stack.of(name, **given)
    names_roles = any("RoleName" in each.get("Properties", {}) for each in stack.resources().values())
    allows = words[words.index("--capabilities") + 1]
    assert allows == ("CAPABILITY_NAMED_IAM" if names_roles else "CAPABILITY_IAM")


def test_the_guide_covers_the_situations() -> None:
    """A new trail, an existing one, and another account's; and the notification by hand is that of a new bucket."""
    used = [words[words.index("--template-file") + 1] for words in deployments()]
    assert sorted(set(used)) == sorted(path.name for path in cloudformation.FOLDER.glob("*.yaml"))
    assert any("Trail=new" in words for words in deployments())
    for name, value in _filter(intake(Trail="new")).items():
        assert f'{{Name: "{name}", Value: "{value}"}}' in GUIDE


def test_each_section_of_the_guide_stands_by_itself() -> None:
    """Each says which region it means before it uses it, and no stack is made or deleted in a region by chance."""
    commands = re.findall(
        r"aws cloudformation (?:deploy|delete-stack|describe-stacks)[^`]*?(?=`|$)", GUIDE, re.MULTILINE
    )
    assert [command for command in commands if "--region $region" not in command] == []
    for section in GUIDE.split("\n## ")[1:]:
        before, used, _ = section.partition("$region")
        assert not used or "region=us-west-2" in before, section.partition("\n")[0]


def test_the_guide_takes_the_notification_away_before_the_agent() -> None:
    """As deploy/README.md does: what is announced is still shipped; nothing waits unread."""
    away = GUIDE.partition("## Take it away")[2]
    places = [
        away.index(word) for word in ('trail-agent"))', "$region --stack-name trail-agent-service", "sqs delete-queue")
    ]
    assert places == sorted(places)
