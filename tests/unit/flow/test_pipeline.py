"""What a delivery turns out to hold, whatever stands in it and whatever the store answers."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from agent.aws.store_policy import OTHER_REGION, REFUSED, StoreError
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.flow.budget import Budget
from agent.flow.objects import ReadLimits
from agent.model import ObjectRef, OpenObject, Reading
from agent.pulse import Pulse
from agent.trail import room
from agent.trail.admission import Admission
from agent.trail.inflate import InflateLimits, TextFacts
from tests.support.clock import FakeClock, PatientClock, finish, soon
from tests.support.events import ACCOUNT, event, noise
from tests.support.messages import delivery, notification
from tests.support.objects import BUCKET, log_file, plain_object, ref, trail_key, trail_object
from tests.support.one_worker import make_pipeline
from tests.support.records import ids
from tests.support.store import FakeStore, denied, missing, unavailable
from tests.support.telemetry import FakeTelemetry

GOOD = trail_object(event("good"))
SHORT_READ = b'{"eventSource":"codecatalyst.amazonaws.com","eventName":"GetSpace","readOnly":true}'


@dataclass
class Rig:
    """A pipeline over a fake store."""

    include_read_only: bool = True
    admission: Admission | None = None
    limits: ReadLimits = field(default_factory=lambda: ReadLimits(InflateLimits(1 << 20, 1 << 21, 200), 1000))
    clock: FakeClock = field(default_factory=FakeClock)
    store: FakeStore = field(default_factory=FakeStore)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    halt: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.reserved: list[int] = []
        self.budget = Budget(1 << 22, Pulse(self.clock), self.halt, self.reserved.append)
        self.pipeline = make_pipeline(
            self.store,
            self.telemetry,
            clock=self.clock,
            halt=self.halt,
            admission=self.admission,
            limits=self.limits,
            include_read_only=self.include_read_only,
        )

    def put(self, name: str, body: bytes = GOOD) -> ObjectRef:
        """Write an object."""
        self.store.put(ref(name), body)
        return ref(name)

    def read(self, *refs: ObjectRef, receive_count: int = 1) -> Reading:
        """Read a notification of these objects."""
        return self.read_body(notification(*refs), receive_count)

    def read_body(self, body: str, receive_count: int = 1) -> Reading:
        """Read any message."""
        return self.pipeline.read(delivery(body=body, receive_count=receive_count), self.budget.open_share())


def reasons(reading: Reading) -> list[Reason]:
    """Why parts of a delivery will fail again."""
    return [fault.reason for fault in reading.faults]


def test_a_sound_object_gives_its_records() -> None:
    """What is CodeCatalyst's becomes records, the rest is counted as skipped, and the outside hears of the read."""
    rig = Rig()
    body = trail_object(event("a"), noise("n1"), event("b"), noise("n2"))
    reading = rig.read(rig.put("one", body))
    assert (ids(reading.records), reading.skipped, reading.malformed) == (["a", "b"], 2, 0)
    assert (reading.faults, reading.retry, reading.returned) == ((), None, False)
    assert rig.telemetry.named("object_read") == [(TextFacts(len(body), is_plain=False), 0.0, 1_790_000_000.0)]


def test_records_tell_where_they_were_read() -> None:
    """Bucket, key and account of the object stand in each record's source, and its time is the object's."""
    rig = Rig()
    (record,) = rig.read(rig.put("one")).records
    assert (record.source.bucket, record.source.key, record.source.account) == (BUCKET, trail_key("one"), ACCOUNT)
    assert record.observed_time_unix_nano == 1_790_000_000_000_000_000


def test_records_stand_in_the_order_of_their_events() -> None:
    """CloudTrail's files are not in order of time; what is of one second keeps the file's order."""
    rig = Rig()
    body = trail_object(event("c", minute=9), event("a", minute=1), event("b", minute=1), event("d", minute=59))
    assert ids(rig.read(rig.put("one", body)).records) == ["a", "b", "c", "d"]


def test_reads_can_be_left_out() -> None:
    """Events that only read are skipped when the settings say so, and only those."""
    body = trail_object(event("reads", read_only=True), event("writes"), event("tells nothing") | {"readOnly": None})
    rig = Rig(include_read_only=False)
    reading = rig.read(rig.put("one", body))
    assert (ids(reading.records), reading.skipped) == (["writes", "tells nothing"], 1)


def test_several_objects_are_read_into_one_reading() -> None:
    """A notification of three objects gives the records and the counts of all three."""
    rig = Rig()
    refs = [rig.put(name, trail_object(event(name), noise(f"n{name}"))) for name in ("a", "b", "c")]
    reading = rig.read(*refs)
    assert (ids(reading.records), reading.skipped) == (["a", "b", "c"], 3)


def test_one_bad_object_does_not_take_the_good_ones_with_it() -> None:
    """Between two sound objects, one that is no JSON is a fault that names it, and their records are there."""
    rig = Rig()
    bad = rig.put("bad", gzip.compress(b"not JSON", mtime=0))
    reading = rig.read(rig.put("a"), bad, rig.put("c", trail_object(event("last"))))
    assert ids(reading.records) == ["good", "last"]
    assert [(fault.reason, fault.bucket, fault.key) for fault in reading.faults] == [
        (Reason.OBJECT_MALFORMED, BUCKET, bad.key)
    ]


@pytest.mark.row(62)
@pytest.mark.parametrize("has_given", [True, False])
def test_a_key_of_two_readings_is_found_where_the_agent_may_not_list_the_bucket(*, has_given: bool) -> None:
    """S3 answers 403 for a missing object then, and the first one of a bucket looks like a bucket that refuses all."""
    rig = Rig()
    wanted, misread = ObjectRef(BUCKET, f"a%20b/{trail_key()}"), ObjectRef(BUCKET, f"a b/{trail_key()}")
    for each in (wanted, misread):
        rig.store.put(each, GOOD)
    rig.store.trouble(misread, *[denied()] * 1000)
    if has_given:
        rig.read(rig.put("before"))
    reading = rig.read_body(json.dumps({"bucket": BUCKET, "key": wanted.key}))
    assert (ids(reading.records), reading.retry, reading.faults) == (["good"], None, ())
    assert reading.records[0].source.key == wanted.key


@pytest.mark.row(62)
def test_what_is_wrong_with_the_object_that_is_there_is_told_of_that() -> None:
    """Not that there was none under the other reading of its key."""
    rig = Rig()
    damaged = ObjectRef(BUCKET, f"a%20b/{trail_key()}")
    rig.store.put(damaged, gzip.compress(b"not JSON", mtime=0))
    reading = rig.read_body(json.dumps({"bucket": BUCKET, "key": damaged.key}))
    assert [(fault.reason, fault.key) for fault in reading.faults] == [(Reason.OBJECT_MALFORMED, damaged.key)]
    rig.store.trouble(damaged, *[unavailable()] * 1000)
    assert f"/{damaged.key}: " in rig.read_body(json.dumps({"bucket": BUCKET, "key": damaged.key})).retry_detail


def test_nothing_of_a_bad_object_is_read() -> None:
    """An object that is cut short gives no record at all, though its first entries were sound."""
    rig = Rig()
    whole = gzip.compress(plain_object(*(event(f"e{number}") for number in range(50))), mtime=0)
    reading = rig.read(rig.put("cut", whole[:-20]))
    assert (reading.records, reasons(reading)) == ((), [Reason.OBJECT_CORRUPT])


def test_one_malformed_entry_is_a_fault_beside_the_good_ones() -> None:
    """An entry that is no JSON object is counted as malformed, and the delivery will end as a dead letter for it."""
    rig = Rig()
    reading = rig.read(rig.put("one", trail_object(event("good"), "not an object", 7)))
    assert (ids(reading.records), reading.malformed, reasons(reading)) == (["good"], 2, [Reason.EVENT_MALFORMED])
    assert rig.telemetry.count("object_read") == 1


def test_a_text_of_no_known_form_is_a_fault() -> None:
    """What is not a notification is nobody's to read."""
    rig = Rig()
    assert reasons(rig.read_body("hello")) == [Reason.NOTIFICATION_UNKNOWN]
    assert rig.store.requests == []


def test_what_is_not_allowed_is_not_asked_for() -> None:
    """Another bucket, an ARN for a bucket, a forged key: no request goes out, and the good object is read."""
    rig = Rig()
    good = rig.put("good")
    reading = rig.read(
        ref("a", bucket="elsewhere"),
        ref("b", bucket="arn:aws:s3:us-west-2:111122223333:accesspoint/ap"),
        ObjectRef(BUCKET, trail_key().replace("2026/11/20", "2026/../20")),
        good,
    )
    assert reasons(reading) == [Reason.NOT_ALLOWED] * 3
    assert rig.store.requests == [good]
    assert ids(reading.records) == ["good"]


def test_other_accounts_and_regions_are_not_asked_for() -> None:
    """A key of another account is refused, and one of an unwanted region ignored, both without a request."""
    rig = Rig(admission=Admission({BUCKET: None}, accounts={"999999999999"}))
    assert reasons(rig.read(ref())) == [Reason.NOT_ALLOWED]
    other = Rig(admission=Admission({BUCKET: None}, regions={"eu-central-1"}))
    assert other.read(ref()) == Reading(delivery(body=notification(ref())))
    assert other.telemetry.named("notification_ignored") == [(IgnoredReason.OTHER_REGION,)]
    assert rig.store.requests == other.store.requests == []


def test_an_object_that_is_named_twice_is_read_once() -> None:
    """A notification that repeats itself costs one read and gives each record once."""
    rig = Rig()
    one = rig.put("one")
    assert ids(rig.read(one, one, one).records) == ["good"]
    assert rig.store.requests == [one]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"acme-trail"}', IgnoredReason.TEST_EVENT),
        (notification(ref(), event_name="ObjectRemoved:Delete"), IgnoredReason.REMOVED),
        (notification(ref(), event_name="ObjectTagging:Put"), IgnoredReason.OTHER_EVENT),
        (notification(ObjectRef(BUCKET, "photos/cat.jpg")), IgnoredReason.OTHER_KEY),
        (
            notification(ObjectRef(BUCKET, f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/us-west-2/2026/x.json.gz")),
            IgnoredReason.DIGEST,
        ),
        (
            notification(ObjectRef(BUCKET, f"AWSLogs/{ACCOUNT}/CloudTrail-Insight/us-west-2/2026/x.json.gz")),
            IgnoredReason.INSIGHT,
        ),
    ],
)
def test_what_holds_nothing_for_us_is_told(body: str, reason: IgnoredReason) -> None:
    """What is proven to be none of ours is no fault, needs no request, and is told with its reason."""
    rig = Rig()
    assert rig.read_body(body) == Reading(delivery(body=body))
    assert rig.telemetry.named("notification_ignored") == [(reason,)]
    assert rig.store.requests == []


def test_a_store_that_fails_twice_is_asked_a_third_time() -> None:
    """Two refusals that may pass cost two waits, the second twice as long, and nothing else."""
    rig = Rig()
    one = rig.put("one")
    rig.store.trouble(one, unavailable(), unavailable())
    assert ids(rig.read(one).records) == ["good"]
    assert (len(rig.store.requests), rig.clock.elapsed) == (3, 1.0 + 2.0)


def test_a_store_that_keeps_failing_sends_the_delivery_back() -> None:
    """After three tries the delivery is to come again; the objects that could be read are in the reading."""
    rig = Rig()
    before, one, two = rig.put("before"), rig.put("one"), rig.put("two", trail_object(event("second")))
    rig.read(before)
    rig.store.trouble(one, unavailable(), unavailable(), unavailable(), unavailable())
    reading = rig.read(one, two)
    assert (reading.retry, reading.faults) == (RetryReason.STORE_UNAVAILABLE, ())
    assert ids(reading.records) == ["second"]
    assert rig.store.requests == [before, one, one, one, before, two]


def test_a_store_that_keeps_failing_is_never_the_messages_fault() -> None:
    """However often the delivery has come, a store that does not answer does not make it a dead letter."""
    rig = Rig()
    one = rig.put("one")
    rig.read(rig.put("before"))
    rig.store.trouble(one, unavailable(), unavailable(), unavailable())
    assert rig.read(one, receive_count=19).retry is RetryReason.STORE_UNAVAILABLE


def test_a_bucket_that_does_not_answer_is_waited_for() -> None:
    """When what was read before cannot be read either, the read waits like that of a denied bucket."""
    rig = Rig()
    rig.read(rig.put("before"))
    rig.store.bucket_trouble(BUCKET, unavailable())
    rig.clock.at(3600, lambda: rig.store.bucket_trouble(BUCKET, None))
    assert ids(rig.read(rig.put("after"), receive_count=19).records) == ["good"]
    assert rig.clock.elapsed >= 3600


@pytest.mark.parametrize("damaged", [GOOD[:-8] + b"\0" * 8, b"x" * len(GOOD)])
def test_a_corrupt_object_is_read_once_more(damaged: bytes) -> None:
    """What was cut or damaged on its way the first time may be whole the second time."""
    rig = Rig()
    one = rig.put("one")
    rig.store.trouble(one, damaged)
    reading = rig.read(one)
    assert (ids(reading.records), reading.faults) == (["good"], ())
    assert len(rig.store.requests) == 2


@pytest.mark.row(47)
@pytest.mark.parametrize("arrived", [GOOD[:-5], GOOD[:20], b"", b"x" * 20])
def test_a_body_that_breaks_off_is_never_the_objects_fault(arrived: bytes) -> None:
    """Fewer bytes than S3 announced are read again, and in the end the delivery comes again, however often it came."""
    rig = Rig()
    rig.read(rig.put("before"))
    one = rig.put("one")
    rig.store.trouble(one, arrived, arrived)
    assert ids(rig.read(one, receive_count=19).records) == ["good"]
    rig.read(ref("before"))
    rig.store.trouble(one, *[arrived] * 3)
    reading = rig.read(one, receive_count=19)
    assert (reading.retry, reading.faults, reading.records) == (RetryReason.STORE_UNAVAILABLE, (), ())


def test_an_object_that_stays_corrupt_is_a_fault() -> None:
    """Two readings that are not whole are enough."""
    rig = Rig()
    one = rig.put("one", GOOD[:-5])
    assert reasons(rig.read(one)) == [Reason.OBJECT_CORRUPT]
    assert len(rig.store.requests) == 2


def test_a_corrupt_reading_amid_failures_gets_its_second_reading() -> None:
    """A store that was away before the corrupt reading does not use up the second chance."""
    rig = Rig()
    one = rig.put("one")
    rig.store.trouble(one, unavailable(), unavailable(), b"x" * len(GOOD))
    assert ids(rig.read(one).records) == ["good"]
    assert len(rig.store.requests) == 4


@pytest.mark.parametrize("ending", ["json", "json.gz"])
def test_an_object_shorter_than_announced_is_given_three_receives(ending: str) -> None:
    """The size in a notification proves nothing: another copy may come. After that S3's own object is malformed."""
    rig = Rig()
    key = trail_key("one", ending=ending)
    whole = plain_object(event("first"))
    cut = whole[:-2] if ending == "json" else gzip.compress(whole[:-2], mtime=0)
    rig.store.put(ObjectRef(BUCKET, key), cut)
    longer = ObjectRef(BUCKET, key, size=len(cut) + 1)
    assert rig.read(longer, receive_count=3).retry is RetryReason.OBJECT_INCOMPLETE
    assert reasons(rig.read(longer, receive_count=4)) == [Reason.OBJECT_MALFORMED]
    assert reasons(rig.read(ObjectRef(BUCKET, key, size=len(cut)))) == [Reason.OBJECT_MALFORMED]


def test_a_sound_object_is_whole_whatever_size_was_announced() -> None:
    """A notification about an earlier and longer version of an object does not make the present one corrupt."""
    rig = Rig()
    rig.store.put(ObjectRef(BUCKET, trail_key("one")), GOOD)
    assert rig.read(ObjectRef(BUCKET, trail_key("one"), size=len(GOOD) + 1)).records


@pytest.mark.parametrize(
    ("problem", "retry", "reason"),
    [
        (missing(), RetryReason.OBJECT_MISSING, Reason.OBJECT_MISSING),
        (denied(), RetryReason.ACCESS_DENIED, Reason.OBJECT_UNREADABLE),
    ],
)
def test_patience_with_one_object_ends_after_three_receives(
    problem: StoreError, retry: RetryReason, reason: Reason
) -> None:
    """404, or 403 where the bucket can be read, may pass for three receives; from the fourth it is a fault."""
    rig = Rig()
    good, bad = rig.put("good"), rig.put("bad")
    rig.store.trouble(bad, *[problem] * 5)
    for receive_count in (1, 2, 3):
        reading = rig.read(good, bad, receive_count=receive_count)
        assert (reading.retry, reading.faults) == (retry, ())
    reading = rig.read(good, bad, receive_count=4)
    assert (reading.retry, reasons(reading)) == (None, [reason])
    assert (reading.faults[0].bucket, reading.faults[0].key) == (BUCKET, bad.key)
    assert rig.clock.elapsed == 0


def refused() -> StoreError:
    """S3 answers 400."""
    return StoreError(REFUSED, "S3 cannot serve this read (InvalidRequest)")


@pytest.mark.row(48)
def test_a_refusal_of_the_first_object_is_not_waited_for() -> None:
    """Where nothing of the bucket is known, a request that S3 cannot serve is given back, and is a fault in the end."""
    rig = Rig()
    one = rig.put("one")
    rig.store.trouble(one, *[refused()] * 5)
    for receive_count in (1, 2, 3):
        assert rig.read(one, receive_count=receive_count).retry is RetryReason.OBJECT_REFUSED
    (fault,) = rig.read(one, receive_count=4).faults
    assert (fault.reason, "InvalidRequest" in fault.detail) == (Reason.OBJECT_UNREADABLE, True)
    assert rig.clock.elapsed == 0


@pytest.mark.row(48)
def test_a_bucket_that_refuses_what_it_gave_before_is_waited_for() -> None:
    """A proxy that answers 400 to every read is no object's fault, though the code would say so."""
    rig = Rig()
    rig.read(rig.put("before"))
    rig.store.bucket_trouble(BUCKET, refused())
    rig.clock.at(3600, lambda: rig.store.bucket_trouble(BUCKET, None))
    assert ids(rig.read(rig.put("after"), receive_count=19).records) == ["good"]
    assert rig.clock.elapsed >= 3600
    assert rig.telemetry.named("gate_closed")[0] == (f"bucket {BUCKET}",)


@pytest.mark.row(48)
def test_a_bucket_in_another_region_is_waited_for_at_once() -> None:
    """No object alone is in another region: it is a setting's fault, and it is told as that."""
    rig = Rig()
    rig.store.bucket_trouble(BUCKET, StoreError(OTHER_REGION, "it is in eu-west-1"))
    rig.clock.at(3600, lambda: rig.store.bucket_trouble(BUCKET, None))
    assert ids(rig.read(rig.put("one"), receive_count=19).records) == ["good"]
    assert rig.telemetry.named("gate_closed")[0] == (f"bucket {BUCKET}",)


def test_an_object_beyond_the_limit_is_not_drained_to_its_end() -> None:
    """Damage at the start of an endless body is told once the limit is passed."""
    rig = Rig()
    one = rig.put("one", b"x" * (1 << 21))
    assert reasons(rig.read(one)) == [Reason.OBJECT_TOO_LARGE]


def test_the_first_object_of_a_bucket_may_be_denied_alone() -> None:
    """After half a minute it comes again, at whatever receive it was; the next one may show that the bucket is fine."""
    rig = Rig()
    first, second = rig.put("first"), rig.put("second")
    rig.store.trouble(first, *[denied()] * 1000)
    reading = rig.read(first, receive_count=19)
    assert (reading.retry, reading.faults) == (RetryReason.BUCKET_DENIED, ())
    assert 30 <= rig.clock.elapsed < 40
    assert ids(rig.read(second).records) == ["good"]
    assert rig.read(first).retry is RetryReason.ACCESS_DENIED


def test_an_outage_of_a_bucket_costs_few_receives() -> None:
    """After half a minute one object makes way for another, the next after a minute, and so on, up to four hours."""
    rig = Rig()
    rig.store.bucket_trouble(BUCKET, denied())
    waited = []
    for number in range(11):
        began = rig.clock.elapsed
        assert rig.read(rig.put(f"object{number}"), receive_count=19).retry is RetryReason.BUCKET_DENIED
        waited.append(rig.clock.elapsed - began)
    least = [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 14400, 14400]
    assert all(0 <= seconds - patience <= 60 for seconds, patience in zip(waited, least, strict=True))


def test_an_object_that_was_read_and_is_gone_does_not_hold_its_bucket_up() -> None:
    """Without s3:ListBucket its repeat looks like a bucket that refuses all; after half a minute others are read."""
    rig = Rig()
    gone, later = rig.put("gone"), rig.put("later")
    rig.read(gone)
    rig.store.trouble(gone, *[denied()] * 1000)
    assert rig.read(gone).retry is RetryReason.BUCKET_DENIED
    assert ids(rig.read(later).records) == ["good"]
    assert rig.read(gone).retry is RetryReason.ACCESS_DENIED


def test_a_denied_bucket_is_waited_for() -> None:
    """403 on a bucket of which nothing was ever read is no message's fault: the read waits until it is mended."""
    rig = Rig()
    rig.store.bucket_trouble(BUCKET, denied())
    rig.clock.at(25, lambda: rig.store.bucket_trouble(BUCKET, None))
    reading = rig.read(rig.put("abc"), receive_count=19)
    assert (ids(reading.records), reading.retry, reading.faults) == (["good"], None, ())
    assert 25 <= rig.clock.elapsed <= 25 + 60
    assert len(rig.store.requests) < 8, "one probe at a time, ever more seldom"
    assert rig.telemetry.named("gate_opened") == [(f"bucket {BUCKET}",)]


def test_a_bucket_that_is_denied_later_is_told_from_a_denied_object() -> None:
    """When an object is denied, one that was read before tells whether the bucket is: then the read waits."""
    rig = Rig()
    rig.read(rig.put("before"))
    rig.store.bucket_trouble(BUCKET, denied())
    rig.clock.at(250, lambda: rig.store.bucket_trouble(BUCKET, None))
    assert ids(rig.read(rig.put("after"), receive_count=19).records) == ["good"]
    assert rig.clock.elapsed >= 250


def test_a_stop_while_a_bucket_is_denied_gives_the_message_back() -> None:
    """The wait for a bucket ends when the daemon has to stop, and nothing was decided."""
    rig = Rig()
    rig.store.bucket_trouble(BUCKET, denied())
    rig.clock.at(10, rig.halt.set)
    reading = rig.read(rig.put("abc"))
    assert (reading.returned, reading.faults, reading.retry) == (True, (), None)


def test_memory_is_reserved_for_the_most_that_a_read_can_need() -> None:
    """The reservation follows from the object's length and the limits; what was found is kept until it is freed."""
    rig = Rig()
    reading = rig.read(rig.put("one"))
    limits = rig.limits.inflate
    most, kept = rig.reserved
    assert most == min(limits.inflated_bytes, (1 << 20) + 200 * len(GOOD))
    assert kept > len(reading.records[0].body)


def test_many_short_events_have_the_memory_that_their_copies_take() -> None:
    """The length of the text does not tell how many are selected; nothing stays of those that are left out later."""
    limits = ReadLimits(InflateLimits(1 << 20, 1 << 21, 200), 20_000)
    rig, text = Rig(include_read_only=False, limits=limits), log_file(*[SHORT_READ] * 15_000)
    reading = rig.read(rig.put("short", gzip.compress(text, mtime=0)))
    assert (reading.records, reading.skipped) == ((), 15_000)
    assert max(rig.reserved) == room.of_entries(len(text), 15_000) > limits.inflate.inflated_bytes
    assert rig.reserved[-1] == 0


def test_noise_keeps_no_memory() -> None:
    """Of an object without an event of ours nothing stays in memory."""
    rig = Rig()
    rig.read(rig.put("one", trail_object(noise("n"))))
    assert rig.reserved[-1] == 0


def test_memory_is_given_back_whatever_a_read_meets() -> None:
    """A bomb, a corrupt object and a failing store leave nothing reserved and nothing open."""
    rig = Rig()
    bomb = gzip.compress(b" " * (1 << 22), mtime=0)
    rig.read(rig.put("bomb", bomb), rig.put("cut", GOOD[:-5]))
    assert (rig.reserved[-1], rig.store.open_now) == (0, 0)


def test_a_bomb_is_too_large() -> None:
    """An object beyond the limits is a fault, and is not read twice."""
    rig = Rig()
    assert reasons(rig.read(rig.put("bomb", gzip.compress(b" " * (1 << 22), mtime=0)))) == [Reason.OBJECT_TOO_LARGE]
    assert len(rig.store.requests) == 1


def test_halting_amid_a_body_returns_the_delivery() -> None:
    """A read that is under way when time is up ends at the next chunk, and the delivery goes back unfinished."""
    rig = Rig()
    one = rig.put("one", trail_object(*(event(f"e{number}") for number in range(99))))
    rig.store.on_chunk = rig.halt.set
    reading = rig.read(one)
    assert (reading.returned, reading.records, reading.faults, reading.retry) == (True, (), (), None)
    assert (rig.reserved[-1], rig.store.open_now) == (0, 0)


def test_halting_ends_the_wait_for_the_store() -> None:
    """A wait between two tries ends when time is up, and the delivery goes back."""
    rig = Rig()
    one = rig.put("one")
    rig.store.trouble(one, *[unavailable()] * 3)
    rig.clock.at(0.5, rig.halt.set)
    assert rig.read(one).returned
    assert (len(rig.store.requests), rig.clock.elapsed) == (1, 0.5)


def test_nothing_is_asked_for_once_halted() -> None:
    """A notification of many objects asks the store for none of them after time is up."""
    rig = Rig()
    rig.halt.set()
    assert rig.read(rig.put("a"), rig.put("b")).returned
    assert rig.store.requests == []


@pytest.mark.row(51)
def test_a_read_that_waits_for_its_bucket_leaves_its_slot_to_others() -> None:
    """With one read at a time and one bucket denied, objects of another bucket are read all the same."""
    clock, store, halt = PatientClock(), FakeStore(), threading.Event()
    other = ref("good", bucket="acme-trail-other")
    store.put(ref("waits"), GOOD)
    store.put(other, GOOD)
    store.bucket_trouble(BUCKET, denied())
    admission = Admission({BUCKET: None, other.bucket: None})
    pipeline = make_pipeline(store, FakeTelemetry(), clock=clock, halt=halt, admission=admission, reads=1)
    budget = Budget(1 << 22, Pulse(clock), halt, lambda _: None)
    found: list[Reading] = []

    def read(one: ObjectRef) -> None:
        found.append(pipeline.read(delivery(body=notification(one)), budget.open_share()))

    waiting = threading.Thread(target=read, args=(ref("waits"),))
    waiting.start()
    soon(clock.waiting)
    read(other)
    assert ids(found[0].records) == ["good"]
    halt.set()
    finish(waiting)
    assert found[1].returned


def test_the_name_that_cannot_be_read_is_the_one_that_is_told() -> None:
    """Of a key with two readings one object is read, and the other is refused: the message comes again for that one."""
    rig = Rig()
    one, other = ref("a+b"), ref("a b")
    rig.store.put(one, GOOD)
    rig.store.put(other, GOOD)
    rig.store.trouble(other, StoreError(REFUSED, "refused"))
    reading = rig.read_body(json.dumps({"bucket": BUCKET, "key": one.key}))
    assert ids(reading.records) == ["good"]
    assert other.key in reading.retry_detail
    assert one.key not in reading.retry_detail


@pytest.mark.row(88)
def test_without_last_modified_the_name_says_when_an_object_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """So its records are the same bytes at any attempt, and its age is told."""
    rig = Rig()
    one = rig.put("one")
    opened = rig.store.open

    @contextmanager
    def without_time(wanted: ObjectRef) -> Iterator[OpenObject]:
        with opened(wanted) as body:
            yield replace(body, last_modified_ns=None)

    monkeypatch.setattr(rig.store, "open", without_time)
    (record,) = rig.read(one).records
    assert record.observed_time_unix_nano == int(datetime(2026, 11, 20, 12, 5, tzinfo=UTC).timestamp()) * 10**9
