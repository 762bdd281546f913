"""Profiles: whose event it is, in which words it is told, and what none of them may do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.model import LogRecord
from agent.records.actor import IDENTITY_TYPES
from agent.records.profiles import BY_NAME, CODECATALYST, GENERIC, PROFILES, named, owner, profile_of
from agent.records.profiles.profile import ANYTHING, Ours, plain_source, service
from agent.records.profiles.trail_guard import TRAIL_GUARD, queue_path
from agent.trail.edit import Mask
from agent.trail.event import decode
from tests.support.events import DATA, WITHOUT_PROFILE, encoded, raw_event
from tests.support.objects import SOURCE
from tests.support.records import open_mapper

MAPPER = open_mapper()
OTHERS = (*(profile.name for profile in PROFILES if profile is not CODECATALYST), GENERIC.name)
OURS = Ours(frozenset({"trail"}), frozenset({"1/q"}), frozenset({"key-1"}))


def examples(profile: str) -> list[dict[str, Any]]:
    """The realistic events of a profile."""
    members: list[dict[str, Any]] = json.loads((DATA / "profiles" / f"{profile}.json").read_text())["Records"]
    return members


def mapped(**members: object) -> LogRecord:
    """The record of a small event with these members."""
    return MAPPER.to_record(raw_event(**members), SOURCE)


@pytest.mark.row(73)
@pytest.mark.parametrize("profile", OTHERS)
def test_nothing_of_codecatalysts_is_on_other_events(profile: str) -> None:
    """Neither an attribute, nor the name of the service, nor the metric."""
    for example in examples(profile):
        record = MAPPER.to_record(encoded(example), SOURCE)
        assert [name for name in record.attributes if name.startswith("aws.codecatalyst")] == []
        assert record.service_name.startswith("aws-")
        assert record.service_name != "aws-codecatalyst"
        assert record.labels.event_source
        assert {f"aws.cloudtrail.{word}" for word in ("actor", "actor.kind", "event", "outcome")} <= set(
            record.attributes
        )


@pytest.mark.parametrize("profile", [one.name for one in PROFILES if one is not CODECATALYST])
def test_an_event_has_attributes_of_its_own_profile_only(profile: str) -> None:
    """The examples of a profile are its own, each subject of it is named by one, and no other profile speaks."""
    prefix = BY_NAME[profile].prefix
    seen: set[str] = set()
    for example in examples(profile):
        attributes = MAPPER.to_record(encoded(example), SOURCE).attributes
        others = [one.prefix for one in PROFILES if one.prefix != prefix]
        assert not [name for name in attributes if name.startswith(tuple(f"{other}." for other in others))]
        seen |= {name for name in attributes if name.startswith(f"{prefix}.")}
    assert seen == {f"{prefix}.{subject.attribute}" for subject in BY_NAME[profile].subjects}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: one.name)
def test_a_profile_is_sound(profile: object) -> None:
    """It shows subjects of its own, each is listed once, what is critical is known, identity types are CloudTrail's."""
    assert isinstance(profile, type(GENERIC))
    assert len({subject.attribute for subject in profile.subjects}) == len(profile.subjects)
    assert set(profile.where) <= {subject.attribute for subject in profile.subjects}
    known = {name for one in profile.known for name in one.events}
    assert profile.critical <= known
    assert all(one.identity_types <= IDENTITY_TYPES for one in profile.known)
    assert {one.source for one in profile.known} <= profile.sources | set(profile.calls)
    assert all(plain_source(source) == source for source in (*profile.sources, *profile.calls))


def test_no_source_has_two_owners() -> None:
    """Each event source belongs to one profile; a call that a profile owns is on a source that nobody owns."""
    sources = [source for profile in PROFILES for source in profile.sources]
    assert len(sources) == len(set(sources))
    assert not set(sources) & {source for profile in PROFILES for source in profile.calls}


@pytest.mark.parametrize(
    ("source", "name", "profile"),
    [
        ("codecatalyst.amazonaws.com", "CreateProject", "codecatalyst"),
        ("account-ID", "ListConnections", "codecatalyst"),
        ("", "acceptconnection", "codecatalyst"),
        ("codestar-connections.amazonaws.com", "ListConnections", "codeconnections"),
        (" CodeConnections.AmazonAWS.com", "Anything", "codeconnections"),
        ("directconnect.amazonaws.com", "AcceptConnection", "generic"),
        ("signin.amazonaws.com.cn", "ConsoleLogin", "identity"),
        ("signin.amazonaws.cn", "ConsoleLogin", "identity"),
        ("cloudtrail.amazonaws.com", "StopLogging", "trail_guard"),
        ("cloudtrail.amazonaws.com", "stoplogging", "trail_guard"),
        ("cloudtrail.amazonaws.com", "LookupEvents", "generic"),
        ("s3.amazonaws.com", "PutBucketLifecycleConfiguration", "trail_guard"),
        ("s3.amazonaws.com", "PutObject", "generic"),
        ("account-ID", "StopLogging", "generic"),
        ("", "", "generic"),
        ("x" * 10_000, "y" * 10_000, "generic"),
    ],
)
def test_an_event_has_one_owner(source: str, name: str, profile: str) -> None:
    """By its source, or by its source and name; CodeCatalyst's connection events also where no service is named."""
    assert owner(source, name).name == profile


@pytest.mark.parametrize(
    ("source", "name", "request_", "guarded"),
    [
        ("s3", "DeleteBucket", {"bucketName": "trail"}, True),
        ("s3", "DeleteBucket", {"bucketName": "other"}, False),
        ("s3", "DeleteBucket", None, True),
        ("sqs", "DeleteQueue", {"queueUrl": "https://sqs.us-west-2.amazonaws.com/1/q"}, True),
        ("sqs", "DeleteQueue", {"queueUrl": "https://vpce-1.sqs.us-west-2.vpce.amazonaws.com/1/q/"}, True),
        ("sqs", "DeleteQueue", {"queueUrl": "https://sqs.us-west-2.amazonaws.com/2/q"}, False),
        ("kms", "DisableKey", {"keyId": "key-1"}, True),
        ("kms", "DisableKey", {"keyId": "arn:aws:kms:us-west-2:1:key/key-1"}, True),
        ("kms", "DisableKey", {"keyId": "key-2"}, False),
        ("cloudtrail", "StopLogging", {"name": "any"}, True),
    ],
)
def test_a_guarded_call_is_about_ours(source: str, name: str, request_: object, guarded: bool) -> None:
    """Trails all count; buckets, queues and keys only where they are ours, or where the event does not say which."""
    event = decode(raw_event(eventSource=f"{source}.amazonaws.com", eventName=name, requestParameters=request_))
    assert (profile_of(event, OURS) is TRAIL_GUARD) is guarded
    assert profile_of(event, ANYTHING) is TRAIL_GUARD


def test_a_key_is_found_by_the_arn_that_kms_knows() -> None:
    """The caller may use an alias; the event's resources name the key."""
    members = {"eventSource": "kms.amazonaws.com", "eventName": "DisableKey", "requestParameters": {"keyId": "alias/a"}}
    resources = [{"ARN": "arn:aws:kms:us-west-2:1:key/key-1"}, 7]
    assert profile_of(decode(raw_event(**members, resources=resources)), OURS) is TRAIL_GUARD
    assert profile_of(decode(raw_event(**members, resources="x")), OURS) is GENERIC


def test_the_owner_is_decided_before_masking() -> None:
    """A masked source or bucket does not make an event somebody else's."""
    mask = Mask(["eventSource", "requestParameters.bucketName"], b"k" * 32)
    mapper = open_mapper(mask=mask, ours=OURS)
    project = mapper.to_record(raw_event(), SOURCE)
    assert (project.event_name, project.labels.event_source) == ("codecatalyst.CreateProject", "")
    members = {"eventSource": "s3.amazonaws.com", "eventName": "DeleteBucket"}
    guarded = mapper.to_record(raw_event(**members, requestParameters={"bucketName": "trail"}), SOURCE)
    assert str(guarded.attributes["aws.trail_guard.target"]).startswith("hmac-sha256:")


def test_a_service_name_can_be_set_for_a_profile() -> None:
    """By its name; `generic` stands for all services without one, and CodeCatalyst's is the resource's own."""
    names = {"identity": "people", "generic": "rest"}
    mapper = open_mapper(service_names=names)
    sources = ("sso", WITHOUT_PROFILE, "codebuild", "codecatalyst")
    records = [mapper.to_record(raw_event(eventSource=f"{one}.amazonaws.com"), SOURCE) for one in sources]
    assert [record.service_name for record in records] == ["people", "rest", "aws-codebuild", ""]


@pytest.mark.parametrize(
    ("members", "outcome"),
    [
        ({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}, "failure"),
        ({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success"}}, "success"),
        ({"eventName": "UserAuthentication", "serviceEventDetails": {"UserAuthentication": "Failure"}}, "failure"),
        ({"eventName": "ConsoleLogin", "responseElements": "Failure"}, "success"),
        ({"eventName": "ConsoleLogin", "errorCode": "AccessDenied"}, "failure"),
    ],
)
def test_who_was_not_let_in_has_failed(members: dict[str, object], outcome: str) -> None:
    """A failed sign-in has no error code: its response says it."""
    record = mapped(eventSource="signin.amazonaws.com", **members)
    assert record.labels.outcome == record.attributes["aws.cloudtrail.outcome"] == outcome
    assert record.severity_number == (13 if outcome == "failure" else 9)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("sso.amazonaws.com", "sso"),
        (" SSO.AmazonAWS.com.cn ", "sso"),
        ("signin.amazonaws.cn", "signin"),
        ("s3-outposts.amazonaws.com", "s3-outposts"),
        ("account-ID", ""),
        (".amazonaws.com", ""),
        ("é.amazonaws.com", ""),
        ("x" * 100 + ".amazonaws.com", ""),
    ],
)
def test_a_source_names_a_service(source: str, name: str) -> None:
    """Only what AWS could have written becomes a part of a name that stores keep a stream for."""
    assert service(source) == name


def test_what_names_no_service_is_told_as_unknown() -> None:
    """Whatever a forged source holds, its stream is one."""
    records = [mapped(eventSource=source, eventName="X") for source in ("1", "", None, {"a": 1}, "x" * 300)]
    assert {record.service_name for record in records} == {"aws-unknown"}
    assert {record.event_name for record in records} == {"unknown.X"}


def test_profiles_come_in_the_order_of_the_index() -> None:
    """Whatever order the settings have, and once each."""
    assert named(["identity", "codecatalyst", "identity"]) == (CODECATALYST, BY_NAME["identity"])
    with pytest.raises(KeyError):
        named(["generic"])


@pytest.mark.parametrize(
    ("url", "path"), [("https://sqs.x.amazonaws.com/1/q", "1/q"), ("http://h/a/1/q/", "1/q"), ("q", "q"), ("", "")]
)
def test_a_queue_is_known_by_the_end_of_its_url(url: str, path: str) -> None:
    """The host is another one for every endpoint."""
    assert queue_path(url) == path
