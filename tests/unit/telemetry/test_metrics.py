"""The metrics: their names, what stands at 0, and how they are rendered."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text

from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.model import EventLabels, Outcome
from agent.records.profiles import named
from agent.telemetry.exposition import render
from agent.telemetry.labels import EventVocabulary, LabelLimits, vocabulary
from agent.telemetry.metrics import (
    EXPORT_RESULTS,
    FATES,
    SQS_OPERATIONS,
    SQS_RESULTS,
    Build,
    Metrics,
)
from agent.telemetry.snapshot import Snapshot
from tests.support.telemetry import observed

Golden = Callable[[str, str], None]
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def registry_of(*, event_name_labels: int = 2) -> Metrics:
    """Metrics in a registry of their own."""
    return Metrics(CollectorRegistry(), event_name_labels, vocabulary=vocabulary(), build=Build("1", "r", "3"))


def text_of(metrics: Metrics, accept: str = "") -> str:
    """What a scrape reads."""
    return render(metrics.registry, accept, "").body.decode()


def parse_openmetrics(text: str) -> list[Metric]:
    """What a reader of OpenMetrics makes of `text`."""
    return list(openmetrics_parser.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def test_the_first_scrape_shows_every_known_series_at_its_start(golden: Golden) -> None:
    """Before anything happens, /metrics has every documented series, so that increase() sees the first event."""
    body = text_of(observed().telemetry.metrics)
    lines = [line for line in body.splitlines(keepends=True) if "process_" not in line and "build_info" not in line]
    golden("metrics-initial.txt", "".join(lines))


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_no_series_says_when_it_was_created(accept: str) -> None:
    """Neither format has _created series."""
    assert "_created" not in text_of(registry_of(), accept)


def test_documented_events_stand_at_zero() -> None:
    """17 names for people and 11 for five kinds of connection identities, each with both outcomes."""
    samples = Snapshot.of(registry_of().registry).samples["codecatalyst_events_total"]
    assert len(samples) == (17 + 11 * 5) * 2
    assert {sample.value for sample in samples} == {0.0}


@pytest.mark.parametrize(
    ("name", "label", "values"),
    [
        ("trail_agent_deliveries_settled_total", "outcome", list(Outcome)),
        ("trail_agent_dead_letters_total", "reason", list(Reason)),
        ("trail_agent_retries_total", "reason", list(RetryReason)),
        ("trail_agent_notifications_ignored_total", "reason", list(IgnoredReason)),
        ("trail_agent_events_total", "fate", FATES),
        ("trail_agent_export_requests_total", "result", EXPORT_RESULTS),
        ("trail_agent_sqs_requests_total", "operation", SQS_OPERATIONS),
        ("trail_agent_sqs_requests_total", "result", SQS_RESULTS),
        ("trail_agent_label_overflow_total", "label", ("event_name", "identity_type", "event_source", "space_name")),
    ],
)
def test_closed_labels_stand_at_zero(name: str, label: str, values: list[str]) -> None:
    """Every value that a closed label can take has a series from the start."""
    assert list(Snapshot.of(registry_of().registry).by(name, label)) == [str(value) for value in values]


def test_an_exemplar_points_to_the_event() -> None:
    """In OpenMetrics, a counted event leads to its eventID; the text format cannot say it."""
    metrics = registry_of()
    metrics.count_events(EventLabels("CreateProject", "IdentityCenterUser", "success"), 3, "9e8f-1")
    assert re.search(
        r'codecatalyst_events_total\{.*"CreateProject".*\} 3.0 # \{event_id="9e8f-1"\}', text_of(metrics, OPENMETRICS)
    )
    assert "9e8f-1" not in text_of(metrics)


@pytest.mark.parametrize("event_id", ["x" * 121, "", "line\nbreak", "\ud800", '"} 1 # {a="'])
def test_a_hostile_event_id_never_breaks_a_scrape(event_id: str) -> None:
    """An eventID that does not fit an exemplar is left out; the event is counted all the same."""
    metrics = registry_of()
    metrics.count_events(EventLabels("CreateProject", "IdentityCenterUser", "success"), 1, event_id)
    families = {family.name: family for family in parse_openmetrics(text_of(metrics, OPENMETRICS))}
    assert sum(sample.value for sample in families["codecatalyst_events"].samples) == 1


@pytest.mark.parametrize("name", ["\ud800", "a\nb 1", "", "n" * 1_000_000, 'x"} 1'])
def test_a_hostile_event_name_never_breaks_a_scrape(name: str) -> None:
    """Whatever an event calls itself, both formats stay readable and nothing goes uncounted."""
    metrics = registry_of()
    metrics.count_events(EventLabels(name, "Root", "failure"), 1, "id")
    for body, parse in ((text_of(metrics), parse_text), (text_of(metrics, OPENMETRICS), parse_openmetrics)):
        counted = [family for family in parse(body) if family.name == "codecatalyst_events"]
        assert sum(sample.value for sample in counted[0].samples) == 1
    assert len(text_of(metrics)) < 100_000


def test_a_forged_name_counts_as_other_and_the_overflow_is_told() -> None:
    """Beyond the limit of event names, events are counted as "other"."""
    metrics = registry_of(event_name_labels=1)
    for name in ("First", "Second", "Second", "CreateProject"):
        metrics.count_events(EventLabels(name, "Root", "success"), 1, "id")
    seen = Snapshot.of(metrics.registry)
    counts = seen.by("codecatalyst_events_total", "event_name")
    assert (counts["First"], counts["other"], counts["CreateProject"]) == (1, 2, 1)
    assert seen.value("trail_agent_label_overflow_total", label="event_name") == 2


def test_a_vocabulary_of_ones_own_is_all_that_is_pre_created() -> None:
    """The names that are known come from the caller."""
    documented = EventLabels("Only", "Root", "success")
    vocabulary = EventVocabulary((documented,), {"": {"Only"}}, {"Root", "Unknown"})
    metrics = Metrics(CollectorRegistry(), 0, vocabulary=vocabulary, build=Build("1"))
    assert Snapshot.of(metrics.registry).by("codecatalyst_events_total", "event_name") == {"Only": 0.0}


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (f"{OPENMETRICS},text/plain;q=0.5", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text;version=x", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text;version=9.0\r\nX: y", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_the_format_is_the_one_asked_for(accept: str, content_type: str) -> None:
    """Prometheus gets OpenMetrics if it asks for it; nonsense gets the text format."""
    assert render(registry_of().registry, accept, "").content_type.startswith(content_type)


def test_gzip_is_used_only_if_asked_for() -> None:
    """A scrape that accepts gzip reads the same text in a fraction of the bytes."""
    registry = registry_of().registry
    plain, packed = render(registry, "", "deflate"), render(registry, "", "gzip;q=1, br")
    assert (plain.gzipped, packed.gzipped) == (False, True)
    unpacked = gzip.decompress(packed.body)
    assert b"codecatalyst_events_total" in unpacked
    assert len(packed.body) < len(plain.body) / 4


def test_the_build_and_the_process_are_described() -> None:
    """What runs, and what it uses of the machine, can be read from the metrics."""
    seen = Snapshot.of(registry_of().registry)
    assert seen.labels("trail_agent_build_info") == {"version": "1", "revision": "r", "python_version": "3"}
    assert seen.value("process_start_time_seconds") > 0


def of_source(source: str, name: str = "Any") -> EventLabels:
    """Labels of an event of another service."""
    return EventLabels(name, "Root", "success", source)


@pytest.mark.row(73)
def test_other_services_do_not_move_codecatalysts_metric() -> None:
    """They are counted by event source in a metric with the same labels otherwise, with an exemplar."""
    metrics = registry_of()
    metrics.count_events(of_source("sso.amazonaws.com", "CreatePermissionSet"), 2, "9e8f-1")
    seen = Snapshot.of(metrics.registry)
    assert seen.value("codecatalyst_events_total") == 0
    labels = {"event_source": "sso.amazonaws.com", "event_name": "CreatePermissionSet", "outcome": "success"}
    assert seen.value("cloudtrail_events_total", identity_type="Root", **labels) == 2
    (sample,) = [one for one in seen.samples["cloudtrail_events_total"] if one.value]
    assert sample.exemplar is not None
    assert sample.exemplar.labels == {"event_id": "9e8f-1"}


def test_pairs_of_enabled_profiles_stand_at_zero() -> None:
    """Of those only; and without CodeCatalyst's profile its own metric has no series."""
    assert "cloudtrail_events_total" not in Snapshot.of(registry_of().registry).samples
    chosen = vocabulary(named(["trail_guard"]))
    seen = Snapshot.of(Metrics(CollectorRegistry(), 0, vocabulary=chosen, build=Build("1")).registry)
    sources = set(seen.by("cloudtrail_events_total", "event_source"))
    assert sources == {f"{name}.amazonaws.com" for name in ("cloudtrail", "s3", "sqs", "kms")}
    assert "codecatalyst_events_total" not in seen.samples


@pytest.mark.row(74)
def test_forged_sources_and_names_are_bounded() -> None:
    """Fifty sources beyond the known ones, a few names in each, and the rest is `other`; each overflow is counted."""
    limits = LabelLimits(vocabulary(), 3)
    counted = [limits.limit(of_source(f"forged{s}.amazonaws.com", f"E{e}")) for s in range(200) for e in range(10)]
    assert len({one.labels.event_source for one in counted}) == 51
    assert len({one.labels for one in counted}) == 51 * 4
    assert {word for one in counted for word in one.overflowed} == {"event_source", "event_name"}
    assert limits.limit(of_source("sso.amazonaws.com", "DeleteInstance")).overflowed == ()
    assert limits.limit(of_source("x\ny")).labels.event_source == "other"


def test_sources_of_the_settings_are_known() -> None:
    """A source that the operator names keeps series of its own, whatever else the trail holds."""
    limits = LabelLimits(vocabulary((), ["Own.amazonaws.com", "*"]), 0)
    for number in range(60):
        limits.limit(of_source(f"forged{number}.amazonaws.com"))
    assert limits.limit(of_source("own.amazonaws.com")).labels.event_source == "own.amazonaws.com"
