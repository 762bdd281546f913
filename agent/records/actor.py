"""Who acted: the four questions that AWS asks of an identity, and one string to show for the answer.

Pages: CloudTrail user guide, "CloudTrail userIdentity element"; IAM Identity Center user guide, "CloudTrail use cases".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Self

import msgspec

from agent.records.memo import Memo
from agent.trail.event import MalformedEventError, OpenMembers, TrailEvent, UserIdentity, decode_leniently, text
from agent.trail.log_item import AWS_ACCOUNT, USER

BUILDER_ID_ACCOUNT: Final = "432677196278"
"""AWS's own account, which holds the identity store of every AWS Builder ID."""

_NAMES_REMEMBERED: Final = 2048
_LONGEST_REMEMBERED: Final = 128  # characters; a forged name of a megabyte must not stay in memory
_ARN_PARTS: Final = 6  # arn:partition:service:region:account:resource
_IDENTITY_CENTER_USER: Final = "IdentityCenterUser"
UNKNOWN_IDENTITY: Final = "Unknown"
# A sign-in says in another member who it is.
_NAMED_ELSEWHERE: Final = frozenset({_IDENTITY_CENTER_USER, UNKNOWN_IDENTITY, ""})
_NAMES: Final = ("username", "displayname", "primaryemail", "email")
_IDS: Final = ("userid", "id")
_OPAQUE: Final = re.compile(
    r"[0-9-]*"  # an account, a Unix time
    r"|(?:[0-9a-z]{1,12}-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID, also as identity stores write it
    r"|[0-9a-f]{16,}|i-[0-9a-f]{8,}|d-[0-9a-f]{10}"  # a hash, an instance, a directory
    r"|A[A-Z0-9]{2}A[A-Z0-9]{12,}"  # AIDA…, AROA…: IAM's unique ids
    r"|S-1-[0-9-]+"  # a Windows SID
    r"|hmac-sha256:.*"  # masked
    r"|HIDDEN_DUE_TO_SECURITY_REASONS|anonymous|null|-",
    re.IGNORECASE | re.DOTALL,
)


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
    CODECATALYST_USER = "codecatalyst_user"
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

_KINDS_OF_ITEMS: Final = {USER: ActorKind.CODECATALYST_USER, AWS_ACCOUNT: ActorKind.AWS_ACCOUNT}

IDENTITY_TYPES: Final = frozenset({*_KINDS, _IDENTITY_CENTER_USER, UNKNOWN_IDENTITY})
"""CloudTrail's `userIdentity.type` values, and `Unknown` for a record that names none."""


def kind(identity: UserIdentity) -> ActorKind:
    """What sort of identity this is."""
    identity_type = text(identity.type)
    if identity_type == _IDENTITY_CENTER_USER:
        ours = _store_account(identity) == BUILDER_ID_ACCOUNT
        return ActorKind.BUILDER_ID if ours else ActorKind.IDENTITY_CENTER_USER
    if not identity_type and text(identity.invoked_by):
        return ActorKind.AWS_SERVICE
    return _KINDS.get(identity_type) or _KINDS_OF_ITEMS.get(identity_type, ActorKind.UNKNOWN)


def user_id(identity: UserIdentity) -> str:
    """The Identity Center user on whose behalf the call was made; empty where there is none."""
    return text(identity.on_behalf_of.user_id) or text(identity.user_id)


def identity_store(identity: UserIdentity) -> str:
    """The ARN of the identity store that knows the user; empty where there is none."""
    return text(identity.on_behalf_of.identity_store_arn) or text(identity.identity_store_arn)


def display(event: TrailEvent) -> str:
    """One string that names the actor; empty where the record holds none.

    The most personal name that people can read: the person's own, else that of the role and its session. Without one,
    the id of the person, else whatever else tells the actor from others.
    """
    return Actor.of(event.user_identity).display(event)


class Actor(msgspec.Struct, frozen=True, gc=False):
    """All that one `userIdentity` says of who acted, in whatever event it stands.

    `name` goes before any that stands elsewhere in an event, if people can read it; `otherwise` comes after all, and is
    empty where there is a `name`.
    """

    kind: ActorKind
    identity_type: str
    user: str
    name: str
    otherwise: str

    @classmethod
    def of(cls, identity: UserIdentity) -> Self:
        """What `identity` says."""
        user = user_id(identity)
        name = _readable(identity.session_context.source_identity) or _readable(identity.user_name)
        otherwise = "" if name else _name_of_role(identity) or user or _whatever_tells(identity)
        return cls(kind(identity), text(identity.type), user, name, otherwise)

    @property
    def is_named_elsewhere(self) -> bool:
        """Whether other members of an event can say who this is."""
        return not self.name and (bool(self.user) or self.identity_type in _NAMED_ELSEWHERE)

    def display(self, event: OpenMembers) -> str:
        """One string that names the actor of `event`, as `display` does."""
        if self.name:
            return self.name
        for name in self._names_beside(event):
            if _readable(name):
                return name
        return self.otherwise

    def _names_beside(self, event: OpenMembers) -> Iterator[str]:
        """The names that an event has; one that stands beside another id than the actor's, or none, is another's."""
        if self.identity_type in _NAMED_ELSEWHERE and (more := bytes(event.additional_event_data)):
            yield _name_of(_members(more))
        if not self.user:
            return
        searched = self.user.encode(errors="surrogatepass")  # half a pair can stand there, as an escape
        for raw in (bytes(event.response_elements), bytes(event.request_parameters)):
            if searched in raw:
                members = _members(raw)
                for part in (members, *members.values()):
                    if isinstance(part, dict) and self.user in _folded(part, _IDS):
                        yield _name_of(part)


def _is_readable(name: str) -> bool:
    """Whether `name` says something to people; of `role/session`, the session has to."""
    if not name or _OPAQUE.fullmatch(name):
        return False
    return "/" not in name or not _OPAQUE.fullmatch(name.rpartition("/")[2])


_are_readable: Final = Memo(_is_readable, _NAMES_REMEMBERED, _LONGEST_REMEMBERED)  # the same people act again and again


def _readable(value: object) -> str:
    """A leaf as text, if that says something to people."""
    name = text(value)
    return name if name and _are_readable[name] else ""


def _name_of_role(identity: UserIdentity) -> str:
    """The name of a role with that of its session, where people can read it; likewise of users that have an ARN."""
    if text(identity.type) == _IDENTITY_CENTER_USER:  # has no ARN in AWS's own records
        return ""
    return _readable(_name_in_arn(text(identity.arn))) or _readable(_name_in_principal_id(identity))


def _whatever_tells(identity: UserIdentity) -> str:
    return (
        text(identity.user_name)
        or _name_in_arn(text(identity.arn))
        or text(identity.invoked_by)
        or text(identity.account_id)
        or text(identity.session_context.session_issuer.user_name)
        or text(identity.principal_id)
    )


def _name_of(part: dict[str, object]) -> str:
    return next(iter(_folded(part, _NAMES)), "")


def _folded(part: dict[str, object], wanted: tuple[str, ...]) -> list[str]:
    """The texts of the `wanted` members, however their names are capitalised; of an object, its `email`."""
    found = {name.lower(): value for name, value in part.items()}
    values = [found.get(name) for name in wanted]
    return list(filter(None, (text(value.get("email") if isinstance(value, dict) else value) for value in values)))


def _members(raw: bytes) -> dict[str, object]:
    try:
        return decode_leniently(raw)
    except MalformedEventError:
        return {}


def _store_account(identity: UserIdentity) -> str:
    arn = identity_store(identity).split(":", 5)
    return arn[4] if len(arn) == _ARN_PARTS else text(identity.account_id)


def _name_in_arn(arn: str) -> str:
    """`role/session` of `arn:aws:sts::111122223333:assumed-role/role/session`; likewise for users and roles."""
    resource = arn.split(":", 5)[-1] if arn.startswith("arn:") else ""
    return resource.partition("/")[2]


def _name_in_principal_id(identity: UserIdentity) -> str:
    """The session of `AROAEXAMPLE:session` with its role before it, where the record names the role."""
    principal = text(identity.principal_id)
    session = "" if principal.startswith("arn:") else principal.partition(":")[2]
    role = text(identity.session_context.session_issuer.user_name) if session else ""
    return f"{role}/{session}" if role else session
