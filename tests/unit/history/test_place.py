"""What is known of a region, and for how long."""

from __future__ import annotations

from agent.flow.event_log import LoggedEvent
from agent.history.place import MOST_UNSHIPPED, RegionPlace, digest_of, known_as
from agent.model import ObjectSource
from agent.telemetry.history_events import PassedOver
from tests.support.events import create_dev_environment, encoded
from tests.support.records import open_mapper


def test_what_is_known_is_forgotten_behind_the_overlap() -> None:
    """It is never looked at again, so memory holds no more than what happens within the overlap."""
    place = RegionPlace.begun(1000)
    place.remember({b"old": 1000, b"new": 1200})
    place.move_to(1250, 100)
    assert (place.position, place.known_since, place.known) == (1250, 1150, {b"new": 1200})


def test_a_place_never_goes_back() -> None:
    """A window within the overlap ends before it."""
    place = RegionPlace.begun(1000)
    place.move_to(900, 100)
    assert (place.position, place.known_since) == (1000, 1000)


def test_the_latest_that_were_passed_over_are_kept() -> None:
    """The file must not grow without end."""
    place = RegionPlace.begun(1000)
    for number in range(MOST_UNSHIPPED + 5):
        place.note([PassedOver(f"e-{number}", "", 0, 1, "sink_rejected", "no")])
    assert [place.unshipped[0].event_id, len(place.unshipped)] == ["e-5", MOST_UNSHIPPED]


def test_an_event_is_known_by_the_digest_of_its_record() -> None:
    """So what the sink said of a record says which event of the window it is."""
    raw = encoded(create_dev_environment())
    spread = raw.replace(b'","', b'" , "')
    record = open_mapper().to_record(raw, ObjectSource("event-history:us-west-2", "", "", 0))
    assert digest_of(raw) == digest_of(spread) == record.digest


def test_entries_without_a_text_are_known_by_their_ids() -> None:
    """All empty texts are alike; without an id, too, the second tells them apart."""
    empty = [LoggedEvent(b"", 1, "a"), LoggedEvent(b"", 1, "b"), LoggedEvent(b"", 1), LoggedEvent(b" ", 2)]
    broken = [LoggedEvent(b"null", 1, "a"), LoggedEvent(b"null", 1, "b")]
    assert len({known_as(event) for event in [*empty, *broken]}) == 6
    raw = encoded(create_dev_environment())
    assert known_as(LoggedEvent(raw, 1)) == digest_of(raw)
