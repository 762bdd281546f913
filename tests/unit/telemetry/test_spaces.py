"""The gauges of spaces: when something last happened in each, and which are retired."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.model import EventLabels, LogRecord
from agent.telemetry.snapshot import Snapshot
from tests.support.clock import START
from tests.support.records import log_record
from tests.support.telemetry import ObservedTelemetry, observed

SECOND = 10**9
LAST = "codecatalyst_space_last_event_timestamp_seconds"
RETIRED = "codecatalyst_space_retired"


def in_space(name: str, seconds_ago: float, event: str = "GetSpace", outcome: str = "success") -> LogRecord:
    """The record of an event in the space called `name`, so many seconds before the clock's start."""
    at = int((START - seconds_ago) * SECOND)
    record = log_record(f"{name}-{seconds_ago}", at=at)
    return replace(record, space=name, labels=EventLabels(event, "IdentityCenterUser", outcome))


def by_space(subject: ObservedTelemetry, metric: str) -> Mapping[str, float]:
    """The series of `metric`."""
    return Snapshot.of(subject.telemetry.metrics.registry).by(metric, "space_name")


def test_each_space_has_the_time_of_its_newest_event() -> None:
    """Events come in any order; the newest one of each space counts, and events without a space count nowhere."""
    subject = observed()
    subject.telemetry.records_exported([in_space("acme", 60), in_space("beta", 5), in_space("acme", 90)])
    subject.telemetry.records_exported([in_space("acme", 3600), log_record("no space")])
    assert by_space(subject, LAST) == {"acme": START - 60, "beta": START - 5}


def test_an_event_of_the_future_counts_as_now() -> None:
    """A forged time cannot keep the alert about a silent space from firing for years."""
    subject = observed()
    subject.telemetry.records_exported([in_space("acme", -(10.0**8))])
    assert by_space(subject, LAST) == {"acme": subject.clock.time()}


def test_after_a_hundred_spaces_further_ones_count_together() -> None:
    """Forged names cannot fill Prometheus: they are `other`, and the overflow is counted."""
    subject = observed()
    subject.telemetry.records_exported([in_space(f"space-{number}", 60 + number) for number in range(102)])
    subject.telemetry.records_exported([in_space('no "name"\n', 5), in_space("space-7", 4)])
    spaces = by_space(subject, LAST)
    assert len(spaces) == 101
    assert (spaces["space-7"], spaces["other"]) == (START - 4, START - 5)
    assert subject.value("trail_agent_label_overflow_total", label="space_name") == 3


def test_the_spaces_of_the_settings_are_retired_from_the_start() -> None:
    """They stand there before any event, and stay when somebody looks into such a space."""
    subject = observed(retired_spaces=("old", "older"))
    subject.telemetry.records_exported([in_space("old", 60), in_space("acme", 5)])
    assert by_space(subject, RETIRED) == {"old": 1, "older": 1}
    assert set(by_space(subject, LAST)) == {"old", "acme"}


def test_a_space_that_was_deleted_is_retired_until_something_happens_in_it_again() -> None:
    """The newest event that succeeded decides, whatever comes first; what is refused neither retires nor revives."""
    subject = observed()
    subject.telemetry.records_exported([in_space("acme", 60, "DeleteSpace"), in_space("acme", 90)])
    subject.telemetry.records_exported([in_space("acme", 50, outcome="failure")])
    subject.telemetry.records_exported([in_space("beta", 60, "DeleteSpace", "failure")])
    assert by_space(subject, RETIRED) == {"acme": 1}
    subject.telemetry.records_exported([in_space("acme", 5, "CreateSpace")])
    assert by_space(subject, RETIRED) == {}


EVENTS = st.tuples(
    st.sampled_from(["acme", "beta", "no name\n"]),
    st.integers(-5, 60),
    st.sampled_from(["GetSpace", "DeleteSpace"]),
    st.sampled_from(["success", "failure"]),
)


@given(st.lists(st.lists(EVENTS, min_size=1, max_size=8), max_size=4))
def test_a_batch_says_what_its_events_say_one_by_one(batches: list[list[tuple[str, int, str, str]]]) -> None:
    """From the oldest to the newest: it makes no difference how many the sink accepted at once."""
    together, single = observed(retired_spaces=("beta",)), observed(retired_spaces=("beta",))
    for batch in batches:
        records = [in_space(*event) for event in batch]
        together.telemetry.records_exported(records)
        for record in sorted(records, key=lambda one: one.time_unix_nano):
            single.telemetry.records_exported([record])
    for metric in (LAST, RETIRED):
        assert by_space(together, metric) == by_space(single, metric)
    overflow = "trail_agent_label_overflow_total"
    assert together.value(overflow, label="space_name") == single.value(overflow, label="space_name")
