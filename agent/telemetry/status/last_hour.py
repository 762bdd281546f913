"""The part of the status page with the plots of the last hour."""

from __future__ import annotations

from typing import Final

from agent.telemetry import metric_names
from agent.telemetry.activity import Activity
from agent.telemetry.hour import MINUTES, LastHour, Values
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.frame import section
from agent.telemetry.status.plots import COUNT, SPAN, Plot, Spoken, figure
from agent.telemetry.wording import number, span

_KEY: Final = (
    '<p class="key"><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="waited" width="10" height="10"/></svg>'
    'the work waited <svg viewBox="0 0 10 10" aria-hidden="true"><rect class="unborn" width="10" height="10"/></svg>'
    "before the start</p>"
)


def last_hour(seen: Snapshot, activity: Activity, *, has_queue: bool) -> str:
    """Four plots: what came, what went, and how late; without a queue, those of events alone."""
    hour = activity.last_hour()
    oldest = seen.value(metric_names.OLDEST_DELIVERY_AGE)
    received = _count("Messages received", "received", hour.received, activity.per_minute("received"))
    of_events = (
        _count("Events exported", "sent", hour.exported, activity.per_minute("exported")),
        _age("Age of events at the sink", hour.event_age, _newest_age(hour), "no event in this hour"),
    )
    in_hand = _age("Oldest message in hand", hour.oldest, _age_now(oldest), "no message in this hour")
    plots = (received, *of_events, in_hand) if has_queue else of_events
    figures = "".join(figure(plot, hour) for plot in plots)
    return section("The last hour", f'<div class="plots">{figures}</div>', _KEY)


def _count(title: str, kind: str, values: Values, rate: float) -> Plot:
    now = Spoken(number(rate), "a minute")
    return Plot(title, kind, values, COUNT, now, empty="none in this hour", adds_up=True)


def _age(title: str, values: Values, now: Spoken, empty: str) -> Plot:
    return Plot(title, "age", values, SPAN, now, empty)


def _age_now(seconds: float) -> Spoken:
    return Spoken(span(seconds), "old") if seconds else Spoken("none")


def _newest_age(hour: LastHour) -> Spoken:
    """The newest median that there is; an older one says of when it is."""
    for slot, value in reversed(list(enumerate(hour.event_age))):
        if value is not None:
            return Spoken(span(value), "median" if slot >= MINUTES - 1 else f"at {hour.minute(slot)} UTC")
    return Spoken("none")
