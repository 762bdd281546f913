"""The daemon's life: start, work, drain, stop. Contains no decisions about deliveries."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Final, TextIO, TypeVar

from agent import __version__
from agent.assembly import Assembly, Stops
from agent.aws.lease import DryRunLeases, Leases
from agent.aws.s3 import S3
from agent.aws.source import DryRunSource, Source
from agent.aws.sqs import Sqs
from agent.errors import AwsError, DependencyError, SettingsError
from agent.flow.intake import Intake
from agent.flow.readpool import ReadPool
from agent.flow.worker import Worker
from agent.model import Outcome, Settlement
from agent.pulse import Pulse
from agent.records import profiles
from agent.settings import Settings
from agent.signals import SignalInbox
from agent.sink.sink import DryRunSink
from agent.telemetry.events import Telemetry, open_telemetry
from agent.telemetry.labels import vocabulary
from agent.telemetry.logs import foreign_logging, open_log
from agent.telemetry.metrics import Build
from agent.waiting.doubt import NoDoubt
from agent.waiting.watch import QueueWatch, SinkWatch

_Result = TypeVar("_Result")
_START_RETRY_SECONDS: Final = 5.0
_LISTEN_SECONDS: Final = 1.0
_RETURN_SECONDS: Final = 3.0  # of the grace, kept for giving messages back
_TICK_SECONDS: Final = 0.1

_HOW_TO_MAKE_A_DEAD_LETTER_QUEUE: Final = (
    "queue.dead_letter_url: the queue has no redrive policy and no dead-letter queue is set; without one, a message "
    "that can never be delivered would have to be lost. Make one: 'aws sqs create-queue --queue-name "
    "trail-agent-dead-letters --attributes MessageRetentionPeriod=1209600', then name its ARN in the RedrivePolicy of "
    "the queue ('aws sqs set-queue-attributes', maxReceiveCount 20), or its URL in queue.dead_letter_url"
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line adds to the settings."""

    dry_run: bool = False
    require_healthy: bool = False


def run(settings: Settings, options: RunOptions, inbox: SignalInbox, log_stream: TextIO) -> None:
    """Run the daemon until `inbox` has SIGTERM or SIGINT; returns after a clean stop.

    Raises `SettingsError` if it must not start, `DependencyError` if `require_healthy` and something is not there.
    """
    pulse = Pulse()
    log = open_log(settings.log.level, settings.log.format, log_stream)
    chosen, sources = profiles.named(settings.select.profiles), settings.select.event_sources
    known = vocabulary(chosen, sources)
    telemetry = open_telemetry(log, pulse, Build(__version__), settings.limits.event_name_labels, known)
    with foreign_logging(log):
        _Daemon(settings, options, pulse, telemetry, inbox).run()


@dataclass(frozen=True, slots=True)
class _Aws:
    """What AWS is to this daemon, once it has answered."""

    queue: Sqs
    store: S3
    dead_letter_url: str


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
        self._parts = Assembly(settings, telemetry, pulse, self._stops)
        self._sink = DryRunSink() if options.dry_run else self._parts.sink()

    def run(self) -> None:
        settings, telemetry = self._settings, self._telemetry
        server = telemetry.server(settings.http.host, settings.http.port)
        server.start()
        try:
            with self._pulse.alive():
                address = f"{settings.http.listen.rpartition(':')[0]}:{server.port}"
                telemetry.started(
                    __version__, settings.queue.url, len(settings.buckets), settings.otlp.endpoint, address
                )
                for warning in settings.warnings:
                    telemetry.setting_warned(warning)
                aws = self._start()
                if aws:
                    self._work(aws)
                else:
                    telemetry.draining(self._asked_by, 0)
                    telemetry.stopped(0.0)
        finally:
            server.stop()

    def _start(self) -> _Aws | None:
        """Wait until the queue answers; None if a signal came first."""
        aws = None
        while aws is None:
            try:
                aws = self._unless_signalled(self._connect)
            except AwsError as error:
                self._telemetry.queue_down(error.kind, error.detail)
                if self._options.require_healthy:
                    raise DependencyError(f"queue.url: the queue does not answer: {error.detail}") from error
                self._signal(_START_RETRY_SECONDS)
            if self._asked_by:
                return None
        if self._unless_signalled(self._sink.probe) is False and self._options.require_healthy:
            raise DependencyError("otlp.endpoint: the sink does not accept an export; the log above says why")
        if self._asked_by:
            return None
        self._telemetry.queue_up()
        return aws

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

    def _connect(self) -> _Aws:
        """Make the clients and ask the queue where its dead letters go."""
        queue = self._parts.queue()
        settings = self._settings.queue
        attributes = queue.attributes(settings.url)
        dead_letter_url = settings.dead_letter_url
        if not dead_letter_url:
            if not attributes.dead_letter_arn:
                raise SettingsError([_HOW_TO_MAKE_A_DEAD_LETTER_QUEUE])
            self._pulse.beat()
            dead_letter_url = queue.url_of(attributes.dead_letter_arn)
        return _Aws(queue, self._parts.store(), dead_letter_url)

    def _work(self, aws: _Aws) -> None:
        """Start every thread, wait for a signal, and come to an end. Nothing is received before the sink accepts."""
        leases = Leases(aws.queue, self._settings.queue.visibility_timeout_seconds, self._telemetry, self._pulse)
        source = self._parts.source(aws.queue, aws.dead_letter_url, leases)
        pool = ThreadPoolExecutor(self._settings.reads, thread_name_prefix="read")
        workers = [
            _thread(f"worker-{number}", worker.run)
            for number, worker in enumerate(self._make_workers(aws, source, leases, pool), 1)
        ]
        for thread in self._make_keepers(aws, leases):
            thread.start()
        if self._telemetry.health.sink_up or self._unless_signalled(self._sink.await_up):
            for thread in workers:
                thread.start()
            while not self._signal(_LISTEN_SECONDS):
                pass
        self._finish(workers, leases, source)
        pool.shutdown(wait=False, cancel_futures=True)

    def _make_keepers(self, aws: _Aws, leases: Leases) -> list[Thread]:
        """The threads that keep leases and watch, until the end."""
        queues = {"main": self._settings.queue.url, "dead_letter": aws.dead_letter_url}
        queue_watch = QueueWatch(
            queues=queues, depth=aws.queue.attributes, telemetry=self._telemetry, pulse=self._pulse
        )
        sink_watch = SinkWatch(
            sink=self._sink, is_at_fault=partial(self._parts.gate.is_at_fault, "sink"), pulse=self._pulse
        )
        duties = {"leases": leases.keep, "queue-watch": queue_watch.run, "sink-watch": sink_watch.run}
        return [_thread(name, partial(duty, self._stops.end)) for name, duty in duties.items()]

    def _make_workers(self, aws: _Aws, source: Source, leases: Leases, pool: ThreadPoolExecutor) -> list[Worker]:
        dry_run = self._options.dry_run
        held = DryRunLeases(leases) if dry_run else leases
        intake = Intake(source=source, leases=held, gate=self._parts.gate, pulse=self._pulse, drain=self._stops.drain)
        reads = ReadPool(
            pool=pool,
            read=self._parts.pipeline(aws.store, aws.dead_letter_url).read,
            budget=self._parts.budget,
            gate=self._parts.gate,
            telemetry=self._telemetry,
            pulse=self._pulse,
        )
        shipping = self._parts.shipping(self._sink)
        return [
            Worker(
                intake=intake,
                source=DryRunSource(source) if dry_run else source,
                leases=held,
                reads=reads,
                ship=shipping.ship,
                doubt=NoDoubt() if dry_run else self._parts.doubt,
                telemetry=self._telemetry,
                pulse=self._pulse,
                drain=self._stops.drain,
            )
            for _ in range(self._settings.workers)
        ]

    def _finish(self, workers: Sequence[Thread], leases: Leases, source: Source) -> None:
        """Let the workers finish within the grace, or until a second signal; give back what is left."""
        asked = self._pulse.clock.monotonic()
        grace = self._settings.shutdown_grace_seconds
        self._telemetry.draining(self._asked_by, len(leases.held()))
        self._stops.drain.set()
        self._join(workers, asked + grace - min(_RETURN_SECONDS, grace / 4))
        self._stops.halt.set()
        self._join(workers, min(self._pulse.clock.monotonic() + _RETURN_SECONDS, asked + grace))
        self._stops.end.set()  # an extension must not hide again what is given back
        if left := leases.held():
            source.settle([Settlement(delivery, Outcome.RETURNED) for delivery in left])
        self._telemetry.stopped(self._pulse.clock.monotonic() - asked)
        if any(worker.is_alive() for worker in workers):
            os._exit(0)  # a thread that hangs in a system call cannot be ended otherwise; what it held was given back

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


def _thread(name: str, target: Callable[[], None]) -> Thread:
    return Thread(target=target, name=name, daemon=True)
