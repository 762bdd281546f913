"""Mapping: every row of the documented table from CloudTrail to OTLP, and every fallback."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from agent.model import EventLabels, LogRecord, ObjectSource
from agent.records.mapping import TABLE, Mapper
from agent.records.rows import Row
from agent.settings.sections import RecordSettings
from agent.trail.edit import Mask
from agent.trail.event import MalformedEventError, TrailEvent
from tests.support.events import codecatalyst, create_dev_environment, encoded, list_connections, long_event, raw_event
from tests.support.objects import BUCKET, FILE_NAME, KEY, LAST_MODIFIED, SOURCE, trail_objects
from tests.support.records import open_mapper, record_limits

LIMIT = 245_760
MAPPER = open_mapper(record_bytes=LIMIT)
EMPTY: list[object] = [None, "", [], {}]
SHAPES = json.loads(codecatalyst("identity-center-user-shapes.json"))["shapes"]


def mapped(**members: object) -> LogRecord:
    """The record of a small event with these members."""
    return MAPPER.to_record(raw_event(**members), SOURCE)


def nested(path: str, value: object) -> dict[str, object]:
    """`value` at a dotted CloudTrail path."""
    first, _, rest = path.partition(".")
    return {first: nested(rest, value) if rest else value}


TEXTS = {
    "eventID": ["aws.cloudtrail.event_id", "log.record.uid"],
    "eventVersion": ["aws.cloudtrail.event_version"],
    "apiVersion": ["aws.cloudtrail.api_version"],
    "eventName": ["rpc.method"],
    "eventSource": ["rpc.service"],
    "eventType": ["rpc.system.name", "rpc.system"],
    "eventCategory": ["aws.event.category"],
    "requestID": ["aws.request_id"],
    "sharedEventID": ["aws.shared_event_id"],
    "sourceIPAddress": ["source.address"],
    "errorCode": ["aws.error.code", "error.type"],
    "tlsDetails.tlsVersion": ["tls.protocol.version"],
    "tlsDetails.cipherSuite": ["tls.cipher"],
    "tlsDetails.clientProvidedHostHeader": ["server.address"],
    "tlsDetails.keyExchange": ["tls.curve"],
    "vpcEndpointId": ["aws.cloudtrail.vpc_endpoint_id"],
    "vpcEndpointAccountId": ["aws.cloudtrail.vpc_endpoint_account_id"],
    "addendum.reason": ["aws.cloudtrail.addendum.reason"],
    "addendum.originalRequestID": ["aws.cloudtrail.addendum.original_request_id"],
    "addendum.originalEventID": ["aws.cloudtrail.addendum.original_event_id"],
    "userIdentity.type": ["aws.principal.type"],
    "userIdentity.principalId": ["aws.principal.id"],
    "userIdentity.arn": ["aws.principal.arn"],
    "userIdentity.accountId": ["aws.user_identity.account_id"],
    "userIdentity.accessKeyId": ["aws.access_key.id"],
    "userIdentity.invokedBy": ["aws.user_identity.invoked_by"],
    "userIdentity.userName": ["user.name"],
    "userIdentity.userId": ["user.id"],
    "userIdentity.onBehalfOf.userId": ["user.id"],
    "userIdentity.identityStoreArn": ["aws.identity_store.arn"],
    "userIdentity.onBehalfOf.identityStoreArn": ["aws.identity_store.arn"],
    "userIdentity.credentialId": ["aws.user_identity.credential_id"],
    "userIdentity.invokedByDelegate.accountId": ["aws.user_identity.invoked_by_delegate.account_id"],
    "userIdentity.inScopeOf.sourceArn": ["aws.user_identity.in_scope_of.source_arn"],
    "userIdentity.inScopeOf.sourceAccount": ["aws.user_identity.in_scope_of.source_account"],
    "userIdentity.inScopeOf.issuerType": ["aws.user_identity.in_scope_of.issuer_type"],
    "userIdentity.inScopeOf.credentialsIssuedTo": ["aws.user_identity.in_scope_of.credentials_issued_to"],
    "userIdentity.identityProvider": ["aws.user_identity.identity_provider"],
    **{
        f"userIdentity.sessionContext.{path}": [f"aws.user_identity.session_context.{name}"]
        for path, name in {
            "attributes.creationDate": "attributes.creation_date",
            "sessionIssuer.type": "issuer.type",
            "sessionIssuer.principalId": "issuer.principal_id",
            "sessionIssuer.arn": "issuer.arn",
            "sessionIssuer.accountId": "issuer.account_id",
            "sessionIssuer.userName": "issuer.user_name",
            "sourceIdentity": "source_identity",
            "webIdFederationData.federatedProvider": "web_id_federation.provider",
            "ec2RoleDelivery": "ec2_role_delivery",
            "assumedRoot": "assumed_root",
        }.items()
    },
}
VERBATIM = {"userAgent": "user_agent.original", "errorMessage": "aws.error.message"}
FLAGS = {
    "readOnly": "aws.event.read_only",
    "managementEvent": "aws.event.management",
    "userIdentity.sessionContext.attributes.mfaAuthenticated": (
        "aws.user_identity.session_context.attributes.mfa_authenticated"
    ),
}
PARAMETERS = {
    "requestParameters": "aws.request.parameters",
    "responseElements": "aws.response.elements",
    "additionalEventData": "aws.cloudtrail.additional_event_data",
    "serviceEventDetails": "aws.cloudtrail.service_event_details",
    "eventContext": "aws.cloudtrail.event_context",
    "edgeDeviceDetails": "aws.cloudtrail.edge_device_details",
    "insightDetails": "aws.cloudtrail.insight_details",
}


@pytest.mark.parametrize("path", TEXTS)
def test_text_fields_are_attributes(path: str) -> None:
    """Each field has its name, loses the blanks at its ends, and a number in its place is shown as text."""
    for value, shown in (("value", "value"), (" value \n", "value"), (7, "7"), (10**30, str(10**30)), ("é\n", "é")):
        attributes = mapped(**nested(path, value)).attributes
        assert {name: attributes[name] for name in TEXTS[path]} == dict.fromkeys(TEXTS[path], shown)


@pytest.mark.parametrize("path", TEXTS)
@pytest.mark.parametrize("nothing", [None, "", "  ", {}, [], ["x"], {"x": "y"}], ids=repr)
def test_an_empty_or_odd_field_is_no_attribute(path: str, nothing: object) -> None:
    """Null, empty, blank and what is no scalar leaves no attribute behind."""
    assert not set(TEXTS[path]) & set(mapped(**nested(path, nothing)).attributes)


@pytest.mark.parametrize(("field", "name"), VERBATIM.items())
def test_prose_is_kept_verbatim(field: str, name: str) -> None:
    """What people and programs wrote keeps its blanks; `Unknown` is a user agent; nothing is nothing."""
    for value in (" a  b ", "Unknown", "x\n"):
        assert mapped(**{field: value}).attributes[name] == value
    for nothing in [*EMPTY, "  ", 7]:
        assert name not in mapped(**{field: nothing}).attributes


@pytest.mark.parametrize(("path", "name"), FLAGS.items())
def test_flags_are_booleans(path: str, name: str) -> None:
    """True and false, also where CloudTrail writes them as strings; false is said too."""
    for value, said in ((True, True), (False, False), ("true", True), ("false", False)):
        assert mapped(**nested(path, value)).attributes[name] is said
    for nothing in [*EMPTY, "maybe", 1]:
        assert name not in mapped(**nested(path, nothing)).attributes


@pytest.mark.parametrize(("field", "name"), PARAMETERS.items())
def test_open_ended_fields_are_json(field: str, name: str) -> None:
    """Parameters are one JSON string, as they stand, up to 8 KiB; empty ones are absent."""
    for value in ({"b": 1.5, "a": ["é", None]}, [1], "text", 7, False, 0):
        assert mapped(**{field: value}).attributes[name] == encoded({"": value})[4:-1].decode()
    for nothing in EMPTY:
        assert name not in mapped(**{field: nothing}).attributes
    assert name in mapped(**{field: "x" * 8190}).attributes
    assert name not in mapped(**{field: "x" * 8191}).attributes


@pytest.mark.parametrize("at", [0, 3, len(TABLE)])
def test_a_new_attribute_is_one_line_of_the_table(at: int) -> None:
    """Wherever it stands, it is read off every event, and stands there in the record; nothing else changes."""
    line = Row("example.time", "eventTime", "X")
    mapper = Mapper(form=RecordSettings(), limits=record_limits(LIMIT), table=(*TABLE[:at], line, *TABLE[at:]))
    for raw in (raw_event(), encoded(create_dev_environment())):
        known, record = MAPPER.to_record(raw, SOURCE), mapper.to_record(raw, SOURCE)
        assert record.attributes["example.time"]
        assert {name: record.attributes[name] for name in known.attributes} == dict(known.attributes)
        assert len(record.attributes) == len(known.attributes) + 1


def test_parameters_can_be_left_to_the_body() -> None:
    """With `parameters: omit` they are in the body alone, and still name the subject."""
    raw = encoded({**create_dev_environment(), **{field: {"a": 1} for field in list(PARAMETERS)[2:]}})
    record = open_mapper(parameters="omit", record_bytes=LIMIT).to_record(raw, SOURCE)
    assert not set(PARAMETERS.values()) & set(record.attributes)
    assert record.attributes["aws.codecatalyst.space.name"] == "MySpace"
    assert record.body == raw.decode()


@pytest.mark.parametrize(
    ("address", "is_ip"),
    [("192.0.2.1", True), ("2001:db8::1", True), (" 192.0.2.1 ", True), ("AWS Internal", False), ("a.example", False)],
)
def test_only_an_ip_address_is_a_client(address: str, is_ip: bool) -> None:
    """CloudTrail's source can be a service's name; `client.address` is an address."""
    attributes = mapped(sourceIPAddress=address).attributes
    assert attributes["source.address"] == address.strip()
    assert attributes.get("client.address") == (address.strip() if is_ip else None)


@pytest.mark.parametrize(
    ("written", "shown"), [("TLSv1.3", "1.3"), ("TLSv1.2", "1.2"), ("1.3", "1.3"), ("SSLv3", "SSLv3")]
)
def test_the_tls_version_is_a_number(written: str, shown: str) -> None:
    """The semantic conventions want `1.3`, CloudTrail writes `TLSv1.3`."""
    assert mapped(tlsDetails={"tlsVersion": written}).attributes["tls.protocol.version"] == shown


@pytest.mark.parametrize(
    ("written", "said"), [("true", True), (True, True), ("false", None), (False, None), (None, None)]
)
def test_a_console_session_is_said_only_if_it_is_one(written: object, said: bool | None) -> None:
    """`aws.session.console` is true or absent."""
    assert mapped(sessionCredentialFromConsole=written).attributes.get("aws.session.console") is said


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["a", " b ", "", None, 7], ("a", "b", "7")),
        ("a, b,,c", ("a", "b", "c")),
        ([], None),
        ("", None),
        (None, None),
        ({"a": 1}, None),
        ([["a"]], None),
    ],
)
def test_updated_fields_are_an_array(written: object, names: tuple[str, ...] | None) -> None:
    """CloudTrail documents a list and shows a string with commas; both are read."""
    attributes = mapped(addendum={"updatedFields": written}).attributes
    assert attributes.get("aws.cloudtrail.addendum.updated_fields") == names


@pytest.mark.parametrize(
    ("written", "maps"),
    [
        (
            [{"accountId": "1", "type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k"}, {"arn": "x"}],
            ({"account.id": "1", "type": "AWS::S3::Object", "arn": "arn:aws:s3:::b/k"}, {"arn": "x"}),
        ),
        ([{"ARN": "", "type": None}, {}, None, 7, "x", ["y"]], None),
        ([{"accountId": 7, "ARN": ["x"]}], ({"account.id": "7"},)),
        ([], None),
        (None, None),
        ({"ARN": "x"}, None),
    ],
)
def test_resources_are_an_array_of_maps(written: object, maps: object) -> None:
    """Each resource keeps what it has; odd ones are left out."""
    assert mapped(resources=written).attributes.get("aws.resources") == maps


@pytest.mark.parametrize(
    ("path", "other", "name"),
    [
        ("userIdentity.onBehalfOf.userId", "userIdentity.userId", "user.id"),
        ("userIdentity.onBehalfOf.identityStoreArn", "userIdentity.identityStoreArn", "aws.identity_store.arn"),
    ],
)
def test_the_person_behind_the_call_comes_first(path: str, other: str, name: str) -> None:
    """`onBehalfOf` is the CodeCatalyst actor; the flat fields are asked only without it."""
    key = path.rpartition(".")[2]
    assert mapped(userIdentity={"onBehalfOf": {key: "deep"}, key: "flat"}).attributes[name] == "deep"
    assert mapped(userIdentity={"onBehalfOf": {key: " "}, key: "flat"}).attributes[name] == "flat"
    assert mapped(**nested(other, "flat")).attributes[name] == "flat"


@pytest.mark.parametrize("shape", SHAPES, ids=[shape["from"][:30] for shape in SHAPES])
def test_every_public_identity_shape_names_its_user(shape: dict[str, Any]) -> None:
    """The actor is found in each, and empty strings leave no attribute."""
    members = shape["userIdentity"]
    attributes = mapped(userIdentity=members).attributes
    holder = members.get("onBehalfOf", members)
    assert attributes["user.id"] == attributes["aws.codecatalyst.actor"] == holder["userId"]
    assert attributes["aws.identity_store.arn"] == holder["identityStoreArn"]
    assert attributes.get("aws.user_identity.credential_id") == members.get("credentialId")
    assert "" not in attributes.values()
    kind = "builder_id" if members["accountId"] == "432677196278" else "identity_center_user"
    assert attributes["aws.codecatalyst.actor.kind"] == kind


def test_the_documented_space_event() -> None:
    """CodeCatalyst's own attributes: who did what, in which project, on what, and whether it worked."""
    record = MAPPER.to_record(encoded(create_dev_environment()), SOURCE)
    own = {name: value for name, value in record.attributes.items() if name.startswith("aws.codecatalyst.")}
    assert own == {
        "aws.codecatalyst.space.name": "MySpace",
        "aws.codecatalyst.project.name": "MyProject",
        "aws.codecatalyst.dev_environment.id": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
        "aws.codecatalyst.actor.kind": "builder_id",
        "aws.codecatalyst.actor": "user-ID",
        "aws.codecatalyst.event": "CreateDevEnvironment",
        "aws.codecatalyst.outcome": "success",
    }
    assert record.event_name == "codecatalyst.CreateDevEnvironment"
    assert record.severity_number == 9
    assert record.time_unix_nano == 1_684_429_850_000_000_000
    assert record.labels == EventLabels("CreateDevEnvironment", "IdentityCenterUser", "success")


def test_the_documented_connection_event() -> None:
    """Its ids lose their blank, its false flag is kept, its null parameters and empty object are absent."""
    record = MAPPER.to_record(encoded(list_connections()), SOURCE)
    attributes = record.attributes
    assert record.event_name == "codecatalyst.ListConnections"
    assert record.event_id == attributes["log.record.uid"] == "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"
    assert attributes["aws.request_id"] == "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"
    assert attributes["aws.user_identity.session_context.attributes.mfa_authenticated"] is False
    assert attributes["aws.codecatalyst.actor.kind"] == "assumed_role"
    assert attributes["aws.codecatalyst.actor"] == "account-ID"
    assert attributes["rpc.service"] == "account-ID"
    assert not {"aws.request.parameters", "aws.response.elements"} & set(attributes)


@pytest.mark.parametrize(
    ("parameters", "name", "value"),
    [
        ({"spaceName": "s"}, "space.name", "s"),
        ({"projectName": "p"}, "project.name", "p"),
        ({"name": "p"}, "project.name", "p"),
        ({"devEnvironmentId": "d"}, "dev_environment.id", "d"),
        ({"sourceRepositoryName": "r"}, "source_repository.name", "r"),
        ({"workflowId": "w"}, "workflow.id", "w"),
        ({"workflowRunId": "w"}, "workflow_run.id", "w"),
        ({"connectionId": "c"}, "connection.id", "c"),
    ],
)
@pytest.mark.parametrize("side", ["requestParameters", "responseElements"])
def test_what_an_event_acted_on(parameters: dict[str, str], name: str, value: str, side: str) -> None:
    """Space, project and each kind of resource has its attribute, from the request or the response."""
    attributes = mapped(eventName="CreateProject", **{side: parameters}).attributes
    assert attributes[f"aws.codecatalyst.{name}"] == value


@pytest.mark.parametrize(
    ("code", "severity", "outcome"),
    [
        ("AccessDenied", 13, "failure"),
        (None, 9, "success"),
        ("", 9, "success"),
        (" ", 9, "success"),
        ([], 9, "success"),
        (404, 13, "failure"),
        (True, 13, "failure"),
        ("NoSuchBucket", 13, "failure"),
        ("nullable", 13, "failure"),
        *((code, 9, "success") for code in (0, 0.0, False, "0", "false", "None", "null", "OK", "Success", "-")),
    ],
)
@pytest.mark.row(66)
def test_an_error_code_makes_a_failure(code: object, severity: int, outcome: str) -> None:
    """`errorCode` decides on severity, outcome and label."""
    record = mapped(errorCode=code)
    assert record.severity_number == severity
    assert record.attributes["aws.codecatalyst.outcome"] == record.labels.outcome == outcome
    assert ("error.type" in record.attributes) is ("aws.error.code" in record.attributes) is (outcome == "failure")


@pytest.mark.parametrize(
    ("source", "name", "event_name", "label"),
    [
        ("codecatalyst.amazonaws.com", "CreateProject", "codecatalyst.CreateProject", "CreateProject"),
        ("account-ID", "ListConnections", "codecatalyst.ListConnections", "ListConnections"),
        (None, "acceptconnection", "codecatalyst.AcceptConnection", "AcceptConnection"),
        (
            "codecatalyst.amazonaws.com",
            "DissassociateIAMRolefromConnection",
            "codecatalyst.DisassociateIamRoleFromConnection",
            "DisassociateIamRoleFromConnection",
        ),
        (" S3.AmazonAWS.com ", "GetObject", "s3.GetObject", "GetObject"),
        ("ec2.amazonaws.com.cn", "RunInstances", "ec2.RunInstances", "RunInstances"),
        ("codecatalyst.amazonaws.com", " Nova ", "codecatalyst.Nova", "Nova"),
        ("codecatalyst.amazonaws.com", None, "codecatalyst.Unknown", "Unknown"),
    ],
)
def test_an_event_has_one_name(source: object, name: object, event_name: str, label: str) -> None:
    """The canonical name stands in the event name and the label; `rpc.method` keeps what was recorded."""
    record = mapped(eventSource=source, eventName=name)
    assert record.event_name == event_name
    assert record.labels.event_name == label
    assert record.attributes.get("rpc.method") == (name.strip() if isinstance(name, str) else None)
    story = "aws.codecatalyst" if event_name.startswith("codecatalyst.") else "aws.cloudtrail"
    assert record.attributes.get(f"{story}.event", "Unknown") == label


@pytest.mark.parametrize("identity", [None, {}, {"type": ""}, {"type": None}, {"invokedBy": "x"}, "mary", []])
def test_an_identity_without_a_type_is_labelled_unknown(identity: object) -> None:
    """The label never stays empty."""
    assert mapped(userIdentity=identity).labels.identity_type == "Unknown"


@pytest.mark.parametrize(
    ("account", "expected"), [("444455556666", "444455556666"), (None, "111122223333"), (" ", "111122223333"), (7, "7")]
)
def test_the_account_is_the_recipients(account: object, expected: str) -> None:
    """Absent, it is the one in the object's key; never the identity's, which may be AWS's own."""
    record = mapped(recipientAccountId=account, userIdentity={"accountId": "432677196278"})
    assert record.account == expected


@pytest.mark.parametrize(("region", "expected"), [("eu-west-1", "eu-west-1"), (" eu-west-1 ", "eu-west-1"), (None, "")])
def test_the_region_is_the_events(region: object, expected: str) -> None:
    """Each record has its own: one file can hold several."""
    assert mapped(awsRegion=region).region == expected


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("2023-05-18T17:10:50Z", 1_684_429_850_000_000_000),
        (" 2023-05-18T17:10:50Z ", 1_684_429_850_000_000_000),
        ("2023-05-18T17:10:50.123456Z", 1_684_429_850_123_456_000),
        ("2023-05-18T19:10:50+02:00", 1_684_429_850_000_000_000),
        ("2023-05-18T17:10:50", 1_684_429_850_000_000_000),
        ("1970-01-01T00:00:00Z", 0),
        ("2262-04-11T23:47:16.854775Z", 9_223_372_036_854_775_000),
        (1684429850, 1_684_429_850_000_000_000),
    ],
)
def test_the_time_is_the_events(written: str, nanoseconds: int) -> None:
    """`eventTime` in whatever spelling, UTC where it names no zone."""
    record = mapped(eventTime=written)
    assert record.time_unix_nano == nanoseconds
    assert "trail_agent.malformed" not in record.attributes


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "yesterday",
        "18/05/2023 17:10:50",
        "2023-13-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        {},
        [],
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_without_a_time_it_is_the_objects(written: object) -> None:
    """An event whose time cannot be read is shipped under the object's LastModified, and says so."""
    record = mapped(eventTime=written)
    assert record.time_unix_nano == LAST_MODIFIED
    assert record.attributes["trail_agent.malformed"] == "eventTime"


def test_a_record_says_where_it_was_read() -> None:
    """Bucket, key, name and LastModified are the object's."""
    record = mapped()
    assert record.attributes["log.file.path"] == f"s3://{BUCKET}/{KEY}"
    assert record.attributes["log.file.name"] == FILE_NAME
    assert record.observed_time_unix_nano == LAST_MODIFIED
    local = MAPPER.to_record(raw_event(), ObjectSource("", "logs/a.json", "", 5))
    assert local.attributes["log.file.path"] == "logs/a.json"
    assert local.attributes["log.file.name"] == "a.json"


@pytest.mark.parametrize("bad", [b"", b"7", b"null", b"[]", b'"x"', b"{", b'{"a":' + b"[" * 9999])
def test_what_is_no_object_is_malformed(bad: bytes) -> None:
    """Only a JSON object becomes a record."""
    with pytest.raises(MalformedEventError):
        MAPPER.to_record(bad, SOURCE)


def test_the_body_is_what_stands_in_the_file() -> None:
    """White space goes; numbers, escapes, key order and duplicates stay."""
    raw = b'{\n "eventName" : "X", "n": [1.50, 1e5, 123456789012345678901234567890], "z":"\\u00e9 \\/", "a":1,\t"a":2 }'
    body = MAPPER.to_record(raw, SOURCE).body
    assert body == '{"eventName":"X","n":[1.50,1e5,123456789012345678901234567890],"z":"\\u00e9 \\/","a":1,"a":2}'


def test_real_noise_is_mapped() -> None:
    """Every one of a thousand real events becomes a record with its own body and id, and some 20 to 35 attributes."""
    raws = [encoded(members) for content in trail_objects().values() for members in json.loads(content)["Records"]]
    records = [MAPPER.to_record(raw, SOURCE) for raw in raws]
    assert len({record.body for record in records}) == len(records)
    assert all(record.event_id and record.account and record.region for record in records)
    assert max(len(record.attributes) for record in records) < 48
    assert sum(record.severity_number == 13 for record in records) > 100


def masking(*paths: str, record_bytes: int = LIMIT) -> Mapper:
    """A mapper that masks `paths`."""
    return open_mapper(record_bytes=record_bytes, mask=Mask(paths, b"pepper"))


def test_what_is_masked_is_nowhere() -> None:
    """A masked value is in no attribute, not in the body, and not behind another attribute's back."""
    raw = encoded({**create_dev_environment(), "sourceIPAddress": "203.0.113.77"})
    record = masking("sourceIPAddress", "userIdentity.onBehalfOf.userId", "requestParameters.spaceName").to_record(
        raw, SOURCE
    )
    shown = record.body + repr(dict(record.attributes))
    assert "203.0.113.77" not in shown
    assert "user-ID" not in shown
    assert str(record.attributes["user.id"]).startswith("hmac-sha256:")
    assert "client.address" not in record.attributes
    assert record.digest == MAPPER.to_record(raw, SOURCE).digest


def _told(part: type[msgspec.Struct], above: str = "") -> dict[str, Any]:
    """An event that has every member that is known of, each with its own path, in angle brackets, for its value."""
    members: dict[str, Any] = {}
    for field in msgspec.structs.fields(part):
        path = f"{above}{field.encode_name}"
        nested = isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
        members[field.encode_name] = _told(field.type, f"{path}.") if nested else f"<{path}>"
    return members


def _paths(tree: dict[str, Any], above: str = "") -> list[str]:
    """The path of every value, and of everything that holds one."""
    found = []
    for name, value in tree.items():
        found.append(f"{above}{name}")
        found += _paths(value, f"{above}{name}.") if isinstance(value, dict) else []
    return found


NAMING = {"spaceName": "<requestParameters.spaceName>", "projectName": "<requestParameters.projectName>"}
EVERYTHING = {**_told(TrailEvent), "requestParameters": NAMING}


@pytest.mark.parametrize("path", _paths(EVERYTHING))
def test_no_attribute_goes_round_a_mask(path: str) -> None:
    """Whatever is masked, no part of the record, its labels and its resource included, is made of the value."""
    plain = masking("none").to_record(encoded(EVERYTHING), SOURCE)
    masked = masking(path).to_record(encoded(EVERYTHING), SOURCE)
    assert f"<{path}" in repr(plain)
    assert not re.search(f"<{re.escape(path)}[.>]", repr(masked))


def test_a_time_beyond_64_bits_is_malformed() -> None:
    """A year that no store can keep falls back to the object's time, and says so."""
    record = open_mapper(record_bytes=60_000).to_record(b'{"eventTime":"9999-12-31T23:59:59Z"}', SOURCE)
    assert record.time_unix_nano == SOURCE.last_modified_ns
    assert record.attributes["trail_agent.malformed"] == "eventTime"


def test_masked_values_do_not_come_back_by_truncation() -> None:
    """A truncated record is made of the masked body."""
    record = masking("errorMessage", record_bytes=30_000).to_record(long_event(), SOURCE)
    assert "x" * 5_000 not in json.loads(record.body)["errorMessage"]


def test_a_record_depends_on_its_event_and_object_alone() -> None:
    """Two mappers of one kind make equal records."""
    other = open_mapper(record_bytes=LIMIT).to_record(long_event(), msgspec.structs.replace(SOURCE))
    assert other == MAPPER.to_record(long_event(), SOURCE)
