"""Actors: the four questions that AWS asks of an identity, and one string to show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.records import actor
from agent.records.actor import ActorKind
from agent.trail.event import UserIdentity, decode
from tests.support.events import codecatalyst, encoded

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


OWN = {"REQUEST": "requestParameters", "RESPONSE": "responseElements", "ADDITIONAL": "additionalEventData"}


def shown(**members: object) -> str:
    """The actor of a record whose `userIdentity` has these members; those in capitals are the record's own."""
    own = {OWN[name]: value for name, value in members.items() if name in OWN}
    rest = {name: value for name, value in members.items() if name not in OWN}
    return actor.display(decode(encoded({**own, "userIdentity": rest})))


UUID = "544894e8-80c1-707f-60e3-3ba6510dfac1"
OTHER = "94d00cd8-e9e6-4810-b177-b08e84775435"
EVERYTHING = {
    "sessionContext": {"sourceIdentity": "mary@example.org"},
    "userName": "mary",
    "arn": ROLE_ARN,
    "principalId": "AROAEXAMPLEEXAMPLE123:mary@work.example",
    "onBehalfOf": {"userId": UUID},
    "userId": OTHER,
    "invokedBy": "x.amazonaws.com",
    "accountId": "111122223333",
}
ORDER = [
    "mary@example.org",
    "mary",
    "Admin/mary",
    "mary@work.example",
    UUID,
    OTHER,
    "x.amazonaws.com",
    "111122223333",
    "",
]


@pytest.mark.parametrize("gone", range(len(ORDER)))
@pytest.mark.parametrize("nothing", [None, "", " "])
def test_the_most_personal_name_is_shown(gone: int, nothing: object) -> None:
    """A person's name, the ARN's role and session, then ids, the invoking service and the account, in this order."""
    left = {name: (nothing if i < gone else value) for i, (name, value) in enumerate(EVERYTHING.items())}
    assert shown(**left) == ORDER[gone]


CENTER = {"type": "IdentityCenterUser", "onBehalfOf": {"userId": UUID}, "accountId": "111122223333"}


@pytest.mark.parametrize(
    ("members", "name"),
    [
        pytest.param({"userName": "mary@example.org"}, "mary@example.org", id="mail"),
        pytest.param({"ADDITIONAL": {"UserName": "mary", "LoginTo": "x"}}, "mary", id="sign-in"),
        pytest.param({"RESPONSE": {"userId": UUID, "userName": "mary"}}, "mary", id="own profile"),
        pytest.param({"RESPONSE": {"UserId": UUID, "primaryEmail": {"email": "m@x.org"}}}, "m@x.org", id="own mail"),
        pytest.param({"REQUEST": {"user": {"id": UUID, "DisplayName": "Mary"}}}, "Mary", id="one object deeper"),
        pytest.param({"RESPONSE": {"userId": OTHER, "userName": "bob"}}, UUID, id="another's profile"),
        pytest.param({"REQUEST": {"userName": "bob", "note": UUID}}, UUID, id="a name beside no id"),
        pytest.param({"RESPONSE": {"userId": UUID, "userName": ["mary"]}}, UUID, id="odd type"),
        pytest.param({"RESPONSE": f"{UUID} and prose"}, UUID, id="no object"),
        pytest.param({"arn": "arn:aws:iam::111122223333:user/invented"}, UUID, id="an ARN that AWS never writes"),
        pytest.param({"userName": "hmac-sha256:0123"}, UUID, id="masked"),
    ],
)
def test_an_identity_center_user_is_shown_by_name_where_the_record_has_one(
    members: dict[str, object], name: str
) -> None:
    """The id stays `user.id`; a name is only taken from where it can be nobody else's."""
    assert shown(**CENTER, **members) == name


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"type": "IAMUser", "userName": "mary", "principalId": "AIDAJ45Q7YFFAREXAMPLE"}, "mary"),
        ({"userName": "HIDDEN_DUE_TO_SECURITY_REASONS", "accountId": "111122223333"}, "HIDDEN_DUE_TO_SECURITY_REASONS"),
        ({"userName": "HIDDEN_DUE_TO_SECURITY_REASONS", "arn": ROLE_ARN}, "Admin/mary"),
        ({"type": "SAMLUser", "userName": "mary@x.org", "principalId": "yrKtTgvOQ9kNaQ=:mary@x.org"}, "mary@x.org"),
        ({"type": "SAMLUser", "principalId": "yrKtTgvOQ9kNaQ/Hx=:mary@x.org"}, "mary@x.org"),
        (
            {"type": "WebIdentityUser", "userName": "repo:org/repo:ref:refs/heads/main"},
            "repo:org/repo:ref:refs/heads/main",
        ),
        ({"type": "WebIdentityUser", "principalId": "arn:aws:iam::1:oidc-provider/x:sts:sub", "accountId": "1"}, "1"),
        ({"type": "FederatedUser", "principalId": "111122223333:mary"}, "mary"),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Admin/mary@x.org"}, "Admin/mary@x.org"),
        (
            {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Node/i-0123456789abcdef0"},
            "Node/i-0123456789abcdef0",
        ),
        (
            {
                "type": "AssumedRole",
                "arn": "arn:aws:sts::1:assumed-role/Node/1699999999",
                "onBehalfOf": {"userId": UUID},
            },
            UUID,
        ),
        (
            {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLEEXAMPLE123:mary@x.org",
                "sessionContext": {"sessionIssuer": {"userName": "Admin"}},
            },
            "Admin/mary@x.org",
        ),
        (
            {"type": "AssumedRole", "arn": ROLE_ARN, "sessionContext": {"sourceIdentity": "mary@x.org"}},
            "mary@x.org",
        ),
        ({"type": "Unknown", "principalId": "111122223333", "userName": "mary@x.org"}, "mary@x.org"),
        ({"type": "Unknown", "accountId": "111122223333", "ADDITIONAL": {"username": "mary"}}, "mary"),
        ({"type": "IAMUser", "userName": "mary", "REQUEST": {"userName": "bob"}}, "mary"),
        ({"principalId": "AIDAJ45Q7YFFAREXAMPLE"}, "AIDAJ45Q7YFFAREXAMPLE"),
    ],
)
def test_every_place_of_a_name_is_looked_at(members: dict[str, object], name: str) -> None:
    """Federation, sessions and sign-ins each write the name elsewhere; an id is shown where there is no name."""
    assert shown(**members) == name


@pytest.mark.parametrize(
    ("arn", "name"),
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
def test_an_arn_gives_its_last_part(arn: str, name: str) -> None:
    """The name in an ARN is shown, and an ARN without one is passed over."""
    assert shown(arn=arn, accountId="account") == name


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
    assert actor.user_id(shape) == shown(**members) == user
    assert actor.kind(shape) is kind
    assert actor.identity_store(shape) == members.get("onBehalfOf", members)["identityStoreArn"]


def test_an_id_with_half_a_surrogate_pair_is_an_id() -> None:
    """It can stand in an event as an escape, and then it is shown as it is."""
    user = f"{UUID}\ud800"
    request = {"member": {"userId": user, "userName": "mary"}}
    raw = json.dumps({"userIdentity": {"type": "IdentityCenterUser", "userId": user}, "requestParameters": request})
    assert user in actor.display(decode(raw.encode()))
