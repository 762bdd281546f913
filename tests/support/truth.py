"""What is true of a delivery, kept apart from the agent: what was produced, who said yes to it, and what may follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.model import Delivery, ObjectRef
from tests.support.events import Members
from tests.support.queue import FakeQueue

_PATIENT_RECEIVES: Final = 3
_MAY_PASS: Final = frozenset({Reason.OBJECT_MISSING, Reason.OBJECT_UNREADABLE})
_OF_THE_SINK: Final = (Reason.SINK_REJECTED, Reason.SINK_TOO_OLD, Reason.SINK_TOO_NEW, Reason.RECORD_TOO_LARGE)


@dataclass(frozen=True, slots=True)
class Written:
    """An object: the ids of its events that must arrive, and what is wrong with it for good, if anything is."""

    ref: ObjectRef
    events: tuple[str, ...]
    flaw: Reason | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message: the objects that it names, and what is wrong with its text for good, if anything is."""

    body: str
    objects: tuple[Written, ...] = ()
    flaw: Reason | None = None

    @property
    def events(self) -> set[str]:
        """The ids of all events that the message stands for."""
        return {event for one in self.objects for event in one.events}

    @property
    def flaws(self) -> set[Reason]:
        """Everything that is wrong with it for good."""
        return {flaw for flaw in (self.flaw, *(one.flaw for one in self.objects)) if flaw}


class Truth:
    """Knows what was produced and what each process was told, and accuses an agent that does what that forbids.

    `produced` holds the events that a message has named, by id. An accusation is kept as well as raised, so that no
    `except` of the agent can hide it. `is_hampered` is set once something has happened that may cost a lease. A replica
    that is started anew is a new process, and has been told nothing.
    """

    def __init__(self, queue: FakeQueue) -> None:
        self.written: dict[str, Members] = {}
        self.produced: set[str] = set()
        self.sent: dict[str, Sent] = {}
        self.accepted: set[str] = set()
        self.accusations: list[str] = []
        self.passing: defaultdict[ObjectRef, set[Reason]] = defaultdict(set)
        self.is_hampered = False
        self._queue = queue
        self._told_yes: defaultdict[str, set[str]] = defaultdict(set)
        self._told_no: defaultdict[str, set[str]] = defaultdict(set)
        self._buried: defaultdict[str, set[str]] = defaultdict(set)

    def accuse(self, accusation: str) -> None:
        """Say what must never happen, and has."""
        self.accusations.append(accusation)
        raise AssertionError(accusation)

    def demand(self, is_so: bool, accusation: str) -> None:
        """Accuse unless it is so."""
        if not is_so:
            self.accuse(accusation)

    def sends(self, message_id: str, sent: Sent) -> None:
        """A message is in the queue: what it names counts as produced from now on."""
        self.sent[message_id] = sent
        self.produced |= sent.events

    def may_be(self, reason: Reason, ref: ObjectRef) -> None:
        """An object meets a trouble that passes, but that may look like a flaw meanwhile."""
        self.passing[ref].add(reason)

    def yes(self, process: str, events: Iterable[str]) -> None:
        """A process has heard that the sink has these."""
        self.accepted.update(events)
        self._told_yes[process].update(events)
        self._told_no[process].difference_update(events)

    def no(self, process: str, events: Iterable[str]) -> None:
        """A process has heard that the sink refuses these, or some of them and not which."""
        self._told_no[process].update(set(events) - self._told_yes[process])

    def has_heard_yes(self, process: str, event: str) -> bool:
        """Whether this process knows that the sink has the event."""
        return event in self._told_yes[process]

    def deleting(self, process: str, deliveries: Sequence[Delivery]) -> None:
        """Nothing is deleted unless the sink's yes to all of it was heard here, or the dead-letter queue has it."""
        for delivery in deliveries:
            sent = self.sent[delivery.message_id]
            if delivery.message_id in self._buried[process]:
                continue
            unproven = sent.events - self._told_yes[process]
            self.demand(not unproven, f"{process} deletes {delivery.message_id}, but heard no yes to {unproven}")
            self.demand(not sent.flaws, f"{process} deletes {delivery.message_id} in spite of {sent.flaws}")

    def buried(self, process: str, delivery: Delivery, fault: Fault) -> None:
        """Nothing is put aside without a true reason, nor before the good part of it has been delivered."""
        sent = self.sent[delivery.message_id]
        self._buried[process].add(delivery.message_id)
        self.demand(delivery.body == sent.body, f"{process} buries {delivery.message_id} with another body")
        self.demand(
            self._is_true(process, sent, delivery, fault), f"{process} buries {delivery.message_id} for {fault}"
        )
        answered = self._told_yes[process] | self._told_no[process]
        for one in sent.objects:
            unsent = set(one.events) - answered
            excused = self._passing(one, delivery)
            self.demand(bool(excused or not unsent), f"{process} buries {delivery.message_id}, and never sent {unsent}")

    def _is_true(self, process: str, sent: Sent, delivery: Delivery, fault: Fault) -> bool:
        if fault.reason in _OF_THE_SINK:
            return bool(sent.events & self._told_no[process])
        if fault.reason in _MAY_PASS and delivery.receive_count <= _PATIENT_RECEIVES:
            return False
        return fault.reason in sent.flaws or any(fault.reason in self._passing(one, delivery) for one in sent.objects)

    def _passing(self, one: Written, delivery: Delivery) -> set[Reason]:
        """What a passing trouble of this object may be taken for by now."""
        patient = delivery.receive_count <= _PATIENT_RECEIVES
        return self.passing[one.ref] - (_MAY_PASS if patient else set())

    def lapsed(self, process: str, delivery: Delivery) -> None:
        """A lease is kept for as long as the work takes, unless something hampers its keeper."""
        self.demand(self.is_hampered, f"{process} lets the lease of {delivery.message_id} lapse")

    def check(self) -> None:
        """Delivered, queued and dead-lettered together cover what was produced; and each message by itself is safe."""
        if self.accusations:
            raise AssertionError(self.accusations[0])
        buried = {letter.body for letter in self._queue.dead_letters}
        covered = set(self.accepted)
        for message_id, sent in self.sent.items():
            if message_id in self._queue.messages or sent.body in buried:
                covered |= sent.events
            else:
                self.demand(sent.events <= self.accepted, f"{message_id} is gone, {sent.events - self.accepted} lost")
                self.demand(not sent.flaws, f"{message_id} is gone in spite of {sent.flaws}")
        self.demand(covered >= self.produced, f"lost: {self.produced - covered}")
        self.demand(self.accepted <= self.produced, f"invented: {self.accepted - self.produced}")

    def check_end(self) -> None:
        """Once the queue is empty all is delivered, or put aside for a reason that is written on it."""
        self.check()
        self.demand(not self._queue.messages, f"never finished: {sorted(self._queue.messages)}")
        for letter in self._queue.dead_letters:
            self.demand(letter.attributes.get("reason") in set(Reason), f"no reason is on {letter}")
