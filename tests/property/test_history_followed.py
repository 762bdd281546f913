"""Event history that is followed: whatever the order, the lateness and the restarts, each event is shipped."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from agent.errors import Fault
from tests.support.clock import FakeClock
from tests.support.followed import Crash, Life, happened
from tests.support.history_service import HistoryService
from tests.support.sink import REFUSED

OVERLAP = 600
MEMORY = Path("/dev/shm")
EDGES = ("before ship", "after ship", "before keep", "after keep")


class HistoryMachine(RuleBasedStateMachine):
    """`due` are the events that have to be shipped, `refused` those that the sink never takes, `slow` those that it
    gives no answer to for some time.

    `repeats` is how often each may come again: once for each process that was killed with it in hand.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.service = HistoryService(repeats=True)
        self.file = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None)) / "places"
        self.due: set[str] = set()
        self.refused: set[str] = set()
        self.unsettled: set[str] = set()
        self.slow: set[str] = set()
        self.shipped: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.repeats: Counter[str] = Counter()
        self.begun = self.clock.time()
        self.refusal: Fault | None = None
        self.is_set_wrongly = False

    @initialize(most_events=st.sampled_from([400, 5000]), remembers=st.sampled_from([0, 1000]), is_final=st.booleans())
    def begin(self, most_events: int, remembers: int, *, is_final: bool) -> None:
        """The first life."""
        self.most_events, self.remembers = most_events, remembers
        self.refusal = replace(REFUSED, is_final=True) if is_final else None
        self.live()
        self.work(1)

    def now(self) -> int:
        """By AWS's clock."""
        return int(self.clock.time() - self.clock.off)

    def live(self) -> None:
        """A process with the checkpoint of those before it."""
        self.life = Life(
            self.service,
            self.clock,
            self.file,
            overlap=OVERLAP,
            most_events=self.most_events,
            remembers=self.remembers,
        )
        self.life.sink.refused, self.life.sink.unsettled = self.refused, self.unsettled
        self.life.sink.refusal = self.refusal
        self.life.sink.is_set_wrongly = self.is_set_wrongly

    @rule(
        number=st.integers(1, 70),
        ago=st.integers(0, OVERLAP),
        spread=st.integers(0, 7),
        late=st.integers(0, OVERLAP),
        fate=st.sampled_from(["taken", "taken", "refused", "unsettled"]),
    )
    def happen(self, number: int, ago: int, spread: int, late: int, fate: str) -> None:
        """Events that began so long ago, `spread` seconds apart, each shown so late, but not in the past."""
        for one in range(number):
            at = self.now() - ago + one * spread
            name = f"e-{len(self.due) + len(self.refused)}"
            shown = max(late, self.now() - at)
            if shown > OVERLAP or at < self.begun - OVERLAP:
                continue
            self.service.put(happened(name, at), late=shown)
            if fate == "refused" and one % 9 == 0:
                self.refused.add(name)
                continue
            if fate == "unsettled" and one % 9 == 0:
                self.unsettled.add(name)
                self.slow.add(name)
            self.due.add(name)

    @rule(seconds=st.integers(1, 2000))
    def work(self, seconds: int) -> None:
        """Time passes."""
        self.life.pass_time(seconds)

    @rule(
        after=st.integers(0, 300),
        off=st.sampled_from([301, -301, 5400, -7200, 100 * 86_400, -1000 * 86_400]) | st.integers(-(2**30), 2**30),
        seconds=st.integers(1, OVERLAP),
    )
    def set_the_clock(self, after: int, off: int, seconds: int) -> None:
        """Wrongly, so that AWS answers nothing, and right again some time later."""
        self.clock.at(after, lambda: self.clock.set_to(off if abs(off) > 300 else 0))
        self.clock.at(after + seconds, lambda: self.clock.set_to(0))

    @precondition(lambda self: self.unsettled)
    @rule()
    def settle(self) -> None:
        """The sink takes what it gave no answer to."""
        self.unsettled.clear()

    @rule()
    def set_the_sink(self) -> None:
        """Wrongly, so that it refuses everything, or right again."""
        self.is_set_wrongly = self.life.sink.is_set_wrongly = not self.is_set_wrongly

    @rule(away=st.integers(0, 4000))
    def stop(self, away: int) -> None:
        """A clean stop, and a start after some time."""
        self.life.stop()
        self.bury(killed=False)
        self.clock.advance(away)
        self.live()

    @rule(edge=st.sampled_from(EDGES), nth=st.integers(1, 3), away=st.integers(0, 4000))
    def kill(self, edge: str, nth: int, away: int) -> None:
        """The process ends at such an edge, if it comes to one."""
        left = [nth]

        def kill_at(reached: str) -> None:
            left[0] -= reached == edge
            if not left[0]:
                raise Crash

        self.life.kill_at = kill_at
        try:
            self.life.pass_time(300)
        except Crash:
            self.bury(killed=True)
            self.clock.advance(away)
            self.live()
        else:
            self.life.kill_at = lambda _: None

    def bury(self, *, killed: bool) -> None:
        """Add up what the process has done."""
        self.life.places.close()
        self.shipped += self.life.shipped()
        self.told += Counter(each.event_id for each in self.life.telemetry.unshipped)
        if killed:
            self.repeats += Counter(set(self.life.sink.exports[-1]) if self.life.sink.exports else ())
        else:
            assert self.life.telemetry.events_read == self.life.telemetry.fates.total()

    def teardown(self) -> None:
        """In the end nothing is missing, and nothing came twice but what was in hand."""
        if not hasattr(self, "life"):
            return
        self.unsettled.clear()
        self.is_set_wrongly = self.life.sink.is_set_wrongly = False
        self.clock.advance(2 * OVERLAP)  # it is right again
        self.service.put(happened("last", self.now() - 1))
        self.due.add("last")
        self.life.pass_time(3 * OVERLAP)
        self.life.stop()
        self.bury(killed=False)
        assert self.due - self.shipped.keys() <= self.slow & self.told.keys()
        assert set(self.shipped) <= self.due
        assert {name for name, count in self.shipped.items() if count > 1 + self.repeats[name]} == set()
        assert self.refused - self.told.keys() == set()
        assert {name for name, count in self.told.items() if count > 1 + self.repeats[name]} == set()
        assert set(self.told) <= self.refused | self.slow


HistoryMachine.TestCase.settings = settings(
    settings.get_profile("trail-agent"), max_examples=40, stateful_step_count=25
)
TestHistoryIsFollowed = HistoryMachine.TestCase


def test_what_a_sink_refuses_that_was_set_wrongly_is_told_once_it_takes_others() -> None:
    """Also if the others that it takes stand in the same request, and nothing else ever comes."""
    machine = HistoryMachine()
    machine.begin(400, 0, is_final=False)
    machine.set_the_sink()
    machine.happen(number=6, ago=240, spread=7, late=224, fate="refused")
    machine.work(600)
    machine.set_the_sink()
    machine.teardown()
    assert machine.told == {"e-0": 1}
