"""The ways from a bucket to the queue that lead through another service: a topic of SNS, a rule of EventBridge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.aws.survey import AskedError, Survey
from agent.checks.queue_facts import QueueFacts
from agent.checks.queue_policy import Sender
from agent.settings import BucketSettings

_PENDING: Final = "PendingConfirmation"
_MOST_PAGES: Final = 10
_MOST_RULES: Final = 10
_ALLOW: Final = "Allow {action} to who runs this check (deploy/iam/operator.json), or look at it in the console."
_LOOK: Final = "Look at it in the console; the agent itself need not ask this."
_NAME_OF_BUCKET: Final = ("detail", "bucket", "name")
_PARTS_OF_ARN: Final = 6


@dataclass(frozen=True, slots=True)
class Way:
    """One way. `how` names it; without a `sender` it does not reach the queue, and `why` and `fix` say more.

    `is_known` is false where that cannot be told from here.
    """

    how: str
    sender: Sender | None
    why: str = ""
    fix: str = ""
    is_known: bool = True


class Ways:
    """Looks for ways to one queue from one bucket."""

    def __init__(self, survey: Survey, queue: QueueFacts, bucket: BucketSettings) -> None:
        self._survey = survey
        self._queue = queue
        self._bucket = bucket

    def of_topic(self, topic: str, kind: str) -> Way | None:
        """The way through the topic with this ARN; None if it is no ARN."""
        if len(topic.split(":")) != _PARTS_OF_ARN:
            return None
        how, region = f"{kind} {topic.rpartition(':')[2]}", topic.split(":")[3]
        try:
            told = self._survey.pages(
                "sns",
                "ListSubscriptionsByTopic",
                "Subscriptions",
                region=region,
                role_arn=self._bucket.role_arn,
                most=_MOST_PAGES,
                TopicArn=topic,
            )
        except AskedError as error:
            return _unseen(how, error)
        mine = [one for one in told if one.get("Endpoint") == self._queue.arn]
        if not mine:
            return Way(how, None, "the queue is not subscribed to it", f"Subscribe {self._queue.arn} to the topic.")
        arn = str(mine[0].get("SubscriptionArn", ""))
        if not arn.startswith("arn:"):
            confirm = "Confirm the subscription, or let the queue's own account make it."
            return Way(how, None, f"the subscription is {arn or _PENDING}", confirm)
        return self._subscribed(how, topic, region, arn)

    def _subscribed(self, how: str, topic: str, region: str, subscription: str) -> Way:
        sender = Sender("sns.amazonaws.com", topic, topic.split(":")[4])
        try:
            answer = self._survey.ask(
                "sns",
                "GetSubscriptionAttributes",
                region=region,
                role_arn=self._bucket.role_arn,
                SubscriptionArn=subscription,
            )
        except AskedError:
            return Way(how, sender)
        attributes: Mapping[str, str] = answer.get("Attributes") or {}
        if _matches_nothing(attributes):
            why = f"the subscription has a filter policy: {attributes['FilterPolicy']}"
            return Way(how, None, why, "Take the filter policy away: notifications of S3 have no attributes.")
        is_raw = attributes.get("RawMessageDelivery", "").lower() == "true"
        return Way(f"{how} ({'raw' if is_raw else 'in an envelope'})", sender)

    def of_event_bridge(self) -> Way:
        """The way through a rule in the bucket's region whose target is the queue."""
        region, how = self._bucket.region, "EventBridge"
        try:
            rules = self._rules(region)
        except AskedError as error:
            return _unseen(how, error)
        if not rules:
            why = f"the bucket sends to it, and no rule in {region} has the queue as its target"
            fix = "Make a rule for 'Object Created' of this bucket, with the queue as its target."
            is_near = region == self._queue.region and not self._bucket.role_arn  # else another bus may be between
            return Way(how, None, why, fix, is_known=is_near)
        for rule in rules:
            if rule.get("State") != "DISABLED" and self._is_of_bucket(str(rule.get("EventPattern") or "{}")):
                arn = str(rule.get("Arn", ""))
                return Way(
                    f"rule {rule.get('Name')} of EventBridge",
                    Sender("events.amazonaws.com", arn, "".join(arn.split(":")[4:5])),
                )
        shown = ", ".join(str(rule.get("Name")) for rule in rules)
        if all(rule.get("State") == "DISABLED" for rule in rules):
            return Way(how, None, f"rule {shown} is disabled", "Enable it.")
        return Way(how, None, f"rule {shown} takes no 'Object Created' of this bucket", "Correct its event pattern.")

    def _rules(self, region: str) -> Sequence[Mapping[str, Any]]:
        """The rules that lead to the queue, in the account that the bucket is read in."""
        where: dict[str, Any] = {"region": region, "role_arn": self._bucket.role_arn}
        names = self._survey.pages(
            "events", "ListRuleNamesByTarget", "RuleNames", most=1, TargetArn=self._queue.arn, **where
        )
        return [self._survey.ask("events", "DescribeRule", Name=name, **where) for name in names[:_MOST_RULES]]

    def _is_of_bucket(self, pattern: str) -> bool:
        """Whether a pattern takes new objects of the bucket, as far as it names source, type and bucket plainly."""
        try:
            told = json.loads(pattern)
        except ValueError:
            return False
        if not told:  # a rule that runs by the clock has no pattern
            return False
        wanted = (("source",), "aws.s3"), (("detail-type",), "Object Created"), (_NAME_OF_BUCKET, self._bucket.name)
        return all(_has(_member(told, path), value) for path, value in wanted)


def _unseen(how: str, error: AskedError) -> Way:
    fix = _ALLOW.format(action=error.action) if error.kind == "denied" else _LOOK
    return Way(how, None, error.words, fix, is_known=False)


def _member(told: Any, path: Sequence[str]) -> Any:
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def _has(values: Any, wanted: str) -> bool:
    """Whether a part of an event pattern takes `wanted`. What is more than a list of texts is taken to do so."""
    if not isinstance(values, list):
        return True
    return wanted in values or any(not isinstance(value, str) for value in values)


def _matches_nothing(attributes: Mapping[str, str]) -> bool:
    """Whether a filter policy is set that looks at attributes, which notifications of S3 do not have."""
    is_set = attributes.get("FilterPolicy", "").strip() not in ("", "{}")
    return is_set and attributes.get("FilterPolicyScope") != "MessageBody"
