"""Which clock a round was begun by, and whether AWS takes it for right: it answers no request whose time is far off."""

from __future__ import annotations

from dataclasses import dataclass

from agent.history.place import STEP


@dataclass(slots=True)
class Voucher:
    """For the round that was begun by a clock with this `setting`: see `setting_of`.

    `is_given`: AWS has answered a request of that clock. `is_void`: it has answered one of a clock that was set since.
    """

    setting: float = 0.0
    is_given: bool = False
    is_void: bool = False

    def hear(self, *settings: float) -> None:
        """AWS has answered a request. The `settings` are those of the clock just before and just after it."""
        if any(abs(setting - self.setting) > STEP for setting in settings):
            self.is_void = True
        else:
            self.is_given = True
