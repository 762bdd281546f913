"""A replay that is ended at any moment, and run again, ships everything, and its place is never past what is not."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.model import Delivery, Outcome, Settlement
from agent.replay.checkpoint import Checkpoint
from agent.replay.notes import Arguments, Whereabouts
from agent.replay.span import Span
from agent.replay.streams import Stream
from tests.support.clock import FakeClock
from tests.support.listing import FakeListing, key_at, stream
from tests.support.objects import BUCKET
from tests.support.replays import BEGIN, SPAN, ReplayRig, key_of

STREAMS: tuple[Stream, ...] = (stream(), stream(region="eu-west-1"))
MINUTES = st.lists(st.integers(-60, 3 * 1440 + 60), max_size=12, unique=True)
END = SPAN.until - timedelta(hours=5)


class ReplayMachine(RuleBasedStateMachine):
    """`shipped` and `listed` are what was told to be so, of all lives; the file is read as the next life would."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.shipped: set[str] = set()
        self.listed: set[str] = set()
        self.until = END
        self.found = STREAMS
        self.fresh_after = BEGIN + timedelta(hours=12)
        self.clock = FakeClock()

    @initialize(by_stream=st.tuples(MINUTES, MINUTES), page_keys=st.integers(1, 5))
    def begin(self, by_stream: tuple[list[int], list[int]], page_keys: int) -> None:
        """A bucket, and the first life."""
        self.keys = [
            key_at(BEGIN + timedelta(minutes=each), f"{each % 7}{number}", of=of)
            for of, minutes in zip(STREAMS, by_stream, strict=True)
            for number, each in enumerate(minutes)
        ]
        self.page_keys = page_keys
        self.live()

    def live(self) -> None:
        """A process with the checkpoint of those before it."""
        arguments = Arguments(
            buckets=(BUCKET,),
            prefixes=(),
            accounts=(),
            regions=(),
            since=BEGIN,
            since_given="",
            until=self.until,
            select={},
            record={},
            destination="",
        )
        self.checkpoint = Checkpoint.open(self.folder / "checkpoint", arguments, room_bytes=0)
        listing = FakeListing({BUCKET: self.keys}, page_keys=self.page_keys)
        span = Span(BEGIN, self.until)
        self.rig = ReplayRig(listing, self.found, span, self.checkpoint, self.clock, fresh_after=self.fresh_after)
        self.in_hand: list[Delivery] = []

    @rule(most=st.integers(1, 10))
    def receive(self, most: int) -> None:
        """A worker asks for more."""
        self.in_hand += self.rig.source.receive(most)
        ages = [(each.message_id, each.receive_count) for each in self.in_hand]
        assert len({one for one, _ in ages}) == len(ages), "nothing is in two hands"

    @precondition(lambda self: self.in_hand)
    @rule(number=st.integers(0, 99), outcome=st.sampled_from([*Outcome, Outcome.DELIVERED, Outcome.DELIVERED]))
    def settle(self, number: int, outcome: Outcome) -> None:
        """Something becomes of one of those in hand."""
        delivery = self.in_hand.pop(number % len(self.in_hand))
        key = key_of(delivery)
        match outcome:
            case Outcome.DELIVERED:
                self.shipped.add(key)
                self.rig.ship([delivery])
            case Outcome.DEAD_LETTER:
                self.rig.bury(delivery)
                self.listed.add(key)
            case Outcome.RETRY:
                self.rig.retry(delivery)
            case Outcome.RETURNED:
                self.rig.source.settle([Settlement(delivery, Outcome.RETURNED)])

    @precondition(lambda self: not self.in_hand)
    @rule(units=st.integers(1, 30))
    def work(self, units: int) -> None:
        """Much is shipped, with nothing on the way."""
        for _ in range(units):
            deliveries = self.rig.source.receive(10)
            self.shipped.update(map(key_of, deliveries))
            self.rig.ship(deliveries)

    @rule(seconds=st.floats(0, 100))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @rule(
        torn=st.binary(max_size=9).filter(lambda torn: b"\n" not in torn),
        is_later=st.booleans(),
        late=st.lists(st.integers(0, 1440), max_size=3),
        hours=st.integers(0, 20),
        found=st.sampled_from([STREAMS, STREAMS[:1], STREAMS[1:]]),
    )
    def crash(self, torn: bytes, is_later: bool, late: list[int], hours: int, found: tuple[Stream, ...]) -> None:
        """The process is gone, perhaps in the middle of a line; another one goes on, perhaps to a later end.

        Meanwhile objects come into the bucket whose names are of the time that was fresh. It may find other streams.
        """
        self.checkpoint.close()
        times = [self.fresh_after + timedelta(minutes=minutes) for minutes in late]
        new = [key_at(time, f"{minutes % 7}late", of=STREAMS[0]) for time, minutes in zip(times, late, strict=True)]
        self.keys += sorted(set(new) - set(self.keys))
        self.fresh_after += timedelta(hours=hours)
        with (self.folder / "checkpoint").open("ab") as file:
            file.write(torn)
        self.until = SPAN.until if is_later else self.until
        self.found = found
        self.live()

    @invariant()
    def the_place_is_not_past_what_is_unsettled(self) -> None:
        """What the next life will leave out was shipped, or is listed in the file."""
        if not hasattr(self, "rig"):
            return
        place = self._read()
        for of in STREAMS:
            for key in self._wanted(of.folder):
                day = date(*map(int, key.removeprefix(of.folder).split("/")[:3]))
                settled = place.settled.get((BUCKET, of.folder, day))
                is_passed = bool(
                    place.is_done(of.where, day) or (settled and key <= settled.key) or (BUCKET, key) in place.also
                )
                assert not is_passed or key in self.shipped or (BUCKET, key) in place.unshipped

    def teardown(self) -> None:
        """In the end everything was shipped: what is listed is tried again, too."""
        try:
            if hasattr(self, "keys"):
                self._finish()
        finally:
            shutil.rmtree(self.folder)

    def _finish(self) -> None:
        self.found = STREAMS
        for until in (self.until, SPAN.until):
            self.until = until
            self.checkpoint.close()
            self.live()
            self.shipped.update(self.rig.ship_all())
            assert not self.rig.source.unshipped
        self.checkpoint.close()
        assert set(self._wanted("")) <= self.shipped
        self.live()
        assert self.rig.ship_all() == [], "a last run finds nothing to do"
        self.checkpoint.close()

    def _wanted(self, folder: str) -> list[str]:
        span = Span(BEGIN, self.until)
        minutes = {key: key.rpartition("/")[2].split("_")[3] for key in self.keys if key.startswith(folder)}
        return [
            key for key, time in minutes.items() if f"{span.since:%Y%m%dT%H%MZ}" <= time < f"{span.until:%Y%m%dT%H%MZ}"
        ]

    def _read(self) -> Whereabouts:
        """The file, as the next life would find it."""
        copy = self.folder / "copy"
        shutil.copy(self.folder / "checkpoint", copy)
        checkpoint = Checkpoint.open(copy, self.checkpoint.arguments)
        checkpoint.close()
        return checkpoint.place


ReplayMachine.TestCase.settings = settings(settings.get_profile("trail-agent"), max_examples=40, stateful_step_count=40)
TestReplay = ReplayMachine.TestCase
