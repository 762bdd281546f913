"""Actors: the four questions that AWS asks of an identity, and one string to show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.records import actor
from agent.records.actor import ActorKind
from agent.trail.event import UserIdentity, decode
from tests.support.samples import codecatalyst, encoded

STORE = "arn:aws:identitystore::{}:identitystore/d-1"
ROLE_ARN = "arn:aws:sts::111122223333:assumed-role/Admin/mary"


def identity(**members: object) -> UserIdentity:
    """A `userIdentity` as a record holds it."""
    return decode(encoded({"userIdentity": members})).user_identity


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"type": "IdentityCenterUser", "accountId": "432677196278"}, ActorKind.BUILDER_ID),
        ({"type": "IdentityCenterUser", "accountId": "111122223333"}, ActorKind.IDENTITY_CENTER_USER),
        ({"type": "IdentityCenterUser"}, ActorKind.IDENTITY_CENTER_USER),
        (
            {"type": "IdentityCenterUser", "onBehalfOf": {"identityStoreArn": STORE.format("432677196278")}},
            ActorKind.BUILDER_ID,
        ),
        (
            {
                "type": "IdentityCenterUser",
                "accountId": "432677196278",
                "onBehalfOf": {"identityStoreArn": STORE.format("111122223333")},
            },
            ActorKind.IDENTITY_CENTER_USER,
        ),
        ({"type": "IdentityCenterUser", "identityStoreArn": STORE.format("432677196278")}, ActorKind.BUILDER_ID),
        ({"type": "Root"}, ActorKind.ROOT),
        ({"type": "IAMUser"}, ActorKind.IAM_USER),
        ({"type": "AssumedRole"}, ActorKind.ASSUMED_ROLE),
        ({"type": "Role"}, ActorKind.ASSUMED_ROLE),
        ({"type": "FederatedUser"}, ActorKind.FEDERATED_USER),
        ({"type": "SAMLUser"}, ActorKind.FEDERATED_USER),
        ({"type": "WebIdentityUser"}, ActorKind.FEDERATED_USER),
        ({"type": "Directory"}, ActorKind.FEDERATED_USER),
        ({"type": "AWSService"}, ActorKind.AWS_SERVICE),
        ({"invokedBy": "codecatalyst-runner.amazonaws.com"}, ActorKind.AWS_SERVICE),
        ({"type": " ", "invokedBy": "codecatalyst-runner.amazonaws.com"}, ActorKind.AWS_SERVICE),
        ({"type": "Nova", "invokedBy": "codecatalyst-runner.amazonaws.com"}, ActorKind.UNKNOWN),
        ({"type": "AWSAccount"}, ActorKind.AWS_ACCOUNT),
        ({"type": " AWSAccount "}, ActorKind.AWS_ACCOUNT),
        ({"type": "Nova"}, ActorKind.UNKNOWN),
        ({"type": 7}, ActorKind.UNKNOWN),
        ({}, ActorKind.UNKNOWN),
    ],
)
def test_every_identity_has_a_kind(members: dict[str, object], kind: ActorKind) -> None:
    """Each type answers one of AWS's questions; the identity store tells a Builder ID from a workforce user."""
    assert actor.kind(identity(**members)) is kind


EVERYTHING = {
    "onBehalfOf": {"userId": "user-1"},
    "userId": "user-2",
    "userName": "mary",
    "arn": ROLE_ARN,
    "invokedBy": "x.amazonaws.com",
    "accountId": "111122223333",
}
ORDER = ["user-1", "user-2", "mary", "Admin/mary", "x.amazonaws.com", "111122223333", ""]


@pytest.mark.parametrize("gone", range(len(ORDER)))
@pytest.mark.parametrize("nothing", [None, "", " "])
def test_the_most_personal_name_is_shown(gone: int, nothing: object) -> None:
    """User id, user name, the ARN's role and session, the invoking service, the account, in this order."""
    left = {name: (nothing if i < gone else value) for i, (name, value) in enumerate(EVERYTHING.items())}
    assert actor.display(identity(**left)) == ORDER[gone]


@pytest.mark.parametrize(
    ("arn", "shown"),
    [
        (ROLE_ARN, "Admin/mary"),
        ("arn:aws:iam::111122223333:user/mary", "mary"),
        ("arn:aws-cn:iam::111122223333:user/team/mary", "team/mary"),
        ("arn:aws:sts::111122223333:federated-user/mary", "mary"),
        ("arn:aws:sts::111122223333:assumed-role/Admin/a:b", "Admin/a:b"),
        ("arn:aws:iam::111122223333:root", "account"),
        ("role-ARN", "account"),
        ("", "account"),
    ],
)
def test_an_arn_gives_its_last_part(arn: str, shown: str) -> None:
    """The name in an ARN is shown, and an ARN without one is passed over."""
    assert actor.display(identity(arn=arn, accountId="account")) == shown


SHAPES: list[dict[str, Any]] = json.loads(codecatalyst("identity-center-user-shapes.json"))["shapes"]
SHOWN = [
    ("544894e8-80c1-707f-60e3-3ba6510dfac1", ActorKind.IDENTITY_CENTER_USER),
    ("user-ID", ActorKind.BUILDER_ID),
    ("94d00cd8-e9e6-4810-b177-b08e84775435", ActorKind.IDENTITY_CENTER_USER),
    ("redacted", ActorKind.IDENTITY_CENTER_USER),
    ("d-12345abcde", ActorKind.IDENTITY_CENTER_USER),
    ("e3644802-3061-7018-86c3-USERID", ActorKind.IDENTITY_CENTER_USER),
]


@pytest.mark.parametrize("number", range(len(SHAPES)))
def test_every_public_shape_of_an_identity_center_user_is_understood(number: int) -> None:
    """Nested or flat, with empty strings or without: the person and the store are found."""
    members = SHAPES[number]["userIdentity"]
    user, kind = SHOWN[number]
    shape = identity(**members)
    assert actor.user_id(shape) == actor.display(shape) == user
    assert actor.kind(shape) is kind
    assert actor.identity_store(shape) == members.get("onBehalfOf", members)["identityStoreArn"]
