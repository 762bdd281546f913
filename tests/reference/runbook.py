"""The entries of docs/faults.md: the words of the log's hints, with what to look for in the log and in the metrics.

A heading is an anchor that alerts link to, such as `docs/faults.md#dead-letter-object_missing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from agent.faults.advice import Advice, Advised
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.ignored import IgnoredReason
from agent.faults.letter_reasons import ForeignReason
from agent.faults.retries import RetryReason

_LOG: Final = '{service_name="trail-agent"} | json'


def environment() -> str:
    """An entry for each fault that is waited for."""
    return _entries("waited for", EnvironmentFault, lambda fault: f'fault="{fault}"')


def dead_letters() -> str:
    """An entry for each reason of a dead letter."""
    return _entries("dead letter", Reason, _by("dead_lettered"), "trail_agent_dead_letters_total")


def foreign_letters() -> str:
    """A line for each reason of what others put there: the agent tells nobody of these, so nobody looks for them."""
    return "\n".join(
        f"- `{each}`: {each.advice.happened}. **What you do:** {each.advice.do}." for each in ForeignReason
    )


def retries() -> str:
    """An entry for each reason of a retry."""
    return _entries("retried", RetryReason, _by("retried"), "trail_agent_retries_total")


def ignored() -> str:
    """An entry for each reason why a part of a notification is passed over."""
    line = _by("notification_ignored")
    return _entries("ignored", IgnoredReason, line, "trail_agent_notifications_ignored_total")


def _by(event: str) -> Callable[[str], str]:
    return lambda reason: f'event="{event}" | reason="{reason}"'


def _entries(table: str, faults: Iterable[Advised], line: Callable[[str], str], metric: str = "") -> str:
    return "\n".join(
        _entry(f"{table}: {each}", each.advice, line(each), f'{metric}{{reason="{each}"}}' if metric else "")
        for each in faults
    )


def _entry(heading: str, told: Advice, line: str, series: str) -> str:
    parts = [
        f"### {heading}\n",
        f"- **What happened:** {told.happened}.",
        f"- **What the agent did:** it {told.did}.",
        f"- **What you do:** {told.do}.",
        f"- **Log:** `{_LOG} | {line}`",
    ]
    if series:
        parts.append(f"- **Metric:** `{series}`")
    return "\n".join(parts) + "\n"
