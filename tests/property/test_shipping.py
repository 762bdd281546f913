"""The ledger and the promise of delivery, for any readings and any sink."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.flow.remembered import Remembered
from agent.flow.shipping import Shipping
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


def shipping(sink: WhimsicalSink, telemetry: FakeTelemetry, capacity: int) -> Shipping:
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
