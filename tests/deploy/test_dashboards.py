"""deploy/grafana: the dashboards show what there is, say what it means, and name nothing that is not there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from agent.records.profiles import BY_NAME, CODECATALYST
from agent.records.profiles.profile import service
from tests.reference.mixin import compiled
from tests.support import promql
from tests.support.dashboards import Json, dashboards, explored, links, nodes, panels, type_faults, values, variables
from tests.support.logql import filled
from tests.support.registry import metric_of, registry, unknown_names

GRAFANA: Final = Path(__file__).parents[2] / "deploy" / "grafana"
UIDS: Final = {
    "agent.json": ("trail-agent", "Trail agent"),
    "audit.json": ("trail-agent-audit", "CodeCatalyst audit"),
    "leaving.json": ("trail-agent-leaving", "Leaving CodeCatalyst"),
}
SOURCES: Final = (
    {"type": "prometheus", "uid": "${prometheus_datasource}"},
    {"type": "loki", "uid": "${loki_datasource}"},
)
UNSHOWN: Final = {
    "trail_agent_last_receive_timestamp_seconds": "the rate of SQS's answers is shown",
    "trail_agent_last_delivery_timestamp_seconds": "the rate of the sink's answers is shown",
    "trail_agent_queue_messages_timestamp_seconds": "a count is two minutes old at most; `top` shows its age",
    "trail_agent_queue_retention_seconds": "it is a setting of the queue; alerts compare ages with it",
    "process_virtual_memory_bytes": "resident memory tells more",
}
"""Metrics that no panel shows, each with the reason."""
WEEKS: Final = re.compile(r"\[(?:7d|8d|28d)\]")
"""Loki refuses more than 30 days at once, so the weeks of *Leaving CodeCatalyst* are counted one by one; and the alert
about silent spaces looks back 8 days."""


def _all_panels() -> list[tuple[str, Json]]:
    return [(name, panel) for name, dashboard in dashboards().items() for panel in panels(dashboard)]


def _texts(dashboard: Json) -> Iterator[str]:
    """What an author of the dashboard can hard-code a value into: expressions and links."""
    for panel in panels(dashboard):
        yield from (target["expr"] for target in panel["targets"])
    yield from links(dashboard)
    for variable in variables(dashboard).values():
        yield str(variable.get("query"))
    yield from (one["target"]["expr"] for one in dashboard["annotations"]["list"])


def _promql(name: str, dashboard: Json) -> Iterator[tuple[str, str]]:
    """Each expression for Prometheus as Prometheus gets it, with its place."""
    given = {**values(dashboard, ""), "__rate_interval": "5m", "__range": "1h"}
    for panel in panels(dashboard):
        for target in panel["targets"]:
            if target["datasource"]["type"] == "prometheus":
                yield f"{name}, {panel['title']}", promql.filled(target["expr"], given)
    for one in dashboard["annotations"]["list"]:
        yield f"{name}, {one['name']}", promql.filled(one["target"]["expr"], given)


def test_names_and_addresses_stay_as_they_are() -> None:
    """Links, alerts and bookmarks lead to a uid; and Grafana 10 reads the schema."""
    assert {name: (one["uid"], one["title"]) for name, one in dashboards().items()} == UIDS
    for one in dashboards().values():
        assert 36 <= one["schemaVersion"] <= 39
        assert one["tags"] == ["trail-agent"]
        assert one["description"].endswith(".")


def _faults(dashboard: Json) -> list[str]:
    """What is wrong with a dashboard by the rules of this project."""
    rules = (_unclear, _misplaced, _hard_coded, _of_variables)
    return [fault for rule in rules for fault in rule(dashboard)]


def _unclear(dashboard: Json) -> Iterator[str]:
    """Each panel has a title of its own, says what it shows, in what unit, and what it means that it is empty."""
    titles = Counter(panel["title"] for panel in panels(dashboard))
    yield from (f"title twice: {title}" for title, count in titles.items() if count > 1)
    for panel in panels(dashboard):
        title, defaults = panel["title"], panel["fieldConfig"]["defaults"]
        if not re.fullmatch(r"[A-Z0-9][^.]{2,70}", title):
            yield f"no title: {title}"
        if len(panel["description"]) < 20 or not panel["description"].endswith("."):
            yield f"no description: {title}"
        yield from (f"no {name}: {title}" for name in ("unit", "noValue", "thresholds") if not defaults.get(name))


def _misplaced(dashboard: Json) -> Iterator[str]:
    """Panels stand side by side in the 24 columns; each has an id of its own."""
    ids = Counter(panel["id"] for panel in promql.panels(dashboard["panels"]))
    yield from (f"id twice: {id_}" for id_, count in ids.items() if count > 1)
    for group in (dashboard["panels"], *(panel["panels"] for panel in dashboard["panels"] if panel.get("panels"))):
        for one in group:
            if one["gridPos"]["x"] + one["gridPos"]["w"] > 24:
                yield f"too far right: {one['title']}"
        yield from (f"overlap: {a['title']}, {b['title']}" for a, b in combinations(group, 2) if _overlap(a, b))


def _overlap(a: Json, b: Json) -> bool:
    one, other = a["gridPos"], b["gridPos"]
    across: bool = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return across and bool(one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def _hard_coded(dashboard: Json) -> Iterator[str]:
    """Data sources, jobs, instances and ranges are variables."""
    for node in nodes(dashboard):
        if "datasource" in node and node["datasource"] not in (*SOURCES, "${loki_datasource}"):
            yield f"data source: {node['datasource']}"
    for text in _texts(dashboard):
        if re.search(r'\b(?:job|instance)="', text):
            yield f"job or instance: {text}"
        if re.search(r"\[\d+\w\]", WEEKS.sub("", text)):
            yield f"range: {text}"


def _of_variables(dashboard: Json) -> Iterator[str]:
    """Every variable that is asked for is there, and every one that is there is asked for."""
    used = {name for text in _texts(dashboard) for name in re.findall(r"\$\{?([a-z]\w*)", text)}
    used |= {"prometheus_datasource", "loki_datasource"}
    yield from (f"no such variable: {name}" for name in sorted(used - variables(dashboard).keys()))
    yield from (f"unused variable: {name}" for name in sorted(variables(dashboard).keys() - used))


@pytest.mark.parametrize("name", UIDS)
def test_a_dashboard_keeps_the_rules(name: str) -> None:
    """It is clear, nothing overlaps, nothing is hard-coded."""
    assert _faults(dashboards()[name]) == []


Breaker = Callable[[dict[str, Any]], object]

BREAKERS: Final[Mapping[str, Breaker]] = {
    "title twice": lambda one: one["panels"][0].update(title=one["panels"][1]["title"]),
    "no description": lambda one: one["panels"][0].update(description="Events"),
    "no unit": lambda one: one["panels"][0]["fieldConfig"]["defaults"].pop("unit"),
    "no noValue": lambda one: one["panels"][0]["fieldConfig"]["defaults"].pop("noValue"),
    "id twice": lambda one: one["panels"][0].update(id=2),
    "too far right": lambda one: one["panels"][7]["gridPos"].update(w=9),
    "overlap": lambda one: one["panels"][0]["gridPos"].update(w=4),
    "data source": lambda one: one["panels"][0].update(datasource={"type": "loki", "uid": "loki"}),
    "job or instance": lambda one: one["panels"][0]["targets"][0].update(expr='up{job="trail-agent"}'),
    "range": lambda one: one["panels"][0]["targets"][0].update(expr='rate(a{job=~"$job"}[5m])'),
    "no such variable": lambda one: one["panels"][0]["targets"][0].update(expr='up{job=~"$jobs"}'),
    "unused variable": lambda one: one["templating"]["list"].append({"name": "color"}),
}


@pytest.mark.parametrize("rule", BREAKERS)
def test_a_broken_rule_is_told(rule: str) -> None:
    """Whatever it is."""
    broken = deepcopy(dict(dashboards()["audit.json"]))
    BREAKERS[rule](broken)
    assert {fault.partition(":")[0] for fault in _faults(broken)} >= {rule}


def test_prometheus_is_asked_for_what_the_agent_shows() -> None:
    """Every expression can be parsed, and names metrics and labels of the agent's registry."""
    asked = [one for name, dashboard in dashboards().items() for one in _promql(name, dashboard)]
    assert len(asked) > 40
    assert [(place, [*unknown_names(text)]) for place, text in asked if [*unknown_names(text)]] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sum(trail_agent_redy)", "trail_agent_redy"),
        ('sum(trail_agent_events_total{fates="x"})', "trail_agent_events_total{fates}"),
    ],
)
def test_a_wrong_name_in_an_expression_is_told(text: str, told: str) -> None:
    """A metric, or a label of it."""
    assert [*unknown_names(text)] == [told]


def test_every_metric_is_on_a_dashboard() -> None:
    """What the agent measures can be seen, or there is a reason why not."""
    texts = [text for name, dashboard in dashboards().items() for _, text in _promql(name, dashboard)]
    shown = {metric_of(selector.name) for text in texts for selector in promql.selectors(text) if selector.name}
    assert registry().keys() - shown == UNSHOWN.keys()


def test_ages_are_heat_maps() -> None:
    """Each histogram of an age shows all its buckets."""
    drawn = " ".join(t["expr"] for _, panel in _all_panels() if panel["type"] == "heatmap" for t in panel["targets"])
    ages = {name for name in registry() if re.fullmatch(r"trail_agent_\w+_age_seconds", name)}
    assert ages - {"trail_agent_oldest_delivery_age_seconds"} == {n for n in ages if f"{n}_bucket" in drawn}
    assert {t["format"] for _, p in _all_panels() if p["type"] == "heatmap" for t in p["targets"]} == {"heatmap"}


def test_exemplars_are_on_where_counters_have_them() -> None:
    """The diamonds in a graph are events; no other metric has any."""
    for _, panel in _all_panels():
        for target in panel["targets"]:
            if target["datasource"]["type"] == "prometheus":
                counts = re.search(r"\b(?:codecatalyst|cloudtrail)_events_total", target["expr"]) is not None
                assert target["exemplar"] == counts


def test_rates_are_taken_over_an_interval_that_fits() -> None:
    """`$__interval` can be shorter than two scrapes, and then a rate is nothing. Loki counts, and has no scrapes."""
    for _, panel in _all_panels():
        for target in panel["targets"]:
            for range_ in re.findall(r"\[([$\w]+)\](?= |\)|$)", target["expr"]):
                wanted = {
                    "prometheus": {"$__rate_interval", "$__range", "8d"},
                    "loki": {"$__interval", "$__range", "7d", "28d"},
                }
                assert range_ in wanted[target["datasource"]["type"]]


@cache
def _told_by_types(folder: Path) -> tuple[list[str], list[list[str]]]:
    """What Grafana's types say of all that ships, and of each broken panel."""
    real = [panel for _, dashboard in sorted(dashboards().items()) for panel in promql.panels(dashboard["panels"])]
    broken = [*_broken_panels().values()]
    found = type_faults([*real, *broken], [*dashboards().values()], folder)
    frames = found[len(real) + len(broken) :]
    titled = [f"{panel['title']}: {fault}" for panel, faults in zip(real, found, strict=False) for fault in faults]
    return [*titled, *(fault for faults in frames for fault in faults)], found[len(real) : len(real) + len(broken)]


def _broken_panels() -> Mapping[str, Json]:
    """Panels with one mistake each, by what TypeScript says of it."""
    by_type = {panel["type"]: panel for _, panel in _all_panels()}
    found = {told: deepcopy(dict(by_type[kind])) for told, (kind, _) in MISTAKES.items()}
    for told, (_, breaker) in MISTAKES.items():
        breaker(found[told])
    return found


MISTAKES: Final[Mapping[str, tuple[str, Breaker]]] = {
    "colourMode": ("stat", lambda one: one["options"].update(colourMode="value")),
    "'\"fancy\"' is not assignable": ("bargauge", lambda one: one["options"].update(displayMode="fancy")),
    "Type 'string' is not assignable to type 'number'": ("table", lambda one: one["gridPos"].update(w="24")),
    "'frameIndex' is missing": ("table", lambda one: one["options"].pop("frameIndex")),
    "noValu": ("logs", lambda one: one["fieldConfig"]["defaults"].update(noValu="none")),
    "drawStil": (
        "timeseries",
        lambda one: one["fieldConfig"]["defaults"]["custom"].update(drawStil=1),
    ),
    "custom.widht": ("table", lambda one: one["fieldConfig"]["overrides"].append(_override("custom.widht", 90))),
    "queryTyp": ("logs", lambda one: one["targets"][0].update(queryTyp="range")),
    "extractFeelds": ("table", lambda one: one["transformations"][0].update(id="extractFeelds")),
    "'\"opaque\"' is not assignable": ("heatmap", lambda one: one["options"]["color"].update(mode="opaque")),
}


def _override(name: str, value: object) -> Json:
    return {"matcher": {"id": "byName", "options": "x"}, "properties": [{"id": name, "value": value}]}


@pytest.fixture(scope="module")
def told_by_types(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[list[str]]]:
    """All is checked once: it takes a second."""
    return _told_by_types(tmp_path_factory.mktemp("types"))


def test_grafanas_own_types_fit(told_by_types: tuple[list[str], list[list[str]]]) -> None:
    """No option is misspelt, of the wrong type or missing."""
    assert told_by_types[0] == []


def test_a_mistake_of_types_is_told(told_by_types: tuple[list[str], list[list[str]]]) -> None:
    """In options, fields, overrides, targets and transformations."""
    for told, faults in zip(MISTAKES, told_by_types[1], strict=True):
        assert told in " ".join(faults)


def test_the_lists_of_sensitive_events_are_the_agents() -> None:
    """What the demo marks with `!` is what the dashboards list."""
    lists = compiled(
        "local p = import 'dashboards/profiles.libsonnet'; {[n]: p[n].critical for n in std.objectFieldsAll(p)}"
    )
    assert lists.pop("codecatalyst") == sorted(CODECATALYST.critical)
    for name, patterns in lists.items():
        pattern = re.compile("|".join(patterns))
        known = {event for known in BY_NAME[name].known for event in known.events}
        assert {event for event in known if pattern.fullmatch(event)} == BY_NAME[name].critical & known


def test_the_streams_of_a_profile_are_the_agents() -> None:
    """Each profile's row asks for the streams and the metric's sources that the agent makes of its services."""
    rows = compiled("local p = import 'dashboards/profiles.libsonnet'; {[n]: p[n] for n in std.objectFieldsAll(p)}")
    for name, row in rows.items():
        if name != "codecatalyst":
            sources = {known.source for known in BY_NAME[name].known}
            others = {known.source for one in BY_NAME.values() for known in one.known} - sources
            assert [one for one in sources if not re.fullmatch(row["service"], f"aws-{service(one)}")] == []
            assert [one for one in sources if not re.fullmatch(row["source"], one)] == []
            assert [one for one in others if re.fullmatch(row["source"], one)] == []


def test_links_lead_to_dashboards_that_take_what_they_bring() -> None:
    """Each names a uid that there is, and variables that it has."""
    by_uid = {one["uid"]: one for one in dashboards().values()}
    found = [url for one in dashboards().values() for url in links(one) if url.startswith("/d/")]
    assert found
    for url in found:
        target = variables(by_uid[urlsplit(url).path.removeprefix("/d/")])
        brought = {name.removeprefix("var-") for name in parse_qs(urlsplit(url).query) if name.startswith("var-")}
        assert brought <= target.keys()


def test_a_link_from_a_row_asks_for_the_whole_name() -> None:
    """Whoever clicks on "Al" does not get "Albert", and a project is one of its space. Whoever types gets both."""
    found = [parse_qs(urlsplit(url).query) for one in dashboards().values() for url in links(one)]
    for name in ("actor", "project"):
        brought = [one for one in found if f"var-{name}" in one]
        assert brought
        assert [one for one in brought if one.get(f"var-{name}_is") != ["()"]] == []
    assert [one for one in found if "var-project" in one and "var-space" in one]
    for chosen, name, is_found in (("()", "Al", True), ("()", "Albert", False), (".*", "Albert", True)):
        given = {**values(dashboards()["audit.json"], ""), "actor": "Al", "actor_is": chosen, "project_is": ".*"}
        (text,) = (
            t["expr"] for p in panels(dashboards()["audit.json"]) if p["title"] == "Events" for t in p["targets"]
        )
        (asked,) = re.findall(r"aws_codecatalyst_actor =~ `(.*?)`", filled(text, given))
        assert (re.fullmatch(asked, name) is not None) == is_found


def test_each_dashboard_leads_to_the_others() -> None:
    """By their tag; the data sources come along, but not the time, which is another one in each."""
    for one in dashboards().values():
        (link,) = (link for link in one["links"] if link["type"] == "dashboards")
        assert (link["tags"], link["includeVars"], link["keepTime"]) == (one["tags"], True, False)


def test_whoever_publishes_the_docs_gets_links_to_them() -> None:
    """`docsURL` of the mixin leads there; without it, no dashboard has a link that goes nowhere."""
    text = "((import 'mixin.libsonnet') + { _config+:: { docsURL: 'https://git.example/' } }).grafanaDashboards"
    for one in compiled(text).values():
        pages = [link["url"] for link in one["links"] if link["type"] == "link"]
        assert pages == ["https://git.example/docs/questions.md", "https://git.example/docs/faults.md"]
    assert [link for one in dashboards().values() for link in one["links"] if link["type"] == "link"] == []


def test_the_provisioned_data_sources_lead_from_a_graph_to_the_record() -> None:
    """An exemplar's id and the id in a line are links to Explore; `$$` is how provisioning writes a dollar."""
    text = (GRAFANA / "provisioning" / "datasources" / "datasources.yaml").read_text(encoding="utf-8")
    sources = {one["uid"]: one for one in yaml.safe_load(text)["datasources"]}
    (exemplar,) = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    (field,) = sources["loki"]["jsonData"]["derivedFields"]
    assert exemplar["name"] == "event_id"
    assert (field["matcherType"], field["matcherRegex"]) == ("label", "aws_cloudtrail_event_id")
    for url in (exemplar["url"], field["url"]):
        assert [*explored(url)] == ['{service_name=~"aws-.+"} | aws_cloudtrail_event_id = "$${__value.raw}"']
