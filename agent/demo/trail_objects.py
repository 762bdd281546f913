"""Trail objects as CloudTrail writes them: gzipped `{"Records":[…]}` under a key that tells account, region and time.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from string import ascii_letters, digits

from agent.demo.bystanders import Bystanders
from agent.demo.generator import GeneratedEvent

_COMPRESSION = 6


@dataclass(frozen=True, slots=True)
class TrailObject:
    """One S3 object: its key, its gzipped body, and the CodeCatalyst events among its records."""

    key: str
    body: bytes
    events: tuple[GeneratedEvent, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """The account and region that an object belongs to."""

    account: str
    region: str


def pack(records: Iterable[bytes]) -> bytes:
    """The gzipped body of an object that holds `records`, each the JSON of one event."""
    return gzip.compress(b'{"Records":[' + b",".join(records) + b"]}", _COMPRESSION, mtime=0)


def trail_key(rng: Random, account: str, region: str, time: datetime) -> str:
    """The key under which CloudTrail would put an object at `time` (aware)."""
    utc = time.astimezone(UTC)
    unique = "".join(rng.choices(ascii_letters + digits, k=16))
    folder = f"AWSLogs/{account}/CloudTrail/{region}/{utc:%Y/%m/%d}"
    return f"{folder}/{account}_CloudTrail_{region}_{utc:%Y%m%dT%H%MZ}_{unique}.json.gz"


class Press:
    """Makes trail objects: one for each account and region of a batch, its events scattered among noise."""

    def __init__(self, rng: Random, bystanders: Bystanders, *, noise: int) -> None:
        """`noise` is the mean number of foreign records in an object."""
        self._rng = rng
        self._bystanders = bystanders
        self._noise = noise

    def objects(self, events: Sequence[GeneratedEvent], now: datetime) -> list[TrailObject]:
        """The objects that hold `events`, among noise that is not sorted by time, as CloudTrail has it."""
        by_origin: dict[Origin, list[GeneratedEvent]] = {}
        for event in events:
            by_origin.setdefault(Origin(event.account, event.region), []).append(event)
        return [self._object(origin, of_origin, now) for origin, of_origin in by_origin.items()]

    def _object(self, origin: Origin, events: list[GeneratedEvent], now: datetime) -> TrailObject:
        count = self._rng.randint(self._noise // 2, self._noise * 3 // 2)
        noise = self._bystanders.sample(self._rng, count, origin.account, origin.region, now)
        slots = sorted(self._rng.choices(range(len(noise) + 1), k=len(events)), reverse=True)
        records = noise
        for slot, event in zip(slots, reversed(events), strict=True):  # what shares its second stays in order
            records.insert(slot, event.record)
        key = trail_key(self._rng, origin.account, origin.region, now)
        return TrailObject(key, pack(records), tuple(events))
