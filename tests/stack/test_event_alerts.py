"""Each critical alert about events: from an object in the bucket to a notification. Harmless events wake nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.records.profiles import CODECATALYST
from tests.stack.alerting import Watch
from tests.stack.causes import EVENTS, Cause
from tests.stack.conftest import PathOf, Shown
from tests.stack.trail import Trail
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.otlp_receiver import HttpReceiver

HARMLESS = (
    Cause("codecatalyst", "ListConnections"),
    Cause("codecatalyst", "CreateDevEnvironment", times=3),
    Cause("codecatalyst", "DeleteProject", times=5),
    Cause("signin", "ConsoleLogin"),
    Cause("codebuild", "StartBuild"),
    Cause("sqs", "SetQueueAttributes"),
)
SILENT_IF_FAILED = {name: cause for name, cause in EVENTS.items() if not (cause.by_root and name.endswith("Used"))}


@pytest.mark.timeout(300)
def test_each_critical_event_is_told_and_no_other(cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown) -> None:
    """Harmless events, and critical ones that AWS refused, page nobody; each critical event pages, by its alert."""
    for name in ("prometheus", "alertmanager"):
        program(name)
    trail = Trail(cloud)
    harmless = [event for cause in HARMLESS for event in cause.events(cloud)]
    failed = [event for cause in SILENT_IF_FAILED.values() for event in cause.events(cloud, failed=True)]
    with (
        HttpReceiver() as sink,
        Daemon.ready(tmp_path / "agent", trail.settings(sink.url)) as agent,
        Watch.over(agent.address(), tmp_path) as watch,
    ):
        trail.write_file(*harmless, *failed)
        eventually(lambda: _counted(watch) == len(harmless) + len(failed), "all of it is counted")
        watch.looks_again()
        assert watch.webhook.paged() == []
        for cause in EVENTS.values():
            trail.write_file(*cause.events(cloud))
        eventually(lambda: watch.is_paged(*EVENTS), "each alert is told")
        watch.looks_again()
        paged = watch.webhook.paged()
        assert agent.stop() == 0
    assert {one.name for one in paged} == {*EVENTS}
    assert [one for one in paged if one.labels.get("event_name") not in {None, _event_name(one.name)}] == []
    assert [one for one in paged if not one.is_readable()] == []
    shown(f"{len(harmless)} harmless and {len(failed)} refused events: silent; {len(EVENTS)} alerts paged")


def _counted(watch: Watch) -> float:
    """How many events Prometheus has seen counted."""
    found = watch.prometheus.query("sum(codecatalyst_events_total) + sum(cloudtrail_events_total)")
    return found[0].value if found else 0


def _event_name(alert: str) -> str:
    """The name under which the event of an alert is counted."""
    cause = EVENTS[alert]
    return CODECATALYST.canonical(cause.name) if cause.source == "codecatalyst" else cause.name
