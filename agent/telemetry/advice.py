"""What an operator is told of each kind of trouble: in the log's hints and in docs/faults.md, which is made of this.

Everything here is data. A sentence says what is so for every cause of its kind; the `detail` beside it in the log or in
the dead letter says which one it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.errors import EnvironmentFault, Reason, RetryReason
from agent.model import IgnoredReason


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened, what the agent did about it, and what the operator does, each without a full stop."""

    happened: str
    did: str
    do: str

    @property
    def hint(self) -> str:
        """The part that a log line does not say in its other fields."""
        return f"{self.did}; {self.do}"


_WAITS: Final = "keeps what it holds, receives nothing more, and sends one request at a time,"
_ASKS: Final = "receives nothing, and asks again at most 30 s later"

ENVIRONMENT: Final[Mapping[EnvironmentFault, Advice]] = {
    EnvironmentFault.SINK_UNAVAILABLE: Advice(
        "the sink does not answer, not in time, not over trusted TLS, or with 5xx",
        f"{_WAITS} at most a minute apart, or as the sink asks (up to 5 min)",
        "see that the sink runs; check its address, the network and its certificate",
    ),
    EnvironmentFault.SINK_THROTTLED: Advice(
        "the sink says that it gets too much",
        f"{_WAITS} as far apart as the sink asks (up to 5 min), else at most a minute",
        "nothing if it passes; else raise the sink's limits",
    ),
    EnvironmentFault.SINK_MISCONFIGURED: Advice(
        "what answers at otlp.endpoint takes no records from us: a redirect, 401, 403, 404 or the like",
        f"{_WAITS} 5 to 60 s apart",
        "check otlp.endpoint, otlp.protocol and the credentials in otlp.headers",
    ),
    EnvironmentFault.SINK_REFUSES: Advice(
        "the sink refuses every record with the same words, and has accepted none since: its settings may be at fault",
        "keeps what it holds, tries some hundred others, then one a minute, and buries nothing that was refused",
        "check the sink's limits and settings: its words stand in its own log",
    ),
    EnvironmentFault.BUCKET_DENIED: Advice(
        "a bucket refuses every read: its policy, its KMS key, the role, the credentials or the clock",
        "keeps what it holds, receives nothing more, and tries one read at a time, at most a minute apart",
        "allow s3:GetObject on the trail's prefix, s3:ListBucket and kms:Decrypt on its key to the agent's role; check "
        "its credentials and the clock",
    ),
    EnvironmentFault.BUCKET_UNAVAILABLE: Advice(
        "S3 answers no read of a bucket, breaks all of them off, or is asked too often",
        "keeps what it holds, receives nothing more, and tries one read at a time, at most a minute apart",
        "nothing if it passes; else check the network and any VPC endpoint to S3",
    ),
    EnvironmentFault.BUCKET_REFUSED: Advice(
        "S3, or what answers in its place, refuses every read of a bucket as a request that it cannot serve",
        "keeps what it holds, receives nothing more, and tries one read at a time, at most a minute apart",
        "see the code in the detail; check aws.endpoint_url, any proxy or VPC endpoint, and the bucket's encryption",
    ),
    EnvironmentFault.BUCKET_REGION: Advice(
        "the bucket is in another region than the one in which it is asked for",
        "keeps what it holds, receives nothing more, and tries one read at a time, at most a minute apart",
        "set buckets[].region to the bucket's own region; it is the queue's where it is not set",
    ),
    EnvironmentFault.DEAD_LETTERS: Advice(
        "ten messages in a row, or more than half of the last hundred, were dead letters: the agent may be to blame",
        "keeps what it holds, tries some hundred others, then one a minute, and gives one up at times",
        "see the reasons: are buckets, accounts, limits and the sink's settings right, is there a newer version",
    ),
    EnvironmentFault.QUEUE_UNAVAILABLE: Advice(
        "SQS does not answer, or answers with 5xx",
        f"{_ASKS}; unready after two minutes",
        "check the host in the detail, which is queue.url's unless an endpoint is set by name, and the network to it",
    ),
    EnvironmentFault.QUEUE_THROTTLED: Advice(
        "SQS says that it is asked too often",
        f"{_ASKS}; unready after two minutes",
        "nothing if it passes; else run fewer workers or replicas",
    ),
    EnvironmentFault.QUEUE_DENIED: Advice(
        "SQS refuses the agent: the role, the queue's policy or KMS key, the credentials or the clock",
        _ASKS,
        "allow the SQS actions of the agent's policy to its role, and kms:Decrypt on the queue's key; check the clock",
    ),
    EnvironmentFault.QUEUE_NO_CREDENTIALS: Advice(
        "no AWS credentials are found at the start",
        "looks for them again every 5 s",
        "give the agent a role, or AWS credentials in its environment or profile",
    ),
    EnvironmentFault.QUEUE_MISSING: Advice(
        "there is no queue of that name",
        _ASKS,
        "check queue.url and queue.region, and the host in the detail, where an endpoint set by name is asked",
    ),
    EnvironmentFault.QUEUE_SETTLING: Advice(
        "SQS gives messages, but lets none be deleted or given back",
        "shipped them; they come again when their lease ends, and repeats are recognised",
        "allow sqs:DeleteMessage and sqs:ChangeMessageVisibility to the agent's role",
    ),
}

DEAD_LETTERS: Final[Mapping[Reason, Advice]] = {
    Reason.NOTIFICATION_UNKNOWN: Advice(
        "the message, or a part of it, is no S3, SNS, EventBridge or CloudTrail notification of a known version",
        "delivered the parts that are known, and read nothing for this one",
        "see who sends to the queue; confirm an SNS subscription by hand; send notifications, not events",
    ),
    Reason.NOT_ALLOWED: Advice(
        "the bucket, its owner or the account is not listed, or the key is not that of a log file that can be read",
        "asked S3 for nothing of it",
        "do as `detail` says: list the bucket or account, or give the object a log file's name, then redrive; else see "
        "who sends this",
    ),
    Reason.OBJECT_MISSING: Advice(
        "S3 has no such object, or no such bucket",
        "asked for it at four receives, within some minutes",
        "see whether a lifecycle rule or a person deletes trail objects; redrive if it came back",
    ),
    Reason.OBJECT_UNREADABLE: Advice(
        "S3 refuses this object, though it gives others of its bucket; or it is archived, or encrypted by your key",
        "asked for it at four receives, within some minutes; for an archived one once",
        "see S3's code in the detail; allow s3:GetObject and kms:Decrypt, restore it, or write it anew; then redrive",
    ),
    Reason.OBJECT_CORRUPT: Advice(
        "the whole object arrived, and is empty, cut short, damaged, or not gzip as its name says",
        "read it twice, and exported nothing of it",
        "compare it with CloudTrail's digest file; redrive if it is whole now",
    ),
    Reason.OBJECT_TOO_LARGE: Advice(
        "the object passes one of limits.*, or is made to cost memory",
        "stopped reading it there, and exported nothing of it",
        "raise limits.* if the object is genuine, then redrive",
    ),
    Reason.OBJECT_MALFORMED: Advice(
        "the object is not CloudTrail's JSON, or not UTF-8",
        "exported nothing of it",
        "look at the object with `trail-agent inspect`, and see who else writes to the bucket",
    ),
    Reason.EVENT_MALFORMED: Advice(
        "an entry of Records is no JSON object, or cannot be decoded",
        "delivered the good ones beside it",
        "look at the object with `trail-agent inspect`, and see who else writes to the bucket",
    ),
    Reason.RECORD_TOO_LARGE: Advice(
        "the sink finds one record too large, even alone",
        "cut what could be cut, and delivered the others",
        "raise the sink's limit for large records, then redrive",
    ),
    Reason.SINK_REJECTED: Advice(
        "the sink refused a record for good",
        "delivered the others; where the sink does not say which, put aside every message of the request",
        "see the sink's words in the dead letter's `detail` attribute, mend it, then redrive",
    ),
    Reason.SINK_TOO_OLD: Advice(
        "the sink takes no records as old as this one",
        "delivered the newer ones, and sent none that are older, of the same account and region",
        "raise the sink's limit for old samples (Loki: reject_old_samples_max_age), then redrive",
    ),
}

_COMES_AGAIN: Final = "gave the message back for at most 1 minute, doubled each time up to 15"

RETRIES: Final[Mapping[RetryReason, Advice]] = {
    RetryReason.OBJECT_MISSING: Advice(
        "S3 has no such object, or not yet",
        f"{_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "nothing yet",
    ),
    RetryReason.ACCESS_DENIED: Advice(
        "S3 refuses this object, though it allows others of its bucket",
        f"{_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "see whether this key has another policy or KMS key than the rest of its bucket, or is gone",
    ),
    RetryReason.OBJECT_REFUSED: Advice(
        "S3 says that it cannot serve the read of this object: its encryption, its key, or a part of the request",
        f"{_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "see S3's code in the detail",
    ),
    RetryReason.OBJECT_INCOMPLETE: Advice(
        "the object is not sound, and perhaps not whole: it is shorter than announced, or S3 told no length",
        f"read it twice, then {_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "see whether the object is still being written, or a proxy stands before S3",
    ),
    RetryReason.BUCKET_DENIED: Advice(
        "S3 refuses an object, and perhaps its whole bucket: nothing else of it is at hand that would tell",
        f"waited five minutes, the next time twice as long, and {_COMES_AGAIN}",
        "allow s3:GetObject on the trail's prefix, s3:ListBucket and kms:Decrypt on its key to the agent's role",
    ),
    RetryReason.STORE_UNAVAILABLE: Advice(
        "S3 did not answer the read of this object, broke it off, or was asked too often; others could be read",
        f"read three times, then {_COMES_AGAIN}",
        "nothing if it passes; else see what is special about this object",
    ),
    RetryReason.DEAD_LETTER_UNAVAILABLE: Advice(
        "the dead-letter queue did not take the message",
        f"tried up to five times, never deleted it, and {_COMES_AGAIN}",
        "allow sqs:SendMessage on the dead-letter queue, and see that it exists",
    ),
    RetryReason.HELD_BACK: Advice(
        "the agent doubts itself, and a worker holds five hundred dead letters back already",
        _COMES_AGAIN,
        "see dead letters, above",
    ),
    RetryReason.BUG: Advice(
        "a bug of trail-agent",
        f"went on with the other messages, and {_COMES_AGAIN}",
        "please report it with the log line worker_failed",
    ),
}

_PASSED_OVER: Final = "counted it; the message is deleted once the rest of it is delivered"
_NOTHING: Final = "nothing"

IGNORED: Final[Mapping[IgnoredReason, Advice]] = {
    IgnoredReason.TEST_EVENT: Advice("S3 tried the way to the queue", _PASSED_OVER, _NOTHING),
    IgnoredReason.VALIDATION: Advice("CloudTrail tried the way to the queue", _PASSED_OVER, _NOTHING),
    IgnoredReason.REMOVED: Advice("an object was removed", _PASSED_OVER, "let the bucket notify of new objects only"),
    IgnoredReason.DIGEST: Advice("a CloudTrail digest file was written", _PASSED_OVER, _NOTHING),
    IgnoredReason.INSIGHT: Advice("a CloudTrail Insight file was written", _PASSED_OVER, _NOTHING),
    IgnoredReason.NETWORK_ACTIVITY: Advice(
        "a CloudTrail file of network activity events was written", _PASSED_OVER, _NOTHING
    ),
    IgnoredReason.AGGREGATED: Advice("a CloudTrail file of aggregated events was written", _PASSED_OVER, _NOTHING),
    IgnoredReason.LAKE: Advice("a result of a CloudTrail Lake query was written", _PASSED_OVER, _NOTHING),
    IgnoredReason.OTHER_KEY: Advice(
        "an object was written that is certainly no CloudTrail file",
        f"{_PASSED_OVER}; the log names each kind of key once",
        "let the bucket notify of its trail's prefix only",
    ),
    IgnoredReason.OTHER_EVENT: Advice(
        "something else than a new object is told of", _PASSED_OVER, "let the bucket notify of new objects only"
    ),
    IgnoredReason.OTHER_REGION: Advice(
        "a log file of a region was written that is not in regions", _PASSED_OVER, "list the region if you want it"
    ),
    IgnoredReason.OTHER_SERVICE: Advice(
        "another AWS service sent the message, and it names no log file in a listed bucket",
        f"{_PASSED_OVER}; the log names each sender once",
        "let the topic or rule send S3's and CloudTrail's notifications only",
    ),
}


def fault_of(part: str, kind: str) -> EnvironmentFault:
    """The fault of `part` (sink or queue) failing in the way called `kind`; an unlisted way counts as no answer."""
    try:
        return EnvironmentFault(f"{part} {kind}")
    except ValueError:
        return EnvironmentFault(f"{part} unavailable")
