"""What a replay would take."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest

from agent.pulse import Pulse
from agent.replay.checkpoint import NoCheckpoint
from agent.replay.estimate import Counted, Counting
from agent.replay.notes import AlsoSettled, SettledUpTo, Unshipped
from agent.replay.plan import Plan
from agent.replay.retrying import Retrying
from agent.replay.span import Span
from tests.support.clock import FakeClock
from tests.support.listing import FakeListing, key_at, stream
from tests.support.objects import BUCKET
from tests.support.one_worker import HereAndNow
from tests.support.replays import BEGIN
from tests.support.telemetry import FakeTelemetry

KEYS = [key_at(BEGIN + number * timedelta(hours=1), f"{number:03}") for number in range(96)]


def is_read(bucket: str, key: str) -> bool:
    """What has an odd name is not."""
    return bucket == BUCKET and not key.startswith("odd")


def count(span: Span, checkpoint: NoCheckpoint | None = None, *, page_keys: int = 1000) -> tuple[Counted, FakeListing]:
    """What is counted, and what was asked for it."""
    listing, pulse = FakeListing({BUCKET: KEYS}, page_keys=page_keys), Pulse(FakeClock())
    retrying = Retrying(telemetry=FakeTelemetry(), pulse=pulse, halt=Event(), random=lambda: 1.0)
    plan = Plan([stream()], span, span.until)
    counting = Counting(
        plan, checkpoint or NoCheckpoint(), listing=listing, retrying=retrying, pool=HereAndNow(), is_read=is_read
    )
    counted = counting.run()
    assert counting.share() == 1.0
    return counted, listing


def test_what_is_wanted_is_counted() -> None:
    """By listing each day, page by page, and nothing else."""
    counted, listing = count(Span(BEGIN + timedelta(hours=12), BEGIN + timedelta(days=2)), page_keys=10)
    assert (counted.objects, counted.object_bytes, counted.lists) == (36, 3600, 6)
    assert set(listing.asked) == {stream().day_folder((BEGIN + timedelta(days=day)).date()) for day in range(2)}


def test_what_a_checkpoint_has_is_not_counted_again() -> None:
    """What could not be shipped is: it is tried once more."""
    checkpoint = NoCheckpoint()
    checkpoint.place.take(SettledUpTo(BUCKET, stream().folder, BEGIN.date(), KEYS[11]))
    checkpoint.place.take(Unshipped(BUCKET, "a", "object_corrupt", "it is damaged"))
    checkpoint.place.take(Unshipped(BUCKET, "odd", "not_allowed", "it has an odd name"))
    checkpoint.place.take(AlsoSettled(BUCKET, stream().folder, BEGIN.date(), KEYS[20]))
    counted, _ = count(Span(BEGIN, BEGIN + timedelta(days=1)), checkpoint)
    assert (counted.objects, counted.others, counted.gets) == (12 - 1 + 1, 1, 12 - 1 + 1)


def test_time_follows_from_the_processor_or_from_the_distance() -> None:
    """Whichever takes longer; one stream goes on by itself, several side by side."""
    small = Counted(objects=100_000, object_bytes=100_000 * 28_000, slowness=[9.0, 0.04, 9.0])
    assert small.seconds(streams=100, workers=8) == pytest.approx(100 + 89.6)
    assert small.seconds(streams=1, workers=4) == pytest.approx(800)
    assert Counted().seconds(streams=1, workers=4) == 1.0


def test_money_is_that_of_the_requests() -> None:
    """Listing a thousand costs half a cent, reading a thousand four hundredths of one."""
    assert Counted(gets=1_000_000, lists=10_000).dollars() == pytest.approx(0.4 + 0.05)
