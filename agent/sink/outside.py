"""How the sink is seen from outside."""

from __future__ import annotations

from typing import Protocol


class SinkTelemetry(Protocol):
    """What the sink tells. A Protocol, because the sink and telemetry must not import each other."""

    def export_answered(self, result: str, seconds: float) -> None:
        """One request was answered: ok, partial, rejected, throttled, unavailable or misconfigured."""
        ...

    def sink_up(self) -> None:
        """The sink takes requests and judges them."""
        ...

    def sink_down(self, kind: str, detail: str) -> None:
        """The sink does not take requests. `kind`: throttled, unavailable or misconfigured. Called at every attempt.

        `detail` never quotes a record.
        """
        ...

    def sink_warned(self) -> None:
        """The sink accepted a request, and said something about it. Its words may quote records."""
        ...

    def records_taken_unnamed(self, count: int) -> None:
        """The sink took so many records of a request and refused others for good, without a word on which."""
        ...

    def record_shrunk(self) -> None:
        """A record was too large for the sink, and a part of it was left out."""
        ...
