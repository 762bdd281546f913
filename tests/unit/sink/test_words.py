"""What real texts of sinks, libraries and proxies are about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sink import words

SIZE = [
    "grpc: received message larger than max (5242880 vs. 4194304)",
    "grpc: received message after decompression larger than max 4194304",
    "trying to send message larger than max (5242880 vs. 4194304)",
    "gRPC message exceeds maximum size 4194304: 5000000",
    "Compressed gRPC message exceeds maximum size 4194304: 5242880 bytes read",
    "SERVER: Received message larger than max (439835 vs. 200000)",
    "Received message exceeds the maximum configured message size.",
    "Received message that decompresses to a size larger than 4194304",
    "Error, decoded message length too large: found 439835 bytes, the limit is: 200000 bytes",
    "Error, message length too large: found 24732228 bytes, the limit is: 20971520 bytes",
    "http: request body too large",
    '{"error":"request body too large"}',
    "PayloadTooLargeError: request entity too large",
    "Payload Too Large",
    "EntityTooLarge",
    "length limit exceeded",
    "A payload reached size limit.",
    "Request Too Long",
    "kafka server: Message was too large, server rejected it to avoid allocation error",
    "Request body too large. The max request body size is 30000000 bytes.",
    "Max entry size '262144' bytes exceeded for stream '{a=\"rate limit\"}' while adding an entry with '3' bytes",
    "stream '{a=\"b\"}' has structured metadata too large: '88000' bytes, limit: '65536' bytes. Please see `x`",
    "stream '{a=\"b\"}' has too many structured metadata labels: '200', limit: '128'. Please see `limits_config.x`",
    "line too long",
]
LOAD = [
    "data refused due to high memory usage",
    "data dropped due to high memory usage",
    "Ingestion rate limit exceeded for user a (limit: 4 bytes/sec) while attempting to ingest '5' bytes",
    "Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '{}' totaling 20kB",
    "Maximum active stream limit exceeded when trying to create stream '{}', reduce the number of active streams",
    "[parent] Data too large, would be [9/9mb], which is larger than the limit of [8/8mb]: circuit_breaking_exception",
    "too many requests",
    "sending queue is full",
    "quota exceeded for message size",
    "Too many requests: exceeded 100 MB per minute",
]
NEITHER = [
    "",
    "entry for stream '{service_name=\"x\"}' has 16 label names; limit 15",
    "stream '{}' includes structured metadata, but this feature is disallowed. Please see `x`",
    "request took too long",
    "Request Header Or Cookie Too Large",
    "stream '{}' has label value too long: 'x'",
    "Client sent an HTTP request to an HTTPS server.",
    "bad label",
    "entry for stream '{}' has timestamp too new: 2",
    'cannot parse record {"userAgent": "request body too large"}',
    'bad value "message larger than max (5 vs. 4)"',
]


@pytest.mark.row(37)
@pytest.mark.parametrize("text", SIZE)
def test_words_about_size_are_known(text: str) -> None:
    """In the words of Go, Java, C++, .NET, JavaScript, Rust, Loki, Kafka and proxies."""
    assert words.are_about_size(text)
    assert not words.are_about_load(text)


@pytest.mark.row(36)
@pytest.mark.parametrize("text", LOAD)
def test_words_of_overload_are_never_about_size(text: str) -> None:
    """Also where they tell of bytes and limits: rates, quotas, memory and queues."""
    assert words.are_about_load(text)
    assert not words.are_about_size(text)


@pytest.mark.parametrize("text", NEITHER)
def test_other_words_are_about_neither(text: str) -> None:
    """Settings, headers, times, and what the sink quotes from a record."""
    assert not words.are_about_size(text)
    assert not words.are_about_load(text)


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        ("error at least one valid stream is required for ingestion", True),
        ("request body is empty", True),
        ("EOF", True),
        ("no logs in request", True),
        ('{"message":"missing request body"}', True),
        ("resource_logs is required", True),
        ("Client sent an HTTP request to an HTTPS server.", False),
        ("Bad Request", False),
        ("no org id", False),
        ("", False),
    ],
)
def test_a_refusal_for_emptiness_is_known(text: str, empty: bool) -> None:
    """It says that the sink judges requests; any other refusal of an empty request does not."""
    assert words.are_about_emptiness(text) is empty


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("entry for stream '{a=\"b\"}' has timestamp too new: 2026-11-20T12:00:00Z", True),
        ("timestamp is too far in the future", True),
        ("entry for stream '{}' has timestamp too old: 1, oldest acceptable timestamp is: 2", False),
        ("too few fields", False),
    ],
)
def test_words_about_the_future_are_known(text: str, new: bool) -> None:
    """A clock is wrong, the sink's or the writer's."""
    assert words.are_about_the_future(text) is new


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("entry for stream '{a=\"b\"}' has 16 label names", "entry for stream '{a=\"c\"}' has 17 label names"),
        ("request 5f9a-77 at 2026-11-20T12:00:00Z: bad", "request 00ab-12 at 2026-11-21T12:00:00.5Z:  bad"),
        ("doc 'xyz' is bad", "doc 'abc' is bad"),
    ],
)
def test_words_are_alike_but_for_numbers_ids_and_quotations(one: str, other: str) -> None:
    """What a sink says of each record alike is the same, whatever it quotes."""
    assert words.alike(one) == words.alike(other)
    assert words.alike(one) != words.alike("something else")


@given(st.text())
def test_whatever_a_sink_writes_can_be_read(text: str) -> None:
    """No text makes the reading fail, and what is about load is never about size."""
    assert not (words.are_about_load(text) and words.are_about_size(text))
    words.alike(text)
    words.are_about_emptiness("[" * 3000 + text)
