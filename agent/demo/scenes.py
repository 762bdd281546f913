"""The script: short sequences of events as one person causes them, which together hold every documented event name.

Spellings are those of the CodeCatalyst user guide's CloudTrail page, with its mistakes. The last scenes are actions
that only the service authorization reference lists.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.demo.players import PlayerKind

SPACE_EVENTS = (
    "CreateDevEnvironment",
    "CreateProject",
    "DeleteDevEnvironment",
    "GetDevEnvironment",
    "GetProject",
    "GetSpace",
    "GetSubscription",
    "ListDevEnvironments",
    "ListDevEnvironmentSessions",
    "ListEventLogs",
    "ListProjects",
    "ListSourceRepositories",
    "StartDevEnvironment",
    "StartDevEnvironmentSession",
    "StopDevEnvironment",
    "StopDevEnvironmentSession",
    "UpdateDevEnvironment",
)
CONNECTION_EVENTS = (
    "AcceptConnection",
    "AssociateIAMRoletoConnection",
    "DeleteConnection",
    "DissassociateIAMRolefromConnection",
    "GetBillingAuthorization",
    "GetConnection",
    "GetPendingConnection",
    "ListConnections",
    "ListIAMRolesforConnection",
    "PutBillingAuthorization",
    "RejectConnection",
)
SPACE_KINDS = (PlayerKind.BUILDER_ID, PlayerKind.COMPANY_USER)
CONNECTION_KINDS = (
    PlayerKind.ASSUMED_ROLE,
    PlayerKind.ROOT,
    PlayerKind.IAM_USER,
    PlayerKind.FEDERATED_USER,
    PlayerKind.AWS_SERVICE,
)
GUEST_KINDS = tuple(kind for kind in PlayerKind if kind not in (*SPACE_KINDS, *CONNECTION_KINDS))


@dataclass(frozen=True, slots=True)
class Scene:
    """What one person does in one go. A full round plays it with each of `kinds`; the opening with the first."""

    events: tuple[str, ...]
    kinds: tuple[PlayerKind, ...]


@dataclass(frozen=True, slots=True)
class Play:
    """A scene, and the kind of identity that plays it."""

    scene: Scene
    kind: PlayerKind


def _from(first: PlayerKind, kinds: tuple[PlayerKind, ...]) -> tuple[PlayerKind, ...]:
    return (first, *(kind for kind in kinds if kind is not first))


SCENES = (
    Scene(
        (
            "GetPendingConnection",
            "AcceptConnection",
            "GetBillingAuthorization",
            "PutBillingAuthorization",
            "AssociateIAMRoletoConnection",
        ),
        _from(PlayerKind.ASSUMED_ROLE, CONNECTION_KINDS),
    ),
    Scene(
        (
            "GetSpace",
            "GetSubscription",
            "CreateProject",
            "ListSourceRepositories",
            "CreateDevEnvironment",
            "StartDevEnvironmentSession",
        ),
        _from(PlayerKind.BUILDER_ID, SPACE_KINDS),
    ),
    Scene(
        ("ListConnections", "GetConnection", "ListIAMRolesforConnection"),
        _from(PlayerKind.IAM_USER, CONNECTION_KINDS),
    ),
    Scene(
        (
            "ListProjects",
            "GetProject",
            "ListDevEnvironments",
            "GetDevEnvironment",
            "StartDevEnvironment",
            "StartDevEnvironmentSession",
        ),
        _from(PlayerKind.COMPANY_USER, SPACE_KINDS),
    ),
    Scene(("ListEventLogs",), _from(PlayerKind.COMPANY_USER, SPACE_KINDS)),
    Scene(
        (
            "ListDevEnvironmentSessions",
            "StopDevEnvironmentSession",
            "UpdateDevEnvironment",
            "StopDevEnvironment",
            "DeleteDevEnvironment",
        ),
        _from(PlayerKind.BUILDER_ID, SPACE_KINDS),
    ),
    Scene(
        ("DissassociateIAMRolefromConnection", "DeleteConnection", "RejectConnection"),
        _from(PlayerKind.ROOT, CONNECTION_KINDS),
    ),
    Scene(
        ("CreateSpaceAdminRoleAssignment", "CreateIdentityCenterApplication", "TagResource"), (PlayerKind.ASSUMED_ROLE,)
    ),
    Scene(("ListConnections", "GetConnection"), GUEST_KINDS),
)


def opening() -> list[Play]:
    """Every scene once: all documented names, and the most usual identity for each."""
    return [Play(scene, scene.kinds[0]) for scene in SCENES]


def encore() -> list[Play]:
    """What a full round holds beyond the opening."""
    return [Play(scene, kind) for scene in SCENES for kind in scene.kinds[1:]]
