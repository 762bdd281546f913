"""The ledger and the promise of delivery, for any readings and any sink."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.flow.remembered import Remembered
from agent.flow.shipping import AnySink, Shipping
from agent.model import ACCEPTED, UNANSWERED, LogRecord, Outcome, Reading, Verdict
from agent.pulse import Pulse
from tests.support.clock import FakeClock
from tests.support.messages import delivery
from tests.support.records import log_record
from tests.support.telemetry import FakeTelemetry

REFUSAL = Verdict(accepted=False, fault=Fault(Reason.SINK_REJECTED, "no"))
FAULT = Fault(Reason.OBJECT_CORRUPT, "damaged", "acme-trail", "key")

records = st.builds(log_record, st.sampled_from("abcdefgh"), at=st.integers(0, 9), key=st.sampled_from(["x", "y"]))
verdicts = st.sampled_from([ACCEPTED, REFUSAL, UNANSWERED])
readings = st.builds(
    Reading,
    st.just(delivery()),
    st.lists(records, max_size=5).map(tuple),
    faults=st.sampled_from([(), (FAULT,)]),
    retry=st.sampled_from([None, RetryReason.OBJECT_MISSING]),
    returned=st.booleans(),
    skipped=st.integers(0, 3),
    malformed=st.integers(0, 3),
)
batches = st.lists(st.lists(readings, max_size=5), min_size=1, max_size=4)


@dataclass
class WhimsicalSink:
    """Says of each record whatever is drawn, and remembers what it ever accepted."""

    data: st.DataObject

    def __post_init__(self) -> None:
        self.accepted: set[bytes] = set()
        self.exports: list[Sequence[LogRecord]] = []

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """One verdict per record."""
        self.exports.append(records)
        said = self.data.draw(st.lists(verdicts, min_size=len(records), max_size=len(records)))
        self.accepted |= {record.digest for record, one in zip(records, said, strict=True) if one.accepted}
        return said


@dataclass
class KindSink:
    """Accepts everything."""

    exports: list[Sequence[LogRecord]] = field(default_factory=list)

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """One verdict per record."""
        self.exports.append(records)
        return [ACCEPTED] * len(records)


def shipping(sink: AnySink, telemetry: FakeTelemetry, capacity: int) -> Shipping:
    """Shipping by one worker."""
    return Shipping(
        sink=sink,
        remembered=Remembered(capacity),
        telemetry=telemetry,
        pulse=Pulse(FakeClock()),
        halt=threading.Event(),
    )


@given(batches, st.integers(0, 4), st.data())
def test_the_ledger_balances(batches: list[list[Reading]], capacity: int, data: st.DataObject) -> None:
    """Every event that was read has exactly one fate, after every batch."""
    telemetry = FakeTelemetry()
    ship = shipping(WhimsicalSink(data), telemetry, capacity).ship
    for batch in batches:
        ship(batch)
        assert telemetry.events_read == telemetry.fates.total()
    read = [reading for batch in batches for reading in batch]
    assert telemetry.fates["skipped"] == sum(reading.skipped for reading in read)
    assert telemetry.fates["malformed"] == sum(reading.malformed for reading in read)


@given(batches, st.integers(0, 4), st.data())
def test_each_reading_has_one_settlement(batches: list[list[Reading]], capacity: int, data: st.DataObject) -> None:
    """There are as many settlements as readings, in their order; a dead letter has its fault and a retry its reason."""
    ship = shipping(WhimsicalSink(data), FakeTelemetry(), capacity).ship
    for batch in batches:
        settlements = ship(batch)
        assert [one.delivery for one in settlements] == [reading.delivery for reading in batch]
        for one in settlements:
            assert (one.outcome is Outcome.DEAD_LETTER) == (one.fault is not None)
            assert (one.outcome is Outcome.RETRY) == (one.retry is not None)


@given(batches, st.integers(0, 4), st.data())
def test_delivered_means_delivered(batches: list[list[Reading]], capacity: int, data: st.DataObject) -> None:
    """A delivery is done only if the sink has accepted every record of it, now or before, and nothing was amiss."""
    sink = WhimsicalSink(data)
    ship = shipping(sink, FakeTelemetry(), capacity).ship
    for batch in batches:
        for reading, settlement in zip(batch, ship(batch), strict=True):
            whole = {record.digest for record in reading.records} <= sink.accepted
            sound = not (reading.faults or reading.retry or reading.returned)
            assert settlement.outcome is not Outcome.DELIVERED or (whole and sound)


@given(batches, st.data())
def test_what_was_accepted_is_not_sent_again(batches: list[list[Reading]], data: st.DataObject) -> None:
    """With memory enough, what the sink has accepted is never sent again, and each export is in order of time."""
    sink = WhimsicalSink(data)
    ship = shipping(sink, FakeTelemetry(), 100).ship
    for batch in batches:
        before, exports = set(sink.accepted), len(sink.exports)
        ship(batch)
        for export in sink.exports[exports:]:
            assert not {record.digest for record in export} & before
            times = [record.time_unix_nano for record in export]
            assert times == sorted(times)
            assert len({record.digest for record in export}) == len(export)


@dataclass
class RecordingSink:
    """Passes on what another sink says, and remembers it."""

    sink: KindSink | WhimsicalSink
    said: list[list[Verdict]] = field(default_factory=list)

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """One verdict per record."""
        self.said.append(self.sink.export(records))
        return self.said[-1]


@dataclass
class WordySink:
    """Says what another sink `said`, in more words: no yes is the plain one."""

    said: Sequence[list[Verdict]]
    exports: list[Sequence[LogRecord]] = field(default_factory=list)

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """One verdict per record."""
        said = self.said[len(self.exports)]
        self.exports.append(records)
        return [replace(one, retry_detail="so far") if one.accepted else one for one in said]


@given(batches, st.integers(0, 10), st.booleans(), st.data())
def test_the_quick_way_and_the_exact_way_agree(
    batches: list[list[Reading]], capacity: int, is_kind: bool, data: st.DataObject
) -> None:
    """That all was accepted is seen at a glance: what is exported, settled and counted is the same without a glance."""
    whimsical = KindSink() if is_kind else WhimsicalSink(data)
    sink, first, second = RecordingSink(whimsical), FakeTelemetry(), FakeTelemetry()
    quick = shipping(sink, first, capacity)
    settlements = [quick.ship(batch) for batch in batches]
    wordy = WordySink(sink.said)
    exact = shipping(wordy, second, capacity)
    assert [exact.ship(batch) for batch in batches] == settlements
    assert wordy.exports == whimsical.exports
    assert (exact.accepted(), second.told) == (quick.accepted(), first.told)
