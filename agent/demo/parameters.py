"""`requestParameters` and `responseElements` of each event.

Space and project names stand where the documented CreateDevEnvironment example and the CodeCatalyst API reference have
them; a read has no `responseElements`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.demo.shapes import Json, Parameters


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a scene is played, and the ids that run through it."""

    space: str
    project: str
    account: str
    dev_environment: str
    session: str
    connection: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked for and what was answered."""

    request: Parameters | None
    response: Parameters | None = None


def exchange(event_name: str, stage: Stage) -> Exchange:
    """The parameters of a successful call; an event of no known shape names the space only."""
    build = _EXCHANGES.get(event_name)
    return build(stage) if build else Exchange({"spaceName": stage.space})


def _of_project(stage: Stage, **more: Json) -> dict[str, Json]:
    return {"spaceName": stage.space, "projectName": stage.project, **more}


def _ides() -> Json:
    return [{"runtime": "public.ecr.aws/q6e8p2q0/cloud9-ide-runtime:2.5.1", "name": "Cloud9"}]


def _create_project(stage: Stage) -> Exchange:
    request: Parameters = {"spaceName": stage.space, "displayName": stage.project}
    return Exchange(request, {"spaceName": stage.space, "name": stage.project, "displayName": stage.project})


def _create_dev_environment(stage: Stage) -> Exchange:
    request = _of_project(
        stage,
        ides=_ides(),
        instanceType="dev.standard1.small",
        inactivityTimeoutMinutes=15,
        persistentStorage={"sizeInGiB": 16},
    )
    return Exchange(request, _of_project(stage, id=stage.dev_environment))


def _start_dev_environment(stage: Stage) -> Exchange:
    request = _of_project(stage, id=stage.dev_environment, ides=_ides(), instanceType="dev.standard1.small")
    return Exchange(request, _of_project(stage, id=stage.dev_environment, status="STARTING"))


def _start_session(stage: Stage) -> Exchange:
    request = _of_project(stage, id=stage.dev_environment, sessionConfiguration={"sessionType": "SSM"})
    return Exchange(request, _of_project(stage, id=stage.dev_environment, sessionId=stage.session))


def _stop_session(stage: Stage) -> Exchange:
    stopped = _of_project(stage, id=stage.dev_environment, sessionId=stage.session)
    return Exchange(stopped, stopped)


def _update_dev_environment(stage: Stage) -> Exchange:
    request = _of_project(stage, id=stage.dev_environment, alias="evening", inactivityTimeoutMinutes=30)
    return Exchange(request, _of_project(stage, id=stage.dev_environment, alias="evening"))


def _stop_dev_environment(stage: Stage) -> Exchange:
    request = _of_project(stage, id=stage.dev_environment)
    return Exchange(request, _of_project(stage, id=stage.dev_environment, status="STOPPING"))


def _delete_dev_environment(stage: Stage) -> Exchange:
    of_environment = _of_project(stage, id=stage.dev_environment)
    return Exchange(of_environment, of_environment)


def _list_event_logs(stage: Stage) -> Exchange:
    span: dict[str, Json] = {"startTime": "2023-05-18T00:00:00Z", "endTime": "2023-05-19T00:00:00Z"}
    return Exchange({"spaceName": stage.space, **span, "maxResults": 50})


def _accept_connection(stage: Stage) -> Exchange:
    response: Parameters = {"connectionId": stage.connection, "spaceName": stage.space, "status": "ACTIVE"}
    return Exchange({"connectionId": stage.connection}, response)


def _put_billing_authorization(stage: Stage) -> Exchange:
    request: Parameters = {"connectionId": stage.connection, "spaceName": stage.space, "authorized": True}
    return Exchange(request, {"connectionId": stage.connection})


def _role_of_connection(stage: Stage) -> Exchange:
    role = f"arn:aws:iam::{stage.account}:role/CodeCatalystWorkflowDevelopmentRole-{stage.space}"
    return Exchange({"connectionId": stage.connection, "spaceName": stage.space, "roleArn": role})


def _of_connection(stage: Stage) -> Exchange:
    return Exchange({"connectionId": stage.connection, "spaceName": stage.space})


def _tag(stage: Stage) -> Exchange:
    arn = f"arn:aws:codecatalyst:us-west-2:{stage.account}:/connections/{stage.connection}"
    return Exchange({"resourceArn": arn, "tags": {"team": stage.project}})


_EXCHANGES: dict[str, Callable[[Stage], Exchange]] = {
    "CreateProject": _create_project,
    "GetProject": lambda stage: Exchange({"spaceName": stage.space, "name": stage.project}),
    "ListProjects": lambda stage: Exchange({"spaceName": stage.space, "maxResults": 20}),
    "GetSpace": lambda stage: Exchange({"name": stage.space}),
    "ListEventLogs": _list_event_logs,
    "ListSourceRepositories": lambda stage: Exchange(_of_project(stage, maxResults=20)),
    "CreateDevEnvironment": _create_dev_environment,
    "GetDevEnvironment": lambda stage: Exchange(_of_project(stage, id=stage.dev_environment)),
    "ListDevEnvironments": lambda stage: Exchange(_of_project(stage, maxResults=20)),
    "ListDevEnvironmentSessions": lambda stage: Exchange(_of_project(stage, devEnvironmentId=stage.dev_environment)),
    "StartDevEnvironment": _start_dev_environment,
    "StartDevEnvironmentSession": _start_session,
    "StopDevEnvironmentSession": _stop_session,
    "UpdateDevEnvironment": _update_dev_environment,
    "StopDevEnvironment": _stop_dev_environment,
    "DeleteDevEnvironment": _delete_dev_environment,
    "ListConnections": lambda _stage: Exchange(None),
    "GetConnection": _of_connection,
    "GetPendingConnection": lambda stage: Exchange({"connectionId": stage.connection}),
    "AcceptConnection": _accept_connection,
    "RejectConnection": _of_connection,
    "DeleteConnection": _of_connection,
    "GetBillingAuthorization": _of_connection,
    "PutBillingAuthorization": _put_billing_authorization,
    "AssociateIAMRoletoConnection": _role_of_connection,
    "DissassociateIAMRolefromConnection": _role_of_connection,
    "ListIAMRolesforConnection": _of_connection,
    "TagResource": _tag,
}
