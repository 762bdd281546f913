"""What is looked at now and then, work or no work: how full the queues are, and whether the sink accepts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from agent.errors import AwsError
from agent.pulse import Pulse

_DEPTH_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 5.0
_UNHEARD_SECONDS: Final = 30.0


class Depth(Protocol):
    """How many messages a queue holds."""

    @property
    def visible(self) -> int:
        """Waiting to be received."""
        ...

    @property
    def in_flight(self) -> int:
        """Received, and hidden."""
        ...

    @property
    def delayed(self) -> int:
        """Not to be received yet."""
        ...


class WatchedSink(Protocol):
    """A sink that can be asked whether it accepts."""

    def unheard_seconds(self) -> float:
        """How long ago it was last heard of."""
        ...

    def await_up(self) -> bool:
        """Ask it until it accepts; it tells the outside what it found."""
        ...


class WatchTelemetry(Protocol):
    """What the watch tells the outside."""

    def queue_depth(self, queue: str, visible: int, in_flight: int, delayed: int) -> None:
        """So many messages are in the queue `main` or `dead_letter`."""
        ...


class QueueWatch:
    """One thread's work. `queues` maps each queue's name to its URL."""

    def __init__(
        self,
        *,
        queues: Mapping[str, str],
        depth: Callable[[str], Depth],
        telemetry: WatchTelemetry,
        pulse: Pulse,
    ) -> None:
        self._queues = queues
        self._depth = depth
        self._telemetry = telemetry
        self._pulse = pulse

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set; the body of the queue watch's thread."""
        with self._pulse.alive():
            while not stop.is_set():
                self.look()
                self._pulse.wait(stop, _DEPTH_SECONDS)

    def look(self) -> None:
        """Ask how full each queue is, and tell."""
        for name, url in self._queues.items():
            self._pulse.beat()
            try:
                depth = self._depth(url)
            except AwsError:
                continue  # the failed request has been counted; receiving says when the queue is down
            self._telemetry.queue_depth(name, depth.visible, depth.in_flight, depth.delayed)


class SinkWatch:
    """Another thread's work: a sink of which no export has told for a while is asked whether it accepts.

    So readiness is true in a quiet account too, and nothing is received that could not be shipped. While the sink
    `is_at_fault` already, whoever waits for it finds out.
    """

    def __init__(self, *, sink: WatchedSink, is_at_fault: Callable[[], bool], pulse: Pulse) -> None:
        self._sink = sink
        self._is_at_fault = is_at_fault
        self._pulse = pulse

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set; the body of the sink watch's thread."""
        with self._pulse.alive():
            while not self._pulse.wait(stop, _LOOK_SECONDS):
                self.look()

    def look(self) -> None:
        """Ask the sink, if that is due; returns when it accepts."""
        if self._sink.unheard_seconds() >= _UNHEARD_SECONDS and not self._is_at_fault():
            self._sink.await_up()
