"""The named events: what the data path reports. Each event changes its metrics and writes at most one log line.

The data path calls `telemetry.objects_read(…)`, `telemetry.deliveries_settled(…)`. It knows neither metrics nor log.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import partial

from prometheus_client import CollectorRegistry

from agent.faults.environment_faults import EnvironmentFault
from agent.pulse import Clock, Pulse
from agent.settings import Supervisor
from agent.telemetry.flow_events import FlowEvents
from agent.telemetry.health import Health
from agent.telemetry.history_events import HistoryEvents
from agent.telemetry.labels import EventVocabulary, vocabulary
from agent.telemetry.logs import Log, open_log
from agent.telemetry.metrics import Build, Metrics
from agent.telemetry.pages import Pages
from agent.telemetry.queue_events import QueueEvents
from agent.telemetry.replay_events import ReplayEvents
from agent.telemetry.server import Server
from agent.telemetry.status_line import status_line
from agent.telemetry.systemd import Unit


class Telemetry(QueueEvents, FlowEvents, ReplayEvents, HistoryEvents):
    """Everything the daemon tells the outside. Every method is thread-safe, and none raises for untrusted input."""

    def __init__(self, metrics: Metrics, log: Log, health: Health, clock: Clock) -> None:
        super().__init__(metrics, log, health, clock)
        metrics.sink_up.set_function(lambda: float(health.sink_up))
        for fault in EnvironmentFault:
            metrics.waiting.labels(fault.value).set_function(partial(self._is_waiting, fault))
        metrics.ready.set_function(lambda: float(not health.ready()))
        metrics.oldest_delivery_age.set_function(self.oldest_delivery_age)
        metrics.in_flight_bytes.set_function(lambda: float(self._reserved))

    def _is_waiting(self, fault: EnvironmentFault) -> float:
        return float(any(waiting.fault is fault for waiting in self.health.waiting()))

    def server(self, host: str, port: int) -> Server:
        """The HTTP endpoints of this telemetry on `host` and `port` (0: any free one), not yet listening."""
        pages = Pages(self.metrics, self.health, self.activity, self._clock)
        return Server(host, port, pages.answer, self.server_failed)

    def unit(self, supervisor: Supervisor) -> Unit:
        """The reports of this telemetry to `supervisor`, not yet begun."""
        return Unit(
            supervisor,
            self._clock,
            live=self.health.live,
            status=partial(status_line, self.metrics.registry, self.health),
            stuck=self.stuck,
            unheard=self.supervisor_unheard,
        )


def open_telemetry(
    log: Log,
    pulse: Pulse,
    build: Build,
    event_name_labels: int,
    vocabulary: EventVocabulary,
    *,
    retired_spaces: Iterable[str] = (),
) -> Telemetry:
    """The telemetry of a daemon: all metrics at 0, in a registry of its own, with the clock of `pulse`.

    `vocabulary` says which series of events stand at 0, and which names are known. Nobody uses the `retired_spaces` any
    more.
    """
    metrics = Metrics(
        CollectorRegistry(), event_name_labels, vocabulary=vocabulary, build=build, retired_spaces=retired_spaces
    )
    return Telemetry(metrics, log, Health(pulse.clock, pulse), pulse.clock)


def silent_telemetry(pulse: Pulse) -> Telemetry:
    """The telemetry of a command that is not the daemon: nobody sees what it counts, and nothing is logged."""
    log = open_log("critical", "json", io.StringIO(), pulse.clock)
    return open_telemetry(log, pulse, Build("", "", ""), 1, vocabulary(()))
