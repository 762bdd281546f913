"""A file on the disk, a pipe or standard input, as `inspect` reads it; and which files there are below a folder."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from agent.errors import PermanentError
from agent.trail.key import TrailKey, parse

STANDARD_INPUT: Final = "-"
_UNMARKED: Final = frozenset({b"\0{", b"\0["})  # JSON in UTF-16, most significant byte first
_NOT_THERE: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
)  # a link that leads nowhere, or what is gone meanwhile
_CHUNK_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class LocalFile:
    """An open file. `first` are its first bytes, which `chunks` has too; `last_modified_ns` is 0 for a pipe.

    `mark` stands before them in `chunks` though it is not in the file: a byte order mark.
    """

    name: str
    first: bytes
    chunks: Iterator[bytes]
    last_modified_ns: int
    mark: bytes = b""

    @property
    def account(self) -> str:
        """The account id that begins a log file's name, where it has one."""
        try:
            named = parse(Path(self.name).name)
        except PermanentError:
            return ""
        return named.account if isinstance(named, TrailKey) else ""

    @property
    def is_gzip(self) -> bool:
        """Whether the first bytes are those of gzip (RFC 1952)."""
        return self.first.startswith(b"\x1f\x8b")

    @property
    def promises_gzip(self) -> bool:
        """Whether the name says that the bytes are gzip; a browser saves them without it under the same name."""
        return self.name.lower().endswith(".gz")


def open_file(name: str) -> LocalFile:
    """Open the file, or standard input for `-`; raises `OSError`."""
    if name == STANDARD_INPUT:
        chunks, modified = iter(lambda: sys.stdin.buffer.read(_CHUNK_BYTES), b""), 0
    else:
        status = Path(name).stat()
        chunks, modified = _chunks(Path(name)), int(status.st_mtime) if stat.S_ISREG(status.st_mode) else 0
    first = next(chunks, b"")  # so that what cannot be read raises here
    mark = codecs.BOM_UTF16_BE if first[:2] in _UNMARKED else b""  # what begins with a zero byte is taken for no JSON
    return LocalFile(name, first, chain([mark + first], chunks), modified * 1_000_000_000, mark)


@dataclass(frozen=True, slots=True)
class Folder:
    """The `files` in a folder and in those below it, in no order. `problems` has a sentence for each folder that may
    not be listed, or whose files may not be looked at."""

    files: Sequence[Path]
    problems: Sequence[str]


def look_into(folder: str) -> Folder:
    """What there is below a folder. Links to other folders are not followed."""
    files: list[Path] = []
    problems: dict[str, None] = {}

    def refuse(error: OSError, what: str = "") -> None:
        if error.errno not in _NOT_THERE:
            problems[f"{what or f'{error.filename}: the folder'} cannot be read: {error.strerror}"] = None

    for place, _, names in os.walk(folder, onerror=refuse):
        for name in names:
            path = Path(place, name)
            try:
                if stat.S_ISREG(path.stat().st_mode):
                    files.append(path)
            except OSError as error:
                refuse(error, f"{place}: the files in this folder")
    return Folder(files, tuple(problems))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk
