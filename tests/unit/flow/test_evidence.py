"""Whose fault a failed read is, and how long its bucket is waited for."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.aws import store_policy
from agent.aws.store_policy import NO_BUCKET, REFUSED, Policy, StoreError, WholeBucket
from agent.flow.evidence import Culprit, Evidence
from agent.model import ObjectRef
from tests.support.objects import BUCKET
from tests.support.store import FakeStore, denied, unavailable

OTHER: Final = "acme-trail-other"


class Rig:
    """A store whose objects are put when they are named, and what is known of it."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.evidence = Evidence(self.store)

    def give(self, key: str, bucket: str = BUCKET) -> None:
        """The bucket gives an object."""
        self.store.put(ObjectRef(bucket, key), b"x")
        self.evidence.note_given(ObjectRef(bucket, key))

    def fail(self, key: str, error: StoreError) -> Culprit:
        """A read of an object fails; whose fault that is."""
        self.evidence.note_refused(ObjectRef(BUCKET, key), error)
        return self.evidence.ask_bucket(ObjectRef(BUCKET, key), error)

    def gives_up(self, error: StoreError, *, began: float, now: float) -> bool:
        """Whether a message of the bucket makes way."""
        return self.evidence.spend_patience(ObjectRef(BUCKET, "key"), _whole(error.policy), began=began, now=now)


def _whole(policy: Policy) -> WholeBucket:
    assert policy.bucket
    return policy.bucket


def refused(answer: str = "405 MethodNotAllowed") -> StoreError:
    """S3 cannot serve a read."""
    return StoreError(REFUSED, f"S3 cannot serve this read ({answer})", answer=answer)


def no_bucket() -> StoreError:
    """There is no such bucket."""
    return StoreError(NO_BUCKET, "there is no such bucket (NoSuchBucket)")


@given(st.lists(st.sampled_from("abcd"), min_size=1))
def test_the_last_two_objects_that_a_bucket_has_given_are_remembered(keys: list[str]) -> None:
    """Each once, however often it is given: so there is another one for each that is refused."""
    rig = Rig()
    for key in keys:
        rig.give(key)
    latest = [*dict.fromkeys(reversed(keys))][:2]
    assert [each.key for each in rig.evidence._buckets[BUCKET].given] == latest


@pytest.mark.row(78)
def test_three_objects_that_are_refused_alike_speak_for_their_bucket() -> None:
    """Until then nothing is decided of an object that was refused once; one refused again is its own fault."""
    rig = Rig()
    assert [rig.fail(key, refused()) for key in ("a", "b", "b", "a")] == [
        Culprit.UNKNOWN,
        Culprit.UNKNOWN,
        Culprit.OBJECT,
        Culprit.OBJECT,
    ]
    assert [rig.fail(key, refused()) for key in ("c", "a", "d")] == [Culprit.BUCKET] * 3


@pytest.mark.row(78)
def test_objects_that_are_refused_in_different_ways_do_not_speak_for_their_bucket() -> None:
    """Three odd objects may be odd each in its own way."""
    rig = Rig()
    answers = ["405 MethodNotAllowed", "400 InvalidRequest", "400 KeyTooLongError"]
    assert {rig.fail(answer, refused(answer)) for answer in answers} == {Culprit.UNKNOWN}
    assert {rig.fail(answer, refused(answer)) for answer in answers} == {Culprit.OBJECT}


@pytest.mark.row(78)
def test_what_a_bucket_gives_ends_the_presumption() -> None:
    """From then on what it gave is asked for again."""
    rig = Rig()
    assert [rig.fail(key, refused()) for key in "abc"][-1] is Culprit.BUCKET
    rig.give("good")
    assert rig.fail("d", refused()) is Culprit.OBJECT
    rig.store.bucket_trouble(BUCKET, refused())
    assert rig.fail("d", refused()) is Culprit.BUCKET


@pytest.mark.parametrize("error", [refused(), denied()])
def test_a_bucket_that_has_given_nothing_is_asked_for_others_that_are_known(error: StoreError) -> None:
    """A replay begins with an object that may not be read: one that is given tells that it is this object alone."""
    rig = Rig()
    others = [ObjectRef(BUCKET, key) for key in ("x", "y", "z")]
    for other in others:
        rig.store.put(other, b"x")
    rig.store.witnesses = lambda _: iter(others)
    rig.store.trouble(others[0], error)
    assert [rig.fail(key, error) for key in "abcd"] == [Culprit.OBJECT] * 4
    rig.store.bucket_trouble(BUCKET, error)
    assert rig.fail("a", error) is Culprit.BUCKET
    assert rig.store.requests == [*others[:2], *[others[1]] * 4]


def test_where_no_other_is_given_either_it_is_the_bucket() -> None:
    """It is waited for; and where S3 does not answer, a second silence is enough."""
    for error, asked in ((denied(), 3), (unavailable(), 1)):
        rig = Rig()
        rig.store.witnesses = lambda _: iter([ObjectRef(BUCKET, key) for key in ("x", "y", "z")])
        rig.store.bucket_trouble(BUCKET, error)
        assert rig.fail("a", error) is Culprit.BUCKET
        assert len(rig.store.requests) == asked


def test_answers_without_number_take_no_memory() -> None:
    """What is kept of a bucket that gives nothing is bounded, and a new answer still counts."""
    rig = Rig()
    for number in range(1000):
        rig.fail(f"key{number}", refused(f"400 Code{number}"))
    assert len(rig.evidence._buckets[BUCKET].refused) < 10
    assert [rig.fail(key, refused("400 New")) for key in "abc"][-1] is Culprit.BUCKET


@pytest.mark.row(79)
@pytest.mark.parametrize("error", [denied(), unavailable(), refused()], ids=["denied", "unavailable", "refused"])
def test_an_object_does_not_speak_for_itself(error: StoreError) -> None:
    """If the object that fails is the last that was given, the one before it is asked for."""
    rig = Rig()
    rig.give("before")
    rig.give("last")
    rig.give("last")
    assert rig.fail("last", error) is Culprit.OBJECT
    assert rig.store.requests == [ObjectRef(BUCKET, "before")]


@pytest.mark.row(78)
def test_a_missing_bucket_is_never_one_objects_fault() -> None:
    """It asks for nothing."""
    rig = Rig()
    rig.give("before")
    assert rig.fail("after", no_bucket()) is Culprit.BUCKET
    assert rig.store.requests == []


@pytest.mark.row(79)
def test_patience_doubles_until_the_bucket_gives_something() -> None:
    """Each message waits twice as long as the one before it, four hours at most."""
    rig = Rig()
    for patience in (30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 14400, 14400):
        assert not rig.gives_up(denied(), began=0, now=patience - 1)
        assert rig.gives_up(denied(), began=0, now=patience)
    rig.give("key")
    assert rig.gives_up(denied(), began=0, now=30)


@pytest.mark.row(13)
def test_a_bucket_that_gave_something_is_waited_for_without_end() -> None:
    """What it gave before was asked for again, so another message would wait as well."""
    rig = Rig()
    rig.give("before")
    assert not rig.gives_up(denied(), began=0, now=1e6)


@pytest.mark.row(78)
@pytest.mark.parametrize("gave", [0, 2])
def test_all_that_waited_for_a_missing_bucket_make_way_together(gave: int) -> None:
    """Else those of a bucket that was deleted would hold up the others one after another, also if it once gave some."""
    rig = Rig()
    for number in range(gave):
        rig.give(f"before{number}")
    assert rig.gives_up(no_bucket(), began=0, now=30)
    assert all(rig.gives_up(no_bucket(), began=number, now=31) for number in range(10))
    assert not rig.gives_up(no_bucket(), began=31, now=90)
    assert rig.gives_up(no_bucket(), began=31, now=91)


@pytest.mark.row(78)
def test_a_missing_bucket_is_waited_for_five_minutes_at_most_if_another_gives() -> None:
    """The other bucket is asked for at that time: then the endpoint is right, and this bucket alone is gone."""
    rig = Rig()
    now = 0.0
    for patience in (30, 60, 120, 240, 480):
        assert rig.gives_up(no_bucket(), began=now, now=now + patience)
        now += patience
    rig.give("there", OTHER)
    assert not rig.gives_up(no_bucket(), began=now, now=now + 299)
    assert rig.gives_up(no_bucket(), began=now, now=now + 300)
    now += 300
    rig.store.bucket_trouble(OTHER, no_bucket())
    assert not rig.gives_up(no_bucket(), began=now, now=now + 1919)
    assert rig.gives_up(no_bucket(), began=now, now=now + 1920)


def test_only_what_may_be_the_buckets_fault_is_asked_about() -> None:
    """A missing object is its own fault, and nothing is read again for it."""
    rig = Rig()
    rig.give("before")
    assert rig.fail("gone", StoreError(store_policy.MISSING, "S3 has no such object")) is Culprit.OBJECT
    assert rig.store.requests == []
