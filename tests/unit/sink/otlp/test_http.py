"""What the HTTP transport makes of networks, servers and settings; the answer table is in the sink's contract."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from google.rpc.status_pb2 import Status

from agent.sink.answer import Accepted, Answer, Later, Misconfigured, PartlyRejected, Refused, TooLarge
from agent.sink.otlp.encode import Encoder
from agent.sink.otlp.http import MAX_RESPONSE_BYTES, HttpTransport, Speech, retry_after_seconds
from tests.support.otlp_receiver import HttpReceiver, HttpReply, partial_success
from tests.support.private_ca import PrivateCa
from tests.support.records import log_record
from tests.support.transport import opening

Open = Callable[..., HttpTransport]
PAYLOAD = Encoder({}, "1").payload([log_record()])


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens transports and closes them at the end."""
    with opening(partial(HttpTransport, now=lambda: 0.0)) as build:
        yield build


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answer(opened: Open, reply: HttpReply) -> Answer:
    with HttpReceiver([reply]) as receiver:
        return opened(receiver.url + "/v1/logs").send(PAYLOAD)


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_the_bytes_arrive_with_protocol_headers(opened: Open, compression: str) -> None:
    """The receiver gets the payload as it was given, the user's headers, and those that OTLP asks for."""
    with HttpReceiver() as receiver:
        transport = opened(receiver.url + "/v1/logs", {"X-Scope-OrgID": "acme"}, compression=compression)
        assert transport.send(PAYLOAD) == Accepted()
    [export] = receiver.exports
    assert export.payload == PAYLOAD
    assert export.path == "/v1/logs"
    assert export.headers["content-type"] == "application/x-protobuf"
    assert export.headers["user-agent"] == "trail-agent/9"
    assert export.headers["x-scope-orgid"] == "acme"
    assert export.headers.get("content-encoding") == ("gzip" if compression == "gzip" else None)


def test_netrc_does_not_replace_our_authorization(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .netrc entry for the sink's host leaves the configured Authorization header alone."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with HttpReceiver() as receiver:
        opened(receiver.url, {"Authorization": "Bearer right"}).send(PAYLOAD)
        opened(receiver.url).send(PAYLOAD)
    assert receiver.exports[0].headers["authorization"] == "Bearer right"
    assert "authorization" not in receiver.exports[1].headers


def test_user_info_of_the_url_becomes_basic_authorization(opened: Open) -> None:
    """A user name in the URL authenticates, and no answer repeats it."""
    with HttpReceiver([HttpReply(401, b"no", "text/plain")]) as receiver:
        answer = opened(receiver.url.replace("//", "//me:s%40cret@") + "/v1/logs?key=hidden").send(PAYLOAD)
    assert receiver.exports[0].headers["authorization"] == "Basic bWU6c0BjcmV0"
    assert isinstance(answer, Misconfigured)
    assert not any(secret in answer.detail for secret in ("cret", "me:", "hidden"))


def test_proxies_of_the_environment_are_used(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY sends the request to the proxy with the absolute URL."""
    with HttpReceiver() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert opened("http://collector.invalid:4318/v1/logs").send(PAYLOAD) == Accepted()
    assert proxy.exports[0].path == "http://collector.invalid:4318/v1/logs"


def test_what_was_closed_opens_another_connection(opened: Open) -> None:
    """A request that comes after the end, from a thread that had a connection, arrives all the same."""
    with HttpReceiver() as receiver:
        transport = opened(receiver.url)
        answers = [transport.send(PAYLOAD)]
        transport.close()
        answers.append(transport.send(PAYLOAD))
    assert answers == [Accepted(), Accepted()]


def test_a_refused_connection_is_later_and_shows_no_secret(opened: Open) -> None:
    """Nobody listening is waited for; the detail names host and cause, not path, query or user."""
    answer = opened(f"http://me:pw@127.0.0.1:{_free_port()}/v1/logs?token=t0k").send(PAYLOAD)
    assert isinstance(answer, Later)
    assert "refused" in answer.detail
    assert not any(secret in answer.detail for secret in ("pw", "t0k", "/v1/logs"))


def test_an_unknown_host_is_later(opened: Open) -> None:
    """DNS may recover."""
    assert isinstance(opened("http://no-such-host.invalid:4318/v1/logs").send(PAYLOAD), Later)


@pytest.mark.parametrize(
    "reply",
    [HttpReply(drop=True), HttpReply(cut=b"HTTP/1.1 200 OK\r\nX-A: b"), HttpReply(body=b"\x0a\x00", missing=100)],
    ids=["no answer", "half a head", "half a body"],
)
def test_a_reset_before_the_answer_ends_is_later(opened: Open, reply: HttpReply) -> None:
    """An answer that is lost proves nothing."""
    assert isinstance(_answer(opened, reply), Later)


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_dribbling_server_is_given_up_at_the_deadline(opened: Open, part: str) -> None:
    """One byte at a time does not prolong the time-out, in the headers or in the body, and it is told as what it is."""
    with HttpReceiver([HttpReply(dribble=part)]) as receiver:
        begun = time.monotonic()
        answer = opened(receiver.url, timeout=0.4).send(PAYLOAD)
        took = time.monotonic() - begun
    assert isinstance(answer, Later)
    assert answer.detail.endswith("within 0.4 s")
    assert took < 5


def test_cookies_are_not_kept(opened: Open) -> None:
    """A sink that hands out a new cookie with every answer gets none back, and fills no memory."""
    cookies = [HttpReply(headers={"Set-Cookie": f"c{number}=1; Path=/"}) for number in range(3)]
    with HttpReceiver(cookies) as receiver:
        transport = opened(receiver.url)
        answers = [transport.send(PAYLOAD) for _ in cookies]
    assert answers == [Accepted()] * 3
    assert [export.headers.get("cookie") for export in receiver.exports] == [None] * 3


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/otpl/v1/logs", "/otpl/v1/logs"), ("/receiver/v1/otlp/ZaVnC4dhaV3zKq==/v1/logs", "/receiver/v1/otlp/…/v1/logs")],
)
def test_an_answer_is_told_with_the_path_that_was_asked(opened: Open, path: str, shown: str) -> None:
    """It may be the path that is wrong; what may be a token in it is told to nobody."""
    with HttpReceiver([HttpReply(404)]) as receiver:
        answer = opened(f"{receiver.url}{path}?token=t0k").send(PAYLOAD)
    assert isinstance(answer, Misconfigured)
    assert answer.detail == f"{receiver.url}{shown} answered 404"


def test_a_redirect_is_not_followed(opened: Open) -> None:
    """A log-in page elsewhere is a misconfiguration, and the detail says where it leads without its token."""
    reply = HttpReply(302, headers={"Location": "https://login.example/start?token=t0k"})
    with HttpReceiver([reply]) as receiver:
        answer = opened(receiver.url).send(PAYLOAD)
    assert isinstance(answer, Misconfigured)
    assert answer.detail.endswith(" answered 302 (redirect to https://login.example)")
    assert "t0k" not in answer.detail
    assert len(receiver.exports) == 1


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (HttpReply(204), Accepted()),
        (HttpReply(200), Accepted()),
        (HttpReply(200, b"", "text/plain"), Accepted()),
        (HttpReply(200, b"{}", "application/json"), Accepted()),
        (HttpReply(200, b"{}", "application/json; charset=utf-8"), Accepted()),
        (
            HttpReply(
                200,
                json.dumps({"partialSuccess": {"rejectedLogRecords": "2", "errorMessage": "no"}}).encode(),
                "application/json",
            ),
            PartlyRejected(2, "no"),
        ),
        (HttpReply(200, b"\x0a\x00"), Accepted()),
        (HttpReply(200, b"\x0a\x02\x08\x00"), Accepted()),
        (HttpReply(200, b"\x0a\x04\x08\x00\x12\x00"), Accepted()),
        (HttpReply(200, b"\x0a\x04\x08\x03\x12\x00"), PartlyRejected(3, "")),
        (HttpReply(200, partial_success(-1, "odd")), PartlyRejected(-1, "odd")),
        (HttpReply(200, partial_success(0, "a\x1b[31mb\n")), Accepted("a\\x1b[31mb")),
    ],
)
def test_success_is_read_in_either_encoding(opened: Open, reply: HttpReply, expected: Answer) -> None:
    """partial_success counts in protobuf and JSON; an empty body has none, and one of zeros says nothing."""
    assert _answer(opened, reply) == expected


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(200, b"<html>Log in</html>", "text/html; charset=utf-8"),
        HttpReply(200, b"<!doctype html>", ""),
    ],
)
def test_a_web_page_is_no_acceptance(opened: Open, reply: HttpReply) -> None:
    """A log-in portal that answers 200 has not taken the records."""
    assert isinstance(_answer(opened, reply), Misconfigured)


@pytest.mark.row(41)
@pytest.mark.parametrize("status", [201, 202, 203, 206, 226])
def test_another_success_is_no_proof(opened: Open, status: int) -> None:
    """In OTLP 200 is the yes: who answers otherwise may not have stored anything, and an operator is told so."""
    answer = _answer(opened, HttpReply(status))
    assert isinstance(answer, Misconfigured)
    assert "only 200" in answer.detail


@pytest.mark.row(41)
@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(200, b"OK", "text/plain"),
        HttpReply(200, b"accepted\n", "text/plain"),
        HttpReply(200, b"accepted\n"),
        HttpReply(200, b"\n"),
        HttpReply(200, b"\xff\xff\xff"),
        HttpReply(200, b"\x0a\x04\x08\x05\x08\x00"),
        HttpReply(200, b"\x0a\x02\x08\x05\x0a\x02\x08\x00"),
        HttpReply(200, b"not json", "application/json"),
        HttpReply(200, b"\xff", "application/json"),
        HttpReply(200, b'"ok"', "application/json"),
        HttpReply(200, b"[]", "application/json"),
        HttpReply(200, b"null", "application/json"),
        HttpReply(200, b'{"status":"ok"}', "application/json"),
        HttpReply(200, b'{"partialSuccess":"none"}', "application/json"),
        HttpReply(200, b'{"partialSuccess":{"rejectedSpans":"5"}}', "application/json"),
        HttpReply(200, b'{"partialSuccess":{"rejectedLogRecords":"5"},"partialSuccess":{}}', "application/json"),
        HttpReply(200, b'{"partialSuccess":{}} trailing', "application/json"),
        HttpReply(200, b"{" * 5000, "application/json"),
        HttpReply(200, b"\x0a\x02\x18\x05"),
        HttpReply(200, b"\x12\x02OK"),
        HttpReply(200, gzip.compress(b"OK", mtime=0), "text/plain", {"Content-Encoding": "gzip"}),
        HttpReply(200, b"", "application/grpc"),
        HttpReply(200, b"", "application/grpc+proto", {"grpc-status": "0"}),
        HttpReply(200, b"", "text/plain", {"grpc-status": "12"}),
    ],
)
def test_only_an_otlp_response_is_a_yes(opened: Open, reply: HttpReply) -> None:
    """Plain text, another API's JSON, a count told twice or bytes of unknown fields prove nothing: all is kept."""
    answer = _answer(opened, reply)
    assert isinstance(answer, Misconfigured)
    assert "otlp." in answer.detail


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(200, b"\x0a\x00"),
        HttpReply(200, b"\x0a\x00\x12\x02hi"),
        HttpReply(200, b'{"partialSuccess":{}}', "application/json"),
        HttpReply(200, b' {"partialSuccess":null}\n', "application/json"),
        HttpReply(200, b'{"partial_success":{},"later":1}', "application/json"),
        HttpReply(200, gzip.compress(b"{}", mtime=0), "application/json", {"Content-Encoding": "gzip"}),
        HttpReply(200, gzip.compress(b"", mtime=0), "application/x-protobuf", {"Content-Encoding": "gzip"}),
    ],
)
def test_an_otlp_response_is_known_in_every_form(opened: Open, reply: HttpReply) -> None:
    """As the Collector and others write it; what a later version adds beside it does no harm."""
    assert _answer(opened, reply) == Accepted()


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(400, Status(message="bad \x07 label").SerializeToString()),
        HttpReply(400, b'{"code": 3, "message": "bad \\u0007 label"}', "application/json"),
        HttpReply(400, b"bad \x07 label\n", "text/plain"),
    ],
)
def test_the_message_of_an_error_is_shown_escaped(opened: Open, reply: HttpReply) -> None:
    """A google.rpc.Status in either encoding, or plain text as Loki sends it, reaches the operator escaped."""
    answer = _answer(opened, reply)
    assert isinstance(answer, Refused)
    assert answer.detail.endswith(" answered 400")
    assert answer.said == "bad \\x07 label"


def test_an_endless_error_text_is_cut(opened: Open) -> None:
    """No more than 64 KiB is read of an answer, and a thousand characters of it are shown."""
    answer = _answer(opened, HttpReply(413, b"x" * (20 * MAX_RESPONSE_BYTES), "text/plain"))
    assert isinstance(answer, TooLarge)
    assert len(answer.said) == 1000


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (partial_success(5, "x" * 2 * MAX_RESPONSE_BYTES), "application/x-protobuf"),
        (b'{"partialSuccess":{"errorMessage":"' + b"x" * 2 * MAX_RESPONSE_BYTES + b'"}}', "application/json"),
        (b'{"partialSuccess":{"rejectedLogRecords":"5","errorMessage":"no"}}', "text/plain"),
    ],
)
def test_a_rejection_is_heard_however_it_is_told(opened: Open, body: bytes, content_type: str) -> None:
    """A partial_success that is too long to be read whole, or sent under another type, is not taken for a yes."""
    assert isinstance(_answer(opened, HttpReply(200, body, content_type)), PartlyRejected)


def test_a_header_that_cannot_be_sent_is_a_misconfiguration_without_its_value(opened: Open) -> None:
    """A line break in a header's value is the operator's to mend, and is not echoed."""
    with HttpReceiver() as receiver:
        answers = [opened(receiver.url, {"x-key": bad}).send(PAYLOAD) for bad in ("s3cr\net", "s3cr\u20acet")]
    assert all(isinstance(answer, Misconfigured) and "s3cr" not in answer.detail for answer in answers)


def test_a_missing_ca_file_is_a_misconfiguration(opened: Open, tmp_path: Path) -> None:
    """A file that is not there will not come by waiting."""
    answer = opened("https://127.0.0.1:1/v1/logs", ca_file=tmp_path / "none.pem").send(PAYLOAD)
    assert isinstance(answer, Misconfigured)


def test_tls_is_verified_against_the_private_authority(opened: Open, ca: PrivateCa) -> None:
    """With ca_file the server is trusted; without it, it is not, and the records wait."""
    with HttpReceiver(tls=ca) as receiver:
        assert opened(receiver.url, ca_file=ca.ca_file).send(PAYLOAD) == Accepted()
        answer = opened(receiver.url).send(PAYLOAD)
    assert isinstance(answer, Later)
    assert "certificate" in answer.detail.lower()


def test_ca_file_wins_over_the_environment(
    opened: Open, ca: PrivateCa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """REQUESTS_CA_BUNDLE counts only where the settings name no ca_file."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with HttpReceiver(tls=ca) as receiver:
        assert opened(receiver.url, ca_file=ca.ca_file).send(PAYLOAD) == Accepted()


def test_many_threads_share_one_transport(opened: Open) -> None:
    """Workers send at once, each over a connection of its own, and every payload arrives whole."""
    with HttpReceiver() as receiver:
        transport = opened(receiver.url)
        start = threading.Barrier(4)

        def work(number: int) -> Answer:
            start.wait(10)
            return transport.send(Encoder({}, "1").payload([log_record(str(number))]))

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(work, range(4)))
    assert answers == [Accepted()] * 4
    assert {export.records[0].body for export in receiver.exports} == {"0", "1", "2", "3"}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17.0),
        ("0.5", 0.5),
        (" 3 ", 3.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Thu, 99 Foo", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    """Both forms of RFC 9110 are read; nonsense is no wish."""
    assert retry_after_seconds(value, now=10.0) == seconds


def test_another_protocol_says_what_it_sends_and_what_a_success_proves() -> None:
    """The way there and back, and what an error means, are the same; the types and the judge of a yes are its own."""
    speech = Speech("application/json", "text/plain", lambda reply, origin, discreet: Accepted(reply.body.decode()))
    with HttpReceiver([HttpReply(200, b"3 lines", "text/plain"), HttpReply(400, b"no", "text/plain")]) as receiver:
        transport = HttpTransport(
            receiver.url,
            {},
            timeout=10,
            compression="none",
            ca_file=None,
            cert_file=None,
            key_file=None,
            user_agent="test",
            speech=speech,
        )
        answers = [transport.send(PAYLOAD), transport.send(PAYLOAD)]
        transport.close()
    assert answers[0] == Accepted("3 lines")
    assert isinstance(answers[1], Refused)
    sent = receiver.exports[0].headers
    assert (sent["content-type"], sent["accept"]) == ("application/json", "text/plain")
