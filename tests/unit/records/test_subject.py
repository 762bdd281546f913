"""Subjects: on which space, project and thing an event acted."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent.records.profiles import CODECATALYST
from agent.records.subject import Given, Name, Subject, Subjects
from agent.trail.event import TrailEvent, decode
from tests.support.events import create_dev_environment, encoded

NONE: Mapping[str, str] = {}
NAMES = {
    "space": "space.name",
    "project": "project.name",
    "dev_environment_id": "dev_environment.id",
    "source_repository": "source_repository.name",
    "workflow_id": "workflow.id",
    "workflow_run_id": "workflow_run.id",
    "connection_id": "connection.id",
}


def parameters(request: object = None, response: object = None) -> TrailEvent:
    """An event with these parameters."""
    return decode(encoded({"requestParameters": request, "responseElements": response}))


def of(**fields: str) -> Mapping[str, str]:
    """The attributes of CodeCatalyst's that name these subjects."""
    return {f"aws.codecatalyst.{NAMES[name]}": value for name, value in fields.items()}


def test_the_documented_event_acts_on_its_dev_environment() -> None:
    """Space and project stand in the request, the new environment's id in the response, with a blank at its end."""
    event = CODECATALYST.subjects_of("CreateDevEnvironment").read(decode(encoded(create_dev_environment())))
    assert event == of(space="MySpace", project="MyProject", dev_environment_id="a1b2c3d4-5678-90ab-cdef-EXAMPLE11111")


@pytest.mark.parametrize(
    ("name", "request_", "response", "expected"),
    [
        ("ListProjects", {"spaceName": "s"}, None, of(space="s")),
        ("ListProjects", None, {"spaceName": "s", "projectName": "p"}, of(space="s", project="p")),
        ("ListProjects", {"spaceName": "asked"}, {"spaceName": "got"}, of(space="asked")),
        ("ListProjects", {"spaceName": " "}, {"spaceName": "got"}, of(space="got")),
        ("GetSpace", {"name": "s"}, None, of(space="s")),
        ("UpdateSpace", None, {"name": "s"}, of(space="s")),
        ("ListSpaces", {"name": "x"}, None, NONE),
        ("CreateProject", {"spaceName": "s", "displayName": "P"}, {"name": "p"}, of(space="s", project="p")),
        ("GetProject", {"spaceName": "s", "name": "p"}, None, of(space="s", project="p")),
        ("GetProject", {"projectName": "p", "name": "x"}, None, of(project="p")),
        ("ListProjects", {"name": "x"}, None, NONE),
        ("GetDevEnvironment", {"id": "d"}, None, of(dev_environment_id="d")),
        ("StartDevEnvironmentSession", {"id": "d"}, {"sessionId": "x"}, of(dev_environment_id="d")),
        ("ListDevEnvironmentSessions", {"devEnvironmentId": "d"}, None, of(dev_environment_id="d")),
        ("ListDevEnvironments", {"id": "x"}, None, NONE),
        ("CreateSourceRepository", {"name": "r"}, None, of(source_repository="r")),
        ("CreateSourceRepositoryBranch", {"sourceRepositoryName": "r", "name": "b"}, None, of(source_repository="r")),
        ("GetWorkflow", {"id": "w"}, None, of(workflow_id="w")),
        ("StartWorkflowRun", {"workflowId": "w"}, {"id": "r"}, of(workflow_id="w", workflow_run_id="r")),
        ("GetWorkflowRun", {"id": "r"}, {"workflowId": "w"}, of(workflow_id="w", workflow_run_id="r")),
        ("ListWorkflowRuns", {"workflowId": "w", "id": "x"}, None, of(workflow_id="w")),
        ("AnyEvent", {"workflowRunId": "r"}, None, of(workflow_run_id="r")),
        ("AcceptConnection", {"connectionId": "c"}, None, of(connection_id="c")),
        ("GetConnection", {"id": "c"}, None, of(connection_id="c")),
        ("GetPendingConnection", {"id": "c"}, None, of(connection_id="c")),
        (
            "DeleteConnection",
            {"connectionArn": "arn:aws:codecatalyst:us-west-2:1:connections/c"},
            None,
            of(connection_id="c"),
        ),
        ("ListConnections", {"id": "x"}, None, NONE),
        ("CreateProject", None, None, NONE),
        ("CreateProject", "spaceName", ["spaceName"], NONE),
        ("CreateProject", {"spaceName": {"a": 1}, "name": ["p"]}, None, NONE),
        ("CreateProject", {"spaceName": 7}, None, of(space="7")),
    ],
)
def test_parameters_name_the_subject(
    name: str, request_: object, response: object, expected: Mapping[str, str]
) -> None:
    """The request speaks before the response; `id` and `name` belong to the thing that the operation is about."""
    assert CODECATALYST.subjects_of(name).read(parameters(request_, response)) == expected


def test_an_odd_parameter_does_not_hide_the_others() -> None:
    """A lone surrogate beside them leaves the names readable."""
    raw = b'{"requestParameters":{"spaceName":"s","x":"\\ud800"},"eventName":"ListProjects"}'
    assert CODECATALYST.subjects_of("ListProjects").read(decode(raw)) == of(space="s")


OWN = Subjects(
    "own",
    (
        Subject("deep", (Name("a.b.c"),)),
        Subject("joined", (Name("owner/repo.name"),)),
        Subject("arn", (Name("id", form="arn:.*"),)),
        Subject("group", (Name("principal", given=Given("kind", "GROUP")),)),
        Subject("last", (Name("path"),), after="/"),
    ),
)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"a": {"b": {"c": "x"}}}, {"own.deep": "x"}),
        ({"a": {"b": "x"}}, {}),
        ({"a": [{"b": {"c": "x"}}]}, {}),
        ({"owner": "o", "repo": {"name": "n"}}, {"own.joined": "o/n"}),
        ({"owner": "o"}, {}),
        ({"id": "arn:x"}, {"own.arn": "arn:x"}),
        ({"id": "x"}, {}),
        ({"principal": "p", "kind": "group"}, {"own.group": "p"}),
        ({"principal": "p", "kind": "USER"}, {}),
        ({"principal": "p"}, {}),
        ({"path": "a/b/c"}, {"own.last": "c"}),
    ],
)
def test_a_table_says_where_to_look(request_: object, expected: Mapping[str, str]) -> None:
    """Paths, joined paths, forms of a value and conditions beside it: a profile needs no code of its own for these."""
    assert OWN.of("Any").read(parameters(request_)) == expected


@pytest.mark.parametrize(
    ("request_", "response", "expected"),
    [
        ({"path": "a/"}, None, {}),
        ({"path": "a/"}, {"path": "b"}, {}),
        (None, {"path": "a/"}, {}),
        ({"id": "arn:x", "path": "a/"}, None, {"own.arn": "arn:x"}),
        ({"path": "a/"}, {"id": "arn:x"}, {"own.arn": "arn:x"}),
        ({"path": "a/b"}, {"id": "arn:x", "path": "c"}, {"own.arn": "arn:x", "own.last": "b"}),
        ({"path": " "}, {"path": "c"}, {"own.last": "c"}),
    ],
)
def test_both_sides_are_one_list_in_the_order_of_the_table(
    request_: object, response: object, expected: Mapping[str, str]
) -> None:
    """A name of which nothing is left is no attribute, and no other stands in for it."""
    found = OWN.of("Any").read(parameters(request_, response))
    assert list(found.items()) == list(expected.items())
