"""What a request looks like, and how records are cut into requests."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from agent.model import AttributeValue, LogRecord
from agent.sink.otlp.decode import otlp_json, records
from agent.sink.otlp.encode import Encoder
from agent.sink.safe_text import int_text, safe_key, safe_text, shown
from tests.support.records import SECOND, log_record

ENCODER = Encoder({"service.name": "audit", "deployment.environment.name": "prod"}, "1.2.3")
RICH: dict[str, AttributeValue] = {
    "rpc.method": "CreateProject",
    "aws.event.read_only": False,
    "count": -(2**63),
    "names": ["a", "b"],
    "aws.resources": [{"account.id": "1", "arn": "x"}, {}],
    "none": [],
}


def _oracle(given: Sequence[LogRecord]) -> ExportLogsServiceRequest:
    """What the SDK's own encoder makes of the same records."""
    from opentelemetry._logs import LogRecord as ApiRecord
    from opentelemetry._logs import SeverityNumber

    scope = InstrumentationScope("trail-agent", "1.2.3", attributes={"encoding.format": "aws.cloudtrail"})
    readable = []
    for record in given:
        resource = {
            "cloud.account.id": record.account,
            "cloud.provider": "aws",
            "cloud.region": record.region,
            "deployment.environment.name": "prod",
            "service.name": "audit",
        }
        api = ApiRecord(
            timestamp=record.time_unix_nano,
            observed_timestamp=record.observed_time_unix_nano,
            severity_number=SeverityNumber(record.severity_number),
            body=record.body,
            attributes=dict(record.attributes),
            event_name=record.event_name,
        )
        readable.append(ReadableLogRecord(api, Resource(resource), scope))
    return encode_logs(readable)


def test_a_service_of_its_own_has_a_resource_of_its_own() -> None:
    """Records of one account and region are grouped by service; without one of their own, by the settings' name."""
    plain = log_record()
    request = ENCODER.encode([plain, replace(plain, service_name="aws-sso"), plain])
    names = [record.resource["service.name"] for record in records(request)]
    assert names == ["audit", "audit", "aws-sso"]


def test_the_request_equals_that_of_the_sdk() -> None:
    """Same groups, same fields, same values as opentelemetry-python's own encoder, bit for bit after parsing."""
    given = [log_record("1", attributes=RICH), log_record("2", region="eu-west-1"), log_record("3", attributes=RICH)]
    assert ENCODER.encode(given) == _oracle(given)


def test_groups_stand_in_order_of_first_appearance() -> None:
    """One ResourceLogs per account and region, however the records are mixed."""
    given = [log_record("1", region="b"), log_record("2", region="a"), log_record("3", region="b", account="9")]
    again = log_record("4", region="b")
    groups = [record.body for record in records(ENCODER.encode([*given, again]))]
    assert groups == ["1", "4", "2", "3"]
    assert len(ENCODER.encode([*given, again]).resource_logs) == 3


def test_our_cloud_attributes_win_over_the_users() -> None:
    """A user cannot relabel an account or a region; what is empty is left out; service.name has a default."""
    encoder = Encoder({"cloud.region": "moon", "cloud.provider": "gcp", "team": "x", "!": "y", "empty": ""}, "1")
    [record] = records(encoder.encode([log_record(region="", account="7")]))
    assert record.resource == {
        "cloud.account.id": "7",
        "cloud.provider": "aws",
        "service.name": "aws-codecatalyst",
        "team": "x",
    }


def test_the_order_of_resource_settings_does_not_matter() -> None:
    """Two replicas whose settings list the same attributes in another order send the same bytes."""
    one = Encoder({"a": "1", "b": "2"}, "1").payload([log_record()])
    assert one == Encoder({"b": "2", "a": "1"}, "1").payload([log_record()])


def test_hostile_values_are_mended() -> None:
    """One bad string never costs a batch: it is mended, and bad keys are dropped."""
    attributes: dict[str, AttributeValue] = {
        "": "x",
        "._-": "x",
        "k\x00": "a\x00b",
        "lone\ud800": "\udfff!",
        "big": 2**63,
        "huge": 10**5000,
        "list": ["\ud800", {"": "x", "k": "\x00"}],
    }
    record = log_record("b\ud800dy", at=-5, attributes=attributes, account="\ud800", region="r\x00")
    [received] = records(ENCODER.encode([record]))
    assert received.body == "b\ufffddy"
    assert received.time_unix_nano == 0
    assert received.resource["cloud.account.id"] == "\ufffd"
    assert received.attributes == {
        "k\ufffd": "a\ufffdb",
        "lone\ufffd": "\ufffd!",
        "big": str(2**63),
        "huge": hex(10**5000),
        "list": ["\ufffd", {"k": "\ufffd"}],
    }


def test_batches_respect_the_number_of_records() -> None:
    """No request has more records than allowed, and order is kept."""
    given = [log_record(str(n)) for n in range(5)]
    batches = list(ENCODER.batches(given, 10**6, 2))
    assert [[record.body for record in batch.records] for batch in batches] == [["0", "1"], ["2", "3"], ["4"]]


def test_batches_respect_the_bytes() -> None:
    """No request is above the limit; a record that is so alone travels alone."""
    given = [log_record("x" * 500), log_record("y" * 500), log_record("z" * 5000), log_record("w", region="other")]
    batches = list(ENCODER.batches(given, 1600, 100))
    assert [len(batch.records) for batch in batches] == [2, 1, 1]
    assert [len(batch.payload) <= 1600 for batch in batches] == [True, False, True]


def test_batches_respect_the_span_of_time() -> None:
    """Records further apart than allowed do not share a request."""
    given = [log_record(str(n), at=n * 40 * SECOND) for n in range(4)]
    batches = ENCODER.batches(given, 10**6, 100, max_span_nano=60 * SECOND)
    assert [len(batch.records) for batch in batches] == [2, 2]


def test_no_records_make_no_batch() -> None:
    """There is nothing to send."""
    assert list(ENCODER.batches([], 100, 100)) == []


def test_otlp_json_is_the_specified_mapping() -> None:
    """lowerCamelCase names, 64-bit integers as strings, enums as integers, ids in hexadecimal."""
    request = ENCODER.encode([log_record("b", at=SECOND, attributes={"n": 5, "b": True})])
    request.resource_logs[0].scope_logs[0].log_records[0].trace_id = bytes(range(16))
    [group] = json.loads(otlp_json(request))["resourceLogs"]
    [record] = group["scopeLogs"][0]["logRecords"]
    assert record["timeUnixNano"] == str(SECOND)
    assert record["severityNumber"] == 9
    assert record["attributes"] == [
        {"key": "n", "value": {"intValue": "5"}},
        {"key": "b", "value": {"boolValue": True}},
    ]
    assert record["traceId"] == bytes(range(16)).hex()


@pytest.mark.parametrize(
    ("given", "safe"),
    [("plain", "plain"), ("grün 🎉", "grün 🎉"), ("a\x00", "a\ufffd"), ("\ud83d", "\ufffd"), ("", "")],
)
def test_safe_text_mends_only_what_is_broken(given: str, safe: str) -> None:
    """Sound text passes unchanged."""
    assert safe_text(given) == safe


def test_small_rules_of_text() -> None:
    """Keys need an ASCII letter or digit, as Loki does; integers print; operators see no control characters."""
    assert [safe_key(key) for key in ("a.b", "...", "é", "")] == ["a.b", "", "", ""]
    assert [int_text(5), int_text(10**5000)] == ["5", hex(10**5000)]
    assert shown(" a\x1b[0m\u202e\ud800b ", 20) == "a\\x1b[0m\\u202e\\ud800b"
