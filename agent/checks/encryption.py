"""How a queue is encrypted. Whether those who send to it may use its key is a matter of `notifier`.

AWS services cannot send to a queue that is encrypted with the AWS managed key: nobody can change its policy. Page: SQS
developer guide, "Key management", "Configure KMS permissions for AWS services".
"""

from __future__ import annotations

from typing import Final

from agent.checks.finding import Check, caution, failed, ok
from agent.checks.queue_facts import QueueFacts

_QUEUE: Final = "queue.encryption"
SSE_SQS: Final = ok(_QUEUE, "SQS encrypts it with a key of its own (SSE-SQS)")
PLAIN: Final = caution(_QUEUE, "the queue is not encrypted", "Set SqsManagedSseEnabled to true: it costs nothing.")
KEY: Final = ok(_QUEUE, "its KMS key {key} can be used")
AWS_KEY: Final = failed(
    _QUEUE,
    "its key is {key}, with which neither S3 nor SNS nor EventBridge can send",
    "Use SSE-SQS, or a KMS key of yours whose policy has deploy/iam/queue-key.json.",
)
KEY_OFF: Final = failed(
    _QUEUE,
    "its KMS key {key} is {state}: nobody can send or receive",
    "Enable it, or give the queue another key: until then notifications are lost without a word.",
)
KEY_UNTOLD: Final = caution(
    _QUEUE,
    "its KMS key is {key}; it cannot be looked at here ({words})",
    "See that it is enabled and has deploy/iam/queue-key.json, and the agent's role deploy/iam/agent-kms.json. Or "
    "allow kms:DescribeKey and kms:GetKeyPolicy to who runs this check (deploy/iam/operator.json).",
)

_LETTERS: Final = "dead_letters.encryption"
LETTERS_SSE_SQS: Final = ok(_LETTERS, "SQS encrypts it with a key of its own (SSE-SQS)")
LETTERS_PLAIN: Final = caution(
    _LETTERS, "the dead-letter queue is not encrypted", "Set SqsManagedSseEnabled to true: it costs nothing."
)
LETTERS_KEY: Final = ok(_LETTERS, "its KMS key {key} can be used")
LETTERS_KEY_OFF: Final = failed(
    _LETTERS,
    "its KMS key {key} is {state}: no dead letter can be sent",
    "Enable it, or give the dead-letter queue another key.",
)
LETTERS_KEY_UNTOLD: Final = caution(
    _LETTERS,
    "its KMS key is {key}; it cannot be looked at here ({words})",
    "See that it is enabled, and that the agent's role may kms:GenerateDataKey and kms:Decrypt with it "
    "(deploy/iam/agent-kms.json).",
)


def of_queue(facts: QueueFacts) -> Check:
    """Of the queue that others send to."""
    if not (key := facts.key):
        return (SSE_SQS if _is_encrypted(facts) else PLAIN).told()
    finding = KEY if key.is_usable else KEY_OFF
    if key.is_of_aws:
        finding = AWS_KEY
    elif key.words and key.is_usable:
        finding = KEY_UNTOLD
    return finding.told(key=key.name, state=key.state, words=key.words)


def of_letters(facts: QueueFacts) -> Check:
    """Of the dead-letter queue, to which only the agent and SQS send."""
    if not (key := facts.key):
        return (LETTERS_SSE_SQS if _is_encrypted(facts) else LETTERS_PLAIN).told()
    finding = LETTERS_KEY_UNTOLD if key.words and key.is_usable else LETTERS_KEY
    if not key.is_usable:
        finding = LETTERS_KEY_OFF
    return finding.told(key=key.name, state=key.state, words=key.words)


def _is_encrypted(facts: QueueFacts) -> bool:
    return facts.attributes.get("SqsManagedSseEnabled", "").lower() == "true"
