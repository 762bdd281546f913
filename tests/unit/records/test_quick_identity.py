"""Identities, read quickly: the same as read member by member, and once only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.model import AttributeGroup
from agent.records.actor import Actor
from agent.records.mapping import TABLE
from agent.records.quick_identity import MEMBER, Identities, KnownIdentity
from agent.records.rows import RowReader
from agent.trail.event import decode
from agent.trail.usual_event import UnusualEventError
from tests.support.events import encoded

ROWS = [row for row in TABLE if row.member.startswith(MEMBER)]
IDENTITIES = Identities(ROWS)
PLAINLY = RowReader(ROWS)
SESSION = {"attributes": {"creationDate": "2026-11-24T10:00:00Z", "mfaAuthenticated": "false"}, "sessionIssuer": {}}
ISSUER = {
    "type": "Role",
    "principalId": "AROAEXAMPLE",
    "arn": "arn:aws:iam::1:role/r",
    "accountId": "1",
    "userName": "r",
}


def known(members: object) -> KnownIdentity:
    """What is known of an identity."""
    return IDENTITIES[json.dumps(members).encode()]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"type": "Root", "principalId": "1", "accessKeyId": "", "sessionContext": SESSION},
        {"type": "IAMUser", "userName": " mary ", "arn": "arn:aws:iam::1:user/mary"},
        {"type": "AssumedRole", "principalId": "A:mary", "sessionContext": {**SESSION, "sessionIssuer": ISSUER}},
        {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u", "identityStoreArn": "s"}, "credentialId": "c"},
        {"type": "IdentityCenterUser", "userId": "u", "identityStoreArn": "s"},
        {"invokedBy": "x", "invokedByDelegate": {"accountId": "1"}},
        {"inScopeOf": {"sourceArn": "a", "sourceAccount": "1", "issuerType": "i", "credentialsIssuedTo": "c"}},
        {"sessionContext": {"attributes": {"mfaAuthenticated": " TRUE "}, "sourceIdentity": "jane"}},
        {"sessionContext": {"attributes": {"mfaAuthenticated": "perhaps"}, "ec2RoleDelivery": "2.0"}},
        {"sessionContext": {"webIdFederationData": {"federatedProvider": "p"}, "assumedRoot": "true"}},
        {"type": None, "onBehalfOf": {}, "unknown": {"a": [1]}},
    ],
)
def test_it_tells_what_its_members_tell(members: dict[str, Any]) -> None:
    """The attributes, in their order, and who acted."""
    identity = decode(encoded({MEMBER: members})).user_identity
    told = known(members)
    attributes = [pair for group in told.parts if isinstance(group, AttributeGroup) for pair in group.pairs]
    assert attributes == list(PLAINLY(decode(encoded({MEMBER: members}))).items())
    assert told.actor == Actor.of(identity)
    assert told.display == told.actor.display(decode(b"{}"))


def test_what_is_not_there_tells_nothing() -> None:
    """An event without an identity, as AWS's services write it."""
    told = IDENTITIES[b""]
    assert (told.parts, told.display, told.kind) == ((), "", "unknown")


@pytest.mark.parametrize(
    "members",
    [
        "mary",
        None,
        {"onBehalfOf": 7},
        {"type": 7},
        {"sessionContext": {"attributes": {"mfaAuthenticated": True}}},
        {"type": "Root", "userName": " "},
        {"userId": "one", "onBehalfOf": {"userId": "other"}},
    ],
)
def test_what_takes_more_to_read_is_unusual(members: object) -> None:
    """Flags and numbers, blanks that count as nothing, and two members of which one counts: read member by member."""
    with pytest.raises(UnusualEventError):
        known(members)


def test_the_same_identity_is_read_once() -> None:
    """Whoever acts again shares the attributes; another session of the same role does not."""
    first, again, other = (known({"type": "Root", "accessKeyId": key}) for key in ("a", "a", "b"))
    assert first is again
    assert first.parts is not other.parts
