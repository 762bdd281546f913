"""What the sink's answers mean for records, and what those mean for deliveries."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.flow.remembered import Remembered
from agent.flow.shipping import Shipping
from agent.model import ACCEPTED, LogRecord, Outcome, Reading, Settlement, Verdict
from agent.pulse import Clock, Pulse
from tests.support.clock import FakeClock, PatientClock, finish, soon
from tests.support.messages import delivery
from tests.support.objects import BUCKET
from tests.support.records import ids, log_record
from tests.support.sink import REFUSED, FakeSink
from tests.support.telemetry import FakeTelemetry


@dataclass
class Rig:
    """Shipping to a fake sink."""

    clock: Clock = field(default_factory=FakeClock)
    remembers: int = 1000
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    halt: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        pulse = Pulse(self.clock)
        self.sink = FakeSink(pulse, self.halt)
        self.remembered = Remembered(self.remembers)
        self.shipping = Shipping(
            sink=self.sink,
            remembered=self.remembered,
            telemetry=self.telemetry,
            pulse=pulse,
            halt=self.halt,
        )

    def ship(self, *readings: Reading) -> list[Settlement]:
        """Ship these readings."""
        return self.shipping.ship(readings)

    def outcomes(self, *readings: Reading) -> list[Outcome]:
        """What becomes of their deliveries."""
        return [settlement.outcome for settlement in self.ship(*readings)]

    def fates(self) -> dict[str, int]:
        """The ledger's fates that occurred."""
        return {fate: count for fate, count in self.telemetry.fates.items() if count}


def reading(*records: LogRecord | str, name: str = "m-1") -> Reading:
    """A delivery that holds these records."""
    return Reading(delivery(name), tuple(log_record(one) if isinstance(one, str) else one for one in records))


def test_every_record_goes_out_once_and_its_delivery_is_done() -> None:
    """Two deliveries of two records each make one export of four, and both are delivered."""
    rig = Rig()
    assert rig.outcomes(reading("a", "b"), reading("c", "d", name="m-2")) == [Outcome.DELIVERED] * 2
    assert rig.sink.exports == [["a", "b", "c", "d"]]
    assert rig.fates() == {"exported": 4}
    assert rig.telemetry.named("reading_finished") == [("m-1",), ("m-2",)]


def test_records_go_out_oldest_first() -> None:
    """The order is that of the events' times over all deliveries together: Loki refuses what comes late."""
    rig = Rig()
    first = reading(log_record("new", at=9), log_record("old", at=1))
    rig.ship(first, reading(log_record("middle", at=5), log_record("oldest", at=0), name="m-2"))
    assert rig.sink.exports == [["oldest", "old", "middle", "new"]]


def test_a_delivery_without_records_is_done() -> None:
    """What holds nothing for us is delivered without asking the sink, and what was skipped is in the ledger."""
    rig = Rig()
    assert rig.outcomes(Reading(delivery(), skipped=3, malformed=0)) == [Outcome.DELIVERED]
    assert rig.sink.exports == []
    assert (rig.telemetry.events_read, rig.fates()) == (3, {"skipped": 3})


def test_nothing_to_ship_asks_nothing() -> None:
    """An empty receive leads to no settlement and no export."""
    rig = Rig()
    assert (rig.ship(), rig.sink.exports, rig.telemetry.told) == ([], [], [])


def test_a_repeat_in_a_batch_goes_out_once() -> None:
    """The same record in two deliveries and twice in one is exported once, and both deliveries are done."""
    rig = Rig()
    assert rig.outcomes(reading("a", "a"), reading("a", name="m-2")) == [Outcome.DELIVERED] * 2
    assert rig.sink.exports == [["a"]]
    assert rig.fates() == {"exported": 1, "duplicate": 2}


def test_a_repeat_in_a_later_batch_does_not_go_out() -> None:
    """A record that this process has delivered is a duplicate when it comes again, and its delivery is done."""
    rig = Rig()
    rig.ship(reading("a", "b"))
    assert rig.outcomes(reading("b", "c", name="m-2")) == [Outcome.DELIVERED]
    assert rig.sink.exports == [["a", "b"], ["c"]]
    assert rig.fates() == {"exported": 3, "duplicate": 1}
    assert ids(rig.telemetry.exported) == ["a", "b", "c"]


def test_with_no_memory_a_repeat_goes_out_again() -> None:
    """With remembering off each batch stands alone."""
    rig = Rig(remembers=0)
    rig.ship(reading("a"))
    rig.ship(reading("a"))
    assert rig.sink.exports == [["a"], ["a"]]
    assert rig.fates() == {"exported": 2}


def test_the_same_event_in_other_words_is_no_repeat() -> None:
    """Records of one event id whose bytes differ both go out."""
    rig = Rig()
    rig.ship(reading(log_record("a", digest="one"), log_record("a", digest="two")))
    assert rig.sink.exports == [["a", "a"]]


def test_a_refused_record_costs_only_its_own_delivery() -> None:
    """Of ten deliveries nine are done, and one is a dead letter that names sink, bucket and key."""
    rig = Rig()
    rig.sink.refused = {"e4"}
    readings = [reading(log_record(f"e{number}", key=f"key-{number}"), name=f"m-{number}") for number in range(10)]
    settlements = rig.ship(*readings)
    assert [one.outcome for one in settlements].count(Outcome.DELIVERED) == 9
    bad = settlements[4]
    assert bad.outcome is Outcome.DEAD_LETTER
    assert bad.fault == Fault(REFUSED.reason, REFUSED.detail, BUCKET, "key-4")
    assert rig.fates() == {"exported": 9, "dead_lettered": 1}


@pytest.mark.row(82)
def test_a_record_that_is_not_settled_costs_only_its_own_delivery_a_receive() -> None:
    """The others are done; this one comes again and says for which object, and its good records count as delivered."""
    rig = Rig()
    rig.sink.unsettled = {"e4"}
    good, bad = rig.ship(reading("e1"), reading(log_record("e4", key="key-4"), "e5", name="m-2"))
    assert good.outcome is Outcome.DELIVERED
    assert (bad.outcome, bad.retry) == (Outcome.RETRY, RetryReason.SINK_UNSETTLED)
    assert bad.retry_detail == f"s3://{BUCKET}/key-4: no answer"
    assert rig.fates() == {"exported": 2, "retried": 1}
    rig.sink.unsettled.clear()
    assert rig.outcomes(reading("e4", "e5", name="m-2")) == [Outcome.DELIVERED]
    assert rig.sink.exports[-1] == ["e4"]


@pytest.mark.row(82)
@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        (REFUSED, Outcome.RETRY),
        (replace(REFUSED, is_suspect=True), Outcome.DEAD_LETTER),
        (replace(REFUSED, is_final=True), Outcome.DEAD_LETTER),
    ],
)
def test_what_is_not_settled_waits_for_what_is_held_or_final(refusal: Fault, outcome: Outcome) -> None:
    """A suspect is held, which costs no receive; and what is final must not be sent again."""
    rig = Rig()
    rig.sink.unsettled, rig.sink.refused = {"a"}, {"b"}
    rig.sink.refusal = refusal
    assert rig.outcomes(reading("a", "b")) == [outcome]


@pytest.mark.row(82)
def test_a_delivery_that_is_a_dead_letter_anyway_does_not_wait_for_long() -> None:
    """With a bad record in it, one that is not settled has three more receives to pass."""
    rig = Rig()
    rig.sink.unsettled, rig.sink.refused, rig.sink.refusal = {"a"}, {"b"}, REFUSED
    found = {count: Reading(delivery(receive_count=count), (log_record("a"), log_record("b"))) for count in (1, 3, 4)}
    seen = [rig.outcomes(each) for each in found.values()]
    assert seen == [[Outcome.RETRY], [Outcome.RETRY], [Outcome.DEAD_LETTER]]


@pytest.mark.row(83)
@pytest.mark.row(85)
@pytest.mark.parametrize(
    ("reason", "retry"),
    [(Reason.SINK_TOO_NEW, RetryReason.SINK_TOO_NEW), (Reason.SINK_TOO_OLD, RetryReason.SINK_TOO_OLD)],
)
def test_a_record_that_may_be_in_time_yet_comes_again_unless_it_is_suspect(reason: Reason, retry: RetryReason) -> None:
    """Its delivery comes again three times, and is a dead letter at the fourth receive; a suspect is held at once."""
    rig = Rig()
    rig.sink.refused, rig.sink.may_pass = {"a"}, retry
    rig.sink.refusal = Fault(reason, "not in time")
    seen = [rig.ship(Reading(delivery(receive_count=count), (log_record("a"),)))[0] for count in (1, 3, 4)]
    assert [one.outcome for one in seen] == [Outcome.RETRY, Outcome.RETRY, Outcome.DEAD_LETTER]
    assert [one.retry for one in seen] == [retry, retry, None]
    assert rig.fates() == {"retried": 2, "dead_lettered": 1}
    rig.sink.refusal = Fault(reason, "not in time", is_suspect=True)
    assert rig.outcomes(reading("a")) == [Outcome.DEAD_LETTER]


def test_a_refused_record_is_refused_to_each_delivery_that_holds_it() -> None:
    """Two deliveries of one bad record are both dead letters, each with its own object."""
    rig = Rig()
    rig.sink.refused = {"bad"}
    readings = [reading(log_record("bad", key=f"key-{number}"), name=f"m-{number}") for number in range(2)]
    settlements = rig.ship(*readings)
    assert [one.fault.key for one in settlements if one.fault] == ["key-0", "key-1"]
    assert rig.fates() == {"dead_lettered": 2}


def test_a_refused_record_is_not_remembered() -> None:
    """What the sink refused is sent again when it comes again: it may have changed its mind."""
    rig = Rig()
    rig.sink.refused = {"a"}
    rig.ship(reading("a"))
    rig.sink.refused = set()
    assert rig.outcomes(reading("a")) == [Outcome.DELIVERED]
    assert rig.sink.exports == [["a"], ["a"]]


def test_what_was_not_answered_goes_back() -> None:
    """A delivery whose record has no answer when time is up is returned, and nothing of it is remembered."""
    rig = Rig()
    rig.sink.down = True
    rig.sink.on_export = rig.halt.set
    assert rig.outcomes(reading("a"), reading(name="m-2")) == [Outcome.RETURNED, Outcome.DELIVERED]
    assert rig.fates() == {"retried": 1}
    rig.sink.down = False
    rig.halt.clear()
    assert rig.outcomes(reading("a")) == [Outcome.DELIVERED]


FAULT = Fault(Reason.OBJECT_CORRUPT, "damaged", BUCKET, "key")


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (Reading(delivery(), faults=(FAULT,)), Outcome.DEAD_LETTER),
        (Reading(delivery(), retry=RetryReason.OBJECT_MISSING), Outcome.RETRY),
        (Reading(delivery(), returned=True), Outcome.RETURNED),
        (Reading(delivery(), faults=(FAULT,), retry=RetryReason.OBJECT_MISSING), Outcome.RETRY),
        (Reading(delivery(), faults=(FAULT,), returned=True), Outcome.RETURNED),
        (Reading(delivery(), retry=RetryReason.STORE_UNAVAILABLE, returned=True), Outcome.RETURNED),
    ],
)
def test_unfinished_goes_before_what_may_pass_before_what_cannot(found: Reading, outcome: Outcome) -> None:
    """A delivery is put aside only when nothing else is left to hope for; its good records went out all the same."""
    rig = Rig()
    good = Reading(
        found.delivery, (log_record("good"),), faults=found.faults, retry=found.retry, returned=found.returned
    )
    assert rig.outcomes(good) == [outcome]
    assert rig.sink.exports == [["good"]]
    assert rig.fates() == {"exported": 1}


def test_a_settlement_has_its_reason() -> None:
    """A retry says why, and a dead letter has the first fault that was found."""
    rig = Rig()
    other = Fault(Reason.EVENT_MALFORMED, "two entries", BUCKET, "other")
    retried = Reading(delivery(), retry=RetryReason.ACCESS_DENIED)
    first, second = rig.ship(retried, Reading(delivery("m-2"), faults=(FAULT, other)))
    assert (first.retry, first.fault) == (RetryReason.ACCESS_DENIED, None)
    assert (second.retry, second.fault) == (None, FAULT)


def test_a_bug_in_the_sink_leaves_nothing_claimed() -> None:
    """When an export breaks by a bug the records can be exported by whoever gets them next."""
    rig = Rig()

    def fail() -> None:
        raise ZeroDivisionError

    rig.sink.on_export = fail
    with pytest.raises(ZeroDivisionError):
        rig.ship(reading("a"))
    rig.sink.on_export = lambda: None
    assert rig.outcomes(reading("a")) == [Outcome.DELIVERED]
    assert rig.fates() == {"exported": 1}


def test_a_sink_that_leaves_out_an_answer_has_delivered_nothing() -> None:
    """Which answer is whose cannot be told: no message is settled, and no record counts as exported or remembered."""
    rig = Rig()
    rig.shipping._sink = _Curt()
    with pytest.raises(ValueError, match="shorter"):
        rig.ship(reading("a", "b"))
    assert (rig.fates(), rig.telemetry.exported) == ({}, [])
    rig.shipping._sink = rig.sink
    assert rig.outcomes(reading("a", "b")) == [Outcome.DELIVERED]
    assert rig.sink.exports == [["a", "b"]]


class _Curt:
    """Accepts, but says so once only."""

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        return [ACCEPTED]


class TwoWorkers:
    """Two threads that ship the same record; the first is stopped inside its export until `go_on`."""

    def __init__(self) -> None:
        self.clock = PatientClock()
        self.rig = Rig(clock=self.clock)
        self.inside, self.go_on = threading.Event(), threading.Event()
        self.rig.sink.on_export = self._stop_the_first
        self.settled: dict[str, Sequence[Settlement]] = {}
        self._first = True

    def _stop_the_first(self) -> None:
        if self._first:
            self._first = False
            self.inside.set()
            soon(self.go_on)

    def start(self, name: str) -> threading.Thread:
        """A worker that ships the record as the delivery `name`."""

        def work() -> None:
            self.settled[name] = self.rig.ship(reading("a", name=name))

        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def both(self) -> tuple[threading.Thread, threading.Thread]:
        """The first inside its export, and the second waiting for it."""
        first = self.start("first")
        soon(self.inside)
        second = self.start("second")
        soon(self.clock.waiting)
        return first, second

    def outcomes(self) -> dict[str, Outcome]:
        """What became of each delivery."""
        return {name: one.outcome for name, (one,) in self.settled.items()}


def test_of_two_workers_with_one_record_the_second_waits() -> None:
    """While one worker exports a record, another with the same one waits for the answer instead of sending it too."""
    workers = TwoWorkers()
    threads = workers.both()
    assert workers.settled == {}
    workers.go_on.set()
    finish(*threads)
    assert workers.outcomes() == {"first": Outcome.DELIVERED, "second": Outcome.DELIVERED}
    assert workers.rig.sink.exports == [["a"]]
    assert workers.rig.fates() == {"exported": 1, "duplicate": 1}


def test_if_the_first_is_refused_the_second_tries() -> None:
    """A record that was refused to one worker is sent by the other, whose delivery has an answer of its own."""
    workers = TwoWorkers()
    workers.rig.sink.refused = {"a"}
    threads = workers.both()
    workers.go_on.set()
    finish(*threads)
    assert workers.outcomes() == {"first": Outcome.DEAD_LETTER, "second": Outcome.DEAD_LETTER}
    assert workers.rig.sink.exports == [["a"], ["a"]]
    assert workers.rig.fates() == {"dead_lettered": 2}


def test_waiting_for_a_worker_that_never_ends_ends_when_time_is_up() -> None:
    """A delivery whose record another worker holds on to is returned soon after the halt."""
    clock = FakeClock()
    rig = Rig(clock=clock)
    rig.remembered.claim([b"a"])
    clock.at(60, rig.halt.set)
    assert rig.outcomes(reading("a", "b")) == [Outcome.RETURNED]
    assert 60 <= clock.elapsed <= 65
    assert rig.fates() == {"exported": 1, "retried": 1}


def test_a_worker_that_waits_for_another_goes_home_when_time_is_up() -> None:
    """When told to halt, the worker that waited returns its delivery; the other one's answer stands."""
    workers = TwoWorkers()
    workers.rig.sink.down = True
    threads = workers.both()
    workers.rig.halt.set()
    workers.go_on.set()
    finish(*threads)
    assert workers.outcomes() == {"first": Outcome.RETURNED, "second": Outcome.RETURNED}
    assert workers.rig.fates() == {"retried": 2}
