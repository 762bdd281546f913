"""CodeBuild, CodePipeline, CodeDeploy and CodeArtifact: who builds, approves, deploys and publishes what.

Pages: "Logging AWS CodeBuild API calls with AWS CloudTrail", and the pages of that name of the other three. Field names
are those of the services' APIs: a project, a pipeline or an application is `name` in operations on itself.
"""

from __future__ import annotations

from typing import Final

from agent.records.profiles.profile import PEOPLE_WITH_KEYS, Known, Profile
from agent.records.subject import Name, Subject

_BUILD: Final = frozenset(
    """
    BatchDeleteBuilds CreateProject CreateWebhook DeleteProject DeleteResourcePolicy DeleteSourceCredentials
    DeleteWebhook ImportSourceCredentials InvalidateProjectCache PutResourcePolicy RetryBuild StartBuild StartBuildBatch
    StopBuild StopBuildBatch UpdateProject UpdateProjectVisibility UpdateWebhook
    """.split()
)
_PIPELINE: Final = frozenset(
    """
    CreatePipeline DeletePipeline DisableStageTransition EnableStageTransition OverrideStageCondition PutApprovalResult
    PutWebhook RetryStageExecution RollbackStage StartPipelineExecution StopPipelineExecution UpdatePipeline
    """.split()
)
_DEPLOY: Final = frozenset(
    """
    ContinueDeployment CreateApplication CreateDeployment CreateDeploymentGroup DeleteApplication DeleteDeploymentGroup
    RegisterApplicationRevision StopDeployment UpdateApplication UpdateDeploymentGroup
    """.split()
)
_ARTIFACT: Final = frozenset(
    """
    AssociateExternalConnection CopyPackageVersions CreateDomain CreateRepository DeleteDomain
    DeleteDomainPermissionsPolicy DeletePackageVersions DeleteRepository DeleteRepositoryPermissionsPolicy
    DisassociateExternalConnection GetAuthorizationToken PublishPackageVersion PutDomainPermissionsPolicy
    PutPackageOriginConfiguration PutRepositoryPermissionsPolicy UpdatePackageVersionsStatus UpdateRepository
    """.split()
)
_SERVICES: Final = frozenset({"AWSService"})

PIPELINE: Final = Profile(
    name="pipeline",
    title="builds and deployments",
    prefix="aws.pipeline",
    sources=frozenset(f"{name}.amazonaws.com" for name in ("codebuild", "codepipeline", "codedeploy", "codeartifact")),
    known=(
        Known("codebuild.amazonaws.com", _BUILD),
        Known("codepipeline.amazonaws.com", _PIPELINE, PEOPLE_WITH_KEYS | _SERVICES),
        Known("codedeploy.amazonaws.com", _DEPLOY),
        Known("codeartifact.amazonaws.com", _ARTIFACT),
    ),
    subjects=(
        Subject(
            "project",
            (
                Name("projectName"),
                Name("project.name"),
                Name("build.projectName"),
                Name("buildBatch.projectName"),
                Name("applicationName"),
                Name("projectArn"),
                Name("name", "[A-Z][a-z]+Project"),
            ),
            after="/",
        ),
        Subject(
            "name",
            (
                Name("pipelineName"),
                Name("pipeline.name"),
                Name("name", "[A-Z][a-z]+Pipeline(Execution|State)?"),
                Name("deploymentGroupName"),
            ),
        ),
        Subject(
            "execution.id",
            (
                Name("pipelineExecutionId"),
                Name("build.id"),
                Name("buildBatch.id"),
                Name("id", "(Stop|Retry|Start)Build(Batch)?"),
                Name("deploymentId"),
            ),
        ),
        Subject(
            "repository",
            (Name("repository"), Name("repositoryName"), Name("repository.name"), Name("destinationRepository")),
        ),
    ),
    where=("project", "name", "repository", "execution.id"),
    critical=frozenset(
        """
        AssociateExternalConnection CreateDeploymentGroup CreatePipeline CreateProject DeleteDomainPermissionsPolicy
        DeleteRepositoryPermissionsPolicy DeleteResourcePolicy ImportSourceCredentials OverrideStageCondition
        PutApprovalResult PutDomainPermissionsPolicy PutRepositoryPermissionsPolicy PutResourcePolicy
        UpdateDeploymentGroup UpdatePipeline UpdateProject UpdateProjectVisibility
        """.split()
    ),
    volume="each build, each stage of a pipeline and each package that is fetched",
)
