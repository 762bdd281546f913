"""The file in which a replay remembers where it is."""

from __future__ import annotations

import errno
import os
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.errors import DependencyError
from agent.replay.checkpoint import Checkpoint, CheckpointError
from agent.replay.notes import (
    AlsoSettled,
    Arguments,
    DayDone,
    Note,
    SettledUpTo,
    ShippedAfterAll,
    StreamsFound,
    Unshipped,
    Whereabouts,
)
from tests.support.objects import BUCKET

SINCE = datetime(2026, 10, 5, tzinfo=UTC)
FOLDER = "AWSLogs/1/CloudTrail/us-west-2/"
ARGUMENTS = Arguments(
    buckets=(BUCKET,),
    prefixes=(),
    accounts=(),
    regions=(),
    since=SINCE,
    since_given="30d",
    until=SINCE + timedelta(days=3),
    select={"profiles": ["codecatalyst"]},
    record={"mask": []},
    destination="http://localhost:4318/v1/logs",
)
DAY = date(2026, 10, 5)
WHERE = (BUCKET, FOLDER)
FOUND = StreamsFound((WHERE,))
LOST = Unshipped(BUCKET, "a", "object_corrupt", "it is damaged")


def settled(key: str, day: date = DAY) -> SettledUpTo:
    """A stream came up to `key`."""
    return SettledUpTo(BUCKET, FOLDER, day, key)


def place_after(path: Path, *notes: Note) -> Whereabouts:
    """What a second run finds, after the first one noted this."""
    first = Checkpoint.open(path, ARGUMENTS)
    for note in notes:
        first.note([note])
    first.close()
    second = Checkpoint.open(path, ARGUMENTS)
    second.close()
    return second.place


def test_a_second_run_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    """Days, places within the day that is not done, and what could not be shipped."""
    place = place_after(tmp_path / "c", settled("a"), settled("b"), LOST)
    assert place.settled == {(BUCKET, FOLDER, DAY): settled("b")}
    assert place.unshipped == {(BUCKET, "a"): LOST}
    assert place.first_days == {}


def test_a_day_that_is_done_needs_no_places(tmp_path: Path) -> None:
    """And what was shipped after all is not told again."""
    place = place_after(tmp_path / "c", FOUND, settled("a"), LOST, DayDone(DAY), ShippedAfterAll(BUCKET, "a"))
    assert place == Whereabouts((WHERE,), {WHERE: date(2026, 10, 6)})


def test_days_have_places_of_their_own(tmp_path: Path) -> None:
    """Two may be open at midnight; what is settled behind a place is known one by one, until its day is done."""
    late, next_day = AlsoSettled(BUCKET, FOLDER, DAY, "z"), DAY + timedelta(days=1)
    place = place_after(tmp_path / "c", FOUND, settled("a"), late, settled("b", next_day))
    assert place.settled.keys() == {(BUCKET, FOLDER, DAY), (BUCKET, FOLDER, next_day)}
    assert place.also == {(BUCKET, "z"): late}
    place = place_after(tmp_path / "c", DayDone(DAY))
    assert place.settled.keys() == {(BUCKET, FOLDER, next_day)}
    assert place.also == {}


def test_a_day_that_is_done_says_nothing_of_streams_that_were_not_found(tmp_path: Path) -> None:
    """Nor of those that an earlier run found and this one does not: each has a place of its own, and keeps it."""
    path, other, day = tmp_path / "c", (BUCKET, "other/"), timedelta(days=1)
    place_after(path, FOUND, DayDone(DAY))
    elsewhere = AlsoSettled(*WHERE, DAY + day, "z")
    place = place_after(path, elsewhere, StreamsFound((other,)), DayDone(DAY + day))
    assert place.first_days == {WHERE: DAY + day, other: DAY + 2 * day}
    assert place.also == {(BUCKET, "z"): elsewhere}
    assert place_after(path) == place, "also after the file was written anew"
    place = place_after(path, StreamsFound((WHERE, other)), DayDone(DAY + day), DayDone(DAY))
    assert place.first_days == {WHERE: DAY + 2 * day, other: DAY + 2 * day}
    assert place.also == {}


def test_the_file_stays_short(tmp_path: Path) -> None:
    """Each start writes what counts, and no more: a year of notes is five lines."""
    path = tmp_path / "c"
    place_after(path, FOUND, *(settled(f"{number:04}") for number in range(1000)), LOST, DayDone(date(2026, 10, 4)))
    assert len(path.read_bytes().splitlines()) == 5
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o077 == 0, "it is nobody else's business"


def test_the_file_stays_short_while_a_replay_runs(tmp_path: Path) -> None:
    """However long that is; at any moment it says what was noted last, and nobody else gets it."""
    path = tmp_path / "c"
    checkpoint = Checkpoint.open(path, ARGUMENTS, room_bytes=10_000)
    checkpoint.note([LOST, AlsoSettled(BUCKET, FOLDER, DAY, "z")])
    lengths = []
    for number in range(1000):
        checkpoint.note([settled(f"{number:04}")])
        lengths.append(path.stat().st_size)
        assert msgspec.json.encode(settled(f"{number:04}")) in path.read_bytes().splitlines()
    assert max(lengths) < 20_000
    assert sorted(lengths) != lengths, "it has become shorter"
    with pytest.raises(CheckpointError, match="another replay is using"):
        Checkpoint.open(path, ARGUMENTS)
    checkpoint.close()
    place = place_after(path)
    assert (place.settled[BUCKET, FOLDER, DAY].key, list(place.also), list(place.unshipped)) == (
        "0999",
        [(BUCKET, "z")],
        [(BUCKET, "a")],
    )


def test_where_there_is_no_room_for_a_short_file_the_long_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was noted is lost."""
    path = tmp_path / "c"
    checkpoint = Checkpoint.open(path, ARGUMENTS, room_bytes=0)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EACCES, "Permission denied", str(self), None, str(target))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        for number in range(100):
            checkpoint.note([settled(f"{number:04}")])
    checkpoint.close()
    assert len(path.read_bytes().splitlines()) == 101
    assert place_after(path).settled[BUCKET, FOLDER, DAY].key == "0099"


def test_a_long_file_is_read_without_holding_it(tmp_path: Path) -> None:
    """A year of notes of a version that did not shorten it."""
    path = tmp_path / "c"
    Checkpoint.open(path, ARGUMENTS).close()
    with path.open("ab") as file:
        file.writelines(msgspec.json.encode(settled(f"{number:08}")) + b"\n" for number in range(100_000))
    tracemalloc.start()
    place = place_after(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert place.settled[BUCKET, FOLDER, DAY].key == "00099999"
    assert most < 1_000_000


@pytest.mark.parametrize("torn", [b'{"is":"settled","bucket":"b', b"{", b"\0\0\0", b""])
def test_a_torn_line_is_ignored(tmp_path: Path, torn: bytes) -> None:
    """A crash may leave a part of the last line: it did not count yet."""
    path = tmp_path / "c"
    place_after(path, settled("a"))
    with path.open("ab") as file:
        file.write(torn)
    assert place_after(path, settled("b")).settled[BUCKET, FOLDER, DAY].key == "b"


def test_a_damaged_line_is_not_passed_over(tmp_path: Path) -> None:
    """Nobody knows what it said: the file is left as it is."""
    path = tmp_path / "c"
    place_after(path, settled("a"))
    text = path.read_bytes().replace(b'"settled"', b'"settled', 1) + b'{"is":"day","day":"2026-10-05"}\n'
    path.write_bytes(text)
    with pytest.raises(CheckpointError, match=r"line 2 .* is damaged"):
        Checkpoint.open(path, ARGUMENTS)
    assert path.read_bytes() == text


@pytest.mark.parametrize("text", [b"hello", b"hello\n", b'{"is":"day","day":"2026-10-05"}\n', b"[]\n", b"\xff\n"])
def test_another_file_is_left_as_it_is(tmp_path: Path, text: bytes) -> None:
    """A slip of the finger must cost nobody a file."""
    path = tmp_path / "c"
    path.write_bytes(text)
    with pytest.raises(CheckpointError, match="is no checkpoint of a replay"):
        Checkpoint.open(path, ARGUMENTS)
    assert path.read_bytes() == text


def test_a_file_of_another_version_is_left_as_it_is(tmp_path: Path) -> None:
    """What it says may mean something else."""
    path = tmp_path / "c"
    Checkpoint.open(path, msgspec.structs.replace(ARGUMENTS, version=1)).close()
    with pytest.raises(CheckpointError, match="another version"):
        Checkpoint.open(path, ARGUMENTS)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"buckets": ("other",)}, f"buckets: {BUCKET} in the checkpoint, other now"),
        ({"regions": ("eu-west-1",)}, "regions: not set in the checkpoint, eu-west-1 now"),
        ({"since": SINCE - timedelta(days=1), "since_given": "31d"}, "--since: 2026-10-05 00:00 in the checkpoint"),
        ({"until": SINCE + timedelta(days=2), "until_given": "2026-10-07"}, "2026-10-07 00:00 now, which is earlier"),
        (
            {"buckets": ("event-history:us-west-2",), "accounts": ("111122223333",)},
            "--from: buckets in the checkpoint, event-history now\nrun it",
        ),
        ({"destination": "files in /tmp"}, "destination: http://localhost:4318/v1/logs in the checkpoint"),
        ({"select": {"profiles": ["identity"]}}, "select.profiles: codecatalyst in the checkpoint, identity now"),
        ({"record": {"mask": ["a.b"]}}, "record.mask: not set in the checkpoint, a.b now"),
    ],
)
def test_the_checkpoint_of_another_replay_is_refused(tmp_path: Path, change: dict[str, Any], line: str) -> None:
    """And what differs is told: its place would leave out what this one wants."""
    path = tmp_path / "c"
    place_after(path, settled("a"))
    with pytest.raises(CheckpointError) as caught:
        Checkpoint.open(path, msgspec.structs.replace(ARGUMENTS, **change))
    assert line in str(caught.value)
    assert place_after(path).settled, "the file is as it was"


@pytest.mark.parametrize("given", ["", "1d"])
def test_a_checkpoint_of_a_clock_that_was_ahead_is_told_as_that(tmp_path: Path, given: str) -> None:
    """It is no other replay: the same line was run, and nobody named an end that is earlier."""
    path = tmp_path / "c"
    ahead = msgspec.structs.replace(ARGUMENTS, until_given=given)
    first = Checkpoint.open(path, ahead)
    first.note([settled("a")])
    first.close()
    right = msgspec.structs.replace(ahead, until=ARGUMENTS.until - timedelta(minutes=5))
    with pytest.raises(CheckpointError, match="the clock was ahead") as caught:
        Checkpoint.open(path, right)
    assert "run it again after 2026-10-08 00:00 UTC, or name another file" in str(caught.value)
    assert "another replay" not in str(caught.value)
    later = msgspec.structs.replace(ahead, until=ARGUMENTS.until + timedelta(minutes=1))
    Checkpoint.open(path, later).close()


def test_a_mistake_can_be_put_right_while_nothing_is_noted(tmp_path: Path) -> None:
    """A wrong prefix finds no trail; with the right one, the file that this left is no other replay's."""
    path = tmp_path / "c"
    Checkpoint.open(path, ARGUMENTS).close()
    right = msgspec.structs.replace(ARGUMENTS, prefixes=("right/",))
    second = Checkpoint.open(path, right)
    second.note([settled("a")])
    second.close()
    with pytest.raises(CheckpointError, match="another replay"):
        Checkpoint.open(path, ARGUMENTS)


def test_the_same_line_may_be_run_again_later(tmp_path: Path) -> None:
    """`--since 30d` meant a moment when it was first run, and still does; the end may be later."""
    path = tmp_path / "c"
    place_after(path, settled("a"))
    day = timedelta(days=1)
    again = msgspec.structs.replace(ARGUMENTS, since=SINCE + day, until=ARGUMENTS.until + day)
    later = Checkpoint.open(path, again)
    assert later.arguments.since == SINCE
    assert later.arguments.until == ARGUMENTS.until + day
    later.close()


def test_one_replay_at_a_time_has_the_file(tmp_path: Path) -> None:
    """Also after the first has put a newer one in its place."""
    path = tmp_path / "c"
    for _ in range(2):
        first = Checkpoint.open(path, ARGUMENTS)
        with pytest.raises(CheckpointError, match="another replay is using"):
            Checkpoint.open(path, ARGUMENTS)
        first.close()


def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(CheckpointError, match="No such file or directory"):
        Checkpoint.open(tmp_path / "none" / "c", ARGUMENTS)


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written whole is taken away; the next note can be read."""
    path, write = tmp_path / "c", os.write
    checkpoint = Checkpoint.open(path, ARGUMENTS)

    def full(file: int, text: bytes) -> int:
        write(file, bytes(text)[:7])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            checkpoint.note([settled("a")])
    checkpoint.note([settled("b")])
    checkpoint.close()
    assert place_after(path).settled[BUCKET, FOLDER, DAY].key == "b"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_is_full_or_read_only_is_no_fault_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The replay can begin once that is mended: so says its exit code, as in the midst."""
    path, write = tmp_path / "c", os.write

    def refused(file: int, text: bytes) -> int:
        if not os.path.samestat(os.fstat(file), (tmp_path / "c.new").stat()):
            return write(file, text)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", refused)
    with pytest.raises(
        DependencyError, match=f"{path} cannot be used as a checkpoint: {path}.new: {os.strerror(number)}"
    ):
        Checkpoint.open(path, ARGUMENTS)


def test_what_stands_in_the_way_of_the_new_file_is_named(tmp_path: Path) -> None:
    """It is not the checkpoint itself."""
    (tmp_path / "c.new").mkdir()
    with pytest.raises(CheckpointError, match=f"{tmp_path / 'c.new'}: Is a directory"):
        Checkpoint.open(tmp_path / "c", ARGUMENTS)


def test_a_look_needs_a_file_only_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk may be read-only."""
    path, opened = tmp_path / "c", os.open
    place_after(path, settled("a"))

    def read_only(at: Path, flags: int, *rest: int) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(errno.EROFS, "Read-only file system", str(at))
        return opened(at, flags, *rest)

    monkeypatch.setattr(os, "open", read_only)
    look = Checkpoint.open(path, ARGUMENTS, read_only=True)
    assert look.place.settled[BUCKET, FOLDER, DAY].key == "a"
    look.close()


def test_a_look_changes_nothing(tmp_path: Path) -> None:
    """A dry run makes no file, and leaves one as it is; but it goes on from there, and refuses another replay's."""
    path = tmp_path / "c"
    Checkpoint.open(path, ARGUMENTS, read_only=True).close()
    assert not path.exists()
    place_after(path, settled("a"))
    before = path.read_bytes()
    look = Checkpoint.open(path, msgspec.structs.replace(ARGUMENTS, until=SINCE + timedelta(days=9)), read_only=True)
    look.close()
    assert look.place.settled[BUCKET, FOLDER, DAY].key == "a"
    assert path.read_bytes() == before
    with pytest.raises(CheckpointError, match="another replay"):
        Checkpoint.open(path, msgspec.structs.replace(ARGUMENTS, regions=("eu-west-1",)), read_only=True)
