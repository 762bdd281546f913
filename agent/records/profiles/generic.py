"""What every event gets whose service has no profile: the common attributes, and nothing of its own."""

from __future__ import annotations

from typing import Final

from agent.records.profiles.profile import Profile

GENERIC: Final = Profile(name="generic", title="other services")
