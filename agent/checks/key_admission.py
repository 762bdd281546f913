"""Whether the key of the queue lets in who notifies it: S3, SNS and EventBridge encrypt what they send themselves.

Page: SQS developer guide, "Configure KMS permissions for AWS services".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from agent.checks.finding import Check, caution, failed, ok
from agent.checks.queue_facts import QueueFacts
from agent.checks.queue_key import TO_SEND
from agent.checks.ways import Way

_ID: Final = "notifier.key"
ADMITTED: Final = ok(_ID, "the policy of the queue's KMS key lets {how} use it")
NOT_ADMITTED: Final = failed(
    _ID,
    "the policy of the queue's KMS key does not let {how} use it: its messages are lost without a word",
    "Allow {actions} to {service} in the policy of the key, for {arn}. deploy/iam/queue-key.json does so for S3.",
)
PERHAPS_ADMITTED: Final = caution(
    _ID,
    "whether the policy of the queue's KMS key lets {how} use it cannot be told: it has conditions that are not "
    "known here",
    "Compare it with deploy/iam/queue-key.json: {service} needs {actions}.",
)


def examine(queue: QueueFacts, bucket: str, ways: Sequence[Way]) -> Iterator[Check]:
    """A result for each way; none for a queue without a key of the account's own, or with one that cannot be read."""
    key = queue.key
    if not key or not key.policy:
        return
    for way in ways:
        sender = way.sender
        if sender:
            verdict = key.lets_in(sender)
            finding = PERHAPS_ADMITTED if verdict is None else ADMITTED if verdict else NOT_ADMITTED
            yield finding.told(
                bucket, how=way.how, service=sender.service, arn=sender.arn, actions=" and ".join(TO_SEND)
            )
