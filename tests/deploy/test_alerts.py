"""The rules, as Prometheus, Loki's ruler and Alertmanager read them; and that every name in them is one of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cache
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml
from prometheus_client.samples import Sample
from promql_parser import MatchOp

from agent.model import QueueAttributes
from agent.records.actor import IDENTITY_TYPES
from agent.records.profiles import BY_NAME, CODECATALYST
from agent.records.profiles.codecatalyst import KNOWN_EVENTS
from agent.telemetry.labels import OTHER, OUTCOMES, vocabulary
from tests.reference.metrics import label_names
from tests.reference.mixin import LOKI, PROMETHEUS
from tests.support import promql
from tests.support.telemetry import observed
from tests.support.tools import run_tool

ROOT: Final = Path(__file__).parents[2]
FILES: Final = ("rules_test.yaml", "rules_days_test.yaml")
OF_SCRAPING: Final[Mapping[str, Set[str]]] = {"up": set(), "process_start_time_seconds": set()}
TARGET: Final = frozenset({"job", "instance"})
COUNTED: Final = {"trail_agent:deliveries:increase15m": "trail_agent_delivery_age_seconds_bucket"}
EVENTS: Final = {"codecatalyst:events:increase15m": CODECATALYST, "cloudtrail:events:increase15m": None}

Matchers = Mapping[str, promql_parser.Matcher]


@cache
def read(path: Path) -> Any:
    """What a file says, read once: change nothing in it."""
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


@cache
def alerts(path: Path = PROMETHEUS / "rules.yaml") -> dict[str, dict[str, Any]]:
    """The alerts of a file of rules, by name."""
    return {rule["alert"]: rule for group in read(path)["groups"] for rule in group["rules"] if "alert" in rule}


@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"],
        ["check", "config", "prometheus.yaml"],
        *(["test", "rules", name] for name in FILES),
    ],
    ids=" ".join,
)
def test_prometheus_understands_the_alerts(command: list[str]) -> None:
    """They are sound, fire when they should, and are silent when they should be: the tests beside them say when."""
    answer = run_tool("promtool", *command, cwd=PROMETHEUS)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_is_seen_firing_and_silent() -> None:
    """An alert that no test makes fire may be wrong; one that no test finds silent may cry all the time."""
    fires: set[str] = set()
    silent: set[str] = set()
    for name in FILES:
        for test in read(PROMETHEUS / name)["tests"]:
            for check in test.get("alert_rule_test", ()):
                (fires if check.get("exp_alerts") else silent).add(check["alertname"])
            if any(
                check["expr"].startswith("count by (alertname) (ALERTS") for check in test.get("promql_expr_test", ())
            ):
                silent.update(alerts())  # it lists all that fire
    assert (fires, silent) == (set(alerts()), set(alerts()))


@cache
def labels_of_metrics() -> Mapping[str, Set[str]]:
    """The labels that a selector may name, for each metric of the agent and each recorded series."""
    names = {metric: {*labels} | TARGET for metric, labels in label_names(observed().telemetry.metrics).items()}
    suffixes = {f"{metric}{suffix}": labels for metric, labels in names.items() for suffix in ("_total", "_count")}
    buckets = {f"{metric}_bucket": {*labels, "le"} for metric, labels in names.items()}
    recorded = {one.place: promql.grouped(one.text) for one in promql.of_rules() if one.kind == "record"}
    scraped = {name: {*labels, *TARGET} for name, labels in OF_SCRAPING.items()}
    return {**names, **suffixes, **buckets, **recorded, **scraped}


@cache
def samples() -> Sequence[Sample]:
    """What a daemon shows that has asked about its queues."""
    telemetry = observed().telemetry
    for queue in ("main", "dead_letter"):
        telemetry.queue_described(queue, QueueAttributes(0, 0, 0, "", 1))
    return [sample for metric in telemetry.metrics.registry.collect() for sample in metric.samples]


@cache
def values_of(metric: str, label: str) -> Set[str]:
    """Every value that a label can have: what is known of events, and what a daemon shows from its start."""
    names = vocabulary(BY_NAME.values()).names
    codecatalyst = {*KNOWN_EVENTS, OTHER} if metric.startswith("codecatalyst") else set[str]()
    others = set[str]() if codecatalyst else set().union(*names.values())
    known: Mapping[str, Set[str]] = {
        "job": {"trail-agent"},
        "event_name": codecatalyst | others,
        "event_source": {source for source in names if source},
        "identity_type": IDENTITY_TYPES,
        "outcome": {*OUTCOMES},
    }
    name = COUNTED.get(metric, metric)
    return known.get(label) or {one.labels[label] for one in samples() if one.name == name and label in one.labels}


def wanted(matcher: promql_parser.Matcher) -> list[str]:
    """The values that a matcher names; each part of a regular expression is one."""
    is_expression = matcher.op in (MatchOp.Re, MatchOp.NotRe)
    return matcher.value.split("|") if is_expression else [re.escape(matcher.value)]


def unknown(selector: promql_parser.VectorSelector) -> Iterator[str]:
    """What a selector names and nobody writes."""
    metric = str(selector.name)
    if metric not in labels_of_metrics():
        yield metric
        return
    for matcher in selector.matchers.matchers:
        if matcher.name not in labels_of_metrics()[metric]:
            yield f"{metric}: {matcher.name}"
            continue
        known = values_of(metric, matcher.name)
        missing = [value for value in wanted(matcher) if not any(re.fullmatch(value, one) for one in known)]
        yield from (f"{metric}: {matcher.name}: {value}" for value in missing)


def test_every_name_in_a_rule_is_one_of_ours() -> None:
    """A metric, a label, an event or a reason that nobody writes would keep its alert silent for ever."""
    selectors = [(one.place, selector) for one in promql.of_rules() for selector in promql.selectors(one.text)]
    assert [(place, word) for place, selector in selectors for word in unknown(selector)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('trail_agent_redy{job="trail-agent"}', "trail_agent_redy"),
        ('up{jobs="trail-agent"}', "up: jobs"),
        ('trail_agent_retries_total{reason="bugs"}', "trail_agent_retries_total: reason: bugs"),
        ('trail_agent_waiting{fault!~"sunk .*"}', "trail_agent_waiting: fault: sunk .*"),
        (
            'codecatalyst:events:increase15m{event_name=~"GetSpace|GetSpice"}',
            "codecatalyst:events:increase15m: event_name: GetSpice",
        ),
        ('trail_agent:dead_letters{queue="main"}', "trail_agent:dead_letters: queue"),
    ],
)
def test_a_wrong_name_is_found(text: str, found: str) -> None:
    """Of a metric, of a label, of a value, and of a part of a regular expression."""
    (selector,) = promql.selectors(text)
    assert list(unknown(selector)) == [found]


def by_label(selector: promql_parser.VectorSelector) -> Matchers:
    """The matchers of a selector."""
    return {matcher.name: matcher for matcher in selector.matchers.matchers}


def admits(matchers: Matchers, label: str, value: str) -> bool:
    """Whether the matcher of a label, if there is one, lets `value` through."""
    if label not in matchers:
        return True
    is_meant = any(re.fullmatch(one, value) for one in wanted(matchers[label]))
    return is_meant != (matchers[label].op in (MatchOp.NotEqual, MatchOp.NotRe))


def event_selectors() -> Iterator[tuple[str, promql_parser.VectorSelector]]:
    """The selectors of counted events, each with its alert."""
    for one in promql.of_rules():
        if one.kind == "alert":
            yield from ((one.place, selector) for selector in promql.selectors(one.text) if selector.name in EVENTS)


def test_each_event_is_one_of_the_services_that_its_alert_names() -> None:
    """An event under the name of another service would never come."""
    names = vocabulary(BY_NAME.values()).names
    for alert, selector in event_selectors():
        matchers = by_label(selector)
        if "event_source" in matchers and "event_name" in matchers:
            sources = [source for source in names if source and admits(matchers, "event_source", source)]
            events = set().union(*(names[source] for source in sources))
            assert set(wanted(matchers["event_name"])) <= events, alert


@pytest.mark.parametrize("profile", BY_NAME.values(), ids=lambda profile: profile.name)
def test_whatever_a_profile_calls_critical_makes_an_alert(profile: Any) -> None:
    """The demo marks these events with a `!`: who may act or who pays is changed by them."""
    metric = "codecatalyst:events:increase15m" if profile is CODECATALYST else "cloudtrail:events:increase15m"
    watched = [by_label(selector) for _, selector in event_selectors() if selector.name == metric]
    usual = {"identity_type": "AssumedRole", "outcome": "success"}
    for known in profile.known:
        for event in known.events & profile.critical:
            labels = {**usual, "event_name": event} | (
                {} if profile is CODECATALYST else {"event_source": known.source}
            )
            assert any(all(admits(one, *label) for label in labels.items()) for one in watched), (known.source, event)


def test_events_of_other_services_are_counted_as_those_of_codecatalyst() -> None:
    """Both rules say the same of their counter: promtool's tests ask most of it of one of them."""
    one, other = ("codecatalyst:events:increase15m", "cloudtrail:events:increase15m")
    text = {rule.place: rule.text for rule in promql.of_rules()}
    renamed = text[one].replace("codecatalyst_events_total", "cloudtrail_events_total")
    assert text[other] == renamed.replace("by (event_name,", "by (event_source, event_name,")


def test_the_unknown_events_are_those_that_the_profile_does_not_know() -> None:
    """A name that the agent learns would else go on as unknown."""
    (selector,) = (one for alert, one in event_selectors() if alert == "CodeCatalystUnknownEvent")
    assert set(wanted(by_label(selector)["event_name"])) == KNOWN_EVENTS


@pytest.mark.parametrize("path", [PROMETHEUS / "rules.yaml", LOKI / "rules.yaml"], ids=lambda path: path.parent.name)
def test_every_alert_leads_to_its_entry_in_the_runbook(path: Path) -> None:
    """There it says what it means, shows a query and says what to do."""
    page = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    for name, rule in alerts(path).items():
        assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{name.lower()}"
        assert {*rule["annotations"]} == {"summary", "description", "runbook_url"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        entry = page.partition(f"### {name}\n")[2].partition("\n#")[0]
        assert re.fullmatch(r"\n\*.+\*\n\n.+\n\n```logql\n.+\n```\n\n\*\*What to do:\*\* .+\n?", entry, re.DOTALL), name


def test_each_log_line_that_the_runbook_looks_for_is_written() -> None:
    """The names of events in the agent's own log, as `telemetry/` writes them."""
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "agent" / "telemetry").glob("*.py"))
    queries = re.findall(r'\| json \| event=~?"([^"]+)"', (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8"))
    looked_for = {name for query in queries for name in query.split("|")}
    assert looked_for
    assert {name for name in looked_for if f'"{name}"' not in written} == set()


def test_loki_has_the_critical_alerts_about_events_a_second_time() -> None:
    """All of them and no others, with the same severity: counters that a crash takes along are no excuse."""
    ours = {
        rule["alert"]
        for group in read(PROMETHEUS / "rules.yaml")["groups"]
        if group["name"].endswith(("-audit", "-exit"))
        for rule in group["rules"]
        if rule["labels"]["severity"] == "critical"
    }
    again = alerts(LOKI / "rules.yaml")
    assert set(again) == ours
    assert {rule["labels"]["severity"] for rule in again.values()} == {"critical"}


ALERTMANAGER: Final = PROMETHEUS / "alertmanager.yaml"


def test_alertmanager_understands_the_example() -> None:
    """amtool finds no mistake."""
    answer = run_tool("amtool", "check-config", ALERTMANAGER)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("severity", "alert", "receiver"),
    [
        ("critical", "TrailAgentDown", "page"),
        ("critical", "TrailGuardTrailStopped", "page-events"),
        ("warning", "CodeCatalystSilent", "ticket"),
        ("info", "CodeCatalystUnknownEvent", "digest"),
    ],
)
def test_each_severity_has_its_receiver(severity: str, alert: str, receiver: str) -> None:
    """Critical wakes somebody, warning is a ticket, info is for a digest."""
    labels = [f"severity={severity}", f"alertname={alert}"]
    answer = run_tool("amtool", "config", "routes", "test", "--config.file", ALERTMANAGER, *labels)
    assert answer.stdout.split() == [receiver]


def test_an_event_that_comes_again_is_told_again() -> None:
    """Alertmanager forgets only whole groups, so no two events share one; and it sees the end before the next one."""
    routes = read(ALERTMANAGER)["route"]["routes"]
    paged = next(route for route in routes if route["receiver"] == "page-events")
    ticket = next(route for route in routes if 'event_name != ""' in route["matchers"])
    for route in (paged, *paged["routes"], ticket):
        assert route["group_by"] == ["..."]
    assert (paged["group_interval"], ticket["group_interval"]) == ("1m", "1m")


def test_alertmanager_inhibits_alerts_that_there_are() -> None:
    """And it compares labels only of alerts that have them."""
    inhibitions = read(ALERTMANAGER)["inhibit_rules"]
    assert inhibitions
    for rule in inhibitions:
        (source,), (target,) = rule["source_matchers"], rule["target_matchers"]
        named = [re.findall(r"\w+", one)[1:] for one in (source, target)]
        assert {*named[0], *named[1]} <= set(alerts())
        for name in (*named[0], *named[1]) if "equal" in rule else ():
            assert "$labels.instance" in alerts()[name]["annotations"]["summary"]


def test_a_digest_misses_nothing() -> None:
    """What is for a digest stays at least as long as a digest takes; what is not is told while it lasts."""
    config = read(ALERTMANAGER)
    digest = next(route for route in config["route"]["routes"] if route["receiver"] == "digest")
    assert (digest["group_interval"], digest["repeat_interval"]) == ("1d", "23h")
    assert config["route"]["group_interval"] == "5m"
    about_events = [name for name, _ in event_selectors() if alerts()[name]["labels"]["severity"] == "info"]
    assert about_events
    assert [name for name in about_events if not alerts()[name]["expr"].rstrip().endswith("[1d]) > 0")] == []
