"""What SQS says of a queue, in the words that checks need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from agent.aws.survey import Survey
from agent.checks import queue_key
from agent.checks.queue_key import QueueKey

_PARTS_OF_ARN: Final = 6  # arn:partition:sqs:region:account:name


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One queue. `attributes` are as SQS writes them: texts. `key` is its KMS key, once that was looked at."""

    url: str
    arn: str
    attributes: Mapping[str, str]
    key: QueueKey | None = None

    @classmethod
    def of(cls, url: str, attributes: Mapping[str, str]) -> Self | None:
        """None if these are no attributes of a queue."""
        arn = attributes.get("QueueArn", "")
        return cls(url, arn, attributes) if len(arn.split(":")) == _PARTS_OF_ARN else None

    def with_key(self, survey: Survey) -> Self:
        """The same, with its KMS key if it has one of KMS's."""
        name = self.attributes.get("KmsMasterKeyId", "")
        return replace(self, key=queue_key.look(survey, name, self.arn)) if name else self

    @property
    def region(self) -> str:
        """Of its ARN."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """Of its ARN."""
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        """Of its ARN."""
        return self.arn.split(":")[5]

    @property
    def is_fifo(self) -> bool:
        """Whether S3 cannot notify it."""
        return self.attributes.get("FifoQueue") == "true" or self.name.endswith(".fifo")

    @property
    def policy(self) -> str:
        """Its access policy, as JSON; empty if it has none."""
        return self.attributes.get("Policy", "")

    @property
    def dead_letter_arn(self) -> str:
        """Of its redrive policy; empty if it has none."""
        arn = str(self.member("RedrivePolicy", "deadLetterTargetArn") or "")
        return arn if len(arn.split(":")) == _PARTS_OF_ARN else ""

    @property
    def max_receives(self) -> int:
        """Of its redrive policy; 0 if it has none."""
        return _number(self.member("RedrivePolicy", "maxReceiveCount"))

    @property
    def retention_seconds(self) -> int:
        """How long SQS keeps a message."""
        return self.number("MessageRetentionPeriod")

    def number(self, name: str) -> int:
        """An attribute that is a number; 0 where SQS does not tell it."""
        return _number(self.attributes.get(name))

    def member(self, attribute: str, name: str) -> object:
        """What a JSON attribute says under this name; None if it says nothing."""
        try:
            found = json.loads(self.attributes.get(attribute) or "{}")
        except ValueError:
            return None
        return found.get(name) if isinstance(found, dict) else None


def _number(told: object) -> int:
    """0 for what is no number: SQS writes numbers as texts, and emulators write what they like."""
    text = str(told)
    return int(text) if text.isdecimal() else 0
