"""A Delivery that names a window of a log → what its events are, through the same selection and mapping as objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from agent.errors import DependencyError, DrainedError, Fault, PermanentError, number_of
from agent.faults.dead_letters import Reason
from agent.flow.budget import OutgrownError, Share
from agent.flow.event_log import EventLog, LoggedEvent, Window
from agent.flow.objects import Found, map_events
from agent.model import Delivery, LogRecord, ObjectSource, Reading
from agent.pulse import Pulse
from agent.records.mapping import Mapper
from agent.records.selection import Selector
from agent.telemetry.flow_events import HowRead
from agent.trail import reader, room
from agent.trail.inflate import TextFacts

_AS_A_FILE: Final = 1000  # events that the text of one may be as large as: what is larger is refused before decoding


class WindowReader:
    """Reads windows of `log`. Safe to call from many threads at once."""

    def __init__(
        self,
        log: EventLog,
        *,
        selection: Selector,
        mapper: Mapper,
        tell_reads: Callable[[Sequence[HowRead]], None],
        pulse: Pulse,
    ) -> None:
        """`tell_reads` is told what was read, and that it was written when the window ends."""
        self._log = log
        self._selection = selection
        self._mapper = mapper
        self._tell_reads = tell_reads
        self._pulse = pulse

    def read(self, delivery: Delivery, memory: Share) -> Reading:
        """The events of the window that `delivery` names, all of them or none. Raises nothing on purpose.

        The memory for what is read stays reserved in `memory`.
        """
        window, began = Window.named_by(delivery.body), self._pulse.clock.monotonic()
        try:
            memory.waits()
            events = self._log.read(window)
            memory.works()
            found = self._map(window, events, memory)
        except (DrainedError, DependencyError):  # whoever refused has told why the replay ends
            return Reading(delivery, returned=True)
        except PermanentError as error:
            return Reading(delivery, faults=(error.at(window.bucket, window.key),))
        facts = TextFacts(sum(len(event.raw) for event in events), is_plain=True)
        self._tell_reads([HowRead(facts, self._pulse.clock.monotonic() - began, window.end.timestamp())])
        return _reading(delivery, window, found)

    def _map(self, window: Window, events: Sequence[LoggedEvent], memory: Share) -> Found:
        """What was read is at hand: where memory is short, it is mapped anew, and not asked for again."""
        size = sum(len(event.raw) for event in events)
        wanted = room.of_text(size)
        while True:
            try:
                with memory.reserve(wanted) as reservation:
                    found = self._found(window, events, lambda kept: reservation.require(size + kept))
                    reservation.kept = found.kept_bytes
                    return found
            except OutgrownError as error:
                wanted = error.wanted

    def _found(self, window: Window, events: Sequence[LoggedEvent], require: Callable[[int], None]) -> Found:
        records: list[LogRecord] = []
        skipped, malformed, kept = 0, 0, 0
        for event in events:
            self._pulse.beat()
            one = self._one(window, event)
            records += one.records
            skipped, malformed, kept = skipped + one.skipped, malformed + one.malformed, kept + one.kept_bytes
            require(kept)
        records.sort(key=lambda record: record.time_unix_nano)
        return Found(tuple(records), skipped, malformed, kept)

    def _one(self, window: Window, event: LoggedEvent) -> Found:
        """One event, as if it stood alone in a log file. Its record is the same, whatever window it is found in."""
        if not event.raw.strip():
            return Found((), 0, 1)
        text = bytearray(b'{"Records":[' + event.raw + b"]}")
        try:
            selected = reader.read(text, self._selection, _AS_A_FILE)
        except PermanentError:
            return Found((), 0, 1)
        source = ObjectSource(window.bucket, window.key, "", event.time_ns)
        return map_events(selected, self._mapper, source, self._selection)


def _reading(delivery: Delivery, window: Window, found: Found) -> Reading:
    faults: tuple[Fault, ...] = ()
    if found.malformed:
        entries = number_of(found.malformed, "event")
        detail = f"the window has {entries} that cannot be decoded as a JSON object"
        faults = (Fault(Reason.EVENT_MALFORMED, detail, window.bucket, window.key),)
    return Reading(delivery, records=found.records, faults=faults, skipped=found.skipped, malformed=found.malformed)
