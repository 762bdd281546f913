"""What the agent tells an operator about each kind of fault: the hints of the log, and the text of docs/faults.md.

Everything here is data. Each sentence is true for every cause of its kind. The `detail` beside it, in the log or in the
dead letter, says which cause it was.
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
        """What a log line says in its `hint`; its other fields say what happened."""
        return f"{self.did}; {self.do}"


_WAITS: Final = "keeps what it holds, receives nothing more, and sends one request at a time,"
_READS: Final = "keeps what it holds, receives nothing more, and tries one read at a time, at most a minute apart"
_ASKS: Final = "receives nothing, and asks again at most 30 s later"

ENVIRONMENT: Final[Mapping[EnvironmentFault, Advice]] = {
    EnvironmentFault.SINK_UNAVAILABLE: Advice(
        "the sink does not answer, answers too late or with 5xx, or only answers empty requests, or has no certificate "
        "that the agent trusts",
        f"{_WAITS} at most a minute apart, or as the sink asks (up to 5 min)",
        "check that the sink runs; check its address, otlp.protocol, http or https, network and certificate",
    ),
    EnvironmentFault.SINK_THROTTLED: Advice(
        "the sink says that it is overloaded, or that it gets too many requests",
        f"{_WAITS} as far apart as the sink asks (up to 5 min), else at most a minute",
        "nothing if it passes; else give the sink more memory, or raise its limits",
    ),
    EnvironmentFault.SINK_MISCONFIGURED: Advice(
        "what answers takes no log records: it speaks another protocol, answers with no OTLP response, "
        "redirects, or refuses even empty requests (400, 401, 403, 404)",
        f"{_WAITS} 5 to 60 s apart",
        "check otlp.protocol, otlp.endpoint (http or https, port, path) and the credentials in otlp.headers",
    ),
    EnvironmentFault.SINK_REFUSES: Advice(
        "the sink refuses every record with the same words and accepts none: its own settings may be wrong",
        "keeps what it holds, tries about a hundred other messages, then one a minute; makes no dead letter of them",
        "check the sink's limits and settings; the sink's own log has its words",
    ),
    EnvironmentFault.BUCKET_DENIED: Advice(
        "a bucket refuses every read, because of its policy, its KMS key, the role, the credentials or the clock",
        _READS,
        "allow s3:GetObject on the trail's prefix, s3:ListBucket and kms:Decrypt on its key to the agent's role; check "
        "its credentials and the clock",
    ),
    EnvironmentFault.BUCKET_UNAVAILABLE: Advice(
        "S3 does not answer the reads of a bucket, breaks them off, or says that it gets too many requests",
        _READS,
        "nothing if it passes; else check the network and any VPC endpoint to S3",
    ),
    EnvironmentFault.BUCKET_REFUSED: Advice(
        "S3, or what answers in its place, says of every read of a bucket that it cannot serve such a request",
        _READS,
        "see the code in `detail`; check aws.endpoint_url, any proxy or VPC endpoint, and the bucket's encryption",
    ),
    EnvironmentFault.BUCKET_REGION: Advice(
        "the bucket is in another region than the settings say",
        _READS,
        "set buckets[].region to the region of the bucket; if it is not set, the queue's region is used",
    ),
    EnvironmentFault.DEAD_LETTERS: Advice(
        "ten messages in a row, or more than half of the last hundred, would be dead letters: the agent may be wrong",
        "keeps what it holds, tries about a hundred other messages, then one a minute, and sometimes gives one up",
        "look at the reasons; check buckets, accounts, limits and the sink's settings; look for a newer version",
    ),
    EnvironmentFault.QUEUE_UNAVAILABLE: Advice(
        "SQS does not answer, or answers with 5xx",
        f"{_ASKS}; is not ready after two minutes",
        "check the host in `detail` and the network to it; it is the host of queue.url, unless an endpoint is set",
    ),
    EnvironmentFault.QUEUE_THROTTLED: Advice(
        "SQS says that it gets too many requests",
        f"{_ASKS}; is not ready after two minutes",
        "nothing if it passes; else run fewer workers or replicas",
    ),
    EnvironmentFault.QUEUE_DENIED: Advice(
        "SQS refuses the agent, because of the role, the queue's policy or KMS key, the credentials or the clock",
        _ASKS,
        "allow the SQS actions of deploy/iam/agent.json to its role, kms:Decrypt on the queue's key; check the clock",
    ),
    EnvironmentFault.QUEUE_NO_CREDENTIALS: Advice(
        "the agent found no AWS credentials at the start",
        "looks again every 5 s",
        "give the agent a role, or AWS credentials in its environment or profile",
    ),
    EnvironmentFault.QUEUE_MISSING: Advice(
        "there is no queue with this name",
        _ASKS,
        "check queue.url and queue.region; `detail` names the host, which may come from an endpoint that is set",
    ),
    EnvironmentFault.QUEUE_SETTLING: Advice(
        "SQS lets no message be deleted or given back, or does not answer when it is asked to",
        "keeps what it shipped under its leases, receives nothing more, and tries one request a minute",
        "allow sqs:DeleteMessage and sqs:ChangeMessageVisibility to the agent's role; check the network to the host",
    ),
}

DEAD_LETTERS: Final[Mapping[Reason, Advice]] = {
    Reason.NOTIFICATION_UNKNOWN: Advice(
        "the message, or a part of it, is no S3, SNS, EventBridge or CloudTrail notification of a known version",
        "delivered the parts that are known, and read nothing for this one",
        "find out who sends to the queue; confirm an SNS subscription by hand; send notifications, not events",
    ),
    Reason.NOT_ALLOWED: Advice(
        "the bucket, its owner or the account is not listed, or the key is not that of a log file that can be read",
        "asked S3 for nothing of it",
        "do what `detail` says: list the bucket or account, or give the object a log file's name, then redrive; else "
        "find out who sends this",
    ),
    Reason.OBJECT_MISSING: Advice(
        "S3 has no such object, or no such bucket",
        "asked for it at four receives, within some minutes",
        "find out whether a lifecycle rule or a person deletes trail objects; redrive if the object is back",
    ),
    Reason.OBJECT_UNREADABLE: Advice(
        "S3 refuses this object and gives others of its bucket; or it is archived, or encrypted with a key of yours",
        "asked for it at four receives, within some minutes; only once if it is archived",
        "see S3's code in `detail`; allow s3:GetObject and kms:Decrypt, restore it, or write it again; then redrive",
    ),
    Reason.OBJECT_CORRUPT: Advice(
        "the whole object arrived, but it is empty, cut short as it was written, or damaged",
        "read it twice, and exported nothing of it",
        "compare it with CloudTrail's digest file; redrive if the object is sound now",
    ),
    Reason.OBJECT_TOO_LARGE: Advice(
        "the object is larger than one of the limits, or it is built to use up memory",
        "stopped reading at the limit, and exported nothing of it",
        "if the object is genuine, raise the limit that `detail` names, then redrive",
    ),
    Reason.OBJECT_MALFORMED: Advice(
        "the object does not hold CloudTrail's JSON, or it is not UTF-8",
        "exported nothing of it",
        "look at the object with `trail-agent inspect`; find out who else writes to the bucket",
    ),
    Reason.EVENT_MALFORMED: Advice(
        "an entry of `Records` is not a JSON object, or cannot be decoded",
        "delivered the other events of the object",
        "look at the object with `trail-agent inspect`; find out who else writes to the bucket",
    ),
    Reason.RECORD_TOO_LARGE: Advice(
        "the sink says of a single record that it is too large",
        "shortened the record as far as it can, sent it again each time, and delivered the others",
        "raise the sink's limit for the size of a record, then redrive",
    ),
    Reason.SINK_REJECTED: Advice(
        "the sink refused a record, and will refuse it again; or never answers for it alone, though it takes others",
        "delivered the others; if the sink did not say which one, made a dead letter of each message in the request",
        "see the sink's words in the dead letter's attribute `detail`, correct the cause, then redrive",
    ),
    Reason.SINK_TOO_OLD: Advice(
        "the sink does not take records as old as this one",
        "delivered the newer ones; sent none that are older, of the same account and region",
        "raise the sink's limit for old samples (Loki: reject_old_samples_max_age), then redrive",
    ),
    Reason.SINK_TOO_NEW: Advice(
        "the sink says that a record is from the future: a clock is wrong, or the event is forged",
        "tried it at four receives, within some minutes, and delivered the others",
        "compare the sink's clock with the time of the event; correct the clock, then redrive",
    ),
}

_COMES_AGAIN: Final = "gave the message back for at most 1 minute, twice as long each time, up to 15 minutes"

RETRIES: Final[Mapping[RetryReason, Advice]] = {
    RetryReason.OBJECT_MISSING: Advice(
        "S3 has no such object, or does not have it yet",
        f"{_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "nothing; if it becomes a dead letter, see there",
    ),
    RetryReason.ACCESS_DENIED: Advice(
        "S3 refuses this object and gives others of its bucket",
        f"{_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "check whether this object has another policy or KMS key than the rest of its bucket, or was deleted",
    ),
    RetryReason.OBJECT_REFUSED: Advice(
        "S3 says that it cannot serve this read, because of the object's encryption, its key, or the request",
        f"{_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "see S3's code in `detail`",
    ),
    RetryReason.OBJECT_INCOMPLETE: Advice(
        "the object is not sound, and may be incomplete: it is shorter than announced, or S3 told no length",
        f"read it twice, then {_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "check whether the object is still being written, or whether there is a proxy before S3",
    ),
    RetryReason.BUCKET_DENIED: Advice(
        "S3 refuses an object, and maybe its whole bucket: the agent has read nothing else of it",
        f"waited five minutes, the next time twice as long, and {_COMES_AGAIN}",
        "allow s3:GetObject on the trail's prefix, s3:ListBucket and kms:Decrypt on its key to the agent's role",
    ),
    RetryReason.STORE_UNAVAILABLE: Advice(
        "S3 did not answer the read of this object, broke it off, or got too many requests; others could be read",
        f"read three times, then {_COMES_AGAIN}",
        "nothing if it passes; else find out what is special about this object",
    ),
    RetryReason.DEAD_LETTER_UNAVAILABLE: Advice(
        "the dead-letter queue did not take the message",
        f"tried up to five times, never deleted it, and {_COMES_AGAIN}",
        "allow sqs:SendMessage on the dead-letter queue; check that the queue exists",
    ),
    RetryReason.HELD_BACK: Advice(
        "the agent asks whether it is wrong (see dead letters), and this worker keeps five hundred messages already",
        _COMES_AGAIN,
        "see the fault dead letters",
    ),
    RetryReason.SINK_TOO_NEW: Advice(
        "the sink says that a record is from the future: a clock is wrong, or the event is forged",
        f"{_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "compare the sink's clock with the time of the event",
    ),
    RetryReason.BUG: Advice(
        "a bug of trail-agent",
        f"went on with the other messages, and {_COMES_AGAIN}",
        "please report it, with the log line worker_failed",
    ),
}

_PASSED_OVER: Final = "counted it; the message is deleted when everything else in it is delivered"
_NOTHING: Final = "nothing"

IGNORED: Final[Mapping[IgnoredReason, Advice]] = {
    IgnoredReason.TEST_EVENT: Advice("S3 sent a test message", _PASSED_OVER, _NOTHING),
    IgnoredReason.VALIDATION: Advice("CloudTrail sent a test message", _PASSED_OVER, _NOTHING),
    IgnoredReason.REMOVED: Advice(
        "an object was removed", _PASSED_OVER, "let the bucket send notifications of new objects only"
    ),
    IgnoredReason.DIGEST: Advice("a CloudTrail digest file was written", _PASSED_OVER, _NOTHING),
    IgnoredReason.INSIGHT: Advice("a CloudTrail Insight file was written", _PASSED_OVER, _NOTHING),
    IgnoredReason.NETWORK_ACTIVITY: Advice(
        "a CloudTrail file of network activity events was written", _PASSED_OVER, _NOTHING
    ),
    IgnoredReason.AGGREGATED: Advice("a CloudTrail file of aggregated events was written", _PASSED_OVER, _NOTHING),
    IgnoredReason.LAKE: Advice("a result of a CloudTrail Lake query was written", _PASSED_OVER, _NOTHING),
    IgnoredReason.OTHER_KEY: Advice(
        "an object was written that is certainly not a CloudTrail file",
        f"{_PASSED_OVER}; the log names each kind of key once",
        "let the bucket send notifications of its trail's prefix only",
    ),
    IgnoredReason.OTHER_EVENT: Advice(
        "the notification is about something other than a new object",
        _PASSED_OVER,
        "let the bucket send notifications of new objects only",
    ),
    IgnoredReason.OTHER_REGION: Advice(
        "a log file was written of a region that is not in the setting regions",
        _PASSED_OVER,
        "list the region if you want it",
    ),
    IgnoredReason.OTHER_SERVICE: Advice(
        "another AWS service sent the message, and it names no log file in a listed bucket",
        f"{_PASSED_OVER}; the log names each sender once",
        "let the topic or rule send only the notifications of S3 and CloudTrail",
    ),
}


def fault_of(part: str, kind: str) -> EnvironmentFault:
    """The fault of `part` (sink or queue) failing in the way called `kind`; an unlisted way counts as no answer."""
    try:
        return EnvironmentFault(f"{part} {kind}")
    except ValueError:
        return EnvironmentFault(f"{part} unavailable")
