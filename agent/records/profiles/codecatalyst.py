"""Amazon CodeCatalyst: who did what in a space, in its projects, and on its connections to AWS accounts.

AWS documents 28 events, IAM lists 30 actions and the SDK 38 operations, and their spellings disagree
(`AssociateIAMRoletoConnection`, `AssociateIamRoleToConnection`). The canonical name is the IAM and SDK spelling.

Pages: "Logging CodeCatalyst API calls in connected AWS accounts using AWS CloudTrail" (user guide), "Actions,
resources, and condition keys for Amazon CodeCatalyst" (service authorization reference). Field names are those of the
SDK's model `codecatalyst`, 2022-09-28: an operation on one kind of thing calls that thing's id `id` and its name
`name`; every other operation spells it out.
"""

from __future__ import annotations

from typing import Final

from agent.records.profiles.profile import Known, Profile
from agent.records.subject import Name, Subject

SOURCE: Final = "codecatalyst.amazonaws.com"

SPACE: Final = "aws.codecatalyst.space.name"
"""The attribute that names the space. It is the first of the profile's subjects."""

HOME_REGIONS: Final = ("us-west-2", "eu-west-1")
"""Where spaces have their home, and so where their events are written."""

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
"""The 11 documented account-connection and billing events; they are written in each connected account.

Their `eventSource` can be a placeholder that names no service: they are CodeCatalyst's all the same.
"""

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

# An operation on the thing itself: one verb, then the thing.
_ON: Final = "[A-Z][a-z]+"

CODECATALYST: Final = Profile(
    name="codecatalyst",
    title="CodeCatalyst",
    prefix="aws.codecatalyst",
    story="aws.codecatalyst",
    sources=frozenset({SOURCE}),
    known=(
        Known(SOURCE, SPACE_EVENTS, frozenset({"IdentityCenterUser"})),
        Known(SOURCE, CONNECTION_EVENTS, frozenset({"AssumedRole", "IAMUser", "Root", "FederatedUser", "AWSService"})),
        Known(SOURCE, _UNDOCUMENTED, frozenset()),
    ),
    # The documentation doubles the s.
    spellings={"dissassociateiamrolefromconnection": "DisassociateIamRoleFromConnection"},
    subjects=(
        Subject("space.name", (Name("spaceName"), Name("name", f"{_ON}Space"))),
        Subject("project.name", (Name("projectName"), Name("name", f"{_ON}Project"))),
        Subject("dev_environment.id", (Name("devEnvironmentId"), Name("id", rf"{_ON}DevEnvironment(Session)?"))),
        Subject("source_repository.name", (Name("sourceRepositoryName"), Name("name", f"{_ON}SourceRepository"))),
        Subject("workflow.id", (Name("workflowId"), Name("id", f"{_ON}Workflow"))),
        Subject("workflow_run.id", (Name("workflowRunId"), Name("id", f"{_ON}WorkflowRun"))),
        Subject(
            "connection.id",
            (Name("connectionId"), Name("id", f"{_ON}(Pending)?Connection"), Name("connectionArn")),
            after="/",
        ),
    ),
    where=("space.name", "project.name"),
    critical=frozenset(
        """
        AcceptConnection AssociateIamRoleToConnection AssociateIdentityCenterApplicationToSpace
        AssociateIdentityToIdentityCenterApplication BatchAssociateIdentitiesToIdentityCenterApplication
        BatchDisassociateIdentitiesFromIdentityCenterApplication CreateIdentityCenterApplication
        CreateSpaceAdminRoleAssignment DeleteConnection DeleteIdentityCenterApplication
        DisassociateIamRoleFromConnection DisassociateIdentityCenterApplicationFromSpace
        DisassociateIdentityFromIdentityCenterApplication PutBillingAuthorization RejectConnection
        UpdateIdentityCenterApplication
        """.split()
    ),
)
