"""The module under deploy/terraform/ makes what the CloudFormation templates make: same numbers, policies and refusals.

No registry of providers is reached by the tests, so that nothing is planned: the files are parsed and compared.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support import cloudformation, terraform
from tests.support.cloudformation import Stack
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
    connected,
    inline,
    intake,
    statements,
)

ORGANIZATION = "o-exampleorgid"
EXAMPLE: dict[str, Any] = {
    "local.account": "111122223333",
    "local.bucket": BUCKET,
    "local.bucket_account": "111122223333",
    "local.bucket_region": "us-west-2",
    "local.connected_bucket_accounts": ["444455556666"],
    "local.connected_bucket_arns": [f"arn:aws:s3:::{THEIRS}"],
    "local.dead_letters_arn": f"{QUEUE}-dead-letters",
    "local.dns_suffix": "amazonaws.com",
    "local.oidc_provider": OIDC.partition("/")[2],
    "local.partition": "aws",
    "local.prefix": "",
    "local.queue_arn": QUEUE,
    "local.reader_roles": [READER],
    "local.region": "us-west-2",
    "local.rule_arn": RULE,
    "local.trail_arn": "arn:aws:cloudtrail:us-west-2:111122223333:trail/trail-agent",
    "var.agent_role_arn": ROLE,
    "var.bucket_key_arn": TRAIL_KEY,
    "var.bucket_name": THEIRS,
    "var.namespace": "trail-agent",
    "var.oidc_provider_arn": OIDC,
    "var.organization_id": ORGANIZATION,
    "var.queue_key_arn": QUEUE_KEY,
    "var.service_account": "trail-agent",
    "var.topic_arn": TOPIC,
    "var.trail_arns": [THEIR_TRAIL],
    "var.trusted_principal_arn": f"{ROLE}-host",
}
INTAKES = [
    intake(
        BucketKeyArn=TRAIL_KEY,
        QueueKeyArn=QUEUE_KEY,
        ConnectedRoleArns=READER,
        ConnectedBucketArns=f"arn:aws:s3:::{THEIRS}",
        ConnectedBucketAccounts="444455556666",
        EventHistory="polled",
    ),
    intake(Notify="eventbridge"),
    intake(Notify="sns", TopicArn=TOPIC),
    intake(Trail="new", OrganizationId=ORGANIZATION, TrailArns=THEIR_TRAIL),
]
TRUSTED = {
    "ecs": {},
    "ec2": {},
    "irsa": {"OidcProviderArn": OIDC},
    "pod-identity": {},
    "other": {"TrustedPrincipalArn": f"{ROLE}-host"},
}
RENAMED = {
    "connected_buckets": ("ConnectedBucketArns", "ConnectedBucketAccounts", "ConnectedRoleArns"),
    "new_trail": ("Trail",),
    "poll_event_history": ("EventHistory",),
}
"""Variables that take the place of parameters of other names: Terraform has lists of objects, and booleans."""


def resource(name: str) -> Any:
    """One resource of the module."""
    return terraform.blocks(".", "resource")[name]


def test_every_statement_is_that_of_the_templates() -> None:
    """Word by word, for one example; the templates are compared with deploy/iam/, and that with recorded calls."""
    written = [
        terraform.filled(value, EXAMPLE)
        for value in terraform.blocks(".", "locals").values()
        if isinstance(value, dict) and "Sid" in value
    ]
    made = [each for stack in INTAKES for each in _all_statements(stack)]
    for statement in written:
        assert statement in made, statement["Sid"]
    derived = {"KeepWhatTheRuleCouldNotSend", "KeepWhatTheTopicCouldNotSend"}
    assert {each["Sid"] for each in written} == {each["Sid"] for each in made} - derived


def _all_statements(stack: Stack) -> list[dict[str, Any]]:
    policies = [
        each
        for name, each in stack.resources().items()
        if "PolicyDocument" in each["Properties"] and name != "DeadLetterQueuePolicy"
    ]
    return [
        *inline(stack, "Role"),
        *(part for each in policies for part in each["Properties"]["PolicyDocument"]["Statement"]),
    ]


def test_what_cannot_be_sent_is_kept_by_the_same_statements() -> None:
    """Those of the dead-letter queue are those of the queue, with another name and resource."""
    texts = terraform.blocks(".", "locals")
    assert "let_the_rule_notify" in texts["keep_what_the_rule_could_not_send"]
    assert "let_the_topic_notify" in texts["keep_what_the_topic_could_not_send"]
    for stack in INTAKES[1:3]:
        keeps, _ = statements(stack, "DeadLetterQueuePolicy")
        admits, *_ = statements(stack, "QueuePolicy")
        assert keeps == admits | {"Sid": keeps["Sid"], "Resource": f"{QUEUE}-dead-letters"}


NOTIFIES = {"bucket": 'var.notify == "bucket"', "rule": 'var.notify == "eventbridge"', "topic": 'var.notify == "sns"'}
KEY_OF = {"trail": 'var.bucket_key_arn != ""', "queue": 'var.queue_key_arn != ""'}
POLICIES = {
    "aws_sqs_queue_policy.intake": {
        "let_the_trails_bucket_notify": NOTIFIES["bucket"],
        "let_connected_buckets_notify": "length(var.connected_buckets) > 0",
        "let_the_rule_notify": NOTIFIES["rule"],
        "let_the_topic_notify": NOTIFIES["topic"],
        "only_over_tls": "",
    },
    "aws_sqs_queue_policy.dead_letters": {
        "keep_what_the_rule_could_not_send": NOTIFIES["rule"],
        "keep_what_the_topic_could_not_send": "local.topic_is_nearby",
        "only_over_tls": "",
    },
    "aws_iam_role_policy.agent": {
        "take_from_the_queue": "",
        "send_dead_letters": "",
        "read_the_trail": "local.reads_directly",
        "tell_missing_from_forbidden": "local.reads_directly",
    },
    "aws_iam_role_policy.keys": {
        "decrypt_the_trail": KEY_OF["trail"],
        "decrypt_the_queue": KEY_OF["queue"],
        "encrypt_dead_letters": KEY_OF["queue"],
    },
    "aws_iam_role_policy.assume_role": {"read_other_accounts_trails": ""},
    "aws_iam_role_policy.event_history": {"poll_the_event_history": ""},
    "aws_s3_bucket_policy.trail": {
        "let_cloudtrail_look": "",
        "let_cloudtrail_write": "",
        "let_cloudtrail_write_for_the_organization": 'var.organization_id != ""',
        "let_other_trails_look": "length(var.trail_arns) > 0",
        "let_other_trails_write": "length(var.trail_arns) > 0",
        "bucket_only_over_tls": "",
    },
}
"""Where each statement stands, and when; empty: always. The conditions are those of the templates."""


def test_each_statement_stands_in_its_policy() -> None:
    """And under the condition under which the template has it."""
    names = {name for policy in POLICIES.values() for name in policy}
    written = {
        place: {
            name: guard
            for name, guard in re.findall(r"local\.(\w+)(?:\] : statement if ([^\]]+))?", found["policy"])
            if name in names
        }
        for place, found in terraform.blocks(".", "resource").items()
        if "policy" in found
    }
    assert written == POLICIES


def test_event_history_may_be_read_only_where_that_was_asked_for() -> None:
    """As in the template; nobody should give it by a default."""
    assert resource("aws_iam_role_policy.event_history")["count"] == "${var.poll_event_history ? 1 : 0}"
    assert terraform.blocks(".", "variable")["poll_event_history"]["default"] is False


@pytest.mark.parametrize("runs_on", TRUSTED)
def test_the_role_lets_in_whom_the_template_lets_in(runs_on: str) -> None:
    """For each place to run."""
    trust = terraform.filled(terraform.blocks(".", "locals")["trust"][runs_on], EXAMPLE)
    document = intake(RunsOn=runs_on, **TRUSTED[runs_on]).properties("Role")["AssumeRolePolicyDocument"]
    if isinstance(document, str):
        assert f'"Sid": "{trust["Sid"]}"' in document
        for key, value in trust["Condition"]["StringEquals"].items():
            assert f'"{_named(key)}": "{value}"' in document
    else:
        assert [trust] == document["Statement"]


def _named(key: str) -> str:
    return key.replace("${local.oidc_provider}", EXAMPLE["local.oidc_provider"])


def test_a_connected_account_has_the_reader_of_the_template() -> None:
    """The same policy and the same trust."""
    written = {
        value["Sid"]: terraform.filled(value, EXAMPLE)
        for value in terraform.blocks("connected-account", "locals").values()
        if isinstance(value, dict)
    }
    stack = connected(BucketKeyArn=TRAIL_KEY)
    trust = stack.properties("ReaderRole")["AssumeRolePolicyDocument"]["Statement"]
    assert written == {each["Sid"]: each for each in [*inline(stack, "ReaderRole"), *trust]}


def test_the_queues_have_the_same_numbers() -> None:
    """Retention, visibility, poll and receives."""
    stack = intake()
    queue, dead_letters = stack.properties("Queue"), stack.properties("DeadLetterQueue")
    ours, theirs = resource("aws_sqs_queue.intake"), resource("aws_sqs_queue.dead_letters")
    assert ours["message_retention_seconds"] == queue["MessageRetentionPeriod"]
    assert ours["visibility_timeout_seconds"] == queue["VisibilityTimeout"]
    assert ours["receive_wait_time_seconds"] == queue["ReceiveMessageWaitTimeSeconds"]
    assert f"maxReceiveCount = {queue['RedrivePolicy']['maxReceiveCount']}" in ours["redrive_policy"]
    assert theirs["message_retention_seconds"] == dead_letters["MessageRetentionPeriod"]
    assert 'redrivePermission = "byQueue"' in theirs["redrive_allow_policy"]
    assert ours["sqs_managed_sse_enabled"] == theirs["sqs_managed_sse_enabled"] == _or_null('== "" ? true')
    assert ours["kms_master_key_id"] == theirs["kms_master_key_id"] == _or_null('!= "" ? var.queue_key_arn')


def _or_null(test: str) -> str:
    return f"${{var.queue_key_arn {test} : null}}"


def test_the_alarms_are_the_same() -> None:
    """Metric, threshold, patience and words."""
    ours = {
        each["alarm_description"]: (
            each["metric_name"],
            each["statistic"],
            each["period"],
            each["evaluation_periods"],
            each["comparison_operator"],
            terraform.filled(each["threshold"], {"var.alarm_age_seconds": _default("alarm_age_seconds")}),
            each["treat_missing_data"],
        )
        for name, each in terraform.blocks(".", "resource").items()
        if name.startswith("aws_cloudwatch_metric_alarm.")
    }
    theirs = {
        each["AlarmDescription"]: (
            each["MetricName"],
            each["Statistic"],
            each["Period"],
            each["EvaluationPeriods"],
            each["ComparisonOperator"],
            each["Threshold"],
            each["TreatMissingData"],
        )
        for each in (found["Properties"] for name, found in intake().resources().items() if "Alarm" in name)
    }
    assert ours == theirs


def _default(variable: str) -> Any:
    return terraform.blocks(".", "variable")[variable]["default"]


def test_a_new_trail_and_its_bucket_are_the_same() -> None:
    """Regions, validation, lock, lifecycle, encryption, and what is notified."""
    stack = intake(Trail="new")
    trail, bucket = stack.properties("NewTrail"), stack.properties("TrailBucket")
    ours = resource("aws_cloudtrail.trail")
    assert ours["is_multi_region_trail"] is trail["IsMultiRegionTrail"]
    assert ours["enable_log_file_validation"] is trail["EnableLogFileValidation"]
    assert ours["include_global_service_events"] is trail["IncludeGlobalServiceEvents"]
    assert ours["event_selector"] == [{"read_write_type": "All", "include_management_events": True}]
    (lock,) = resource("aws_s3_bucket_object_lock_configuration.trail")["rule"]
    assert lock["default_retention"] == [{"mode": "GOVERNANCE", "days": "${var.lock_days}"}]
    assert _default("lock_days") == bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Days"]
    (cycle,) = resource("aws_s3_bucket_lifecycle_configuration.trail")["rule"]
    (theirs,) = bucket["LifecycleConfiguration"]["Rules"]
    assert cycle["noncurrent_version_expiration"] == [{"noncurrent_days": 30}]
    assert theirs["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert _default("keep_days") == theirs["ExpirationInDays"]
    (queue,) = resource("aws_s3_bucket_notification.trail")["queue"]
    assert (queue["events"], queue["filter_suffix"]) == (["s3:ObjectCreated:*"], ".json.gz")
    assert queue["filter_prefix"] == "${local.prefix}AWSLogs/"
    blocked = resource("aws_s3_bucket_public_access_block.trail")
    assert [blocked[name] for name in blocked if name not in {"count", "bucket"}] == [True] * 4


def test_the_rule_and_the_subscription_keep_what_they_cannot_send() -> None:
    """In the dead-letter queue, as in the template."""
    (target,) = resource("aws_cloudwatch_event_target.queue")["dead_letter_config"]
    assert target == {"arn": "${aws_sqs_queue.dead_letters.arn}"}
    redrive = resource("aws_sns_topic_subscription.queue")["redrive_policy"]
    assert re.search(r"local\.topic_is_nearby \? .*aws_sqs_queue\.dead_letters\.arn.* : null", redrive)
    nearby = terraform.blocks(".", "locals")["topic_is_nearby"]
    assert "arn:${local.partition}:sns:${local.region}:${local.account}:" in nearby
    assert (
        'wildcard = "${local.prefix}AWSLogs/*_CloudTrail_*"'
        in resource("aws_cloudwatch_event_rule.object_created")["event_pattern"]
    )


@pytest.mark.parametrize(
    ("folder", "template"), [(".", "intake.yaml"), ("connected-account", "connected-account.yaml")]
)
def test_the_variables_are_the_parameters(folder: str, template: str) -> None:
    """The same ones, with the same defaults, patterns and limits; whoever knows one way knows the other."""
    declared = cloudformation.read(template)["Parameters"]
    variables = terraform.blocks(folder, "variable")
    named = {name: RENAMED.get(name, (_camel(name),)) for name in variables}
    told = {parameter for parameters in named.values() for parameter in parameters}
    assert told | ({"QueueArn"} if folder != "." else set()) == set(declared)
    for name, (parameter, *_) in named.items():
        if name not in RENAMED:
            _compare(variables[name], declared[parameter])


def _compare(variable: dict[str, Any], parameter: dict[str, Any]) -> None:
    if isinstance(variable.get("default", ""), str | int) and variable["type"] != "bool":
        assert variable.get("default") == parameter.get("Default")
    (check,) = variable.get("validation", [{}])
    condition = check.get("condition", "")
    if pattern := re.search(r'regex\("(.*?)", ', condition):
        listed = variable["type"].startswith("${list")
        single = re.match(r"\^\((.*?)\(,", parameter["AllowedPattern"])
        assert pattern[1] == (f"^{single[1]}$" if listed and single else parameter["AllowedPattern"])
    for number in re.findall(r"[<>]= (\d+)", condition):
        assert int(number) in (parameter["MinValue"], parameter["MaxValue"])
    for choice in re.findall(r"contains\(\[(.*?)\]", condition):
        assert re.findall(r'"([^"]+)"', choice) == parameter["AllowedValues"]
    assert check or variable["type"] == "bool"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


@pytest.mark.parametrize("example", sorted(path.name for path in (terraform.FOLDER / "examples").iterdir()))
def test_the_examples_name_variables_that_exist(example: str) -> None:
    """And all that have no default."""
    for called in terraform.blocks(f"examples/{example}", "module").values():
        folder = called["source"].removeprefix("../../").removeprefix("../..") or "."
        variables = terraform.blocks(folder, "variable")
        given = set(called) - {"source", "providers"}
        assert given <= set(variables)
        assert {name for name, variable in variables.items() if "default" not in variable} <= given


def test_the_service_is_that_of_cloudformation() -> None:
    """The example hands the template parameters that it has, and all that it needs."""
    stack = terraform.blocks("examples/fargate", "resource")["aws_cloudformation_stack.service"]
    declared = cloudformation.read("fargate.yaml")["Parameters"]
    given = set(stack["parameters"])
    assert stack["template_body"].endswith('/cloudformation/fargate.yaml")}')
    assert {name for name, each in declared.items() if "Default" not in each} <= given <= set(declared)
    assert {"RepositoryArn", "OtlpPort"} <= given  # without them: no image from ECR, no way to a sink on another port
    (checks,) = stack["lifecycle"]
    (check,) = checks["precondition"]
    assert ".dkr.ecr." in check["condition"]


@pytest.mark.parametrize(
    "condition",
    [
        'var.bucket_role_arn == "" || var.bucket_account != ""',
        'var.bucket_role_arn == "" || var.bucket_key_arn == ""',
        'var.notify != "eventbridge" || local.bucket_account == local.account',
        'var.notify == "sns" || local.bucket_region == local.region',
        "!var.new_trail || var.keep_days > var.lock_days",
    ],
)
def test_what_does_not_go_together_is_refused(condition: str) -> None:
    """As the template refuses it; and what a template cannot compare."""
    (checks,) = resource("aws_sqs_queue.intake")["lifecycle"]
    assert f"${{{condition}}}" in [check["condition"] for check in checks["precondition"]]
