"""Faults of S3 and of the credentials: one object or all of them, for a moment or for hours."""

from __future__ import annotations

import gzip
import io
from copy import copy

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
)
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as Stalled

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.model import ObjectRef
from agent.trail import inflate
from tests.support.boto import Breaking, refusal
from tests.support.events import event
from tests.support.far_side import Reply
from tests.support.objects import BUCKET, plain_object, ref, trail_key, trail_object
from tests.support.world import HOUR, MINUTE, OTHER_BUCKET, World

WHOLE = trail_object(event("whole"))


@pytest.mark.row(12)
@pytest.mark.parametrize(
    ("error", "retried", "reason"),
    [
        (refusal("NoSuchKey", 404), "object_missing", Reason.OBJECT_MISSING),
        (refusal("AccessDenied", 403), "access_denied", Reason.OBJECT_UNREADABLE),
    ],
    ids=["404", "403"],
)
def test_one_object_that_cannot_be_read_is_given_three_receives(
    error: ClientError, retried: str, reason: Reason
) -> None:
    """While other reads of its bucket succeed, it comes again three times, minutes apart, and is then a dead letter."""
    world = World()
    agent = world.agent()
    world.produce(1)
    agent.work()
    bad = world.put(ref("bad"), body=trail_object(event("bad")), flaw=reason)
    world.notify(bad)
    agent.s3.trouble(bad.ref, *[error] * 100)
    agent.run(HOUR)
    assert world.letters() == [(reason, bad.ref.key)]
    assert agent.by("trail_agent_retries_total", "reason") == {retried: 3}
    assert agent.by("trail_agent_dead_letters_total", "reason") == {reason: 1}
    assert agent.metric("trail_agent_ready") == 1
    assert agent.said("gate_closed") == []
    assert world.sink.stored == {"o0-a", "o0-b"}


@pytest.mark.row(12)
def test_an_object_that_comes_late_is_delivered() -> None:
    """S3 may notify before every reader can see the object: it is asked for again after a minute or so."""
    world = World()
    agent = world.agent()
    late = world.put(ref("late"), event("late"))
    world.notify(late)
    agent.s3.trouble(late.ref, refusal("NoSuchKey", 404), refusal("NoSuchKey", 404))
    agent.run(HOUR)
    assert agent.settled() == {"retry": 2, "delivered": 1}
    world.check_all_delivered()


@pytest.mark.row(13)
@pytest.mark.parametrize(
    "code", ["AccessDenied", "KMS.DisabledException", "KmsAccessDenied", "ExpiredToken", "InvalidAccessKeyId"]
)
def test_a_bucket_that_refuses_every_read_is_no_messages_fault(code: str) -> None:
    """The work in hand waits under its leases, nothing more is received, readiness says why; then all is delivered.

    Six objects come twice: after half a minute, one, two minutes and so on others were tried in their place.
    """
    world = World()
    world.produce(25)
    agent = world.agent()
    agent.s3.bucket_trouble(BUCKET, refusal(code, 403))
    agent.work_beside(HOUR / 2)
    seen = agent.observe(MINUTE, HOUR - 1)
    world.clock.at(HOUR, lambda: agent.s3.bucket_trouble(BUCKET, None))
    agent.run(3 * HOUR)
    for glance in seen.values():
        assert glance.metrics.value("trail_agent_ready") == 0
        assert glance.receives == 1
        assert any(BUCKET in reason and code in reason for reason in glance.ready)
        assert glance.live == []
    asked = [line["timestamp"] for line in agent.said("gate_closed")]
    assert 55 <= len(asked) <= 61, "one clear error a minute"
    assert agent.metric("trail_agent_ready") == 1
    assert agent.metric("trail_agent_leases_lost_total") == 0
    assert agent.metric("trail_agent_deliveries_received_total") == 31
    assert agent.settled() == {"delivered": 25, "retry": 6}
    assert agent.by("trail_agent_retries_total", "reason") == {"bucket_denied": 6}
    world.check_all_delivered()


@pytest.mark.row(13)
def test_a_bucket_that_begins_to_refuse_is_told_from_an_object_that_is_refused() -> None:
    """After good reads, a refusal is checked against an object that was readable before: then it is the bucket's."""
    world = World()
    agent = world.agent()
    world.produce(1)
    agent.work()
    world.produce(2, prefix="later")
    agent.s3.bucket_trouble(BUCKET, refusal("KmsAccessDenied", 403))
    world.clock.at(HOUR, lambda: agent.s3.bucket_trouble(BUCKET, None))
    seen = agent.observe(MINUTE)
    agent.run(2 * HOUR)
    assert seen[MINUTE].metrics.value("trail_agent_ready") == 0
    assert agent.by("trail_agent_retries_total", "reason") == {}
    world.check_all_delivered()


@pytest.mark.row(14)
def test_a_bucket_that_does_not_answer_is_no_messages_fault() -> None:
    """S3 that answers 503 to everything for an hour costs time and next to no receives, and readiness says why."""
    world = World()
    world.produce(25)
    agent = world.agent()
    agent.s3.bucket_trouble(BUCKET, refusal("ServiceUnavailable", 503))
    world.clock.at(HOUR, lambda: agent.s3.bucket_trouble(BUCKET, None))
    seen = agent.observe(MINUTE)
    agent.run(2 * HOUR)
    assert any("503" in reason or "ServiceUnavailable" in reason for reason in seen[MINUTE].ready)
    assert agent.by("trail_agent_retries_total", "reason") == {"store_unavailable": 6}
    assert agent.metric("trail_agent_deliveries_received_total") == 31
    world.check_all_delivered()


PASSING = [
    refusal("InternalError", 500),
    refusal("ServiceUnavailable", 503),
    refusal("SlowDown", 503),
    ConnectTimeoutError(endpoint_url="https://s3"),
    EndpointConnectionError(endpoint_url="https://s3"),
    Breaking(WHOLE[:30], ProtocolError("connection reset by peer")),
    Breaking(WHOLE[:30], Stalled(None, "", "the body stalled")),  # type: ignore[arg-type]  # no pool is at hand
]
NAMES = ["500", "503", "SlowDown", "time-out", "no address", "reset", "stalled body"]


@pytest.mark.row(14)
@pytest.mark.parametrize("number", range(len(PASSING)), ids=NAMES)
def test_a_store_that_fails_for_a_moment_is_asked_again_within_the_call(number: int) -> None:
    """One failure of any kind costs a second or so, no receive and no entry in the counters of retries."""
    world = World()
    agent = world.agent()
    one = world.put(ref("whole"), event("whole"))
    world.notify(one)
    agent.s3.trouble(one.ref, _fresh(number))
    agent.run(MINUTE)
    assert world.store.requests == [one.ref, one.ref]
    assert agent.settled() == {"delivered": 1}
    assert agent.by("trail_agent_retries_total", "reason") == {}
    world.check_all_delivered()


@pytest.mark.row(14)
@pytest.mark.parametrize("number", range(len(PASSING)), ids=NAMES)
def test_a_store_that_goes_on_failing_gives_the_message_back_for_later(number: int) -> None:
    """After three reads in one receive the message comes again, as often as it takes, and is never a dead letter.

    Another object of the bucket can be read all the while.
    """
    world = World()
    agent = world.agent()
    world.produce(1)
    agent.work()
    one = world.put(ref("whole"), event("whole"))
    world.notify(one)
    agent.s3.trouble(one.ref, *(_fresh(number) for _ in range(15)))
    agent.run(3 * HOUR)
    assert world.store.requests.count(one.ref) == 16
    assert agent.by("trail_agent_retries_total", "reason") == {"store_unavailable": 5}
    assert agent.settled() == {"retry": 5, "delivered": 2}
    assert [seconds for _, seconds in world.queue.hidden] == [60, 120, 240, 480, 900]
    world.check_all_delivered()


def _fresh(number: int) -> Exception | io.RawIOBase:
    trouble = PASSING[number]
    return Breaking(trouble._first, trouble._error) if isinstance(trouble, Breaking) else trouble


CUT_GZIP = gzip.compress(plain_object(event("whole")), mtime=0)[:-6]
BAD_CRC = WHOLE[:-8] + bytes(8)


@pytest.mark.row(15)
@pytest.mark.parametrize("stored", [b"", CUT_GZIP, BAD_CRC, WHOLE + b"rubbish"], ids=["empty", "cut", "CRC", "tail"])
def test_an_object_that_is_damaged_is_read_twice_and_nothing_of_it_is_exported(stored: bytes) -> None:
    """What is no whole gzip, both times, is a dead letter that names the object; its neighbours are delivered."""
    world = World()
    world.produce(1)
    bad = world.put(ref("bad"), body=stored, flaw=Reason.OBJECT_CORRUPT)
    world.notify(bad)
    agent = world.agent()
    agent.run(MINUTE)
    assert world.store.requests.count(bad.ref) == 2
    assert world.letters() == [("object_corrupt", bad.ref.key)]
    assert agent.by("trail_agent_dead_letters_total", "reason") == {"object_corrupt": 1}
    assert world.sink.stored == {"o0-a", "o0-b"}
    world.check_end()


SHORT = [WHOLE[:40], b"", b"not gzip"]


@pytest.mark.row(47)
@pytest.mark.parametrize("arrived", SHORT, ids=["cut", "nothing", "rubbish"])
def test_a_body_shorter_than_its_content_length_is_no_damage(arrived: bytes) -> None:
    """A connection that closes early looks like an end: the object is read again, now and later, until it is whole."""
    world = World()
    agent = world.agent()
    world.produce(1)
    agent.work()
    one = world.put(ref("whole"), event("whole"))
    world.notify(one)
    agent.s3.trouble(one.ref, *[arrived] * 13)
    agent.run(3 * HOUR)
    assert agent.by("trail_agent_retries_total", "reason") == {"store_unavailable": 4}
    assert world.letters() == []
    world.check_all_delivered()


@pytest.mark.row(47)
def test_damage_of_a_new_kind_is_no_damage_while_bytes_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever reason a reader gives for half a body, it is read again; the whole object has that reason's letter."""
    monkeypatch.setattr(inflate, "_corrupt", lambda detail: PermanentError(Reason.EVENT_MALFORMED, detail))
    world = World()
    agent = world.agent()
    world.produce(1)
    agent.work()
    one = world.put(ref("whole"), event("whole"))
    bad = world.put(ref("bad"), body=CUT_GZIP, flaw=Reason.EVENT_MALFORMED)
    world.notify(one)
    world.notify(bad)
    agent.s3.trouble(one.ref, *[WHOLE[:40]] * 7)
    agent.run(3 * HOUR)
    assert agent.by("trail_agent_retries_total", "reason")["store_unavailable"] == 2
    assert world.letters() == [("event_malformed", bad.ref.key)]
    assert world.sink.stored == {"o0-a", "o0-b", "whole"}
    world.check_end()


@pytest.mark.row(15)
def test_a_plain_object_shorter_than_its_notification_says_may_be_an_old_copy() -> None:
    """Plain JSON has no end mark of its own: it is asked for at four receives, and then it is what S3 says it is."""
    world = World()
    text = plain_object(event("whole"))
    one = trail_key("whole", ending="json")
    cut = world.put(ObjectRef(BUCKET, one, len(text)), body=text[:-9])
    world.notify(cut, flaw=Reason.OBJECT_MALFORMED)
    agent = world.agent()
    agent.run(HOUR)
    assert len(world.store.requests) == 8
    assert agent.by("trail_agent_retries_total", "reason") == {"object_incomplete": 3}
    assert world.letters() == [("object_malformed", one)]
    assert agent.line.sent == []
    world.check_end()


@pytest.mark.row(48)
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "InvalidRequest"),
        (400, "InvalidArgument"),
        (400, "KeyTooLongError"),
        (405, "MethodNotAllowed"),
        (412, "PreconditionFailed"),
        (416, "InvalidRange"),
        (501, "NotImplemented"),
        (400, "SomethingNew"),
    ],
)
def test_a_request_that_s3_cannot_serve_ends_with_s3s_words(status: int, code: str) -> None:
    """After three receives the message is a dead letter that says which code; it does not wait for SQS to give up."""
    world = World()
    agent = world.agent()
    world.produce(1)
    agent.work()
    bad = world.put(ref("bad"), body=trail_object(event("bad")), flaw=Reason.OBJECT_UNREADABLE)
    world.notify(bad)
    agent.s3.trouble(bad.ref, *[refusal(code, status)] * 100)
    agent.run(HOUR)
    assert world.letters() == [(Reason.OBJECT_UNREADABLE, bad.ref.key)]
    assert agent.by("trail_agent_retries_total", "reason") == {"object_refused": 3}
    assert code in str(agent.said("dead_lettered")[0]["detail"])
    assert agent.metric("trail_agent_ready") == 1


UNREADABLE = [
    ValueError("invalid literal for int() with base 10: 'abc'"),
    AttributeError("'NoneType' object has no attribute 'get'"),
    Breaking(WHOLE[:30], ValueError("string argument should contain only ASCII characters")),
]


@pytest.mark.row(88)
@pytest.mark.parametrize("trouble", UNREADABLE, ids=["a number", "no object", "a checksum"])
def test_an_answer_that_cannot_be_read_ends_as_a_dead_letter(trouble: Exception | io.RawIOBase) -> None:
    """Whatever botocore raises: it is no bug that comes again for ever, and the letter says what it was."""
    world = World()
    agent = world.agent()
    world.produce(1)
    agent.work()
    bad = world.put(ref("bad"), body=trail_object(event("bad")), flaw=Reason.OBJECT_UNREADABLE)
    world.notify(bad)
    agent.s3.trouble(bad.ref, *[copy(trouble) for _ in range(100)])
    agent.run(HOUR)
    assert world.letters() == [(Reason.OBJECT_UNREADABLE, bad.ref.key)]
    assert agent.by("trail_agent_retries_total", "reason") == {"object_refused": 3}
    assert "the answer cannot be read: " in str(agent.said("dead_lettered")[0]["detail"])
    world.check_end()


@pytest.mark.row(88)
def test_a_bucket_whose_answers_cannot_be_read_is_no_messages_fault() -> None:
    """What was readable before is asked for, and is not now: it is waited for, and then all is delivered."""
    world = World()
    agent = world.agent()
    world.produce(1)
    agent.work()
    world.produce(5, prefix="later")
    agent.s3.bucket_trouble(BUCKET, ValueError("invalid literal for int() with base 10: 'abc'"))
    world.clock.at(20, lambda: agent.s3.bucket_trouble(BUCKET, None))
    seen = agent.observe(10)
    agent.run(HOUR)
    assert any("the answer cannot be read" in reason for reason in seen[10].ready)
    assert agent.by("trail_agent_retries_total", "reason") == {}
    world.check_all_delivered()


@pytest.mark.row(48)
def test_a_bucket_in_another_region_is_the_settings_fault() -> None:
    """Nothing is given back or buried: the work waits, and the hint names the setting."""
    world = World()
    world.produce(3)
    agent = world.agent()
    agent.s3.bucket_trouble(BUCKET, refusal("PermanentRedirect", 301))
    world.clock.at(HOUR, lambda: agent.s3.bucket_trouble(BUCKET, None))
    seen = agent.observe(MINUTE)
    agent.run(2 * HOUR)
    assert any("PermanentRedirect" in reason for reason in seen[MINUTE].ready)
    assert "buckets[].region" in str(agent.said("gate_closed")[0]["hint"])
    assert agent.settled() == {"delivered": 3}
    world.check_all_delivered()


def _page(status: int, code: str, kind: str = "text/html") -> ClientError:
    """What boto3 raises for a page of a proxy: without a code if it is XML by chance, else with the status as code."""
    told = {"HTTPStatusCode": status, "HTTPHeaders": {"content-type": kind}}
    return ClientError({"Error": {"Code": code, "Message": ""}, "ResponseMetadata": told}, "GetObject")


PAGES = {
    "status 400, a web page": _page(400, ""),
    "status 404, a web page": _page(404, "404"),
    "status 405, a web page": _page(405, "405"),
    "status 501, a web page": _page(501, ""),
    "status 302, a web page": _page(302, "302"),
    "status 404, a body of type text/plain": _page(404, "404", "text/plain"),
}


@pytest.mark.row(78)
@pytest.mark.parametrize("words", PAGES)
def test_a_page_in_place_of_s3_is_waited_for_from_the_start(words: str) -> None:
    """A proxy, or a server at a wrong endpoint, answers every read of a new process: few receives, no dead letter."""
    world = World()
    world.produce(30)
    agent = world.agent(is_new=True)
    agent.s3.bucket_trouble(BUCKET, PAGES[words])
    world.clock.at(HOUR, lambda: agent.s3.bucket_trouble(BUCKET, None))
    seen = agent.observe(MINUTE / 3, HOUR / 2)
    agent.run(3 * HOUR)
    assert all(any(f"what answered is not S3 ({words})" in why for why in glance.ready) for glance in seen.values())
    assert agent.said("gate_closed")[0]["fault"] == "bucket unavailable"
    assert agent.by("trail_agent_retries_total", "reason") == {"store_unavailable": 6}
    world.check_all_delivered()


@pytest.mark.row(78)
def test_a_page_in_place_of_one_object_is_no_dead_letter() -> None:
    """While others of the bucket can be read, it comes again as often as it takes, and holds nothing up."""
    world = World()
    agent = world.agent()
    world.produce(1)
    agent.work()
    one = world.put(ref("one"), event("one"))
    world.notify(one)
    world.produce(5, prefix="later")
    agent.s3.trouble(one.ref, *[PAGES["status 405, a web page"]] * 25)
    agent.run(3 * HOUR)
    assert agent.by("trail_agent_retries_total", "reason") == {"store_unavailable": 8}
    assert agent.said("gate_closed") == []
    world.check_all_delivered()


REFUSALS = [("MethodNotAllowed", 405), ("NotImplemented", 501), ("InvalidRequest", 400), ("MissingContentLength", 411)]


@pytest.mark.row(78)
@pytest.mark.parametrize(("code", "status"), REFUSALS)
def test_several_objects_refused_from_the_start_are_the_buckets_fault(code: str, status: int) -> None:
    """The first two come again; from the third on the bucket is waited for. Not one becomes a dead letter for that.

    All have used up their receives before this process began.
    """
    world = World()
    world.produce(30)
    _receive_all(world, times=4)
    agent = world.agent(is_new=True)
    agent.s3.bucket_trouble(BUCKET, refusal(code, status))
    world.clock.at(HOUR, lambda: agent.s3.bucket_trouble(BUCKET, None))
    seen = agent.observe(10 * MINUTE, HOUR / 2)
    agent.run(4 * HOUR)
    assert all(any(code in why for why in glance.ready) for glance in seen.values())
    assert agent.said("gate_closed")[0]["fault"] == "bucket refused"
    assert agent.by("trail_agent_retries_total", "reason") == {"object_refused": 2, "bucket_refused": 6}
    world.check_all_delivered()


def _receive_all(world: World, times: int) -> None:
    """Have every message received so often by somebody who never finishes one."""
    for _ in range(times):
        while world.queue.receive(wait_seconds=0):
            pass
        world.clock.advance(3 * MINUTE)


@pytest.mark.row(78)
@pytest.mark.parametrize("others", [0, 5])
def test_one_object_that_is_refused_from_the_start_is_its_own_fault(others: int) -> None:
    """It becomes a dead letter with S3's words, also where nothing else of the bucket is read; others are delivered."""
    world = World()
    bad = world.put(ref("bad"), body=trail_object(event("bad")), flaw=Reason.OBJECT_UNREADABLE)
    world.notify(bad)
    world.produce(others)
    agent = world.agent(is_new=True)
    agent.s3.trouble(bad.ref, *[refusal("InvalidRequest", 400)] * 100)
    agent.run(HOUR)
    assert world.letters() == [(Reason.OBJECT_UNREADABLE, bad.ref.key)]
    assert agent.by("trail_agent_retries_total", "reason") == {"object_refused": 3}
    assert agent.said("gate_closed") == []
    assert world.sink.stored == world.truth.produced - {"bad"}
    world.check_end()


@pytest.mark.row(78)
@pytest.mark.parametrize("is_new", [True, False], ids=["from the start", "after good reads"])
def test_a_bucket_that_is_missing_makes_no_dead_letters(is_new: bool) -> None:
    """The error names the bucket, the agent is not ready, and an outage of 12 hours costs few receives."""
    world = World()
    agent = world.agent(is_new=is_new)
    if not is_new:
        world.produce(1, prefix="before")
        agent.work()
    world.produce(30)
    agent.s3.bucket_trouble(BUCKET, refusal("NoSuchBucket", 404))
    world.clock.at(12 * HOUR, lambda: agent.s3.bucket_trouble(BUCKET, None))
    seen = agent.observe(MINUTE / 2, 6 * HOUR)
    agent.run(17 * HOUR)
    assert all(any(BUCKET in why for why in glance.ready) for glance in seen.values())
    line = agent.said("gate_closed")[0]
    assert (line["level"], line["fault"], line["part"]) == ("error", "bucket missing", f"bucket {BUCKET}")
    assert agent.by("trail_agent_retries_total", "reason") == {"bucket_missing": 10}
    world.check_all_delivered()


@pytest.mark.row(78)
def test_a_bucket_that_was_deleted_does_not_stop_the_others() -> None:
    """What another bucket gives is delivered within the hour; its own messages go where SQS moves them in the end."""
    world = World()
    for number in range(4):
        world.notify(world.put(ref(f"gone{number}"), flaw=Reason.OBJECT_MISSING))
        world.produce(1, prefix=f"other{number}-", bucket=OTHER_BUCKET)
    agent = world.agent(is_new=True)
    agent.s3.bucket_trouble(BUCKET, refusal("NoSuchBucket", 404))
    times = [hours * HOUR for hours in range(1, 48)]
    for at in times:
        world.clock.at(at, lambda at=at: world.produce(1, prefix=f"at{at}-", bucket=OTHER_BUCKET))  # type: ignore[misc]
    seen = agent.observe(*(at + 59 * MINUTE for at in times))
    agent.run(50 * HOUR)
    delivered = [glance.metrics.value("trail_agent_events_total", fate="exported") for glance in seen.values()]
    assert delivered == [2 * (4 + number) for number in range(1, 48)]
    assert [letter.attributes for letter in world.queue.dead_letters] == [{}] * 4, "moved by SQS"
    assert agent.by("trail_agent_dead_letters_total", "reason") == {}
    assert agent.by("trail_agent_retries_total", "reason") == {"bucket_missing": 4 * world.max_receives}


@pytest.mark.row(79)
def test_a_new_process_does_not_wait_long_for_one_object() -> None:
    """The first object never arrives whole: it makes way after half a minute, and the others are delivered."""
    world = World()
    bad = world.put(ref("bad"), event("bad"))
    world.notify(bad)
    world.produce(5)
    agent = world.agent(is_new=True)
    agent.s3.trouble(bad.ref, *(Breaking(WHOLE[:30], ProtocolError("connection reset by peer")) for _ in range(30)))
    seen = agent.observe(MINUTE)
    agent.run(2 * HOUR)
    assert seen[MINUTE].metrics.value("trail_agent_events_total", fate="exported") == 10
    assert seen[MINUTE].ready == []
    world.check_all_delivered()


@pytest.mark.row(79)
@pytest.mark.parametrize("given", [0, 1])
def test_one_bad_object_among_many_does_not_hold_up_its_bucket(given: int) -> None:
    """Also where it was itself the last object that the bucket gave: another one is asked for."""
    world = World()
    agent = world.agent()
    world.produce(3)
    agent.work()
    bad = world.put(ref("bad"), event("bad"))
    for _ in range(given):
        world.notify(bad)
        agent.work()
    world.notify(bad)
    world.produce(5, prefix="later")
    agent.s3.trouble(bad.ref, *(Breaking(WHOLE[:30], ProtocolError("connection reset by peer")) for _ in range(12)))
    seen = agent.observe(10)
    agent.run(2 * HOUR)
    assert seen[10].metrics.value("trail_agent_events_total", fate="exported") == 16 + given
    assert agent.said("gate_closed") == []
    world.check_all_delivered()


@pytest.mark.row(79)
@pytest.mark.parametrize(("hours", "receives"), [(1, 6), (12, 10)])
@pytest.mark.parametrize("messages", [1, 30])
def test_an_outage_costs_a_new_process_few_receives(hours: int, receives: int, messages: int) -> None:
    """Half a minute, then twice as long each time: also where there is but one message, which has every turn."""
    world = World()
    world.produce(messages)
    agent = world.agent(is_new=True)
    agent.s3.bucket_trouble(BUCKET, EndpointConnectionError(endpoint_url="https://s3"))
    world.clock.at(hours * HOUR, lambda: agent.s3.bucket_trouble(BUCKET, None))
    agent.run((hours + 5) * HOUR)
    assert agent.metric("trail_agent_retries_total") <= receives
    world.check_all_delivered()


@pytest.mark.row(26)
@pytest.mark.parametrize(
    "error",
    [
        refusal("ExpiredToken"),
        refusal("AccessDenied", 403),
        refusal("RequestTimeTooSkewed", 403),
        refusal("SignatureDoesNotMatch", 403),
        NoCredentialsError(),
        CredentialRetrievalError(provider="iam-role", error_msg="the metadata service does not answer"),
    ],
    ids=["expired", "role denied", "clock wrong", "signature", "no credentials", "metadata service down"],
)
def test_credentials_that_fail_are_the_environments_fault_and_exports_go_on(error: Exception) -> None:
    """What is in hand goes to the sink all the same; nothing is dead-lettered, and SQS is asked until it answers.

    Nothing more is received meanwhile, and the delete is made up for: no event goes out a second time.
    """
    world = World()
    world.produce(10)
    agent = world.agent()
    world.sink.script.append(Reply(503, retry_after=30))

    def fail(trouble: Exception | None) -> None:
        agent.sqs.trouble(trouble, "ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch")
        agent.s3.bucket_trouble(BUCKET, trouble)

    world.clock.at(10, lambda: fail(error))
    seen = agent.observe(40, 10 * MINUTE)
    world.clock.at(HOUR, lambda: fail(None))
    agent.run(2 * HOUR)
    assert seen[40].metrics.value("trail_agent_events_total", fate="exported") == 20
    assert seen[10 * MINUTE].metrics.value("trail_agent_ready") == 0
    assert seen[10 * MINUTE].live == []
    assert agent.metric("trail_agent_sqs_requests_total", operation="DeleteMessageBatch", result="denied") > 50
    assert seen[10 * MINUTE].receives == seen[40].receives
    assert len(agent.line.records()) == 40, "the same request twice: its first answer was 503"
    assert agent.metric("trail_agent_events_total", fate="duplicate") == 20
    world.check_all_delivered()


@pytest.mark.row(26)
def test_a_bucket_whose_role_is_denied_does_not_stop_the_exports_of_others() -> None:
    """One replica waits for the role of a connected account's bucket; what another has read goes out meanwhile."""
    world = World()
    waiting, working = world.agent("waiting"), world.agent("working")
    world.produce(3, prefix="other", bucket=OTHER_BUCKET)
    waiting.s3.bucket_trouble(OTHER_BUCKET, refusal("AccessDenied", 403))
    world.clock.at(HOUR, lambda: waiting.s3.bucket_trouble(OTHER_BUCKET, None))
    world.clock.at(MINUTE, lambda: world.produce(3))
    world.clock.at(2 * MINUTE, working.work)
    seen = waiting.observe(3 * MINUTE)
    waiting.run(HOUR + 5 * MINUTE)
    assert any("other" in reason for reason in seen[3 * MINUTE].ready)
    assert working.metric("trail_agent_events_total", fate="exported") == 6
    assert waiting.metric("trail_agent_events_total", fate="exported") == 6
    world.check_all_delivered()
