"""What must happen so that each critical alert fires: an event in the trail, or a state of the agent.

`tests/deploy/test_stack_causes.py` holds both tables against the rules: each critical alert is in one of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tests.support.cloud import Cloud
from tests.support.events import create_dev_environment

ROOT: Final = {"type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root"}
USER: Final = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "userName": "mmajor", "accountId": "111122223333"}


@dataclass(frozen=True, slots=True)
class Cause:
    """The event `name` of the service `source`, by the root user or by another one, so many times."""

    source: str
    name: str
    by_root: bool = False
    times: int = 1

    def events(self, cloud: Cloud, *, failed: bool = False) -> Iterator[dict[str, Any]]:
        """The events as CloudTrail writes them now; `failed`: AWS refused the call."""
        for _ in range(self.times):
            yield {
                **create_dev_environment(),
                "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "eventID": str(uuid.uuid4()),
                "eventSource": f"{self.source}.amazonaws.com",
                "eventName": self.name,
                "readOnly": False,
                "userIdentity": ROOT if self.by_root else USER,
                "requestParameters": _acted_on(self.source, cloud),
                "responseElements": None,
                **({"errorCode": "AccessDenied"} if failed else {}),
            }


def _acted_on(source: str, cloud: Cloud) -> dict[str, str]:
    """What a call to this service names: of S3 and SQS what the agent reads with, for it ships no others."""
    ours = {"s3": {"bucketName": cloud.world.bucket}, "sqs": {"queueUrl": cloud.world.queue_url}}
    return ours.get(source, {"name": "acme", "spaceName": "acme", "projectName": "website"})


EVENTS: Final[Mapping[str, Cause]] = {
    "CodeCatalystBillingAuthorizationChanged": Cause("codecatalyst", "PutBillingAuthorization"),
    "CodeCatalystConnectionAccepted": Cause("codecatalyst", "AcceptConnection"),
    "CodeCatalystIamRoleAssociated": Cause("codecatalyst", "AssociateIAMRoletoConnection"),
    "CodeCatalystSpaceAdminAssigned": Cause("codecatalyst", "CreateSpaceAdminRoleAssignment"),
    "CodeCatalystRootUsed": Cause("codecatalyst", "ListConnections", by_root=True),
    "CodeCatalystSpaceDeleted": Cause("codecatalyst", "DeleteSpace"),
    "CodeCatalystDeletionBurst": Cause("codecatalyst", "DeleteProject", times=6),
    "IdentityRootSignedIn": Cause("signin", "ConsoleLogin", by_root=True),
    "IdentityProviderChanged": Cause("sso-directory", "EnableExternalIdPConfigurationForDirectory"),
    "IdentityInstanceChanged": Cause("sso", "DeleteInstance"),
    "IdentityMfaSettingsChanged": Cause("sso-directory", "UpdateMfaDeviceManagementForDirectory"),
    "PipelineProjectVisibilityChanged": Cause("codebuild", "UpdateProjectVisibility"),
    "PipelineRootUsed": Cause("codedeploy", "ListApplications", by_root=True),
    "TrailGuardTrailStopped": Cause("cloudtrail", "StopLogging"),
    "TrailGuardBucketLost": Cause("s3", "DeleteBucketPolicy"),
    "TrailGuardQueueLost": Cause("sqs", "PurgeQueue"),
}
"""The event of the trail that each alert about events must tell of."""

STATES: Final = frozenset(
    {
        "TrailAgentDown",
        "TrailAgentSinkDown",
        "TrailAgentWaiting",
        "TrailAgentQueueRetentionRisk",
        "TrailAgentDeadLettersOld",
    }
)
"""The alerts about the agent itself; test_agent_alerts.py brings about the state of each."""
