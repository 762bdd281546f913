"""`userIdentity` elements of every kind that can act on a space or on its connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from msgspec import UNSET

from agent.demo.cast import Person, Space
from agent.demo.shapes import OnBehalfOf, SessionAttributes, SessionContext, SessionIssuer, UserIdentity


class PlayerKind(StrEnum):
    """Kinds of identity. One `userIdentity.type` each, but for the two stores of an IdentityCenterUser and for none."""

    BUILDER_ID = "BuilderId"
    COMPANY_USER = "CompanyUser"
    ASSUMED_ROLE = "AssumedRole"
    IAM_USER = "IAMUser"
    ROOT = "Root"
    FEDERATED_USER = "FederatedUser"
    AWS_SERVICE = "AWSService"
    SAML_USER = "SAMLUser"
    WEB_IDENTITY_USER = "WebIdentityUser"
    AWS_ACCOUNT = "AWSAccount"
    ROLE = "Role"
    DIRECTORY = "Directory"
    NONE = "None"

    @property
    def user_type(self) -> str:
        """`userIdentity.type`; `Unknown` where the record has none, as in the metric's label."""
        if self in (PlayerKind.BUILDER_ID, PlayerKind.COMPANY_USER):
            return "IdentityCenterUser"
        return "Unknown" if self is PlayerKind.NONE else self.value


@dataclass(frozen=True, slots=True)
class Player:
    """A person acting as one kind of identity. `unique` is 16 characters that tell its credentials apart."""

    kind: PlayerKind
    person: Person
    space: Space
    account: str
    unique: str
    since: str


def identity(player: Player) -> UserIdentity:
    """The `userIdentity` of `player`, with the fields that CloudTrail writes for its kind."""
    return _IDENTITIES[player.kind](player)


def source_address(player: Player) -> str:
    """The `sourceIPAddress` of `player`: an AWS service has a host name."""
    return _SERVICE if player.kind in (PlayerKind.AWS_SERVICE, PlayerKind.NONE) else player.person.address


def user_agent(player: Player) -> str:
    """The `userAgent` of `player`."""
    return _SERVICE if player.kind in (PlayerKind.AWS_SERVICE, PlayerKind.NONE) else player.person.user_agent


_SERVICE = "codecatalyst-runner.amazonaws.com"
_ROLE = "Admin"


def _identity_center_user(player: Player) -> UserIdentity:
    store = player.space.identity_store_arn
    return UserIdentity(
        type="IdentityCenterUser",
        account_id=player.space.identity_store_account,
        on_behalf_of=OnBehalfOf(player.person.user_id, store),
        credential_id=f"ABCDefGhiJKLMn11Lmn_1AbCDEFgHijk-AaBCdEF{player.unique}EXAMPLE",
    )


def _assumed_role(player: Player) -> UserIdentity:
    principal = f"AROA{player.unique}"
    issuer = SessionIssuer(
        type="Role",
        principal_id=principal,
        arn=f"arn:aws:iam::{player.account}:role/{_ROLE}",
        account_id=player.account,
        user_name=_ROLE,
    )
    return UserIdentity(
        type="AssumedRole",
        principal_id=f"{principal}:{player.person.login}",
        arn=f"arn:aws:sts::{player.account}:assumed-role/{_ROLE}/{player.person.login}",
        account_id=player.account,
        access_key_id=f"ASIA{player.unique}",
        session_context=_session(player, issuer, mfa="false"),
    )


def _session(player: Player, issuer: SessionIssuer | None, *, mfa: str) -> SessionContext:
    return SessionContext(
        session_issuer=issuer or UNSET,
        web_id_federation_data={} if issuer else UNSET,
        attributes=SessionAttributes(player.since, mfa),
    )


def _iam_user(player: Player) -> UserIdentity:
    return UserIdentity(
        type="IAMUser",
        principal_id=f"AIDA{player.unique}",
        arn=f"arn:aws:iam::{player.account}:user/{player.person.login}",
        account_id=player.account,
        access_key_id=f"AKIA{player.unique}",
        user_name=player.person.login,
    )


def _root(player: Player) -> UserIdentity:
    return UserIdentity(
        type="Root",
        principal_id=player.account,
        arn=f"arn:aws:iam::{player.account}:root",
        account_id=player.account,
        access_key_id="",
        session_context=_session(player, None, mfa="true"),
    )


def _federated_user(player: Player) -> UserIdentity:
    issuer = SessionIssuer(
        type="IAMUser",
        principal_id=f"AIDA{player.unique}",
        arn=f"arn:aws:iam::{player.account}:user/federation-broker",
        account_id=player.account,
        user_name="federation-broker",
    )
    return UserIdentity(
        type="FederatedUser",
        principal_id=f"{player.account}:{player.person.login}",
        arn=f"arn:aws:sts::{player.account}:federated-user/{player.person.login}",
        account_id=player.account,
        access_key_id=f"ASIA{player.unique}",
        session_context=_session(player, issuer, mfa="false"),
    )


def _aws_service(_player: Player) -> UserIdentity:
    return UserIdentity(type="AWSService", invoked_by=_SERVICE)


def _no_type(player: Player) -> UserIdentity:
    return UserIdentity(account_id=player.account, invoked_by=_SERVICE)


def _aws_account(player: Player) -> UserIdentity:
    return UserIdentity(type="AWSAccount", principal_id=f"AIDA{player.unique}", account_id="999900001111")


def _role(player: Player) -> UserIdentity:
    return UserIdentity(
        type="Role",
        principal_id=f"AROA{player.unique}",
        arn=f"arn:aws:iam::{player.account}:role/{_ROLE}",
        account_id=player.account,
        user_name=_ROLE,
    )


def _saml_user(player: Player) -> UserIdentity:
    return UserIdentity(
        type="SAMLUser",
        principal_id=f"SAML{player.unique}:{player.person.login}",
        user_name=player.person.login,
        identity_provider=f"SAML{player.unique}",
    )


def _web_identity_user(player: Player) -> UserIdentity:
    return UserIdentity(
        type="WebIdentityUser",
        principal_id=f"accounts.google.com:{player.unique}.apps.googleusercontent.com:{player.person.login}",
        user_name=player.person.login,
        identity_provider="accounts.google.com",
    )


def _directory(player: Player) -> UserIdentity:
    return UserIdentity(type="Directory", account_id=player.account, user_name=player.person.login)


_IDENTITIES: dict[PlayerKind, Callable[[Player], UserIdentity]] = {
    PlayerKind.BUILDER_ID: _identity_center_user,
    PlayerKind.COMPANY_USER: _identity_center_user,
    PlayerKind.ASSUMED_ROLE: _assumed_role,
    PlayerKind.IAM_USER: _iam_user,
    PlayerKind.ROOT: _root,
    PlayerKind.FEDERATED_USER: _federated_user,
    PlayerKind.AWS_SERVICE: _aws_service,
    PlayerKind.AWS_ACCOUNT: _aws_account,
    PlayerKind.ROLE: _role,
    PlayerKind.SAML_USER: _saml_user,
    PlayerKind.WEB_IDENTITY_USER: _web_identity_user,
    PlayerKind.DIRECTORY: _directory,
    PlayerKind.NONE: _no_type,
}
