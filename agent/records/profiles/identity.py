"""IAM Identity Center and signing in: who may act where, who was let in, and who changed that.

Pages: "Logging IAM Identity Center API calls with AWS CloudTrail", "Understanding sign-in events in IAM Identity
Center" (IAM Identity Center user guide), "AWS Management Console sign-in events" (CloudTrail user guide).
"""

from __future__ import annotations

from typing import Final

from agent.records.profiles.profile import PEOPLE_WITH_KEYS, Known, Profile
from agent.records.subject import Given, Name, Subject
from agent.trail.event import MalformedEventError, OpenMembers, decode_leniently

_PEOPLE: Final = PEOPLE_WITH_KEYS | {"IdentityCenterUser"}
_SIGNING_IN: Final = frozenset({"IdentityCenterUser", "Unknown"})

_PERMISSIONS: Final = frozenset(
    """
    AttachCustomerManagedPolicyReferenceToPermissionSet AttachManagedPolicyToPermissionSet CreateAccountAssignment
    CreateApplication CreateApplicationAssignment CreateInstance CreatePermissionSet CreateTrustedTokenIssuer
    DeleteAccountAssignment DeleteApplication DeleteApplicationAssignment DeleteInlinePolicyFromPermissionSet
    DeleteInstance DeletePermissionSet DeletePermissionsBoundaryFromPermissionSet DeleteTrustedTokenIssuer
    DetachCustomerManagedPolicyReferenceFromPermissionSet DetachManagedPolicyFromPermissionSet ProvisionPermissionSet
    PutApplicationAccessScope PutApplicationAssignmentConfiguration PutApplicationAuthenticationMethod
    PutApplicationGrant PutInlinePolicyToPermissionSet PutPermissionsBoundaryToPermissionSet UpdateApplication
    UpdateInstance UpdatePermissionSet UpdateTrustedTokenIssuer
    """.split()
)
_DIRECTORY: Final = frozenset(
    """
    AddMemberToGroup CreateBearerToken CreateExternalIdPConfigurationForDirectory CreateGroup CreateUser
    DeleteExternalIdPConfigurationForDirectory DeleteGroup DeleteMfaDeviceForUser DeleteUser
    DisableExternalIdPConfigurationForDirectory DisableUser EnableExternalIdPConfigurationForDirectory EnableUser
    RemoveMemberFromGroup UpdateMfaDeviceManagementForDirectory UpdatePassword UpdateUser
    """.split()
)
_STORE: Final = frozenset(
    """
    CreateGroup CreateGroupMembership CreateUser DeleteGroup DeleteGroupMembership DeleteUser UpdateGroup UpdateUser
    """.split()
)
_PORTAL: Final = frozenset({"Authenticate", "Federate", "GetRoleCredentials", "Logout"})
_TOKENS: Final = frozenset({"CreateToken", "CreateTokenWithIAM", "RegisterClient", "StartDeviceAuthorization"})
_SIGNIN: Final = frozenset({"CredentialChallenge", "CredentialVerification", "UserAuthentication"})
_CONSOLE: Final = frozenset({"CheckMfa", "ConsoleLogin", "ExitRole", "RenewRole", "SwitchRole"})


def has_failed(event: OpenMembers) -> bool:
    """Whether somebody was not let in: such an event has no `errorCode`, but e.g. `"ConsoleLogin": "Failure"`."""
    return any(_holds_failure(bytes(raw)) for raw in (event.response_elements, event.service_event_details))


def _holds_failure(raw: bytes) -> bool:
    if b"ailure" not in raw:
        return False
    try:
        return "Failure" in decode_leniently(raw).values()
    except MalformedEventError:
        return False


IDENTITY: Final = Profile(
    name="identity",
    title="Identity Center and sign-in",
    prefix="aws.identity",
    sources=frozenset(
        f"{name}.amazonaws.com" for name in ("sso", "sso-directory", "identitystore", "sso-oauth", "signin")
    ),
    has_failed=has_failed,
    known=(
        Known("sso.amazonaws.com", _PERMISSIONS),
        Known("sso.amazonaws.com", _PORTAL, _SIGNING_IN),
        Known("sso-directory.amazonaws.com", _DIRECTORY),
        Known("identitystore.amazonaws.com", _STORE),
        Known("sso-oauth.amazonaws.com", _TOKENS, _SIGNING_IN | {"AssumedRole"}),
        Known("signin.amazonaws.com", _CONSOLE, _PEOPLE | {"FederatedUser"}),
        Known("signin.amazonaws.com", _SIGNIN, _SIGNING_IN),
    ),
    subjects=(
        Subject("instance.arn", (Name("instanceArn"), Name("ssoInstanceArn"))),
        Subject(
            "application.arn",
            (
                Name("applicationArn"),
                Name("application.applicationArn"),
                Name("clientId", form="arn:.*:application/.*"),
            ),
        ),
        Subject("permission_set.arn", (Name("permissionSetArn"), Name("permissionSet.permissionSetArn"))),
        Subject(
            "group.id",
            (Name("groupId"), Name("group.groupId"), Name("principalId", given=Given("principalType", "GROUP"))),
        ),
        Subject(
            "target.user.id",
            (
                Name("userId"),
                Name("user.userId"),
                Name("memberId.userId"),
                Name("member.memberId"),
                Name("principalId", given=Given("principalType", "USER")),
            ),
        ),
    ),
    where=("permission_set.arn", "group.id", "target.user.id", "application.arn", "instance.arn"),
    critical=_PERMISSIONS | _DIRECTORY | _STORE,
    volume="each sign-in, and each session and token of the workforce",
)
