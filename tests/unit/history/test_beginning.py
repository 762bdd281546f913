"""Where regions begin: at the start of the process, or where the file says."""

from __future__ import annotations

import errno
import threading
from functools import partial
from pathlib import Path

import pytest

from agent.history.beginning import Beginning, Start, note, note_until_written
from agent.history.place_file import PlaceFile, PlaceFileError, Places
from agent.pulse import Pulse, setting_of
from agent.settings import EventHistorySettings
from tests.support.clock import START, FakeClock, finish, soon
from tests.support.events import ACCOUNT
from tests.support.telemetry import FakeTelemetry

REGIONS = ("us-west-2", "eu-west-1")
LATER = int(START) - 1800
FIRST = LATER - 4000


def beginning(places: Places, at: int, *regions: str, telemetry: FakeTelemetry | None = None) -> Beginning:
    """Of a process whose settings name these regions."""
    clock = FakeClock()
    return Beginning(
        places,
        EventHistorySettings(regions=regions, overlap_seconds=1800),
        Start(at + 1800, setting_of(clock)),
        clock=clock,
        owner=lambda: ACCOUNT,
        telemetry=telemetry or FakeTelemetry(),
    )


def is_new(found: Beginning, region: str) -> bool:
    """Whether nothing of `region` was remembered."""
    return found.reckoned_by(region) is not None


def test_all_regions_are_in_the_file_once_one_is_asked_for(tmp_path: Path) -> None:
    """So an end of the process at any moment leaves none of them out."""
    first = PlaceFile(tmp_path / "places")
    place = beginning(first, FIRST, *REGIONS).find(REGIONS[0])
    assert place
    assert place.position == FIRST
    first.close()
    second = PlaceFile(tmp_path / "places")
    later = beginning(second, LATER, *REGIONS)
    found = [later.find(region) for region in REGIONS]
    assert [place.position for place in found if place] == [FIRST, FIRST]
    assert not any(is_new(later, region) for region in REGIONS)


def test_a_region_that_is_added_begins_at_the_start_that_has_it(tmp_path: Path) -> None:
    """The others go on where they were."""
    first = PlaceFile(tmp_path / "places")
    beginning(first, FIRST, REGIONS[0]).find(REGIONS[0])
    first.close()
    later = beginning(PlaceFile(tmp_path / "places"), LATER, *REGIONS)
    found = {region: later.find(region) for region in REGIONS}
    assert {region: place.position for region, place in found.items() if place} == {
        REGIONS[0]: FIRST,
        REGIONS[1]: LATER,
    }
    assert [is_new(later, region) for region in REGIONS] == [False, True]


def test_a_file_that_another_process_uses_is_waited_for(tmp_path: Path) -> None:
    """It is told, and tried again."""
    first, second, telemetry = PlaceFile(tmp_path / "places"), PlaceFile(tmp_path / "places"), FakeTelemetry()
    beginning(first, FIRST, *REGIONS).find(REGIONS[0])
    waiting = beginning(second, LATER, *REGIONS, telemetry=telemetry)
    assert waiting.find(REGIONS[0]) is None
    assert telemetry.count("gate_closed") == 1
    first.close()
    place = waiting.find(REGIONS[0])
    assert place
    assert place.position == FIRST


def test_a_beginning_that_was_noted_is_that_of_the_next_start(tmp_path: Path) -> None:
    """AWS has not answered the first one. The second one begins there, with a region that it has beside them."""
    first = PlaceFile(tmp_path / "places")
    note(first, REGIONS[:1], FIRST, FakeTelemetry())
    first.close()
    second = PlaceFile(tmp_path / "places")
    note(second, REGIONS, LATER, FakeTelemetry())
    later = beginning(second, LATER, *REGIONS)
    found = {region: later.find(region) for region in REGIONS}
    assert {region: place.position for region, place in found.items() if place} == {
        REGIONS[0]: FIRST,
        REGIONS[1]: LATER,
    }
    assert [is_new(later, region) for region in REGIONS] == [False, True]
    second.close()
    third = PlaceFile(tmp_path / "places")
    with pytest.raises(PlaceFileError, match=f"is of account {ACCOUNT}"):
        third.open(lambda: "444455556666")


def test_a_beginning_that_no_clock_can_have_meant_is_not_remembered(tmp_path: Path) -> None:
    """A clock without a battery was in 1970, and AWS answered nothing until the end: nobody has to have all of it."""
    first = PlaceFile(tmp_path / "places")
    note(first, REGIONS, -1500, FakeTelemetry())
    first.close()
    second = PlaceFile(tmp_path / "places")
    note(second, REGIONS, LATER, FakeTelemetry())
    later = beginning(second, LATER, *REGIONS)
    assert [place.position for region in REGIONS if (place := later.find(region))] == [LATER, LATER]
    assert all(is_new(later, region) for region in REGIONS)
    assert {place.position for place in PlaceFile(tmp_path / "places", read_only=True).look().values()} == {LATER}


def test_where_something_was_read_no_beginning_is_noted(tmp_path: Path) -> None:
    """The file stays as it is until it is known whose history it is."""
    first = PlaceFile(tmp_path / "places")
    beginning(first, FIRST, REGIONS[0]).find(REGIONS[0])
    first.close()
    before = (tmp_path / "places").read_bytes()
    second = PlaceFile(tmp_path / "places")
    note(second, REGIONS, LATER, FakeTelemetry())
    assert (tmp_path / "places").read_bytes() == before
    later = beginning(second, LATER, *REGIONS)
    assert [place.position for region in REGIONS if (place := later.find(region))] == [FIRST, LATER]


@pytest.mark.parametrize("text", ["{", "in use"])
def test_a_file_that_cannot_be_used_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    """It is told when the place is needed."""
    path = tmp_path / "places"
    if text == "in use":
        user = PlaceFile(path)
        user.open(lambda: ACCOUNT)
    else:
        path.write_text(text)
    telemetry = FakeTelemetry()
    places = PlaceFile(path)
    note(places, REGIONS, FIRST, FakeTelemetry())
    assert path.read_text() == text if path.exists() else text == "in use"
    assert beginning(places, FIRST, *REGIONS, telemetry=telemetry).find(REGIONS[0]) is None
    assert telemetry.count("gate_closed") == 1


def test_a_dry_run_notes_nothing(tmp_path: Path) -> None:
    """It changes nothing."""
    note(PlaceFile(tmp_path / "places", read_only=True), REGIONS, FIRST, FakeTelemetry())
    assert [*tmp_path.iterdir()] == []


def test_a_beginning_that_could_not_be_noted_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk was full then."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    places = PlaceFile(tmp_path / "places")
    with monkeypatch.context() as patched:
        patched.setattr("agent.disk.durable.write_whole", fail)
        telemetry = FakeTelemetry()
        assert not note(places, REGIONS, FIRST, telemetry)
    assert telemetry.count("places_unkept") == 1
    assert not (tmp_path / "places").exists()
    later = beginning(places, FIRST, *REGIONS)
    later.find(REGIONS[0])
    assert is_new(later, REGIONS[0])
    assert {place.position for place in PlaceFile(tmp_path / "places", read_only=True).look().values()} == {FIRST}


def test_a_beginning_is_noted_as_soon_as_there_is_room_also_while_aws_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread asks whose history it is, for however long; an end of the process then costs nothing."""
    places, telemetry, asked, told, clock = (
        PlaceFile(tmp_path / "places"),
        FakeTelemetry(),
        threading.Event(),
        threading.Event(),
        FakeClock(),
    )

    def owner() -> str:
        asked.set()
        soon(told)
        return ACCOUNT

    thread = threading.Thread(target=partial(places.open, owner))
    thread.start()
    soon(asked)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "places.new")

    try_it = partial(note, places, REGIONS, FIRST, telemetry)
    with monkeypatch.context() as patched:
        patched.setattr("agent.disk.durable.write_whole", fail)
        assert not try_it()
        clock.at(62, patched.undo)
        note_until_written(try_it, Pulse(clock), threading.Event())
    assert 60 <= clock.elapsed <= 70
    assert {place.position for place in PlaceFile(tmp_path / "places", read_only=True).look().values()} == {FIRST}
    assert telemetry.named("places_unkept")[0] == (f"{tmp_path}/places.new: No space left on device",)
    assert telemetry.count("places_kept") == 1
    told.set()
    finish(thread)
