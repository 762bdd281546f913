"""Summaries: what a person sees of a record, whatever its service."""

from __future__ import annotations

import pytest

from agent.records.summary import Summary
from tests.support.events import WITHOUT_PROFILE, raw_event
from tests.support.objects import SOURCE
from tests.support.records import open_mapper

MAPPER = open_mapper()


def told(**members: object) -> Summary:
    """The summary of a small event with these members."""
    record = MAPPER.to_record(raw_event(**members), SOURCE)
    return Summary.of(record.event_name, record.attributes)


def test_codecatalyst_is_told_by_space_and_project() -> None:
    """Its events stand without the service's name."""
    summary = told(eventName="PutBillingAuthorization", requestParameters={"spaceName": "s", "projectName": "p"})
    assert (summary.event, summary.where, summary.is_critical) == ("PutBillingAuthorization", "s/p", True)


@pytest.mark.parametrize(
    ("source", "name", "request_", "where", "critical"),
    [
        ("sso", "CreateAccountAssignment", {"permissionSetArn": "arn:aws:sso:::permissionSet/i/ps-1"}, "ps-1", True),
        ("codebuild", "StartBuild", {"projectName": "web"}, "web", False),
        ("sqs", "PurgeQueue", {"queueUrl": "https://sqs.us-west-2.amazonaws.com/1/q"}, "q", True),
        ("kms", "DisableKey", {"keyId": "arn:aws:kms:us-west-2:1:key/k"}, "k", True),
        ("s3", "DeleteBucket", None, "", False),
        (WITHOUT_PROFILE, "DeleteDetector", {"detectorId": "d"}, "", False),
    ],
)
def test_other_services_are_told_by_their_subject(
    source: str, name: str, request_: object, where: str, critical: bool
) -> None:
    """The service stands before the event; of an ARN or a URL, its end is shown."""
    summary = told(eventSource=f"{source}.amazonaws.com", eventName=name, requestParameters=request_)
    assert (summary.event, summary.where, summary.is_critical) == (f"{source}.{name}", where, critical)


def test_a_record_without_attributes_is_told_with_empty_words() -> None:
    """Nothing is invented, and nothing raises."""
    assert Summary.of("", {}) == Summary("", "", "", "", "", "", "", is_critical=False)
