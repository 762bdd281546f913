"""On what an event acted: the space, the project and the resource that its parameters or its response name.

The field names are those of CodeCatalyst's API (SDK model `codecatalyst`, 2022-09-28): an operation on one kind of
thing calls that thing's id `id` and its name `name`, every other operation spells it out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from agent.trail.event import MalformedEventError, TrailEvent, decode_leniently, text


@dataclass(frozen=True, slots=True)
class Subject:
    """Each is empty where the event names none."""

    space: str
    project: str
    dev_environment_id: str
    source_repository: str
    workflow_id: str
    workflow_run_id: str
    connection_id: str


class _Fields(msgspec.Struct, frozen=True, rename="camel", gc=False):
    name: object = None
    id: object = None
    space_name: object = None
    project_name: object = None
    dev_environment_id: object = None
    source_repository_name: object = None
    workflow_id: object = None
    workflow_run_id: object = None
    connection_id: object = None
    connection_arn: object = None


_NO_FIELDS: Final = _Fields()
_decode: Final = msgspec.json.Decoder(_Fields).decode

# An operation on the thing itself: one verb, then the thing.
_ON_SPACE: Final = re.compile(r"[A-Z][a-z]+Space")
_ON_PROJECT: Final = re.compile(r"[A-Z][a-z]+Project")
_ON_DEV_ENVIRONMENT: Final = re.compile(r"[A-Z][a-z]+DevEnvironment(Session)?")
_ON_SOURCE_REPOSITORY: Final = re.compile(r"[A-Z][a-z]+SourceRepository")
_ON_WORKFLOW: Final = re.compile(r"[A-Z][a-z]+Workflow")
_ON_WORKFLOW_RUN: Final = re.compile(r"[A-Z][a-z]+WorkflowRun")
_ON_CONNECTION: Final = re.compile(r"[A-Z][a-z]+(Pending)?Connection")


@dataclass(frozen=True, slots=True)
class _Name:
    """A field that can name something: in every operation, or only in those that `operation` matches."""

    field: str
    operation: re.Pattern[str] | None = None


def subject(event: TrailEvent, event_name: str) -> Subject:
    """What `event`, whose canonical name is `event_name`, acted on; its request speaks before its response."""
    sides = (_fields(event.request_parameters), _fields(event.response_elements))

    def named(*names: _Name) -> str:
        spoken = [name for name in names if name.operation is None or name.operation.fullmatch(event_name)]
        values = (text(getattr(side, name.field)) for side in sides for name in spoken)
        return next(filter(None, values), "")

    return Subject(
        space=named(_Name("space_name"), _Name("name", _ON_SPACE)),
        project=named(_Name("project_name"), _Name("name", _ON_PROJECT)),
        dev_environment_id=named(_Name("dev_environment_id"), _Name("id", _ON_DEV_ENVIRONMENT)),
        source_repository=named(_Name("source_repository_name"), _Name("name", _ON_SOURCE_REPOSITORY)),
        workflow_id=named(_Name("workflow_id"), _Name("id", _ON_WORKFLOW)),
        workflow_run_id=named(_Name("workflow_run_id"), _Name("id", _ON_WORKFLOW_RUN)),
        connection_id=named(_Name("connection_id"), _Name("id", _ON_CONNECTION), _Name("connection_arn")).rpartition(
            "/"
        )[2],
    )


def _fields(raw: msgspec.Raw) -> _Fields:
    text_of_it = bytes(raw)
    if not text_of_it.startswith(b"{"):
        return _NO_FIELDS
    try:
        return _decode(text_of_it)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _fields_leniently(text_of_it)


def _fields_leniently(raw: bytes) -> _Fields:
    try:
        members = decode_leniently(raw)
    except MalformedEventError:
        return _NO_FIELDS
    return msgspec.convert(
        {name: members[name] for name in _Fields.__struct_encode_fields__ if name in members}, _Fields
    )
