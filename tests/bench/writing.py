"""Where the figures go: looked at before anything is measured, and written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def why_not(path: Path) -> str | None:
    """Why `path` cannot be written, or None if it can. Makes its folder; a file that is there stays as it is."""
    try:
        if path.is_dir():
            return "it is a folder"
        if _is_special(path):
            return None if os.access(path, os.W_OK) else "it cannot be opened"
        path = path.resolve()
        with suppress(FileExistsError):  # what is no folder is told below, in better words
            path.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(path)
        with beside.open("x"):
            beside.unlink()
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to each other
        return reason(error)
    return None


def write(path: Path, text: str) -> None:
    """Write `path` beside its place first: whoever reads it finds the earlier file or all of this one.

    Raises OSError.
    """
    if _is_special(path):
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = _beside(path)
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def reason(error: Exception) -> str:
    """What is wrong, in a few words."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _is_special(path: Path) -> bool:
    """A device or a pipe: it has no place beside it."""
    return path.exists() and not path.is_file()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")
