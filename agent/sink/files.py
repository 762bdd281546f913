"""Records as lines of JSON in files: for who takes the history along, and for who has no store.

A folder for each bucket, and in it the folders of the trail: the records of the objects in `…/2026/10/05/` are in
`…/2026/10/05.jsonl`. A record is on the disk before it counts as delivered. What is written again after a crash is
recognised, line by line, and a line that was torn is taken away. A file may be moved away, deleted or packed meanwhile:
a new one takes its place. What was written to one that is deleted while it is open is written again: nobody knows how
much of it a copy has.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from agent.disk.durable import append, sync_folder
from agent.errors import DependencyError
from agent.model import ACCEPTED, UNANSWERED, LogRecord, Verdict
from agent.sink.otlp.encode import Encoder
from agent.sink.otlp.flat import flat_line

_MOST_OPEN: Final = 128
_MOST_REMEMBERED: Final = 500_000  # lines of all open files together
_MOST_DELETIONS: Final = 3  # of one file, while the same lines are written
_CHUNK: Final = 1 << 20
_NOT_A_NAME: Final = frozenset({"", ".", ".."})


@dataclass(slots=True)
class _OpenFile:
    """A file that ends with a whole line, and what its lines are, up to its `size` in bytes."""

    descriptor: int
    lines: set[bytes]
    size: int

    def is_at(self, path: Path) -> bool:
        """Whether it is still what stands at `path`, as it was left."""
        try:
            there = path.stat()
        except FileNotFoundError:
            return False
        return (there.st_size, os.path.samestat(there, os.fstat(self.descriptor))) == (self.size, True)

    def is_deleted(self) -> bool:
        """Whether it is nowhere."""
        return os.fstat(self.descriptor).st_nlink == 0

    def add(self, lines: Iterable[bytes]) -> None:
        """Write those that it does not have; they are on the disk when this returns. After an error it has none."""
        new = {digest: line for line in lines if (digest := _digest(line)) not in self.lines}
        if not new:
            return
        append(self.descriptor, b"".join(new.values()))
        self.lines.update(new)
        self.size = os.fstat(self.descriptor).st_size


class FileSink:
    """Writes into `folder`, which no other process may use meanwhile; safe to share among threads.

    `failed` is told when something cannot be written. Then no record counts as delivered that is not on the disk.
    Raises `DependencyError` if the folder cannot be used.
    """

    def __init__(
        self, folder: Path, resource: Mapping[str, str], version: str, failed: Callable[[BaseException], None]
    ) -> None:
        self._folder = folder
        self._encoder = Encoder(resource, version)
        self._failed = failed
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, _OpenFile] = OrderedDict()
        self._guard = _guard(folder)

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """Write `records`; returns when they are on the disk. One verdict for each: accepted, or no answer."""
        by_file: dict[Path, list[int]] = {}
        for number, record in enumerate(records):
            by_file.setdefault(self._path(record), []).append(number)
        verdicts = [UNANSWERED for _ in records]
        with self._lock:
            for path, numbers in by_file.items():
                try:
                    self._append(path, [records[number] for number in numbers])
                except OSError as error:
                    self._failed(OSError(error.errno, error.strerror, str(path)))
                    break
                for number in numbers:
                    verdicts[number] = ACCEPTED
        return verdicts

    def probe(self) -> bool:
        """Whether the folder is there: it was when this was made."""
        return True

    def await_up(self) -> bool:
        """Always true, at once."""
        return True

    def unheard_seconds(self) -> float:
        """It is always heard of."""
        return 0.0

    def close(self) -> None:
        """Give up all files."""
        with self._lock:
            for file in self._open.values():
                os.close(file.descriptor)
            self._open.clear()
            os.close(self._guard)

    def _path(self, record: LogRecord) -> Path:
        """A key may hold what a path must not."""
        *folders, _name = record.source.key.split("/")
        parts = [part for part in (record.source.bucket, *folders) if part not in _NOT_A_NAME]
        return self._folder.joinpath(*parts[:-1], f"{parts[-1]}.jsonl")

    def _append(self, path: Path, records: Sequence[LogRecord]) -> None:
        lines = [flat_line(record, self._encoder).encode() + b"\n" for record in records]
        for _ in range(_MOST_DELETIONS):
            file = self._opened(path)
            try:
                file.add(lines)
            except OSError:
                self._forget(path)  # what is in it is not certain any more
                raise
            if not file.is_deleted():
                return
        raise OSError(errno.ESTALE, "it is deleted as often as it is written")

    def _opened(self, path: Path) -> _OpenFile:
        known = self._open.get(path)
        if known and known.is_at(path):
            self._open.move_to_end(path)
            return known
        if known:
            self._replace(path, known)
            return self._open[path]
        while self._open and (len(self._open) >= _MOST_OPEN or self._remembered() > _MOST_REMEMBERED):
            self._forget(next(iter(self._open)))
        self._open[path] = _open_file(path, self._folder)
        return self._open[path]

    def _replace(self, path: Path, old: _OpenFile) -> None:
        """Somebody took the file away, or wrote to it. What was in one that is deleted is written to the new one."""
        new = _open_file(path, self._folder)
        try:
            if old.is_deleted():
                for some in _chunks_of_lines(old.descriptor):
                    new.add(some)
        except BaseException:
            os.close(new.descriptor)
            raise
        self._open[path] = new
        os.close(old.descriptor)

    def _remembered(self) -> int:
        return sum(len(file.lines) for file in self._open.values())

    def _forget(self, path: Path) -> None:
        os.close(self._open.pop(path).descriptor)


def _guard(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise DependencyError(f"{folder} cannot be written to: {error.strerror}") from error
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(opened)
        raise DependencyError(f"another replay is writing to {folder}: wait for its end, or name another") from error
    return opened


def _open_file(path: Path, root: Path) -> _OpenFile:
    is_new = not path.exists()
    if is_new:
        path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        if is_new:
            for folder in (path.parent, *path.parent.parents):
                sync_folder(folder)
                if folder == root:
                    break
        return _OpenFile(descriptor, _mend(descriptor), os.fstat(descriptor).st_size)
    except BaseException:
        os.close(descriptor)
        raise


def _mend(descriptor: int) -> set[bytes]:
    """Take away a torn last line; returns what the others are."""
    lines: set[bytes] = set()
    whole = 0
    for some in _chunks_of_lines(descriptor):
        lines.update(map(_digest, some))
        whole += sum(map(len, some))
    if whole < os.fstat(descriptor).st_size:
        os.ftruncate(descriptor, whole)
        os.fsync(descriptor)
    return lines


def _chunks_of_lines(descriptor: int) -> Iterator[list[bytes]]:
    """The whole lines of a file, each with its end, a part of the file at a time."""
    rest, place = b"", 0
    while chunk := os.pread(descriptor, _CHUNK, place):
        place += len(chunk)
        *ended, rest = (rest + chunk).split(b"\n")
        yield [line + b"\n" for line in ended]


def _digest(line: bytes) -> bytes:
    return blake2b(line, digest_size=12).digest()
