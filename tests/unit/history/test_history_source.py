"""A region that is followed: each event once, whatever comes late, is refused, or breaks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.retries import RetryReason
from agent.history.place_file import PlaceFile
from agent.model import Outcome
from tests.support.clock import START, FakeClock
from tests.support.events import ACCOUNT, REGION
from tests.support.followed import Life, happened
from tests.support.history_service import HistoryService

DAY = 86_400


@pytest.fixture
def life() -> Life:
    """A process that has just begun."""
    return Life(HistoryService())


def test_events_are_shipped_as_they_are_shown(life: Life) -> None:
    """A poll each minute, oldest first, each event once."""
    life.put("two", ago=60)
    life.put("one", ago=1000)
    life.pass_time(61)
    life.put("three", ago=1)
    life.pass_time(600)
    assert [record.event_id for record in life.sink.stored] == ["one", "two", "three"]
    assert life.lag <= 66
    assert life.service.throttled == 0
    assert 10 <= len(life.service.asked) <= 12


def test_what_comes_late_within_the_overlap_is_shipped(life: Life) -> None:
    """Behind events that happened later; and what was shipped is not read again."""
    life.put("late", ago=0, late=1500)
    life.put("prompt", ago=0)
    life.pass_time(1800)
    assert [record.event_id for record in life.sink.stored] == ["prompt", "late"]
    assert life.telemetry.events_read == 2
    assert life.telemetry.fates["duplicate"] == 0


def test_what_comes_later_than_the_overlap_is_missed(life: Life) -> None:
    """The docs say so."""
    life.put("too late", ago=0, late=2000)
    life.pass_time(3000)
    assert life.shipped() == {}


def test_what_happened_before_the_first_start_is_left_out(life: Life) -> None:
    """A replay ships it."""
    life.put("before", ago=1801)
    life.put("after", ago=1799)
    life.pass_time(300)
    assert life.shipped() == {"after": 1}


def test_it_begins_at_the_start_of_the_process_and_not_when_the_sink_is_up(life: Life) -> None:
    """What happens while nothing may be received yet is not left out."""
    life.put("just before", ago=1790)
    life.clock.advance(7200)
    life.put("meanwhile", ago=3600)
    life.pass_time(300)
    assert life.shipped() == {"just before": 1, "meanwhile": 1}


def test_what_a_process_had_to_begin_with_the_next_one_begins_with(tmp_path: Path) -> None:
    """Of all regions, though nothing was received, and nothing was shipped; the file is written once for them."""
    service, clock = HistoryService(), FakeClock()
    regions = ("eu-west-1", REGION)
    first = Life(service, clock, tmp_path / "places", regions=regions)
    first.put("one", ago=1790)
    first.source.begin(first.halt)
    first.places.close()
    assert first.telemetry.count("places_kept") == 1
    began = clock.time()
    clock.advance(7200)
    second = Life(service, clock, tmp_path / "places", regions=regions)
    second.pass_time(300)
    assert second.shipped() == {"one": 1}
    assert second.telemetry.named("history_begun") == [(REGION, began - 1800, False)]
    other = second.places.of("eu-west-1")
    assert other
    assert other.position == began - 1800


def test_a_day_ends_in_the_middle_of_a_poll() -> None:
    """A window is of one day: there are two then, and each event is in one of them."""
    clock = FakeClock()
    clock.advance(DAY - START % DAY + 30)
    life = Life(HistoryService(), clock)
    life.put("yesterday", ago=31)
    life.put("midnight", ago=30)
    life.pass_time(200)
    assert life.shipped() == {"yesterday": 1, "midnight": 1}


def test_what_is_skipped_is_counted_once(life: Life) -> None:
    """An event that is not selected is known, too."""
    life.service.put({**happened("noise", life.clock.time() - 9), "errorCode": 5, "eventName": "ListProjects"})
    life.pass_time(300)
    assert life.telemetry.events_read == 1


def test_the_same_event_of_a_trail_is_not_shipped_again(life: Life) -> None:
    """The queue's workers share the memory of what this process has delivered."""
    life.put("both")
    other = Life(life.service, life.clock)
    other.pass_time(1)
    life.shipping._remembered = other.shipping._remembered
    life.pass_time(100)
    assert life.shipped() == {}
    assert life.telemetry.fates["duplicate"] == 1


def test_after_a_long_stop_windows_are_small_enough(tmp_path: Path) -> None:
    """A month with many events is read bit by bit; nothing is left out, and nothing is shipped twice."""
    service, clock = HistoryService(), FakeClock()
    first = Life(service, clock, tmp_path / "places")
    first.pass_time(100)
    first.stop()
    for number in range(900):
        service.put(happened(f"e-{number}", clock.time() + 3 * DAY + number))
    service.put(*(happened(f"f-{number}", clock.time() + number * 3600) for number in range(1, 700)))
    clock.advance(30 * DAY)
    second = Life(service, clock, tmp_path / "places", most_events=200)
    second.pass_time(3600)
    assert set(second.shipped().values()) == {1}
    assert len(second.shipped()) == 900 + 699
    assert second.lag < 200


def test_after_an_end_in_its_first_round_a_region_does_not_creep(tmp_path: Path) -> None:
    """The place has not moved then, but what is known tells over how long it happened."""
    service, clock = HistoryService(), FakeClock()
    first = Life(service, clock, tmp_path / "places")
    begin = clock.time() - 1500
    service.put(*(happened(f"e-{number}", begin + number) for number in range(1400)))
    while not 300 < len(first.shipped()) < 1400:
        first.pass_time(1)
    first.places.close()
    asked = len(service.asked)
    second = Life(service, clock, tmp_path / "places")
    while len(first.shipped()) + len(second.shipped()) < 1400:
        second.pass_time(1)
    assert {*first.shipped(), *second.shipped()} == {f"e-{number}" for number in range(1400)}
    assert len(service.asked) - asked <= 15


def test_of_a_burst_nothing_is_read_in_vain(life: Life) -> None:
    """Six thousand events of one minute: the newest that were read are shipped, and then what was before them."""
    begin = life.clock.time() - 120
    life.service.put(*(happened(f"e-{number}", begin + number // 100) for number in range(6000)))
    life.pass_time(20)
    assert len(life.shipped()) >= 900
    while len(life.shipped()) < 6000 and life.clock.elapsed < 300:
        life.pass_time(1)
    assert len(life.shipped()) == 6000
    assert len(life.service.asked) <= 6000 / 50 * 1.15
    assert set(life.shipped().values()) == {1}
    life.pass_time(300)
    assert life.lag <= 200


@pytest.mark.parametrize("each_second", [5, 100])
def test_an_event_out_of_order_is_found_on_whatever_page_it_is(tmp_path: Path, each_second: int) -> None:
    """AWS says that the newest come first; it is not trusted to, also hours behind, where no overlap looks again."""
    service, clock = HistoryService(), FakeClock()
    first = Life(service, clock, tmp_path / "places")
    first.pass_time(100)
    first.stop()
    names = [f"e-{number}" for number in range(2500)]
    service.put(*(happened(name, clock.time() + 7200 + nth // each_second) for nth, name in enumerate(names)))
    service.displaced = {"e-2490": 1150, "e-2300": 1150, "e-2000": 2400, "e-5": 0}
    clock.advance(5 * 3600)
    second = Life(service, clock, tmp_path / "places", remembers=0)
    second.pass_time(1000)
    assert second.shipped() == dict.fromkeys(names, 1)
    assert second.lag <= 100


def test_a_burst_is_shipped_though_the_process_is_stopped_again_and_again(tmp_path: Path) -> None:
    """Each life goes on where the one before it ended, and reads little of what is known."""
    service, clock = HistoryService(), FakeClock()
    begin = clock.time() - 120
    service.put(*(happened(f"e-{number}", begin + number // 100) for number in range(6000)))
    shipped: Counter[str] = Counter()
    for least in (2500, 4500, 6000):
        life = Life(service, clock, tmp_path / "places", remembers=0)
        life.pass_time(65)
        life.stop()
        shipped += life.shipped()
        assert len(shipped) >= least
    assert set(shipped.values()) == {1}


def test_a_burst_is_read_around_what_is_refused_in_it(tmp_path: Path) -> None:
    """Parts of a window are held back as windows are."""
    life = Life(HistoryService(), file=tmp_path / "places", most_events=300)
    begin = life.clock.time() - 900
    names = [f"e-{number}" for number in range(1500)]
    life.service.put(*(happened(name, begin + number // 2) for number, name in enumerate(names)))
    life.sink.refused = set(names[400:700])
    life.pass_time(600)
    life.put("more", ago=1)
    life.pass_time(600)
    assert life.shipped() == dict.fromkeys([*names[:400], *names[700:], "more"], 1)
    assert Counter(told.event_id for told in life.telemetry.unshipped) == dict.fromkeys(names[400:700], 1)
    assert life.lag <= 100


def test_what_is_older_than_ninety_days_is_told(tmp_path: Path) -> None:
    """Event history has lost it; the rest is shipped."""
    service, clock = HistoryService(), FakeClock()
    first = Life(service, clock, tmp_path / "places")
    first.pass_time(100)
    first.stop()
    first.put("lost", ago=0)
    first.put("there", ago=-20 * DAY)
    clock.advance(100 * DAY)
    second = Life(service, clock, tmp_path / "places")
    second.pass_time(3600)
    assert second.shipped() == {"there": 1}
    (lost,) = second.telemetry.lost
    assert round(len(lost) / DAY) == 10


@pytest.mark.parametrize(("ahead", "overlap"), [(1000 * 365 * DAY, 1800), (1700, 1800), (1700, 1900)])
def test_a_place_ahead_of_the_clock_is_set_back(tmp_path: Path, ahead: int, overlap: int) -> None:
    """The clock was wrong once: nothing is waited for, and the overlap before now is read; the file knows it then."""
    clock = FakeClock()
    now = int(clock.time())
    places = PlaceFile(tmp_path / "places")
    places.open(lambda: ACCOUNT)
    places.begin(REGION, now + ahead - 1800).move_to(now + ahead, overlap)
    places.keep()
    places.close()
    life = Life(HistoryService(), clock, tmp_path / "places")
    life.put("one", ago=900)
    life.pass_time(200)
    assert life.shipped() == {"one": 1}
    (told,) = life.telemetry.set_back
    assert (told.stop, round((told.start - now) / 60)) == (now + ahead, -30)
    assert life.lag <= 100
    life.stop()
    kept = PlaceFile(tmp_path / "places", read_only=True).look()
    assert kept[REGION].position <= clock.time()


def test_a_clock_that_steps_back_a_little_moves_nothing(life: Life) -> None:
    """As it does when it is set right."""
    life.put("one")
    life.pass_time(100)
    life.source.following.place.position = int(life.clock.time()) + 30
    life.put("two", ago=1)
    life.pass_time(200)
    assert life.shipped() == {"one": 1, "two": 1}
    assert life.telemetry.named("history_set_back") == []


@pytest.mark.parametrize("years", [1, -1])
def test_a_clock_that_is_wrong_for_a_while_moves_no_place(tmp_path: Path, years: int) -> None:
    """AWS does not answer it, so what it says counts for nothing: neither ninety days are lost, nor all comes again."""
    service, clocks = HistoryService(), [FakeClock() for _ in range(3)]
    for clock, seconds in zip(clocks, (0, years * 365 * DAY, 3 * 3600), strict=True):
        clock.advance(2 * 365 * DAY + seconds)
    first, second = (Life(service, clock, tmp_path / "places") for clock in clocks[:2])
    first.put("one")
    first.pass_time(100)
    first.stop()
    second.source.receive()
    second.stop()
    third = Life(service, clocks[2], tmp_path / "places")
    third.put("two", ago=2 * 3600)
    third.pass_time(200)
    assert third.shipped() == {"two": 1}
    assert third.telemetry.lost == []
    assert third.telemetry.named("history_set_back") == []


@pytest.mark.parametrize("off", [100 * DAY, -3 * 365 * DAY, 5400, -5400, 400])
@pytest.mark.parametrize("overlap", [300, 1800])
def test_a_round_of_a_clock_that_is_set_right_counts_for_nothing(off: int, overlap: int) -> None:
    """AWS answers once it is right. What it said before moves no place, and nothing is left out or comes again."""
    life = Life(HistoryService(), overlap=overlap)
    life.put("before", ago=200)
    life.put("long ago", ago=5 * DAY)
    life.pass_time(7200)
    life.clock.set_to(off)
    for minute in range(7):
        life.put(f"e-{minute}", ago=-60 * minute)
    life.clock.at(420, lambda: life.clock.set_to(0))
    life.pass_time(1000)
    assert life.shipped() == dict.fromkeys(["before", *(f"e-{minute}" for minute in range(7))], 1)
    assert life.telemetry.lost == life.telemetry.set_back == []
    assert life.lag <= 100


@pytest.mark.parametrize("has_file", [False, True])
def test_a_wait_because_of_a_wrong_clock_names_the_clock(tmp_path: Path, *, has_file: bool) -> None:
    """It is no lack of a permission, whether STS or CloudTrail says so."""
    clock = FakeClock()
    clock.set_to(-DAY)
    life = Life(HistoryService(), clock, tmp_path / "places" if has_file else None)
    clock.at(100, lambda: clock.set_to(0))
    life.pass_time(200)
    assert {fault for fault, _ in life.telemetry.faults} == {EnvironmentFault.LOG_REFUSED}
    assert all("clock is wrong: set it" in detail for _, detail in life.telemetry.faults)


@pytest.mark.parametrize("off", [-56 * 365 * DAY, -30 * DAY, -3600, 2 * 365 * DAY])
@pytest.mark.parametrize("has_file", [False, True])
def test_a_clock_that_is_wrong_at_first_moves_no_beginning(tmp_path: Path, off: int, *, has_file: bool) -> None:
    """The beginning is when the process began, by the clock that AWS answers; nothing before it is shipped."""
    clock, file = FakeClock(), tmp_path / "places" if has_file else None
    clock.set_to(off)
    life = Life(HistoryService(), clock, file)
    for days in (80, 20, 2):
        life.put(f"before-{days}", ago=days * DAY)
    life.put("just before", ago=1790)
    life.put("after", ago=-100)
    clock.at(200, lambda: clock.set_to(0))
    life.pass_time(600)
    assert life.shipped() == {"just before": 1, "after": 1}
    assert life.telemetry.lost == life.telemetry.set_back == []
    life.stop()
    second = Life(life.service, clock, file)
    second.pass_time(100)
    assert second.shipped() == ({} if has_file else {"after": 1})


def test_a_clock_that_is_set_back_and_forth_within_a_round_loses_nothing(tmp_path: Path) -> None:
    """After hours away, with windows still to come: whatever it says between two answers of AWS."""
    service, clock = HistoryService(), FakeClock()
    first = Life(service, clock, tmp_path / "places")
    first.pass_time(100)
    first.stop()
    names = [f"e-{number}" for number in range(6000)]
    service.put(*(happened(name, clock.time() + 2 * number) for number, name in enumerate(names)))
    clock.advance(12_100)
    second = Life(service, clock, tmp_path / "places")
    for at, off in ((10, 200 * DAY), (50, -DAY), (90, 0), (95, 7200), (160, 0), (161, -9000), (300, 100)):
        clock.at(at, lambda off=off: clock.set_to(off))  # type: ignore[misc]
    second.pass_time(3000)
    assert second.shipped() == dict.fromkeys(names, 1)
    assert second.telemetry.lost == second.telemetry.set_back == []


def test_what_the_sink_refuses_for_good_is_told_and_passed_over(life: Life) -> None:
    """The others are shipped, and nothing is tried again at each poll."""
    life.put("good", "bad")
    life.sink.refused, life.sink.refusal = {"bad"}, Fault(Reason.SINK_REJECTED, "the sink said no")
    life.pass_time(600)
    assert life.shipped() == {"good": 1}
    (told,) = life.telemetry.unshipped
    assert (told.event_id, told.event_name, told.reason) == ("bad", "codecatalyst.CreateProject", "sink_rejected")
    assert life.source.following.place.unshipped == [told]
    assert sum("bad" in names for names in life.sink.exports) == 1
    assert life.lag <= 70
    assert +life.telemetry.fates == {"exported": 1, "passed_over": 1}


def test_while_the_sink_refuses_everything_nothing_is_passed_over(life: Life) -> None:
    """Its settings may be wrong; once they are right, each event is shipped once."""
    life.put("one", "two")
    life.sink.is_set_wrongly = True
    life.pass_time(DAY)
    assert life.telemetry.count("events_unshipped") == 0
    assert ("events of us-west-2",) in life.telemetry.named("gate_closed")
    assert len(life.sink.exports) <= DAY / 60 + 5
    assert +life.telemetry.fates == {"retried": life.telemetry.events_read}
    life.sink.is_set_wrongly = False
    life.pass_time(600)
    assert life.shipped() == {"one": 1, "two": 1}
    assert ("events of us-west-2",) in life.telemetry.named("gate_opened")


def test_the_first_one_that_is_refused_alone_waits_until_another_is_accepted(life: Life) -> None:
    """Nothing says yet that it is the record; once the sink takes another one, it is told and passed over."""
    life.put("bad")
    life.sink.refused = {"bad"}
    life.pass_time(3600)
    assert life.telemetry.unshipped == []
    assert life.lag > 3600
    assert ("events of us-west-2",) in life.telemetry.named("gate_closed")
    assert len(life.sink.exports) <= 3600 / 60 + 10
    life.put("good", ago=5)
    life.pass_time(300)
    assert [told.event_id for told in life.telemetry.unshipped] == ["bad"]
    assert life.shipped() == {"good": 1}
    assert ("events of us-west-2",) in life.telemetry.named("gate_opened")
    assert life.lag <= 70


def test_a_sink_that_is_mended_gets_what_it_refused_first(life: Life) -> None:
    """Nothing is passed over, though it refused each of them alone, one after the other."""
    life.sink.refused = {f"e-{number}" for number in range(9)}
    for number in range(9):
        life.put(f"e-{number}", ago=1)
        life.pass_time(100)
    life.sink.refused = set()
    life.put("new", ago=1)
    life.pass_time(200)
    assert life.telemetry.unshipped == []
    assert life.shipped() == {"new": 1, **{f"e-{number}": 1 for number in range(9)}}


def test_a_region_does_not_stand_still_because_of_what_a_sound_sink_refuses(tmp_path: Path) -> None:
    """Windows of a backlog with nothing else in them: those behind them show that the sink is sound."""
    service, clock = HistoryService(), FakeClock()
    first = Life(service, clock, tmp_path / "places")
    first.pass_time(100)
    first.stop()
    begin = clock.time()
    bad = {f"bad-{number}" for number in range(1500)}
    service.put(*(happened(name, begin + 10 * number) for number, name in enumerate(sorted(bad))))
    service.put(*(happened(f"good-{number}", begin + 20_000 + number) for number in range(50)))
    clock.advance(DAY)
    second = Life(service, clock, tmp_path / "places", most_events=200)
    second.sink.refused = bad
    second.pass_time(1800)
    assert second.shipped() == {f"good-{number}": 1 for number in range(50)}
    second.put("more", ago=1)
    second.pass_time(1800)
    assert second.shipped()["more"] == 1
    assert {told.event_id for told in second.telemetry.unshipped} == bad
    assert len(second.telemetry.unshipped) == len(bad)
    assert second.lag <= 100


def test_what_is_held_back_is_tried_again_after_a_restart(tmp_path: Path) -> None:
    """The place has stayed before it; what the sink took behind it is not shipped twice."""
    service, clock = HistoryService(), FakeClock()
    first = Life(service, clock, tmp_path / "places")
    first.sink.refused = {"held"}
    first.put("held", ago=30)
    first.pass_time(3 * 3600)
    first.stop()
    second = Life(service, clock, tmp_path / "places")
    second.put("new", ago=1)
    second.pass_time(600)
    assert (first.shipped(), second.shipped()) == ({}, {"held": 1, "new": 1})
    assert [*first.telemetry.unshipped, *second.telemetry.unshipped] == []


def test_what_may_pass_later_comes_again_alone(life: Life) -> None:
    """What the sink has taken of the window is not sent again, though nothing is remembered elsewhere."""
    life = Life(life.service, life.clock, remembers=0)
    life.put("good", "slow")
    life.sink.unsettled = {"slow"}
    life.pass_time(20)
    life.sink.unsettled = set()
    life.pass_time(300)
    assert life.shipped() == {"good": 1, "slow": 1}
    assert life.telemetry.count("events_unshipped") == 0


def test_what_never_passes_is_told_after_twenty_tries(life: Life) -> None:
    """The region goes on."""
    life.put("never")
    life.sink.unsettled = {"never"}
    life.pass_time(2 * 3600)
    (told,) = life.telemetry.unshipped
    assert (told.event_id, told.reason) == ("never", RetryReason.SINK_UNSETTLED)
    assert len(life.sink.exports) == 20
    life.put("next", ago=5)
    life.pass_time(300)
    assert life.shipped() == {"next": 1}
    assert life.lag <= 70


def test_a_refusal_that_may_pass_and_one_that_stays(life: Life) -> None:
    """One is told at once, the other gets its time."""
    life.put("bad", "slow", "good")
    life.sink.refused, life.sink.refusal = {"bad"}, Fault(Reason.SINK_REJECTED, "no", is_final=True)
    life.sink.unsettled = {"slow"}
    life.pass_time(20)
    life.sink.unsettled = set()
    life.pass_time(300)
    assert life.shipped() == {"good": 1, "slow": 1}
    (told,) = life.telemetry.unshipped
    assert told.event_id == "bad"


def test_an_event_that_is_no_json_is_told_with_its_window(life: Life) -> None:
    """The others are shipped; it is told once."""
    life.put("good")
    held = life.service._held["us-west-2"]
    for text in ("{broken", "{broken, too"):
        life.service.put(happened("broken", life.clock.time() - 30))
        held[-1] = type(held[-1])(held[-1].event, text, held[-1].time, held[-1].shown_from)
    life.pass_time(600)
    assert life.shipped() == {"good": 1}
    (told,) = life.telemetry.unshipped
    assert (told.event_id, told.reason, told.events) == ("", "event_malformed", 2)
    assert +life.telemetry.fates == {"exported": 1, "malformed": 2}


def test_more_events_in_a_second_than_may_be_read_are_told_as_unknown() -> None:
    """No window is smaller: it is passed over, and what it holds is not counted."""
    life = Life(HistoryService(), most_events=20)
    life.put(*(f"e-{number}" for number in range(30)), ago=100)
    life.put("before", ago=101)
    life.put("after", ago=99)
    life.pass_time(900)
    assert life.shipped() == {"before": 1, "after": 1}
    (told,) = life.telemetry.unshipped
    assert (told.reason, told.events, told.end - told.begin) == ("object_too_large", 0, 1)


def test_each_entry_without_a_text_is_told_and_counted(life: Life) -> None:
    """Once, when it is new, though all their texts are alike."""
    for life_time, names in enumerate([("one", "two"), ("three",), ()]):
        for name in names:
            life.service.put_without_text(happened(name, life.clock.time() - 30))
        life.pass_time(300)
        assert life.telemetry.fates["malformed"] == [2, 3, 3][life_time]
        assert len(life.telemetry.unshipped) == [1, 2, 2][life_time]
    assert life.lag <= 70


def test_a_denial_is_waited_for_and_told(life: Life) -> None:
    """A daemon has nobody who runs it again."""
    life.put("one")
    life.service.troubles.extend(["AccessDeniedException"] * 200)
    life.pass_time(3600)
    assert ("Event history of us-west-2",) in life.telemetry.named("gate_closed")
    assert life.lag > 3600
    life.service.troubles.clear()
    life.pass_time(120)
    assert life.shipped() == {"one": 1}
    assert life.telemetry.count("gate_opened") >= 1
    life.pass_time(300)
    assert life.lag <= 70


def test_a_moment_of_throttling_is_not_told(life: Life) -> None:
    """Others of the account ask, too: after two minutes it is a fault."""
    life.put("one")
    life.service.troubles.extend(["ThrottlingException"] * 3)
    life.pass_time(60)
    assert life.shipped() == {"one": 1}
    assert life.telemetry.count("gate_closed") == 0
    life.service.troubles.extend(["ThrottlingException"] * 30)
    life.pass_time(600)
    assert life.telemetry.count("gate_closed") > 0


def test_while_the_sink_is_down_nothing_is_asked(life: Life) -> None:
    """What is in hand waits in the export, and the next round waits for the sink."""
    life.put("one")
    life.sink.down = True
    life.clock.at(3600, lambda: setattr(life.sink, "down", False))
    life.worker.run_once()
    assert life.clock.elapsed == pytest.approx(3600, abs=31)
    assert len(life.service.asked) == 1
    life.pass_time(120)
    assert life.shipped() == {"one": 1}


def test_a_bug_comes_again_in_smaller_windows(life: Life) -> None:
    """Nothing is passed over because of one."""
    life.put("one")
    ship = life.worker._ship
    broken = [True]

    def fail(readings: object) -> object:
        if broken[0]:
            raise ValueError("a bug")
        return ship(readings)  # type: ignore[arg-type]

    life.worker._ship = fail  # type: ignore[assignment]
    for _ in range(20):
        with pytest.raises(ValueError, match="a bug"):
            life.pass_time(600)
    broken[0] = False
    life.pass_time(3600)
    assert life.shipped() == {"one": 1}
    assert life.telemetry.count("events_unshipped") == 0


def test_a_second_life_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    """With a checkpoint, each event once over a restart; late ones too."""
    service, clock = HistoryService(), FakeClock()
    first = Life(service, clock, tmp_path / "places")
    first.put("one", ago=300)
    first.put("late", ago=0, late=1200)
    first.pass_time(100)
    first.stop()
    clock.advance(1200)
    second = Life(service, clock, tmp_path / "places")
    second.put("two", ago=5)
    second.pass_time(300)
    assert second.telemetry.named("history_remembered") == [("us-west-2",)]
    assert (first.shipped(), second.shipped()) == ({"one": 1}, {"late": 1, "two": 1})
    assert second.telemetry.events_read == 2


def test_where_much_happens_a_second_life_begins_with_small_windows(tmp_path: Path) -> None:
    """It need not find out anew: a window with too many events is read in vain."""
    service, clock = HistoryService(), FakeClock()
    first = Life(service, clock, tmp_path / "places")
    service.put(*(happened(f"e-{number}", clock.time() - 1790 + number) for number in range(1780)))
    first.pass_time(200)
    first.stop()
    assert len(first.shipped()) == 1780
    second = Life(service, clock, tmp_path / "places", most_events=1000)
    second.pass_time(100)
    assert second.telemetry.outcomes()[Outcome.DEAD_LETTER] == 0
    assert max(len(names) for names in [*second.sink.exports, ()]) == 0
    assert second.lag <= 100


def test_a_checkpoint_that_another_agent_has_is_waited_for(tmp_path: Path) -> None:
    """Two must not go on from one place; whoever waits goes on where the other ended."""
    service, clock = HistoryService(), FakeClock()
    first, second = Life(service, clock, tmp_path / "places"), Life(service, clock, tmp_path / "places")
    first.put("one")
    first.pass_time(100)
    second.pass_time(100)
    assert second.telemetry.named("gate_closed")[0] == ("checkpoint of Event history",)
    assert second.shipped() == {}
    first.stop()
    second.put("two")
    second.pass_time(100)
    assert second.shipped() == {"two": 1}


def test_a_file_that_cannot_be_written_holds_nothing_up(tmp_path: Path) -> None:
    """It is told, and written when it can be."""
    life = Life(HistoryService(), file=tmp_path / "places")
    life.pass_time(1)
    (tmp_path / "places.new").mkdir()
    life.put("one")
    life.pass_time(100)
    assert life.shipped() == {"one": 1}
    assert "places.new: Is a directory" in str(life.telemetry.named("places_unkept")[0])
    (tmp_path / "places.new").rmdir()
    life.put("two")
    life.pass_time(100)
    life.places.close()
    again = Life(life.service, life.clock, tmp_path / "places")
    again.pass_time(100)
    assert again.shipped() == {}


def test_a_clock_that_was_wrong_stops_nothing(tmp_path: Path) -> None:
    """A place in the future is none: what the overlap holds is read again."""
    service, ahead = HistoryService(), FakeClock()
    ahead.advance(5 * DAY)
    first = Life(service, ahead, tmp_path / "places")
    first.pass_time(100)
    first.stop()
    second = Life(service, FakeClock(), tmp_path / "places")
    second.put("one", ago=900)
    second.pass_time(100)
    assert second.shipped() == {"one": 1}


def test_a_stop_ends_the_wait_for_the_next_poll(life: Life) -> None:
    """Within a moment."""
    life.pass_time(1)
    life.clock.at(2, life.drain.set)
    life.worker.run()
    assert life.clock.elapsed < 10
