"""Other objects beside one that cannot be read."""

from __future__ import annotations

from datetime import timedelta

from agent.model import ObjectRef
from agent.replay.witnesses import Witnesses
from tests.support.listing import FakeListing, key_at, stream
from tests.support.objects import BUCKET
from tests.support.replays import BEGIN, SPAN
from tests.support.store import denied

OTHER = stream(region="eu-west-1")


def keys_of(*hours: int) -> list[str]:
    """Keys of objects that were written so many hours after the beginning."""
    return [key_at(BEGIN + timedelta(hours=each)) for each in hours]


def witnesses_beside(key: str, listing: FakeListing) -> list[str]:
    """The keys of what else may be asked for."""
    found = list(Witnesses(listing, [stream(), OTHER], SPAN)(ObjectRef(BUCKET, key)))
    assert all(each.bucket == BUCKET for each in found)
    return [each.key for each in found]


def test_what_follows_is_asked_first_then_what_is_far_away_and_then_other_streams() -> None:
    """A cause may hold for a day, a year, or an account."""
    other = key_at(BEGIN + timedelta(hours=3), of=OTHER)
    keys = keys_of(-9000, 0, 1, 2, 30, 71)
    found = witnesses_beside(keys[1], FakeListing({BUCKET: [*keys, other]}))
    assert list(dict.fromkeys(found)) == [keys[2], keys[5], keys[4], keys[0], other]


def test_where_everything_is_shipped_already_there_is_still_something_to_ask_for() -> None:
    """A second try of one object, with nothing new in the bucket."""
    keys = keys_of(0, 1, 2)
    assert set(witnesses_beside(keys[-1], FakeListing({BUCKET: keys}))) == {keys[0], keys[1]}


def test_an_object_alone_has_no_witness() -> None:
    """Nor one beside folders."""
    keys = keys_of(0)
    assert witnesses_beside(keys[0], FakeListing({BUCKET: [*keys, stream().day_folder(BEGIN.date())]})) == []


def test_each_time_it_looks_in_other_places_until_it_was_everywhere() -> None:
    """Where a whole account is refused, or a year, something else may be far away, and nobody knows where."""
    streams = [stream(f"{number:012}") for number in range(20)]
    keys = [key_at(BEGIN + timedelta(hours=36), of=each) for each in streams]
    denied_one = key_at(BEGIN, of=streams[7])
    witnesses = Witnesses(FakeListing({BUCKET: [denied_one, *keys]}), streams, SPAN)
    asked = [[each.key for each in witnesses(ObjectRef(BUCKET, denied_one))] for _ in range(7)]
    assert {key for some in asked for key in some} == set(keys)
    assert all(len(some) <= 18 for some in asked)


def test_other_days_come_after_all_streams() -> None:
    """The days between the object's and the newest may be all that S3 gives."""
    keys = keys_of(*range(72))
    listing = FakeListing({BUCKET: keys}, page_keys=2)
    witnesses = Witnesses(listing, [stream()], SPAN)
    asked = {each.key for _ in range(20) for each in witnesses(ObjectRef(BUCKET, keys[0]))}
    assert {key.split("/")[-2] for key in asked} == {"05", "06", "07"}


def test_what_cannot_be_listed_is_passed_over() -> None:
    """The read that failed tells what is wrong."""
    keys = keys_of(0, 1)
    listing = FakeListing({BUCKET: keys})
    listing.trouble(denied())
    assert set(witnesses_beside(keys[0], listing)) == {keys[1]}
