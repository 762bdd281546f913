"""Files that are replaced whole."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from agent.disk.durable import replace_file, write_whole


def test_a_file_is_replaced_whole_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    """It is nobody else's business."""
    path = tmp_path / "file"
    for text in (b"old", b"newer"):
        os.close(replace_file(path, text))
        assert path.read_bytes() == text
        assert list(tmp_path.iterdir()) == [path]
        assert path.stat().st_mode & 0o077 == 0


def test_what_an_earlier_end_left_of_a_new_file_is_written_over(tmp_path: Path) -> None:
    """However long it is."""
    (tmp_path / "file.new").write_bytes(b"torn, and longer than what follows")
    os.close(replace_file(tmp_path / "file", b"new"))
    assert (tmp_path / "file").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_it_is_returned_locked_and_at_its_end(tmp_path: Path) -> None:
    """Whoever writes notes goes on in it, and nobody else does."""
    path = tmp_path / "file"
    file = replace_file(path, b"one")
    write_whole(file, b" two")
    with path.open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(file)
    assert path.read_bytes() == b"one two"


def test_a_full_disk_leaves_the_old_file_and_takes_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which file could not be written, and no descriptor stays open."""
    path, write = tmp_path / "file", os.write
    os.close(replace_file(path, b"old"))
    before = len(list(Path("/proc/self/fd").iterdir()))

    def full(file: int, text: bytes) -> int:
        write(file, bytes(text)[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left on device") as caught:
            replace_file(path, b"newer")
    assert caught.value.filename == str(tmp_path / "file.new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_all_is_written_where_a_call_writes_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may take a part, and say so."""
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, text: write(file, bytes(text)[:3]))
        os.close(replace_file(tmp_path / "file", b"a long text"))
    assert (tmp_path / "file").read_bytes() == b"a long text"
