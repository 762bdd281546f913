"""The checkpoint file of Event history: whole at any moment, of one account, and of one process."""

from __future__ import annotations

import errno
import json
import threading
from pathlib import Path

import pytest

from agent.history.place_file import PlaceFile, PlaceFileError
from agent.telemetry.history_events import PassedOver
from tests.support.clock import finish, soon
from tests.support.events import ACCOUNT

REGION = "us-west-2"
DIGEST = bytes(range(16))
PASSED = PassedOver("e-1", "CreateProject", 1000, 1001, "sink_rejected", "no")


def owner() -> str:
    """Whose history it is."""
    return ACCOUNT


def written(path: Path) -> None:
    """A file with one region."""
    places = PlaceFile(path)
    assert places.open(owner)
    place = places.begin(REGION, 1000)
    place.remember({DIGEST: 1100})
    place.note([PASSED])
    place.move_to(1200, 500)
    places.keep()
    places.close()


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    """By the next process; a region that nobody has read has no place."""
    written(tmp_path / "places")
    places = PlaceFile(tmp_path / "places")
    assert places.open(owner)
    place = places.of(REGION)
    assert place is not None
    assert (place.position, place.known_since, place.known, place.unshipped) == (1200, 1000, {DIGEST: 1100}, [PASSED])
    assert places.of("eu-west-1") is None


def test_the_file_can_be_read_by_people(tmp_path: Path) -> None:
    """Times are times; and nobody else may read it."""
    written(tmp_path / "places")
    told = json.loads((tmp_path / "places").read_text())
    assert (told["is"], told["owner"]) == ("event-history", ACCOUNT)
    assert told["regions"][REGION]["position"] == "1970-01-01T00:20:00Z"
    assert told["regions"][REGION]["unshipped"][0]["event_id"] == "e-1"
    assert (tmp_path / "places").stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_torn_is_never_there(tmp_path: Path) -> None:
    """A process that ends while it writes leaves the old one; what it had begun does no harm."""
    written(tmp_path / "places")
    (tmp_path / "places.new").write_text('{"is":"event-hist')
    places = PlaceFile(tmp_path / "places")
    assert places.open(owner)
    places.keep()
    assert places.of(REGION) is not None


def test_two_processes_do_not_share_it(tmp_path: Path) -> None:
    """The second one is told, and may have it when the first one has ended."""
    first, second = PlaceFile(tmp_path / "places"), PlaceFile(tmp_path / "places")
    assert first.open(owner)
    with pytest.raises(PlaceFileError, match="another agent is using"):
        second.open(owner)
    first.begin(REGION, 1000)
    first.keep()
    first.close()
    assert second.open(owner)
    assert second.of(REGION) is not None


def test_regions_that_begin_at_the_same_time_open_it_once(tmp_path: Path) -> None:
    """Whoever comes while another thread asks for the account waits for the answer."""
    places, asks, answered = PlaceFile(tmp_path / "places"), threading.Event(), threading.Event()
    asked, opened = [], []

    def slowly() -> str:
        asked.append(1)
        asks.set()
        soon(answered)
        return ACCOUNT

    threads = [threading.Thread(target=lambda: opened.append(places.open(slowly))) for _ in range(3)]
    for thread in threads:
        thread.start()
    soon(asks)
    answered.set()
    finish(*threads)
    assert (asked, opened) == ([1], [True, True, True])


def test_the_history_of_another_account_is_another_one(tmp_path: Path) -> None:
    """Its regions have other events."""
    written(tmp_path / "places")
    with pytest.raises(PlaceFileError, match="is of account 111122223333, and the credentials are of 444455556666"):
        PlaceFile(tmp_path / "places").open(lambda: "444455556666")


def test_without_an_answer_about_the_account_nothing_is_taken(tmp_path: Path) -> None:
    """It is asked again later."""
    places = PlaceFile(tmp_path / "places")

    def fail() -> str:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - whatever `owner` raises
        places.open(fail)
    assert places.open(owner)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ('{"is":"replay","version":1,"since":1}\n{"is":"day"}', "the checkpoint of a replay, .* a file of its own"),
        ('{"is":"event-history","version":2,"more":1}', "another version"),
        ('{"is":"event-history","version":1,"owner":"1","regions":{"a":{"position":1}}}', "is damaged"),
        (
            (
                '{"is":"event-history","version":1,"owner":"1","regions":{"a":{"position":"2026-01-01T00:00:00Z",'
                '"known_since":"2026-01-01T00:00:00Z","known":{"xy":1}}}}'
            ),
            "is damaged",
        ),
        (
            (
                '{"is":"event-history","version":1,"owner":"1","regions":{"a":{"position":"2026-01-01T00:00:00",'
                '"known_since":"2026-01-01T00:00:00Z","known":{}}}}'
            ),
            "is damaged",
        ),
        *(
            (
                (
                    f'{{"is":"event-history","version":1,"owner":"1","regions":{{"a":{{"position":"{position}",'
                    f'"known_since":"{since}","known":{{}}}}}}}}'
                ),
                "is damaged",
            )
            for position, since in (
                ("9999-12-31T23:59:59-12:00", "2026-01-01T00:00:00Z"),
                ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+12:00"),
            )
        ),
        ("\xff", "is damaged"),
    ],
)
def test_any_other_file_is_refused_and_left_as_it_is(tmp_path: Path, text: str, told: str) -> None:
    """Nothing begins anew in silence."""
    path = tmp_path / "places"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(PlaceFileError, match=told):
        PlaceFile(path).look()
    with pytest.raises(PlaceFileError, match=told):
        PlaceFile(path).open(owner)
    assert path.read_bytes() == text.encode("latin-1")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """As any other trouble of the system."""
    with pytest.raises(PlaceFileError, match="cannot be read: Is a directory"):
        PlaceFile(tmp_path).look()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that it leads to is written and locked, also under its own name."""
    (tmp_path / "disk").mkdir()
    link, file = tmp_path / "places", tmp_path / "disk" / "places"
    link.symlink_to(file)
    written(link)
    assert link.is_symlink()
    places, other = PlaceFile(link), PlaceFile(file)
    assert places.open(owner)
    assert places.of(REGION) is not None
    with pytest.raises(PlaceFileError, match="another agent is using"):
        other.open(owner)


def test_a_disk_that_is_full_is_told_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system says only that it is."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    places = PlaceFile(tmp_path / "places")
    assert places.open(owner)
    monkeypatch.setattr("agent.disk.durable.write_whole", fail)
    with pytest.raises(OSError, match="No space left on device") as full:
        places.keep()
    assert full.value.filename == str(tmp_path / "places.new")


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """It was there when the settings were read."""
    with pytest.raises(PlaceFileError, match="cannot be opened: No such file"):
        PlaceFile(tmp_path / "gone" / "places").open(owner)


def test_a_dry_run_reads_it_and_leaves_it_alone(tmp_path: Path) -> None:
    """Also while an agent uses it, and if it is not there."""
    written(tmp_path / "places")
    before = (tmp_path / "places").read_bytes()
    running = PlaceFile(tmp_path / "places")
    assert running.open(owner)
    dry = PlaceFile(tmp_path / "places", read_only=True)
    assert dry.open(owner)
    place = dry.of(REGION)
    assert place is not None
    place.move_to(9000, 500)
    dry.keep()
    assert (tmp_path / "places").read_bytes() == before
    nothing = PlaceFile(tmp_path / "none", read_only=True)
    assert nothing.open(owner)
    nothing.begin(REGION, 1000)
    nothing.keep()
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "none.lock").exists()
