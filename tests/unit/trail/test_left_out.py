"""The sources that are left out: learnt from file to file, and none that may be kept is ever missed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from agent.trail.left_out import SourcesLeftOut

OURS = "ours.amazonaws.com"
MANY = 100


class Asked:
    """A selection that counts how often it is asked for each source."""

    def __init__(self) -> None:
        self.sources: list[object] = []

    def may_select(self, source: object) -> bool:
        """Whether it is ours."""
        self.sources.append(source)
        return source == OURS


def array(*sources: str) -> bytes:
    """The JSON array of one event of each source."""
    return json.dumps([{"eventSource": source, "eventName": "x"} for source in sources]).encode()


def seen(left_out: SourcesLeftOut, text: bytes) -> list[object]:
    """The sources of which an event may be kept; and how many of them were met at all."""
    entries, met = left_out.glance(text)
    return [*(one.event_source for one in entries if isinstance(one.event_source, str)), met]


def test_what_is_left_out_is_asked_for_only_until_it_is_known() -> None:
    """After some files the selection is asked for its own sources alone."""
    asked = Asked()
    left_out = SourcesLeftOut(asked.may_select)
    for _ in range(MANY):
        assert seen(left_out, array("a.amazonaws.com", OURS, "b.amazonaws.com")) == [OURS, 1]
    asked.sources.clear()
    assert seen(left_out, array("a.amazonaws.com", OURS, "b.amazonaws.com")) == [OURS, 1]
    assert asked.sources == [OURS]


@pytest.mark.row(67)
@pytest.mark.parametrize(
    "entry",
    [
        b'{"eventSource":"ours.amazonaws.com","eventSource":"a.amazonaws.com"}',
        b'{"event\\u0053ource":"ours.amazonaws.com","eventSource":"a.amazonaws.com"}',
        b'{"eventSource":"\\u006furs.amazonaws.com","eventSource":"a.amazonaws.com"}',
        b'{"eventSource":"a.amazonaws.com","eventSource":"ours.amazonaws.com","event\\u0053ource":"a.amazonaws.com"}',
    ],
)
@pytest.mark.parametrize("files", [0, MANY])
def test_a_source_behind_another_one_is_met(entry: bytes, files: int) -> None:
    """Whether the other one is known by heart or not, and however the name of the member is written."""
    left_out = SourcesLeftOut(Asked().may_select)
    for _ in range(files):
        seen(left_out, array("a.amazonaws.com"))
    assert seen(left_out, b"[%b]" % entry) == [1]


@pytest.mark.parametrize(
    "entry", [b"{}", b'{"eventSource":null}', b'{"eventSource":7}', b'{"eventSource":["a"]}', b"7"]
)
def test_an_entry_without_a_source_that_is_text_is_refused(entry: bytes) -> None:
    """Nothing is known of what may be kept of it."""
    with pytest.raises(msgspec.ValidationError):
        SourcesLeftOut(Asked().may_select).glance(b"[%b]" % entry)


def test_a_source_that_is_not_utf_8_is_refused() -> None:
    """Nothing is known of it."""
    with pytest.raises(UnicodeDecodeError):
        SourcesLeftOut(Asked().may_select).glance(b'[{"eventSource":"\xff"}]')


def test_only_the_source_is_looked_at() -> None:
    """A name does not count where the source is left out: it may be anything."""
    assert seen(SourcesLeftOut(Asked().may_select), b'[{"eventSource":"a","eventName":"\xff"}]') == [0]


def test_more_sources_than_are_remembered_are_told_apart_all_the_same() -> None:
    """Thousands of them, and one as long as a file, cost a question each: what is known stays bounded."""
    asked = Asked()
    left_out = SourcesLeftOut(asked.may_select)
    others = [f"{n}.amazonaws.com" for n in range(3000)] + ["x" * (1 << 20)]
    for _ in range(10):
        assert seen(left_out, array(*others, OURS, *others)) == [OURS, 1]
    asked.sources.clear()
    assert seen(left_out, array(*others, OURS)) == [OURS, 1]
    assert 2000 < len(asked.sources) < 3000


def test_threads_that_learn_at_once_find_their_own() -> None:
    """Each finds as many of ours as its file has, whatever others learn meanwhile."""
    left_out = SourcesLeftOut(Asked().may_select)

    def read(number: int) -> list[list[object]]:
        files = [array(*(f"{number}-{n}-{m}.example" for m in range(20)), *[OURS] * number) for n in range(30)]
        return [seen(left_out, file) for file in files * 3]

    with ThreadPoolExecutor(8) as threads:
        for number, found in enumerate(threads.map(read, range(8))):
            assert found == [[*[OURS] * number, number]] * 90


def test_a_file_full_of_one_source_holds_its_name_once() -> None:
    """Else the names of two hundred thousand tiny events would take more memory than the events."""
    entries, met = SourcesLeftOut(Asked().may_select).glance(array(*[OURS] * MANY))
    assert met == MANY
    assert len({id(one.event_source) for one in entries}) == 1


def test_a_selection_of_everything_leaves_nothing_out() -> None:
    """There is nothing to learn for it."""
    assert SourcesLeftOut(Asked().may_select).is_any
    assert not SourcesLeftOut(lambda _: True).is_any
