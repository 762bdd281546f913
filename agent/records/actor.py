"""Who acted: the four questions that AWS asks of an identity, and one string to show for the answer.

Page: CloudTrail user guide, "CloudTrail userIdentity element".
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from agent.trail.event import UserIdentity, text

BUILDER_ID_ACCOUNT: Final = "432677196278"
"""AWS's own account, which holds the identity store of every AWS Builder ID."""

_ARN_PARTS: Final = 6  # arn:partition:service:region:account:resource


class ActorKind(StrEnum):
    """The values of `aws.codecatalyst.actor.kind`."""

    BUILDER_ID = "builder_id"
    IDENTITY_CENTER_USER = "identity_center_user"
    ROOT = "root"
    IAM_USER = "iam_user"
    ASSUMED_ROLE = "assumed_role"
    FEDERATED_USER = "federated_user"
    AWS_SERVICE = "aws_service"
    AWS_ACCOUNT = "aws_account"
    UNKNOWN = "unknown"


_KINDS: Final = {
    "Root": ActorKind.ROOT,
    "IAMUser": ActorKind.IAM_USER,
    "AssumedRole": ActorKind.ASSUMED_ROLE,
    "Role": ActorKind.ASSUMED_ROLE,
    "FederatedUser": ActorKind.FEDERATED_USER,
    "SAMLUser": ActorKind.FEDERATED_USER,
    "WebIdentityUser": ActorKind.FEDERATED_USER,
    "Directory": ActorKind.FEDERATED_USER,
    "AWSService": ActorKind.AWS_SERVICE,
    "AWSAccount": ActorKind.AWS_ACCOUNT,
}


def kind(identity: UserIdentity) -> ActorKind:
    """What sort of identity this is."""
    identity_type = text(identity.type)
    if identity_type == "IdentityCenterUser":
        ours = _store_account(identity) == BUILDER_ID_ACCOUNT
        return ActorKind.BUILDER_ID if ours else ActorKind.IDENTITY_CENTER_USER
    if not identity_type and text(identity.invoked_by):
        return ActorKind.AWS_SERVICE
    return _KINDS.get(identity_type, ActorKind.UNKNOWN)


def user_id(identity: UserIdentity) -> str:
    """The Identity Center user on whose behalf the call was made; empty where there is none."""
    return text(identity.on_behalf_of.user_id) or text(identity.user_id)


def identity_store(identity: UserIdentity) -> str:
    """The ARN of the identity store that knows the user; empty where there is none."""
    return text(identity.on_behalf_of.identity_store_arn) or text(identity.identity_store_arn)


def display(identity: UserIdentity) -> str:
    """One string that names the actor: the most personal name that the record holds; empty where it holds none."""
    return (
        user_id(identity)
        or text(identity.user_name)
        or _name_in_arn(text(identity.arn))
        or text(identity.invoked_by)
        or text(identity.account_id)
    )


def _store_account(identity: UserIdentity) -> str:
    arn = identity_store(identity).split(":", 5)
    return arn[4] if len(arn) == _ARN_PARTS else text(identity.account_id)


def _name_in_arn(arn: str) -> str:
    """`role/session` of `arn:aws:sts::111122223333:assumed-role/role/session`; likewise for users and roles."""
    resource = arn.split(":", 5)[-1] if arn.startswith("arn:") else ""
    return resource.partition("/")[2]
