"""What a read says that it takes, against what Python holds for it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Final

import msgspec
import pytest

from agent.flow.budget import OutgrownError
from agent.flow.objects import map_events
from agent.records.selection import EveryEvent, Selector
from agent.trail import reader, room
from agent.trail.event import TrailEvent
from agent.trail.selecting import Selection
from tests.support.events import create_dev_environment, encoded, raw_event
from tests.support.objects import SOURCE, log_file, used_to_most
from tests.support.records import open_mapper

SIZE: Final = 17 << 16  # a small text has enough memory in any case
SMALL: Final = 9 << 16
SOME_PERCENT: Final = 1.05
NOISE: Final = b'{"eventVersion":"1.09","eventSource":"s3.amazonaws.com"}'
TINY: Final = b'{"eventSource":"codecatalyst.amazonaws.com","eventName":"CreateSpace"}'
VERSIONED: Final = b'{"eventVersion":"1.09",' + TINY[1:]
HIDDEN: Final = TINY[:-1] + b',"eventSource":"s3.amazonaws.com"}'
MANY: Final = b"[%b]" % b",".join([b"[]"] * 35)  # as many as are no bomb
LONG: Final = b'"a":"%b"' % (b"x" * 500)
NO_SOURCE: Final = b'{"eventSource":%b,"eventName":"CreateSpace",%b}' % (MANY, LONG)
NO_NAME: Final = b'{"eventSource":"codecatalyst.amazonaws.com","eventName":%b,%b}' % (MANY, LONG)


def fresh() -> Selection:
    """It has read nothing yet."""
    return Selector()


def used_to_few() -> Selection:
    """Of what it has read it kept little: it reads the next file in parts."""
    selection = Selector()
    reader.read(log_file(*[NOISE] * 99, TINY), selection, 100)
    return selection


def used_to_all() -> Selection:
    """Of what it has read it kept all: it looks at each entry of the next file."""
    return used_to_most(Selector(), TINY)


def plain(*raws: bytes) -> bytearray:
    """As CloudTrail writes it."""
    return log_file(*raws)


def with_another_member(*raws: bytes) -> bytearray:
    """As CloudTrail may write it one day."""
    return bytearray(b'{"new":1,' + log_file(*raws)[1:])


def with_half_a_character(*raws: bytes) -> bytearray:
    """Which no JSON decoder takes as it is."""
    return log_file(*raws, rb'{"eventName":"\ud800"}')


@pytest.mark.parametrize(
    ("raw", "form", "make_selection"),
    [
        *((TINY, plain, make) for make in (fresh, used_to_few, used_to_all, EveryEvent)),
        *((TINY, form, fresh) for form in (with_another_member, with_half_a_character)),
        (VERSIONED, plain, used_to_few),
        (HIDDEN, plain, fresh),
        *((NO_SOURCE, plain, make) for make in (fresh, used_to_all)),
        (NO_NAME, plain, used_to_few),
        (NOISE, plain, used_to_all),
        *((raw_event(), plain, make) for make in (fresh, used_to_few)),
    ],
)
def test_no_more_is_held_than_was_told(
    raw: bytes, form: Callable[..., bytearray], make_selection: Callable[[], Selection]
) -> None:
    """However short the events are, and however many are selected; and it is told before it is taken."""
    number = SIZE // len(raw)
    selection, text = make_selection(), form(*[raw] * number)
    told, before = [room.of_text(len(text))], 0
    reader.read(form(raw, NOISE), make_selection(), number)  # what is made once is not of one file
    size = len(text)

    def require(wanted: int) -> None:
        assert size + tracemalloc.get_traced_memory()[1] - before <= SOME_PERCENT * max(told)
        told.append(wanted)

    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        found = reader.read(text, selection, number + 1, require)
        held = size + tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert len(found.raws) + found.skipped + found.malformed >= number
    assert held <= SOME_PERCENT * max(told)


@pytest.mark.parametrize(
    "raw",
    [
        encoded(create_dev_environment()),
        raw_event(userAgent="😀" + "x" * 2000),
        *(
            encoded({field.encode_name: text for field in msgspec.structs.fields(TrailEvent)})
            for text in ("", "text", "😀x", "text " * 20)
        ),
        TINY[:-1] + b',"a":"%b"}' % (b"x" * 256),
    ],
    ids=["documented", "wide", "empty", "all text", "all wide", "all long", "short"],
)
def test_no_more_is_held_of_events_that_come_decoded_than_was_told(raw: bytes) -> None:
    """Nor while they are mapped: text that takes four times its bytes, and every member that an event can have."""
    text, selection = log_file(*[raw] * (SMALL // (len(raw) + 1))), Selector(["*"])
    mapper, told = open_mapper(), list[int]()
    for _ in range(3):
        map_events(reader.read(log_file(raw), selection, 1), mapper, SOURCE, selection)
    gc.collect()
    tracemalloc.start()
    try:
        found = reader.read(text, selection, SMALL, told.append)
        held = len(text) + tracemalloc.get_traced_memory()[1]
        assert len(found.usual) == len(found.raws) > 0
        assert held <= max(told)
        tracemalloc.reset_peak()  # the text is held no longer, and what was told stays reserved
        mapped = map_events(found, mapper, SOURCE, selection, told.append)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(mapped.records) == len(found.raws)
    assert found.usual == []
    assert held <= max(told)


def test_nothing_is_told_of_a_file_of_which_nothing_is_selected() -> None:
    """Its text has told all."""
    told: list[int] = []
    reader.read(log_file(*[NOISE] * 100), Selector(), 100, told.append)
    assert told == []


@pytest.mark.parametrize("form", [plain, with_another_member, with_half_a_character])
@pytest.mark.parametrize("make_selection", [fresh, used_to_few, used_to_all])
def test_a_read_without_memory_is_given_up(
    form: Callable[..., bytearray], make_selection: Callable[[], Selection]
) -> None:
    """Whoever has no memory for it says so, and that is no fault of the file."""

    def refuse(wanted: int) -> None:
        raise OutgrownError(wanted)

    with pytest.raises(OutgrownError) as outgrown:
        reader.read(form(*[TINY] * 100), make_selection(), 200, refuse)
    assert outgrown.value.wanted >= room.of_entries(100 * len(TINY), 100)
