"""Why a delivery becomes a dead letter: one row for each reason."""

from __future__ import annotations

from agent.faults.advice import Advised


class Reason(Advised):
    """Why a delivery was dead-lettered; the values of `trail_agent_dead_letters_total{reason}`."""

    NOTIFICATION_UNKNOWN = (
        "notification_unknown",
        "the message, or a part of it, is no S3, SNS, EventBridge or CloudTrail notification of a known version",
        "read nothing for this part, and delivered the others, if the message has any",
        "find out who sends to the queue; confirm an SNS subscription by hand; send notifications, not events",
    )
    NOT_ALLOWED = (
        "not_allowed",
        "the bucket, its owner or the account is not listed, or the key is not that of a log file that can be read",
        "asked S3 for nothing of it",
        (
            "do what `detail` says: list the bucket or account, or give the object a log file's name, then redrive; "
            "else find out who sends this"
        ),
    )
    OBJECT_MISSING = (
        "object_missing",
        "S3 has no such object",
        "asked for it at four receives, within some minutes",
        "find out whether a lifecycle rule or a person deletes trail objects; redrive if the object is back",
    )
    OBJECT_UNREADABLE = (
        "object_unreadable",
        (
            "S3 refuses this object, and not its whole bucket; or its answer cannot be read; or it is archived, or "
            "encrypted with a key of yours"
        ),
        "asked for it at four receives or more, within some minutes; only once if it is archived",
        "see S3's code in `detail`; allow s3:GetObject and kms:Decrypt, restore it, or write it again; then redrive",
    )
    OBJECT_CORRUPT = (
        "object_corrupt",
        "the whole object arrived, but it is empty, cut short as it was written, damaged, or packed in another way",
        "read it twice, and exported nothing of it",
        (
            "if `detail` says how it is packed, write it again without that, then redrive; "
            "else compare it with CloudTrail's digest file; redrive if the object is sound now"
        ),
    )
    OBJECT_TOO_LARGE = (
        "object_too_large",
        "the object is larger than one of the limits, or it is built to use up memory",
        "stopped reading at the limit, and exported nothing of it",
        (
            "if the object is genuine, raise the limit that `detail` names, then redrive; "
            "where it names none, the limit is fixed"
        ),
    )
    OBJECT_MALFORMED = (
        "object_malformed",
        "the object does not hold CloudTrail's JSON, or it is not UTF-8",
        "exported nothing of it",
        "look at the object with `trail-agent inspect`; find out who else writes to the bucket",
    )
    EVENT_MALFORMED = (
        "event_malformed",
        "an entry of `Records` is not a JSON object, or cannot be decoded",
        "delivered the other events of the object",
        "look at the object with `trail-agent inspect`; find out who else writes to the bucket",
    )
    RECORD_TOO_LARGE = (
        "record_too_large",
        "the sink says of a single record that it is too large",
        "shortened the record step by step, unless it cannot be shortened, and delivered the others",
        "raise the sink's limit for the size of a record, then redrive",
    )
    SINK_REJECTED = (
        "sink_rejected",
        "the sink refused a record and will refuse it again; or it takes others, and does not answer this one alone",
        "delivered the others; if the sink did not say which one, made a dead letter of each message in the request",
        "see the sink's words in the dead letter's attribute `detail`, correct the cause, then redrive",
    )
    SINK_TOO_OLD = (
        "sink_too_old",
        "the sink does not take records as old as this one",
        "delivered the newer ones; did not send older ones of the same account and region",
        "raise the sink's limit for old samples (Loki: reject_old_samples_max_age), or correct its clock; then redrive",
    )
    SINK_TOO_NEW = (
        "sink_too_new",
        "the sink says that a record is from the future: a clock is wrong, or the event is forged",
        "tried it at four receives, over at least a quarter of an hour, and delivered the others",
        "compare the sink's clock with the time of the event; correct the clock, then redrive",
    )
