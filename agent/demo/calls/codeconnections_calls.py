"""CodeConnections: a repository is connected, used by a pipeline, and its connection goes.

Shapes: "Logging AWS CodeConnections API calls with AWS CloudTrail", Developer Tools console user guide.
"""

from __future__ import annotations

from agent.demo.calls.call import ACCOUNT, Call
from agent.demo.players import PlayerKind

_ARN = f"arn:aws:codeconnections:us-west-2:{ACCOUNT}:connection/df03df74-8e05-45cf-b420-b39e389dd264"
_OLD = f"arn:aws:codestar-connections:us-west-2:{ACCOUNT}:connection/0b1f7c2e-6d55-4f0e-a8a7-2d4b9b6c7e10"
_HOST = f"arn:aws:codeconnections:us-west-2:{ACCOUNT}:host/ghe-4f1e2d3c"
_LINKED = {"connectionArn": _ARN, "ownerId": "example-corp", "repositoryName": "website"}

CALLS = (
    Call(
        "codeconnections",
        "CreateConnection",
        PlayerKind.ASSUMED_ROLE,
        {"providerType": "GitHub", "connectionName": "example-github"},
        {"connectionArn": _ARN},
    ),
    Call("codeconnections", "CreateRepositoryLink", PlayerKind.ASSUMED_ROLE, _LINKED, {"repositoryLinkInfo": _LINKED}),
    Call(
        "codestar-connections",
        "UseConnection",
        PlayerKind.ROLE,
        {"connectionArn": _OLD, "fullRepositoryId": "example-corp/website", "providerAction": "GetBranch"},
        reads=True,
    ),
    Call(
        "codeconnections",
        "CreateHost",
        PlayerKind.ASSUMED_ROLE,
        {"name": "ghe", "providerType": "GitHubEnterpriseServer", "providerEndpoint": "https://ghe.example.com"},
        {"hostArn": _HOST},
    ),
    Call("codestar-connections", "DeleteConnection", PlayerKind.IAM_USER, {"connectionArn": _OLD}),
)
