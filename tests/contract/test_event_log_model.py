"""CodeCatalyst's own event log as botocore's model has it: every field of an item is one that the agent knows."""

from __future__ import annotations

import json

import botocore.session
import pytest
from botocore.model import ServiceModel

from agent.aws.space_log import MOST_ITEMS
from agent.trail.log_item import AWS_ACCOUNT, USER, as_trail_event, is_item, item_in
from tests.support.events import encoded
from tests.support.spaces import NOON, item

MEMBERS = {
    "EventLogEntry": """id eventName eventType eventCategory eventSource eventTime operationType userIdentity
        projectInformation requestId requestPayload responsePayload errorCode sourceIpAddress userAgent""",
    "UserIdentity": "userType principalId userName awsAccountId",
    "ProjectInformation": "name projectId",
    "EventPayload": "contentType data",
}


@pytest.fixture(scope="module")
def model() -> ServiceModel:
    """The model of the newest version."""
    return botocore.session.Session().get_service_model("codecatalyst")


@pytest.mark.parametrize("shape", MEMBERS)
def test_every_field_is_known(model: ServiceModel, shape: str) -> None:
    """A new one is to be looked at: it may belong into an attribute. Until then it is in the body."""
    assert set(model.shape_for(shape).members) == set(MEMBERS[shape].split())


def test_the_values_that_are_told_apart_are_the_models(model: ServiceModel) -> None:
    """Who a user is, and whether anything was changed."""
    assert set(model.shape_for("UserType").enum) == {USER, AWS_ACCOUNT, "UNKNOWN"}
    assert set(model.shape_for("OperationType").enum) == {"READONLY", "MUTATION"}


def test_a_page_is_as_large_as_may_be(model: ServiceModel) -> None:
    """Fewer requests are made."""
    asked = model.operation_model("ListEventLogs").input_shape.members["maxResults"]
    assert asked.metadata["max"] == MOST_ITEMS


def test_the_least_that_an_item_has_makes_it_one(model: ServiceModel) -> None:
    """Only what the model requires: it is told from an event of a trail, and comes out again."""
    required = model.shape_for("EventLogEntry").required_members
    least = {name: value for name, value in item(1, NOON).items() if name in required}
    assert set(least) == set(required)
    assert is_item(least)
    assert json.loads(item_in(as_trail_event(encoded(least)))) == least
