"""How far ahead is listed: enough to keep everybody busy, and never more."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta

from agent.replay.look_ahead import MOST_LANES
from agent.replay.span import Span
from tests.support.listing import YearListing, stream
from tests.support.replays import BEGIN, ReplayRig

ACCOUNTS = ("111122223333", "444455556666", "777788889999")
REGIONS = ("us-west-2", "eu-west-1", "ap-south-1")
STREAMS = [stream(account, region) for account in ACCOUNTS for region in REGIONS]
DAYS = 365
EACH_DAY = 4


def year() -> ReplayRig:
    """A year of three accounts in three regions."""
    listing = YearListing(STREAMS, EACH_DAY)
    return ReplayRig(listing, streams=STREAMS, span=Span(BEGIN, BEGIN + timedelta(days=DAYS)))


def test_the_first_object_comes_after_few_requests() -> None:
    """However long the span is: nothing is listed that is far from what is read."""
    rig = year()
    assert rig.receive()
    assert isinstance(rig.listing, YearListing)
    assert rig.listing.requests <= MOST_LANES
    assert {prefix[-11:-7] for prefix in rig.listing.asked} == {"2026"}


def test_the_listing_stays_a_fixed_way_ahead() -> None:
    """In order of days, each day of each stream once; memory does not grow with what is shipped."""
    rig, done, peaks = year(), 0, []
    listing = rig.listing
    assert isinstance(listing, YearListing)
    tracemalloc.start()
    try:
        while not rig.source.has_ended():
            deliveries = rig.receive()
            rig.ship(deliveries.values())
            rig.telemetry.told.clear()
            rig.telemetry.settled.clear()
            done += len(deliveries)
            assert listing.requests - done // EACH_DAY <= MOST_LANES + len(STREAMS)
            if done % 2000 < len(deliveries):
                peaks.append(tracemalloc.get_traced_memory()[1] - 150 * len(listing.asked))  # less what the test keeps
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    assert done == DAYS * len(STREAMS) * EACH_DAY
    assert len(listing.asked) == len(set(listing.asked)) == DAYS * len(STREAMS)
    assert max(peaks[1:]) < 1.5 * peaks[1]
