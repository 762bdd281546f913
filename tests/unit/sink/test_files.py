"""Records as lines in files."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from agent.errors import DependencyError
from agent.model import ACCEPTED, UNANSWERED, LogRecord
from agent.sink import files as module
from agent.sink.files import FileSink
from tests.support.objects import BUCKET, trail_key
from tests.support.records import log_record

RESOURCE = {"service.name": "aws-codecatalyst"}
DAY = Path(BUCKET, "AWSLogs/111122223333/CloudTrail/us-west-2/2026/11/20.jsonl")


class Rig:
    """A folder, and what writes into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failures: list[BaseException] = []
        self.sink = FileSink(folder, RESOURCE, "1.2.3", self.failures.append)

    def lines(self, path: Path = DAY) -> list[dict[str, object]]:
        """What is in a file."""
        return [json.loads(line) for line in (self.folder / path).read_text().splitlines()]

    def again(self) -> Rig:
        """The next process."""
        self.sink.close()
        return Rig(self.folder)


def of(body: str, key: str = "") -> LogRecord:
    """A record of an object."""
    return log_record(body, key=key or trail_key())


def test_records_are_flat_lines_in_a_file_for_each_day_of_a_stream(tmp_path: Path) -> None:
    """The folders are those of the bucket."""
    rig = Rig(tmp_path / "new" / "out")
    other = trail_key(region="eu-west-1")
    assert rig.sink.export([of("1"), of("2"), of("3", other)]) == [ACCEPTED] * 3
    assert [line["body"] for line in rig.lines()] == ["1", "2"]
    assert rig.lines()[0]["service.name"] == "aws-codecatalyst"
    assert [line["body"] for line in rig.lines(Path(str(DAY).replace("us-west-2", "eu-west-1")))] == ["3"]
    assert rig.sink.probe()
    assert rig.sink.await_up()


def test_what_is_written_again_is_there_once(tmp_path: Path) -> None:
    """In the same process, and in the next one."""
    rig = Rig(tmp_path)
    rig.sink.export([of("1"), of("1")])
    rig.sink.export([of("1"), of("2")])
    rig = rig.again()
    assert rig.sink.export([of("2"), of("3")]) == [ACCEPTED] * 2
    assert [line["body"] for line in rig.lines()] == ["1", "2", "3"]


def test_a_torn_line_is_taken_away(tmp_path: Path) -> None:
    """Its record was not acknowledged, and comes again."""
    rig = Rig(tmp_path)
    rig.sink.export([of("1"), of("2")])
    whole = (tmp_path / DAY).read_bytes()
    (tmp_path / DAY).write_bytes(whole[:-9])
    rig = rig.again()
    rig.sink.export([of("2")])
    assert (tmp_path / DAY).read_bytes() == whole


def test_lines_longer_than_a_chunk_are_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of what is read at once."""
    monkeypatch.setattr(module, "_CHUNK", 7)
    rig = Rig(tmp_path)
    rig.sink.export([of("é" * 50), of("2")])
    rig = rig.again()
    rig.sink.export([of("é" * 50), of("2")])
    assert len(rig.lines()) == 2


def test_a_full_disk_acknowledges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves whole lines; once there is room, all of it is written."""
    rig, write = Rig(tmp_path), os.write
    rig.sink.export([of("1")])

    def full(file: int, text: bytes) -> int:
        write(file, bytes(text)[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert rig.sink.export([of("2"), of("3")]) == [UNANSWERED] * 2
    assert str(rig.failures[0]) == f"[Errno 28] No space left on device: '{tmp_path / DAY}'"
    assert [line["body"] for line in rig.lines()] == ["1"]
    assert rig.sink.export([of("2")]) == [ACCEPTED]
    assert [line["body"] for line in rig.lines()] == ["1", "2"]


def packed(path: Path) -> set[str]:
    """As `gzip` does: what it has read is in a new file, and then the old one is deleted."""
    bodies = {json.loads(line)["body"] for line in path.read_text().splitlines()}
    path.unlink()
    return bodies


def test_a_file_that_is_packed_under_a_running_export_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the next records, and while they are on their way to the disk; a file is there again for what follows."""
    rig, sync = Rig(tmp_path), os.fsync
    rig.sink.export([of("1")])
    assert packed(tmp_path / DAY) == {"1"}
    assert rig.sink.export([of("2")]) == [ACCEPTED]
    assert "2" in [line["body"] for line in rig.lines()]

    def once(file: int) -> None:
        sync(file)
        if (tmp_path / DAY).exists():
            monkeypatch.setattr(os, "fsync", sync)
            packed(tmp_path / DAY)

    monkeypatch.setattr(os, "fsync", once)
    assert rig.sink.export([of("3")]) == [ACCEPTED]
    assert rig.sink.export([of("4")]) == [ACCEPTED]
    assert [line["body"] for line in rig.lines()][-2:] == ["3", "4"]
    assert rig.failures == []


def test_a_file_that_is_moved_away_or_emptied_is_begun_anew(tmp_path: Path) -> None:
    """What was moved is where it was moved to, and nowhere else."""
    rig = Rig(tmp_path)
    rig.sink.export([of("1")])
    (tmp_path / DAY).rename(tmp_path / "kept")
    assert rig.sink.export([of("2")]) == [ACCEPTED]
    assert [line["body"] for line in rig.lines(Path("kept"))] == ["1"]
    assert [line["body"] for line in rig.lines()] == ["2"]
    os.truncate(tmp_path / DAY, 0)
    assert rig.sink.export([of("2"), of("3")]) == [ACCEPTED] * 2
    assert [line["body"] for line in rig.lines()] == ["2", "3"]


def test_a_folder_that_is_moved_away_is_made_anew(tmp_path: Path) -> None:
    """With all that is below it."""
    rig = Rig(tmp_path / "out")
    rig.sink.export([of("1")])
    (tmp_path / "out").rename(tmp_path / "old")
    assert rig.sink.export([of("2")]) == [ACCEPTED]
    assert [line["body"] for line in rig.lines()] == ["2"]


def test_a_file_that_is_deleted_as_often_as_it_is_written_ends_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing counts that is nowhere."""
    rig, sync = Rig(tmp_path), os.fsync

    def delete(file: int) -> None:
        sync(file)
        (tmp_path / DAY).unlink(missing_ok=True)

    monkeypatch.setattr(os, "fsync", delete)
    assert rig.sink.export([of("1")]) == [UNANSWERED]
    assert str(rig.failures[0]) == f"[Errno {errno.ESTALE}] it is deleted as often as it is written: '{tmp_path / DAY}'"


def test_few_files_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many days there are; what was in one is known when it is opened again."""
    monkeypatch.setattr(module, "_MOST_OPEN", 2)
    rig = Rig(tmp_path)
    keys = [trail_key().replace("/11/20/", f"/11/{day}/") for day in (20, 21, 22, 20)]
    before = len(list(Path("/proc/self/fd").iterdir()))
    for key in keys:
        rig.sink.export([of("1", key)])
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2
    assert len(rig.lines()) == 1


@pytest.mark.parametrize("key", ["/AWSLogs/2026/11/20/a.json.gz", "./AWSLogs//2026/11/20/a.json.gz"])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    """Whoever writes into the bucket chooses keys."""
    rig = Rig(tmp_path)
    rig.sink.export([of("1", key)])
    assert len(rig.lines(Path(BUCKET, "AWSLogs/2026/11/20.jsonl"))) == 1


def test_one_process_at_a_time_writes_into_a_folder(tmp_path: Path) -> None:
    """Two would not know of each other's lines."""
    rig = Rig(tmp_path)
    with pytest.raises(DependencyError, match="another replay is writing"):
        Rig(tmp_path)
    rig.again()


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    """Before anything is read."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DependencyError, match="cannot be written to"):
        Rig(tmp_path / "file")
