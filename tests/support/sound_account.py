"""An emulated account in which all is as `trail-agent check --online` wants it, and what breaks one thing of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any, Final

from agent.demo.generator import Generator
from agent.demo.trail_objects import pack, trail_key
from agent.demo.world import REGION
from tests.support import iam_policy
from tests.support.moto import ACCOUNT
from tests.support.troubled_aws import TroubledAws

BUCKET: Final = "acme-trail-111122223333"
QUEUE: Final = "trail-agent"
TRAIL: Final = "acme-trail"
QUEUE_ARN: Final = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"
LETTERS_ARN: Final = f"{QUEUE_ARN}-dead-letters"


OF_CHECK: Final = frozenset(
    """
    SeeTheQueues SeeWhoNotifiesTheQueue SeeTheTopic SeeTheRule SeeTheTrail FindTrailsAndRules
    AskWhatTheAgentMayDo SeeThePolicyOfTheQueuesKey
    """.split()
)
"""The statements of deploy/iam/operator.json that are for this command alone."""

_TO_EVENT_BRIDGE: Final = """<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{}
<EventBridgeConfiguration/></NotificationConfiguration>"""
_TO_THE_QUEUE: Final = f"""<QueueConfiguration><Id>queue</Id><Queue>{QUEUE_ARN}</Queue>
<Event>s3:ObjectCreated:*</Event></QueueConfiguration>"""
SERVICES: Final = ("sqs", "s3", "sns", "events", "cloudtrail")

POLICY: Final = re.sub(
    r'(?<=[:"])111122223333(?=[:"])', ACCOUNT, (iam_policy.FOLDER / "queue.json").read_text(encoding="utf-8")
)
"""The queue's policy: deploy/iam/queue.json, for the emulator's account."""


class SoundAccount:
    """Queue, dead-letter queue, bucket with one fresh log file, notification and trail, behind the door `aws`.

    `clients` are the emulator's, by service: they are made once, because making one takes long.
    """

    def __init__(self, clients: Mapping[str, Any], aws: TroubledAws) -> None:
        self.aws = aws
        self.sqs, self.s3, self.sns, self.events, self.cloudtrail = (clients[service] for service in SERVICES)
        self.aws.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/trail-agent/i-1"
        self._attributes = {
            "MessageRetentionPeriod": "864000",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": LETTERS_ARN, "maxReceiveCount": 20}),
            "Policy": POLICY,
        }
        self.letters_url = self._make_queue(f"{QUEUE}-dead-letters", {"MessageRetentionPeriod": "1209600"})
        self.queue_url = self._make_queue(QUEUE, self._attributes)
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.key = self.put_log_file(datetime.now(UTC) - timedelta(minutes=7))
        self.notify()
        self._start_trail()

    def _make_queue(self, name: str, attributes: Mapping[str, str]) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=dict(attributes))["QueueUrl"])

    def set_queue(self, **attributes: str) -> None:
        """Change attributes of the queue. The emulator forgets its policy when others are set alone."""
        self._attributes |= attributes
        self.sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes=self._attributes)

    def set_letters(self, **attributes: str) -> None:
        """Change attributes of the dead-letter queue."""
        self.sqs.set_queue_attributes(QueueUrl=self.letters_url, Attributes=attributes)

    def admit(self, service: str, arn: str) -> None:
        """Let only this service, for this ARN, send to the queue."""
        self.set_queue(Policy=_policy(service, arn))

    def put_log_file(
        self, written: datetime, account: str = ACCOUNT, region: str = REGION, body: bytes = b"", above: str = ""
    ) -> str:
        """Write a log file of CodeCatalyst events, or this `body`, of the trail with this prefix; returns its key."""
        made = Generator(Random(1), written).generate(3, written)
        key = above + trail_key(Random(2), account, region, written)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body or pack([one.record for one in made]))
        self.drain()
        return key

    def notify(self, *, prefix: str = "AWSLogs/", events: str = "s3:ObjectCreated:*") -> None:
        """Let the bucket notify the queue."""
        rule = {"QueueArn": QUEUE_ARN, "Events": [events], "Filter": _filter(prefix)}
        self.notifications(QueueConfigurations=[rule])

    def notifications(self, **configuration: Any) -> None:
        """Set all notifications of the bucket."""
        self.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configuration)
        self.drain()

    def drain(self) -> None:
        """Empty the queue of what S3 has told it."""
        while told := self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages"):
            for one in told:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=one["ReceiptHandle"])

    def notify_topic(self, *, is_subscribed: bool) -> str:
        """Let the bucket notify a topic in place of the queue; returns its ARN."""
        topic = str(self.sns.create_topic(Name=TRAIL)["TopicArn"])
        if is_subscribed:
            self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE_ARN)
        rule = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"], "Filter": _filter("AWSLogs/")}
        self.notifications(TopicConfigurations=[rule])
        return topic

    def notify_event_bridge(
        self,
        *,
        rule: str = TRAIL,
        state: str = "ENABLED",
        detail: Mapping[str, Any] = MappingProxyType({}),
        beside_the_queue: bool = False,
        is_on: bool = True,
        **target: Any,
    ) -> str:
        """Let the bucket notify EventBridge, and a rule the queue; returns the rule's ARN.

        `detail` is what its pattern asks beside the bucket's name, and `target` how its target changes the event.
        `beside_the_queue`: the bucket goes on to notify the queue itself, too. `is_on`: the bucket sends its events.
        """
        asked = {"bucket": {"name": [BUCKET]}, **detail}
        pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": asked}
        arn = self.events.put_rule(Name=rule, EventPattern=json.dumps(pattern), State=state)["RuleArn"]
        self.events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": QUEUE_ARN, **target}])
        if not is_on:
            self.notifications()
            return str(arn)
        directly = _TO_THE_QUEUE if beside_the_queue else ""
        self.aws.answer("s3:GetBucketNotification", _TO_EVENT_BRIDGE.format(directly))  # the emulator does not tell
        return str(arn)

    def _start_trail(self) -> None:
        self.cloudtrail.create_trail(
            Name=TRAIL, S3BucketName=BUCKET, IsMultiRegionTrail=True, EnableLogFileValidation=True
        )
        self.cloudtrail.start_logging(Name=TRAIL)
        self.select([])

    def select(self, data: list[dict[str, Any]], *, management: bool = True) -> None:
        """Which events the trail takes."""
        selector = {"ReadWriteType": "All", "IncludeManagementEvents": management, "DataResources": data}
        self.cloudtrail.put_event_selectors(TrailName=TRAIL, EventSelectors=[selector])

    def settings(self, endpoint: str, **changes: Any) -> dict[str, Any]:
        """Settings of an agent that reads this account and ships to `endpoint`; `changes` replace whole sections."""
        plain: dict[str, Any] = {
            "queue": {"url": self.queue_url, "region": REGION},
            "buckets": [{"name": BUCKET}],
            "otlp": {"endpoint": endpoint},
            "aws": {"endpoint_url": self.aws.url},
        }
        return plain | changes


def _policy(service: str, arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE_ARN,
        "Condition": {"ArnEquals": {"aws:SourceArn": arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _filter(prefix: str) -> dict[str, Any]:
    return {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
