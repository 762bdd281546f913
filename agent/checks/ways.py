"""The ways from a bucket to the queue that lead through another service: a topic of SNS, a rule of EventBridge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from agent.aws.survey import AskedError, Survey
from agent.aws.trail_search import some_of
from agent.checks import event_pattern, event_target, subscription
from agent.checks.queue_facts import QueueFacts
from agent.checks.queue_policy import Sender
from agent.checks.side_by_side import each
from agent.errors import number_of
from agent.settings import BucketSettings

_PENDING: Final = "PendingConfirmation"
_MOST_PAGES: Final = 10
_MOST_RULES: Final = 100
_ALLOW: Final = "Allow {action} to who runs this check (deploy/iam/operator.json), or look at it in the console."
_LOOK: Final = "Look at it in the console; the agent itself need not ask this."
_ANY_KEY: Final = "AWSLogs/"
_PARTS_OF_ARN: Final = 6
_NO_TOPIC: Final = "Let the bucket notify the queue itself. Or make the topic anew, and subscribe the queue to it."
_NO_FILTER: Final = "Take the filter policy away: the agent passes over what is no log file by itself."
OF_S3: Final = "topic"
OF_CLOUDTRAIL: Final = "CloudTrail's topic"


@dataclass(frozen=True, slots=True)
class Way:
    """One way. `how` names it; without a `sender` it does not reach the queue, and `why` and `fix` say more.

    `is_known` is false where that cannot be told from here. `folders` are those of which it takes new objects, of those
    that were asked about; None: of all.
    """

    how: str
    sender: Sender | None
    why: str = ""
    fix: str = ""
    is_known: bool = True
    folders: frozenset[str] | None = None

    def takes(self, folder: str) -> bool:
        """Whether it takes new objects in `folder`."""
        return self.folders is None or folder in self.folders


class Ways:
    """Looks for ways to one queue from one bucket."""

    def __init__(self, survey: Survey, queue: QueueFacts, bucket: BucketSettings) -> None:
        self._survey = survey
        self._queue = queue
        self._bucket = bucket

    def of_topic(self, topic: str, kind: str, keys: Mapping[str, str]) -> Way | None:
        """The way through the topic with this ARN, which is a `kind` of topic; None if it is no ARN. `keys` as for
        `of_event_bridge`.
        """
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
            if error.kind == "missing":
                return Way(how, None, "there is no such topic", _NO_TOPIC)
            return _unseen(how, error)
        mine = [one for one in told if one.get("Endpoint") == self._queue.arn]
        if not mine:
            return Way(how, None, "the queue is not subscribed to it", f"Subscribe {self._queue.arn} to the topic.")
        arn = str(mine[0].get("SubscriptionArn", ""))
        if not arn.startswith("arn:"):
            confirm = "Confirm the subscription, or let the queue's own account make it."
            return Way(how, None, f"the subscription is {arn or _PENDING}", confirm)
        return self._subscribed(how, topic, arn, keys)

    def _subscribed(self, how: str, topic: str, arn: str, keys: Mapping[str, str]) -> Way:
        """The way through a topic to which the queue is subscribed, with the subscription of this ARN."""
        sender = Sender("sns.amazonaws.com", topic, topic.split(":")[4])
        try:
            answer = self._survey.ask(
                "sns",
                "GetSubscriptionAttributes",
                region=topic.split(":")[3],
                role_arn=self._bucket.role_arn,
                SubscriptionArn=arn,
            )
        except AskedError as error:
            return _unseen(how, error)
        attributes: Mapping[str, str] = answer.get("Attributes") or {}
        is_of_s3 = how.startswith(OF_S3)
        verdicts = {
            folder: subscription.lets_through(attributes, self._message(key, is_of_s3=is_of_s3))
            for folder, key in (keys or {"": ""}).items()
        }
        if True not in verdicts.values():
            is_known = None not in verdicts.values()
            why = "lets none of these notifications through" if is_known else "cannot be judged here"
            return Way(how, None, f"the filter policy of its subscription {why}", _NO_FILTER, is_known=is_known)
        is_raw = attributes.get("RawMessageDelivery", "").lower() == "true"
        folders = frozenset(folder for folder, verdict in verdicts.items() if verdict is not False)
        return Way(f"{how} ({'raw' if is_raw else 'in an envelope'})", sender, folders=folders if keys else None)

    def _message(self, key: str, *, is_of_s3: bool) -> Mapping[str, Any]:
        name, region = self._bucket.name, self._bucket.region
        return subscription.of_s3(name, region, key) if is_of_s3 else subscription.of_cloudtrail(name, key)

    def of_event_bridge(self, keys: Mapping[str, str]) -> Sequence[Way]:
        """The ways through rules in the bucket's region whose target is the queue. `keys` has of each folder that the
        trails write to a key such as they write there; none if the folders are not known.
        """
        region, how = self._bucket.region, "EventBridge"
        try:
            names = self._names_of_rules(region)
        except AskedError as error:
            return [_unseen(how, error)]
        if not names:
            why = f"the bucket sends to it, and no rule in {region} has the queue as its target"
            fix = "Make a rule for 'Object Created' of this bucket, with the queue as its target."
            is_near = region == self._queue.region and not self._bucket.role_arn  # else another bus may be between
            return [Way(how, None, why, fix, is_known=is_near)]
        described = [*each(partial(self._described, region), names[:_MOST_RULES])]
        rules = [one for one in described if not isinstance(one, AskedError)]
        unseen = [_unseen(how, one) for one in described if isinstance(one, AskedError)][:1]
        if more := names[_MOST_RULES:]:
            why = f"only {_MOST_RULES} of the {number_of(len(names), 'rule')} that lead to the queue were looked at"
            unseen.append(Way(how, None, why, f"Look at the others in the console: {some_of(more)}.", is_known=False))
        enabled = [rule for rule in rules if rule.get("State") != "DISABLED"]
        if enabled:
            return [*self._of_rules(enabled, keys), *unseen]
        return unseen or [Way(how, None, f"rule {_names(rules)} is disabled", "Enable it.")]

    def idle_rules(self, keys: Mapping[str, str]) -> Sequence[str]:
        """The names of rules that would lead to the queue if the bucket sent its events to EventBridge; none where they
        may not be looked at. `keys` as for `of_event_bridge`.
        """
        region = self._bucket.region
        try:
            described = [*each(partial(self._described, region), self._names_of_rules(region)[:_MOST_RULES])]
        except AskedError:
            return ()
        enabled = [one for one in described if not isinstance(one, AskedError) and one.get("State") != "DISABLED"]
        return [str(rule.get("Name")) for rule in enabled if True in self._takes(rule, keys).values()]

    def _of_rules(self, rules: Sequence[Mapping[str, Any]], keys: Mapping[str, str]) -> Sequence[Way]:
        """The ways through those that take something which none before them takes; else why none takes anything."""
        found: list[Way] = []
        covered: set[str] = set()
        unsure = False
        for rule in rules:
            verdicts = self._takes(rule, keys)
            folders = {folder for folder, taken in verdicts.items() if taken is not False}
            if True in verdicts.values() and not folders <= covered:
                found.append(self._of_rule(rule, frozenset(folders), keys))
                covered |= folders if found[-1].sender else set()
            unsure = unsure or (None in verdicts.values() and True not in verdicts.values())
        how, shown, example = "EventBridge", _names(rules), next(iter(keys.values()), "")
        if unsure:
            why = f"the event pattern has conditions that cannot be judged here (rule {shown})"
            found.append(Way(how, None, why, f"See that it takes new objects such as {example}.", is_known=False))
        if found:
            return found
        such = f" such as {example}" if example else ""
        why = f"rule {shown} takes no 'Object Created' of this bucket{such}"
        return [Way(how, None, why, "Correct its event pattern.")]

    def _of_rule(self, rule: Mapping[str, Any], folders: frozenset[str], keys: Mapping[str, str]) -> Way:
        """The way through a rule that takes the bucket's events: what its target sends may still be something else."""
        name, arn = str(rule.get("Name")), str(rule.get("Arn", ""))
        how = f"rule {name} of EventBridge"
        sound = Way(how, Sender("events.amazonaws.com", arn, _account_of(rule)), folders=folders if keys else None)
        try:
            told = self._survey.pages(
                "events",
                "ListTargetsByRule",
                "Targets",
                region=self._bucket.region,
                role_arn=self._bucket.role_arn,
                most=_MOST_PAGES,
                Rule=name,
            )
        except AskedError as error:
            return _unseen(how, error)
        event = self._event(rule, next((keys[one] for one in sorted(folders) if keys), _ANY_KEY))
        mine = [target for target in told if target.get("Arn") == self._queue.arn]
        if not mine or any(event_target.names_object(target, event) for target in mine):
            return sound
        changed = " and ".join(event_target.changes(mine[0]))
        why = f"{changed} of its target makes of each event what the agent cannot read"
        return Way(how, None, why, f"Take {changed} out of the target: the agent reads the event as it is.")

    def _names_of_rules(self, region: str) -> Sequence[str]:
        """Those of the rules that lead to the queue, in the account that the bucket is read in."""
        return self._survey.pages(
            "events",
            "ListRuleNamesByTarget",
            "RuleNames",
            region=region,
            role_arn=self._bucket.role_arn,
            most=_MOST_PAGES,
            TargetArn=self._queue.arn,
        )

    def _described(self, region: str, name: str) -> Mapping[str, Any] | AskedError:
        """One rule, or why it cannot be seen: whoever may see one rule may not see all."""
        try:
            return self._survey.ask("events", "DescribeRule", region=region, role_arn=self._bucket.role_arn, Name=name)
        except AskedError as error:
            return error

    def _takes(self, rule: Mapping[str, Any], keys: Mapping[str, str]) -> Mapping[str, bool | None]:
        """Whether a rule takes new objects of each folder; None if that cannot be told."""
        try:
            pattern = json.loads(str(rule.get("EventPattern") or "{}"))
        except ValueError:
            pattern = {}
        if not pattern:  # a rule that runs by the clock has no pattern
            return {}
        if not keys:  # the folders are not known: whatever the pattern says of keys, it may be right
            return {"": event_pattern.takes(pattern, self._event(rule, "")) is not False}
        return {folder: event_pattern.takes(pattern, self._event(rule, key)) for folder, key in keys.items()}

    def _event(self, rule: Mapping[str, Any], key: str) -> dict[str, Any]:
        """What is known of S3's event about a new log file, as a rule on the default bus of the bucket's account sees
        it. No `key`: that is not known.
        """
        detail: dict[str, Any] = {"version": "0", "bucket": {"name": self._bucket.name}, "reason": "PutObject"}
        return {
            "version": "0",
            "source": "aws.s3",
            "detail-type": "Object Created",
            "account": _account_of(rule),
            "region": self._bucket.region,
            "resources": [f"arn:{self._queue.arn.split(':')[1]}:s3:::{self._bucket.name}"],
            "detail": detail | ({"object": {"key": key}} if key else {}),
        }


def _names(rules: Sequence[Mapping[str, Any]]) -> str:
    return some_of([str(rule.get("Name")) for rule in rules])


def _account_of(rule: Mapping[str, Any]) -> str:
    return "".join(str(rule.get("Arn", "")).split(":")[4:5])


def _unseen(how: str, error: AskedError) -> Way:
    fix = _ALLOW.format(action=error.action) if error.kind == "denied" else _LOOK
    return Way(how, None, error.words, fix, is_known=False)
