"""Ages that are counted by the batch: the same metric as if each had been counted alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from agent.telemetry.ages import SecondsHistogram
from agent.telemetry.exposition import render
from agent.telemetry.snapshot import Snapshot

NAME = "trail_agent_event_age_seconds"
BUCKETS = (1.0, 10.0, 60.0, 86_400.0)
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
AGES = st.one_of(st.integers(0, 100_000).map(float), st.sampled_from(BUCKETS))


def opened() -> tuple[SecondsHistogram, CollectorRegistry]:
    """A histogram that nothing has been told yet, and its registry."""
    registry = CollectorRegistry()
    return SecondsHistogram(NAME, "How old.", BUCKETS, registry), registry


@given(st.lists(st.lists(AGES)))
def test_a_scrape_shows_what_the_librarys_own_histogram_shows(batches: list[list[float]]) -> None:
    """Byte for byte, in both formats, whatever is counted together; an age on a bound belongs below it."""
    ours, registry = opened()
    own = CollectorRegistry()
    plain = Histogram(NAME, "How old.", buckets=BUCKETS, registry=own)
    for ages in batches:
        ours.observe_all(sorted(ages))
        for age in ages:
            plain.observe(age)
    for accept in ("", OPENMETRICS):
        assert render(registry, accept, "").body == render(own, accept, "").body


def test_it_is_found_by_its_names() -> None:
    """A page that asks for some metrics gets this one, too."""
    ages, registry = opened()
    ages.observe_all([4.0, 5.0])
    seen = Snapshot.of(registry, only=[f"{NAME}_count"])
    assert seen.value(f"{NAME}_count") == 2
