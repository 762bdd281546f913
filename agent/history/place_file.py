"""Where the reading of Event history is, in a file that survives the end of the process, however it comes.

The file is one JSON object. Each time it is written whole, beside the old one, and then takes its place. A second file
of its name with `.lock` at the end is locked by the process that uses it: two must not go on from one place.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from agent.disk.durable import replace_file
from agent.errors import SettingsError, TrailAgentError
from agent.history.place import RegionPlace, moment
from agent.settings import EventHistorySettings
from agent.telemetry.history_events import PassedOver

_VERSION: Final = 1
_OF_REPLAY: Final = "replay"
_PRIVATE: Final = 0o600
_OPENING_SECONDS: Final = 2.0  # for another thread that opens it: nobody may stand still for long


class PlaceFileError(TrailAgentError):
    """The file cannot be used now. The text says why, and what to do."""


class _Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A region in the file. `known` has digests in hexadecimal, each with Unix seconds."""

    position: datetime
    known_since: datetime
    known: dict[str, int]
    unshipped: tuple[PassedOver, ...] = ()


class _Form(msgspec.Struct, frozen=True, tag_field="is", tag="event-history"):
    version: int


class _Content(msgspec.Struct, frozen=True, tag_field="is", tag="event-history", forbid_unknown_fields=True):
    """The file. `owner` is empty as long as AWS has not told it: then the regions have begun, and nothing is read."""

    owner: str
    regions: dict[str, _Known]
    version: int = _VERSION


class Places:
    """The places of all regions. They are forgotten at the end of the process.

    Whoever changes one, holds `lock`.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.lacks_owner = False
        """Whether it was not known whose history it is when they were written: nobody has read anything."""
        self._places: dict[str, RegionPlace] = {}

    def note_beginning(self, regions: Sequence[str], at: int) -> None:
        """Have it survive that `regions` begin at `at` (Unix seconds), before it is known whose history it is.

        Does nothing where something was read. Raises `PlaceFileError` and `OSError` if that cannot be now.
        """

    def open(self, owner: Callable[[], str]) -> bool:  # noqa: ARG002 - what is forgotten may be of any account
        """Make them ready for use. `owner` asks for the account whose history it is.

        False: another thread is about it. Raises `PlaceFileError` if that cannot be now, and what `owner` raises.
        """
        return True

    def of(self, region: str) -> RegionPlace | None:
        """Where `region` is; None if nobody has read it."""
        with self.lock:
            return self._places.get(region)

    def begin(self, region: str, at: int) -> RegionPlace:
        """Begin to read `region` at `at` (Unix seconds)."""
        with self.lock:
            return self._places.setdefault(region, RegionPlace.begun(at))

    def keep(self) -> None:
        """Have all places survive; raises `OSError` if they cannot be written."""

    def close(self) -> None:
        """Let others have them."""


class PlaceFile(Places):
    """The places in the file at `path`, or where a link there leads to. A file that is none is never begun anew.

    With `read_only` it is read, if it is there, and never written or locked.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__()
        self._path = path.resolve()
        self._read_only = read_only
        self._writing = threading.Lock()
        self._opening = threading.Lock()
        self._beginning = threading.Lock()
        self._is_open = False
        self._guard: int | None = None
        self._owner = ""

    def look(self) -> Mapping[str, RegionPlace]:
        """What the file says, of whatever account; nothing if it is not there.

        Raises `PlaceFileError` if it cannot be used. `open` does so, too.
        """
        content = _read(self._path)
        return {region: _place(known) for region, known in content.regions.items()} if content else {}

    def note_beginning(self, regions: Sequence[str], at: int) -> None:
        """Lock the file, and write it unless it is of an account."""
        if self._read_only:
            return
        with self._beginning:
            self._secure()
            content = _read(self._path)
            if self._is_open or (content and content.owner):
                return
            self._take(content)
            for region in regions:
                self.begin(region, at)
            self.lacks_owner = True
            self.keep()

    def open(self, owner: Callable[[], str]) -> bool:
        """Lock the file, and read it."""
        if self._is_open:
            return True
        if not self._opening.acquire(timeout=_OPENING_SECONDS):
            return False
        try:
            if not self._is_open:
                self._open(owner())  # that may take hours, in which a beginning can be noted
        finally:
            self._opening.release()
        return True

    def _open(self, owner: str) -> None:
        with self._beginning:
            self._owner = owner
            self._secure()
            self._take(_read(self._path))
            self._is_open = True

    def keep(self) -> None:
        """Write the file; it is on the disk when this returns."""
        if self._read_only:
            return
        with self._writing:
            with self.lock:
                regions = {region: _told(place) for region, place in self._places.items()}
                text = msgspec.json.encode(_Content(self._owner, regions))
            os.close(replace_file(self._path, msgspec.json.format(text, indent=1) + b"\n"))

    def close(self) -> None:
        """Another process may have it from here on."""
        if self._guard is not None:
            os.close(self._guard)
            self._guard = None

    def _secure(self) -> None:
        """No other process may use it from here on."""
        if not self._read_only and self._guard is None:
            self._guard = _lock(self._path)

    def _take(self, content: _Content | None) -> None:
        if content is None:
            return
        if content.owner and content.owner != self._owner:
            raise PlaceFileError(
                f"{self._path} is of account {content.owner}, and the credentials are of {self._owner}: set the "
                "credentials right, or event_history.checkpoint_file to another file"
            )
        with self.lock:
            self.lacks_owner = not content.owner
            self._places = {region: _place(known) for region, known in content.regions.items()}


def open_places(follows: EventHistorySettings | None, *, read_only: bool, may_wait: bool = False) -> Places:
    """Where the reading of Event history is, as the settings say. Nobody else is kept out yet.

    Raises `SettingsError` for a file that cannot be used, unless that `may_wait`: then `open` tells it.
    """
    if follows is None or follows.checkpoint_file is None:
        return Places()
    if not may_wait and (trouble := trouble_with(follows)):
        raise SettingsError([trouble])
    return PlaceFile(follows.checkpoint_file, read_only=read_only)


def trouble_with(follows: EventHistorySettings | None) -> str:
    """Why the file that the settings name cannot be used, in one sentence that begins with the setting; empty: it can.

    Whose history it has, and whether another process uses it, is not asked.
    """
    if follows is None or follows.checkpoint_file is None:
        return ""
    try:
        PlaceFile(follows.checkpoint_file, read_only=True).look()
    except PlaceFileError as error:
        return f"event_history.checkpoint_file: {error}"
    return ""


def ahead_in(follows: EventHistorySettings | None, now: float) -> Sequence[str]:
    """The regions of the settings that are ahead of `now` (Unix seconds) in a file that can be used."""
    if follows is None or follows.checkpoint_file is None:
        return ()
    places = PlaceFile(follows.checkpoint_file, read_only=True).look()
    return [region for region in follows.regions if region in places and places[region].is_ahead(int(now))]


def _told(place: RegionPlace) -> _Known:
    known = {digest.hex(): time for digest, time in place.known.items()}
    return _Known(moment(place.position), moment(place.known_since), known, tuple(place.unshipped))


def _place(known: _Known) -> RegionPlace:
    return RegionPlace(
        int(known.position.timestamp()),
        int(known.known_since.timestamp()),
        {bytes.fromhex(digest): time for digest, time in known.known.items()},
        list(known.unshipped),
    )


def _read(path: Path) -> _Content | None:
    """What stands in the file; None if it is not there."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PlaceFileError(f"{path} cannot be read: {error.strerror}") from error
    if _is_of_replay(text):
        raise PlaceFileError(
            f"{path} is the checkpoint of a replay, and was left as it is: set event_history.checkpoint_file to a file "
            "of its own"
        )
    try:
        if msgspec.json.decode(text, type=_Form).version != _VERSION:
            raise PlaceFileError(f"{path} was written by another version of trail-agent: use that one, or another file")
        content = msgspec.json.decode(text, type=_Content)
        for known in content.regions.values():
            _check(known)
    except (ValueError, OverflowError, RecursionError) as error:
        raise PlaceFileError(
            f"{path} is no checkpoint of Event history, or is damaged, and was left as it is: put back a sound one, or "
            "remove it; then the agent begins overlap_seconds ago, and `trail-agent replay --from event-history` ships "
            "what was before"
        ) from error
    return content


def _is_of_replay(text: bytes) -> bool:
    """Whether the first line is one of theirs, of whatever version."""
    try:
        told = msgspec.json.decode(text.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("is") == _OF_REPLAY


def _check(known: _Known) -> None:
    if known.position.tzinfo is None or known.known_since.tzinfo is None:
        raise ValueError("a time without a zone")
    for at in (known.position, known.known_since):
        moment(int(at.timestamp()))  # at the edge of the calendar it is none in UTC
    for digest in known.known:
        bytes.fromhex(digest)


def _lock(path: Path) -> int:
    name = path.with_name(f"{path.name}.lock")
    try:
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    except OSError as error:
        raise PlaceFileError(f"{name} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise PlaceFileError(f"another agent is using {path}: end it, or name another file for this one") from error
    return file
