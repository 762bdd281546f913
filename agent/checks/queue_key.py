"""The KMS key of a queue: whose it is, whether it can be used, and what its policy says.

Page: KMS API reference, "DescribeKey" and "GetKeyPolicy", which takes no alias.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agent.aws.survey import AskedError, Survey
from agent.checks.queue_policy import Sender, admits

TO_SEND: Final = ("kms:GenerateDataKey", "kms:Decrypt")
"""What whoever sends to the queue must be allowed."""

_AWS_ALIAS: Final = "alias/aws/sqs"
_GONE: Final = "gone"
_USABLE: Final = ("", "Enabled", "Creating", "Updating")


@dataclass(frozen=True, slots=True)
class QueueKey:
    """A key. `name` is what the queue calls it, `arn` its own; empty if only an alias is known.

    `state` (in KMS's words, or `gone`) and `policy` (JSON) are empty where they cannot be read, and `words` says why.
    `is_of_aws`: AWS manages it, and nobody can change its policy.
    """

    name: str
    arn: str = ""
    state: str = ""
    policy: str = ""
    words: str = ""
    is_of_aws: bool = False

    @property
    def is_usable(self) -> bool:
        """False if it is known that nobody can encrypt or decrypt with it."""
        return self.state in _USABLE

    def lets_in(self, sender: Sender) -> bool | None:
        """Whether its policy lets `sender` send to the queue; None if that cannot be told."""
        verdicts = [admits(self.policy, sender, action) for action in TO_SEND]
        return False if False in verdicts else None if None in verdicts else True


def look(survey: Survey, name: str, queue: str) -> QueueKey:
    """At the key that the queue with the ARN `queue` calls `name`: an id, an alias, or the ARN of either."""
    if name.endswith(_AWS_ALIAS):
        return QueueKey(name, is_of_aws=True)
    partition, region, account = (queue.split(":")[place] for place in (1, 3, 4))
    words = ""
    told: Mapping[str, Any] = {}
    try:
        told = survey.ask("kms", "DescribeKey", region=region, KeyId=name).get("KeyMetadata") or {}
    except AskedError as error:
        if error.code == "NotFoundException":
            return QueueKey(name, state=_GONE, words=error.words)
        words = error.words
    arn = str(told.get("Arn") or "")
    if not arn and "alias/" not in name:
        arn = name if name.startswith("arn:") else f"arn:{partition}:kms:{region}:{account}:key/{name}"
    if told.get("KeyManager") == "AWS":
        return QueueKey(name, arn, is_of_aws=True)
    policy = ""
    try:
        if arn:
            answer = survey.ask("kms", "GetKeyPolicy", region=region, KeyId=arn, PolicyName="default")
            policy = str(answer.get("Policy") or "")
    except AskedError as error:
        words = error.words
    return QueueKey(name, arn, str(told.get("KeyState") or ""), policy, words)
