"""With which settings the records in a folder of files were written: what is masked now may stand there unmasked.

A file `.trail-agent.json` in the folder has the settings of `record`, one for each form in which records are there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from agent.disk.durable import replace_file
from agent.errors import DependencyError
from agent.replay.notes import section_changes

_NAME: Final = ".trail-agent.json"


class _Forms(msgspec.Struct, frozen=True, tag_field="is", tag="forms"):
    """`is_all`: there is nothing of which nobody noted the settings."""

    records: tuple[Mapping[str, Any], ...]
    is_all: bool = True


def earlier_forms(folder: Path, record: Mapping[str, Any]) -> Sequence[str]:
    """That `folder` holds records of other settings than `record`, in a sentence; none if it does not.

    It is noted there that from now on it holds such of `record`, too. Raises `DependencyError` if it cannot be.
    """
    try:
        known = _known(folder)
        if record not in known.records:
            text = msgspec.json.encode(_Forms((*known.records, record), known.is_all))
            os.close(replace_file(folder / _NAME, text + b"\n"))
    except OSError as error:
        raise DependencyError(f"{folder} cannot be written to: {error.strerror}") from error
    if not known.is_all:
        return [_told(folder, "may be", "nobody has noted which")]
    changes = dict.fromkeys(
        change for then in known.records for change in section_changes("record", then, record, "of some of them")
    )
    return [_told(folder, "are", "; ".join(changes))] if changes else []


def missing_records(folder: Path) -> Sequence[str]:
    """That no replay has written into `folder` yet, though the checkpoint is of runs that did; none if one has."""
    if (folder / _NAME).exists() or _has_records(folder):
        return []
    told = (
        f"there are no records in {folder}, and the checkpoint goes on behind those of earlier runs; to have these "
        "there, too, name another checkpoint"
    )
    return [told]


def _has_records(folder: Path) -> bool:
    return next(folder.rglob("*.jsonl"), None) is not None


def _known(folder: Path) -> _Forms:
    """The settings of what is there."""
    if not _has_records(folder):
        return _Forms(())
    try:
        return msgspec.json.decode((folder / _NAME).read_bytes(), type=_Forms)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return _Forms((), is_all=False)


def _told(folder: Path, are: str, why: str) -> str:
    return (
        f"files in {folder} {are} of other settings ({why}): their records stay as they are, also what is "
        "masked now, and an event that is written again is there in both forms; to have one form, replay all into an "
        "empty folder, and remove this one"
    )
