"""The names of CodeCatalyst's events, and the one spelling under which each is counted.

AWS documents 28 events, IAM lists 30 actions and the SDK 38 operations, and their spellings disagree
(`AssociateIAMRoletoConnection`, `AssociateIamRoleToConnection`). The canonical name is the IAM and SDK spelling.

Pages: "Logging CodeCatalyst API calls in connected AWS accounts using AWS CloudTrail" (user guide), "Actions,
resources, and condition keys for Amazon CodeCatalyst" (service authorization reference).
"""

from __future__ import annotations

from typing import Final

SPACE_EVENTS: Final = frozenset(
    """
    CreateDevEnvironment CreateProject DeleteDevEnvironment GetDevEnvironment GetProject GetSpace GetSubscription
    ListDevEnvironments ListDevEnvironmentSessions ListEventLogs ListProjects ListSourceRepositories
    StartDevEnvironment StartDevEnvironmentSession StopDevEnvironment StopDevEnvironmentSession UpdateDevEnvironment
    """.split()
)
"""The 17 documented space and project events; they are written in the space's billing account."""

CONNECTION_EVENTS: Final = frozenset(
    """
    AcceptConnection AssociateIamRoleToConnection DeleteConnection DisassociateIamRoleFromConnection
    GetBillingAuthorization GetConnection GetPendingConnection ListConnections ListIamRolesForConnection
    PutBillingAuthorization RejectConnection
    """.split()
)
"""The 11 documented account-connection and billing events; they are written in each connected account."""

_UNDOCUMENTED: Final = frozenset(
    """
    AssociateIdentityCenterApplicationToSpace AssociateIdentityToIdentityCenterApplication
    BatchAssociateIdentitiesToIdentityCenterApplication BatchDisassociateIdentitiesFromIdentityCenterApplication
    CreateAccessToken CreateIdentityCenterApplication CreateSourceRepository CreateSourceRepositoryBranch CreateSpace
    CreateSpaceAdminRoleAssignment DeleteAccessToken DeleteIdentityCenterApplication DeleteProject
    DeleteSourceRepository DeleteSpace DisassociateIdentityCenterApplicationFromSpace
    DisassociateIdentityFromIdentityCenterApplication GetIdentityCenterApplication GetSourceRepository
    GetSourceRepositoryCloneUrls GetUserDetails GetWorkflow GetWorkflowRun ListAccessTokens
    ListIdentityCenterApplications ListIdentityCenterApplicationsForSpace ListSourceRepositoryBranches ListSpaces
    ListSpacesForIdentityCenterApplication ListTagsForResource ListWorkflowRuns ListWorkflows StartWorkflowRun
    SynchronizeIdentityCenterApplication TagResource UntagResource UpdateIdentityCenterApplication UpdateProject
    UpdateSpace VerifySession
    """.split()
)
"""IAM actions and SDK operations that no CloudTrail page mentions; CodeCatalyst may log them all the same."""

KNOWN_EVENTS: Final = SPACE_EVENTS | CONNECTION_EVENTS | _UNDOCUMENTED

_CANONICAL: Final = {
    **{name.lower(): name for name in KNOWN_EVENTS},
    # The documentation doubles the s.
    "dissassociateiamrolefromconnection": "DisassociateIamRoleFromConnection",
}

IDENTITY_TYPES: Final = frozenset(
    """
    AWSAccount AWSService AssumedRole Directory FederatedUser IAMUser IdentityCenterUser Role Root SAMLUser Unknown
    WebIdentityUser
    """.split()
)
"""CloudTrail's `userIdentity.type` values, and `Unknown` for a record that names none."""

UNKNOWN_IDENTITY: Final = "Unknown"
SPACE_IDENTITY_TYPES: Final = frozenset({"IdentityCenterUser"})
CONNECTION_IDENTITY_TYPES: Final = frozenset({"AssumedRole", "IAMUser", "Root", "FederatedUser", "AWSService"})


def canonical(event_name: str) -> str:
    """The canonical spelling of `event_name`, matched without case; an unknown name stays as it is, less its blanks."""
    name = event_name.strip()
    return _CANONICAL.get(name.lower(), name)
