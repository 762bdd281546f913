"""Deliveries out of a listing."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from agent.aws import store_policy
from agent.aws.listing import ListedPage
from agent.aws.store_policy import StoreError
from agent.faults.retries import RetryReason
from agent.model import ObjectRef, Outcome
from agent.replay.checkpoint import NoCheckpoint
from agent.replay.ending import Ending
from agent.replay.listed_source import MOST_TRIES, ListedInHand
from agent.replay.notes import DayDone, Note, SettledUpTo, ShippedAfterAll, StreamsFound, Unshipped
from agent.replay.span import Span
from agent.trail import notification
from tests.support.listing import FakeListing, key_at, stream
from tests.support.objects import BUCKET
from tests.support.replays import BEGIN, SPAN, ReplayRig
from tests.support.store import unavailable

OTHER = stream(region="eu-west-1")
FOUND = StreamsFound((stream().where,))


class Notebook(NoCheckpoint):
    """Remembers what is noted, and has no room when it is full."""

    def __init__(self, *unshipped: Unshipped) -> None:
        super().__init__()
        self.notes: list[Note] = []
        self.is_full = False
        for each in unshipped:
            self.place.take(each)

    def note(self, notes: Sequence[Note]) -> None:
        """Remember."""
        if self.is_full and notes:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.notes += notes


def keys_of(*minutes: int) -> list[str]:
    """Keys of objects that were written so many minutes after the beginning."""
    return [key_at(BEGIN + timedelta(minutes=each), f"{each:05}") for each in minutes]


def rig_of(*minutes: int, checkpoint: NoCheckpoint | None = None) -> ReplayRig:
    """A replay of one stream with these objects."""
    return ReplayRig(FakeListing({BUCKET: keys_of(*minutes)}), checkpoint=checkpoint or NoCheckpoint())


def test_an_object_is_announced_as_cloudtrail_does() -> None:
    """One to a delivery, in a form that the flow reads anyway; its key means only one object."""
    rig = rig_of(5)
    (key,) = keys_of(5)
    (one,) = rig.source.receive(10)
    assert notification.decode(one.body) == (ObjectRef(BUCKET, key),)
    assert (one.receive_count, rig.source.standing().in_hand) == (1, 1)


def test_everything_is_shipped_once_and_oldest_first() -> None:
    """Over days and pages."""
    minutes = range(0, 3 * 1440, 37)
    listing = FakeListing({BUCKET: keys_of(*minutes)}, page_keys=7)
    rig = ReplayRig(listing)
    assert rig.ship_all() == keys_of(*minutes)
    assert rig.source.has_ended()
    assert not rig.source.receive(10)
    assert rig.source.standing().share == 1.0


def test_what_is_outside_the_span_is_left_alone() -> None:
    """It begins and ends within days; a folder that somebody made by hand is no object."""
    keys = [*keys_of(59, 60, 119, 120), stream().day_folder(BEGIN.date())]
    span = Span(BEGIN + timedelta(hours=1), BEGIN + timedelta(hours=2))
    rig = ReplayRig(FakeListing({BUCKET: keys}), span=span)
    assert rig.ship_all() == keys_of(60, 119)


def test_nothing_is_listed_from_the_beginning_of_a_bucket() -> None:
    """Only the days that are wanted."""
    rig = rig_of(5)
    rig.ship_all()
    assert isinstance(rig.listing, FakeListing)
    assert rig.listing.asked == [stream().day_folder(day) for day in SPAN.days()]


def test_an_object_that_comes_again_holds_its_stream_back() -> None:
    """And no other one, until that would be too far ahead."""
    times = {"x": BEGIN + timedelta(minutes=1), "y": BEGIN + timedelta(hours=1)}
    keys = [*keys_of(0, 5), *(key_at(time, name, of=OTHER) for name, time in times.items())]
    rig = ReplayRig(FakeListing({BUCKET: keys}), streams=[stream(), OTHER])
    deliveries = rig.receive(1)
    rig.retry(*deliveries.values())
    (other,) = rig.receive().values()
    rig.ship([other])
    assert rig.receive() == {}
    rig.clock.advance(4.5)
    again = rig.receive()
    assert list(again) == keys_of(0)
    assert [each.receive_count for each in again.values()] == [2]
    rig.ship(again.values())
    assert rig.ship_all() == [keys_of(5)[0], keys[3]]


def test_an_object_that_comes_again_too_often_is_listed() -> None:
    """A replay has an end, whatever an object does."""
    rig = rig_of(0, 5)
    for _ in range(MOST_TRIES):
        first, *others = rig.receive().values()
        rig.ship(others)
        rig.retry(first)
        rig.clock.advance(60)
    assert rig.source.has_ended()
    (listed,) = rig.source.unshipped.values()
    assert (listed.key, listed.reason, listed.detail) == (*keys_of(0), "store_unavailable", "why")


def test_what_is_no_fault_of_an_object_spends_no_tries_of_it() -> None:
    """A bucket that refuses everything is waited for."""
    rig = rig_of(0)
    for _ in range(2 * MOST_TRIES):
        (one,) = rig.receive().values()
        rig.retry(one, reason=RetryReason.BUCKET_DENIED)
        rig.clock.advance(60)
    assert not rig.source.unshipped


def test_what_cannot_be_shipped_is_listed_and_passed() -> None:
    """It is noted together with the place behind it: neither is on the disk without the other."""
    notebook = Notebook()
    rig = rig_of(0, 5, checkpoint=notebook)
    first, second = rig.receive().values()
    rig.ship([second])
    assert notebook.notes == [FOUND]
    rig.bury(first)
    _found, lost, place, *_days = notebook.notes
    assert lost == Unshipped(BUCKET, keys_of(0)[0], "object_corrupt", "it is damaged")
    assert place == SettledUpTo(BUCKET, stream().folder, BEGIN.date(), keys_of(5)[0])
    assert list(rig.source.unshipped.values()) == [lost]


def test_what_could_not_be_shipped_is_tried_again_first() -> None:
    """In order; whatever comes of it is noted, and it is no place."""
    before = [Unshipped(BUCKET, key, "object_corrupt", "it was damaged") for key in keys_of(-3000, -2000)]
    notebook = Notebook(*before)
    rig = rig_of(0, checkpoint=notebook)
    first, second = rig.receive().values()
    assert [rig.receive(), list(rig.source.unshipped.values())] == [{}, before]
    assert rig.source.is_second_try(first)
    rig.ship([first])
    assert rig.source.unsettled_before() == {(BUCKET, before[1].key)}
    rig.bury(second)
    assert rig.source.unsettled_before() == set()
    assert notebook.notes[1:3] == [
        ShippedAfterAll(BUCKET, keys_of(-3000)[0]),
        Unshipped(BUCKET, keys_of(-2000)[0], "object_corrupt", "it is damaged"),
    ]
    (new,) = rig.receive().values()
    assert not rig.source.is_second_try(new)
    rig.ship([new])
    assert rig.source.has_ended()


def test_days_that_are_done_are_noted_and_not_listed_again() -> None:
    """Except one of which a later end takes in more."""
    notebook = Notebook()
    span = Span(BEGIN, BEGIN + timedelta(days=1, hours=12))
    keys = keys_of(0, 1440, 1440 + 720)
    assert ReplayRig(FakeListing({BUCKET: keys}), span=span, checkpoint=notebook).ship_all() == keys[:2]
    assert {note for note in notebook.notes if isinstance(note, DayDone)} == {DayDone(BEGIN.date())}
    for note in notebook.notes:
        notebook.place.take(note)
    later = ReplayRig(FakeListing({BUCKET: keys}), checkpoint=notebook)
    assert later.source.standing().share == pytest.approx(1 / 3)
    assert later.ship_all() == keys[2:]


def test_what_comes_into_the_bucket_late_is_found_by_the_next_run() -> None:
    """Although it stands before what was shipped; and that is not shipped again."""
    notebook = Notebook()
    listing = FakeListing({BUCKET: keys_of(0, 60, 62)})
    span = Span(BEGIN, BEGIN + timedelta(minutes=70))
    fresh_after = BEGIN + timedelta(minutes=50)
    first = ReplayRig(listing, span=span, checkpoint=notebook, fresh_after=fresh_after)
    assert first.ship_all() == keys_of(0, 60, 62)
    for note in notebook.notes:
        notebook.place.take(note)
    assert notebook.place.first_days == {}
    listing.put(keys_of(61)[0])
    assert ReplayRig(listing, span=span, checkpoint=notebook, fresh_after=fresh_after).ship_all() == keys_of(61)


@pytest.mark.parametrize(
    "stray", ["_SUCCESS", "backup_{}", "999988887777_CloudTrail_us-west-2_20261005T0000Z_a.json.gz"]
)
@pytest.mark.parametrize("is_of_a_later_end", [True, False])
def test_an_object_of_another_name_hides_nothing_that_comes_late(stray: str, *, is_of_a_later_end: bool) -> None:
    """It tells an early time and stands behind all log files: the next run still begins before those that come late."""
    notebook = Notebook()
    early, late = keys_of(0, 720)
    odd = f"{stream().day_folder(BEGIN.date())}{stray.format(early.rpartition('/')[2])}"
    listing = FakeListing({BUCKET: [early, odd]})
    fresh_after = BEGIN + timedelta(days=365 if is_of_a_later_end else 0, minutes=50)
    first = Span(BEGIN, BEGIN + timedelta(minutes=50)) if is_of_a_later_end else SPAN
    assert ReplayRig(listing, span=first, checkpoint=notebook, fresh_after=fresh_after).ship_all() == [early, odd]
    for note in notebook.notes:
        notebook.place.take(note)
    listing.put(late)
    assert ReplayRig(listing, checkpoint=notebook, fresh_after=fresh_after).ship_all() == [late]


def test_a_stream_that_is_found_only_now_is_shipped_from_the_beginning() -> None:
    """The days that are done are those of other streams. One that is not found for a while keeps its own place."""
    notebook = Notebook()
    keys = keys_of(0, 1440, 2880)
    assert ReplayRig(FakeListing({BUCKET: keys}), checkpoint=notebook).ship_all() == keys
    others = [key_at(BEGIN + timedelta(days=day), "late", of=OTHER) for day in range(3)]
    both = FakeListing({BUCKET: [*keys, *others]})
    for streams, shipped in (([OTHER], others), ([stream(), OTHER], [])):
        for note in notebook.notes:
            notebook.place.take(note)
        assert ReplayRig(both, streams, checkpoint=notebook).ship_all() == shipped


def test_a_plan_tells_where_it_goes_on_and_what_is_new() -> None:
    """Whoever runs it again wonders why days are read that were done."""
    notebook = Notebook()
    for note in (FOUND, DayDone(BEGIN.date())):
        notebook.place.take(note)
    rig = ReplayRig(FakeListing({BUCKET: keys_of(2000)}), [stream(), OTHER], checkpoint=notebook)
    assert rig.plan.begins(notebook) == BEGIN
    assert ReplayRig(rig.listing, checkpoint=notebook).plan.begins(notebook) == BEGIN + timedelta(days=1)
    assert list(rig.plan.beginning(notebook)) == [
        "goes on at 2026-10-06",
        f"! 1 stream that no run found before is read from 2026-10-05 on: {OTHER.address}",
    ]
    assert not list(rig.plan.beginning(NoCheckpoint()))


def test_what_nobody_finished_comes_again() -> None:
    """What was settled meanwhile stays so."""
    rig = rig_of(0, 5)
    deliveries = rig.receive()
    first, second = deliveries.values()
    rig.ship([first])
    rig.source.give_back([first, second])
    assert rig.ship_all() == keys_of(5)
    assert rig.telemetry.outcomes() == {Outcome.DELIVERED: 2, Outcome.RETURNED: 1}


def test_a_checkpoint_that_cannot_be_written_ends_the_replay() -> None:
    """Somebody has to make room. Nothing is noted behind what could not be: it would be left out for ever."""
    notebook = Notebook()
    rig = rig_of(0, 5, 10, checkpoint=notebook)
    first, second, third = rig.receive().values()
    notebook.is_full = True
    rig.bury(first)
    assert [str(error) for error in rig.failures] == ["[Errno 28] No space left on device"]
    notebook.is_full = False
    rig.ship([second, third])
    assert notebook.notes == [FOUND]


def test_a_listing_that_does_not_come_is_waited_for() -> None:
    """Nothing is left out."""
    listing = FakeListing({BUCKET: keys_of(0, 2000)})
    listing.trouble(unavailable(), unavailable())
    rig = ReplayRig(listing)
    assert rig.ship_all() == keys_of(0, 2000)
    assert rig.telemetry.count("gate_opened") == 1


def test_a_bug_in_a_listing_ends_the_replay() -> None:
    """It would wait for ever."""

    class Broken(FakeListing):
        def page(self, bucket: str, prefix: str, after: str = "") -> ListedPage:
            raise KeyError(prefix)

    rig = ReplayRig(Broken())
    rig.receive()
    assert isinstance(rig.failures[0], KeyError)


def test_a_listing_that_can_never_be_read_ends_the_replay_with_what_s3_answered() -> None:
    """It would wait for ever, and nothing behind it would be shipped."""
    listing = FakeListing({BUCKET: keys_of(0)})
    listing.trouble(*[StoreError(store_policy.UNREADABLE, "S3's answer cannot be read (a part without Key)")] * 9)
    rig = ReplayRig(listing)
    rig.receive()
    ending = Ending(rig.drain)
    ending.failed(rig.failures[0])
    assert ending.why == "S3's answer cannot be read (a part without Key)"


def test_what_a_bug_left_unsettled_comes_again() -> None:
    """No lease lapses here: the worker that lets go of it says so."""
    rig = rig_of(0, 5)
    in_hand = ListedInHand(rig.telemetry, rig.source)
    deliveries = rig.source.receive(10)
    with in_hand.hold(deliveries):
        rig.ship(deliveries[1:])
    rig.clock.advance(60)
    (again,) = rig.source.receive(10)
    assert (again.message_id, again.receive_count) == (deliveries[0].message_id, 2)


def test_a_drain_ends_the_wait() -> None:
    """And hands out nothing more."""
    rig = rig_of(0)
    rig.drain.set()
    assert list(rig.source.receive(10)) == list(rig.source.receive_soon(10)) == []


def test_how_far_it_is_goes_by_days_of_streams() -> None:
    """And within a day, by the time of what is settled."""
    rig = rig_of(0, 720, 1440)
    (one,) = rig.receive(1).values()
    assert (rig.source.standing().share, rig.source.standing().day) == (0.0, BEGIN.date())
    rig.ship([one])
    assert rig.source.standing().share == pytest.approx(0.5 / 3 + 1 / 3), "half of a day, and one that is empty"
    assert rig.source.standing().settled == 1
    assert datetime(2026, 10, 5, tzinfo=UTC) == BEGIN


def test_a_day_that_is_only_listed_is_no_part_of_the_share() -> None:
    """Its objects may be late in the day, and may be refused all the same."""
    late = [day * 1440 + 1200 for day in range(3)]
    rig = rig_of(*late)
    (first,) = rig.receive().values()
    assert rig.source.standing().share == 0.0
    rig.ship([first])
    (second,) = rig.receive().values()
    rig.retry(second)
    assert rig.source.standing().share == pytest.approx(1 / 3)
