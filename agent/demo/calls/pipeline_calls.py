"""Builds and deployments: a pipeline starts, builds, asks for approval, deploys; a project is opened to the world.

Shapes: "Logging AWS CodeBuild API calls with AWS CloudTrail" and the pages of that name of the other services.
"""

from __future__ import annotations

from agent.demo.calls.call import ACCOUNT, HIDDEN, Call
from agent.demo.players import PlayerKind

_BUILD = {"id": "website-build:6f0e1d2c-1111-4222-8333-444455556666", "projectName": "website-build"}

CALLS = (
    Call(
        "codepipeline",
        "StartPipelineExecution",
        PlayerKind.AWS_SERVICE,
        {"name": "website"},
        {"pipelineExecutionId": "9d1f6e0a-2222-4333-8444-555566667777"},
    ),
    Call("codebuild", "StartBuild", PlayerKind.ASSUMED_ROLE, {"projectName": "website-build"}, {"build": _BUILD}),
    Call(
        "codeartifact",
        "GetAuthorizationToken",
        PlayerKind.ASSUMED_ROLE,
        {"domainName": "example", "domainOwner": ACCOUNT},
        {"sessionToken": HIDDEN},
    ),
    Call(
        "codepipeline",
        "PutApprovalResult",
        PlayerKind.ASSUMED_ROLE,
        {"pipelineName": "website", "stageName": "Approve", "result": {"status": "Approved"}, "token": HIDDEN},
    ),
    Call(
        "codedeploy",
        "CreateDeployment",
        PlayerKind.ASSUMED_ROLE,
        {"applicationName": "website", "deploymentGroupName": "production"},
        {"deploymentId": "d-ABCDEF123"},
    ),
    Call(
        "codebuild",
        "UpdateProjectVisibility",
        PlayerKind.IAM_USER,
        {
            "projectArn": f"arn:aws:codebuild:us-west-2:{ACCOUNT}:project/website-build",
            "projectVisibility": "PUBLIC_READ",
        },
    ),
)
