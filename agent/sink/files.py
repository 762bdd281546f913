"""Records as lines of JSON in files: for who takes the history along, and for who has no store.

A folder for each bucket, and in it the folders of the trail: the records of the objects in `…/2026/10/05/` are in
`…/2026/10/05.jsonl`. A record is on the disk before it counts as delivered. What is written again after a crash is
recognised, line by line, and a line that was torn is taken away.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from agent.disk.durable import sync_folder, write_whole
from agent.errors import DependencyError
from agent.model import ACCEPTED, UNANSWERED, LogRecord, Verdict
from agent.sink.otlp.encode import Encoder
from agent.sink.otlp.flat import flat_line

_MOST_OPEN: Final = 128
_MOST_REMEMBERED: Final = 500_000  # lines of all open files together
_CHUNK: Final = 1 << 20
_NOT_A_NAME: Final = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class _OpenFile:
    """A file that ends with a whole line, and what its lines are."""

    descriptor: int
    lines: set[bytes]


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
        file = self._opened(path)
        new: dict[bytes, bytes] = {}
        for record in records:
            line = flat_line(record, self._encoder).encode() + b"\n"
            if (digest := _digest(line)) not in file.lines:
                new[digest] = line
        if not new:
            return
        size = os.fstat(file.descriptor).st_size
        try:
            write_whole(file.descriptor, b"".join(new.values()))
            os.fsync(file.descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(file.descriptor, size)
            self._forget(path)  # what is in it is not certain any more
            raise
        file.lines.update(new)

    def _opened(self, path: Path) -> _OpenFile:
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        while self._open and (len(self._open) >= _MOST_OPEN or self._remembered() > _MOST_REMEMBERED):
            self._forget(next(iter(self._open)))
        self._open[path] = _open_file(path, self._folder)
        return self._open[path]

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
        return _OpenFile(descriptor, _mend(descriptor))
    except BaseException:
        os.close(descriptor)
        raise


def _mend(descriptor: int) -> set[bytes]:
    """Take away a torn last line; returns what the others are."""
    lines: set[bytes] = set()
    whole, rest, place = 0, b"", 0
    while chunk := os.pread(descriptor, _CHUNK, place):
        place += len(chunk)
        *ended, rest = (rest + chunk).split(b"\n")
        lines.update(_digest(line + b"\n") for line in ended)
        whole += sum(len(line) + 1 for line in ended)
    if whole < place:
        os.ftruncate(descriptor, whole)
        os.fsync(descriptor)
    return lines


def _digest(line: bytes) -> bytes:
    return blake2b(line, digest_size=12).digest()
