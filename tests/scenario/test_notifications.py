"""What stands in the queue: texts that hold nothing for us, texts of strangers, and several objects in one message."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote_plus

import pytest

from agent.faults.dead_letters import Reason
from agent.model import ObjectRef
from agent.trail.admission import Admission
from tests.support.events import ACCOUNT, DATA, event
from tests.support.messages import notification, sns
from tests.support.objects import BUCKET, ref, trail_key
from tests.support.world import HOUR, MINUTE, World

CONFIG = DATA / "faults" / "neighbours"
LAYOUTS = sorted((DATA / "faults" / "log-file-folders").glob("*.json"))
STRANGER = "999988887777"
FOLDER = f"AWSLogs/{ACCOUNT}"
DAY = "us-west-2/2026/11/20"


def of(key: str, *, bucket: str = BUCKET, event_name: str = "ObjectCreated:Put") -> str:
    """S3's notification of one key."""
    return notification(ObjectRef(bucket, key), event_name=event_name)


def from_s3(version: str) -> str:
    """S3's notification of a sound object, in another version."""
    return of(trail_key()).replace('"2.1"', f'"{version}"')


def bridge(key: str, account: str) -> str:
    """EventBridge's notification, which names the account that owns the bucket."""
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 7}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "account": account, "detail": detail})


@pytest.mark.row(7)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "acme-trail"}', "test_event"),
        ("CloudTrail validation message.", "validation"),
        (json.dumps({"Type": "Notification", "Message": "CloudTrail validation message."}), "validation"),
    ],
    ids=["S3's", "CloudTrail's", "CloudTrail's through SNS"],
)
def test_a_text_that_only_tests_the_way_is_deleted_and_counted(body: str, reason: str) -> None:
    """S3's and CloudTrail's first messages to a queue hold nothing for us, and are no dead letters."""
    world = World()
    world.send(body)
    world.produce(1)
    agent = world.agent()
    agent.run(MINUTE)
    assert agent.by("trail_agent_notifications_ignored_total", "reason") == {reason: 1}
    assert agent.settled() == {"delivered": 2}
    world.check_all_delivered()


@pytest.mark.row(8)
@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        " ",
        "[]",
        '{"Records": []}',
        '{"Records": 7}',
        '{"hello": "world"}',
        '{"Records": [{"eventSource": "aws:s3"}]}',
        from_s3("3.0"),
        from_s3("1.9"),
        json.dumps({"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe to the topic"}),
        json.dumps({"Type": "Notification", "Message": "hello"}),
        "{" * 100_000,
    ],
    ids=str,
)
def test_a_text_of_no_known_form_is_a_dead_letter(body: str) -> None:
    """Its body is unchanged, its reason says what it is not, nothing is read for it, and its neighbours arrive."""
    world = World()
    world.send(body, Reason.NOTIFICATION_UNKNOWN)
    (good,) = world.produce(1)
    agent = world.agent()
    agent.run(MINUTE)
    letter = world.letter()
    assert letter.body == body
    assert letter.attributes["reason"] == "notification_unknown"
    assert letter.attributes["detail"]
    assert agent.by("trail_agent_dead_letters_total", "reason") == {"notification_unknown": 1}
    assert world.store.requests == [good.ref]
    world.check_end()
    assert world.sink.stored == world.truth.produced


@pytest.mark.row(9)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (of(trail_key(), event_name="ObjectRemoved:Delete"), "removed"),
        (of(trail_key(), event_name="LifecycleExpiration:Delete"), "removed"),
        (of(trail_key(), event_name="ObjectRestore:Completed"), "other_event"),
        (of(f"{FOLDER}/CloudTrail-Digest/{DAY}/{ACCOUNT}_CloudTrail-Digest_x.json.gz"), "digest"),
        (of(f"{FOLDER}/CloudTrail-Insight/{DAY}/{ACCOUNT}_CloudTrail-Insight_x.json.gz"), "insight"),
        (of(f"{FOLDER}/CloudTrail-NetworkActivity/{DAY}/x.json.gz"), "network_activity"),
        (of(f"{FOLDER}/CloudTrail-Aggregated/{DAY}/x.json.gz"), "aggregated"),
        (of(f"{FOLDER}/CloudTrail-Lake/Query/2026/11/20/1-2/result_1.csv.gz"), "lake"),
        (of(f"{FOLDER}/Config/{DAY}/x.json.gz"), "other_key"),
        (of("holiday.jpg"), "other_key"),
        (of(trail_key(region="eu-west-1")), "other_region"),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_what_is_in_a_listed_bucket_and_not_for_us_is_deleted_and_counted(body: str, reason: str) -> None:
    """Removals, digests, Insight files, other keys and regions that are not wanted cost no read and no dead letter."""
    world = World()
    world.send(body)
    agent = world.agent(admission=Admission({BUCKET: None}, regions=frozenset({"us-west-2"})))
    agent.run(MINUTE)
    assert agent.by("trail_agent_notifications_ignored_total", "reason") == {reason: 1}
    assert agent.settled() == {"delivered": 1}
    assert world.store.requests == []
    world.check_all_delivered()


@pytest.mark.row(84)
@pytest.mark.parametrize("kind", ["Digest", "Insight", "NetworkActivity", "Aggregated", "Lake"])
def test_a_log_file_in_a_folder_of_other_files_is_shipped(kind: str) -> None:
    """Its name says what it is, not the folder that somebody has moved it to."""
    world = World()
    moved = ObjectRef(BUCKET, trail_key().replace("/CloudTrail/", f"/CloudTrail-{kind}/"))
    world.notify(world.put(moved, event("moved")))
    world.agent().run(MINUTE)
    world.check_all_delivered()


@pytest.mark.row(10)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_good_objects_of_a_message_are_delivered_before_it_is_dead_lettered_for_the_bad(place: int) -> None:
    """Wherever the bad one stands among the good ones; a redrive later repeats nothing, for repeats are recognised."""
    world = World()
    named = [world.put(ref(name), event(name)) for name in ("good1", "good2")]
    named.insert(place, world.put(ref("bad"), body=b"\x1f\x8b not gzip", flaw=Reason.OBJECT_CORRUPT))
    world.notify(*named)
    agent = world.agent()
    agent.run(MINUTE)
    assert world.letters() == [("object_corrupt", named[place].ref.key)]
    assert agent.by("trail_agent_dead_letters_total", "reason") == {"object_corrupt": 1}
    assert world.sink.stored == {"good1", "good2"}
    world.notify(*named)
    agent.run(MINUTE)
    assert len(agent.line.records()) == 2
    assert agent.metric("trail_agent_events_total", fate="duplicate") == 2
    world.check_end()


@pytest.mark.row(10)
def test_a_message_with_a_part_that_is_no_notification_delivers_the_other_parts() -> None:
    """An entry of Records that S3 never wrote is the fault of that entry alone."""
    world = World()
    good = world.put(ref("good"), event("good"))
    records = json.loads(notification(good.ref))["Records"]
    world.notify(good, body=json.dumps({"Records": ["?", *records]}), flaw=Reason.NOTIFICATION_UNKNOWN)
    world.agent().run(MINUTE)
    assert world.letters() == [("notification_unknown", "")]
    assert world.sink.stored == {"good"}
    world.check_end()


def _forged() -> Sequence[tuple[str, str, str]]:
    key = trail_key()
    return [
        ("another bucket", of(key, bucket="somebody-elses"), "somebody-elses"),
        ("another bucket, by CloudTrail", json.dumps({"s3Bucket": "somebody-elses", "s3ObjectKey": [key]}), ""),
        ("nearly our bucket", of(key, bucket=BUCKET.upper()), ""),
        ("access point", of(key, bucket="arn:aws:s3:us-west-2:999988887777:accesspoint/ours"), ""),
        ("object lambda", of(key, bucket="arn:aws:s3-object-lambda:us-west-2:9:accesspoint/ours"), ""),
        ("dots", of(f"{FOLDER}/CloudTrail/../../{key}"), BUCKET),
        ("a name that CloudTrail never gave", of(f"{FOLDER}/CloudTrail/{DAY}/mine.json.gz"), BUCKET),
        ("a key that S3 cannot have", of(f"{'x/' * 600}{key}"), BUCKET),
        ("another account", of(trail_key(account=STRANGER)), BUCKET),
        ("another owner", bridge(key, STRANGER), BUCKET),
        ("removed from another bucket", of(key, bucket="somebody-elses", event_name="ObjectRemoved:Delete"), ""),
    ]


@pytest.mark.row(11)
@pytest.mark.parametrize(("body", "bucket"), [forged[1:] for forged in _forged()], ids=[name for name, *_ in _forged()])
def test_what_is_not_allowed_is_refused_without_any_call_to_s3(body: str, bucket: str) -> None:
    """Buckets, owners and accounts that are not listed, ARNs as bucket names and forged keys become dead letters."""
    world = World()
    world.send(body, Reason.NOT_ALLOWED)
    agent = world.agent(admission=Admission({BUCKET: ACCOUNT}, accounts=frozenset({ACCOUNT})))
    agent.run(MINUTE)
    letter = world.letter()
    assert letter.body == body
    assert letter.attributes["reason"] == "not_allowed"
    assert letter.attributes["bucket"] == (bucket or letter.attributes["bucket"])
    assert agent.by("trail_agent_dead_letters_total", "reason") == {"not_allowed": 1}
    assert world.store.requests == []
    assert agent.line.sent == []
    world.check_end()


@pytest.mark.row(58)
@pytest.mark.parametrize("file", LAYOUTS, ids=lambda file: file.stem)
def test_a_log_file_in_another_folder_is_read(file: Path) -> None:
    """A flat copy, partitions, a folder more and another case: the file's name says what it is."""
    body = file.read_text(encoding="utf-8")
    s3 = json.loads(body)["Records"][0]["s3"]
    named = ObjectRef(s3["bucket"]["name"], unquote_plus(s3["object"]["key"]))
    world = World()
    world.notify(world.put(named, event("e-1")), body=body)
    agent = world.agent(admission=Admission({named.bucket: None}, accounts={ACCOUNT}, regions={"us-west-2"}))
    agent.run(MINUTE)
    assert world.sink.stored == {"e-1"}
    world.check_all_delivered()


@pytest.mark.row(59)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"{ACCOUNT}_CloudTrail_us-west-2_20261120T1205Z_a.json.zst", "stored as .zst"),
        ("events.json.gz", "give it such a name"),
    ],
)
def test_what_may_be_a_log_file_and_cannot_be_read_is_a_dead_letter_with_a_way_out(name: str, said: str) -> None:
    """The object is not asked for, and its dead letter says why and what to do."""
    world = World()
    world.send(of(f"{FOLDER}/CloudTrail/{DAY}/{name}"), Reason.NOT_ALLOWED)
    agent = world.agent()
    agent.run(MINUTE)
    assert world.letter().attributes["reason"] == "not_allowed"
    assert said in world.letter().attributes["detail"]
    assert world.store.requests == []
    world.check_end()


@pytest.mark.row(60)
def test_each_kind_of_key_that_is_deleted_unread_is_told_once() -> None:
    """Ten load balancer logs and two pictures are two lines, without accounts, dates or ids."""
    world = World()
    for number in range(10):
        world.send(of(f"{FOLDER}/elasticloadbalancing/{DAY}/{ACCOUNT}_elasticloadbalancing_us-west-2_{number}.log.gz"))
    world.send(of("photos/cat1.jpg"))
    world.send(of("photos/cat2.jpg"))
    agent = world.agent()
    agent.run(MINUTE)
    told = [str(line["kind"]) for line in agent.said("notification_ignored")]
    assert sorted(told) == ["AWSLogs/*/elasticloadbalancing/*/*_elasticloadbalancing_*.log.gz", "photos/*.jpg"]
    assert agent.by("trail_agent_notifications_ignored_total", "reason") == {"other_key": 12}


@pytest.mark.row(61)
def test_four_hundred_messages_of_aws_config_do_not_hold_a_log_file_up() -> None:
    """They are ignored as another service's, each sender is told once, and the agent does not doubt itself."""
    world = World()
    for _ in range(200):
        for file in sorted(CONFIG.glob("*.json")):
            world.send(file.read_text(encoding="utf-8"))
    world.produce(1)
    agent = world.agent(admission=Admission({BUCKET: None}))
    agent.run(MINUTE)
    world.check_all_delivered()
    assert agent.by("trail_agent_notifications_ignored_total", "reason") == {"other_service": 400}
    assert len(agent.said("notification_ignored")) == 2
    assert not agent.said("gate_closed")


@pytest.mark.row(61)
def test_a_log_file_in_another_services_message_is_delivered() -> None:
    """GuardDuty's scan of a log file in a listed bucket tells of it, and so it is read."""
    world = World()
    found = world.put(ref("scanned"), event("scanned"))
    detail = {"s3ObjectDetails": {"bucketName": BUCKET, "objectKey": found.ref.key}}
    kind = "GuardDuty Malware Protection Object Scan Result"
    body = json.dumps({"source": "aws.guardduty", "detail-type": kind, "detail": detail})
    world.notify(found, body=body)
    world.agent().run(MINUTE)
    world.check_all_delivered()


@pytest.mark.row(62)
@pytest.mark.parametrize("wrap", [sns, lambda body: json.dumps([{"body": body}]), lambda body: sns(sns(body))])
def test_a_reshaped_notification_in_its_envelopes_is_delivered(wrap: Callable[[str], str]) -> None:
    """A rule that passes bucket and key only, a batch of a pipe, and SNS behind SNS."""
    world = World()
    found = world.put(ref("reshaped"), event("reshaped"))
    world.notify(found, body=wrap(json.dumps({"bucket": found.ref.bucket, "key": found.ref.key})))
    world.agent().run(MINUTE)
    world.check_all_delivered()


def _folder(name: str) -> ObjectRef:
    """A log file in a folder of this name."""
    return ObjectRef(BUCKET, f"{name}/{trail_key()}")


@pytest.mark.row(62)
@pytest.mark.parametrize("folder", ["year=2026", "a b", "a%20b", "a+b", "a+b%2Bc", "100%", "ü"])
@pytest.mark.parametrize("passed_on", [str, quote, quote_plus], ids=["as it is", "quoted", "form-encoded"])
@pytest.mark.parametrize(
    "shape",
    [
        lambda key: {"bucket": BUCKET, "key": key},
        lambda key: {"detail": {"bucket": {"name": BUCKET}, "object": {"key": key}}},
        lambda key: {"uri": f"s3://{BUCKET}/{key}"},
    ],
    ids=["side by side", "detail", "address"],
)
def test_a_reshaped_key_is_read_whether_it_was_encoded_or_not(
    folder: str, passed_on: Callable[[str], str], shape: Callable[[str], object]
) -> None:
    """Nothing tells, so S3 is asked for both readings."""
    world = World()
    found = world.put(_folder(folder), event("reshaped"))
    world.notify(found, body=json.dumps(shape(passed_on(found.ref.key))))
    world.agent().run(MINUTE)
    world.check_all_delivered()


@pytest.mark.row(62)
@pytest.mark.parametrize("key", ["a+b", "a%2Bb"])
def test_if_s3_has_both_names_both_objects_are_read(key: str) -> None:
    """The message may mean either: repeats are harmless, and a loss is not."""
    world = World()
    both = [world.put(_folder(folder), event(folder)) for folder in {unquote_plus(key), key}]
    world.notify(*both, body=json.dumps({"bucket": BUCKET, "key": _folder(key).key}))
    world.agent().run(MINUTE)
    world.check_all_delivered()


@pytest.mark.row(62)
def test_a_reshaped_key_that_s3_has_in_no_reading_is_told_as_the_likely_one() -> None:
    """It comes again like any object that is missing, and its dead letter has one key."""
    world = World()
    missing = _folder("year=2026").key
    world.send(json.dumps({"bucket": BUCKET, "key": quote_plus(missing)}), Reason.OBJECT_MISSING)
    world.agent().run(HOUR)
    assert world.letters() == [("object_missing", missing)]
    world.check_end()


@pytest.mark.row(62)
def test_a_reshaped_key_is_not_read_otherwise_where_the_form_tells() -> None:
    """S3 encodes, EventBridge and CloudTrail do not: there is one reading, and no second request."""
    for body in (of(_folder("a%20b").key), bridge(_folder("a%20b").key, ACCOUNT)):
        world = World()
        world.put(_folder("a b"), event("another"), flaw=Reason.OBJECT_MISSING)
        world.send(body, Reason.OBJECT_MISSING)
        world.agent().run(HOUR)
        assert world.letters() == [("object_missing", _folder("a%20b").key)]


@pytest.mark.row(63)
def test_an_event_that_a_rule_sends_here_is_a_dead_letter_with_a_hint() -> None:
    """EventBridge's copy of a CodeCatalyst event is no notification, and is kept all the same."""
    world = World()
    body = {"source": "aws.codecatalyst", "detail-type": "AWS API Call via CloudTrail", "detail": event("direct")}
    world.send(json.dumps(body), Reason.NOTIFICATION_UNKNOWN)
    world.agent().run(MINUTE)
    assert "CloudTrail event itself" in world.letter().attributes["detail"]
    world.check_end()
