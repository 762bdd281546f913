"""What a queue's policy says about a sender: yes, no, or that it cannot be told; never a yes by mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.checks.queue_policy import (
    Sender,
    admits,
    admits_anyone,
    names_exactly,
    names_principal,
    open_services,
    refuses,
    source_accounts,
)
from tests.support import iam_policy

QUEUE = "arn:aws:sqs:us-west-2:111122223333:trail-agent"
BUCKET = "arn:aws:s3:::acme-trail-111122223333"
S3 = Sender("s3.amazonaws.com", BUCKET, "111122223333")
SENDS: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sqs:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def policy(*statements: Any) -> str:
    """A document of these statements."""
    return json.dumps({"Statement": list(statements)})


def when(operator: str, key: str, value: object) -> dict[str, Any]:
    """A statement that lets S3 send under this condition."""
    return {**SENDS, "Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ((iam_policy.FOLDER / "queue.json").read_text(encoding="utf-8"), True),
        (policy(SENDS), True),
        (policy({**SENDS, "Action": ["sqs:GetQueueUrl", "SQS:Send*"]}), True),
        (policy({**SENDS, "Principal": "*"}), True),
        (json.dumps({"Statement": SENDS}), True),
        (policy(when("ArnLike", "aws:SourceArn", "arn:aws:s3:*:*:acme-*")), True),
        (policy(when("StringEquals", "AWS:SourceAccount", ["1", "111122223333"])), True),
        (policy(SENDS, TLS_ONLY), True),
        ("", False),
        ("{}", False),
        ("no JSON", False),
        (policy({**SENDS, "Principal": {"Service": "sns.amazonaws.com"}}), False),
        (policy({**SENDS, "Action": "sqs:ReceiveMessage"}), False),
        (policy(when("ArnEquals", "aws:SourceArn", "arn:aws:s3:::another")), False),
        (policy(when("StringEquals", "aws:SourceAccount", "444455556666")), False),
        (policy(SENDS, {**SENDS, "Effect": "Deny"}), False),
        (policy(when("StringLike", "aws:SourceArn", "arn:aws:s3:*:acme-*")), True),
        (policy(when("StringEquals", "aws:SourceArn", ["arn:aws:s3:*:*:acme-*", BUCKET])), True),
        (policy(when("StringEquals", "aws:SourceArn", "arn:aws:s3:*:*:acme-*")), False),
        (policy(when("StringEquals", "aws:SourceAccount", "1111*")), False),
        (policy(when("ArnLike", "aws:SourceArn", f"arn:aws:s3:*:{BUCKET[13:]}")), False),
        (policy(when("ArnLike", "aws:SourceArn", "arn:aws:s3:::acme-*:x")), False),
        (policy(when("ArnLike", "aws:SourceArn", "*")), None),
        (policy(when("StringEquals", "aws:SourceOrgID", "o-1")), None),
        (policy(SENDS, {"Effect": "Deny", "NotPrincipal": {"AWS": "1"}, "Action": "sqs:*"}), None),
        (policy(SENDS, {"Effect": "Deny", "Principal": "*", "NotAction": "sqs:SendMessage"}), None),
        (policy(SENDS, {**when("IpAddress", "aws:SourceIp", "10.0.0.0/8"), "Effect": "Deny"}), None),
    ],
)
def test_a_sender_is_admitted(text: str, verdict: bool | None) -> None:
    """Page: IAM user guide, policy evaluation logic. A condition that is not known makes the answer unknown."""
    assert admits(text, S3) is verdict


def test_an_account_that_is_not_known_cannot_be_judged() -> None:
    """The bucket's owner need not be in the settings. Where it is known that none of those named is it, it is a no."""
    text = policy(when("StringEquals", "aws:SourceAccount", ["111122223333", "444455556666"]))
    assert admits(text, Sender("s3.amazonaws.com", BUCKET)) is None
    assert admits(policy(when("StringLike", "aws:SourceAccount", "1111*")), Sender("s3.amazonaws.com", BUCKET)) is None
    assert (
        admits(policy(when("StringEquals", "aws:SourceAccount", "1111*")), Sender("s3.amazonaws.com", BUCKET)) is False
    )
    assert admits(text, Sender("s3.amazonaws.com", BUCKET, other_than=frozenset({"111122223333"}))) is None
    assert admits(text, Sender("s3.amazonaws.com", BUCKET, other_than=frozenset(source_accounts(text)))) is False


def test_a_statement_about_another_queue_counts_for_nothing() -> None:
    """SQS takes such a policy: it is often a copy. Patterns of ARNs are read as IAM reads them."""
    for told, verdict in ((QUEUE, True), ("*", True), (f"{QUEUE[:-5]}*", True), (f"{QUEUE}-old", False)):
        assert admits(policy({**SENDS, "Resource": told}), S3, on=QUEUE) is verdict
    refusal = {**SENDS, "Effect": "Deny", "Resource": f"{QUEUE}-old"}
    assert admits(policy({**SENDS, "Resource": [QUEUE, "arn:aws:sqs:*:*:x"]}, refusal), S3, on=QUEUE) is True
    assert admits(policy({"NotResource": QUEUE, **SENDS}), S3, on=QUEUE) is None


def test_the_accounts_that_a_policy_names_are_found() -> None:
    """Those of aws:SourceAccount, without what has a wildcard."""
    text = policy(when("StringLike", "AWS:SourceAccount", ["444455556666", "1111*"]), TLS_ONLY)
    assert source_accounts(text) == ["444455556666"]


def test_a_policy_for_anyone_is_found() -> None:
    """Only one without any condition: with one, it may be narrow."""
    anyone = {**SENDS, "Principal": {"AWS": "*"}}
    assert admits_anyone(policy(anyone), QUEUE)
    assert not admits_anyone(policy({**anyone, "Condition": {"ArnEquals": {"aws:SourceArn": BUCKET}}}), QUEUE)
    assert not admits_anyone(policy(SENDS), QUEUE)


@pytest.mark.parametrize(
    ("conditions", "is_open"),
    [
        ({}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"ArnLike": {"aws:SourceArn": "*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, True),
        ({"StringLike": {"aws:SourceAccount": "*"}}, True),
        (
            {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}, "StringEquals": {"aws:SourceAccount": "111122223333"}},
            False,
        ),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-west-2:111122223333:*"}}, False),
        ({"ArnEquals": {"aws:SourceArn": BUCKET}}, False),
        ({"StringEquals": {"aws:SourceOrgID": "o-1"}}, False),
    ],
)
def test_a_statement_for_any_account_is_found(conditions: dict[str, Any], is_open: bool) -> None:
    """A service sends for whoever sets it up, so that a condition has to say whose bucket, topic or rule it is."""
    assert open_services(policy({**SENDS, "Condition": conditions}, TLS_ONLY), QUEUE) == ["s3.amazonaws.com"] * is_open
    assert admits_anyone(policy({**SENDS, "Principal": "*", "Condition": conditions}), QUEUE) is is_open


def test_a_refusal_may_close_what_is_open() -> None:
    """One that names the accounts to be kept out is as good as a condition."""
    others = {"StringNotEquals": {"aws:SourceAccount": "111122223333"}}
    refusal = {**TLS_ONLY, "Condition": others}
    assert open_services(policy(SENDS, refusal), QUEUE) == []
    assert not admits_anyone(policy({**SENDS, "Principal": "*"}, refusal), QUEUE)


def test_a_statement_for_anyone_about_another_queue_opens_nothing() -> None:
    """Only the one that names the QUEUE, as it is or by a pattern."""
    anyone = {**SENDS, "Principal": "*"}
    assert not admits_anyone(policy({**anyone, "Resource": f"{QUEUE}-old"}), QUEUE)
    assert admits_anyone(policy({**anyone, "Resource": f"{QUEUE}-old"}, {**anyone, "Resource": [QUEUE]}), QUEUE)
    assert admits_anyone(policy({**anyone, "Resource": "arn:aws:sqs:us-west-2:111122223333:*"}), QUEUE)


def test_a_policy_names_a_role_or_its_account() -> None:
    """Then the role's own policies do not tell all."""
    role = "arn:aws:iam::111122223333:role/trail-agent"
    for told in (role, "arn:aws:iam::111122223333:root"):
        assert names_principal(policy({**SENDS, "Principal": {"AWS": [told]}}), role)
    assert not names_principal(policy(SENDS), role)
    assert not names_principal(policy({**SENDS, "Principal": {"AWS": "arn:aws:iam::1:root"}}), role)
    assert names_exactly(policy({**SENDS, "Principal": {"AWS": role}}), role)
    assert not names_exactly(policy({**SENDS, "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}), role)


DENIES: dict[str, Any] = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE}


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        (DENIES, True),
        ({**DENIES, "Action": ["sqs:Receive*"]}, True),
        ({**DENIES, "Principal": {"AWS": "111122223333"}}, True),
        ({**DENIES, "Principal": {"AWS": "arn:aws:iam::111122223333:role/trail-agent"}}, True),
        ({**DENIES, "Principal": {"AWS": "arn:aws:iam::111122223333:role/other"}}, False),
        ({**DENIES, "Principal": {"Service": "s3.amazonaws.com"}}, False),
        ({**DENIES, "Action": "sqs:SendMessage"}, False),
        ({**DENIES, "Resource": f"{QUEUE}-old"}, False),
        (TLS_ONLY, False),
        ({**SENDS, "Action": "sqs:ReceiveMessage"}, False),
        ({**DENIES, "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, None),
        ({"Effect": "Deny", "NotPrincipal": {"AWS": "1"}, "Action": "sqs:*"}, None),
        ({"Effect": "Deny", "NotPrincipal": {"AWS": "1"}, "Action": "sqs:SendMessage"}, False),
        ({"Effect": "Deny", "Principal": "*", "NotAction": "sqs:SendMessage"}, None),
    ],
)
def test_a_queues_own_policy_refuses(statement: dict[str, Any], verdict: bool | None) -> None:
    """What the role's policies allow does not count then."""
    role = "arn:aws:iam::111122223333:role/trail-agent"
    assert refuses(policy(SENDS, statement), role, "sqs:ReceiveMessage", QUEUE) is verdict
