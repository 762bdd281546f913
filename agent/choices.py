"""What the settings choose of the trail: who is allowed, what is selected, how it is mapped, how much may be read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.aws.s3 import S3
from agent.errors import SettingsError
from agent.flow.objects import ObjectReader, ReadLimits
from agent.flow.slots import ReadSlots
from agent.pulse import Pulse
from agent.records import profiles
from agent.records.mapping import Mapper
from agent.records.profiles.profile import ANYTHING, Ours
from agent.records.profiles.trail_guard import queue_path
from agent.records.selection import Selector
from agent.settings import LimitSettings, RecordSettings, SelectSettings, Settings, read_mask_key
from agent.telemetry.events import Telemetry
from agent.trail.admission import Admission
from agent.trail.edit import Mask
from agent.trail.inflate import InflateLimits
from agent.waiting.gate import Gate


def make_admission(settings: Settings) -> Admission:
    """The allow-lists of `settings`."""
    return Admission(
        {bucket.name: bucket.owner for bucket in settings.buckets},
        frozenset(settings.accounts),
        frozenset(settings.regions),
    )


def make_ours(settings: Settings, dead_letter_url: str | None) -> Ours:
    """What this agent reads with. Without the URL of its dead-letter queue, any queue may be that.

    Without a bucket, any bucket may hold a trail of the account.
    """
    urls = (settings.queue.url, dead_letter_url) if settings.queue and dead_letter_url else ()
    return Ours(
        buckets=frozenset(bucket.name for bucket in settings.buckets) or None,
        queues=frozenset(map(queue_path, urls)) or None,
        keys=frozenset(settings.select.kms_keys) or None,
    )


def make_selector(select: SelectSettings, ours: Ours = ANYTHING) -> Selector:
    """What `select` keeps."""
    return Selector(
        select.event_sources,
        profiles=profiles.named(select.profiles),
        connection_events=select.connection_events,
        exclude_events=select.exclude_events,
        include_read_only=select.include_read_only,
        ours=ours,
    )


def make_read_limits(limits: LimitSettings) -> ReadLimits:
    """How much one object may hold."""
    return ReadLimits(
        InflateLimits(limits.object_bytes, limits.inflated_bytes, limits.inflation_ratio), limits.events_per_object
    )


def make_mapper(
    record: RecordSettings,
    limits: LimitSettings,
    service_names: Mapping[str, str],
    ours: Ours = ANYTHING,
    mask: Mask | None = None,
    *,
    kind: type[Mapper] = Mapper,
) -> Mapper:
    """The mapping that these settings ask for, of the given kind."""
    return kind(form=record, limits=limits, service_names=service_names, ours=ours, mask=mask)


def make_mask(record: RecordSettings) -> Mask | None:
    """What is to be masked, if anything; raises `SettingsError` if the key file cannot be read."""
    return Mask(record.mask, _read_key(record.mask_key_file)) if record.mask and record.mask_key_file else None


def _read_key(path: Path) -> bytes:
    try:
        return read_mask_key(path)
    except ValueError as error:  # it was sound when the settings were loaded
        raise SettingsError([f"record.mask_key_file: {error}"]) from error


def make_objects(
    settings: Settings,
    store: S3,
    ours: Ours,
    *,
    mask: Mask | None,
    gate: Gate,
    slots: ReadSlots,
    telemetry: Telemetry,
    pulse: Pulse,
    halt: threading.Event,
    random: Callable[[], float],
) -> ObjectReader:
    """What reads the objects of `store` as these settings say."""
    return ObjectReader(
        store=store,
        selection=make_selector(settings.select, ours),
        mapper=make_mapper(settings.record, settings.limits, settings.service_names, ours, mask),
        limits=make_read_limits(settings.limits),
        gate=gate,
        slots=slots,
        telemetry=telemetry,
        pulse=pulse,
        halt=halt,
        random=random,
    )
