"""Why a delivery comes again: one row for each reason."""

from __future__ import annotations

from typing import Final

from agent.faults.advice import Advised

_IN_VAIN: Final = "waited 30 s (the next time 60, and so on), then"
_COMES_AGAIN: Final = "hid the message for up to 1 minute; this limit doubles with each receive, up to 15 minutes"


_COMES_AGAIN_SLOWLY: Final = "hid the message for 2.5 to 5 minutes; this doubles with each receive, up to an hour"


class RetryReason(Advised):
    """Why a delivery was given back to the queue; the values of `trail_agent_retries_total{reason}`."""

    OBJECT_MISSING = (
        "object_missing",
        "S3 has no such object, or does not have it yet",
        f"{_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "nothing; if it becomes a dead letter, see there",
    )
    ACCESS_DENIED = (
        "access_denied",
        "S3 refuses this object and gives others of its bucket",
        f"{_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "check whether this object has another policy or KMS key than the rest of its bucket, or was deleted",
    )
    OBJECT_REFUSED = (
        "object_refused",
        "S3 cannot serve this read: the object's encryption, its key or the request forbids it, or it answers oddly",
        f"{_COMES_AGAIN}; the fourth receive, or a later one, makes it a dead letter",
        "see S3's code in `detail`",
    )
    OBJECT_INCOMPLETE = (
        "object_incomplete",
        "the object is not sound, and may be incomplete: it is shorter than announced, or its length is not known",
        f"read it twice, then {_COMES_AGAIN}; the fourth receive makes it a dead letter",
        "check whether the object is still being written, or whether there is a proxy before S3",
    )
    BUCKET_DENIED = (
        "bucket_denied",
        "S3 refuses an object, and maybe its whole bucket: the agent has read nothing else of it",
        f"{_IN_VAIN} {_COMES_AGAIN}",
        "allow s3:GetObject on the trail's prefix, s3:ListBucket and kms:Decrypt on its key to the agent's role",
    )
    BUCKET_REFUSED = (
        "bucket_refused",
        "S3 cannot serve the reads of several objects, and maybe of their whole bucket: the agent has read none of it",
        f"{_IN_VAIN} {_COMES_AGAIN}",
        "see S3's code in `detail`; check aws.endpoint_url, any proxy or VPC endpoint, and the bucket's encryption",
    )
    BUCKET_MISSING = (
        "bucket_missing",
        "S3 says that there is no such bucket; messages of other buckets get their turn",
        f"{_IN_VAIN} {_COMES_AGAIN}",
        "see the fault bucket missing; after maxReceiveCount receives, SQS moves the message to the dead-letter queue",
    )
    STORE_UNAVAILABLE = (
        "store_unavailable",
        "S3 did not answer the read of this object, broke it off, or got too many requests; or what answered is not S3",
        f"read three times, then {_COMES_AGAIN}",
        "nothing if it passes; else see who answered in `detail`, or find out what is special about this object",
    )
    DEAD_LETTER_UNAVAILABLE = (
        "dead_letter_unavailable",
        "the dead-letter queue did not take the message",
        f"tried up to five times, never deleted it, and {_COMES_AGAIN}",
        (
            "allow sqs:SendMessage on the dead-letter queue, and kms:GenerateDataKey on its key; "
            "check that the queue exists"
        ),
    )
    HELD_BACK = (
        "held_back",
        "the agent asks whether it is wrong (see dead letters), and this worker already holds 500 messages",
        _COMES_AGAIN,
        "see the fault dead letters",
    )
    SINK_TOO_OLD = (
        "sink_too_old",
        "the sink calls a record too old that is less than an hour old by the agent's clock, and takes others",
        f"{_COMES_AGAIN_SLOWLY}; the fourth receive makes it a dead letter",
        "compare the sink's clock with ours; look at its limit for old samples (Loki: reject_old_samples_max_age)",
    )
    SINK_TOO_NEW = (
        "sink_too_new",
        "the sink says that a record is from the future: a clock is wrong, or the event is forged",
        f"{_COMES_AGAIN_SLOWLY}; the fourth receive makes it a dead letter",
        "compare the sink's clock with the time of the event",
    )
    SINK_UNSETTLED = (
        "sink_unsettled",
        "the sink gives a record, sent alone, no answer that settles it; it accepts others and empty requests",
        f"{_COMES_AGAIN_SLOWLY}; after some tries it is shortened, or a dead letter",
        "see the sink's log, and that of any proxy or filter before it; find out what is special about this record",
    )
    BUG = (
        "bug",
        "a bug of trail-agent",
        f"went on with the other messages, and {_COMES_AGAIN}",
        "please report it, with the log line worker_failed",
    )
