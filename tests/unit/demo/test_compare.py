"""What was written against what arrived."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random

import pytest

from agent.demo.compare import Labels, Ledger, label_faults, labels_of
from agent.demo.generator import GeneratedEvent, Generator


@pytest.fixture
def event() -> GeneratedEvent:
    """One generated event."""
    return Generator(Random(1), datetime(2023, 5, 18, tzinfo=UTC)).generate(1)[0]


def test_white_space_does_not_matter(event: GeneratedEvent) -> None:
    """A body that is the same JSON has arrived unaltered."""
    ledger = Ledger()
    ledger.write([event])
    ledger.arrive(json.dumps(json.loads(event.record), indent=2))
    assert ledger.faults() == []
    assert ledger.arrived == 1


def test_a_changed_value_is_altered(event: GeneratedEvent) -> None:
    """A body that lost a field on the way is no arrival."""
    ledger = Ledger()
    ledger.write([event])
    ledger.arrive(json.dumps(json.loads(event.record) | {"userAgent": "someone else"}))
    assert ledger.faults() == [f"altered on the way: {event.event_id}"]
    assert ledger.arrived == 0


@pytest.mark.parametrize("body", ['{"eventID": "noise"}', "{}", "not JSON", "[]"])
def test_what_was_never_written_is_foreign(body: str) -> None:
    """Noise that slips through, and what cannot even be read, is reported."""
    ledger = Ledger()
    ledger.arrive(body)
    assert len(ledger.foreign) == 1
    assert "foreign" in ledger.faults()[0]


def test_a_missing_event_is_named(event: GeneratedEvent) -> None:
    """Whoever reads the fault can look the event up."""
    ledger = Ledger()
    ledger.write([event])
    assert ledger.faults() == [f"missing: {event.event_name} {event.event_id}"]


def test_labels_are_compared_series_by_series(event: GeneratedEvent) -> None:
    """One event too few under one label and one too many under another do not cancel out."""
    expected = labels_of([event, event])
    labels = Labels("GetPendingConnection", "AssumedRole", "success")
    other = Labels("GetSpace", "IdentityCenterUser", "success")
    assert expected == {labels: 2}
    assert label_faults(expected, {labels: 2}) == []
    assert label_faults(expected, {labels: 1, other: 1}) == [
        "GetPendingConnection by AssumedRole, success: 2 written, 1 counted",
        "GetSpace by IdentityCenterUser, success: 0 written, 1 counted",
    ]


def test_labels_are_canonical() -> None:
    """The documentation's spellings are expected under the spelling that the daemon counts."""
    events = Generator(Random(1), datetime(2023, 5, 18, tzinfo=UTC)).generate(34)
    names = {labels.event_name for labels in labels_of(events)}
    assert {"AssociateIamRoleToConnection", "DisassociateIamRoleFromConnection"} <= names
    assert "AssociateIAMRoletoConnection" not in names
