"""The daemon's life: start, work, drain, stop. Contains no decisions about deliveries."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Final, TextIO, TypeVar

from agent import __version__
from agent.assembly import Assembly, Crew, Stops
from agent.connections import Aws
from agent.errors import AwsError, DependencyError
from agent.pulse import Pulse
from agent.records import profiles
from agent.records.selection import volume
from agent.settings import Settings, Supervisor
from agent.signals import SignalInbox
from agent.telemetry.events import Telemetry, open_telemetry
from agent.telemetry.labels import vocabulary
from agent.telemetry.logs import foreign_logging, open_log
from agent.telemetry.metrics import Build
from agent.telemetry.revision import revision
from agent.waiting.lookups import bounded_lookups

_Result = TypeVar("_Result")
_START_RETRY_SECONDS: Final = 5.0
_LISTEN_SECONDS: Final = 1.0
_RETURN_SECONDS: Final = 3.0  # of the grace, kept for giving messages back
_TICK_SECONDS: Final = 0.1


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
    pulse = Pulse()
    log = open_log(settings.log.level, settings.log.format, log_stream)
    chosen, sources = profiles.named(settings.select.profiles), settings.select.event_sources
    known = vocabulary(chosen, sources)
    build, retired = Build(__version__, revision()), settings.spaces.retired
    telemetry = open_telemetry(log, pulse, build, settings.limits.event_name_labels, known, retired_spaces=retired)
    with foreign_logging(log), bounded_lookups():
        _Daemon(settings, options, pulse, telemetry, inbox).run()


class _Daemon:
    """One run: start until the queue is there, work until a signal, drain until all is settled or given back."""

    def __init__(
        self, settings: Settings, options: RunOptions, pulse: Pulse, telemetry: Telemetry, inbox: SignalInbox
    ) -> None:
        self._settings = settings
        self._options = options
        self._pulse = pulse
        self._telemetry = telemetry
        self._inbox = inbox
        self._asked_by = ""
        self._stops = Stops()
        self._assembly = Assembly(settings, telemetry, pulse, self._stops, dry_run=options.dry_run)
        self._unit = telemetry.unit(options.supervisor)

    def run(self) -> None:
        settings, telemetry = self._settings, self._telemetry
        server = telemetry.server(settings.http.host, settings.http.port)
        server.start()
        self._unit.start()  # it counts as started: what it waits for from here on, no restart mends
        try:
            with self._pulse.alive():
                address = f"{settings.http.listen.rpartition(':')[0]}:{server.port}"
                telemetry.started(
                    __version__,
                    settings.queue.url,
                    len(settings.buckets),
                    settings.otlp.endpoint,
                    address,
                    selects=(*settings.select.profiles, *settings.select.event_sources),
                )
                for warning in settings.warnings:
                    telemetry.setting_warned(warning)
                if adds := volume(profiles.named(settings.select.profiles), settings.select.event_sources):
                    telemetry.volume_added(adds)
                aws = self._start()
                if aws:
                    self._work(aws)
                else:
                    self._drain(0)
                    telemetry.stopped(0.0)
        finally:
            self._unit.stop()
            server.stop()
            gc.unfreeze()

    def _start(self) -> Aws | None:
        """Wait until the queue answers; None if a signal came first."""
        aws = None
        while aws is None:
            try:
                aws = self._unless_signalled(self._assembly.aws.connect)
            except AwsError as error:
                _collect_garbage()  # this may go on for hours
                self._telemetry.queue_down(error.kind, error.detail)
                if self._options.require_healthy:
                    raise DependencyError(f"queue.url: the queue does not answer: {error.detail}") from error
                self._signal(_START_RETRY_SECONDS)
            if self._asked_by:
                return None
        self._telemetry.queue_up()
        if self._options.dry_run:
            self._telemetry.sink_up()  # nothing is sent, and nothing has to answer
        if self._unless_signalled(self._assembly.sink.probe) is False and self._options.require_healthy:
            raise DependencyError("otlp.endpoint: the sink does not accept an export; the log above says why")
        return None if self._asked_by else aws

    def _unless_signalled(self, call: Callable[[], _Result]) -> _Result | None:
        """What `call` returns, or raises; None if a signal comes first: nothing depends on the call then."""
        answer: Future[_Result] = Future()

        def ask() -> None:
            try:
                with self._pulse.busy():
                    answer.set_result(call())
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                answer.set_exception(error)

        _thread("start", ask).start()
        while not answer.done():
            if self._signal(_TICK_SECONDS):
                return None
        return answer.result()

    def _work(self, aws: Aws) -> None:
        """Start every thread, wait for a signal, and come to an end. Nothing is received before the sink accepts."""
        _collect_garbage()
        crew = self._assembly.crew(aws)
        for name, duty in crew.keepers.items():
            _thread(name, partial(duty, self._stops.end)).start()
        workers = [_thread(f"worker-{number}", worker.run) for number, worker in enumerate(crew.workers, 1)]
        if self._telemetry.health.sink_up or self._unless_signalled(self._assembly.sink.await_up):
            for thread in workers:
                thread.start()
            while not self._signal(_LISTEN_SECONDS):
                pass
        self._finish(workers, crew)

    def _finish(self, workers: Sequence[Thread], crew: Crew) -> None:
        """Let the workers finish within the grace, or until a second signal; give back what is left."""
        asked = self._pulse.clock.monotonic()
        grace = self._settings.shutdown_grace_seconds
        self._drain(len(crew.leases.held()))
        self._stops.drain.set()
        self._join(workers, asked + grace - min(_RETURN_SECONDS, grace / 4))
        self._stops.halt.set()
        self._join(workers, min(self._pulse.clock.monotonic() + _RETURN_SECONDS, asked + grace))
        self._stops.end.set()  # an extension must not hide again what is given back
        crew.source.give_back(crew.leases.held())
        self._telemetry.stopped(self._pulse.clock.monotonic() - asked)
        if any(worker.is_alive() for worker in workers):
            os._exit(0)  # a thread that hangs in a system call cannot be ended otherwise; what it held was given back
        crew.pool.shutdown(wait=False, cancel_futures=True)

    def _drain(self, in_flight: int) -> None:
        """Tell everybody that the daemon is stopping, with `in_flight` messages in hand."""
        self._telemetry.draining(self._asked_by, in_flight)
        self._unit.stopping()

    def _join(self, workers: Sequence[Thread], deadline: float) -> None:
        """Wait for the workers until `deadline`, or until another signal says not to."""
        while any(worker.is_alive() for worker in workers) and self._pulse.clock.monotonic() < deadline:
            if self._signal(_TICK_SECONDS):
                return

    def _signal(self, seconds: float) -> bool:
        """Whether a signal that asks us to stop comes within `seconds`."""
        self._pulse.beat()
        signal = self._inbox.next(seconds)
        self._asked_by = signal.name if signal else self._asked_by
        return signal is not None


def _collect_garbage() -> None:
    """Let the collector of cycles run from here on, and never look again at what is there now: it stays to the end."""
    gc.freeze()
    gc.enable()


def _thread(name: str, target: Callable[[], None]) -> Thread:
    return Thread(target=target, name=name, daemon=True)
