"""How a queue is encrypted, and whether those who send to it can use its key.

AWS services cannot send to a queue that is encrypted with the AWS managed key: nobody can change its policy. Page: SQS
developer guide, "Key management", "Configure KMS permissions for AWS services".
"""

from __future__ import annotations

from typing import Final

from agent.aws.survey import AskedError, Survey
from agent.checks.finding import Check, caution, failed, ok
from agent.checks.queue_facts import QueueFacts
from agent.checks.queue_policy import Sender, admits

_QUEUE: Final = "queue.encryption"
SSE_SQS: Final = ok(_QUEUE, "SQS encrypts it with a key of its own (SSE-SQS)")
PLAIN: Final = caution(_QUEUE, "the queue is not encrypted", "Set SqsManagedSseEnabled to true: it costs nothing.")
KEY_ADMITS: Final = ok(_QUEUE, "its KMS key {key} lets AWS services send")
AWS_KEY: Final = failed(
    _QUEUE,
    "its key is {key}, with which neither S3 nor SNS nor EventBridge can send",
    "Use SSE-SQS, or a KMS key of yours whose policy has deploy/iam/queue-key.json.",
)
KEY_REFUSES: Final = failed(
    _QUEUE,
    "the policy of its KMS key {key} lets no AWS service send",
    "Add deploy/iam/queue-key.json to the key's policy: until then notifications are lost without a word.",
)
KEY_UNTOLD: Final = caution(
    _QUEUE,
    "its KMS key is {key}; its policy cannot be read here ({words})",
    "See that it has deploy/iam/queue-key.json, and that the agent's role has deploy/iam/agent-kms.json.",
)

_LETTERS: Final = "dead_letters.encryption"
LETTERS_SSE_SQS: Final = ok(_LETTERS, "SQS encrypts it with a key of its own (SSE-SQS)")
LETTERS_PLAIN: Final = caution(
    _LETTERS, "the dead-letter queue is not encrypted", "Set SqsManagedSseEnabled to true: it costs nothing."
)
LETTERS_KEY: Final = caution(
    _LETTERS,
    "its KMS key is {key}",
    "See that the agent's role may kms:GenerateDataKey and kms:Decrypt with it (deploy/iam/agent-kms.json).",
)

_SENDERS: Final = ("s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com")
_AWS_ALIAS: Final = "alias/aws/sqs"


def of_queue(survey: Survey, facts: QueueFacts) -> Check:
    """Of the queue that others send to; the policy of its key is read where that is allowed."""
    key = facts.attributes.get("KmsMasterKeyId", "")
    if not key:
        return (SSE_SQS if _is_encrypted(facts) else PLAIN).told()
    if key.endswith(_AWS_ALIAS):
        return AWS_KEY.told(key=key)
    try:
        answer = survey.ask("kms", "GetKeyPolicy", region=facts.region, KeyId=key, PolicyName="default")
    except AskedError as error:
        return KEY_UNTOLD.told(key=key, words=error.words)
    policy = str(answer.get("Policy", ""))
    lets_in = any(
        admits(policy, Sender(service, "", facts.account), "kms:GenerateDataKey") is not False for service in _SENDERS
    )
    return (KEY_ADMITS if lets_in else KEY_REFUSES).told(key=key)


def of_letters(facts: QueueFacts) -> Check:
    """Of the dead-letter queue, to which only the agent and SQS send."""
    key = facts.attributes.get("KmsMasterKeyId", "")
    if key:
        return LETTERS_KEY.told(key=key)
    return (LETTERS_SSE_SQS if _is_encrypted(facts) else LETTERS_PLAIN).told()


def _is_encrypted(facts: QueueFacts) -> bool:
    return facts.attributes.get("SqsManagedSseEnabled", "").lower() == "true"
