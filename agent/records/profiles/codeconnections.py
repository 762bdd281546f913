"""AWS CodeConnections (before: CodeStar Connections): who linked AWS to GitHub, GitLab or Bitbucket, and uses the link.

Pages: "Logging AWS CodeConnections API calls with AWS CloudTrail" (Developer Tools console user guide), "Actions,
resources, and condition keys for AWS CodeConnections" (service authorization reference).
"""

from __future__ import annotations

from typing import Final

from agent.records.profiles.profile import Known, Profile
from agent.records.subject import Name, Subject

_SOURCES: Final = ("codeconnections.amazonaws.com", "codestar-connections.amazonaws.com")

_EVENTS: Final = frozenset(
    """
    CreateConnection CreateHost CreateRepositoryLink CreateSyncConfiguration DeleteConnection DeleteHost
    DeleteRepositoryLink DeleteSyncConfiguration GetConnection GetHost GetRepositoryLink ListConnections ListHosts
    ListRepositoryLinks PassConnection RegisterAppCode TagResource UntagResource UpdateConnectionInstallation UpdateHost
    UpdateRepositoryLink UpdateSyncConfiguration UseConnection
    """.split()
)

CODECONNECTIONS: Final = Profile(
    name="codeconnections",
    title="CodeConnections",
    prefix="aws.codeconnections",
    sources=frozenset(_SOURCES),
    known=tuple(Known(source, _EVENTS) for source in _SOURCES),
    subjects=(
        Subject(
            "connection.arn",
            (
                Name("connectionArn"),
                Name("connection.connectionArn"),
                Name("repositoryLinkInfo.connectionArn"),
                Name("resourceArn", form="arn:.*:connection/.*"),
            ),
        ),
        Subject("host.arn", (Name("hostArn"), Name("connection.hostArn"), Name("resourceArn", form="arn:.*:host/.*"))),
        Subject(
            "provider",
            (
                Name("providerType"),
                Name("connection.providerType"),
                Name("repositoryLinkInfo.providerType"),
                Name("syncConfiguration.providerType"),
                Name("providerTypeFilter"),
                Name("hostTypeFilter"),
            ),
        ),
        Subject(
            "repository.full_name",
            (
                Name("fullRepositoryId"),
                Name("repositoryFullName"),
                Name("ownerId/repositoryName"),
                Name("repositoryLinkInfo.ownerId/repositoryLinkInfo.repositoryName"),
                Name("syncConfiguration.ownerId/syncConfiguration.repositoryName"),
            ),
        ),
    ),
    where=("provider", "repository.full_name", "connection.arn", "host.arn"),
    critical=frozenset(
        """
        CreateConnection CreateHost CreateRepositoryLink DeleteConnection DeleteHost RegisterAppCode
        UpdateConnectionInstallation UpdateHost
        """.split()
    ),
)
