"""Where the reading of each region begins: it is fixed at the start of the process, whatever is down then.

Nothing is read while the sink is down, for however long that is. What happens meanwhile must not be left out because of
it: not by this process, nor by the next one, if there is a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from agent.faults.environment_faults import EnvironmentFault
from agent.history.place import RegionPlace
from agent.history.place_file import PlaceFileError, Places
from agent.telemetry.events import Telemetry

_PLACES: Final = "checkpoint of Event history"


def note(places: Places, regions: Sequence[str], at: int) -> None:
    """Have the file know where `regions` begin, before AWS has answered. What it cannot is told when that is needed."""
    with suppress(PlaceFileError, OSError):
        places.note_beginning(regions, at)


class Beginning:
    """`at` (Unix seconds) is where one of `regions` begins that nobody has read. Safe to use from several threads.

    `owner` asks for the account whose history it is.
    """

    def __init__(
        self, places: Places, regions: Sequence[str], at: int, *, owner: Callable[[], str], telemetry: Telemetry
    ) -> None:
        self.at = at
        self._places = places
        self._regions = regions
        self._owner = owner
        self._telemetry = telemetry
        self._new: set[str] = set()

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
        with self._places.lock:
            new = [each for each in self._regions if self._places.of(each) is None]
            for each in new:
                self._places.begin(each, self.at)
            if lacks_owner := self._places.lacks_owner:  # what this process has noted is new, too
                new += [each for each in self._regions if self._places.begin(each, self.at).position == self.at]
            self._places.lacks_owner = False
            self._new.update(new)
        if new or lacks_owner:
            keep(self._places, self._telemetry)
        return self._places.of(region)

    def is_new(self, region: str) -> bool:
        """Whether nothing of `region` was remembered."""
        return region in self._new


def keep(places: Places, telemetry: Telemetry) -> None:
    """A file that cannot be written holds nothing up: after an end, what it does not know is shipped again."""
    try:
        places.keep()
    except OSError as error:
        telemetry.places_unkept(f"{error.filename or 'the file'}: {error.strerror}")
    else:
        telemetry.places_kept()
