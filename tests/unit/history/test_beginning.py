"""Where regions begin: at the start of the process, or where the file says."""

from __future__ import annotations

from pathlib import Path

from agent.history.beginning import Beginning
from agent.history.place_file import PlaceFile, Places
from tests.support.events import ACCOUNT
from tests.support.telemetry import FakeTelemetry

REGIONS = ("us-west-2", "eu-west-1")


def beginning(places: Places, at: int, *regions: str, telemetry: FakeTelemetry | None = None) -> Beginning:
    """Of a process whose settings name these regions."""
    return Beginning(places, regions, at, owner=lambda: ACCOUNT, telemetry=telemetry or FakeTelemetry())


def test_all_regions_are_in_the_file_once_one_is_asked_for(tmp_path: Path) -> None:
    """So an end of the process at any moment leaves none of them out."""
    first = PlaceFile(tmp_path / "places")
    place = beginning(first, 1000, *REGIONS).find(REGIONS[0])
    assert place
    assert place.position == 1000
    first.close()
    second = PlaceFile(tmp_path / "places")
    later = beginning(second, 5000, *REGIONS)
    found = [later.find(region) for region in REGIONS]
    assert [place.position for place in found if place] == [1000, 1000]
    assert not any(map(later.is_new, REGIONS))


def test_a_region_that_is_added_begins_at_the_start_that_has_it(tmp_path: Path) -> None:
    """The others go on where they were."""
    first = PlaceFile(tmp_path / "places")
    beginning(first, 1000, REGIONS[0]).find(REGIONS[0])
    first.close()
    later = beginning(PlaceFile(tmp_path / "places"), 5000, *REGIONS)
    found = {region: later.find(region) for region in REGIONS}
    assert {region: place.position for region, place in found.items() if place} == {REGIONS[0]: 1000, REGIONS[1]: 5000}
    assert [*map(later.is_new, REGIONS)] == [False, True]


def test_a_file_that_another_process_uses_is_waited_for(tmp_path: Path) -> None:
    """It is told, and tried again."""
    first, second, telemetry = PlaceFile(tmp_path / "places"), PlaceFile(tmp_path / "places"), FakeTelemetry()
    beginning(first, 1000, *REGIONS).find(REGIONS[0])
    waiting = beginning(second, 5000, *REGIONS, telemetry=telemetry)
    assert waiting.find(REGIONS[0]) is None
    assert telemetry.count("gate_closed") == 1
    first.close()
    place = waiting.find(REGIONS[0])
    assert place
    assert place.position == 1000
