"""The calls that can blind this agent: to the trail, to its bucket, to the queue, and to the keys that encrypt them.

Pages: "Logging AWS CloudTrail API calls", "Amazon S3 CloudTrail events", "Logging Amazon SQS API calls", "Logging AWS
KMS API calls with AWS CloudTrail". S3 logs PutBucketLifecycleConfiguration as PutBucketLifecycle, and
PutBucketNotificationConfiguration as PutBucketNotification.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from agent.records.profiles.profile import Known, Ours, Profile, plain_source
from agent.records.subject import Name, Subject, Subjects
from agent.trail.event import TrailEvent, text

_CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"
_S3: Final = "s3.amazonaws.com"
_SQS: Final = "sqs.amazonaws.com"
_KMS: Final = "kms.amazonaws.com"
_PREFIX: Final = "aws.trail_guard"
_TARGET: Final = f"{_PREFIX}.target"

CALLS: Final = {
    _CLOUDTRAIL: frozenset({"DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "StopLogging", "UpdateTrail"}),
    _S3: frozenset(
        {"DeleteBucket", "DeleteBucketPolicy", "PutBucketLifecycle", "PutBucketNotification", "PutBucketPolicy"}
    ),
    _SQS: frozenset({"AddPermission", "DeleteQueue", "PurgeQueue", "RemovePermission", "SetQueueAttributes"}),
    _KMS: frozenset({"DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion"}),
}

_SUBJECTS: Final = (
    Subject(
        "target",
        (
            Name("bucketName"),
            Name("queueUrl"),
            Name("keyId"),
            Name("trailName"),
            Name("name"),
            Name("trailARN"),
        ),
    ),
)
_targets: Final = Subjects(_PREFIX, _SUBJECTS)


def queue_path(url: str) -> str:
    """`account/name` of a queue's URL, whatever host it names: the host differs from one event to the next."""
    return "/".join(urlsplit(url).path.strip("/").split("/")[-2:])


def is_about_ours(event: TrailEvent, ours: Ours) -> bool:
    """Whether the call is on a trail, or on a bucket, queue or key of `ours`.

    A call that names nothing counts as ours, too.
    """
    target = _targets.of(text(event.event_name)).read(event).get(_TARGET, "")
    match plain_source(text(event.event_source)):
        case "s3.amazonaws.com":
            return _is_one_of(target, ours.buckets)
        case "sqs.amazonaws.com":
            return _is_one_of(queue_path(target), ours.queues)
        case "kms.amazonaws.com":
            return ours.keys is None or not target or _is_key_of(_key_names(event, target), ours.keys)
        case _:
            return True


def _is_one_of(name: str, names: frozenset[str] | None) -> bool:
    return names is None or not name or name in names


def _key_names(event: TrailEvent, target: str) -> list[str]:
    """Every name that the event has for its key: the one that the caller used, and the ARN that KMS knows."""
    resources = event.resources if isinstance(event.resources, list) else []
    return [target, *(text(one.get("ARN")) for one in resources if isinstance(one, dict))]


def _is_key_of(names: list[str], keys: frozenset[str]) -> bool:
    """Whether one of `names` is a key of ours; an id and the ARN that ends in it are the same key."""
    ends = {key.rpartition(":key/")[2] for key in keys}
    return any(name in keys or name.rpartition(":key/")[2] in ends for name in names)


TRAIL_GUARD: Final = Profile(
    name="trail_guard",
    title="calls that can blind the trail",
    prefix=_PREFIX,
    calls=CALLS,
    is_about=is_about_ours,
    known=tuple(Known(source, events) for source, events in CALLS.items()),
    spellings={
        "putbucketlifecycleconfiguration": "PutBucketLifecycle",
        "putbucketnotificationconfiguration": "PutBucketNotification",
    },
    subjects=_SUBJECTS,
    where=("target",),
    critical=frozenset().union(*CALLS.values()),
)
