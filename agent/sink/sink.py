"""Where records go, and the proof that they arrived: an export returns when the other side has answered for each one.

The agent waits for an unreachable or misconfigured sink, as long as it takes. A refused request is taken apart until
the bad record is found. Every attempt of one request sends the same bytes, so that stores which drop repeats see one.
`agent.sink.answer` has the table of what each answer means.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from agent.model import ACCEPTED, LogRecord, Verdict
from agent.pulse import Pulse
from agent.sink.asking import Asking
from agent.sink.control import Control
from agent.sink.experience import Experience
from agent.sink.export import Export
from agent.sink.outside import SinkTelemetry
from agent.sink.pieces import Cargo, Limits
from agent.sink.wire import Transport, WireEncoder
from agent.waiting.gate import Gate


class Sink:
    """Exports records; safe to share among threads, each of which waits by itself.

    `shrink` returns a smaller record, or None where nothing can be left out. `random` returns a float in [0, 1).
    """

    def __init__(
        self,
        *,
        encoder: WireEncoder,
        transport: Transport,
        telemetry: SinkTelemetry,
        gate: Gate,
        pulse: Pulse,
        halt: threading.Event,
        shrink: Callable[[LogRecord], LogRecord | None],
        max_batch_bytes: int,
        max_batch_records: int,
        random: Callable[[], float],
    ) -> None:
        self._encoder = encoder
        self._telemetry = telemetry
        self._shrink = shrink
        self._limits = Limits(max_batch_bytes, max_batch_records)
        self._experience = Experience()
        self._control = Control(
            transport=transport,
            empty=encoder.payload(()),
            experience=self._experience,
            telemetry=telemetry,
            gate=gate,
            pulse=pulse,
            halt=halt,
            random=random,
        )
        self._asking = Asking(
            control=self._control, experience=self._experience, gate=gate, pulse=pulse, halt=halt, random=random
        )

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """Send `records`, oldest first, and return one verdict for each, in the order given.

        Returns only when the sink has answered for each record, or `halt` is set: then the rest is UNANSWERED. Raises
        nothing. The caller's thread beats while it waits.
        """
        cargo = Cargo(records, self._encoder, self._shrink, self._limits)
        return Export(cargo, asking=self._asking, experience=self._experience, telemetry=self._telemetry).run()

    def probe(self) -> bool:
        """Send one empty request: True if the sink judges requests. Never waits."""
        return self._control.probe()

    def await_up(self) -> bool:
        """Send empty requests until one passes, as patiently as an export; False if `halt` is set before."""
        return self._control.await_up()

    def unheard_seconds(self) -> float:
        """How long ago the sink answered a request, or failed to; since the start, if none was sent."""
        return self._control.unheard_seconds()


class DryRunSink:
    """Accepts everything and sends nothing."""

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """One acceptance per record."""
        return [ACCEPTED for _ in records]

    def probe(self) -> bool:
        """Always true."""
        return True

    def await_up(self) -> bool:
        """Always true, at once."""
        return True

    def unheard_seconds(self) -> float:
        """It is always heard of."""
        return 0.0
