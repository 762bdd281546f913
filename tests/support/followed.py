"""One life of a process that follows the Event history of a region: a worker and all below it, on a told clock."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from agent.aws.event_history import EventHistory
from agent.flow.budget import Budget
from agent.flow.hands import Hands
from agent.flow.intake import Intake
from agent.flow.readpool import ReadPool
from agent.flow.remembered import Remembered
from agent.flow.shipping import Shipping
from agent.flow.window_reader import WindowReader
from agent.flow.worker import Worker
from agent.history.account_log import HistoryLog
from agent.history.beginning import Beginning, Start
from agent.history.fresh_log import FreshLog
from agent.history.history_source import HistoryInHand, HistorySource
from agent.history.patient_waits import PatientWaits
from agent.history.place_file import PlaceFile, Places
from agent.pulse import Pulse
from agent.records.selection import Selector
from agent.settings import EventHistorySettings
from agent.waiting.doubt import NoDoubt
from agent.waiting.gate import Gate
from tests.support.clock import FakeClock
from tests.support.events import REGION, Members, event
from tests.support.history_service import HistoryClient, HistoryService
from tests.support.one_worker import HereAndNow
from tests.support.records import open_mapper
from tests.support.sink import FakeSink
from tests.support.telemetry import FakeTelemetry

CODECATALYST = "codecatalyst.amazonaws.com"
_Result = TypeVar("_Result")


def happened(event_id: str, at: float) -> Members:
    """An event of CodeCatalyst at this time, in Unix seconds."""
    return {**event(event_id), "eventTime": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"}


class Crash(BaseException):
    """The process is no more."""


@dataclass
class Life:
    """From the start of a process to its end. `file` is the checkpoint file, if there is one.

    `kill_at` is called at each edge, with its name, and may raise `Crash`.
    """

    service: HistoryService
    clock: FakeClock = field(default_factory=FakeClock)
    file: Path | None = None
    poll: int = 60
    overlap: int = 1800
    most_events: int = 5000
    remembers: int = 1000
    regions: Sequence[str] = (REGION,)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    kill_at: Callable[[str], object] = lambda _: None

    def __post_init__(self) -> None:
        self.is_dead = False
        pulse, self.drain, self.halt = Pulse(self.clock), threading.Event(), threading.Event()
        self.gate = Gate(pulse, self.halt)
        self.sink = FakeSink(pulse, self.halt)
        self.places = PlaceFile(self.file) if self.file else Places()
        keep = self.places.keep
        self.places.keep = partial(self._at_edge, "keep", keep)  # type: ignore[method-assign]
        client = HistoryClient(self.service, self.clock)
        self.log = HistoryLog(
            EventHistory({REGION: client}, client),
            PatientWaits(telemetry=self.telemetry, pulse=pulse, stop=self.drain, random=lambda: 1.0),
            places=[REGION],
            sources=[CODECATALYST],
            most_events=self.most_events,
            clock=self.clock,
            per_second=1.0,
            tell=self.telemetry.history_asked,
        )
        follows = EventHistorySettings(regions=tuple(self.regions), overlap_seconds=self.overlap)
        self.source = HistorySource(
            REGION,
            log=self.log,
            places=self.places,
            beginning=Beginning(
                self.places,
                follows,
                Start.now(self.clock),
                clock=self.clock,
                owner=self.log.owner,
                telemetry=self.telemetry,
            ),
            poll_seconds=self.poll,
            overlap_seconds=self.overlap,
            telemetry=self.telemetry,
            pulse=pulse,
            drain=self.drain,
            random=lambda: 1.0,
            accepted=self.accepted,
        )
        self.in_hand = HistoryInHand(REGION, self.telemetry, self.source)
        self.worker = self._make_worker(pulse)

    def _make_worker(self, pulse: Pulse) -> Worker:
        budget = Budget(1 << 30, pulse, self.halt, self.telemetry.bytes_reserved)
        reader = WindowReader(
            FreshLog(self.log, self.source.following, REGION),
            selection=Selector(),
            mapper=open_mapper(),
            tell_reads=self.telemetry.windows_read,
            pulse=pulse,
        )
        self.shipping = Shipping(
            sink=self.sink,
            remembered=Remembered(self.remembers),
            telemetry=self.telemetry,
            pulse=pulse,
            halt=self.halt,
        )
        ship = self.shipping.ship
        return Worker(
            hands=Hands(1, budget.is_short, pulse),
            intake=Intake(
                source=self.source,
                leases=self.in_hand,
                gate=self.gate,
                pulse=pulse,
                drain=self.drain,
                idle_seconds=budget.idle_seconds,
                needs="sink",
            ),
            reads=ReadPool(
                pool=HereAndNow(),
                read=reader.read,
                budget=budget,
                gate=self.gate,
                telemetry=self.telemetry,
                pulse=pulse,
                drain=self.drain,
            ),
            ship=lambda readings: self._at_edge("ship", partial(ship, readings, self.source.shipped)),
            source=self.source,
            leases=self.in_hand,
            doubt=NoDoubt(),
            telemetry=self.telemetry,
            pulse=pulse,
            drain=self.drain,
        )

    def _at_edge(self, name: str, do: Callable[[], _Result]) -> _Result:
        self._reach(f"before {name}")
        result = do()
        self._reach(f"after {name}")
        return result

    def _reach(self, edge: str) -> None:
        """Nothing that a process which is gone still asks for is done."""
        if self.is_dead:
            raise Crash
        try:
            self.kill_at(edge)
        except Crash:
            self.is_dead = True
            raise

    def accepted(self) -> int:
        """How many records the sink has accepted."""
        return self.shipping.accepted()

    def pass_time(self, seconds: float) -> None:
        """Let the worker work for so long."""
        until = self.clock.elapsed + seconds
        while self.clock.elapsed < until:
            self.worker.run_once()

    def put(self, *names: str, ago: float = 60.0, late: float = 0.0) -> None:
        """Events of these ids, which happened so long ago, and are shown `late` seconds after that."""
        now = self.clock.time() - self.clock.off
        self.service.put(*(happened(name, now - ago) for name in names), late=late)

    def stop(self) -> None:
        """As the daemon does on SIGTERM, when nothing is in hand any more."""
        self.drain.set()
        self.halt.set()
        self.source.give_back(self.in_hand.held())
        self.places.close()

    def shipped(self) -> Counter[str]:
        """How often the sink has accepted each event."""
        return Counter(record.event_id for record in self.sink.stored)

    @property
    def lag(self) -> float:
        """How far behind the place is."""
        return self.clock.time() - self.source.following.position
