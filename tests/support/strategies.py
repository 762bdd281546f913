"""Hypothesis strategies for what reaches the agent from outside, from the ordinary to the hostile.

What a property finds is to be kept as a unit test.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from agent.records.actor import IDENTITY_TYPES
from agent.records.profiles.codecatalyst import KNOWN_EVENTS
from tests.support.messages import s3_event, sns
from tests.support.objects import BUCKET, KEY

MORE_EXAMPLES = settings(max_examples=2 * settings().max_examples)
"""For what is at the heart: twice as many as the profile in use has."""

TEXT = st.text(max_size=30)
ODD_TEXT = st.text(st.characters(codec=None), max_size=30)  # with lone surrogates and control characters
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False), ODD_TEXT
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT, inner, max_size=3), max_leaves=8
)
SOUND_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SOURCES = st.sampled_from(
    [
        "codecatalyst.amazonaws.com",
        " CodeCatalyst.AmazonAWS.com ",
        "account-ID",
        "",
        "codestar-connections.amazonaws.com",
    ]
)
NAMES = st.sampled_from(sorted(KNOWN_EVENTS)) | st.sampled_from(["AssociateIAMRoletoConnection", "Nova", ""])
PARAMETERS = st.none() | st.dictionaries(
    st.sampled_from(["spaceName", "projectName", "name", "id", "connectionId", "workflowId"]) | TEXT,
    SOUND_JSON,
    max_size=4,
)
IDENTITIES = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(IDENTITY_TYPES))},
    optional={
        "principalId": TEXT,
        "arn": st.sampled_from(["", "role-ARN", "arn:aws:sts::111122223333:assumed-role/Admin/mary"]),
        "accountId": st.sampled_from(["111122223333", "432677196278"]),
        "userName": TEXT,
        "invokedBy": TEXT,
        "onBehalfOf": st.fixed_dictionaries({"userId": TEXT, "identityStoreArn": TEXT}),
        "sessionContext": st.fixed_dictionaries({"attributes": st.fixed_dictionaries({"mfaAuthenticated": TEXT})}),
    },
)
_MEMBERS = {
    "eventVersion": st.just("1.09"),
    "eventTime": st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}"),
    "eventSource": SOURCES,
    "eventName": NAMES,
    "awsRegion": st.sampled_from(["us-west-2", "eu-west-1"]),
    "sourceIPAddress": st.sampled_from(["192.0.2.1", "2001:db8::1", "AWS Internal", "ec2.amazonaws.com"]),
    "userAgent": TEXT,
    "requestParameters": PARAMETERS,
    "responseElements": PARAMETERS,
    "eventID": st.uuids().map(str),
    "readOnly": st.booleans(),
    "recipientAccountId": st.sampled_from(["111122223333", "444455556666"]),
    "userIdentity": IDENTITIES,
}
EVENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    _MEMBERS, optional={"errorCode": TEXT, "errorMessage": TEXT, "additionalEventData": PARAMETERS}
)
"""Events as CloudTrail writes them: every member has its type."""

HOSTILE_EVENTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from([*_MEMBERS, "resources", "tlsDetails", "addendum", "errorCode", "vpcEndpointId"]) | ODD_TEXT,
    JSON | IDENTITIES,
    max_size=8,
)
"""Events whose members are of any type."""

ENTRIES = EVENTS | HOSTILE_EVENTS | JSON
"""Entries of `Records[]`, some of which are no objects at all."""

RAWS = st.builds(
    lambda value, ascii_only: json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace"),
    EVENTS | HOSTILE_EVENTS,
    st.booleans(),
)
"""The bytes of events, with escapes or without, lone surrogates among them."""

KEYS = st.sampled_from([KEY, f"audit trail+1/{KEY}", KEY.replace("CloudTrail", "CloudTrail-Digest")]) | ODD_TEXT
NOTIFICATIONS: st.SearchStrategy[str] = st.one_of(
    ODD_TEXT,
    JSON.map(json.dumps),
    st.builds(s3_event, KEYS, bucket=st.just(BUCKET) | TEXT),
    st.builds(
        lambda keys, bucket: json.dumps({"s3Bucket": bucket, "s3ObjectKey": keys}),
        st.lists(KEYS | JSON, max_size=3),
        JSON,
    ),
    st.builds(
        lambda key, detail_type: json.dumps(
            {
                "source": "aws.s3",
                "detail-type": detail_type,
                "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}},
            }
        ),
        KEYS,
        JSON,
    ),
)
"""The texts of SQS messages: every form, and none."""

ENVELOPED: st.SearchStrategy[str] = st.builds(sns, NOTIFICATIONS)
"""The same, inside SNS's envelope."""
