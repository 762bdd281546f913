"""The daemon's life: start, work, drain, stop. Contains no decisions about deliveries."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Thread
from typing import Final, TextIO, TypeVar

from agent import __version__
from agent.assembly import Assembly
from agent.aws.event_history import EventHistory
from agent.connections import Aws
from agent.errors import AwsError, DependencyError, SettingsError
from agent.flow import heap
from agent.flow.crew import Crew, Stops, Team
from agent.history.beginning import note, note_soon
from agent.history.followed import ask_each
from agent.history.place_file import open_places
from agent.pulse import Pulse
from agent.records import profiles
from agent.records.selection import volume
from agent.settings import EventHistorySettings, Settings, Supervisor
from agent.signals import Attention, SignalInbox
from agent.telemetry.events import Telemetry, open_telemetry
from agent.telemetry.labels import vocabulary
from agent.telemetry.logs import Log, foreign_logging, open_log
from agent.telemetry.metrics import Build
from agent.telemetry.revision import revision
from agent.waiting.lookups import bounded_lookups

_Answer = TypeVar("_Answer")

_START_RETRY_SECONDS: Final = 5.0
_LISTEN_SECONDS: Final = 1.0
_RETURN_SECONDS: Final = 3.0  # of the grace, kept for giving messages back
_CONTAINERS_BEFORE_A_LOOK: Final = 50_000


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line and whoever started the process add to the settings."""

    dry_run: bool = False
    require_healthy: bool = False
    supervisor: Supervisor = field(default_factory=Supervisor)


def run(settings: Settings, options: RunOptions, inbox: SignalInbox, log_stream: TextIO) -> None:
    """Run the daemon until `inbox` has SIGTERM or SIGINT; returns after a clean stop.

    Raises `SettingsError` if it must not start, `DependencyError` if `require_healthy` and something is not there.
    """
    heap.configure()
    pulse = Pulse()
    log = open_log(settings.log.level, settings.log.format, log_stream)
    telemetry = telemetry_of(settings, log, pulse)
    with foreign_logging(log), bounded_lookups():
        _Daemon(settings, options, pulse, telemetry, inbox).run()


def telemetry_of(settings: Settings, log: Log, pulse: Pulse) -> Telemetry:
    """The telemetry of one process with these settings, in a registry of its own."""
    known = vocabulary(profiles.named(settings.select.profiles), settings.select.event_sources)
    build, retired = Build(__version__, revision()), settings.spaces.retired
    return open_telemetry(log, pulse, build, settings.limits.event_name_labels, known, retired_spaces=retired)


class _Daemon:
    """One run: start until the queue is there, work until a signal, drain until all is settled or given back."""

    def __init__(
        self, settings: Settings, options: RunOptions, pulse: Pulse, telemetry: Telemetry, inbox: SignalInbox
    ) -> None:
        self._settings = settings
        self._options = options
        self._pulse = pulse
        self._telemetry = telemetry
        self._attention = Attention(inbox, pulse)
        self._stops = Stops()
        # What is wrong with the file must not hold up the queue: it is told, and waited for.
        self._places = open_places(
            settings.event_history, read_only=options.dry_run, may_wait=settings.queue is not None
        )
        self._assembly = Assembly(settings, telemetry, pulse, self._stops, dry_run=options.dry_run)
        self._unit = telemetry.unit(options.supervisor)
        self._lacks_queue = False

    def run(self) -> None:
        settings, telemetry = self._settings, self._telemetry
        server = telemetry.server(settings.http.host, settings.http.port)
        thresholds = gc.get_threshold()
        server.start()
        self._unit.start()  # it counts as started: what it waits for from here on, no restart mends
        try:
            with self._pulse.alive():
                address = f"{settings.http.listen.rpartition(':')[0]}:{server.port}"
                telemetry.started(
                    __version__,
                    settings.queue.url if settings.queue else "",
                    len(settings.buckets),
                    settings.otlp.endpoint,
                    address,
                    selects=(*settings.select.profiles, *settings.select.event_sources),
                    polls=settings.event_history.regions if settings.event_history else (),
                )
                for warning in settings.warnings:
                    telemetry.setting_warned(warning)
                if adds := volume(profiles.named(settings.select.profiles), settings.select.event_sources):
                    telemetry.volume_added(adds)
                if teams := self._start():
                    self._work(teams)
                else:
                    self._drain(0)
                    telemetry.stopped(0.0)
        finally:
            self._stops.end.set()
            self._places.close()
            self._unit.stop()
            server.stop()
            gc.unfreeze()
            gc.set_threshold(*thresholds)

    def _start(self) -> Sequence[Team]:
        """Wait until AWS answers; who works on what is there. Nobody if a signal came first."""
        attention, telemetry, follows = self._attention, self._telemetry, self._settings.event_history
        aws, account = None, None
        if follows:  # also if the process ends before AWS answers
            at = self._assembly.start.at - follows.overlap_seconds
            note_soon(partial(note, self._places, follows.regions, at, telemetry), self._pulse, self._stops.end)
        if self._settings.queue:
            # Beside regions it is not waited for here: they begin without it, and it joins them.
            aws = self._until_answered(self._assembly.aws.connect, self._queue_down, is_patient=follows is None)
        else:
            telemetry.queue_unused()
        if follows and not attention.asked_by:
            account = self._open_history(follows)
        if attention.asked_by:
            return ()
        if aws:
            telemetry.queue_up()
        telemetry.history_up()
        if self._options.dry_run:
            telemetry.sink_up()  # nothing is sent, and nothing has to answer
        if attention.unless_signalled(self._assembly.sink.probe) is False and self._options.require_healthy:
            raise DependencyError("otlp.endpoint: the sink does not accept an export; the log above says why")
        self._lacks_queue = self._settings.queue is not None and aws is None
        return () if attention.asked_by else self._teams(aws, account)

    def _open_history(self, follows: EventHistorySettings) -> EventHistory | None:
        """As soon as there are credentials; None if a signal came first."""
        ask = partial(self._assembly.aws.event_history, follows.regions)
        account = self._until_answered(ask, self._history_down)
        if account and self._options.require_healthy:
            self._attention.unless_signalled(partial(ask_each, account, follows, self._pulse.clock.time()))
        return account

    def _until_answered(
        self, ask: Callable[[], _Answer], down: Callable[[AwsError], None], *, is_patient: bool = True
    ) -> _Answer | None:
        """What `ask` returns; None if a signal came first. `down` is told of each `AwsError`.

        None, too, after the first one of these, unless it `is_patient`.
        """
        answer = None
        while answer is None and not self._attention.asked_by:
            try:
                answer = self._attention.unless_signalled(ask)
            except AwsError as error:
                if not gc.isenabled():
                    _collect_garbage()  # this may go on for hours
                down(error)
                if not is_patient:
                    break
                self._attention.heard(_START_RETRY_SECONDS)
        return answer

    def _queue_down(self, error: AwsError) -> None:
        self._telemetry.queue_down(error.kind, error.detail)
        if self._options.require_healthy:
            raise DependencyError(f"queue.url: the queue does not answer: {error.detail}") from error

    def _history_down(self, error: AwsError) -> None:
        self._telemetry.history_down(error)
        if self._options.require_healthy:
            raise DependencyError(f"event_history: it cannot be asked: {error.detail}") from error

    def _teams(self, aws: Aws | None, account: EventHistory | None) -> Sequence[Team]:
        assembly, follows = self._assembly, self._settings.event_history
        letters = aws.dead_letter_url if aws else None
        of_queue = [self._of_queue(aws)] if aws else []
        of_history = assembly.history(follows, account, self._places, letters) if follows and account else []
        return [*of_queue, *of_history]

    def _of_queue(self, aws: Aws) -> Team:
        return self._assembly.team(self._assembly.queue(aws), aws.store, aws.dead_letter_url)

    def _work(self, teams: Sequence[Team]) -> None:
        """Start every thread, wait for a signal, and come to an end. Nothing is received before the sink accepts."""
        _collect_garbage()
        crew = self._assembly.crew(teams)
        shift = Shift(crew, self._stops, self._attention, self._pulse, self._settings.shutdown_grace_seconds)
        problem = None
        if self._telemetry.health.sink_up or self._attention.unless_signalled(self._assembly.sink.await_up):
            shift.begin()
            problem = self._join_queue(shift) if self._lacks_queue else None
            while not (problem or self._attention.asked_by or self._attention.heard(_LISTEN_SECONDS)):
                pass
        asked = self._pulse.clock.monotonic()
        self._drain(shift.in_hand())
        have_ended = shift.end()
        self._telemetry.stopped(self._pulse.clock.monotonic() - asked)
        if problem:
            raise problem
        if not have_ended:
            os._exit(0)  # a thread that hangs in a system call cannot be ended otherwise; what it held was given back

    def _join_queue(self, shift: Shift) -> SettingsError | None:
        """Once the queue answers, who works on it begins. Returns what the settings turn out to lack then."""
        try:
            if aws := self._until_answered(self._assembly.aws.connect, self._queue_down):
                self._telemetry.queue_up()
                shift.join(self._of_queue(aws))
        except SettingsError as error:
            return error
        return None

    def _drain(self, in_flight: int) -> None:
        """Tell everybody that the daemon is stopping, with `in_flight` messages in hand."""
        asked_by = self._attention.asked_by
        self._telemetry.draining(asked_by.name if asked_by else "", in_flight)
        self._unit.stopping()


class Shift:
    """The threads of one crew, from their beginning to their end. The keepers begin with it, the workers later."""

    def __init__(self, crew: Crew, stops: Stops, attention: Attention, pulse: Pulse, grace_seconds: float) -> None:
        self._crew = crew
        self._stops = stops
        self._attention = attention
        self._pulse = pulse
        self._grace = grace_seconds
        self._workers = [thread for team in crew.teams for thread in _workers_of(team)]
        for name, duty in crew.keepers.items():
            _thread(name, partial(duty, stops.end)).start()

    def begin(self) -> None:
        """Let the workers work."""
        for thread in self._workers:
            thread.start()

    def join(self, team: Team) -> None:
        """After the beginning: one more team, whose keepers and workers begin at once."""
        self._crew = replace(self._crew, teams=[*self._crew.teams, team])
        threads = _workers_of(team)
        self._workers += threads
        keepers = [_thread(name, partial(duty, self._stops.end)) for name, duty in team.supply.keepers.items()]
        for thread in (*keepers, *threads):
            thread.start()

    def in_hand(self) -> int:
        """How many deliveries are held."""
        return self._crew.in_hand()

    def end(self) -> bool:
        """Let the workers finish within the grace, or until a second signal; give back what is left.

        Returns whether all have ended, and all reads, too.
        """
        asked = self._pulse.clock.monotonic()
        self._stops.drain.set()
        self._attention.join(self._workers, asked + self._grace - min(_RETURN_SECONDS, self._grace / 4))
        self._stops.halt.set()
        now = self._pulse.clock.monotonic()
        self._attention.join(self._workers, min(now + _RETURN_SECONDS, asked + self._grace))
        self._stops.end.set()  # an extension must not hide again what is given back
        self._crew.give_back()
        return self._crew.pool.is_idle() and not any(worker.is_alive() for worker in self._workers)


def _workers_of(team: Team) -> list[Thread]:
    return [_thread(name, worker.run) for name, worker in team.workers.items()]


def _collect_garbage() -> None:
    """Let the collector of cycles run from here on, and never look again at what is there now: it stays to the end.

    It runs seldom: a batch of records is tens of thousands of containers, which are in no cycle and go by themselves.
    """
    gc.freeze()
    gc.set_threshold(_CONTAINERS_BEFORE_A_LOOK)
    gc.enable()


def _thread(name: str, target: Callable[[], None]) -> Thread:
    return Thread(target=target, name=name, daemon=True)
