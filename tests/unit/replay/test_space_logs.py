"""CodeCatalyst's own event logs as a log of a replay: whole windows, each event in one of them, waits, refusals."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.aws.space_log import ItemPage, SpaceLog, UnreadablePageError
from agent.errors import AwsError, DependencyError, LimitError, PermanentError
from agent.faults.dead_letters import Reason
from agent.flow.event_log import Window
from agent.flow.log_waits import LogWaits
from agent.pulse import Pulse
from agent.replay.space_logs import SpaceLogs
from agent.trail.log_item import item_in
from tests.support.clock import FakeClock
from tests.support.spaces import NOON, SPACE, Item, item, items
from tests.support.telemetry import FakeTelemetry

HOUR = timedelta(hours=1)
BUCKET = f"event-logs:{SPACE}"


class HeldLog(SpaceLog):
    """The service, without HTTP: newest first, up to and with the end, in pages of `largest`."""

    def __init__(self, held: Sequence[Item], largest: int = 250) -> None:
        self.held = held
        self.largest = largest
        self.failures: list[AwsError] = []
        self.extra: list[bytes] = []
        self.turns_in_circles = False

    def page(self, space: str, begin: datetime, end: datetime, token: str = "") -> ItemPage:
        """One page."""
        if self.failures:
            raise self.failures.pop(0)
        within = [one for one in self.held if begin <= datetime.fromisoformat(one["eventTime"]) <= end]
        newest = [json.dumps(one).encode() for one in sorted(within, key=lambda one: one["eventTime"], reverse=True)]
        first = int(token or 0)
        rest = newest[first + self.largest :]
        more = "0" if self.turns_in_circles else str(first + self.largest) if rest else ""
        return ItemPage([*newest[first : first + self.largest], *self.extra], more)


class Rig:
    """The log of one space, asked on a clock that is told."""

    def __init__(self, held: HeldLog, most: int = 1000) -> None:
        self.clock, self.telemetry = FakeClock(), FakeTelemetry()
        self.failures: list[BaseException] = []
        waits = LogWaits(
            telemetry=self.telemetry,
            pulse=Pulse(self.clock),
            halt=threading.Event(),
            random=lambda: 1.0,
            failed=self.failures.append,
        )
        self.logs = SpaceLogs(held, waits, [SPACE, SPACE], most)

    def read(self, begin: datetime, end: datetime) -> list[str]:
        """The ids of the items of a window."""
        return [json.loads(item_in(event.raw))["id"] for event in self.logs.read(Window(BUCKET, begin, end))]


def test_a_window_is_read_to_its_last_page_and_turned_round() -> None:
    """The service begins with the newest; history is shipped from the oldest on."""
    rig = Rig(HeldLog(items(7, NOON, HOUR / 10), largest=3))
    assert rig.read(NOON, NOON + HOUR) == [f"item-{number}" for number in range(7)]
    assert rig.logs.requests == 3
    assert rig.logs.buckets() == (BUCKET,)


@given(st.lists(st.integers(0, 7200), max_size=30), st.lists(st.integers(1, 7199), max_size=3, unique=True))
def test_each_event_is_in_one_window(seconds: list[int], borders: list[int]) -> None:
    """Also one at the border of two: the service gives it to both."""
    held = [item(number, NOON + timedelta(seconds=second)) for number, second in enumerate(seconds)]
    rig = Rig(HeldLog(held, largest=4))
    ends = [NOON, *(NOON + timedelta(seconds=border) for border in sorted(borders)), NOON + 3 * HOUR]
    found = [one for begin, end in pairwise(ends) for one in rig.read(begin, end)]
    assert sorted(found) == sorted(one["id"] for one in held)


def test_an_event_whose_time_cannot_be_read_is_kept() -> None:
    """The service knows when it happened, and gives it once."""
    held = HeldLog(items(1, NOON, HOUR))
    held.extra = [json.dumps(item(9, NOON, eventTime="yesterday")).encode(), b"7"]
    events = Rig(held).logs.read(Window(BUCKET, NOON, NOON + HOUR))
    assert [event.time_ns for event in events] == [0, 0, int(NOON.timestamp()) * 10**9]
    assert b"7" in [event.raw for event in events]


def test_a_first_look_is_one_page() -> None:
    """How many events happen in how much time tells how long windows are to be."""
    rig = Rig(HeldLog(items(10, NOON, HOUR / 10), largest=4))
    look = rig.logs.sample(SPACE, NOON, NOON + HOUR)
    assert (look.events, look.is_all) == (4, False)
    assert look.seconds == pytest.approx(3 * 360)
    assert rig.logs.sample(SPACE, NOON + 9 * HOUR, NOON + 10 * HOUR).is_all
    assert rig.logs.requests == 2


def test_a_look_at_more_pages_goes_on_behind_those_without_items() -> None:
    """The service may give a page with no items, and a token for the next one."""

    class Sparse(HeldLog):
        def page(self, space: str, begin: datetime, end: datetime, token: str = "") -> ItemPage:
            """Two of three pages are empty."""
            number = int(token or 0)
            found = [json.dumps(each).encode() for each in self.held[number // 3 :][:1]] if number % 3 == 2 else []
            return ItemPage(found, str(number + 1) if number < 3 * len(self.held) - 1 else "")

    rig = Rig(Sparse(items(3, NOON, HOUR / 4)))
    first, more, whole = (rig.logs.sample(SPACE, NOON, NOON + HOUR, pages) for pages in (1, 8, 10))
    assert [(look.events, look.is_all) for look in (first, more, whole)] == [(0, False), (2, False), (3, True)]
    assert whole.seconds == pytest.approx(1800.0)


def test_one_request_a_second_is_made() -> None:
    """AWS publishes no rate for it: nobody who works in the space may be throttled for a replay."""
    rig = Rig(HeldLog(items(9, NOON, HOUR / 10), largest=1))
    rig.read(NOON, NOON + HOUR)
    assert rig.clock.elapsed == pytest.approx(8.0)


@pytest.mark.parametrize("kind", ["throttled", "unavailable"])
def test_what_passes_is_waited_for(kind: str) -> None:
    """No window is given up for it."""
    held = HeldLog(items(2, NOON, HOUR / 10))
    held.failures = [AwsError(kind, "later")] * 3
    rig = Rig(held)
    assert rig.read(NOON, NOON + HOUR) == ["item-0", "item-1"]
    assert rig.telemetry.named("gate_closed")[0] == (BUCKET,)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("denied", "aws sso login.*who may see the event log"),
        ("missing", "the name of the space.*aws sso login"),
        ("invalid", "no; look at what it names: the space, the times, or the address of the endpoint"),
        ("no_credentials", "aws sso login"),
    ],
)
def test_a_refusal_ends_the_replay_and_says_what_to_do(kind: str, advice: str) -> None:
    """The space may be another's, or the token may have come to its end, or the question is wrong."""
    held = HeldLog([])
    held.failures = [AwsError(kind, "no")]
    rig = Rig(held)
    with pytest.raises(DependencyError, match=advice):
        rig.read(NOON, NOON + HOUR)
    assert len(rig.failures) == 1


def test_a_page_that_can_never_be_read_costs_one_window() -> None:
    """A proxy's word passes in a minute; what the service gives again and again does not. No wait is told any more."""
    held = HeldLog(items(2, NOON, HOUR / 10))
    held.failures = [UnreadablePageError("no") for _ in range(8)]
    rig = Rig(held)
    with pytest.raises(PermanentError, match="not the JSON of ListEventLogs: no") as error:
        rig.read(NOON, NOON + HOUR)
    assert error.value.reason is Reason.OBJECT_CORRUPT
    assert (len(rig.telemetry.named("gate_opened")), rig.clock.elapsed > 30.0, rig.failures) == (1, True, [])
    assert rig.read(NOON, NOON + HOUR) == ["item-0", "item-1"]


def test_a_page_that_cannot_be_read_for_a_while_costs_nothing() -> None:
    """It is asked for again."""
    held = HeldLog(items(2, NOON, HOUR / 10))
    held.failures = [UnreadablePageError("no") for _ in range(7)]
    assert Rig(held).read(NOON, NOON + HOUR) == ["item-0", "item-1"]


def test_a_first_look_at_what_cannot_be_read_keeps_nothing_from_being_read() -> None:
    """The window in which it is will tell."""
    held = HeldLog([])
    held.failures = [UnreadablePageError("no") for _ in range(8)]
    assert Rig(held).logs.sample(SPACE, NOON, NOON + HOUR).is_all


def test_pages_without_an_end_are_told() -> None:
    """One window is given up, and listed."""
    held = HeldLog(items(2, NOON, HOUR / 10))
    held.turns_in_circles = True
    with pytest.raises(PermanentError, match="a token came again"):
        Rig(held).read(NOON, NOON + HOUR)


def test_a_window_has_a_limit() -> None:
    """Memory is bounded, whatever the service gives."""
    with pytest.raises(LimitError, match="more than 3 events"):
        Rig(HeldLog(items(9, NOON, HOUR / 10), largest=2), most=3).read(NOON, NOON + HOUR)
