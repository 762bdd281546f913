"""Identity Center and sign-in: people sign in, a group gets a permission set, a person joins the group.

Shapes: "Understanding CloudTrail events for IAM Identity Center", IAM Identity Center user guide.
"""

from __future__ import annotations

from agent.demo.calls.call import ACCOUNT, HIDDEN, Call
from agent.demo.cast import AKUA
from agent.demo.players import PlayerKind

_INSTANCE = "arn:aws:sso:::instance/ssoins-72233af8ea2d1f14"
_SET = "arn:aws:sso:::permissionSet/ssoins-72233af8ea2d1f14/ps-ae5d1fa1f80b684e"
_GROUP = "34887428-4081-7042-c3c6-928d413009e7"
_STORE = "d-9967750fbb"

CALLS = (
    Call("signin", "ConsoleLogin", PlayerKind.IAM_USER, None, {"ConsoleLogin": "Success"}),
    Call(
        "sso",
        "CreatePermissionSet",
        PlayerKind.ASSUMED_ROLE,
        {"instanceArn": _INSTANCE, "name": "ReadOnly", "sessionDuration": "PT8H"},
        {"permissionSet": {"permissionSetArn": _SET, "name": "ReadOnly"}},
    ),
    Call(
        "sso",
        "CreateAccountAssignment",
        PlayerKind.ROOT,
        {
            "instanceArn": _INSTANCE,
            "permissionSetArn": _SET,
            "principalId": _GROUP,
            "principalType": "GROUP",
            "targetId": ACCOUNT,
            "targetType": "AWS_ACCOUNT",
        },
        {"accountAssignmentCreationStatus": {"status": "IN_PROGRESS"}},
    ),
    Call(
        "identitystore",
        "CreateGroupMembership",
        PlayerKind.ASSUMED_ROLE,
        {"identityStoreId": _STORE, "groupId": _GROUP, "memberId": {"userId": AKUA.user_id}},
        {"identityStoreId": _STORE, "membershipId": "b3f0e7d2-1c2b-4a5d-8e6f-0a1b2c3d4e5f"},
    ),
    Call(
        "sso-oauth",
        "CreateToken",
        PlayerKind.COMPANY_USER,
        {"clientId": "clientid1234example", "clientSecret": HIDDEN, "grantType": "refresh_token"},
        {"accessToken": HIDDEN, "tokenType": "Bearer", "expiresIn": 28800},
    ),
    Call("signin", "ConsoleLogin", PlayerKind.IAM_USER, None, {"ConsoleLogin": "Failure"}),
    Call(
        "sso-directory",
        "AddMemberToGroup",
        PlayerKind.ASSUMED_ROLE,
        {"identityStoreId": _STORE, "groupId": _GROUP, "member": {"memberId": AKUA.user_id}},
    ),
)
