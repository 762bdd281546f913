"""The whole demo: an emulated account, the real daemon, a sink, and events to watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from random import Random

from agent.demo.answers import answers
from agent.demo.lines import DAY_AND_TIME, TIME_OF_DAY
from agent.demo.receiver import Receiver
from agent.demo.scrape import Scrape, Tally
from agent.demo.scratch import scratch
from agent.demo.script import Act, Script
from agent.demo.show import Show
from agent.demo.shown_daemon import ShownDaemon
from agent.demo.sinks import BuiltIn, DemoSink, Elsewhere
from agent.demo.world import World
from agent.settings import redacted_url
from agent.signals import Stopping
from agent.sink.otlp.decode import ReceivedRecord

_BEAT_SECONDS = 0.2
_PAUSE_SECONDS = 1.5
_SUMMARY_SECONDS = 15.0
_OPENING_SECONDS = 10.0
_ARRIVAL_SECONDS = 60.0
_SETTLE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for."""

    once: bool = False
    otlp_endpoint: str | None = None
    profiles: tuple[str, ...] = ()


def run(wishes: Wishes, show: Show, stopping: Stopping) -> list[str]:
    """Show the daemon at work until `stopping` is set, or with `once` until the first batch has arrived.

    Returns what went wrong with the events, one sentence each. Raises DependencyError, NotReadyError or
    DaemonEndedError when there is nothing to show; whatever was started has ended when this returns or raises.
    """
    show.title()
    with ExitStack() as stack:
        demo = _start(wishes, show, stopping, stack)
        demo.play(wishes)
        return demo.end(wishes)


def _start(wishes: Wishes, show: Show, stopping: Stopping, stack: ExitStack) -> Demo:
    folder = stack.enter_context(scratch("demo"))
    with show.step("starting an emulated S3 and SQS", "S3 and SQS, emulated") as note:
        world = stack.enter_context(World.start())
        note.append(world.endpoint)
    sink = _sink(wishes, show, stopping, stack)
    with show.step("starting the daemon", "the daemon: trail-agent run") as note:
        theirs = wishes.otlp_endpoint is not None
        shown = ShownDaemon.start(world, sink.endpoint, folder, keep_headers=theirs, profiles=wishes.profiles)
        daemon = stack.enter_context(shown)
        daemon.await_ready(stopping)
        note.append(daemon.address)
    show.links(daemon.address, once=wishes.once)
    return Demo(Ensemble(world, daemon, sink), show, stopping, Script(Random(), wishes.profiles))


def _sink(wishes: Wishes, show: Show, stopping: Stopping, stack: ExitStack) -> DemoSink:
    if wishes.otlp_endpoint is not None:
        return Elsewhere(wishes.otlp_endpoint, stopping)
    with show.step("starting an OTLP receiver", "an OTLP receiver, in this process") as note:
        receiver = stack.enter_context(Receiver.start())
        note.append(f"{receiver.endpoint}/v1/logs")
    return BuiltIn(receiver)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What a running demo is made of."""

    world: World
    daemon: ShownDaemon
    sink: DemoSink


class Demo:
    """A running demo."""

    def __init__(self, ensemble: Ensemble, show: Show, stopping: Stopping, script: Script) -> None:
        self._world = ensemble.world
        self._daemon = ensemble.daemon
        self._sink = ensemble.sink
        self._show = show
        self._stopping = stopping
        self._script = script
        self._written = 0
        self._seen: list[ReceivedRecord] = []

    def play(self, wishes: Wishes) -> None:
        """Write the opening and show it arrive; without `once`, go on until asked to stop."""
        if self._stopping.is_set():
            return
        if wishes.otlp_endpoint is not None:
            self._show.elsewhere(redacted_url(wishes.otlp_endpoint), all_codecatalyst=not wishes.profiles)
        else:
            self._show.header("on what" if wishes.profiles else "space/project")
        with self._show.footer():
            if wishes.otlp_endpoint is None:  # a sink of somebody's own may refuse what is days old
                self._write(self._script.past())
                self._open(DAY_AND_TIME)
            self._write(self._script.opening())
            self._open()
            self._watch(_ARRIVAL_SECONDS, until=self._complete)
            self._watch(_SETTLE_SECONDS, until=self._settled)
            if self._seen:
                self._show.answers(answers(self._seen, datetime.now().astimezone()))
            if not wishes.once:
                self._go_on()

    def end(self, wishes: Wishes) -> list[str]:
        """Print the last counts, stop the daemon, and say how it went."""
        if not self._written:  # asked to stop so early that the daemon may not even know how to
            return ["interrupted before anything was written"]
        scrape = self._daemon.scrape()
        faults = self._sink.faults(scrape)
        self._show.curtain(self._tally(scrape))
        with self._show.step("stopping the daemon: it finishes what it has in hand", "the daemon has stopped cleanly"):
            self._daemon.stop()
        written = f"{self._written} {self._script.what} written"
        if not faults:
            self._show.verdict(f"{written}, {self._sink.proof}", good=True)
        elif not wishes.once:
            self._show.say(f"{written}; {len(faults)} of them had not arrived, or not as they should")
        return faults

    def _go_on(self) -> None:
        summary_due = time.monotonic()
        while not self._stopping.is_set():
            if time.monotonic() >= summary_due:
                self._show.summary(self._tally(self._daemon.scrape()))
                summary_due += _SUMMARY_SECONDS
            self._write(self._script.next())
            self._watch(_PAUSE_SECONDS, until=lambda: False)

    def _write(self, act: Act) -> None:
        self._sink.write(act.events)
        for one in act.objects:
            self._world.put(one.key, one.body)
        self._written += len(act.events)

    def _open(self, clock: str = TIME_OF_DAY) -> None:
        """Show a batch in the order of time: it arrives object by object, and their times overlap."""
        held: list[ReceivedRecord] = []
        try:
            for records in self._arrivals(_OPENING_SECONDS, until=self._complete):
                held += records
        finally:
            self._seen += held
            self._show.records(held, clock)

    def _watch(self, seconds: float, until: Callable[[], bool]) -> None:
        """Show what arrives as it comes."""
        for records in self._arrivals(seconds, until):
            self._show.records(records)

    def _arrivals(self, seconds: float, until: Callable[[], bool]) -> Iterator[Sequence[ReceivedRecord]]:
        """What arrives, until `until` says so, `seconds` have passed, or the demo is to stop."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stopping.is_set():
            records = self._sink.take(_BEAT_SECONDS)
            yield records
            if not records:
                self._daemon.check()
                self._show.refresh(self._tally(self._daemon.scrape()))
                if until():
                    return

    def _tally(self, scrape: Scrape) -> Tally:
        return Tally.of(scrape, queued=self._world.queue_depth().total)

    def _complete(self) -> bool:
        return not self._sink.faults(self._daemon.scrape())

    def _settled(self) -> bool:
        """Whether every message is deleted, so that nothing can come a second time."""
        return self._world.queue_depth().total == 0
