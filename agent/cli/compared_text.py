"""How `inspect --compare` is read: a line for each event that only one log has, or an object for each event."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

from agent.cli.comparison import Comparison, KnownBy, Pair, Side
from agent.cli.event_table import EventTable
from agent.cli.table_row import TableRow
from agent.errors import number_of
from agent.model import LogRecord
from agent.telemetry.safetext import clean
from agent.trail.moment import iso

_EVENT_LOG: Final = "event log"
_TRAIL: Final = "trail"
_BY: Final = {
    KnownBy.REQUEST_ID: "by request id",
    KnownBy.EVENT_ACTOR_TIME: "by event, actor and time",
    KnownBy.EVENT_TIME: "by event and time",
}


def show(compared: Comparison) -> None:
    """Print the events that only one log has, if there are any."""
    if not compared.differing:
        return
    table = EventTable("only in", *TableRow.HEADINGS, "request id")
    for pair in compared.differing:
        row = TableRow.of(pair.record)
        table.add(_log_of(pair), *row.cells(), _request_id(pair.record) or "-", failed=row.failed)
    table.show()


def json_lines(compared: Comparison) -> Iterator[str]:
    """Each event of both logs as one JSON object."""
    return (_json_line(compared, pair) for pair in compared.pairs)


def summary(compared: Comparison) -> Iterator[str]:
    """What each log has, and what they have in common, a line for each."""
    yield f"{_EVENT_LOG}: {_span(compared.event_log)}"
    yield f"{_TRAIL}: {_span(compared.trail)}"
    ways = Counter(pair.by for pair in compared.pairs if pair.by)
    how = ", ".join(f"{ways[by]} {words}" for by, words in _BY.items() if ways[by])
    yield f"in both: {ways.total()}" + (f" ({how})" if how else "")
    for log in (_EVENT_LOG, _TRAIL):
        alone = [pair for pair in compared.differing if _log_of(pair) == log]
        outside = sum(map(compared.is_outside, alone))
        more = f", {outside} of them before or after all that the other one has" if outside else ""
        yield f"only in the {log}: {len(alone)}{more}"


def _json_line(compared: Comparison, pair: Pair) -> str:
    row = TableRow.of(pair.record)
    return json.dumps(
        {
            "log": "both" if pair.by else _log_of(pair).replace(" ", "_"),
            "matched_by": pair.by,
            "outside": compared.is_outside(pair),
            "time": row.time,
            "event_name": pair.record.event_name,
            "actor": row.actor,
            "where": row.where,
            "source": row.source,
            "outcome": row.outcome,
            "request_id": _request_id(pair.record),
            "event_log_id": _id_of(pair.event_log),
            "trail_id": _id_of(pair.trail),
            "event_log_file": _file_of(pair.event_log),
            "trail_file": _file_of(pair.trail),
        },
        ensure_ascii=False,
    )


def _log_of(pair: Pair) -> str:
    return _EVENT_LOG if pair.trail is None else _TRAIL


def _span(side: Side) -> str:
    if not side.records:
        return "no CodeCatalyst event"
    first, last = (iso(side.records[end].time_unix_nano) for end in (0, -1))
    return f"{number_of(len(side.records), 'CodeCatalyst event')}, {first} to {last}"


def _request_id(record: LogRecord) -> str:
    return clean(str(record.attributes.get("aws.request_id", "")))


def _id_of(record: LogRecord | None) -> str | None:
    return clean(record.event_id) if record else None


def _file_of(record: LogRecord | None) -> str | None:
    return clean(record.source.key) if record else None
