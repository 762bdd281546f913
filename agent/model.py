"""The nouns of the flow, as frozen values: what passes between the layers.

`Delivery` → `ObjectRef` → `TrailEvent` → `LogRecord` → `Settlement`; see the picture in the README.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, final

import msgspec

from agent.errors import Fault
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason

AttributeValue = str | bool | int | Sequence["str | Mapping[str, str]"]
"""What an OTLP attribute of ours can hold: a scalar, an array of strings, or an array of flat maps."""

BATCH: Final = 10
"""How many messages SQS takes and gives at once."""


class Outcome(StrEnum):
    """What became of a delivery; the values of `trail_agent_deliveries_settled_total{outcome}`."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD_LETTER = "dead_letter"
    RETURNED = "returned"


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One SQS message in our hands.

    `sent_at` is SQS's SentTimestamp in Unix seconds. `received_at` is monotonic seconds, taken when the receive
    returned: the lease runs from there.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at: float
    received_at: float


@dataclass(frozen=True, slots=True)
class QueueAttributes:
    """What SQS says of a queue. `dead_letter_arn` is that of its redrive policy; empty where it has none.

    `max_receives` is the maxReceiveCount of that policy. `retention_seconds` is how long SQS keeps a message
    (MessageRetentionPeriod); 0 where it does not say.
    """

    visible: int
    in_flight: int
    delayed: int
    dead_letter_arn: str
    retention_seconds: int
    max_receives: int = 0


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of a dead-letter queue in our hands.

    `told` has its message attributes: those of the agent, or of whoever else put it there. `moved_from` is the ARN of
    the queue from which SQS itself moved it; empty where SQS does not say so.
    """

    delivery: Delivery
    told: Mapping[str, str]
    moved_from: str = ""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Pointer to one S3 object, as a notification names it. `key` is decoded, as S3 expects it.

    `other_key` is the key read in the other way, where a notification does not tell whether its key is form-encoded.
    `size` is the object's length in bytes where the notification tells it. `owner` is the account id of the bucket's
    owner where the notification tells it (EventBridge does).
    """

    bucket: str
    key: str
    size: int | None = None
    owner: str | None = None
    other_key: str = field(default="", compare=False)


class OpenObject(msgspec.Struct, frozen=True, gc=False):
    """An S3 object that has answered; its `chunks` can be read once. What S3 did not tell is None.

    `seconds` is how long it took to come, where all of it is here already.
    """

    length: int | None
    last_modified_ns: int | None
    chunks: Iterator[bytes]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Ignored:
    """A part of a notification that is proven to hold nothing for the agent. `bucket` is empty where none is named.

    `sender` says which service sent the message and what it tells, where that is not S3 or CloudTrail.
    """

    reason: IgnoredReason
    bucket: str = ""
    key: str = ""
    sender: str = ""


def address_of(bucket: str, key: str) -> str:
    """`s3://bucket/key`; what stands in no object has a name with a colon in place of a bucket's, and no scheme."""
    return f"{bucket}/{key}" if is_of_log(bucket) else f"s3://{bucket}/{key}"


def is_of_log(bucket: str) -> bool:
    """Whether this names a log that gives events, and a place in it: no bucket of S3 has a colon."""
    return ":" in bucket


class ObjectSource(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Where a record was read: everything about the object that a LogRecord depends on.

    `account` is the account id in the object's key. `last_modified_ns` is S3's LastModified in Unix nanoseconds.
    `bucket` is empty for a local file, whose path is the key. An event that stands in no object has its own time in
    place of LastModified, and its record depends on nothing else here: the bucket's name then holds a colon.
    """

    bucket: str
    key: str
    account: str
    last_modified_ns: int

    @property
    def path(self) -> str:
        """Where the object is, for people; empty where there is none."""
        if ":" in self.bucket:
            return ""
        return address_of(self.bucket, self.key) if self.bucket else self.key


class EventLabels(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The labels under which an event is counted, before any cardinality limit.

    `event_source` is empty for CodeCatalyst's events, which `codecatalyst_events_total` counts. All others are counted
    in `cloudtrail_events_total`.
    """

    event_name: str
    identity_type: str
    outcome: str
    event_source: str = ""


@final
class AttributeGroup(msgspec.Struct, gc=False, eq=False):
    """Attributes that stand together, none of them twice, in records of which many have the same group. Never changes.

    `written` is for whoever sends records: the group in the form of its protocol, once known; a character is a byte.
    """

    pairs: tuple[tuple[str, AttributeValue], ...]
    written: str | None = None


class Attributes(msgspec.Struct, gc=False, eq=False):
    """The attributes of one record, in their order: its own one by one, and those that it shares in groups.

    No name stands in it twice. A group is written once for all of its records, and held in memory once. It is a
    `Mapping` by registration: to make one takes a fifth of what an object of a subclass takes.
    """

    parts: Sequence[tuple[str, AttributeValue] | AttributeGroup]

    def as_dict(self) -> dict[str, AttributeValue]:
        """All of them, in a dict of the caller's own."""
        attributes: dict[str, AttributeValue] = {}
        for part in self.parts:
            attributes.update(part.pairs if isinstance(part, AttributeGroup) else (part,))
        return attributes

    def __getitem__(self, name: str) -> AttributeValue:
        groups = []
        for part in self.parts:
            if type(part) is AttributeGroup:  # isinstance() would cost three times as much
                groups.append(part)
            elif part[0] == name:
                return part[1]
        for group in groups:
            for key, value in group.pairs:
                if key == name:
                    return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.as_dict())

    def __len__(self) -> int:
        return len(self.as_dict())

    def __repr__(self) -> str:
        return repr(self.as_dict())

    def items(self) -> ItemsView[str, AttributeValue]:
        """All pairs, looked up once."""
        return self.as_dict().items()

    keys, values, get = Mapping.keys, Mapping.values, Mapping.get
    __contains__, __eq__, __ne__ = Mapping.__contains__, Mapping.__eq__, object.__ne__


Mapping.register(Attributes)


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """One OTLP log record, before encoding. Times are Unix nanoseconds.

    `account`, `region` and `service_name` choose the Resource; an empty `service_name` stands for the one of the
    `resource` settings. `digest` (blake2b-16 of the body before truncation) identifies a repeat. `truncated` says
    whether something was left out to keep the record within its limit. `space` is its CodeCatalyst space, if any.
    """

    account: str
    region: str
    time_unix_nano: int
    observed_time_unix_nano: int
    severity_number: int
    event_name: str
    body: str
    attributes: Mapping[str, AttributeValue]
    event_id: str
    labels: EventLabels
    source: ObjectSource
    digest: bytes
    truncated: bool = False
    service_name: str = ""
    space: str = ""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What one delivery holds.

    Records of sound objects stand in `records`, whatever happened to the delivery's other objects. `faults` lists what
    will fail again; `retry` says why the delivery must come again. `skipped` and `malformed` count trail events.
    """

    delivery: Delivery
    records: tuple[LogRecord, ...] = ()
    faults: tuple[Fault, ...] = ()
    retry: RetryReason | None = None
    retry_detail: str = ""
    returned: bool = False
    skipped: int = 0
    malformed: int = 0

    @property
    def found_events(self) -> bool:
        """Whether a sound object with an event in it was read, of whatever service."""
        return bool(self.records or self.skipped)


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """What SQS is to be told about one delivery.

    A `DEAD_LETTER` has its `fault`; a `RETRY` its `retry` reason, and one sentence for the operator in `retry_detail`.
    """

    delivery: Delivery
    outcome: Outcome
    fault: Fault | None = None
    retry: RetryReason | None = None
    retry_detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sink said of one record.

    Accepted: the sink has it. With a `fault`: refused, for a reason that will stand. With a `retry`: the sink may take
    it later, and its delivery is to come again. With both: refused, for a reason that may pass within some receives.
    None of these: the daemon stopped before the sink answered, and the record goes back to the queue with its delivery.
    """

    accepted: bool
    fault: Fault | None = None
    retry: RetryReason | None = None
    retry_detail: str = ""


ACCEPTED = Verdict(accepted=True)
UNANSWERED = Verdict(accepted=False)
