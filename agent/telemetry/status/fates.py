"""The part of the status page that accounts for every event: a bar of fates, with its legend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from agent.telemetry import metric_names
from agent.telemetry.metrics import FATES
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.fragments import ALARMING
from agent.telemetry.status.frame import section
from agent.telemetry.wording import number

_SHOWN_FATES: Final = ("exported", "duplicate", "skipped", "retried", "malformed", "dead_lettered")
_OF_HISTORY: Final = "passed_over"


def fates(seen: Snapshot) -> str:
    """What became of the events that were read; those without a fate are in hand."""
    read = seen.value(metric_names.EVENTS_READ)
    told = seen.by(metric_names.EVENTS, "fate")
    shares = {fate: told.get(fate, 0.0) for fate in _SHOWN_FATES}
    if passed_over := told.get(_OF_HISTORY):
        shares[_OF_HISTORY] = passed_over
    shares["in_hand"] = max(read - sum(told.get(fate, 0.0) for fate in FATES), 0.0)
    legend = "".join(_legend(fate, count) for fate, count in shares.items())
    bar = f'<div class="card fates">{_bar(shares.items())}<ul class="legend">{legend}</ul></div>'
    return section("What became of the events", bar, '<p class="key">since the start</p>')


def _bar(shares: Iterable[tuple[str, float]]) -> str:
    counted = [(fate, count) for fate, count in shares if count > 0]
    whole = sum(count for _, count in counted)
    rectangles, left = [], 0.0
    for fate, count in counted:
        width = 100 * count / whole
        rectangles.append(f'<rect class="{_colour(fate)}" x="{left:.3f}" y="0" width="{width:.3f}" height="1"/>')
        left += width
    return f'<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">{"".join(rectangles)}</svg>'


def _colour(fate: str) -> str:
    """Its class in the style of the page. What nobody sends back by itself has one colour."""
    return "dead_lettered" if fate == _OF_HISTORY else fate


def _legend(fate: str, count: float) -> str:
    colour = f'<rect class="{_colour(fate)}" width="10" height="10" rx="3"/>'
    swatch = f'<svg viewBox="0 0 10 10" aria-hidden="true">{colour}</svg>'
    name = fate.replace("_", " ")
    alarm = ' class="alarm"' if count and name in ALARMING else ""
    return f"<li{alarm}>{swatch}{name} <b>{number(count)}</b></li>"
