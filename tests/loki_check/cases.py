"""What a Loki must do with the agent's records: each case sends some, and tells what became of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from msgspec import structs

from agent.model import LogRecord
from agent.records.selection import EveryEvent
from agent.sink.answer import Accepted, Answer, Refused, TooLarge, Why
from agent.sink.otlp.decode import ReceivedRecord, records
from agent.sink.otlp.encode import Encoder
from agent.trail import reader
from tests.loki_check.store import VERSION, Entry, Loki, LokiError
from tests.support.objects import SOURCE
from tests.support.records import SECOND, log_record, open_mapper
from tests.support.stored import trail_files

MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
_LOOKED_BACK: Final = 2 * HOUR


class Verdict(Enum):
    """How a case went; NOTE is no fault, and something to know."""

    OK = "ok"
    NOTE = "note"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was tried, how it went, and what Loki said or had."""

    what: str
    verdict: Verdict
    told: str


Case = Callable[[Loki, int], Iterator[Row]]


def _row(what: str, told: str, *, is_well: bool, otherwise: Verdict = Verdict.FAILED) -> Row:
    return Row(what, Verdict.OK if is_well else otherwise, told)


def _told(answer: Answer) -> str:
    """What the agent makes of an answer, with the words of it."""
    words = " ".join(getattr(answer, name, "") for name in ("detail", "said", "warning", "message"))
    why = f" ({answer.why.value})" if isinstance(answer, Refused) else ""
    return f"{type(answer).__name__}{why}: {words}".rstrip(": ")[:300]


def every_kind(now: int) -> list[LogRecord]:
    """A record of every kind of event, in the last half an hour, oldest first."""
    mapped = _mapped()
    step = 30 * MINUTE // len(mapped)
    begun = now - 31 * MINUTE
    return [
        structs.replace(record, time_unix_nano=begun + step * place, observed_time_unix_nano=now)
        for place, record in enumerate(mapped)
    ]


@cache
def _mapped() -> list[LogRecord]:
    mapper = open_mapper()
    raws = [raw for text in trail_files() for raw in reader.read(text, EveryEvent(), 10_000).raws]
    return [mapper.to_record(raw, SOURCE) for raw in raws]


def all_kinds_arrive(loki: Loki, now: int) -> Iterator[Row]:
    """Every record is there with its text and its attributes; and once, though it was sent twice."""
    sent = every_kind(now)
    yield _accepted("a record of every kind of event", loki.push(*sent))
    received = [*records(Encoder({}, VERSION).encode(sent))]
    yield from _completeness(received, loki.mine(now - _LOOKED_BACK, now + HOUR))
    yield _accepted("the same bytes again", loki.push(*sent))
    held = Counter(entry.line for entry in loki.mine(now - _LOOKED_BACK, now + HOUR))
    repeated = sum(count - 1 for count in held.values())
    yield _row("a repeat is dropped", f"{repeated} lines are there twice", is_well=not repeated)


def _accepted(what: str, answer: Answer) -> Row:
    return _row(what, _told(answer), is_well=isinstance(answer, Accepted))


def _completeness(sent: list[ReceivedRecord], held: list[Entry]) -> Iterator[Row]:
    found = {entry.line: entry.labels for entry in held}
    there = [(one, found[one.body]) for one in sent if one.body in found]
    told = f"{len(there)} of {len(sent)}"
    yield _row("each is found, its line byte for byte", told, is_well=len(there) == len(sent))
    lost = {name for one, labels in there for name in _lost(one, labels)}
    yield _row("each attribute can be asked for", f"not there: {sorted(lost) or 'none'}", is_well=not lost)


def _lost(record: ReceivedRecord, labels: Mapping[str, str]) -> Iterator[str]:
    """The attributes that are not there under Loki's name; what is no single value, Loki writes in its own way."""
    for name, value in {**record.resource, **record.attributes}.items():
        stored = labels.get(re.sub(r"[^A-Za-z0-9_]", "_", name))
        wanted = str(value).lower() if isinstance(value, bool) else str(value)
        if stored is None or (not isinstance(value, list | dict) and stored != wanted):
            yield name


def too_old(loki: Loki, now: int) -> Iterator[Row]:
    """The agent hears why, and what is good in the same request is kept."""
    good, old = _record("check-beside", now), _record("check-400-days", now - 400 * DAY)
    answer = loki.push(old, good)
    is_told = isinstance(answer, Refused) and answer.why is Why.TOO_OLD
    if isinstance(answer, Accepted):
        yield Row("an event of 400 days ago", Verdict.NOTE, "accepted: this Loki takes history (reject_old_samples)")
        return
    yield _row("an event of 400 days ago is refused as too old", _told(answer), is_well=is_told)
    is_kept = any(entry.line == good.body for entry in loki.mine(now - _LOOKED_BACK, now + HOUR))
    yield _row("what is good in the same request is kept", "kept" if is_kept else "lost", is_well=is_kept)


def too_new(loki: Loki, now: int) -> Iterator[Row]:
    """The agent hears why."""
    answer = loki.push(_record("check-2-days", now + 2 * DAY))
    is_told = isinstance(answer, Refused) and answer.why is Why.TOO_NEW
    yield _row("an event of the day after tomorrow is refused as too new", _told(answer), is_well=is_told)


def late(loki: Loki, now: int) -> Iterator[Row]:
    """After an outage events come hours late, into streams that have newer ones."""
    late = _record("check-late", now - 4 * HOUR)
    answer = loki.push(late)
    yield _row(
        "an event four hours behind its stream is taken",
        _told(answer) if isinstance(answer, Accepted) else f"{_told(answer)} (limits_config.shard_streams)",
        is_well=isinstance(answer, Accepted),
    )
    if isinstance(answer, Accepted):
        is_seen = any(entry.line == late.body for entry in loki.mine(now - 5 * HOUR, now))
        hint = "seen" if is_seen else "only once it is on the disk (querier.query_ingesters_within: 0 changes that)"
        yield _row("and is seen at once", hint, is_well=is_seen, otherwise=Verdict.NOTE)


def too_large(loki: Loki, now: int) -> Iterator[Row]:
    """The agent takes it as a matter of size, and can shorten the record; it sends no such lines by itself."""
    line = structs.replace(_record("check-line", now), body="x" * 2_000_000)
    answer = loki.push(line)
    is_size = isinstance(answer, TooLarge)
    if isinstance(answer, Accepted):
        yield Row("a line of 2 MB", Verdict.NOTE, "accepted: this Loki takes larger lines (max_line_size)")
    else:
        yield _row("a line of 2 MB is refused for its size", _told(answer), is_well=is_size)
    wide = _record("check-attributes", now, attributes={"aws.request.parameters": "x" * 500_000})
    answer = loki.push(wide)
    if isinstance(answer, Accepted):
        yield Row("attributes of 500 KB", Verdict.NOTE, "accepted (max_structured_metadata_size)")
    else:
        yield _row(
            "attributes of 500 KB are refused for their size", _told(answer), is_well=isinstance(answer, TooLarge)
        )
    largest = structs.replace(_record("check-largest", now), body="y" * 245_000)
    yield _accepted("the largest line that the agent sends", loki.push(largest))


def _record(name: str, at: int, attributes: Mapping[str, str] | None = None) -> LogRecord:
    """A small record. Its name stands in the request, and no word there counts as one of Loki's: so none is."""
    return log_record(name, at=at, written=at, attributes=attributes)


CASES: Final[tuple[Case, ...]] = (all_kinds_arrive, late, too_old, too_new, too_large)


def run(loki: Loki, now: int) -> Iterator[Row]:
    """The rows of all cases; one that Loki does not answer is a row, too."""
    for case in CASES:
        try:
            yield from case(loki, now)
        except LokiError as error:
            yield Row(case.__name__.replace("_", " "), Verdict.FAILED, str(error)[:300])
