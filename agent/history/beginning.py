"""Where the reading of each region begins: it is fixed at the start of the process, whatever is down then.

Nothing is read while the sink is down, for however long that is. What happens meanwhile must not be left out because of
it: not by this process, nor by the next one, if there is a file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

from agent.aws.event_history import KEPT
from agent.faults.environment_faults import EnvironmentFault
from agent.history.place import STEP, RegionPlace
from agent.history.place_file import PlaceFileError, Places
from agent.pulse import Clock, Pulse, setting_of
from agent.settings import EventHistorySettings
from agent.telemetry.events import Telemetry

_PLACES: Final = "checkpoint of Event history"
_RETRY_SECONDS: Final = 5.0


def note(places: Places, regions: Sequence[str], at: int, telemetry: Telemetry) -> bool:
    """Have the file know where `regions` begin, before AWS has answered. Returns whether it need not be tried again.

    That it cannot be used is told when it is needed, and that it cannot be written at once.
    """
    with suppress(PlaceFileError):
        try:
            places.note_beginning(regions, at)
        except OSError as error:
            _tell_unkept(telemetry, error)
            return False
    telemetry.places_kept()
    return True


def note_soon(try_it: Callable[[], bool], pulse: Pulse, stop: threading.Event) -> None:
    """Try it now, and every few seconds in a thread until that succeeds, or until `stop` is set."""
    if not try_it():
        retry = partial(note_until_written, try_it, pulse, stop)
        threading.Thread(target=retry, name="note-beginning", daemon=True).start()


def note_until_written(try_it: Callable[[], bool], pulse: Pulse, stop: threading.Event) -> None:
    """Try it every few seconds; the body of a thread, until `stop` is set."""
    with pulse.alive():
        while not (pulse.wait(stop, _RETRY_SECONDS) or try_it()):
            pass


@dataclass(frozen=True, slots=True)
class Start:
    """When the process began, in Unix seconds, by a clock with this `setting`: see `setting_of`."""

    at: int
    setting: float

    @classmethod
    def now(cls, clock: Clock) -> Self:
        """It begins now."""
        setting = setting_of(clock)
        return cls(int(setting + clock.steady()), setting)


class Beginning:
    """Where the regions that `follows` names begin if nobody has read them. Safe to use from several threads.

    `owner` asks for the account whose history it is.
    """

    def __init__(
        self,
        places: Places,
        follows: EventHistorySettings,
        start: Start,
        *,
        clock: Clock,
        owner: Callable[[], str],
        telemetry: Telemetry,
    ) -> None:
        self.at = start.at - follows.overlap_seconds
        self._setting = start.setting
        self._clock = clock
        self._places = places
        self._regions = follows.regions
        self._owner = owner
        self._telemetry = telemetry
        self._new: dict[str, float] = {}

    def find(self, region: str) -> RegionPlace | None:
        """Where `region` begins; None if that cannot be known now. From then on the file knows whose all regions are.

        Raises `DrainedError` if told to stop first.
        """
        try:
            if not self._places.open(self._owner):
                return None
        except PlaceFileError as error:
            self._telemetry.gate_closed(_PLACES, EnvironmentFault.CHECKPOINT_UNUSABLE, str(error))
            return None
        self._telemetry.gate_opened(_PLACES)
        if self._begin_all():
            keep(self._places, self._telemetry)
        return self._places.of(region)

    def _begin_all(self) -> bool:
        """Returns whether the file does not know it yet."""
        with self._places.lock:
            new = [each for each in self._regions if self._places.of(each) is None]
            for each in new:
                self._places.begin(each, self.at)
            if lacks_owner := self._places.lacks_owner:  # what this process has noted is new, too
                new += [each for each in self._regions if self._is_new(self._places.begin(each, self.at))]
            self._places.lacks_owner = False
            setting, is_set = self._setting, abs(setting_of(self._clock) - self._setting) > STEP
            if is_set:  # AWS has told the owner since, and so takes the clock for right
                setting = setting_of(self._clock)
            for each in dict.fromkeys(new):
                self._new[each] = setting
                self._places.begin(each, self.at).go_on_from(self.at + round(setting - self._setting))
            return bool(new) or lacks_owner

    def _is_new(self, place: RegionPlace) -> bool:
        """Whether this process has noted `place`, or one whose clock was so wrong that AWS cannot have taken it.

        A clock without a battery begins in 1970: what it noted, and AWS has never answered, would have all that is kept
        shipped.
        """
        return place.position == self.at or place.position < self._clock.time() - KEPT.total_seconds()

    def reckoned_by(self, region: str) -> float | None:
        """The setting of the clock by which it was reckoned where `region` begins; None if that was remembered."""
        return self._new.get(region)


def keep(places: Places, telemetry: Telemetry) -> None:
    """A file that cannot be written holds nothing up: after an end, what it does not know is shipped again."""
    try:
        places.keep()
    except OSError as error:
        _tell_unkept(telemetry, error)
    else:
        telemetry.places_kept()


def _tell_unkept(telemetry: Telemetry, error: OSError) -> None:
    telemetry.places_unkept(f"{error.filename or 'the file'}: {error.strerror}")
