"""Warnings about settings that can be used but are probably wrong. Each is a sentence that begins with the key."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from agent.settings.history import EventHistorySettings
from agent.settings.root import Settings
from agent.settings.sections import RecordSettings, SelectSettings

_LATE_SECONDS = 900
_OF_A_TEXT = 4  # so many times its text an object takes, with its records, at the worst
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def cautions(settings: Settings) -> list[str]:
    """One warning for each setting that is probably wrong. No warning holds a secret."""
    return [
        *_of_the_way_out(settings),
        *_of_selection(settings.select),
        *(_of_history(settings.event_history, settings) if settings.event_history else ()),
        *_of_limits(settings),
        *_of_masking(settings.record),
        *_of_files(settings),
    ]


def _of_the_way_out(settings: Settings) -> Iterator[str]:
    endpoint = urlsplit(settings.otlp.endpoint)
    secret = bool(settings.otlp.headers) or "@" in endpoint.netloc
    if secret and endpoint.scheme == "http" and endpoint.hostname not in _LOOPBACK:
        yield "otlp.endpoint: headers and passwords travel unencrypted to another machine; use https://"


def _of_selection(select: SelectSettings) -> Iterator[str]:
    if select.kms_keys and "trail_guard" not in select.profiles:
        yield "select.kms_keys: has no effect without trail_guard in select.profiles"
    if select.event_sources:
        yield from _of_sources(select.event_sources)
    if select.exclude_events:
        yield from _of_exclusion(select)


def _of_sources(event_sources: Iterable[str]) -> Iterator[str]:
    from agent.records.profiles.profile import service  # noqa: PLC0415 - msgspec is not needed for a version

    for place, source in enumerate(event_sources):
        if source.strip() != "*" and not service(source):
            yield (
                f"select.event_sources.{place}: names no AWS service, such as guardduty.amazonaws.com; "
                "it will probably never match an event"
            )


def _of_exclusion(select: SelectSettings) -> Iterator[str]:
    from agent.records import profiles  # noqa: PLC0415 - msgspec is not needed for a version
    from agent.records.selection import Selector  # noqa: PLC0415 - see above

    for place, glob in enumerate(select.exclude_events):
        if "." in glob:
            yield (
                f"select.exclude_events.{place}: holds a dot; it is compared with eventName alone, such as GetProject, "
                "without the name of a service"
            )
    for profile in profiles.named(select.profiles):
        selector = Selector(profiles=(profile,), exclude_events=select.exclude_events)
        known = ((known.source, event) for known in profile.known for event in known.events)
        if not any(selector.selects(*event) for event in known):
            yield f"select.exclude_events: excludes every known event of the profile {profile.name}"


def _of_history(history: EventHistorySettings, settings: Settings) -> Iterator[str]:
    from agent.records import profiles  # noqa: PLC0415 - see _of_sources
    from agent.records.profiles.codecatalyst import HOME_REGIONS  # noqa: PLC0415 - see _of_sources

    if history.overlap_seconds < _LATE_SECONDS:
        yield (
            f"event_history.overlap_seconds: is less than {_LATE_SECONDS}; CloudTrail shows an event some 5 minutes "
            "after it happened, and at times after 15: what comes later than the overlap is missed"
        )
    if "codecatalyst" in settings.select.profiles and not {*history.regions} & {*HOME_REGIONS}:
        homes = " nor ".join(HOME_REGIONS)
        yield f"event_history.regions: holds neither {homes}, where the events of CodeCatalyst's spaces are written"
    if not settings.buckets:
        yield from _without_buckets(settings)
    asked = profiles.sources(profiles.named(settings.select.profiles), settings.select.event_sources)
    if "*" not in asked and len(asked) > history.poll_seconds:
        yield (
            f"event_history.poll_seconds: is less than the {len(asked)} s that a poll takes: each of the {len(asked)} "
            "selected services is a question, and the agent asks one a second"
        )


def _without_buckets(settings: Settings) -> Iterator[str]:
    for key in ("accounts", "regions"):
        if getattr(settings, key):
            yield f"{key}: has no effect without buckets; Event history is that of event_history.regions in one account"
    if "trail_guard" in settings.select.profiles:
        yield "select.profiles: without a queue and buckets, trail_guard takes all of an account for those of its trail"
    if any(source.strip() == "*" for source in settings.select.event_sources):
        yield "select.event_sources: Event history has management events only, and gives at most 100 a second"


def _of_limits(settings: Settings) -> Iterator[str]:
    if settings.queue and settings.shutdown_grace_seconds < settings.queue.wait_seconds:
        yield "shutdown_grace_seconds: is shorter than queue.wait_seconds; an idle agent may be killed during a poll"
    if settings.limits.in_flight_bytes < _OF_A_TEXT * settings.limits.inflated_bytes:
        yield (
            f"limits.in_flight_bytes: is less than {_OF_A_TEXT} times limits.inflated_bytes; the largest object takes "
            "more memory than this, and a container may be killed for it. Lower limits.inflated_bytes, too"
        )
    if settings.otlp.max_batch_bytes < settings.limits.record_bytes:
        yield "otlp.max_batch_bytes: is less than limits.record_bytes; one long record makes a request larger than this"


def _of_masking(record: RecordSettings) -> Iterator[str]:
    if not record.mask:
        return
    from agent.trail.event import members_below  # noqa: PLC0415 - msgspec is not needed to show a version

    for place, path in enumerate(record.mask):
        steps = path.split(".")
        for depth, step in enumerate(steps):
            known = members_below(steps[:depth])
            near = difflib.get_close_matches(step, known, n=1)
            hint = f"; did you mean {'.'.join([*steps[:depth], near[0]])}?" if near else ""
            if depth == 0 and step not in known:
                yield f"record.mask.{place}: does not begin with the name of a known CloudTrail field{hint}"
            elif step not in known and near:
                yield f"record.mask.{place}: holds a name that is not known in CloudTrail's events{hint}"


def _of_files(settings: Settings) -> Iterator[str]:
    secrets = {
        "record.mask_key_file": settings.record.mask_key_file,
        "otlp.headers_file": settings.otlp.headers_file,
        "otlp.key_file": settings.otlp.key_file,
    }
    for key, path in secrets.items():
        if path and _is_open_to_all(path):
            yield f"{key}: every user of this machine may read the file; forbid it (chmod o= FILE)"


def _is_open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:  # the file is gone; the code that opens it will report this
        return False
