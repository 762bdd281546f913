"""What the work waits for, because no message is to blame: one row for each fault."""

from __future__ import annotations

from typing import Final, Self

from agent.faults.advice import Advised

_WAITS: Final = "keeps what it holds, receives nothing more, and sends one request at a time,"
_READS: Final = "keeps what it holds, receives nothing more, and tries one read at a time, at most a minute apart"
_MAKES_WAY: Final = f"{_READS}; may give one message back after 30 s, then 60 s, and so on"
_ASKS: Final = "receives nothing, and asks again at most 30 s later"


class EnvironmentFault(Advised):
    """Faults for which no message is to blame: the work waits. Each begins with the part that is at fault."""

    SINK_UNAVAILABLE = (
        "sink unavailable",
        (
            "the sink does not answer, answers too late or with 5xx, answers only empty requests, or has no "
            "certificate that the agent trusts"
        ),
        f"{_WAITS} at most a minute apart, or as the sink asks (up to 5 min)",
        (
            "check that the sink runs; if it closes or resets the connection, check otlp.protocol and http or https; "
            "else its address, the network and the certificate"
        ),
    )
    SINK_THROTTLED = (
        "sink throttled",
        "the sink says that it is overloaded, or that it gets too many requests",
        f"{_WAITS} as far apart as the sink asks (up to 5 min), else at most a minute",
        "nothing if it passes; else give the sink more memory, or raise its limits",
    )
    SINK_MISCONFIGURED = (
        "sink misconfigured",
        (
            "what answers does not take log records: it speaks another protocol, sends no OTLP response, "
            "redirects, or refuses even empty requests (400, 401, 403, 404)"
        ),
        (
            "keeps what it holds, receives nothing more, tries one request in 5 to 60 s; if empty ones pass, one "
            "record may be the cause: sends smaller ones to find it"
        ),
        (
            "check otlp.protocol, otlp.endpoint (http or https, port, path) and the credentials in otlp.headers, "
            "and any filter (WAF) before the sink"
        ),
    )
    SINK_REFUSES = (
        "sink refuses",
        (
            "the sink accepts no record: it refuses them, calls recent ones too old or too new, or answers only empty "
            "requests; its settings or clock may be wrong"
        ),
        "keeps what it holds, tries about 100 other messages or later events, then one a minute; buries no refused one",
        (
            "see the sink's log; check its limits and settings (Loki: reject_old_samples_max_age), its clock and this "
            "machine's clock, and any filter before it"
        ),
    )
    BUCKET_DENIED = (
        "bucket denied",
        "a bucket refuses every read, because of its policy, its KMS key, the role, the credentials or the clock",
        _MAKES_WAY,
        (
            "allow s3:GetObject on the trail's prefix, s3:ListBucket and kms:Decrypt on its key to the agent's role; "
            "check its credentials and the clock"
        ),
    )
    BUCKET_UNAVAILABLE = (
        "bucket unavailable",
        (
            "S3 does not answer the reads of a bucket, breaks them off, or says that it gets too many requests; or "
            "what answers is not S3, but a proxy or another server"
        ),
        _MAKES_WAY,
        "nothing if it passes; else check the network, aws.endpoint_url, and any proxy or VPC endpoint to S3",
    )
    BUCKET_REFUSED = (
        "bucket refused",
        "S3 says that it cannot serve the reads of this bucket: it says the same of several objects and gives none",
        _MAKES_WAY,
        "see the code in `detail`; check aws.endpoint_url, any proxy or VPC endpoint, and the bucket's encryption",
    )
    BUCKET_MISSING = (
        "bucket missing",
        "S3 says that there is no bucket of this name, though the setting buckets lists it",
        f"{_READS}; gives all messages back after 30 s, then 60 s, and so on",
        (
            "check the name in buckets, aws.endpoint_url, region and credentials; if the bucket was deleted on "
            "purpose, take it out of buckets"
        ),
    )
    BUCKET_REGION = (
        "bucket in another region",
        "the bucket is in another region than the settings say",
        _READS,
        "set buckets[].region to the region of the bucket; if it is not set, the queue's region is used",
    )
    DEAD_LETTERS = (
        "dead letters",
        "ten messages in a row, or more than half of the last hundred, would be dead letters: the agent may be wrong",
        (
            "keeps what it holds, tries about 100 other messages, then one a minute; at least once an hour, one of "
            "those that it holds becomes a dead letter"
        ),
        "look at the reasons; check buckets, accounts, limits and the sink's settings; look for a newer version",
    )
    LOG_UNAVAILABLE = (
        "log unavailable",
        "a log of AWS, such as a region's Event history, does not answer, or answers with 5xx",
        "asks again at most 30 s later, and goes on where it was",
        "nothing if it passes; else check the network to AWS, and aws.endpoint_url",
    )
    LOG_THROTTLED = (
        "log throttled",
        "a log of AWS, such as a region's Event history, says that it gets too many requests; others' count, too",
        "asks again at most 30 s later, and goes on where it was",
        "nothing if it passes; else find out who else asks for the events of this account and region, or of this space",
    )
    LOG_DENIED = (
        "log denied",
        "AWS refuses the Event history of a region, because of the role, an organisation's policy or the credentials",
        "asks again at most 30 s later, and goes on where it was; whatever else is read goes on meanwhile",
        "allow cloudtrail:LookupEvents to the agent's role; check its credentials, and whether the region is enabled",
    )
    LOG_REFUSED = (
        "log refused",
        "AWS does not take the question for the Event history of a region",
        "asks again at most 30 s later, and goes on where it was; whatever else is read goes on meanwhile",
        "see AWS's code in `detail`; check event_history.regions, aws.endpoint_url and the clock",
    )
    CHECKPOINT_UNUSABLE = (
        "checkpoint unusable",
        "the checkpoint file of Event history is in use, damaged or another account's, or cannot be read",
        "asks for no Event history, and looks again every 5 s; a queue, if there is one, goes on meanwhile",
        "do what `detail` says; only one agent may use the file of event_history.checkpoint_file",
    )
    CHECKPOINT_UNWRITTEN = (
        "checkpoint unwritten",
        "the checkpoint file of Event history cannot be written: the disk is full, say, or its folder is read-only",
        "goes on reading and shipping, and tries again at the next event; a restart ships again what is not in it",
        "make room on the disk, or let the agent write into the folder of event_history.checkpoint_file",
    )
    QUEUE_UNAVAILABLE = (
        "queue unavailable",
        "SQS does not answer, or answers with 5xx",
        f"{_ASKS}; is not ready after two minutes",
        "check the host in `detail` and the network to it; it is the host of queue.url, unless an endpoint is set",
    )
    QUEUE_THROTTLED = (
        "queue throttled",
        "SQS says that it gets too many requests",
        f"{_ASKS}; is not ready after two minutes",
        "nothing if it passes; else run fewer workers or replicas",
    )
    QUEUE_DENIED = (
        "queue denied",
        "SQS refuses the agent, because of the role, the queue's policy or KMS key, the credentials or the clock",
        _ASKS,
        "allow the SQS actions of deploy/iam/agent.json to its role, kms:Decrypt on the queue's key; check the clock",
    )
    QUEUE_NO_CREDENTIALS = (
        "queue no_credentials",
        "the agent found no AWS credentials at the start",
        "looks again every 5 s",
        "give the agent a role, or AWS credentials in its environment or profile",
    )
    QUEUE_MISSING = (
        "queue missing",
        "there is no queue with this name",
        _ASKS,
        "check queue.url and queue.region; `detail` names the host, which may come from an endpoint that is set",
    )
    QUEUE_SETTLING = (
        "queue settling",
        "SQS refuses to delete messages or to give them back, or does not answer such requests",
        "keeps what it shipped under its leases, receives nothing more, and tries one request a minute",
        "allow sqs:DeleteMessage and sqs:ChangeMessageVisibility to the agent's role; check the network to the host",
    )

    @classmethod
    def of_part(cls, part: str, kind: str) -> Self:
        """The fault of `part` (sink or queue) failing in the way called `kind`; an unlisted way counts as no answer."""
        try:
            return cls(f"{part} {kind}")
        except ValueError:
            return cls(f"{part} unavailable")
