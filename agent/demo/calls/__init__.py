"""What the demo knows of other services than CodeCatalyst: for each profile, a short story of calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.demo.calls import build_calls, guard_calls, identity_calls, link_calls
from agent.demo.calls.call import Call

BY_PROFILE: Final[Mapping[str, tuple[Call, ...]]] = {
    "codeconnections": link_calls.CALLS,
    "identity": identity_calls.CALLS,
    "pipeline": build_calls.CALLS,
    "trail_guard": guard_calls.CALLS,
}
