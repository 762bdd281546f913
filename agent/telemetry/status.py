"""The status page, for a person who asks "does it work?": the flow, step by step.

It shows counters, times and reasons. It shows no settings, and nothing of events but their number. All untrusted text
is escaped. The page is plain HTML, reloads itself, and loads nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from prometheus_client import CollectorRegistry

from agent.telemetry.activity import Activity, DeadLetter
from agent.telemetry.fragments import ALARMING, PanelRow, count_row, mean_time, rows_list
from agent.telemetry.health import Health
from agent.telemetry.metrics import FATES
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status_flow import flow
from agent.telemetry.status_services import services
from agent.telemetry.style import STYLE
from agent.telemetry.wording import ago, instant, number, size, span

REFRESH_SECONDS: Final = 5
_SHOWN_FATES: Final = ("exported", "duplicate", "skipped", "retried", "malformed", "dead_lettered")
_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='none' "
    "stroke='%232f62d9' stroke-width='2.5' stroke-linecap='round' d='M2 13c4 0 2-5 6-5s2-5 6-5'/%3E%3C/svg%3E"
)


def page(registry: CollectorRegistry, health: Health, activity: Activity, now: float) -> str:
    """The whole page as HTML, at `now` in Unix seconds."""
    seen = Snapshot.of(registry)
    return "".join(
        [
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_title(health)}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}"><link rel="icon" href="{_ICON}">',
            f"<style>{STYLE}</style></head>\n<body>",
            _header(health),
            "\n<main>",
            _problems([*health.live(), *health.ready()]),
            flow(seen, activity),
            _fates(seen),
            _cards(seen, now),
            _dead_letters(activity.dead_letters(), now),
            "</main>\n",
            _footer(seen, activity, now),
            "</body></html>\n",
        ]
    )


def _title(health: Health) -> str:
    return f"trail-agent: {'not ready' if health.ready() or health.live() else 'ready'}"


def _header(health: Health) -> str:
    live = _pill("live", "stuck", good=not health.live())
    ready = _pill("ready", "not ready", good=not health.ready())
    subtitle = "audit events of CodeCatalyst and other services, from CloudTrail to OTLP"
    return f'<header><h1>trail-agent<small>{subtitle}</small></h1><div class="pills">{live}{ready}</div></header>'


def _pill(yes: str, no: str, *, good: bool) -> str:
    return f'<span class="pill {"good" if good else "bad"}">{yes if good else no}</span>'


def _problems(problems: list[str]) -> str:
    if not problems:
        return ""
    return f'<ul class="problems">{"".join(f"<li>{escape(problem)}</li>" for problem in problems)}</ul>'


def _fates(seen: Snapshot) -> str:
    read = seen.value("trail_agent_events_read_total")
    fates = seen.by("trail_agent_events_total", "fate")
    shares = {fate: fates.get(fate, 0.0) for fate in _SHOWN_FATES}
    shares["in_hand"] = max(read - sum(fates.get(fate, 0.0) for fate in FATES), 0.0)
    legend = "".join(_legend(fate, count) for fate, count in shares.items())
    return (
        f'<h2>What became of the events</h2>\n<div class="card fates">{_bar(shares.items())}'
        f'<ul class="legend">{legend}</ul></div>\n'
    )


def _bar(shares: Iterable[tuple[str, float]]) -> str:
    counted = [(fate, count) for fate, count in shares if count > 0]
    whole = sum(count for _, count in counted)
    rectangles, left = [], 0.0
    for fate, count in counted:
        width = 100 * count / whole
        rectangles.append(f'<rect class="{fate}" x="{left:.3f}" y="0" width="{width:.3f}" height="1"/>')
        left += width
    return f'<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">{"".join(rectangles)}</svg>'


def _legend(fate: str, count: float) -> str:
    swatch = f'<svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{fate}" width="10" height="10" rx="3"/></svg>'
    name = fate.replace("_", " ")
    alarm = ' class="alarm"' if count and name in ALARMING else ""
    return f"<li{alarm}>{swatch}{name} <b>{number(count)}</b></li>"


def _cards(seen: Snapshot, now: float) -> str:
    dead = seen.value("trail_agent_queue_messages", queue="dead_letter", state="visible")
    held = [
        count_row("messages", seen.value("trail_agent_in_flight_deliveries")),
        PanelRow("memory reserved", size(seen.value("trail_agent_in_flight_bytes"))),
        count_row("leases extended", seen.value("trail_agent_lease_extensions_total")),
        count_row("leases lost", seen.value("trail_agent_leases_lost_total")),
    ]
    last = [
        PanelRow("receive", ago(seen.value("trail_agent_last_receive_timestamp_seconds"), now)),
        PanelRow("delivery", ago(seen.value("trail_agent_last_delivery_timestamp_seconds"), now)),
        PanelRow("newest event", ago(seen.value("trail_agent_last_event_timestamp_seconds"), now)),
    ]
    lag = [
        PanelRow("oldest message in hand", span(seen.value("trail_agent_oldest_delivery_age_seconds"))),
        PanelRow("event to sink, mean", mean_time(seen, "trail_agent_event_age_seconds")),
        PanelRow("object to sink, mean", mean_time(seen, "trail_agent_object_age_seconds")),
        count_row("dead-letter queue", dead),
    ]
    cards = _card("Held now", held) + _card("Last", last) + _card("Delay", lag) + services(seen)
    return f'<h2>Now</h2>\n<div class="columns">{cards}</div>\n'


def _card(title: str, rows: list[PanelRow]) -> str:
    return f'<section class="card"><h3>{title}</h3>{rows_list(rows)}</section>'


def _dead_letters(letters: list[DeadLetter], now: float) -> str:
    heading = "<h2>Recent dead letters</h2>\n"
    if not letters:
        return heading + '<div class="card note">None since the start.</div>\n'
    rows = "".join(_dead_letter(letter, now) for letter in letters)
    head = "<thead><tr><th>when</th><th>reason</th><th>where, and what was wrong</th></tr></thead>"
    return f'{heading}<div class="card scroll"><table>{head}<tbody>{rows}</tbody></table></div>\n'


def _dead_letter(letter: DeadLetter, now: float) -> str:
    where = f"<code>s3://{escape(letter.bucket)}/{escape(letter.key)}</code><br>" if letter.bucket else ""
    return (
        f'<tr><td class="nowrap" title="{instant(letter.at)}">{ago(letter.at, now)}</td>'
        f'<td class="nowrap"><b>{escape(letter.reason)}</b></td><td class="long">{where}{escape(letter.detail)}<br>'
        f'<span class="note">message {escape(letter.message_id)}</span></td></tr>'
    )


def _footer(seen: Snapshot, activity: Activity, now: float) -> str:
    build = seen.labels("trail_agent_build_info")
    revision = f" ({escape(build['revision'][:12])})" if build.get("revision") else ""
    links = "".join(f'<a href="{path}">{path}</a>' for path in ("/metrics", "/livez", "/readyz"))
    return (
        f"<footer><span>version {escape(build.get('version', ''))}{revision}, "
        f"Python {escape(build.get('python_version', ''))}</span><span>up {span(activity.uptime() // 1)}</span>"
        f"<span>{size(seen.value('process_resident_memory_bytes'))} of memory</span>"
        f"<span>{instant(now)}</span><nav>{links}</nav></footer>"
    )
