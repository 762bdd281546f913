"""What is written here is on the disk when the call returns: a crash of the machine takes nothing of it away."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_PRIVATE: Final = 0o600


def replace_file(path: Path, text: bytes) -> int:
    """Have `text` in the file at `path`; returns that file, open at its end, and locked for this process.

    Nobody ever finds half of it: it is written beside the old one, as `FILE.new`, and takes its place at once. Raises
    `OSError` with the name of that; then the old file is as it was, except if only its folder could not be synced.
    """
    new = path.with_name(f"{path.name}.new")
    file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, _PRIVATE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write_synced(file, text, new)
        new.replace(path)
        sync_folder(path.parent)
    except BaseException:
        os.close(file)
        raise
    return file


def _write_synced(file: int, text: bytes, new: Path) -> None:
    """A part of it would only take room on a disk that may be full."""
    try:
        write_whole(file, text)
        os.fsync(file)
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        raise OSError(error.errno, error.strerror, str(new)) from error


def append(file: int, text: bytes) -> None:
    """Have all of `text` at the end of `file`, which is open for writing. After an `OSError` it has nothing of it."""
    size = os.fstat(file).st_size
    try:
        write_whole(file, text)
        os.fsync(file)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, size)
        raise


def sync_folder(folder: Path) -> None:
    """Have the names of the files in `folder` on the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_whole(descriptor: int, text: bytes) -> None:
    """All of `text`: a system call may write less. It is not on the disk yet."""
    left = memoryview(text)
    while left:
        left = left[os.write(descriptor, left) :]
