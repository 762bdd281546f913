"""Properties of the encoder: total, faithful, deterministic, bounded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from agent.model import AttributeGroup, Attributes, AttributeValue, LogRecord
from agent.sink.otlp.decode import otlp_json, records
from agent.sink.otlp.encode import Encoder
from agent.sink.safe_text import int_text, safe_key, safe_text
from tests.support.protobuf_encoder import ProtobufEncoder
from tests.support.records import log_record

ENCODER = Encoder({"team": "audit"}, "1.2.3")
ORACLE = ProtobufEncoder({"team": "audit"}, "1.2.3")
ANY_TEXT = st.text(st.characters(), max_size=40)  # with surrogates and NUL
SCALARS = st.one_of(ANY_TEXT, st.booleans(), st.integers(-(2**70), 2**70))
MAPS = st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3)
VALUES: st.SearchStrategy[AttributeValue] = st.one_of(SCALARS, st.lists(st.one_of(ANY_TEXT, MAPS), max_size=3))
NAMED = st.dictionaries(ANY_TEXT, VALUES, max_size=6)


def grouped(named: Mapping[str, AttributeValue], alone: int) -> Mapping[str, AttributeValue]:
    """The same attributes, so many of them alone, and the others in a group of two and one of the rest."""
    pairs = tuple(named.items())
    attributes: object = Attributes(
        (*pairs[:alone], *(AttributeGroup(each) for each in (pairs[alone : alone + 2], pairs[alone + 2 :])))
    )
    assert isinstance(attributes, Mapping)
    return attributes


RECORDS: st.SearchStrategy[LogRecord] = st.builds(
    log_record,
    ANY_TEXT,
    at=st.integers(-(2**70), 2**70),
    account=st.sampled_from(["", "111122223333", "\ud800"]),
    region=st.sampled_from(["", "us-west-2", "eu-west-1"]),
    attributes=NAMED | st.builds(grouped, NAMED, st.integers(0, 3)),
)


def _expected(value: AttributeValue) -> object:
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else int_text(value)
    return [safe_text(item) if isinstance(item, str) else _expected_map(item) for item in value]


def _expected_map(values: Mapping[str, AttributeValue]) -> dict[str, object]:
    return {safe_key(key): _expected(value) for key, value in values.items() if safe_key(key)}


@given(st.lists(RECORDS, max_size=6))
def test_what_is_encoded_comes_back(given_records: list[LogRecord]) -> None:
    """Encoding never raises, and a receiver reads the same values, mended where they could not travel."""
    request = ExportLogsServiceRequest.FromString(ENCODER.payload(given_records))
    received = sorted((record.body, repr(record.attributes)) for record in records(request))
    expected = sorted((safe_text(record.body), repr(_expected_map(record.attributes))) for record in given_records)
    assert received == expected
    assert otlp_json(request).encode()


@given(st.lists(RECORDS, max_size=12), st.integers(1, 3000), st.integers(1, 5), st.integers(0, 2**64))
def test_batches_keep_order_and_limits(
    given_records: list[LogRecord], max_bytes: int, max_records: int, span: int
) -> None:
    """The batches are the records in order, each within its limits or alone, each the bytes of its own records."""
    batches = list(ENCODER.batches(given_records, max_bytes, max_records, span))
    assert [record for batch in batches for record in batch.records] == given_records
    for batch in batches:
        assert 1 <= len(batch.records) <= max_records
        assert len(batch.payload) <= max_bytes or len(batch.records) == 1
        assert batch.payload == ENCODER.payload(batch.records)


@given(st.lists(RECORDS, max_size=6))
def test_the_same_records_give_the_same_bytes(given_records: list[LogRecord]) -> None:
    """Another encoder of the same settings, and the same one again, write the same bytes."""
    other = Encoder({"team": "audit"}, "1.2.3")
    assert ENCODER.payload(given_records) == ENCODER.payload(given_records) == other.payload(given_records)


_IN_A_PROCESS = """
import hashlib
from agent.sink.otlp.encode import Encoder
from tests.support.protobuf_encoder import ProtobufEncoder
from tests.support.records import log_record
attributes = {f"key.{n}": [{"a": str(n), "b": "x"}, "y"] if n % 3 else n for n in range(30)}
records = [log_record(str(n), region=f"r{n % 4}", attributes=attributes) for n in range(20)]
print(hashlib.sha256(Encoder({f"k{n}": "v" for n in range(9)}, "1").payload(records)).hexdigest())
"""


def test_another_process_writes_the_same_bytes() -> None:
    """Replicas agree: neither hash seed nor process changes a byte."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", _IN_A_PROCESS],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
            timeout=60,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1


@given(st.lists(RECORDS, max_size=8))
def test_the_bytes_are_those_that_protobuf_writes(given_records: list[LogRecord]) -> None:
    """Written straight or by way of protobuf's messages, in its deterministic form: no byte differs."""
    assert ENCODER.payload(given_records) == ORACLE.payload(given_records)


@given(st.lists(RECORDS, max_size=12), st.integers(1, 3000), st.integers(1, 5), st.integers(0, 2**64))
def test_batches_are_cut_where_they_always_were(
    given_records: list[LogRecord], max_bytes: int, max_records: int, span: int
) -> None:
    """A repeat after an upgrade is the same request, byte for byte."""
    asked = (given_records, max_bytes, max_records, span)
    assert list(ENCODER.batches(*asked)) == list(ORACLE.batches(*asked))


@given(NAMED, st.integers(0, 6))
def test_a_group_is_written_as_its_attributes_are_one_by_one(named: Mapping[str, AttributeValue], alone: int) -> None:
    """Records that share attributes are no other records: the same values, and the same bytes, also the second time."""
    shared, own = log_record(attributes=grouped(named, alone)), log_record(attributes=named)
    assert shared == own
    assert list(shared.attributes) == list(named)
    assert ENCODER.payload([shared]) == ENCODER.payload([own]) == ENCODER.payload([shared])
