"""Deliveries whose objects S3 gives at once and whole, read side by side in the thread that asks.

This is the way of nearly all objects: no thread is woken for them, and nothing here waits. Whatever is not plain is
left to the read pool, which reads it anew, and there decides what is wrong: a message that names nothing or too much,
an object that is large, refused, damaged or late, a bucket at fault, memory that is short.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final

from msgspec.structs import replace

from agent.aws.s3 import S3
from agent.errors import Fault, PermanentError
from agent.flow.budget import Budget, Share
from agent.flow.objects import Found, ObjectReader
from agent.flow.pipeline import joined
from agent.flow.readpool import STANDSTILL_SECONDS, Portion, ReadPool
from agent.flow.slots import ReadSlots
from agent.model import Delivery, ObjectRef, OpenObject, Reading
from agent.pulse import Pulse
from agent.telemetry.flow_events import HowRead
from agent.trail import notification
from agent.trail.admission import Admission, Admitted
from agent.waiting.gate import Gate

_PATIENCE_SECONDS: Final = 5.0  # for all of them together: one that is late must not hold back the others


@dataclass(slots=True)
class _Plain:
    """A delivery that names objects that may be read, and nothing else.

    What was found in them stands by their number, and how the sound ones were read in `reads`.
    """

    delivery: Delivery
    wanted: Sequence[Admitted]
    memory: Share
    found: dict[int, Found | Fault] = field(default_factory=dict)
    reads: list[HowRead] = field(default_factory=list)
    stands_still: bool = False

    def is_read(self) -> bool:
        """Whether all its objects are."""
        return len(self.found) == len(self.wanted)

    def reading(self) -> Reading:
        """All that was found, in the order of the message."""
        reading = Reading(self.delivery)
        for number, admitted in enumerate(self.wanted):
            match self.found[number]:
                case Found() as found:
                    reading = joined(reading, found, admitted.ref)
                case Fault() as fault:
                    reading = replace(reading, faults=(*reading.faults, fault))
        return reading

    def take(self, number: int, body: OpenObject, objects: ObjectReader) -> None:
        """Read the object of this number, whose `body` is here, if nothing stands in the way."""
        admitted = self.wanted[number]
        try:
            self.found[number], how = objects.take(admitted, body, self.memory)
            self.reads.append(how)
        except PermanentError as error:
            self.found[number] = error.at(admitted.ref.bucket, admitted.ref.key)
        except Exception:  # noqa: BLE001 - whatever it is, the read pool meets it again, and tells it
            return
        if self.is_read():
            self.memory.close()  # others may wait for it from now on; so may the next objects of the same receive


class AtOnce:
    """Reads what is plain, and has `others` read what is not. Shared by all workers; ends soon when `halt` is set.

    From when `drain` is set, an object of which nothing comes within a second is not waited for any more. Its delivery
    is returned, and so are those of which nothing was asked for yet.
    """

    def __init__(
        self,
        *,
        store: S3,
        admission: Admission,
        objects: ObjectReader,
        slots: ReadSlots,
        budget: Budget,
        gate: Gate,
        others: ReadPool,
        pulse: Pulse,
        drain: threading.Event,
        halt: threading.Event,
    ) -> None:
        self._store = store
        self._admission = admission
        self._objects = objects
        self._slots = slots
        self._budget = budget
        self._gate = gate
        self._others = others
        self._pulse = pulse
        self._drain = drain
        self._halt = halt

    def read_all(self, deliveries: Sequence[Delivery]) -> Generator[Portion]:
        """The readings of `deliveries`: first what could be read at once, then what the read pool makes of the rest.

        What is returned comes before all.
        """
        read, returned = self._read(deliveries)
        done = {one.delivery.receipt_handle for one in read} | {one.delivery.receipt_handle for one in returned}
        if returned:
            yield Portion(returned, [], self._budget)
        if read:
            portion = Portion([one.reading() for one in read], [one.memory for one in read], self._budget)
            read.clear()  # what was found belongs to the portion, whose end forgets it
            yield portion
        yield from self._others.read_all([each for each in deliveries if each.receipt_handle not in done])

    def _read(self, deliveries: Sequence[Delivery]) -> tuple[list[_Plain], list[Reading]]:
        """What is read, and what is returned. Of the others nothing is left."""
        if self._gate.is_closed() or self._budget.is_short():  # others wait, and so would these
            return [], []
        plain = [one for each in deliveries if (one := self._plain(each))]
        try:
            self._read_plain(plain)
        except BaseException:  # a bug ended this unit of work: nothing of it is used
            self._budget.release([one.memory for one in plain])
            raise
        read, unread = [one for one in plain if one.is_read()], [one for one in plain if not one.is_read()]
        self._budget.release([one.memory for one in unread])
        self._objects.tell([how for one in read for how in one.reads])
        return read, _returned(unread)

    def _plain(self, delivery: Delivery) -> _Plain | None:
        """None if `delivery` names anything else, or what could be read in two ways."""
        try:
            entries = dict.fromkeys(notification.decode(delivery.body))
        except PermanentError:
            return None
        wanted = [
            admitted
            for entry in entries
            if isinstance(entry, ObjectRef) and not entry.other_key
            if isinstance(admitted := self._admission.admit(entry), Admitted)
        ]
        if len(wanted) < len(entries):
            return None
        memory = self._budget.open_share(patient=False)
        memory.waits()
        return _Plain(delivery, wanted, memory)

    def _read_plain(self, plain: Sequence[_Plain]) -> None:
        asked = [(one, number) for one in plain for number in range(len(one.wanted))]
        refs = [one.wanted[number].ref for one, number in asked]
        now, is_halted, is_draining = self._pulse.clock.monotonic, self._halt.is_set, self._drain.is_set
        until = now() + _PATIENCE_SECONDS

        def patience() -> float:
            if is_halted() or now() >= until:
                return 0.0
            return STANDSTILL_SECONDS if is_draining() else inf

        with self._slots.take(len(refs)) as most:
            for at, body in self._store.give(refs, most, patience):
                one, number = asked[at]
                if body:
                    one.take(number, body, self._objects)
                else:
                    one.stands_still = True


def _returned(unread: Sequence[_Plain]) -> list[Reading]:
    """All that is not read, if S3 lets anything stand still at a stop; else nothing."""
    if not any(one.stands_still for one in unread):
        return []
    return [Reading(one.delivery, returned=True) for one in unread]
