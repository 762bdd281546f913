"""The scene of the worst day: ten good objects, nine hostile ones, and seven forged or garbled messages."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from agent.demo.bystanders import Bystanders
from agent.demo.generator import GeneratedEvent, Generator
from agent.demo.trail_objects import TrailObject, pack, trail_key
from agent.model import ObjectRef
from tests.support.cloud import Cloud
from tests.support.messages import notification

NOW: Final = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ACCOUNT: Final = "111122223333"
OWNER: Final = "123456789012"  # of everything in the emulator
SECRET_BUCKET: Final = "somebody-elses-trail"
_MEBIBYTE: Final = 1 << 20
_GZIP: Final = 31


@dataclass(frozen=True, slots=True)
class Hostile:
    """A bad object, by its body, or a bad message, by its text; and the reason for which it must be put aside."""

    name: str
    reason: str
    body: bytes | None = None
    text: str = ""


def good_objects(count: int) -> list[TrailObject]:
    """Objects of four CodeCatalyst events each, among thirty real records of others."""
    rng = Random(4)
    generator, bystanders = Generator(rng, NOW), Bystanders()
    return [_good(rng, generator.generate(4, NOW), bystanders) for _ in range(count)]


def _good(rng: Random, events: Sequence[GeneratedEvent], bystanders: Bystanders) -> TrailObject:
    noise = bystanders.sample(rng, 30, ACCOUNT, "us-west-2", NOW)
    records = [*noise[:15], *(event.record for event in events), *noise[15:]]
    return TrailObject(trail_key(rng, ACCOUNT, "us-west-2", NOW), pack(records), tuple(events))


def hostile_objects() -> list[Hostile]:
    """Nine bodies under names of CloudTrail's."""
    whole = pack([b'{"eventSource":"codecatalyst.amazonaws.com"}'])
    return [
        Hostile("empty", "object_corrupt", b""),
        Hostile("neither gzip nor JSON", "object_corrupt", b"PK\x03\x04 a log file? no"),
        Hostile("cut", "object_corrupt", whole[:-5]),
        Hostile("open brace", "object_malformed", gzip.compress(b"{", mtime=0)),
        Hostile("list", "object_malformed", gzip.compress(b"[]", mtime=0)),
        Hostile("number of records", "object_malformed", gzip.compress(b'{"Records": 7}', mtime=0)),
        Hostile("600 MB of zeros", "object_too_large", _squeezed(bytes(_MEBIBYTE), 600)),
        Hostile("nineteen million empty records", "object_too_large", _million_records(19)),
        Hostile("200,000 open brackets", "object_too_large", gzip.compress(b'{"Records":' + b"[" * 200_000, mtime=0)),
    ]


def forged_messages(bucket: str, good: TrailObject) -> list[Hostile]:
    """Seven texts that nobody should have sent; `good` is an object of the listed `bucket`."""
    elsewhere = notification(ObjectRef(SECRET_BUCKET, good.key))
    arn = notification(ObjectRef(f"arn:aws:s3:us-west-2:{ACCOUNT}:accesspoint/{bucket}", good.key))
    dots = notification(ObjectRef(bucket, f"AWSLogs/{ACCOUNT}/CloudTrail/../../../{good.key}"))
    detail = {"bucket": {"name": bucket}, "object": {"key": good.key}}
    owned = {"source": "aws.s3", "detail-type": "Object Created", "account": "999988887777", "detail": detail}
    newer = notification(ObjectRef(bucket, good.key)).replace('"2.1"', '"3.0"')
    garbage = "".join(chr(Random(9).randint(32, 126)) for _ in range(9)) + '{"Records":[' * 20_000
    return [
        Hostile("a bucket that is not listed", "not_allowed", text=elsewhere),
        Hostile("an ARN for a bucket", "not_allowed", text=arn),
        Hostile("dots in the key", "not_allowed", text=dots),
        Hostile("another owner", "not_allowed", text=json.dumps(owned)),
        Hostile("not JSON", "notification_unknown", text="<xml/>"),
        Hostile("an unknown major version", "notification_unknown", text=newer),
        Hostile("a quarter of a megabyte of garbage", "notification_unknown", text=garbage),
    ]


def settings(cloud: Cloud) -> Mapping[str, object]:
    """What the daemon is told of the only bucket that it may read."""
    return {"buckets": [{"name": cloud.world.bucket, "owner": OWNER}]}


class Stage:
    """Puts the scene before the daemon, piece by piece; `reasons` maps what was put to why it must be put aside.

    A bad object is known by its key, a bad message by its text.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.reasons: dict[str, str] = {}
        self._cloud = cloud
        self._rng = Random(5)
        cloud.add_bucket(SECRET_BUCKET)
        self.secret = good_objects(11)[-1]
        cloud.account.put_object(SECRET_BUCKET, self.secret.key, self.secret.body)

    def put(self, piece: TrailObject | Hostile) -> None:
        """Put one piece into the bucket, or into the queue."""
        if isinstance(piece, TrailObject):
            self._cloud.world.put(piece.key, piece.body)
        elif piece.body is None:
            self.reasons[piece.text] = piece.reason
            self._cloud.world.send(piece.text)
        else:
            key = trail_key(self._rng, ACCOUNT, "us-west-2", NOW)
            self.reasons[key] = piece.reason
            self._cloud.world.put(key, piece.body)


def _squeezed(part: bytes, times: int) -> bytes:
    press = zlib.compressobj(9, wbits=_GZIP)
    return b"".join([*(press.compress(part) for _ in range(times)), press.flush()])


def _million_records(millions: int) -> bytes:
    def parts() -> Iterator[bytes]:
        yield b'{"Records":['
        for _ in range(millions):
            yield b"{}," * 1_000_000
        yield b"{}]}"

    press = zlib.compressobj(9, wbits=_GZIP)
    return b"".join([*(press.compress(part) for part in parts()), press.flush()])
