"""The tables of docs/records.md: every attribute of every profile, from the tables that the mapping itself reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agent.records.mapping import TABLE
from agent.records.profiles import CODECATALYST, GENERIC, PROFILES
from agent.records.profiles.profile import Profile
from agent.records.subject import Subject


def common_attributes() -> str:
    """Markdown: each attribute that any event can have, the member that it comes from, and who named it."""
    rows = [f"| `{row.attribute}` | {_member(row.member)} | {row.origin} |" for row in TABLE]
    return "\n".join(["| attribute | CloudTrail member | named by |", "|---|---|---|", *rows])


def profiles() -> str:
    """Markdown: a section for each profile, with what it selects and its own attributes."""
    return "\n".join(line for profile in (*PROFILES, GENERIC) for line in _profile(profile))


def _member(path: str) -> str:
    return ", else ".join(f"`{one}`" for one in path.split(" else "))


def _profile(profile: Profile) -> Iterator[str]:
    is_first = profile is CODECATALYST
    yield f"### {profile.name}\n"
    yield f"{profile.title[:1].upper()}{profile.title[1:]}.\n"
    yield f"- **Events:** {_events(profile)}"
    yield f"- **`service.name`:** {'as `resource` says' if is_first else '`aws-` and the name of the service'}"
    yield f"- **Metric:** `{'codecatalyst_events_total' if is_first else 'cloudtrail_events_total'}`"
    if profile.volume:
        yield f"- **Adds volume:** {profile.volume}"
    yield ""
    yield "| attribute | comes from |\n|---|---|"
    for name in ("actor", "actor.kind", "event", "outcome"):
        yield f"| `{profile.story}.{name}` | {_STORY[name]} |"
    for subject in profile.subjects:
        yield f"| `{profile.prefix}.{subject.attribute}` | {_fields(subject)} |"
    yield ""


_BEYOND_SOURCES: Final = {
    "codecatalyst": "; with `select.connection_events` also its connection and billing events whose source names "
    "no service",
    "trail_guard": "; of buckets and queues only those that this agent reads with; of keys only "
    "`select.kms_keys`, or any key if that is empty",
}
_STORY: Final = {
    "actor": "the most readable name of who acted",
    "actor.kind": "the kind of identity, see above",
    "event": "`eventName`, in one spelling for each event",
    "outcome": "`failure` or `success`",
}


def _events(profile: Profile) -> str:
    if profile is GENERIC:
        return "everything else that `select.event_sources` names"
    calls = [f"{', '.join(f'`{one}`' for one in sorted(names))} of `{at}`" for at, names in profile.calls.items()]
    events = "; ".join([*(f"`{source}`" for source in sorted(profile.sources)), *calls])
    return events + _BEYOND_SOURCES.get(profile.name, "")


def _fields(subject: Subject) -> str:
    """The fields of request and response that can name the subject."""
    return ", ".join(dict.fromkeys(f"`{name.field}`" for name in subject.names))
