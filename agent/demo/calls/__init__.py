"""What the demo knows of other services than CodeCatalyst: for each profile, a short story of calls.

The story of the profile `identity` is `CALLS` in the module `identity_calls` beside this.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from agent.demo.calls.call import Call


def calls_of(profile: str) -> tuple[Call, ...]:
    """The story of a profile, by its name; empty for one that has none."""
    module = f"{__name__}.{profile}_calls"
    calls: tuple[Call, ...] = import_module(module).CALLS if find_spec(module) else ()
    return calls
