"""Calls that can blind the trail: logging is stopped, the demo's own bucket and queue are changed, a key is to go.

Shapes: the pages "Logging … API calls" of CloudTrail, S3, SQS and KMS.
"""

from __future__ import annotations

from agent.demo.calls.call import ACCOUNT, Call
from agent.demo.players import PlayerKind
from agent.demo.world import BUCKET, QUEUE

_EMULATED_ACCOUNT = "123456789012"
_TRAIL = f"arn:aws:cloudtrail:us-west-2:{ACCOUNT}:trail/example"
_KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_QUEUE_URL = f"https://sqs.us-west-2.amazonaws.com/{_EMULATED_ACCOUNT}/{QUEUE}"

CALLS = (
    Call("s3", "PutBucketPolicy", PlayerKind.ASSUMED_ROLE, {"bucketName": BUCKET, "bucketPolicy": {"Statement": []}}),
    Call("cloudtrail", "StopLogging", PlayerKind.ROOT, {"name": _TRAIL}),
    Call("sqs", "PurgeQueue", PlayerKind.IAM_USER, {"queueUrl": _QUEUE_URL}),
    Call(
        "kms",
        "ScheduleKeyDeletion",
        PlayerKind.ASSUMED_ROLE,
        {"keyId": _KEY, "pendingWindowInDays": 7},
        {"keyId": _KEY, "keyState": "PendingDeletion"},
    ),
)
