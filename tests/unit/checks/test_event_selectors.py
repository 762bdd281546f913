"""Which events a trail takes, by what GetEventSelectors says in either of its forms."""

from __future__ import annotations

from typing import Any

import pytest

from agent.checks.event_selectors import EventSelectors
from agent.records.profiles.codecatalyst import SOURCE

BUCKET = "acme-trail"


def basic(management: bool = True, part: str = "All", data: tuple[str, ...] = ()) -> dict[str, Any]:
    """One basic selector."""
    resources = [{"Type": "AWS::S3::Object", "Values": list(data)}] if data else []
    return {"IncludeManagementEvents": management, "ReadWriteType": part, "DataResources": resources}


def advanced(category: str, **fields: dict[str, list[str]]) -> dict[str, Any]:
    """One advanced selector."""
    told = [{"Field": name.replace("_", "."), **how} for name, how in fields.items()]
    return {"FieldSelectors": [{"Field": "eventCategory", "Equals": [category]}, *told]}


def test_a_trail_without_the_events_of_codecatalyst_is_known() -> None:
    """One that takes management events of others only, but not one that takes none at all."""
    other = {"AdvancedEventSelectors": [advanced("Management", eventSource={"NotEquals": [SOURCE]})]}
    assert EventSelectors.of(other).leaves_ours_out
    assert not EventSelectors.of({"EventSelectors": [basic(management=False)]}).leaves_ours_out
    assert not EventSelectors.of({}).leaves_ours_out


S3_OBJECTS = {"Equals": ["AWS::S3::Object"]}


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ({}, "all"),
        ({"EventSelectors": [basic()]}, "all"),
        ({"EventSelectors": [basic(part="ReadOnly"), basic(part="WriteOnly")]}, "all"),
        ({"EventSelectors": [basic(part="WriteOnly")]}, "writing"),
        ({"EventSelectors": [basic(management=False)]}, ""),
        ({"AdvancedEventSelectors": [advanced("Management")]}, "all"),
        ({"AdvancedEventSelectors": [advanced("Management", readOnly={"Equals": ["true"]})]}, "reading"),
        ({"AdvancedEventSelectors": [advanced("Data", resources_type=S3_OBJECTS)]}, ""),
        ({"EventSelectors": [basic() | {"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}, "all"),
        ({"AdvancedEventSelectors": [advanced("Management", eventSource={"NotEquals": ["kms.amazonaws.com"]})]}, "all"),
        ({"AdvancedEventSelectors": [advanced("Management", eventSource={"NotStartsWith": ["code"]})]}, ""),
        ({"AdvancedEventSelectors": [advanced("Management", eventSource={"Equals": ["kms.amazonaws.com"]})]}, ""),
        (
            {
                "AdvancedEventSelectors": [
                    advanced("Management", eventSource={"Equals": ["kms.amazonaws.com"], "StartsWith": ["codecat"]})
                ]
            },
            "all",
        ),
    ],
)
def test_management_events_are_known(answer: dict[str, Any], part: str) -> None:
    """A trail without selectors takes all of them, as a new one does."""
    assert EventSelectors.of(answer).management == part


NARROW = {"eventName": {"Equals": ["CreateProject"]}}


@pytest.mark.parametrize(
    ("selectors", "fields"),
    [
        ([advanced("Management", **NARROW)], ["eventName"]),
        ([advanced("Management", eventName={"NotEquals": ["DeleteProject"]})], ["eventName"]),
        ([advanced("Management", eventName={"NotStartsWith": ["List"]})], ["eventName"]),
        ([advanced("Management", eventType={"Equals": ["AwsApiCall"]})], ["eventType"]),
        ([advanced("Management", eventType={"NotEquals": ["AwsApiCall"]}, **NARROW)], ["eventName", "eventType"]),
        ([advanced("Management", userIdentity_arn={"NotStartsWith": ["arn:aws:sts::1:"]})], ["userIdentity.arn"]),
        ([advanced("Management", sessionCredentialFromConsole={"Equals": ["true"]})], ["sessionCredentialFromConsole"]),
        ([advanced("Management", readOnly={"Equals": ["true"]}), advanced("Management", **NARROW)], ["eventName"]),
        ([advanced("Management", **NARROW), advanced("Management")], []),
        ([advanced("Management", eventName={"NotEquals": ["Decrypt", "GenerateDataKey"]})], []),
        ([advanced("Management", eventType={"NotEquals": ["AwsConsoleSignIn"]})], []),
        ([advanced("Management", eventSource={"Equals": ["kms.amazonaws.com"]}, **NARROW), advanced("Management")], []),
        ([advanced("Management", readOnly={"Equals": ["true"]})], []),
        ([advanced("Data", resources_type=S3_OBJECTS, **NARROW), advanced("Management")], []),
    ],
)
def test_conditions_that_leave_out_some_events_are_known(selectors: list[dict[str, Any]], fields: list[str]) -> None:
    """Not those that leave out only what CodeCatalyst does not write down."""
    assert EventSelectors.of({"AdvancedEventSelectors": selectors}).narrowed_by == fields


@pytest.mark.parametrize(
    ("answer", "takes"),
    [
        ({}, False),
        ({"EventSelectors": [basic(data=("arn:aws:s3",))]}, True),
        ({"EventSelectors": [basic(data=("arn:aws:s3:::",))]}, True),
        ({"EventSelectors": [basic(data=(f"arn:aws:s3:::{BUCKET}/",))]}, True),
        ({"EventSelectors": [basic(data=(f"arn:aws:s3:::{BUCKET}-2/",))]}, False),
        ({"EventSelectors": [basic(part="WriteOnly", data=("arn:aws:s3",))]}, False),
        ({"AdvancedEventSelectors": [advanced("Data", resources_type=S3_OBJECTS)]}, True),
        ({"AdvancedEventSelectors": [advanced("Management", resources_type=S3_OBJECTS)]}, False),
        (
            {
                "AdvancedEventSelectors": [
                    advanced(
                        "Data",
                        resources_type=S3_OBJECTS,
                        resources_ARN={"NotStartsWith": [f"arn:aws:s3:::{BUCKET}/"]},
                    )
                ]
            },
            False,
        ),
        (
            {
                "AdvancedEventSelectors": [
                    advanced("Data", resources_type=S3_OBJECTS, resources_ARN={"StartsWith": ["arn:aws:s3:::other/"]})
                ]
            },
            False,
        ),
        ({"AdvancedEventSelectors": [advanced("Data", resources_type={"Equals": ["AWS::Lambda::Function"]})]}, False),
    ],
)
def test_a_trail_that_writes_down_our_reads_is_known(answer: dict[str, Any], takes: bool) -> None:
    """Whether a read of an object in the trail's own bucket is an event of it."""
    assert EventSelectors.of(answer).takes_reads_of(BUCKET) is takes


def of_objects(**fields: dict[str, list[str]]) -> dict[str, Any]:
    """An advanced selector of data events of S3."""
    return {"AdvancedEventSelectors": [advanced("Data", resources_type=S3_OBJECTS, **fields)]}


@pytest.mark.parametrize(
    ("answer", "takes"),
    [
        ({"EventSelectors": [basic(data=("arn:aws:s3",))]}, True),
        ({"EventSelectors": [basic(data=(f"arn:aws:s3:::{BUCKET}/",))]}, True),
        ({"EventSelectors": [basic(data=(f"arn:aws:s3:::{BUCKET}/audit/AWSLogs/",))]}, True),
        ({"EventSelectors": [basic(data=(f"arn:aws-cn:s3:::{BUCKET}/audit/AWSLogs/1/",))]}, True),
        ({"EventSelectors": [basic(data=(f"arn:aws:s3:::{BUCKET}/AWSLogs/",))]}, False),
        (of_objects(resources_ARN={"StartsWith": [f"arn:aws:s3:::{BUCKET}/audit/AWSLogs/"]}), True),
        (of_objects(resources_ARN={"StartsWith": [f"arn:aws:s3:::{BUCKET}/elb/"]}), False),
        (of_objects(resources_ARN={"EndsWith": [".gz"]}), True),
        (of_objects(resources_ARN={"EndsWith": [".csv"]}), False),
        (of_objects(resources_ARN={"NotStartsWith": [f"arn:aws:s3:::{BUCKET}/audit/AWSLogs/"]}), False),
        (of_objects(resources_ARN={"NotStartsWith": [f"arn:aws:s3:::{BUCKET}/audit/AWSLogs/1/"]}), True),
        (of_objects(eventName={"Equals": ["PutObject"]}), False),
        (of_objects(eventName={"NotEquals": ["GetObject"]}), False),
        (of_objects(eventName={"StartsWith": ["Get"]}), True),
        (of_objects(readOnly={"Equals": ["true"]}), True),
        (of_objects(readOnly={"Equals": ["false"]}), False),
    ],
)
def test_reads_of_the_trails_own_files_are_known(answer: dict[str, Any], takes: bool) -> None:
    """Of a trail with a prefix: where other objects of the bucket are read, the agent feeds itself with nothing."""
    assert EventSelectors.of(answer).takes_reads_of(BUCKET, "audit/AWSLogs/") is takes
