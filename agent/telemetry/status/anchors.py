"""Where each trouble stands on the runbook page; docs/faults.md has the same anchors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Final

from agent.faults.advice import Advised
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason

RUNBOOK: Final = "/runbook"
KINDS: Final[Mapping[type[Advised], str]] = {
    EnvironmentFault: "waited for",
    Reason: "dead letter",
    RetryReason: "retried",
    IgnoredReason: "ignored",
}
_NOT_IN_ANCHORS: Final = re.compile(r"[^\w -]")


def anchor(trouble: Advised) -> str:
    """Such as `dead-letter-object_missing`."""
    return fragment(f"{KINDS[type(trouble)]} {trouble}")


def fragment(heading: str) -> str:
    """What GitHub makes of a heading."""
    return _NOT_IN_ANCHORS.sub("", heading).replace(" ", "-")


def link(trouble: Advised) -> str:
    """The name of a trouble, leading to its entry on the runbook page."""
    return f'<a href="{RUNBOOK}#{anchor(trouble)}">{escape(trouble)}</a>'
