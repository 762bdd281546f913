"""Where a replay is, in a file that survives its end, however it comes.

The file has one JSON object on each line. Notes are added at its end and are on the disk before they count; a last line
that was torn by a crash is ignored. At each start, and when it is several times as long as it need be, it is written
anew, as short as can be, beside the old one, and takes its place at once. One process at a time has it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import msgspec

from agent.disk.durable import append, replace_file
from agent.errors import DependencyError, TrailAgentError
from agent.replay.notes import VERSION, Arguments, Line, Note, Whereabouts, clock_change, differences
from agent.replay.span import shown

_PRIVATE: Final = 0o600
_OF_THE_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
_LONGER: Final = 4
_ROOM_BYTES: Final = 1 << 20
_DECODER: Final = msgspec.json.Decoder(Line)


class CheckpointError(TrailAgentError):
    """A checkpoint cannot be used. The text says why, and what to do."""


class NoCheckpoint:
    """Keeps nothing: whoever begins again begins at the beginning. `place` is how far an earlier run had come."""

    def __init__(self) -> None:
        self.place = Whereabouts()

    def note(self, notes: Sequence[Note]) -> None:
        """Keep nothing."""


class Checkpoint(NoCheckpoint):
    """The notes of one replay, in a file. Safe to use from many threads at once."""

    def __init__(
        self, path: Path, descriptors: Sequence[int], known: _Known, arguments: Arguments, room_bytes: int
    ) -> None:
        """`descriptors` are those of files that are locked; notes go to the last one."""
        super().__init__()
        self.path = path
        self.place = known.place
        self.arguments = arguments
        self._descriptors = descriptors
        self._lock = threading.Lock()
        self._now = known.place.copied()
        self._room_bytes = room_bytes
        self._most_bytes = self._bound()

    @classmethod
    def open(cls, path: Path, arguments: Arguments, *, read_only: bool = False, room_bytes: int = _ROOM_BYTES) -> Self:
        """Go on with the file at `path`, or make it; raises `CheckpointError` if it is in use, or of another replay.

        Raises `DependencyError` if the disk has no room for it, or is read-only.

        The arguments of the file count for what was relative to the time at which it was made. With `read_only` the
        file is left as it is, also if there is none, and nothing can be noted. It is written anew once it has grown by
        `room_bytes`, and then some.
        """
        try:
            if read_only and not path.exists():
                return cls(path, (), _Known(None, Whereabouts()), arguments, room_bytes)
            old = _lock(path, os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT)
            try:
                known = _read(path, old)
                arguments = _compared(path, known, arguments)
                lines: list[Line] = [arguments, *known.place.notes()]
                files = (old,) if read_only else (old, _put(path, lines))
                return cls(path, files, known, arguments, room_bytes)
            except BaseException:
                os.close(old)
                raise
        except OSError as error:
            raise _unusable(path, error) from error

    def note(self, notes: Sequence[Note]) -> None:
        """Keep `notes`: they are on the disk when this returns. Raises `OSError` if they cannot be written."""
        if not notes:
            return
        text = b"".join(map(_line, notes))
        with self._lock:
            file = self._descriptors[-1]
            size = os.fstat(file).st_size
            try:
                append(file, text)  # what is half written would make the next line unreadable
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(self.path)) from error
            for each in notes:
                self._now.take(each)
            if size + len(text) > self._most_bytes:
                self._shorten()

    def _shorten(self) -> None:
        """Put a short file in the place of the long one. Where there is no room for it, the long one stays for now."""
        try:
            new = _put(self.path, [self.arguments, *self._now.notes()])
        except OSError:
            if os.fstat(self._descriptors[-1]).st_ino != self.path.stat().st_ino:
                raise  # the new one is in its place, and was not said to be on the disk
            self._most_bytes *= 2
            return
        old, self._descriptors = self._descriptors, (new,)
        self._most_bytes = self._bound()
        for each in old:
            os.close(each)

    def _bound(self) -> int:
        """How long the file, which is short now, may become."""
        return self._room_bytes + _LONGER * os.fstat(self._descriptors[-1]).st_size if self._descriptors else 0

    def close(self) -> None:
        """Let others have the file."""
        for each in self._descriptors:
            os.close(each)


def _unusable(path: Path, error: OSError) -> TrailAgentError:
    """What is the disk's fault is not that of the command line."""
    file = "" if error.filename in (None, path, str(path)) else f"{error.filename}: "
    told = f"{path} cannot be used as a checkpoint: {file}{error.strerror}"
    return DependencyError(told) if error.errno in _OF_THE_DISK else CheckpointError(told)


def _compared(path: Path, known: _Known, arguments: Arguments) -> Arguments:
    """The arguments with which to go on; raises `CheckpointError` if those of the file are of another replay.

    A replay that has noted nothing was none: its arguments may have been a mistake that is put right now.
    """
    if known.arguments is None:
        return arguments
    if different := differences(known.arguments, arguments):
        if not known.place.has_begun():
            return arguments
        if (clock := clock_change(known.arguments, arguments)) and len(different) == 1:
            when = f"set the clock, and run it again after {shown(known.arguments.until)} UTC"
            raise CheckpointError(f"{path} is of a time that has not come: {clock}\n{when}, or name another file")
        raise CheckpointError(
            f"{path} is the checkpoint of another replay:\n"
            + "\n".join(f"  {line}" for line in different)
            + "\nrun it with the arguments and settings of the checkpoint, or name another file"
        )
    return msgspec.structs.replace(arguments, since=known.arguments.since)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a file held. `arguments` is None where it was empty."""

    arguments: Arguments | None
    place: Whereabouts


def _lock(path: Path, flags: int) -> int:
    """The file, opened with `flags`, which nobody else has; and which is still the one at `path`."""
    while True:
        file = os.open(path, flags | os.O_CLOEXEC, _PRIVATE)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise CheckpointError(f"another replay is using {path}: wait for its end, or name another file") from None
        with suppress(FileNotFoundError):
            if os.fstat(file).st_ino == path.stat().st_ino:
                return file
        os.close(file)  # whoever had it has put a newer one in its place


def _read(path: Path, file: int) -> _Known:
    """What the file says. Its lines are read one by one: it may be long, and what counts of it is short."""
    arguments: Arguments | None = None
    place = Whereabouts()
    with os.fdopen(file, "rb", closefd=False) as lines:
        for number, text in enumerate(lines, 1):
            if not text.endswith(b"\n"):  # it was torn, or is no line
                if number == 1:
                    raise _no_checkpoint(path)
                break
            line = _decoded(path, text, number)
            if isinstance(line, Arguments) != (number == 1):
                raise _no_checkpoint(path)
            if isinstance(line, Arguments):
                if line.version != VERSION:
                    raise CheckpointError(f"{path} was written by another version of trail-agent: name another file")
                arguments = line
            else:
                place.take(line)
    return _Known(arguments, place)


def _decoded(path: Path, line: bytes, number: int) -> Line:
    try:
        decoded: Line = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        if number == 1:
            raise _no_checkpoint(path) from error
        raise CheckpointError(f"line {number} of the checkpoint {path} is damaged: name another file") from error
    return decoded


def _no_checkpoint(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} is no checkpoint of a replay, and was left as it is: name another file")


def _put(path: Path, lines: Sequence[Line]) -> int:
    """Put a new file with `lines` at `path`; returns it, locked and at its end."""
    return replace_file(path, b"".join(map(_line, lines)))


def _line(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"
