"""How dead letters are shown to people: as a table with what to do about them, and one of them in full."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from agent.cli.spans import brief_span
from agent.errors import number_of
from agent.faults.letter_reasons import what_happened, what_to_do
from agent.letters.choosing import by_reason, details_of, short_ids
from agent.letters.told import ToldLetter
from agent.telemetry.safetext import clean
from agent.telemetry.wording import roughly

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from agent.letters.rereading import Prospect

_UNLIMITED: Final = 2000
_GAP: Final = 2
_NARROWEST: Final = 20
_HEADINGS: Final = ("id", "age", "reason", "object")
_TEXT_CHARACTERS: Final = 60
_DETAIL_CHARACTERS: Final = 200
_MOST_DETAILS: Final = 3
_BODY_CHARACTERS: Final = 20_000
_WORD_CHARACTERS: Final = 40  # the longest reason of ours has half of them; a foreign one can have any


def print_letters(found: Sequence[ToldLetter], now: float) -> None:
    """A line for each letter, in this order, then what to do for each reason; `now` is in Unix seconds.

    Where a terminal is too narrow for that, each letter has several lines. The id is whole anywhere.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    console = _console()
    ids = short_ids([each for told in found for each in (told.message_id, told.source_id) if each])
    rows = [_row(told, ids[told.message_id], now) for told in found]
    taken = sum(max(cell_len(row[column]) for row in (_HEADINGS, *rows)) + _GAP for column in range(3))
    if (left := console.width - taken - _GAP) >= _NARROWEST:
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, _GAP, 0, 0))
        for heading in _HEADINGS:
            table.add_column(heading, no_wrap=True, justify="right" if heading == "age" else "left")
        for row in rows:
            table.add_row(*map(Text, row[:3]), Text(_tail(row[3], left)))
        _print(console, table)
    else:
        sys.stdout.write("".join(f"{line}\n" for row in rows for line in _stacked(row, console.width)))
    _print(console, Text("\nwhat to do", "dim"))
    advice = Table.grid(padding=(0, _GAP, 0, 0))
    for reason, count in by_reason(found):
        advice.add_row(Text(f"{_word(reason)} ({count})", no_wrap=True), Text(what_to_do(reason)))
        for line in _details(found, reason):
            advice.add_row(Text(""), Text(line, "dim"))
    _print(console, advice)


def print_lines(found: Sequence[ToldLetter]) -> None:
    """One JSON object per line."""
    for told in found:
        sys.stdout.write(json.dumps(told.fields()) + "\n")


def print_letter_line(told: ToldLetter, prospects: Sequence[Prospect] | None) -> None:
    """One letter with its text, and what would become of it (null where that is not known), as one JSON object."""
    now = None
    if prospects is not None:
        now = [{"good": one.is_good, "says": one.says, "what_to_do": one.to_do or None} for one in prospects]
    sys.stdout.write(json.dumps({**told.fields(), "body": told.letter.delivery.body, "now": now}) + "\n")


def print_letter(told: ToldLetter, now: float) -> None:
    """All that one letter tells, and its text."""
    from rich.table import Table
    from rich.text import Text

    delivery = told.letter.delivery
    facts = {
        "message": delivery.message_id,
        "in the queue": told.source_id,
        "sent": f"{told.sent_at}, {roughly(delivery.sent_at, now)}",
        "receives": f"{delivery.receive_count}, this look included",
        "reason": told.reason,
        "detail": told.detail,
        "object": told.named,
        "agent": told.agent_version,
        "happened": what_happened(told.reason),
        "what to do": what_to_do(told.reason),
    }
    others = {name: text for name, text in told.letter.told.items() if name not in _OF_OURS}
    table = Table.grid(padding=(0, _GAP, 0, 0))
    for name, text in (*facts.items(), *others.items()):
        if text:
            table.add_row(Text(clean(name, _WORD_CHARACTERS), "dim", no_wrap=True), Text(clean(text, _UNLIMITED)))
    console = _console()
    _print(console, table)
    sys.stdout.write("\n" + "".join(f"{line}\n" for line in _pretty(delivery.body)))


def print_prospects(prospects: Sequence[Prospect]) -> None:
    """What reading the letter again says now."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1, 0, 0))
    for one in prospects:
        table.add_row(Text("✓", "green") if one.is_good else Text("✗", "red"), Text(clean(one.says, _UNLIMITED)))
        if one.to_do:
            table.add_row(Text(""), Text(one.to_do))
    console = _console()
    _print(console, Text("\nread again now", "dim"))
    _print(console, table)


_OF_OURS: Final = frozenset({"reason", "detail", "bucket", "key", "agent_version", "source_message_id"})


def _row(told: ToldLetter, short_id: str, now: float) -> tuple[str, str, str, str]:
    delivery = told.letter.delivery
    what = clean(told.named, _UNLIMITED) or f"“{clean(delivery.body, _TEXT_CHARACTERS)}”"
    return (
        clean(short_id),
        brief_span(now - delivery.sent_at),
        _word(told.reason),
        what,
    )


def _details(found: Sequence[ToldLetter], reason: str) -> list[str]:
    """The most frequent details, and how many others there are; `show` and `--json` have the one of each letter."""
    details = details_of(found, reason)
    shown = [f"detail ({count}): {clean(detail, _DETAIL_CHARACTERS)}" for detail, count in details[:_MOST_DETAILS]]
    left = sum(count for _, count in details[_MOST_DETAILS:])
    return shown + ([f"other details ({left})"] if left else [])


def _word(reason: str) -> str:
    return clean(reason, _WORD_CHARACTERS)


def _stacked(row: Sequence[str], width: int) -> Iterator[str]:
    """The cells of `row` below each other; age and reason stand beside the id where so many columns have room."""
    from rich.cells import cell_len

    line = row[0]
    for cell in row[1:3]:
        if cell_len(line) + _GAP + cell_len(cell) <= width:
            line += " " * _GAP + cell
        else:
            yield line
            line = " " * _GAP + _tail(cell, width - _GAP)
    yield line
    yield " " * _GAP + _tail(row[3], width - _GAP)


def _tail(text: str, width: int) -> str:
    """The end of `text`, where the name of a log file says the most, in so many columns of a terminal."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    start = max(len(text) - width, 0)
    while start < len(text) and cell_len(text[start:]) > width - 1:
        start += 1
    return f"…{text[start:]}"


def _pretty(body: str) -> list[str]:
    """The text in lines that can be shown: JSON indented, anything else as it stands."""
    try:
        text = json.dumps(json.loads(body, object_pairs_hook=_members), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body
    return [clean(line, _BODY_CHARACTERS) for line in text[:_BODY_CHARACTERS].split("\n")] + _left_out(text)


def _left_out(text: str) -> list[str]:
    return [f"… (+{number_of(len(text) - _BODY_CHARACTERS, 'character')})"] if len(text) > _BODY_CHARACTERS else []


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice: to indent this would leave one out")
    return members


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _UNLIMITED  # nobody's terminal cuts a line in a pipe
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for a terminal that is not UTF-8
    return console


def _print(console: Console, what: Table | Text) -> None:
    """Without the blanks that fill a table up to its width."""
    with console.capture() as printed:
        console.print(what)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in printed.get().splitlines()))
