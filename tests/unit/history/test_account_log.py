"""Event history as a replay reads it, from a service that behaves as AWS's."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from agent.aws.event_history import EventHistory
from agent.errors import DependencyError, DrainedError, PermanentError
from agent.faults.dead_letters import Reason
from agent.flow.event_log import FirstLook, LoggedEvent, Window
from agent.flow.log_waits import LogWaits
from agent.history.account_log import HistoryLog, sources_of
from agent.pulse import Pulse
from agent.replay.history_log import wish_for
from agent.replay.span import Span
from agent.settings import SelectSettings
from tests.support.clock import START, FakeClock
from tests.support.events import ACCOUNT, REGION, Members, event, noise
from tests.support.history_service import HistoryClient, HistoryService
from tests.support.telemetry import FakeTelemetry

BEGIN = datetime.fromtimestamp(START, UTC).replace(minute=0, second=0) - timedelta(hours=3)
HOUR = Window(f"event-history:{REGION}", BEGIN, BEGIN + timedelta(hours=1))
OTHER = "sso.amazonaws.com"


def at(number: int, *, seconds: int = 10, source: str = "codecatalyst.amazonaws.com") -> Members:
    """An event of the hour."""
    moment = BEGIN + timedelta(seconds=seconds * number)
    return {**event(f"e-{number}"), "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "eventSource": source}


class Rig:
    """The log of one region."""

    def __init__(
        self,
        *,
        sources: tuple[str, ...] = ("codecatalyst.amazonaws.com",),
        most: int = 10_000,
        most_bytes: int = sys.maxsize,
    ) -> None:
        self.clock, self.halt, self.telemetry = FakeClock(), threading.Event(), FakeTelemetry()
        self.service = HistoryService()
        self.failures: list[BaseException] = []
        self.waits = LogWaits(
            telemetry=self.telemetry,
            pulse=Pulse(self.clock),
            halt=self.halt,
            random=lambda: 1.0,
            failed=self.failures.append,
        )
        client = HistoryClient(self.service, self.clock)
        self.log = HistoryLog(
            EventHistory({REGION: client}, client),
            self.waits,
            places=[REGION],
            sources=sources,
            most_events=most,
            most_bytes=most_bytes,
            clock=self.clock,
        )

    def read(self, window: Window = HOUR) -> list[str]:
        """The events of a window, by id."""
        return [_id(each) for each in self.log.read(window)]


def _id(logged: LoggedEvent) -> str:
    return logged.raw.partition(b'"eventID":"')[2].partition(b'"')[0].decode()


def test_all_pages_are_read_and_turned_round() -> None:
    """Oldest first, though AWS gives the newest first; at two requests a second."""
    rig = Rig()
    rig.service.put(*map(at, range(175)), noise("noise"))
    assert rig.read() == [f"e-{number}" for number in range(175)]
    assert (rig.log.requests, rig.clock.elapsed, rig.service.throttled) == (4, 1.5, 0)


def test_the_text_of_an_event_is_its_own() -> None:
    """Byte for byte, so that the record is that of the same event in a trail."""
    rig = Rig()
    rig.service.put({**at(1), "userAgent": "ü \ud800 \n"})
    (found,) = rig.log.read(HOUR)
    assert b'"userAgent":"\\u00fc \\ud800 \\n"' in found.raw
    assert found.time_ns == int((BEGIN + timedelta(seconds=10)).timestamp()) * 10**9


def test_each_selected_service_is_asked_for() -> None:
    """One question names one service; what they give is put in one order."""
    rig = Rig(sources=("codecatalyst.amazonaws.com", OTHER))
    rig.service.put(at(3), at(1), at(2, source=OTHER), at(4, source="ec2.amazonaws.com"))
    assert rig.read() == ["e-1", "e-2", "e-3"]
    assert rig.log.per_window == 2


def test_many_services_with_some_events_each_are_read_together() -> None:
    """Each part of a window costs a request for each of them: what few of them have is no reason to cut it."""
    names = [f"service{number}.amazonaws.com" for number in range(11)]
    rig = Rig(sources=tuple(names))
    rig.service.put(*(at(number, source=name) for name in names for number in range(140)))
    newest = rig.log.read_newest(HOUR)
    assert (newest.since, len(newest.events)) == (int(BEGIN.timestamp()), 1540)
    assert rig.log.requests == 33


def test_an_event_of_two_pages_is_there_once() -> None:
    """AWS may begin a page with the last event of the page before it."""
    rig = Rig()
    rig.service.repeats = True
    rig.service.put(*map(at, range(175)))
    assert rig.read() == [f"e-{number}" for number in range(175)]


def test_windows_have_each_event_once() -> None:
    """An event at the border is in the later one."""
    rig = Rig()
    rig.service.put(*(at(number, seconds=1800) for number in range(5)))
    later = Window(HOUR.bucket, HOUR.end, HOUR.end + timedelta(hours=1))
    assert (rig.read(), rig.read(later)) == (["e-0", "e-1"], ["e-2", "e-3"])


def test_throttling_is_waited_for_and_the_page_is_asked_for_again() -> None:
    """Others of the account ask, too."""
    rig = Rig()
    rig.service.put(*map(at, range(120)))
    rig.service.troubles.extend(["", "ThrottlingException", "ThrottlingException", "InternalFailure"])
    assert rig.read() == [f"e-{number}" for number in range(120)]
    assert rig.telemetry.count("gate_opened") == 1
    assert rig.failures == []


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "allow cloudtrail:LookupEvents"),
        ("ExpiredTokenException", "credentials have expired"),
        ("InvalidTimeRangeException", "InvalidTimeRange"),
    ],
)
def test_a_refusal_ends_the_replay(code: str, advice: str) -> None:
    """It says what to do, and nothing is taken for an hour without events."""
    rig = Rig()
    rig.service.troubles.append(code)
    with pytest.raises(DependencyError, match=advice):
        rig.read()
    assert len(rig.failures) == 1


def test_a_lost_token_begins_the_window_anew() -> None:
    """AWS may forget its place; after three times the window is left, and told."""
    rig = Rig()
    rig.service.put(*map(at, range(120)))
    rig.service.forgets = 2
    assert rig.read() == [f"e-{number}" for number in range(120)]
    rig.service.troubles.extend(["", "InvalidNextTokenException"] * 3)
    with pytest.raises(PermanentError, match="lost the place"):
        rig.read()


def test_repeats_at_the_edges_of_pages_are_left_to_the_shipping() -> None:
    """Which knows a record again by its bytes; nothing is left out here."""
    rig = Rig()
    rig.service.repeats = True
    rig.service.put(*map(at, range(120)))
    assert set(rig.read()) == {f"e-{number}" for number in range(120)}


def test_a_window_has_a_limit() -> None:
    """Memory is not without end."""
    rig = Rig(most=100)
    rig.service.put(*map(at, range(120)))
    with pytest.raises(PermanentError) as caught:
        rig.read()
    assert caught.value.reason is Reason.OBJECT_TOO_LARGE


def test_large_events_have_a_limit_of_their_own() -> None:
    """Of all services together: a few can be as large as thousands."""
    rig = Rig(sources=("codecatalyst.amazonaws.com", OTHER), most_bytes=5000)
    large = {"requestParameters": {"text": "x" * 2000}}
    rig.service.put({**at(1), **large}, {**at(2, source=OTHER), **large})
    assert rig.read() == ["e-1", "e-2"]
    rig.service.put({**at(3, source=OTHER), **large})
    with pytest.raises(PermanentError, match="more than 5,000 bytes of events in it"):
        rig.read()


def test_what_is_older_than_ninety_days_is_not_taken_for_empty() -> None:
    """A checkpoint may be older than what AWS keeps."""
    old = BEGIN - timedelta(days=91)
    with pytest.raises(PermanentError, match="last 90 days only"):
        Rig().read(Window(HOUR.bucket, old, old + timedelta(hours=1)))


def test_events_that_come_late_are_in_a_window_that_is_asked_for_in_time() -> None:
    """A quarter of an hour late: a replay asks for nothing that is younger than half an hour."""
    rig = Rig()
    rig.service.put(
        *(
            at(
                number,
                seconds=600,
            )
            for number in range(15)
        ),
        late=15 * 60,
    )
    now = datetime.fromtimestamp(START, UTC)
    span = wish_for([REGION]).within(Span(BEGIN, now), now)
    assert rig.read(Window(HOUR.bucket, BEGIN, span.until)) == [f"e-{number}" for number in range(15)]
    assert rig.read(Window(HOUR.bucket, span.until, now)) == []


def test_a_stop_ends_it() -> None:
    """Between two requests."""
    rig = Rig()
    rig.service.put(*map(at, range(120)))
    rig.clock.at(0.75, rig.halt.set)
    with pytest.raises(DrainedError):
        rig.read()


def test_a_first_look_tells_how_much_happens() -> None:
    """With one request for each service."""
    rig = Rig()
    rig.service.put(*map(at, range(60)))
    assert rig.log.sample(REGION, HOUR.begin, HOUR.end) == FirstLook(50, 490.0, is_all=False)
    assert rig.log.sample(REGION, HOUR.begin, HOUR.begin + timedelta(minutes=1)).is_all


def test_a_longer_look_goes_on_to_more_pages() -> None:
    """As many as are allowed, or as there are."""
    rig = Rig()
    rig.service.put(*map(at, range(120)))
    two, all_of_it = (rig.log.sample(REGION, HOUR.begin, HOUR.end, pages) for pages in (2, 10))
    assert (two, all_of_it) == (FirstLook(100, 990.0, is_all=False), FirstLook(120, 1190.0, is_all=True))


def test_the_account_is_that_of_the_credentials() -> None:
    """A checkpoint of one account is not gone on with by another."""
    assert Rig().log.owner() == ACCOUNT


def test_the_services_are_those_that_the_settings_select() -> None:
    """Those of the profiles, of their calls, and those that are named; or all."""
    assert sources_of(SelectSettings()) == ["codecatalyst.amazonaws.com"]
    guarded = sources_of(SelectSettings(profiles=("codecatalyst", "trail_guard"), event_sources=("ec2.amazonaws.com",)))
    assert {"codecatalyst.amazonaws.com", "cloudtrail.amazonaws.com", "ec2.amazonaws.com"} <= set(guarded)
    assert sources_of(SelectSettings(event_sources=("*",))) == [""]
