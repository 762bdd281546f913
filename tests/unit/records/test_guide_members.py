"""Every member that AWS documents is an attribute, or stands in the body alone for a reason that is written here."""

from __future__ import annotations

import json

import pytest

from tests.support.events import encoded
from tests.support.objects import SOURCE
from tests.support.records import open_mapper

# CloudTrail user guide, "CloudTrail record contents" (record version 1.11), "CloudTrail userIdentity element" and
# "CloudTrail record contents for Insights events".
RECORD = """
    eventTime eventVersion userIdentity eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage
    requestParameters responseElements additionalEventData requestID eventID eventType apiVersion managementEvent
    readOnly resources recipientAccountId serviceEventDetails sharedEventID vpcEndpointId vpcEndpointAccountId
    eventCategory addendum sessionCredentialFromConsole eventContext edgeDeviceDetails tlsDetails insightDetails
""".split()
INSIDE = {
    "userIdentity": """
        type userName principalId arn accountId accessKeyId sessionContext invokedBy invokedByDelegate onBehalfOf
        inScopeOf credentialId identityProvider
    """.split(),
    "userIdentity.sessionContext": (
        "attributes sessionIssuer webIdFederationData sourceIdentity ec2RoleDelivery assumedRoot".split()
    ),
    "userIdentity.sessionContext.attributes": "creationDate mfaAuthenticated".split(),
    "userIdentity.sessionContext.sessionIssuer": "type userName principalId arn accountId".split(),
    "userIdentity.sessionContext.webIdFederationData": "federatedProvider attributes".split(),
    "userIdentity.invokedByDelegate": ["accountId"],
    "userIdentity.onBehalfOf": "userId identityStoreArn".split(),
    "userIdentity.inScopeOf": "sourceArn sourceAccount issuerType credentialsIssuedTo".split(),
    "tlsDetails": "tlsVersion cipherSuite clientProvidedHostHeader keyExchange".split(),
    "addendum": "reason updatedFields originalRequestID originalEventID".split(),
}
IN_THE_BODY_ALONE = {
    "userIdentity.sessionContext.webIdFederationData.attributes": "an open-ended map of the identity provider's claims",
}
FLAGS = {
    "readOnly",
    "managementEvent",
    "sessionCredentialFromConsole",
    "userIdentity.sessionContext.attributes.mfaAuthenticated",
}
LEAVES = [
    path
    for path in (*RECORD, *(f"{above}.{name}" for above, names in INSIDE.items() for name in names))
    if path not in INSIDE
]


def record_with(path: str) -> dict[str, object]:
    """A record whose one member is the one at `path`, with a value of the type that AWS documents."""
    value: object = f"<{path}>"
    if path in FLAGS:
        value = "true"
    elif path == "eventTime":
        value = "2026-11-24T10:00:00Z"
    elif path == "resources":
        value = [{"ARN": f"<{path}>"}]
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def told(path: str) -> str:
    """What the record says outside of its body when it holds the member at `path`."""
    record = open_mapper().to_record(encoded(record_with(path)), SOURCE)
    return json.dumps([dict(record.attributes), record.account, record.region, record.time_unix_nano], default=list)


@pytest.mark.parametrize("path", LEAVES)
def test_every_documented_member_is_told_apart_from_the_body(path: str) -> None:
    """A member that AWS documents is an attribute, the record's time, or its resource's; the others are listed."""
    if path in FLAGS:
        assert told(path) != told("nothing")
    elif path == "eventTime":
        assert str(1_795_514_400_000_000_000) in told(path)
    else:
        assert (f"<{path}>" in told(path)) is (path not in IN_THE_BODY_ALONE)
