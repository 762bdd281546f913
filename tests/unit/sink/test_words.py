"""What real texts of sinks, libraries and proxies are about."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sink import words
from agent.sink.words import are_about_age
from tests.support.loki import BAD, BEHIND

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


OVERLOAD = [
    "heap size exceeds limit of 400 MiB",
    "sending queue size exceeded its limit",
    "pending bytes 12345678 above 10000000 bytes",
    "exporter buffer: length 1001 exceeds 1000",
    "Data too large, data for [<http_request>] would be [1051321200/1gb], which is larger than the limit of [9/9b]",
    "data refused: heap size 900 MiB exceeds limit",
    "request queue length exceeds 1000 bytes",
    "message buffer size exceeded",
    "in-flight request bytes exceed the limit of 64 MiB",
    "disk usage 93% exceeds the size limit",
]


@pytest.mark.row(75)
@pytest.mark.parametrize("text", OVERLOAD)
def test_what_the_sink_itself_has_too_much_of_is_no_size_of_a_request(text: str) -> None:
    """Heap, queues, buffers: only the size of a message, a request or an entry is one that smaller parts can mend."""
    assert not words.are_about_size(text)
    assert not words.are_about_size(text, b"x" * 100_000)


@pytest.mark.row(75)
@pytest.mark.parametrize(
    ("text", "is_size", "is_proven"),
    [
        ("grpc: received message larger than max (500000 vs. 4194304)", True, True),
        ("grpc: received message larger than max (9000000 vs. 4194304)", False, False),
        ("request body too large. The max request body size is 30000000 bytes.", False, False),
        ("request body too large. The max request body size is 300000 bytes.", True, True),
        ("request body too large, the limit is 1 MiB", False, False),
        ("request body too large, the limit is 100 KiB", True, True),
        ("request body too large", True, False),
        ("500000 bytes exceed what is allowed", True, True),
        ("400000 bytes exceed what is allowed", False, False),
        ("has too many structured metadata labels: '200', limit: '128'", True, False),
    ],
)
def test_numbers_must_fit_the_request(text: str, is_size: bool, is_proven: bool) -> None:
    """A limit above the request is no limit of it; its own size, or a limit below it, is a proof."""
    asked = b"x" * 500_000
    assert words.are_about_size(text, asked) is is_size
    assert words.prove_size(text, asked) is is_proven


@pytest.mark.row(77)
@pytest.mark.parametrize(
    ("phrase", "asks"),
    [
        ("timestamp too old", words.are_about_age),
        ("timestamp too new", words.are_about_the_future),
        ("requires TLS", words.are_about_the_protocol),
        ("rate limit exceeded, try again", words.are_about_load),
        ("request body too large for you", words.are_about_size),
        ("too large for you", words.are_about_size),
    ],
)
@pytest.mark.parametrize("shape", ["{}", 'say "{}" twice', "{}/x", "{}\u00e9"])
@pytest.mark.parametrize("frame", ["invalid field {} here", "400: displayName '{}' is bad", "Bad: {}"])
def test_what_stands_in_the_request_is_no_word_of_the_sinks(
    phrase: str, asks: Callable[[str, bytes], bool], shape: str, frame: str
) -> None:
    """As it was sent, in other letters, escaped for JSON, and as escaped JSON once more."""
    content = shape.format(phrase)
    once = json.dumps({"displayName": content})
    text = frame.format(content)
    for asked in (content.upper(), once, json.dumps(once), html.escape(once), once.replace("t", "\\u0074")):
        for quoted in (text, frame.format(json.dumps(content).strip('"')), frame.format(html.escape(content))):
            assert not asks(quoted, asked.encode())


@pytest.mark.row(77)
def test_the_sinks_own_words_count_beside_those_of_the_request() -> None:
    """Common words that an event holds, too, take nothing from the sink's sentence."""
    asked = b'{"requestBody": "the message body", "timestamp": 1, "note": "in the past"}'
    assert words.are_about_age("entry has timestamp too old: 1", asked)
    assert words.are_about_the_future("timestamp 5 is in the future", asked)
    assert words.are_about_size("request body too large", asked)


@given(st.text())
def test_whatever_a_sink_writes_can_be_read(text: str) -> None:
    """No text makes the reading fail, and what is about load is never about size."""
    assert not (words.are_about_load(text) and words.are_about_size(text))
    words.alike(text)
    words.are_about_emptiness("[" * 3000 + text)
    assert not words.are_about_age(text, text.encode(errors="replace"))


@pytest.mark.parametrize(
    ("message", "old"),
    [
        (BEHIND, True),
        ("entry for stream '{a=\"b\"}' has timestamp too old: 1, oldest acceptable timestamp is: 2", True),
        ("Entry out of order", True),
        ("entry for stream '{a=\"b\"}' has timestamp too new: 1", False),
        (BAD, False),
        ("", False),
    ],
)
def test_lokis_words_for_too_old_are_known(message: str, old: bool) -> None:
    """The texts are those of Loki's validation and ingester."""
    assert are_about_age(message) is old
