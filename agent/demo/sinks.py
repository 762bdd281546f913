"""The two sinks of the demo, and how each one proves that it has everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from pydantic import ValidationError

from agent.demo.compare import Labels, Ledger, label_faults, labels_of
from agent.demo.generator import GeneratedEvent
from agent.demo.receiver import Receiver
from agent.demo.scrape import Scrape
from agent.settings import OtlpSettings
from agent.settings.destination import HTTP, PLACES
from agent.settings.values import split_url
from agent.signals import Stopping
from agent.sink.otlp.decode import ReceivedRecord


def protocol(endpoint: str) -> str:
    """What is spoken at `endpoint`, by its port, as the OTLP specification assigns them."""
    port = urlsplit(endpoint).port
    return next((name for name, place in PLACES.items() if place.port == port), HTTP)


def endpoint_problem(endpoint: str) -> str:
    """Why the daemon could not ship to `endpoint`; empty if it can try. It never quotes a password."""
    try:
        split_url(endpoint)
        OtlpSettings.model_validate({"endpoint": endpoint, "protocol": protocol(endpoint)})
    except ValidationError as error:
        return "; ".join(str(one.get("ctx", {}).get("error")) for one in error.errors(include_input=False))
    except ValueError as error:
        return str(error)
    return ""


class DemoSink(Protocol):
    """Where the daemon ships to."""

    @property
    def endpoint(self) -> str:
        """The base URL for `otlp.endpoint`."""
        ...

    @property
    def proof(self) -> str:
        """What can be said of the written events when there are no faults."""
        ...

    def write(self, events: Sequence[GeneratedEvent]) -> None:
        """Expect `events`, which were just written to the bucket."""
        ...

    def take(self, seconds: float) -> Sequence[ReceivedRecord]:
        """What arrived, to be shown; waits for it for at most `seconds`."""
        ...

    def faults(self, scrape: Scrape) -> list[str]:
        """One sentence for each written event that has not arrived exactly once; `scrape` is the daemon's own count."""
        ...


@dataclass(slots=True)
class BuiltIn:
    """The receiver in this process: every body is compared with what was written, and then the daemon's count."""

    receiver: Receiver
    ledger: Ledger = field(default_factory=Ledger)
    expected: Counter[Labels] = field(default_factory=Counter)

    @property
    def endpoint(self) -> str:
        """Where the receiver listens."""
        return self.receiver.endpoint

    @property
    def proof(self) -> str:
        """The bodies were compared."""
        return "every one arrived, exactly once"

    def write(self, events: Sequence[GeneratedEvent]) -> None:
        """Expect each body, and that it is counted."""
        self.ledger.write(events)
        self.expected += labels_of(events)

    def take(self, seconds: float) -> Sequence[ReceivedRecord]:
        """The records of the next request."""
        records = self.receiver.take(seconds)
        for record in records:
            self.ledger.arrive(record.body, str(record.resource.get("service.name", "")))
        return records

    def faults(self, scrape: Scrape) -> list[str]:
        """What is missing, repeated, altered, foreign or misnamed; if nothing is, each series that counted wrongly."""
        return self.ledger.faults() or label_faults(self.expected, scrape.events())


@dataclass(slots=True)
class Elsewhere:
    """The user's own Collector or Loki. The demo does not query it: what it accepted is what the daemon counted."""

    endpoint: str
    stopping: Stopping
    written: list[GeneratedEvent] = field(default_factory=list)

    @property
    def proof(self) -> str:
        """Only the daemon's counters are known here."""
        return "every one was accepted, by the daemon's own count"

    def write(self, events: Sequence[GeneratedEvent]) -> None:
        """Expect each event under its labels."""
        self.written.extend(events)

    def take(self, seconds: float) -> Sequence[ReceivedRecord]:
        """Nothing: the records are not here."""
        self.stopping.wait(seconds)
        return ()

    def faults(self, scrape: Scrape) -> list[str]:
        """Each series of the metrics of events that differs from what was written."""
        return label_faults(labels_of(self.written), scrape.events())
