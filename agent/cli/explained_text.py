"""How `inspect --explain` is read: a block for each reason, a line for each event, or all that is known of one."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Final

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from agent.cli.explanation import MALFORMED, NOT_READ, SHIPPED, SKIPPED, ExplainedEvent
from agent.cli.output import wide_console
from agent.errors import number_of
from agent.telemetry.safetext import clean

_MARKS: Final = {SHIPPED: ("✓", "green"), MALFORMED: ("✗", "red"), NOT_READ: ("!", "yellow"), SKIPPED: ("-", "dim")}
_MOST: Final = 6
_NAME: Final = 12
_NARROWEST: Final = 20
_HEADINGS: Final = ("", "no.", "time", "why", "told by", "event")


def chosen(events: Sequence[ExplainedEvent], event: str | None) -> list[ExplainedEvent]:
    """Those whose eventID, or whose number in its file, is `event`; all of them if it is None."""
    return [one for one in events if event is None or event.strip() in {one.named.event_id, str(one.entry)}]


def json_line(one: ExplainedEvent) -> str:
    """One event as one JSON object."""
    made, decision = one.shipment, one.decision
    return json.dumps(
        {
            "file": one.file,
            "entry": one.entry,
            "event_id": one.named.event_id,
            "time": one.named.time,
            "event_source": one.named.source,
            "event_name": one.named.name,
            "fate": one.fate,
            "why": one.why,
            "rule": decision.rule if decision else None,
            "setting": decision.rule.setting if decision else None,
            "meant": decision.meant if decision else None,
            "profile": made.profile if made else None,
            "masks": dict(made.masks) if made else {},
            "truncated": list(made.cut) if made else [],
            "unreadable": list(made.unreadable) if made else [],
            "counted": [{"metric": series.metric, "labels": dict(series.labels)} for series in one.counted],
        },
        ensure_ascii=False,
    )


def show(events: Sequence[ExplainedEvent], *, one_by_one: bool) -> None:
    """Print the events; each on a line, or those of one reason together. A lone event is always shown whole."""
    if one_by_one and len(events) != 1:
        _show_lines(events)
        return
    console = wide_console()
    for number, group in enumerate(_by_reason(events)):
        if number:
            console.print()
        _show_group(console, group)


def _by_reason(events: Iterable[ExplainedEvent]) -> list[list[ExplainedEvent]]:
    """The events of each reason; what is shipped first, and of one fate the most frequent reason first."""
    groups: dict[tuple[str, str, str], list[ExplainedEvent]] = {}
    for one in events:
        profile = one.shipment.profile if one.shipment else ""
        groups.setdefault((one.fate, one.why, profile), []).append(one)
    order = list(_MARKS)
    return sorted(groups.values(), key=lambda group: (order.index(group[0].fate), -len(group), group[0].why))


def _show_group(console: Console, group: Sequence[ExplainedEvent]) -> None:
    first = group[0]
    mark, style = _MARKS[first.fate]
    console.print(Text.assemble((mark, style), f" {len(group)} {first.fate}: ", first.why, overflow="fold"))
    for name, line in _facts(group):
        console.print(Text(f"  {name:{_NAME}}", "dim"), Text(_wrapped(line, console.width)), sep="", soft_wrap=True)


def _wrapped(line: str, width: int) -> str:
    """`line` in as many lines as it takes, all but the first below where it begins."""
    left = len("  ") + _NAME
    parts = textwrap.wrap(line, max(width - left, _NARROWEST), break_on_hyphens=False)
    return ("\n" + " " * left).join(parts)


def _facts(group: Sequence[ExplainedEvent]) -> Iterator[tuple[str, str]]:
    """What the events of a group have in common, each line with its name."""
    yield from _which(group)
    shipments = [one.shipment for one in group if one.shipment]
    for profile in dict.fromkeys(made.profile for made in shipments):
        yield "told by", f"profile {profile}"
    yield from _masks([made.masks for made in shipments])
    if cut := Counter(chain.from_iterable(made.cut for made in shipments)):
        yield "truncated", _counts(cut)
    if unreadable := Counter(chain.from_iterable(made.unreadable for made in shipments)):
        yield "unreadable", _counts(unreadable)
    yield from zip(chain(["counted"], repeat("")), _series(group), strict=False)


def _which(group: Sequence[ExplainedEvent]) -> Iterator[tuple[str, str]]:
    if len(group) == 1:
        (one,) = group
        told = (one.named.time, str(one.named), one.named.event_id, f"no. {one.entry} of {clean(one.file)}")
        yield "event", "  ".join(part for part in told if part not in ("", "-"))
    elif group[0].fate == MALFORMED:
        yield "entries", _counts(Counter(f"no. {one.entry}" for one in group))
    else:
        yield "events", _counts(Counter(str(one.named) for one in group))


def _masks(all_masks: Sequence[Mapping[str, int]]) -> Iterator[tuple[str, str]]:
    """What each path of the mask replaces in all events together."""
    for number, path in enumerate(all_masks[0] if all_masks else ()):
        replaced = sum(masks[path] for masks in all_masks)
        values = f"replaces {number_of(replaced, 'value')}" if replaced else "matches nothing"
        yield "" if number else "masks", f"{path} {values}"


def _series(group: Sequence[ExplainedEvent]) -> Iterator[str]:
    counted = Counter(str(series) for one in group for series in one.counted)
    for series, count in counted.most_common(_MOST):
        yield f"{series} +{count}"
    if len(counted) > _MOST:
        yield f"and {len(counted) - _MOST} more series"


def _counts(counter: Counter[str]) -> str:
    """The most frequent ones with their numbers, and how many others there are."""
    shown = [f"{name} ({count})" if count > 1 else name for name, count in counter.most_common(_MOST)]
    others = len(counter) - _MOST
    return ", ".join(shown) + (f", and {others} more" if others > 0 else "")


def _show_lines(events: Sequence[ExplainedEvent]) -> None:
    """A table for each file. Its columns are padded here: rich would take a minute for a hundred thousand lines."""
    for file in dict.fromkeys(one.file for one in events):
        rows = [_HEADINGS, *(_cells(one) for one in events if one.file == file)]
        widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
        typer.echo(clean(file))
        typer.echo("\n".join(_padded(row, widths) for row in rows))
    for rule, why in dict.fromkeys((_rule(one), one.why) for one in events):
        typer.echo(f"{rule}: {why}")


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (f"{cell}{' ' * (width - cell_len(cell))}" for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()


def _cells(one: ExplainedEvent) -> Sequence[str]:
    profile = one.shipment.profile if one.shipment else "-"
    return (_MARKS[one.fate][0], str(one.entry), one.named.time or "-", _rule(one), profile, str(one.named))


def _rule(one: ExplainedEvent) -> str:
    """What decides, in a word or two, where the sentence would be too long for a line."""
    return str(one.decision.rule) if one.decision else one.fate
