"""The status page, for a person who asks "does it work?": first the answer, then the flow, step by step."""

from __future__ import annotations

from html import escape
from typing import Final

from prometheus_client import CollectorRegistry

from agent.telemetry import metric_names
from agent.telemetry.activity import Activity
from agent.telemetry.health import Health
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.anchors import RUNBOOK
from agent.telemetry.status.fates import fates
from agent.telemetry.status.frame import document, header
from agent.telemetry.status.last_events import last_events
from agent.telemetry.status.last_hour import last_hour
from agent.telemetry.status.now import cards
from agent.telemetry.status.reasons import dead_letters, passed_over, reasons
from agent.telemetry.status.steps import flow
from agent.telemetry.status.verdict import verdict
from agent.telemetry.wording import instant, size, span

REFRESH_SECONDS: Final = 5
_LINKS: Final = ("/metrics", "/livez", "/readyz", RUNBOOK)


def page(registry: CollectorRegistry, health: Health, activity: Activity, now: float) -> str:
    """The whole page as HTML, at `now` in Unix seconds."""
    seen = Snapshot.of(registry)
    parts = [
        header("audit events of CodeCatalyst and other services, from CloudTrail to OTLP", _pills(health)),
        "<main>",
        verdict(health, seen, now, next((part.at for part in activity.left_out() if part.at is not None), None)),
        last_hour(seen, activity, has_queue=health.has_queue),
        flow(seen, activity, now, has_queue=health.has_queue),
        fates(seen),
        last_events(seen, activity, now),
        cards(seen, now, has_queue=health.has_queue),
        reasons(seen, activity.left_out_for()),
        dead_letters(activity.dead_letters(), now) if health.has_queue else "",
        passed_over(activity.left_out(), now),
        "</main>\n",
        _footer(seen, activity, now),
    ]
    return document(_title(health), "".join(parts), REFRESH_SECONDS)


def _title(health: Health) -> str:
    return f"trail-agent: {'not ready' if health.ready() or health.live() else 'ready'}"


def _pills(health: Health) -> str:
    live = _pill("live", "stuck", good=not health.live())
    ready = _pill("ready", "not ready", good=not health.ready())
    return f'<div class="pills">{live}{ready}</div>'


def _pill(yes: str, no: str, *, good: bool) -> str:
    return f'<span class="pill {"good" if good else "bad"}">{yes if good else no}</span>'


def _footer(seen: Snapshot, activity: Activity, now: float) -> str:
    build = seen.labels(metric_names.BUILD_INFO)
    revision = f" ({escape(build['revision'][:12])})" if build.get("revision") else ""
    links = "".join(f'<a href="{path}">{path}</a>' for path in _LINKS)
    return (
        f"<footer><span>version {escape(build.get('version', ''))}{revision}, "
        f"Python {escape(build.get('python_version', ''))}</span><span>up {span(activity.uptime() // 1)}</span>"
        f"<span>{size(seen.value('process_resident_memory_bytes'))} of memory</span>"
        f"<span>{instant(now)}</span><nav>{links}</nav></footer>"
    )
