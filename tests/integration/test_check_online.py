"""`trail-agent check --online`: green where all is sound, and whatever one thing is broken, exactly that is named."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import grpc
import pytest
import yaml

from agent.checks.finding import Check
from agent.checks.lineup import Lineup
from agent.demo.generator import Generator
from agent.demo.trail_objects import pack, trail_key
from agent.pulse import SystemClock
from agent.settings import load
from tests.support import iam_policy, moto
from tests.support.cloud import Cloud
from tests.support.loki_api import LokiApi
from tests.support.moto import ACCOUNT, Emulator
from tests.support.otlp_receiver import GrpcReceiver, GrpcReply, HttpReceiver, HttpReply, partial_success
from tests.support.private_ca import make_private_ca
from tests.support.recorded_aws import Request
from tests.support.sound_account import (
    BUCKET,
    LETTERS_ARN,
    OF_CHECK,
    POLICY,
    QUEUE_ARN,
    SERVICES,
    TRAIL,
    SoundAccount,
)
from tests.support.troubled_aws import Refusal, TroubledAws

QUEUE_KEY = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"
READS = frozenset({"Get", "List", "Describe", "Simulate"})
DENIED = Refusal("AccessDenied")
SECONDS = 5.0


@dataclass
class Scene:
    """A sound account and a sound sink, and the settings that name them; a case breaks something of it."""

    account: SoundAccount
    sink: HttpReceiver
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = SECONDS

    @property
    def aws(self) -> TroubledAws:
        """The door before the emulator."""
        return self.account.aws

    def checks(self) -> list[Check]:
        """What the checks say now."""
        path = self.folder / "agent.yaml"
        plain = self.account.settings(self.sink.url, **self.settings)
        path.write_text(yaml.safe_dump(plain), encoding="utf-8")
        return [*Lineup(load(path, {}), self.seconds, SystemClock()).examine()]

    def statuses(self) -> Mapping[str, str]:
        """The mark of each check, by its id."""
        return {check.id: check.status.mark for check in self.checks()}


@pytest.fixture(scope="module")
def clients(emulator: str) -> Mapping[str, Any]:
    """The emulator's clients, by service."""
    account = Emulator(emulator)
    return {service: account.client(service) for service in SERVICES}


@pytest.fixture
def scene(
    emulator: str, clients: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """All is well."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    moto.forget()
    with TroubledAws.before(emulator, {ACCOUNT: "111122223333"}) as aws, HttpReceiver() as sink:
        yield Scene(SoundAccount(clients, aws), sink, tmp_path)


SOUND = dict.fromkeys(
    """
    credentials queue queue.receives queue.retention queue.visibility queue.delay queue.message_size queue.encryption
    queue.policy queue.backlog queue.permissions dead_letters dead_letters.retention dead_letters.redrive
    dead_letters.encryption dead_letters.empty dead_letters.write bucket bucket.newest bucket.read notifier
    notifier.policy trail trail.logging trail.regions trail.validation trail.events accounts sink sink.kind clock.aws
    clock.sink
    """.split(),
    "✓",
)


def test_all_is_green_where_all_is_sound(scene: Scene) -> None:
    """Every check has a tick, and nothing is left to do."""
    checks = scene.checks()
    assert {check.id: check.status.mark for check in checks} == SOUND
    assert [check for check in checks if check.fix] == []


def test_regions_that_let_the_log_files_in_are_told(scene: Scene) -> None:
    """With the regions that are read."""
    scene.settings["regions"] = ["us-west-2"]
    (told,) = [check for check in scene.checks() if check.id == "regions"]
    assert (told.status.mark, told.what) == ("✓", "`regions` lets in the log files of us-west-2")


def test_nothing_is_changed(scene: Scene) -> None:
    """AWS is only asked, and the sink gets one export without a record: the queue still holds what it held."""
    scene.account.sqs.send_message(QueueUrl=scene.account.queue_url, MessageBody="x")
    scene.aws.calls.clear()
    scene.checks()
    operations = {call.action.partition(":")[2] for call in scene.aws.calls}
    assert {one for one in operations if not one.startswith(tuple(READS))} == set()
    assert [export.payload for export in scene.sink.exports] == [b""]


def _to_topic(scene: Scene) -> None:
    scene.account.admit("sns.amazonaws.com", scene.account.notify_topic(is_subscribed=True))


def _topic(scene: Scene) -> str:
    return str(scene.account.sns.list_topics()["Topics"][0]["TopicArn"])


def _to_topic_through(**attributes: str) -> Callable[[Scene], None]:
    """The same, by a subscription with these attributes."""

    def through(scene: Scene) -> None:
        _to_topic(scene)
        told = scene.account.sns.list_subscriptions_by_topic(TopicArn=_topic(scene))["Subscriptions"]
        for name, value in attributes.items():
            scene.account.sns.set_subscription_attributes(
                SubscriptionArn=told[0]["SubscriptionArn"], AttributeName=name, AttributeValue=value
            )

    return through


def _to_event_bridge(scene: Scene) -> None:
    scene.account.admit("events.amazonaws.com", scene.account.notify_event_bridge())


def _to_narrow_event_bridge(scene: Scene) -> None:
    """By a rule that asks for what log files have, and a target that sends bucket and key in a form of its own."""
    paths = {"bucket": "$.detail.bucket.name", "key": "$.detail.object.key"}
    rule = scene.account.notify_event_bridge(
        detail={"reason": ["PutObject"], "object": {"key": [{"prefix": "AWSLogs/"}]}},
        InputTransformer={"InputPathsMap": paths, "InputTemplate": '{"bucket": <bucket>, "key": "<key>"}'},
    )
    scene.account.admit("events.amazonaws.com", rule)


def _to_rules(scene: Scene, *prefixes: str) -> None:
    """By a rule for each prefix of keys; the queue's policy lets each of them send."""
    for number, prefix in enumerate(prefixes):
        asked = {"object": {"key": [{"prefix": prefix}]}}
        arn = scene.account.notify_event_bridge(rule=f"{TRAIL}-{number}", detail=asked)
    scene.account.admit("events.amazonaws.com", f"{arn[:-1]}*")


def _key_statement(service: str, *actions: str, **more: Any) -> dict[str, Any]:
    """A statement of a key's policy for a service of AWS."""
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": actions, "Resource": "*", **more}


OWNER = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
TO_SEND = ("kms:GenerateDataKey*", "kms:Decrypt")


def _key(
    *statements: Mapping[str, Any], name: str = QUEUE_KEY, letters: bool = False, **metadata: str
) -> Callable[[Scene], None]:
    """A key of the account's own, with these statements beside its owner's; the agent's role may use it."""

    def keyed(scene: Scene) -> None:
        (scene.account.set_letters if letters else scene.account.set_queue)(KmsMasterKeyId=name)
        told = {"Arn": QUEUE_KEY, "KeyState": "Enabled", "KeyManager": "CUSTOMER", **metadata}
        scene.aws.answer("kms:DescribeKey", json.dumps({"KeyMetadata": told}))
        policy = json.dumps({"Statement": [OWNER, *statements]})
        scene.aws.answer("kms:GetKeyPolicy", json.dumps({"Policy": policy}))
        scene.aws.statements = [*iam_policy.read("agent.json"), *iam_policy.read("agent-kms.json")]

    return keyed


OF_QUEUE_KEY = json.loads((iam_policy.FOLDER / "queue-key.json").read_text(encoding="utf-8"))["Statement"][0]
OF_QUEUE_KEY["Condition"]["StringEquals"]["aws:SourceAccount"] = ACCOUNT
_with_own_key = _key(OF_QUEUE_KEY)
_with_alias = _key(OF_QUEUE_KEY, name="alias/trail")
_with_key_for_topics = _key(_key_statement("sns.amazonaws.com", *TO_SEND))


SOUND_WAYS: Mapping[str, Callable[[Scene], object]] = {
    "directly": lambda _: None,
    "through SNS": _to_topic,
    "through SNS without attributes": _to_topic_through(FilterPolicy='{"x": [{"exists": false}]}'),
    "through SNS by the body": _to_topic_through(
        FilterPolicyScope="MessageBody", FilterPolicy=json.dumps({"Records": {"s3": {"bucket": {"name": [BUCKET]}}}})
    ),
    "through EventBridge": _to_event_bridge,
    "through EventBridge with a narrow rule": _to_narrow_event_bridge,
}
WAYS_WITH_A_KEY: Mapping[str, Sequence[Callable[[Scene], object]]] = {
    "directly": (_with_own_key,),
    "by its alias": (_with_alias,),
    "through SNS": (_to_topic, _with_key_for_topics),
}


@pytest.mark.parametrize("way", SOUND_WAYS)
def test_every_sound_way_to_the_queue_is_green(scene: Scene, way: str) -> None:
    """The bucket itself, a topic, a rule: each may notify the queue."""
    SOUND_WAYS[way](scene)
    assert scene.statuses() == SOUND


@pytest.mark.parametrize("way", WAYS_WITH_A_KEY)
def test_a_key_whose_policy_lets_in_who_notifies_is_green(scene: Scene, way: str) -> None:
    """The policy of the key has a line of its own then."""
    for step in WAYS_WITH_A_KEY[way]:
        step(scene)
    assert scene.statuses() == {**SOUND, "notifier.key": "✓"}


def test_a_key_of_the_dead_letter_queue_is_green(scene: Scene) -> None:
    """The agent alone sends to it, and the simulator says that it may use the key."""
    _key(letters=True)(scene)
    told = {check.id: check for check in scene.checks()}
    assert {name: check.status.mark for name, check in told.items()} == SOUND
    assert told["dead_letters.write"].what.endswith("may do sqs:SendMessage, kms:GenerateDataKey, kms:Decrypt")


def test_several_rules_may_take_a_part_each(scene: Scene) -> None:
    """Two of them take one account each, and a third adds nothing."""
    scene.account.put_log_file(datetime.now(UTC), account="999900001111")
    _to_rules(scene, f"AWSLogs/{ACCOUNT}/", "AWSLogs/9999", "AWSLogs/99990")
    told = [check.what for check in scene.checks() if check.id.startswith("notifier")]
    rules = ["rule acme-trail-0 of EventBridge", "rule acme-trail-1 of EventBridge"]
    assert told == [
        f"the queue hears of new objects from {rules[0]}, and from {rules[1]}",
        *(f"the queue's policy lets {rule} send" for rule in rules),
    ]


def _with_rules_of_others(scene: Scene, count: int) -> None:
    """So many rules lead from other buckets to the queue, and the last of all takes this one."""
    for number in range(count):
        others = {"bucket": {"name": [f"other-{number}"]}}
        scene.account.notify_event_bridge(rule=f"other-{number:03}", detail=others)
    scene.account.notify_event_bridge(rule="z-ours")
    scene.account.admit("events.amazonaws.com", f"arn:aws:events:us-west-2:{ACCOUNT}:rule/z-ours")


def test_one_of_many_rules_may_take_the_bucket(scene: Scene) -> None:
    """It may be the last, and the others may not be seen."""
    _with_rules_of_others(scene, 12)
    assert scene.statuses() == SOUND
    scene.aws.refuse("events:DescribeRule", DENIED, when=lambda request: b"other-003" in request.body)
    assert scene.statuses() == SOUND
    scene.account.events.disable_rule(Name="z-ours")
    (told,) = [check for check in scene.checks() if check.id == "notifier"]
    assert (told.status.mark, told.fix[:25]) == ("!", "Allow events:DescribeRule")


def test_more_rules_than_are_looked_at_are_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of the others."""
    monkeypatch.setattr("agent.checks.ways._MOST_RULES", 3)
    _with_rules_of_others(scene, 4)
    (told,) = [check for check in scene.checks() if check.id == "notifier"]
    assert told.status.mark == "!"
    assert "only 3 of the 5 rules that lead to the queue were looked at" in told.what


def test_what_the_settings_leave_out_need_not_be_announced(scene: Scene) -> None:
    """A prefix for the accounts and regions that are read is enough."""
    scene.account.put_log_file(datetime.now(UTC), account="999900001111")
    scene.account.put_log_file(datetime.now(UTC), region="eu-west-1")
    scene.account.notify(prefix=f"AWSLogs/{ACCOUNT}/CloudTrail/us-west-2/")
    scene.settings |= {"accounts": [ACCOUNT], "regions": ["us-west-2"]}
    (told,) = [check for check in scene.checks() if check.id == "notifier"]
    assert (told.status.mark, told.what) == ("✓", "the queue hears of new objects from the bucket itself")


def test_an_operator_is_allowed_all_that_is_asked(scene: Scene) -> None:
    """No call is denied by its statements in deploy/iam/operator.json, and each action of them is used."""
    for way in (*SOUND_WAYS.values(), _with_own_key):
        way(scene)
        scene.checks()
    statements = [
        one for one in iam_policy.read("operator.json") if one.sid in OF_CHECK | {"ReadTheTrail", "ListTheTrail"}
    ]
    calls = [call for call in scene.aws.calls if call.action != "sts:GetCallerIdentity"]  # needs no permission
    assert [call for call in calls if not iam_policy.allowed(statements, call)] == []
    unused = {
        (one.sid, action)
        for one in statements
        for action in one.actions
        if one.sid in OF_CHECK and not any(call.action == action and one.allows(call) for call in calls)
    }
    assert unused == set()


def test_an_agent_with_its_own_policy_sees_that_it_can_work(scene: Scene) -> None:
    """With deploy/iam/agent.json alone nothing is crossed: what it may not look at cannot be told, and says so."""
    scene.aws.allowed = iam_policy.read("agent.json")
    unseen = ("notifier", "queue.permissions", "dead_letters.write", "trail")
    assert scene.statuses() == {
        **{name: mark for name, mark in SOUND.items() if not name.startswith(("notifier.", "trail."))},
        **dict.fromkeys(unseen, "!"),
    }


def test_the_demos_own_account_is_sound(scene: Scene, cloud: Cloud) -> None:
    """Whoever tries the checks on it is told of nothing but that it has no trail, and no policies to simulate."""
    written = datetime.now(UTC)
    made = Generator(Random(1), written).generate(2, written)
    cloud.world.put(trail_key(Random(2), ACCOUNT, "us-west-2", written), pack([one.record for one in made]))
    scene.settings |= cloud.settings(scene.sink)
    assert {name for name, mark in scene.statuses().items() if mark != "✓"} == {
        "queue.backlog",
        "queue.permissions",
        "dead_letters.write",
        "trail",
    }


def test_the_outage_that_is_tolerated_is_told(scene: Scene) -> None:
    """What waits is kept for the retention; what is held uses a receive every 12 h."""
    scene.account.set_queue(
        RedrivePolicy=json.dumps({"deadLetterTargetArn": LETTERS_ARN, "maxReceiveCount": 12}),
    )
    told = {check.id: check.what for check in scene.checks()}
    assert told["queue.retention"] == "tolerates an outage of 6 days: messages are kept for 10 days"


Break = Callable[[Scene], object]


@dataclass(frozen=True)
class Case:
    """What is broken, which checks turn, and of which parts nothing can be told then."""

    broken: Break
    turned: Mapping[str, str]
    hidden: Sequence[str] = ()
    says: str = ""


def _set(**attributes: str) -> Break:
    return lambda scene: scene.account.set_queue(**attributes)


def _redrive(count: int, target: str = LETTERS_ARN) -> Break:
    return _set(RedrivePolicy=json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": count}))


def _refused(action: str, refusal: Refusal = DENIED, when: Callable[[Request], bool] = lambda _: True) -> Break:
    return lambda scene: scene.aws.refuse(action, refusal, when)


def _with_attributes(part: str, **attributes: str | None) -> Break:
    """Attributes that the emulator does not have, of the queue whose ARN ends so."""

    def change(answer: Any) -> None:
        told = answer["Attributes"]
        if told["QueueArn"].endswith(part):
            told.update({name: value for name, value in attributes.items() if value is not None})
            for name in [name for name, value in attributes.items() if value is None]:
                told.pop(name, None)

    return lambda scene: scene.aws.change("sqs:GetQueueAttributes", change)


def _settings(**sections: Any) -> Break:
    return lambda scene: scene.settings.update(sections)


def _queue_settings(**settings: Any) -> Break:
    def broken(scene: Scene) -> None:
        scene.settings["queue"] = {"url": scene.account.queue_url, "region": "us-west-2", **settings}

    return broken


def _bucket_settings(**settings: Any) -> Break:
    return _settings(buckets=[{"name": BUCKET, **settings}])


def _without(sid: str) -> Break:
    def broken(scene: Scene) -> None:
        scene.aws.statements = [one for one in scene.aws.statements if one.sid != sid]

    return broken


def _in_turn(*breaks: Break) -> Break:
    return lambda scene: [one(scene) for one in breaks]


def _answering(**reply: Any) -> Break:
    def broken(scene: Scene) -> None:
        answer = HttpReply(**reply)
        scene.sink._rule = lambda _: answer
        scene.sink.pages["*"] = answer

    return broken


def _delete_objects(scene: Scene) -> None:
    for one in scene.account.s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        scene.account.s3.delete_object(Bucket=BUCKET, Key=one["Key"])


def _only_an_old_object(scene: Scene) -> None:
    _delete_objects(scene)
    scene.account.put_log_file(datetime.now(UTC) - timedelta(days=3))


def _only_noise(scene: Scene) -> None:
    _delete_objects(scene)
    scene.account.put_log_file(datetime.now(UTC), body=pack([b'{"eventSource":"ec2.amazonaws.com"}']))


def _damaged(scene: Scene) -> None:
    _delete_objects(scene)
    scene.account.put_log_file(datetime.now(UTC), body=b"\x1f\x8b\x08 no gzip")


def _update_trail(**settings: Any) -> Break:
    return lambda scene: scene.account.cloudtrail.update_trail(Name=TRAIL, **settings)


def _trail_elsewhere(scene: Scene) -> None:
    where = {"LocationConstraint": "us-west-2"}
    scene.account.s3.create_bucket(Bucket="elsewhere", CreateBucketConfiguration=where)
    scene.account.cloudtrail.update_trail(Name=TRAIL, S3BucketName="elsewhere")


def _notifying(**filters: str) -> dict[str, Any]:
    """A notification of the queue with such a filter."""
    rules = [{"Name": name, "Value": value} for name, value in filters.items()]
    return {"QueueArn": QUEUE_ARN, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}


def _second_trail(scene: Scene, **settings: Any) -> None:
    """Another trail of all regions, that writes to the same bucket."""
    trails = scene.account.cloudtrail
    trails.create_trail(
        Name="second", S3BucketName=BUCKET, IsMultiRegionTrail=True, EnableLogFileValidation=True, **settings
    )
    trails.start_logging(Name="second")
    selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
    trails.put_event_selectors(TrailName="second", EventSelectors=[selector])


def _homed_in_virginia(scene: Scene) -> None:
    """The trail takes events of one region only. The emulator knows its selectors elsewhere."""
    told = {"IsMultiRegionTrail": False, "HomeRegion": "us-east-1"}
    scene.aws.change("cloudtrail:DescribeTrails", lambda answer: answer["trailList"][0].update(told))
    scene.aws.answer("cloudtrail:GetEventSelectors", json.dumps({"EventSelectors": [{"ReadWriteType": "All"}]}))


def _trails_of_which_one_has_a_topic(scene: Scene) -> None:
    """Nothing but the first trail's topic leads to the queue; both trails have written."""
    topic = scene.account.notify_topic(is_subscribed=True)
    scene.account.notifications()
    scene.account.admit("sns.amazonaws.com", topic)
    _second_trail(scene, S3KeyPrefix="org")
    scene.account.put_log_file(datetime.now(UTC), above="org/")

    def with_topic(answer: Any) -> None:
        next(one for one in answer["trailList"] if one["Name"] == TRAIL)["SnsTopicARN"] = topic

    scene.aws.change("cloudtrail:DescribeTrails", with_topic)


def _reads_are_written_down(scene: Scene) -> None:
    scene.account.select([{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{BUCKET}/"]}])


def _selecting(condition: Mapping[str, Any]) -> Break:
    """A trail that takes such management events only."""
    fields = [{"Field": "eventCategory", "Equals": ["Management"]}, condition]
    told = {"AdvancedEventSelectors": [{"FieldSelectors": fields}], "EventSelectors": None}
    return lambda scene: scene.aws.change("cloudtrail:GetEventSelectors", lambda answer: answer.update(told))


_without_ours = _selecting({"Field": "eventSource", "NotEquals": ["codecatalyst.amazonaws.com"]})


def _with_refusal(whom: Mapping[str, Any]) -> str:
    """The queue's policy, and a statement that refuses to receive."""
    refusal = {"Effect": "Deny", "Action": "sqs:ReceiveMessage", "Resource": QUEUE_ARN, **whom}
    return json.dumps({"Statement": [*json.loads(POLICY)["Statement"], refusal]})


def _key_policy(policy: str) -> Break:
    return _in_turn(
        _set(KmsMasterKeyId="alias/trail"),
        lambda scene: scene.aws.refuse("kms:DescribeKey", Refusal("AccessDeniedException", 400, policy)),
    )


def _sink_down(scene: Scene) -> None:
    scene.settings["otlp"] = {"endpoint": "http://127.0.0.1:9"}


def _sink_untrusted(scene: Scene) -> None:
    scene.settings["otlp"] = {"endpoint": scene.sink.url.replace("http:", "https:")}


def _dead_letter(scene: Scene) -> None:
    scene.account.sqs.send_message(QueueUrl=scene.account.letters_url, MessageBody="{broken")


def _the_same_queue(scene: Scene) -> None:
    _with_attributes("dead-letters", QueueArn=QUEUE_ARN)(scene)


QUEUE_PARTS = ("queue.", "dead_letters", "notifier")
BUCKET_PARTS = ("bucket.", "accounts")
AWS_PARTS = ("queue", "dead_letters", "notifier", "bucket", "trail", "accounts")
ANYONE = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}]})

CASES = {
    "expired token": Case(
        _refused("sts:GetCallerIdentity", Refusal("ExpiredToken")), {"credentials": "✗"}, AWS_PARTS, "ExpiredToken"
    ),
    "clock ten minutes behind": Case(
        lambda scene: setattr(scene.aws, "ahead", 600.0), {"clock.aws": "✗"}, says="s behind that of AWS"
    ),
    "clock that AWS refuses": Case(
        _in_turn(
            _refused("sts:GetCallerIdentity", Refusal("RequestExpired")),
            lambda scene: setattr(scene.aws, "ahead", 3600.0),
        ),
        {"credentials": "✗", "clock.aws": "✗"},
        AWS_PARTS,
        "set this machine's clock first",
    ),
    "clock a minute before": Case(lambda scene: setattr(scene.aws, "ahead", -60.0), {"clock.aws": "!"}),
    "no queue": Case(
        lambda scene: scene.account.sqs.delete_queue(QueueUrl=scene.account.queue_url),
        {"queue": "✗"},
        QUEUE_PARTS,
        "there is no queue",
    ),
    "queue denied": Case(
        _refused("sqs:GetQueueAttributes"), {"queue": "✗"}, QUEUE_PARTS, "Allow sqs:GetQueueAttributes"
    ),
    "queue is FIFO": Case(_with_attributes(":trail-agent", FifoQueue="true"), {"queue": "✗"}, QUEUE_PARTS, "FIFO"),
    "no SQS": Case(
        lambda scene: scene.aws.change("sqs:GetQueueAttributes", lambda answer: answer.pop("Attributes")),
        {"queue": "✗"},
        QUEUE_PARTS,
        "is not SQS",
    ),
    "queue in another region": Case(
        _with_attributes(":trail-agent", QueueArn=QUEUE_ARN.replace("us-west-2", "eu-west-1")),
        {"queue": "✗"},
        QUEUE_PARTS,
        "Set queue.region to eu-west-1",
    ),
    "queue of the same name in the region that was meant": Case(
        lambda scene: scene.settings.update(queue={"url": scene.account.queue_url, "region": "eu-west-1"}),
        {"queue": "✗", "trail.regions": "✓"},
        (*QUEUE_PARTS, "bucket", "trail"),
        f"the bucket {BUCKET} notifies one of this name in us-west-2 Set queue.region to us-west-2",
    ),
    "region that the queue's host is not in": Case(
        _refused(
            "sqs:GetQueueAttributes",
            Refusal(
                "InvalidSignatureException",
                words="Credential should be scoped to a valid region, not 'us-west-2'.",
            ),
        ),
        {"queue": "✗"},
        QUEUE_PARTS,
        "queue.region is us-west-2, and what answers",
    ),
    "few receives": Case(_redrive(9), {"queue.receives": "!"}, says="maxReceiveCount to 20"),
    "hardly any receives": Case(_redrive(3), {"queue.receives": "✗", "queue.retention": "!"}),
    "no redrive policy": Case(
        _in_turn(
            lambda scene: _queue_settings(dead_letter_url=scene.account.letters_url)(scene),
            _with_attributes(":trail-agent", RedrivePolicy=None),
        ),
        {"queue.receives": "!"},
    ),
    "no dead-letter queue": Case(
        _with_attributes(":trail-agent", RedrivePolicy=None),
        {"queue.receives": "!", "dead_letters": "✗"},
        ("dead_letters.",),
        "the agent does not start",
    ),
    "short retention": Case(_set(MessageRetentionPeriod="43200"), {"queue.retention": "✗"}, says="an outage of 12 h"),
    "retention of a weekend": Case(_set(MessageRetentionPeriod="172800"), {"queue.retention": "!"}),
    "short lease": Case(_queue_settings(visibility_timeout_seconds=10), {"queue.visibility": "!"}),
    "delay": Case(_set(DelaySeconds="60"), {"queue.delay": "!"}),
    "small messages": Case(_set(MaximumMessageSize="1024"), {"queue.message_size": "✗"}),
    "AWS's key": Case(_set(KmsMasterKeyId="alias/aws/sqs"), {"queue.encryption": "✗"}, says="queue-key.json"),
    "own key": Case(
        _key_policy("not yours"), {"queue.encryption": "!", "queue.permissions": "!"}, says="agent-kms.json"
    ),
    "own key whose state is not to be seen": Case(
        _in_turn(_with_own_key, _refused("kms:DescribeKey", Refusal("AccessDeniedException", 400))),
        {"queue.encryption": "!", "notifier.key": "✓"},
        says="kms:DescribeKey",
    ),
    "AWS's key by its id": Case(_key(KeyManager="AWS"), {"queue.encryption": "✗"}, says="queue-key.json"),
    "own key that is off": Case(
        _key(OF_QUEUE_KEY, KeyState="Disabled"),
        {"queue.encryption": "✗", "notifier.key": "✓"},
        says=f"{QUEUE_KEY} is Disabled",
    ),
    "own key that is gone": Case(
        _in_turn(_with_own_key, _refused("kms:DescribeKey", Refusal("NotFoundException", 400))),
        {"queue.encryption": "✗", "queue.permissions": "!"},
        says="is gone: nobody can send or receive",
    ),
    "own key for its owner alone": Case(
        _key(), {"notifier.key": "✗"}, says="Allow kms:GenerateDataKey and kms:Decrypt to s3.amazonaws.com"
    ),
    "own key for SNS, and S3 notifies": Case(_with_key_for_topics, {"notifier.key": "✗"}),
    "own key for S3, and SNS notifies": Case(
        _in_turn(_to_topic, _with_own_key), {"notifier.key": "✗"}, says="to sns.amazonaws.com in the policy of the key"
    ),
    "own key that may not be decrypted with": Case(
        _key(_key_statement("s3.amazonaws.com", "kms:GenerateDataKey")), {"notifier.key": "✗"}
    ),
    "own key for another bucket": Case(
        _key(
            _key_statement(
                "s3.amazonaws.com", *TO_SEND, Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::other"}}
            )
        ),
        {"notifier.key": "✗"},
    ),
    "own key with the policy of AWS's": Case(
        _key(
            {
                **OWNER,
                "Principal": {"AWS": "*"},
                "Action": TO_SEND,
                "Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}},
            }
        ),
        {"notifier.key": "✗"},
    ),
    "own key with conditions that nobody knows": Case(
        _key(_key_statement("s3.amazonaws.com", *TO_SEND, Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}})),
        {"notifier.key": "!"},
    ),
    "own key without agent-kms.json": Case(
        _in_turn(_with_own_key, lambda scene: setattr(scene.aws, "statements", iam_policy.read("agent.json"))),
        {"queue.permissions": "✗", "notifier.key": "✓"},
        says="may not do kms:Decrypt with the queue's KMS key",
    ),
    "dead letters with a key, without agent-kms.json": Case(
        _in_turn(_key(letters=True), lambda scene: setattr(scene.aws, "statements", iam_policy.read("agent.json"))),
        {"dead_letters.write": "✗"},
        says="agent-kms.json",
    ),
    "dead letters with a key that is off": Case(
        _key(letters=True, KeyState="PendingDeletion"), {"dead_letters.encryption": "✗"}, says="is PendingDeletion"
    ),
    "receiving refused to all": Case(
        _set(Policy=_with_refusal({"Principal": "*"})),
        {"queue.permissions": "✗"},
        says="the queue's own policy refuses sqs:ReceiveMessage",
    ),
    "receiving refused to the role": Case(
        _set(Policy=_with_refusal({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/trail-agent"}})),
        {"queue.permissions": "✗"},
    ),
    "receiving refused to some": Case(
        _set(
            Policy=_with_refusal(
                {"Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}},
            )
        ),
        {"queue.permissions": "!"},
        says="on conditions that are not known here",
    ),
    "not encrypted": Case(_with_attributes(":trail-agent", SqsManagedSseEnabled="false"), {"queue.encryption": "!"}),
    "no policy": Case(
        _with_attributes(":trail-agent", Policy=None), {"queue.policy": "✗", "notifier.policy": "✗"}, says="queue.json"
    ),
    "anyone may send": Case(_set(Policy=ANYONE), {"queue.policy": "!"}),
    "buckets of any account may send": Case(
        lambda scene: scene.account.admit("s3.amazonaws.com", "arn:aws:s3:::*"),
        {"queue.policy": "!"},
        says="s3.amazonaws.com may send to the queue for any AWS account",
    ),
    "policy with an ARN of five parts": Case(
        lambda scene: scene.account.admit("s3.amazonaws.com", f"arn:aws:s3:*:{BUCKET}"), {"notifier.policy": "✗"}
    ),
    "policy for another bucket": Case(
        lambda scene: scene.account.admit("s3.amazonaws.com", "arn:aws:s3:::another"), {"notifier.policy": "✗"}
    ),
    "policy for another queue": Case(
        _set(Policy=POLICY.replace(QUEUE_ARN, f"{QUEUE_ARN}-old")), {"notifier.policy": "✗"}, says="does not let"
    ),
    "policy for another account": Case(
        _set(Policy=POLICY.replace(f'"{ACCOUNT}"', '"999900001111"')),
        {"notifier.policy": "✗"},
        says=f"aws:SourceArn arn:aws:s3:::{BUCKET} ",
    ),
    "policy for the owner of a bucket that nobody knows": Case(
        _refused(
            "s3:GetBucketNotification",
            Refusal("InternalError", 500),
            when=lambda request: "x-amz-expected-bucket-owner" in request.headers,
        ),
        {"notifier.policy": "!"},
        says="S3 tells no owner",
    ),
    "nobody receives": Case(
        lambda scene: [
            scene.account.sqs.send_message(QueueUrl=scene.account.queue_url, MessageBody="x") for _ in range(3)
        ],
        {"queue.backlog": "!"},
        says="waiting: 3 messages",
    ),
    "may not receive": Case(_without("TakeFromTheQueue"), {"queue.permissions": "✗"}, says="sqs:ReceiveMessage"),
    "may not send dead letters": Case(_without("SendDeadLetters"), {"dead_letters.write": "✗"}, says=LETTERS_ARN),
    "no simulator": Case(
        _refused("iam:SimulatePrincipalPolicy"), {"queue.permissions": "!", "dead_letters.write": "!"}
    ),
    "dead-letter queue gone": Case(
        lambda scene: scene.account.sqs.delete_queue(QueueUrl=scene.account.letters_url),
        {"dead_letters": "✗"},
        ("dead_letters.",),
        "there is no dead-letter queue",
    ),
    "dead-letter queue denied": Case(
        _refused("sqs:GetQueueUrl"), {"dead_letters": "✗"}, ("dead_letters.",), "Allow sqs:GetQueueUrl"
    ),
    "dead-letter queue is the queue": Case(_the_same_queue, {"dead_letters": "✗"}, ("dead_letters.",), "itself"),
    "two dead-letter queues": Case(
        _in_turn(
            lambda scene: _queue_settings(dead_letter_url=scene.account.letters_url)(scene),
            _with_attributes(
                ":trail-agent",
                RedrivePolicy=json.dumps({"deadLetterTargetArn": f"{LETTERS_ARN}2", "maxReceiveCount": 20}),
            ),
        ),
        {"dead_letters": "!"},
    ),
    "dead letters kept for as long": Case(
        lambda scene: scene.account.set_letters(MessageRetentionPeriod="864000"),
        {"dead_letters.retention": "✗"},
        says="1209600",
    ),
    "both queues keep for as long as SQS does": Case(
        _set(MessageRetentionPeriod="1209600"),
        {"dead_letters.retention": "✗"},
        says="Set MessageRetentionPeriod of the queue itself to 864000",
    ),
    "dead letters move on": Case(
        _with_attributes("dead-letters", RedrivePolicy=json.dumps({"deadLetterTargetArn": f"{LETTERS_ARN}-2"})),
        {"dead_letters.redrive": "!"},
    ),
    "dead letters not let in": Case(
        _with_attributes("dead-letters", RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"})),
        {"dead_letters.redrive": "✗"},
    ),
    "dead letters of a queue with a longer name let in": Case(
        _with_attributes(
            "dead-letters",
            RedriveAllowPolicy=json.dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [f"{QUEUE_ARN}-staging"]}
            ),
        ),
        {"dead_letters.redrive": "✗"},
        says="Allow the queue's ARN in it",
    ),
    "a dead letter": Case(_dead_letter, {"dead_letters.empty": "!"}, says="trail-agent dead-letters list"),
    "no bucket": Case(
        _bucket_settings(name="acme-trail-typo"),
        {"bucket": "✗", "notifier": "!", "trail": "!"},
        (*BUCKET_PARTS, "notifier.", "trail."),
        "there is no such bucket",
    ),
    "bucket in another region": Case(
        _refused("s3:ListBucket", Refusal("PermanentRedirect", 301, region="eu-west-1")),
        {"bucket": "✗"},
        BUCKET_PARTS,
        "it is in eu-west-1",
    ),
    "bucket that S3 redirects to": Case(
        _refused(
            "s3:ListBucket",
            Refusal("PermanentRedirect", 301, region="eu-west-1"),
            when=lambda request: "/us-west-2/s3/" in request.headers["Authorization"],
        ),
        {"bucket": "!"},
        says="it is in eu-west-1, and the settings say us-west-2",
    ),
    "bucket denied": Case(_refused("s3:ListBucket"), {"bucket": "✗"}, BUCKET_PARTS, "Allow s3:ListBucket"),
    "bucket of another owner": Case(
        _in_turn(
            _bucket_settings(owner="444455556666"),
            _refused("s3:ListBucket", when=lambda request: "x-amz-expected-bucket-owner" in request.headers),
        ),
        {"bucket": "✗"},
        BUCKET_PARTS,
        "its owner is not 444455556666",
    ),
    "role denied": Case(
        _in_turn(_bucket_settings(role_arn="arn:aws:iam::444455556666:role/trail-reader"), _refused("sts:AssumeRole")),
        {"bucket.role": "✗", "notifier": "!"},
        ("bucket", "accounts", "notifier."),
        "deploy/iam/agent-assume-role.json",
    ),
    "object denied": Case(_refused("s3:GetObject"), {"bucket.read": "✗"}, says="Allow s3:GetObject"),
    "key of the trail denied": Case(
        _refused("s3:GetObject", Refusal("AccessDenied", words="not authorized to perform: kms:Decrypt")),
        {"bucket.read": "✗"},
        says="Allow kms:Decrypt",
    ),
    "key of the trail disabled": Case(
        _refused("s3:GetObject", Refusal("KMS.DisabledException", 400, "the key is disabled")),
        {"bucket.read": "✗"},
        says="Enable the trail's KMS key",
    ),
    "object that is archived": Case(
        _refused("s3:GetObject", Refusal("InvalidObjectState")), {"bucket.read": "!"}, says="restore them"
    ),
    "object for which S3 is too busy": Case(
        _refused("s3:GetObject", Refusal("SlowDown", 503)), {"bucket.read": "!"}, says="Check again"
    ),
    "object that a proxy does not give": Case(
        _refused("s3:GetObject", Refusal("", 503)), {"bucket.read": "✗"}, says="any proxy"
    ),
    "bucket for which S3 is too busy": Case(
        _refused("s3:ListBucket", Refusal("SlowDown", 503)), {"bucket": "!"}, BUCKET_PARTS, "Check again"
    ),
    "damaged object": Case(_damaged, {"bucket.read": "✗"}, says="trail-agent inspect"),
    "object above a limit": Case(_settings(limits={"object_bytes": 100}), {"bucket.read": "✗"}, says="limits"),
    "trail silent for days": Case(_only_an_old_object, {"bucket.newest": "!"}, says="3 days old"),
    "no log file": Case(_delete_objects, {"bucket.newest": "✗"}, ("bucket.read", "accounts"), "no log file"),
    "a second trail that the queue hears nothing of": Case(
        lambda scene: scene.account.put_log_file(datetime.now(UTC), above="logs/org/"),
        {"notifier": "!"},
        ("notifier.",),
        "and of none in logs/org/AWSLogs/",
    ),
    "a second trail of an account that is left out": Case(
        _in_turn(
            lambda scene: scene.account.put_log_file(datetime.now(UTC), account="999900001111", above="AWSLogs2/"),
            lambda scene: scene.account.notify(prefix="AWSLogs"),
            _settings(accounts=[ACCOUNT]),
        ),
        {"accounts": "!"},
        says="999900001111",
    ),
    "a folder that may not be looked into": Case(
        _in_turn(
            lambda scene: scene.account.s3.put_object(Bucket=BUCKET, Key="elb/2026/x.log", Body=b"x"),
            lambda scene: scene.account.drain(),
            _refused("s3:ListBucket", when=lambda request: "prefix=elb%2F" in request.path),
        ),
        {"bucket.trails": "!"},
        says="1 folder was not looked into for another AWSLogs/, S3 refused some",
    ),
    "billing account elsewhere": Case(
        _in_turn(_only_noise, lambda scene: setattr(scene.aws, "caller", "arn:aws:iam::999900001111:user/ops")),
        {"accounts": "!"},
        says="events of a space are written only there",
    ),
    "accounts of others": Case(_settings(accounts=["999900001111"]), {"accounts": "✗"}),
    "an account without a trail": Case(_settings(accounts=[ACCOUNT, "999900001111"]), {"accounts": "!"}),
    "all regions left out": Case(
        _settings(regions=["eu-central-1"]),
        {"bucket.newest": "✗", "regions": "✗"},
        ("bucket.read",),
        "it holds log files of us-west-2, and `regions` leaves out all of them",
    ),
    "the region of CodeCatalyst left out": Case(
        _in_turn(
            lambda scene: scene.account.put_log_file(datetime.now(UTC), region="eu-central-1"),
            _settings(regions=["eu-central-1"]),
        ),
        {"regions": "✗"},
        says="leaves out us-west-2, where CodeCatalyst writes",
    ),
    "a region without a log file": Case(
        _settings(regions=["us-west-2", "us-west-1"]), {"regions": "!"}, says="lists us-west-1"
    ),
    "no notification": Case(
        lambda scene: scene.account.notifications(), {"notifier": "✗"}, ("notifier.",), "nothing tells the queue"
    ),
    "notification of another queue": Case(
        lambda scene: scene.account.notifications(
            QueueConfigurations=[{"QueueArn": LETTERS_ARN, "Events": ["s3:ObjectCreated:*"]}]
        ),
        {"notifier": "✗", "dead_letters.empty": "!"},  # S3 sends a message to try it
        ("notifier.",),
        f"the bucket notifies {LETTERS_ARN}, and not {QUEUE_ARN}",
    ),
    "EventBridge that is off": Case(
        lambda scene: scene.account.notify_event_bridge(is_on=False),
        {"notifier": "✗"},
        ("notifier.",),
        f"rule {TRAIL} of EventBridge would tell the queue of new objects",
    ),
    "rule for another bucket, and EventBridge that is off": Case(
        lambda scene: scene.account.notify_event_bridge(is_on=False, detail={"bucket": {"name": ["other"]}}),
        {"notifier": "✗"},
        ("notifier.",),
        "nothing tells the queue",
    ),
    "filter of another folder": Case(
        lambda scene: scene.account.notify(prefix="elb/"), {"notifier": "✗"}, ("notifier.",), "prefix elb/"
    ),
    "filter of a year that is over": Case(
        lambda scene: scene.account.notify(prefix=f"AWSLogs/{ACCOUNT}/CloudTrail/us-west-2/2025/"),
        {"notifier": "✗"},
        ("notifier.",),
        "matches no log file of the trail",
    ),
    "filter of this year": Case(
        lambda scene: scene.account.notify(prefix=f"AWSLogs/{ACCOUNT}/CloudTrail/us-west-2/{datetime.now(UTC):%Y}/"),
        {"notifier": "!"},
        ("notifier.",),
        "takes log files of some days only",
    ),
    "the prefix of one filter and the suffix of another": Case(
        lambda scene: scene.account.notifications(
            QueueConfigurations=[
                _notifying(prefix="AWSLogs/", suffix=".csv"),
                _notifying(prefix="elb/", suffix=".json.gz"),
            ]
        ),
        {"notifier": "✗"},
        ("notifier.",),
        "(prefix AWSLogs/, suffix .csv; prefix elb/, suffix .json.gz) matches no log file",
    ),
    "a prefix that the trail has got today": Case(
        lambda scene: scene.aws.change(
            "cloudtrail:DescribeTrails", lambda answer: answer["trailList"][0].update(S3KeyPrefix="org")
        ),
        {"notifier": "✗"},
        says=f"of none in org/AWSLogs/{ACCOUNT}/CloudTrail/us-west-2/, where the trail writes now",
    ),
    "a second trail that has written nothing yet": Case(
        lambda scene: _second_trail(scene, S3KeyPrefix="org"),
        {"notifier": "!"},
        says=f"and of none in org/AWSLogs/{ACCOUNT}/CloudTrail/us-west-2/",
    ),
    "a topic of one of two trails": Case(
        _trails_of_which_one_has_a_topic,
        {"notifier": "!"},
        says=f"and of none in org/AWSLogs/{ACCOUNT}/CloudTrail/us-west-2/",
    ),
    "notifications of removals": Case(
        lambda scene: scene.account.notify(events="s3:ObjectRemoved:*"), {"notifier": "✗"}, ("notifier.",)
    ),
    "topic without the queue": Case(
        lambda scene: scene.account.notify_topic(is_subscribed=False),
        {"notifier": "✗"},
        ("notifier.",),
        "not subscribed",
    ),
    "topic that is gone": Case(
        lambda scene: scene.account.sns.delete_topic(TopicArn=scene.account.notify_topic(is_subscribed=True)),
        {"notifier": "✗"},
        ("notifier.",),
        "there is no such topic",
    ),
    "topic not to be seen": Case(
        _in_turn(_to_topic, _refused("sns:ListSubscriptionsByTopic", Refusal("AuthorizationError"))),
        {"notifier": "!"},
        ("notifier.",),
        "Allow sns:ListSubscriptionsByTopic",
    ),
    "subscription not to be seen": Case(
        _in_turn(_to_topic, _refused("sns:GetSubscriptionAttributes", Refusal("AuthorizationError"))),
        {"notifier": "!"},
        ("notifier.",),
        "Allow sns:GetSubscriptionAttributes",
    ),
    "subscription to attributes that S3 does not send": Case(
        _to_topic_through(FilterPolicy='{"x": ["y"]}'), {"notifier": "✗"}, ("notifier.",), "Take the filter policy away"
    ),
    "subscription to another bucket": Case(
        _to_topic_through(
            FilterPolicyScope="MessageBody", FilterPolicy='{"Records": {"s3": {"bucket": {"name": ["other"]}}}}'
        ),
        {"notifier": "✗"},
        ("notifier.",),
        "Take the filter policy away",
    ),
    "subscription by what nobody knows of objects to come": Case(
        _to_topic_through(
            FilterPolicyScope="MessageBody", FilterPolicy='{"Records": {"s3": {"object": {"eTag": [{"prefix": "a"}]}}}}'
        ),
        {"notifier": "!"},
        ("notifier.",),
        "the filter policy of its subscription cannot be judged here",
    ),
    "target of a rule not to be seen": Case(
        _in_turn(_to_event_bridge, _refused("events:ListTargetsByRule", Refusal("AccessDeniedException", 400))),
        {"notifier": "!"},
        ("notifier.",),
        "Allow events:ListTargetsByRule",
    ),
    "rule that is left over": Case(
        lambda scene: scene.account.notify_event_bridge(beside_the_queue=True),
        {"notifier.policy": "!"},
        says="Take that way away",
    ),
    "rule that is off": Case(
        lambda scene: scene.account.notify_event_bridge(state="DISABLED"),
        {"notifier": "✗"},
        ("notifier.",),
        "is disabled",
    ),
    "rule for another prefix": Case(
        lambda scene: scene.account.notify_event_bridge(detail={"object": {"key": [{"prefix": "elb/"}]}}),
        {"notifier": "✗"},
        ("notifier.",),
        "of this bucket such as AWSLogs/",
    ),
    "rule for one of two accounts": Case(
        _in_turn(
            lambda scene: scene.account.put_log_file(datetime.now(UTC), account="999900001111"),
            lambda scene: _to_rules(scene, f"AWSLogs/{ACCOUNT}/"),
        ),
        {"notifier": "!"},
        says="rule acme-trail-0 of EventBridge, and of none in AWSLogs/999900001111/CloudTrail/us-west-2/",
    ),
    "prefix of one of two regions": Case(
        _in_turn(
            lambda scene: scene.account.put_log_file(datetime.now(UTC), region="eu-west-1"),
            lambda scene: scene.account.notify(prefix=f"AWSLogs/{ACCOUNT}/CloudTrail/us-west-2/"),
        ),
        {"notifier": "!"},
        says=f"the bucket itself, and of none in AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/",
    ),
    "prefix of a region where CodeCatalyst does not write": Case(
        _in_turn(
            lambda scene: scene.account.put_log_file(datetime.now(UTC), region="eu-central-1"),
            lambda scene: scene.account.notify(prefix=f"AWSLogs/{ACCOUNT}/CloudTrail/eu-central-1/"),
        ),
        {"notifier": "!"},
        ("notifier.",),
        f"leaves out AWSLogs/{ACCOUNT}/CloudTrail/us-west-2/, where CodeCatalyst writes",
    ),
    "rule for another suffix": Case(
        lambda scene: scene.account.notify_event_bridge(detail={"object": {"key": [{"suffix": ".csv"}]}}),
        {"notifier": "✗"},
        ("notifier.",),
        "Correct its event pattern",
    ),
    "rule for other names": Case(
        lambda scene: scene.account.notify_event_bridge(detail={"object": {"key": [{"wildcard": "logs/*"}]}}),
        {"notifier": "✗"},
        ("notifier.",),
        "Correct its event pattern",
    ),
    "rule for copies": Case(
        lambda scene: scene.account.notify_event_bridge(detail={"reason": ["CopyObject"]}),
        {"notifier": "✗"},
        ("notifier.",),
        "Correct its event pattern",
    ),
    "rule for what nobody knows of objects to come": Case(
        lambda scene: scene.account.notify_event_bridge(detail={"requester": ["111122223333"]}),
        {"notifier": "!"},
        ("notifier.",),
        "conditions that cannot be judged here",
    ),
    "target with a text for people": Case(
        lambda scene: scene.account.notify_event_bridge(
            InputTransformer={"InputPathsMap": {"k": "$.detail.object.key"}, "InputTemplate": '"new object <k>"'}
        ),
        {"notifier": "✗"},
        ("notifier.",),
        "Take InputTransformer out",
    ),
    "target with a part of the event": Case(
        lambda scene: scene.account.notify_event_bridge(InputPath="$.detail.object"),
        {"notifier": "✗"},
        ("notifier.",),
        "Take InputPath out",
    ),
    "notifications not told just now": Case(
        _refused("s3:GetBucketNotification", Refusal("InternalError", 500)),
        {"notifier": "!"},
        ("notifier.",),
        "Check again",
    ),
    "notifications not to be seen": Case(
        _refused("s3:GetBucketNotification"), {"notifier": "!"}, ("notifier.",), "Allow s3:GetBucketNotification"
    ),
    "trail stopped": Case(
        lambda scene: scene.account.cloudtrail.stop_logging(Name=TRAIL), {"trail.logging": "✗"}, says="start-logging"
    ),
    "trail cannot write": Case(
        lambda scene: scene.aws.change(
            "cloudtrail:GetTrailStatus", lambda answer: answer.update(LatestDeliveryError="AccessDenied")
        ),
        {"trail.logging": "✗"},
    ),
    "trail cannot notify": Case(
        lambda scene: scene.aws.change(
            "cloudtrail:GetTrailStatus", lambda answer: answer.update(LatestNotificationError="AuthorizationError")
        ),
        {"trail.logging": "!"},
    ),
    "trail of one region": Case(_update_trail(IsMultiRegionTrail=False), {"trail.regions": "!"}, says="us-west-2"),
    "trail of a region where CodeCatalyst does not write": Case(
        _homed_in_virginia,
        {"trail.regions": "✗"},
        says="takes events of us-east-1 only, and CodeCatalyst writes in us-west-2 or eu-west-1: none of its events",
    ),
    "no digests": Case(_update_trail(EnableLogFileValidation=False), {"trail.validation": "!"}),
    "no management events": Case(lambda scene: scene.account.select([], management=False), {"trail.events": "✗"}),
    "events of reading only": Case(
        _selecting({"Field": "readOnly", "Equals": ["true"]}),
        {"trail.events": "!"},
        says="nothing that anyone changes is in it",
    ),
    "events of writing only": Case(
        _selecting({"Field": "readOnly", "Equals": ["false"]}), {"trail.events": "!"}, says="who looked at what"
    ),
    "CloudTrail is asked too often": Case(
        _in_turn(
            _refused("cloudtrail:GetTrailStatus", Refusal("ThrottlingException", 400)),
            _refused("cloudtrail:GetEventSelectors", Refusal("InternalError", 500)),
        ),
        {"trail.logging": "!", "trail.events": "!"},
        says="does not tell its state now: ThrottlingException: on demand Check again",
    ),
    "state of the trail not to be seen": Case(
        _refused("cloudtrail:GetTrailStatus"), {"trail.logging": "!"}, says="Allow cloudtrail:GetTrailStatus"
    ),
    "no events of CodeCatalyst": Case(_without_ours, {"trail.events": "✗"}, says="leave out the management events of"),
    "only some events of CodeCatalyst": Case(
        _selecting({"Field": "eventName", "Equals": ["CreateProject"]}),
        {"trail.events": "!"},
        says="only such management events of codecatalyst.amazonaws.com as its conditions on eventName let in",
    ),
    "own reads": Case(_reads_are_written_down, {"trail.events": "!"}, says="each read of"),
    "own reads of one folder": Case(
        lambda scene: scene.account.select(
            [{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{BUCKET}/AWSLogs/{ACCOUNT}/"]}]
        ),
        {"trail.events": "!"},
        says="each read of",
    ),
    "trail writes elsewhere": Case(_trail_elsewhere, {"trail": "!"}, ("trail.",), "; they write to elsewhere"),
    "trails not to be seen": Case(_refused("cloudtrail:DescribeTrails"), {"trail": "!"}, ("trail.",)),
    "sink down": Case(_sink_down, {"sink": "✗"}, ("sink.", "clock.sink"), "nothing takes connections"),
    "sink speaks no TLS": Case(_sink_untrusted, {"sink": "✗"}, ("sink.", "clock.sink"), "does not speak TLS"),
    "sink: 401": Case(_answering(status=401), {"sink": "✗"}, ("sink.", "clock.sink"), "otlp.headers"),
    "sink: 403": Case(_answering(status=403), {"sink": "✗"}, ("sink.", "clock.sink"), "X-Scope-OrgID"),
    "sink: 404": Case(_answering(status=404), {"sink": "✗"}, ("sink.", "clock.sink"), "/otlp"),
    "sink: 405": Case(_answering(status=405), {"sink": "✗"}, ("sink.", "clock.sink"), "Correct the path"),
    "sink: 415": Case(_answering(status=415), {"sink": "✗"}, ("sink.", "clock.sink"), "no protobuf"),
    "sink: 429": Case(_answering(status=429), {"sink": "!", "sink.kind": "!"}, says="raise its limits"),
    "sink: 503": Case(_answering(status=503), {"sink": "✗"}, ("sink.", "clock.sink"), "an error of its own"),
    "sink: redirect": Case(
        _answering(status=302, headers={"Location": "https://login.example/"}),
        {"sink": "✗"},
        ("sink.", "clock.sink"),
        "https://login.example",
    ),
    "sink: page": Case(
        _answering(body=b"<html>log in", content_type="text/html"), {"sink": "✗"}, ("sink.", "clock.sink"), "web page"
    ),
    "sink: refused records": Case(
        _answering(body=partial_success(3, "no")), {"sink": "✗"}, ("sink.", "clock.sink"), "refused 3 records"
    ),
    "sink: a warning": Case(_answering(body=partial_success(0, "slow")), {"sink": "!", "sink.kind": "!"}),
    "sink that nobody knows": Case(
        lambda scene: scene.sink.pages.update({"*": HttpReply(404)}), {"sink.kind": "!"}, says="docs/delivery.md"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_broken_is_named(scene: Scene, name: str) -> None:
    """Those checks turn, and no other; each says what to do. What depends on them is hidden or says so in one line."""
    case = CASES[name]
    case.broken(scene)
    checks = scene.checks()
    known = [check for check in checks if not _is_hidden(check.id, case) or check.id in case.turned]
    assert {check.id: check.status.mark for check in known} == {
        one: mark for one, mark in {**SOUND, **case.turned}.items() if not _is_hidden(one, case) or one in case.turned
    }
    assert case.says in " ".join(f"{check.what} {check.fix}" for check in known if check.id in case.turned)
    for check in checks:
        assert bool(check.fix) == (check.status.mark != "✓") or "not checked" in check.what, check
        assert "{" not in check.what + check.fix.replace("{broken", ""), check


@pytest.mark.parametrize("broken", ["stopped", "no management events"])
def test_what_a_second_trail_lacks_is_no_fault_where_the_first_has_it(scene: Scene, broken: str) -> None:
    """It is crossed as soon as the first lacks something, too."""
    _second_trail(scene)
    trails = scene.account.cloudtrail
    if broken == "stopped":
        trails.stop_logging(Name="second")
    else:
        selector = {"ReadWriteType": "All", "IncludeManagementEvents": False, "DataResources": []}
        trails.put_event_selectors(TrailName="second", EventSelectors=[selector])
    told = [check for check in scene.checks() if check.status.mark != "✓"]
    assert [(check.on, check.status.mark) for check in told] == [("second", "!")]
    assert told[0].what.endswith(f"; the same is written to its bucket by {TRAIL}")
    trails.update_trail(Name=TRAIL, IsMultiRegionTrail=False)
    assert ("second", "✗") in {(check.on, check.status.mark) for check in scene.checks()}


@pytest.mark.parametrize("name", ["no bucket", "role denied"])
def test_what_follows_from_a_broken_bucket_gives_no_advice_of_its_own(scene: Scene, name: str) -> None:
    """Who notifies of a bucket that is not there, or not to be reached, cannot be looked up; one advice is enough."""
    CASES[name].broken(scene)
    (told,) = [check for check in scene.checks() if check.id == "notifier"]
    assert (told.what, told.fix) == ("not checked, because the bucket is not as it should be", "")


def _is_hidden(id: str, case: Case) -> bool:  # noqa: A002 - the word of the output
    return id.startswith(tuple(case.hidden))


def _command(scene: Scene, *options: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    scene.checks()  # writes the settings
    command = [sys.executable, "-m", "agent", "check", "--online", "-c", str(scene.folder / "agent.yaml"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_exit_code_says_whether_all_is_sound(scene: Scene) -> None:
    """0, the settings' own lines first and the count last; 69 as soon as one check is crossed."""
    sound = _command(scene)
    lines = sound.stdout.splitlines()
    assert (sound.returncode, sound.stderr) == (0, "")
    assert lines[0].startswith("✓ settings: ")
    assert lines[-1] == f"{len(SOUND)} checks: {len(SOUND)} ✓, 0 ✗, 0 !"
    scene.account.notifications()
    broken = _command(scene)
    assert broken.returncode == 69
    (crossed,) = [line for line in broken.stdout.splitlines() if line[0] == "✗"]
    assert crossed.startswith(f"✗ notifier {BUCKET}: nothing tells the queue of new objects in this bucket. Let the ")


def test_no_secret_is_told(scene: Scene) -> None:
    """AWS quotes the headers that were signed, with the session token, when it finds another signature."""
    words = "The request signature does not match.\n\nThe Canonical String was 'x-amz-security-token:s3cret'"
    scene.aws.refuse("sqs:GetQueueAttributes", Refusal("SignatureDoesNotMatch", words=words))
    scene.settings["otlp"] = {"endpoint": scene.sink.url, "headers": {"authorization": "Bearer s3cret-s3cret"}}
    _answering(status=401, body=b"no to Bearer s3cret-s3cret", content_type="text/plain")(scene)
    told = _command(scene)
    assert "SignatureDoesNotMatch" in told.stdout
    assert "s3cret" not in told.stdout + told.stderr


def test_json_has_an_object_for_each_check(scene: Scene) -> None:
    """And nothing else, so that a program can read it line by line."""
    told = [json.loads(line) for line in _command(scene, "--json").stdout.splitlines()]
    assert {one["id"]: one["status"] for one in told} == {"settings": "ok", **dict.fromkeys(SOUND, "ok")}


def test_it_ends_where_nobody_answers(scene: Scene) -> None:
    """All checks run to their end, each with its line, and none waits longer than it may."""
    scene.settings["otlp"] = {"endpoint": "http://127.0.0.1:9"}
    scene.settings["aws"] = {"endpoint_url": "http://127.0.0.1:9"}
    marks = scene.statuses()
    assert (marks["queue"], marks["bucket"], marks["sink"]) == ("✗", "✗", "✗")
    assert marks["clock.aws"] == "!"


def test_grpc_and_loki_are_green_too(scene: Scene) -> None:
    """A Collector over gRPC sends no date; a Loki shows its limits."""
    with GrpcReceiver() as collector:
        scene.settings["otlp"] = {"endpoint": collector.url, "protocol": "grpc"}
        assert scene.statuses() == {**SOUND, "clock.sink": "!"}
        assert [export.payload for export in collector.exports] == [b""]
    limits = {"allow_structured_metadata": True, "reject_old_samples_max_age": "336h"}
    with LokiApi(limits=limits).serving() as loki:
        scene.settings["otlp"] = {"endpoint": f"{loki.url}/otlp"}
        assert scene.statuses() == {**SOUND, "sink.metadata": "✓", "sink.sizes": "✓", "sink.oldest": "✓"}
        loki.limits = {"allow_structured_metadata": False}
        assert scene.statuses() == {**SOUND, "sink.metadata": "✗", "sink.sizes": "✓", "sink.oldest": "!"}


def _told_of_the_sink(scene: Scene) -> str:
    """What the check of the sink says, and what to do."""
    (told,) = [check for check in scene.checks() if check.id == "sink"]
    assert told.status.mark == "✗"
    return f"{told.what} {told.fix}"


def test_a_host_without_an_address_is_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as a sink that is down: its name is to be corrected."""
    look_up = socket.getaddrinfo

    def unknown(host: Any, *arguments: Any, **options: Any) -> Any:
        if host == "sink.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    scene.settings["otlp"] = {"endpoint": "http://sink.example:4318"}
    assert "Correct the host in otlp.endpoint" in _told_of_the_sink(scene)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "wants other credentials"),
        (grpc.StatusCode.PERMISSION_DENIED, "does not allow this"),
        (grpc.StatusCode.UNIMPLEMENTED, "takes no exports"),
        (grpc.StatusCode.INTERNAL, "an error of its own"),
        (grpc.StatusCode.INVALID_ARGUMENT, "refuses an empty export"),
    ],
)
def test_what_a_sink_says_over_grpc_is_told_apart(scene: Scene, code: grpc.StatusCode, says: str) -> None:
    """By its code, as over HTTP."""
    with GrpcReceiver(rule=lambda _: GrpcReply(code, "no")) as sink:
        scene.settings["otlp"] = {"endpoint": sink.url, "protocol": "grpc"}
        assert says in _told_of_the_sink(scene)


def test_the_wrong_protocol_is_named(scene: Scene) -> None:
    """gRPC to a port of HTTP, and HTTP to a port of gRPC."""
    scene.settings["otlp"] = {"endpoint": scene.sink.url, "protocol": "grpc"}
    assert "Correct otlp.protocol" in _told_of_the_sink(scene)
    with GrpcReceiver() as sink:
        scene.settings["otlp"] = {"endpoint": sink.url}
        assert "Correct otlp.protocol" in _told_of_the_sink(scene)


def test_a_bucket_under_a_role_is_green(scene: Scene) -> None:
    """It is read, and asked who notifies, as that role; the trail is found once."""
    scene.settings["buckets"] = [{"name": BUCKET, "role_arn": "arn:aws:iam::111122223333:role/trail-reader"}]
    assert scene.statuses() == {**SOUND, "bucket.role": "✓"}
    under_role = {call.action for call in scene.aws.calls if call.principal.endswith("role/trail-reader")}
    assert {"s3:ListBucket", "s3:GetObject", "s3:GetBucketNotification"} <= under_role


def test_each_bucket_has_its_lines(scene: Scene) -> None:
    """One that is broken does not hide one that is sound."""
    scene.settings["buckets"] = [{"name": BUCKET}, {"name": "acme-trail-typo"}]
    told = {(check.id, check.on): check.status.mark for check in scene.checks()}
    assert (told["bucket", BUCKET], told["bucket", "acme-trail-typo"]) == ("✓", "✗")
    assert (told["notifier", BUCKET], told["notifier", "acme-trail-typo"]) == ("✓", "!")


def test_it_ends_where_whoever_is_asked_is_silent(scene: Scene) -> None:
    """A host that takes connections and never answers: each request ends after its time."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        scene.settings |= {"otlp": {"endpoint": url}, "aws": {"endpoint_url": url}}
        scene.seconds = 0.3
        began = time.monotonic()
        checks = {check.id: check for check in scene.checks()}
        assert time.monotonic() - began < 20
    assert (checks["queue"].status.mark, checks["bucket"].status.mark, checks["sink"].status.mark) == ("✗", "✗", "✗")
    assert "no whole answer" in checks["sink"].what


def test_an_agent_that_knows_no_account_says_so(scene: Scene) -> None:
    """With its own policy it lists accounts that it knows; the layout of others cannot be told."""
    scene.aws.allowed = iam_policy.read("agent.json")
    _delete_objects(scene)
    scene.account.put_log_file(datetime.now(UTC), account="999900001111")
    told = {check.id: check for check in scene.checks()}
    assert told["bucket"].what.endswith("no folder of an account that is known here")
    assert (told["bucket.newest"].status.mark, told["bucket.newest"].fix[:29]) == ("!", "List them under accounts, or ")
    scene.settings["accounts"] = ["999900001111"]
    assert scene.statuses()["bucket.read"] == "✓"


def _of_trail_with(prefix: str, *policies: str) -> list[iam_policy.Statement]:
    """The statements of policies in which a trail's prefix was put before AWSLogs, as their README says."""

    def with_prefix(one: iam_policy.Statement) -> iam_policy.Statement:
        told = {
            operator: {
                name: tuple(f"{prefix}{value}" if value.startswith("AWSLogs") else value for value in values)
                for name, values in keys.items()
            }
            for operator, keys in one.conditions.items()
        }
        return replace(one, conditions=told)

    return [with_prefix(one) for policy in policies for one in iam_policy.read(policy)]


def _write_with_prefix(scene: Scene) -> None:
    _delete_objects(scene)
    scene.account.put_log_file(datetime.now(UTC), above="audit/")
    scene.account.notify(prefix="audit/AWSLogs/")
    scene.aws.change("cloudtrail:DescribeTrails", lambda answer: answer["trailList"][0].update(S3KeyPrefix="audit"))


def test_a_trail_with_a_prefix_is_green_for_who_sees_who_notifies(scene: Scene) -> None:
    """The top of the bucket is closed by these policies; its notifications and its trail tell the prefix."""
    _write_with_prefix(scene)
    scene.aws.allowed = _of_trail_with("audit/", "agent.json", "operator.json")
    assert scene.statuses() == SOUND
    scene.aws.refuse("cloudtrail:DescribeTrails", DENIED)
    assert scene.statuses()["bucket.read"] == "✓"


def test_a_trail_tells_its_prefix_where_nobody_may_see_who_notifies(scene: Scene) -> None:
    """One of the two is enough."""
    _write_with_prefix(scene)
    scene.aws.allowed = _of_trail_with("audit/", "agent.json", "operator.json")
    scene.aws.refuse("s3:GetBucketNotification", DENIED)
    assert scene.statuses()["bucket.read"] == "✓"


def test_a_trail_with_a_prefix_is_not_crossed_for_the_agent(scene: Scene) -> None:
    """Its policy alone does not let it find the folder, and is as it should be."""
    _write_with_prefix(scene)
    scene.aws.allowed = _of_trail_with("audit/", "agent.json")
    told = {check.id: check for check in scene.checks()}
    assert (told["bucket"].status.mark, told["bucket.newest"].status.mark) == ("✓", "!")
    assert not [check for check in told.values() if check.status.mark == "✗"]
    scene.settings["accounts"] = [ACCOUNT]
    (newest,) = [check for check in scene.checks() if check.id == "bucket.newest"]
    assert newest.what.startswith(f"where the log files of {ACCOUNT} are is not known: none were found in AWSLogs/")


@pytest.mark.parametrize("text", ["no JSON", "[]", "1", '{"deadLetterTargetArn": 1, "maxReceiveCount": "many"}'])
def test_attributes_of_any_form_are_survived(scene: Scene, text: str) -> None:
    """Emulators write what they like; a check says what it makes of it, and the others go on."""
    _with_attributes(":trail-agent", RedrivePolicy=text, Policy=text, MessageRetentionPeriod=text)(scene)
    assert {"queue.retention", "dead_letters", "sink"} <= scene.statuses().keys()


def test_certificates_of_strangers_are_named(scene: Scene, tmp_path: Path) -> None:
    """Over both protocols; with the right authority all is green."""
    authority = make_private_ca(tmp_path)
    for receiver, protocol in ((HttpReceiver, "http/protobuf"), (GrpcReceiver, "grpc")):
        with receiver(tls=authority) as sink:
            scene.settings["otlp"] = {"endpoint": sink.url, "protocol": protocol}
            (told,) = [check for check in scene.checks() if check.id == "sink"]
            assert "certificate is not trusted" in told.what
            scene.settings["otlp"]["ca_file"] = str(authority.ca_file)
            assert scene.statuses()["sink"] == "✓"


@pytest.mark.parametrize(
    ("receiver", "protocol"), [(HttpReceiver, "http/protobuf"), (GrpcReceiver, "grpc")], ids=["http", "grpc"]
)
def test_a_sink_that_hangs_up_because_of_tls_is_named(
    scene: Scene, tmp_path: Path, receiver: type[HttpReceiver | GrpcReceiver], protocol: str
) -> None:
    """It is up, and its log has nothing to say: it wants TLS, or a certificate of the agent."""
    authority = make_private_ca(tmp_path)
    with receiver(tls=authority) as sink:
        scene.settings["otlp"] = {"endpoint": sink.url.replace("https:", "http:"), "protocol": protocol}
        assert "Write https:// in otlp.endpoint" in _told_of_the_sink(scene)
    with receiver(tls=authority, mutual=True) as sink:
        scene.settings["otlp"] = {"endpoint": sink.url, "protocol": protocol, "ca_file": str(authority.ca_file)}
        assert "Set otlp.cert_file and otlp.key_file" in _told_of_the_sink(scene)
        theirs = {"cert_file": str(authority.client_cert), "key_file": str(authority.client_key)}
        scene.settings["otlp"] |= theirs
        assert scene.statuses()["sink"] == "✓"


def test_the_host_that_was_asked_for_the_queue_is_named(scene: Scene) -> None:
    """With aws.endpoint_url it is not that of queue.url."""
    scene.account.aws.change("sqs:GetQueueAttributes", lambda answer: answer.pop("Attributes"))
    scene.settings["queue"] = {
        "url": f"https://sqs.us-west-2.amazonaws.com/{ACCOUNT}/trail-agent",
        "region": "us-west-2",
    }
    (told,) = [check for check in scene.checks() if check.id == "queue"]
    assert told.what == f"what answers at {scene.aws.url} is not SQS"
