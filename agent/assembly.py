"""Builds the parts of a daemon from its settings, and introduces the adapters to each other."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agent import __version__
from agent.aws.lease import Leases
from agent.aws.s3 import S3
from agent.aws.session import Sessions
from agent.aws.source import Source
from agent.aws.sqs import Sqs
from agent.errors import SettingsError
from agent.flow.budget import Budget
from agent.flow.objects import ObjectReader, ReadLimits
from agent.flow.pipeline import Pipeline
from agent.flow.remembered import Remembered
from agent.flow.shipping import Shipping
from agent.pulse import Pulse
from agent.records import profiles
from agent.records.fitting import halved
from agent.records.mapping import Mapper
from agent.records.profiles.profile import ANYTHING, Ours
from agent.records.profiles.trail_guard import queue_path
from agent.records.selection import Selector
from agent.settings import LimitSettings, RecordSettings, SelectSettings, Settings, read_mask_key
from agent.sink.otlp.encode import Encoder
from agent.sink.otlp.transport import open_transport
from agent.sink.sink import DryRunSink, Sink
from agent.telemetry.events import Telemetry
from agent.trail.admission import Admission
from agent.trail.edit import Mask
from agent.trail.inflate import InflateLimits
from agent.waiting.doubt import Doubt
from agent.waiting.gate import Gate

_S3_READ_SECONDS: Final = 30
_POLL_MARGIN_SECONDS: Final = 15  # a long poll is answered late at times; only then is the connection broken
_NO_RETRIES: Final = {"total_max_attempts": 1, "mode": "standard"}  # botocore's waits are deaf to a drain; ours are not
_SPARE_CONNECTIONS: Final = 4  # for the lease keeper, the watch and a drain


@dataclass(frozen=True, slots=True)
class Stops:
    """How a daemon comes to its end, in this order."""

    drain: threading.Event = field(default_factory=threading.Event)
    """Set: receive nothing more."""
    halt: threading.Event = field(default_factory=threading.Event)
    """Set: wait for nothing more."""
    end: threading.Event = field(default_factory=threading.Event)
    """Set: nothing is left to keep or to watch."""


class Assembly:
    """Makes each part once it is asked for; raises `SettingsError` for settings that only turn out bad in use."""

    def __init__(self, settings: Settings, telemetry: Telemetry, pulse: Pulse, stops: Stops) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._pulse = pulse
        self._stops = stops
        self._random = random.SystemRandom().random
        self._sessions = Sessions(settings.aws, __version__, settings.queue.region)
        self.gate = Gate(pulse, stops.halt)
        self.budget = Budget(settings.limits.in_flight_bytes, pulse, stops.halt, telemetry.bytes_reserved)
        self._mask = make_mask(settings.record)
        self.doubt = Doubt(gate=self.gate, telemetry=telemetry, pulse=pulse, drain=stops.drain)

    def queue(self) -> Sqs:
        """The queue that the buckets notify, and the dead-letter queue that the settings name."""
        queue = self._settings.queue
        options = {
            "read_timeout": queue.wait_seconds + _POLL_MARGIN_SECONDS,
            "max_pool_connections": self._settings.workers + _SPARE_CONNECTIONS,
            "retries": _NO_RETRIES,
        }
        letters = queue.dead_letter_url
        make = self._sessions.queue_client
        return Sqs(
            make(queue.url, region=queue.region, **options),
            url=queue.url,
            others={letters: make(letters, region=queue.dead_letter_region, **options)} if letters else {},
            wait_seconds=queue.wait_seconds,
            visibility_timeout_seconds=queue.visibility_timeout_seconds,
            version=__version__,
            telemetry=self._telemetry,
            clock=self._pulse.clock,
        )

    def source(self, queue: Sqs, dead_letter_url: str, leases: Leases) -> Source:
        """Receiving from `queue` and settling on it."""
        return Source(
            queue,
            dead_letter_url,
            leases=leases,
            gate=self.gate,
            telemetry=self._telemetry,
            pulse=self._pulse,
            drain=self._stops.drain,
            halt=self._stops.halt,
            random=self._random,
        )

    def store(self) -> S3:
        """The buckets; those of one region and role share a client."""
        clients: dict[tuple[str, str | None], Any] = {}
        for bucket in self._settings.buckets:
            where = (bucket.region, bucket.role_arn)
            if where not in clients:
                clients[where] = self._sessions.client(
                    "s3",
                    region=bucket.region,
                    role_arn=bucket.role_arn,
                    read_timeout=_S3_READ_SECONDS,
                    max_pool_connections=self._settings.reads,
                    retries=_NO_RETRIES,
                )
        return S3(
            {bucket.name: clients[bucket.region, bucket.role_arn] for bucket in self._settings.buckets},
            {bucket.name: bucket.owner for bucket in self._settings.buckets},
        )

    def sink(self) -> Sink:
        """The OTLP endpoint."""
        settings = self._settings
        return Sink(
            encoder=Encoder(settings.resource, __version__),
            transport=open_transport(settings.otlp, __version__),
            telemetry=self._telemetry,
            gate=self.gate,
            pulse=self._pulse,
            halt=self._stops.halt,
            shrink=halved,
            max_batch_bytes=settings.otlp.max_batch_bytes,
            max_batch_records=settings.otlp.max_batch_records,
            random=self._random,
        )

    def pipeline(self, store: S3, dead_letter_url: str) -> Pipeline:
        """What reads deliveries."""
        settings, limits = self._settings, self._settings.limits
        ours = make_ours(settings, dead_letter_url)
        objects = ObjectReader(
            store=store,
            selection=make_selector(settings.select, ours),
            mapper=make_mapper(settings, ours, self._mask),
            limits=make_read_limits(limits),
            gate=self.gate,
            telemetry=self._telemetry,
            pulse=self._pulse,
            halt=self._stops.halt,
            random=self._random,
        )
        return Pipeline(admission=make_admission(settings), objects=objects, telemetry=self._telemetry)

    def shipping(self, sink: Sink | DryRunSink) -> Shipping:
        """What ships readings to `sink`."""
        return Shipping(
            sink=sink,
            remembered=Remembered(self._settings.dedup.events),
            telemetry=self._telemetry,
            pulse=self._pulse,
            halt=self._stops.halt,
        )


def make_admission(settings: Settings) -> Admission:
    """The allow-lists of `settings`."""
    return Admission(
        {bucket.name: bucket.owner for bucket in settings.buckets},
        frozenset(settings.accounts),
        frozenset(settings.regions),
    )


def make_ours(settings: Settings, dead_letter_url: str | None) -> Ours:
    """What this agent reads with; without the URL of its dead-letter queue, any queue may be that."""
    urls = (settings.queue.url, dead_letter_url) if dead_letter_url else ()
    return Ours(
        buckets=frozenset(bucket.name for bucket in settings.buckets),
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


def make_mapper(settings: Settings, ours: Ours, mask: Mask | None) -> Mapper:
    """The mapping that `settings` ask for."""
    return Mapper(
        parameters=settings.record.parameters == "json",
        record_bytes=settings.limits.record_bytes,
        mask=mask,
        ours=ours,
        service_names=settings.service_names,
    )


def make_mask(record: RecordSettings) -> Mask | None:
    """What is to be masked, if anything; raises `SettingsError` if the key file cannot be read."""
    return Mask(record.mask, _read_key(record.mask_key_file)) if record.mask and record.mask_key_file else None


def _read_key(path: Path) -> bytes:
    try:
        return read_mask_key(path)
    except ValueError as error:  # it was sound when the settings were loaded
        raise SettingsError([f"record.mask_key_file: {error}"]) from error
