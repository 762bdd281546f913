"""What is checked regularly, with or without work: how full the queues are, and whether the sink accepts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

from agent.errors import AwsError
from agent.model import QueueAttributes
from agent.pulse import Pulse

_DEPTH_SECONDS: Final = 15.0
_FORGOTTEN_AFTER: Final = 8  # looks: for two minutes, what SQS said last is the best that is known
_LOOK_SECONDS: Final = 5.0
_UNHEARD_SECONDS: Final = 30.0


class QueueWatch:
    """One thread's work. `queues` maps each queue's name (`main`, `dead_letter`) to its URL.

    `ask` asks SQS about a URL. `tell` is told of a queue's name, and what SQS said of it;
    None after two minutes without a word.
    """

    def __init__(
        self,
        *,
        queues: Mapping[str, str],
        ask: Callable[[str], QueueAttributes],
        tell: Callable[[str, QueueAttributes | None], None],
        pulse: Pulse,
    ) -> None:
        self._queues = queues
        self._ask = ask
        self._tell = tell
        self._pulse = pulse
        self._unanswered = dict.fromkeys(queues, 0)

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
                self._tell(name, self._ask(url))
                self._unanswered[name] = 0
            except AwsError:  # the failed request has been counted; receiving says when the queue is down
                self._unanswered[name] += 1
                if self._unanswered[name] == _FORGOTTEN_AFTER:
                    self._tell(name, None)


class SinkWatch:
    """Runs in a thread of its own. Asks a sink that has been silent for a while whether it accepts.

    So readiness is true in a quiet account too, and nothing is received that could not be shipped. While the sink
    `is_at_fault` already, it is not asked: the threads that wait for it find out. `await_up` asks until it accepts, and
    tells the outside what it found.
    """

    def __init__(
        self,
        *,
        unheard_seconds: Callable[[], float],
        await_up: Callable[[], bool],
        is_at_fault: Callable[[], bool],
        pulse: Pulse,
    ) -> None:
        self._unheard_seconds = unheard_seconds
        self._await_up = await_up
        self._is_at_fault = is_at_fault
        self._pulse = pulse

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set; the body of the sink watch's thread."""
        with self._pulse.alive():
            while not self._pulse.wait(stop, _LOOK_SECONDS):
                self.look()

    def look(self) -> None:
        """Ask the sink, if that is due; returns when it accepts."""
        if self._unheard_seconds() >= _UNHEARD_SECONDS and not self._is_at_fault():
            self._await_up()
