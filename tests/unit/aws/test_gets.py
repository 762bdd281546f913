"""Reads by libcurl, many at once: the objects that boto3 gives, and nothing at all of what is not plain."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials

from agent.aws.gets import Gets
from agent.model import ObjectRef
from tests.support.in_thread import in_thread
from tests.support.private_ca import PrivateCa, make_private_ca

BUCKET = "acme-trail"
WRITTEN = "Fri, 20 Nov 2026 12:00:00 GMT"
BODY = b"object" * 1000
OF_S3 = {"Last-Modified": WRITTEN, "x-amz-request-id": "1"}


@dataclass(frozen=True)
class Reply:
    """One answer; a body that is shorter than `length` is broken off. Its length is told if it `is_measured`.

    `also` are headers that stand beside the others, whose names they may have, too. `pieces` are the body, as it comes.
    `before` is what is sent ahead of the answer.
    """

    status: int = 200
    body: bytes = BODY
    headers: Mapping[str, str] = field(default_factory=lambda: OF_S3)
    length: int | None = None
    also: tuple[tuple[str, str], ...] = ()
    is_measured: bool = True
    pieces: Iterator[bytes] | None = None
    before: bytes = b""


@dataclass
class Seen:
    """What a server saw: the path and headers of each request, on how many connections, and how many at once."""

    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def by_boto3(self) -> list[bool]:
        """Of each request, whether boto3 made it: only then it tells which attempt it is."""
        return ["amz-sdk-request" in headers for _, headers in self.requests]


class Handler(BaseHTTPRequestHandler):
    """Answers a GET as `reply` says."""

    protocol_version = "HTTP/1.1"
    reply: Callable[[str], Reply]
    seen: Seen

    def setup(self) -> None:
        """A connection begins."""
        super().setup()
        with self.seen.lock:
            self.seen.connections += 1

    def do_GET(self) -> None:
        """One read."""
        with self.seen.lock:
            self.seen.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.seen.now += 1
            self.seen.most_at_once = max(self.seen.most_at_once, self.seen.now)
        reply = type(self).reply(self.path)
        with self.seen.lock:
            self.seen.now -= 1
        self.wfile.write(reply.before)
        self.send_response(reply.status)
        for name, value in (*reply.headers.items(), *reply.also):
            self.send_header(name, value)
        if reply.is_measured:
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
        self.end_headers()
        for piece in reply.pieces or (reply.body,):
            self.wfile.write(piece)
        self.close_connection = reply.length is not None or not reply.is_measured

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it overrides
        """Say nothing."""


@contextmanager
def answering(reply: Callable[[str], Reply] | Reply, ca: PrivateCa | None = None) -> Iterator[tuple[str, Seen]]:
    """A server on loopback; with `ca` it speaks TLS."""
    answer, seen = reply if callable(reply) else (lambda _: reply), Seen()
    kind = type("Answers", (Handler,), {"reply": staticmethod(answer), "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    if ca:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca.server_cert, ca.server_key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with in_thread(server) as url:
        yield url.replace("http:", "https:") if ca else url, seen


@cache
def _session() -> boto3.Session:
    return boto3.Session("a", "b", region_name="us-west-2")


def client_of(url: str, *, credentials: Any = None, verify: str | bool | None = None, **config: Any) -> Any:
    """boto3's client for the server at `url`."""
    session = boto3.Session("a", "b", region_name="us-west-2") if credentials else _session()
    if credentials:
        session._session._credentials = credentials
    settings = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **config)
    return session.client("s3", endpoint_url=url, config=settings, verify=verify)


def for_ever() -> float:
    """Nobody gives up."""
    return inf


def read(gets: Gets, *keys: str, most: int = 10, patience: Callable[[], float] = for_ever) -> dict[str, bytes]:
    """What comes of the objects under `keys`, in the order in which it comes."""
    refs = [ObjectRef(BUCKET, key) for key in keys]
    return {keys[number]: b"".join(found.chunks) for number, found in gets.read(refs, most, patience) if found}


def gets_of(client: Any, owner: str | None = None, **more: Any) -> Gets:
    """What reads a bucket by `client`."""
    return Gets({BUCKET: client}, {BUCKET: owner}, **more)


def test_an_object_is_what_boto3_tells_of_it() -> None:
    """Its bytes, its length and its time are the same, and so is the path that is asked for."""
    key = "AWSLogs/a b+c.json.gz"
    with answering(Reply()) as (url, seen):
        client = client_of(url)
        ((number, found),) = gets_of(client).read([ObjectRef(BUCKET, key)], 1, for_ever)
        assert found
        told = client.get_object(Bucket=BUCKET, Key=key)
        assert seen.by_boto3() == [False, True]
        assert (number, b"".join(found.chunks)) == (0, told["Body"].read())
        assert (found.length, found.last_modified_ns) == (len(BODY), told["LastModified"].timestamp() * 1_000_000_000)
        assert seen.requests[0][0] == seen.requests[1][0] == "/acme-trail/AWSLogs/a%20b%2Bc.json.gz"
        assert found.seconds > 0


def test_the_requests_say_the_same() -> None:
    """Beyond what numbers an attempt, each header of boto3's request is there, also the owner that is expected."""
    with answering(Reply()) as (url, seen):
        client = client_of(url)
        assert read(gets_of(client, "111122223333"), "key") == {"key": BODY}
        client.get_object(Bucket=BUCKET, Key="key", ExpectedBucketOwner="111122223333")
        (_, mine), (_, theirs) = seen.requests
        changing = {"amz-sdk-request", "amz-sdk-invocation-id", "x-amz-date", "authorization", "user-agent"}
        assert {one: mine[one] for one in mine.keys() - changing} == {
            one: theirs[one] for one in theirs.keys() - changing
        }
        assert mine["x-amz-expected-bucket-owner"] == "111122223333"
        assert "Botocore" in mine["user-agent"]


def test_an_empty_object_is_one() -> None:
    """It has no chunks, and a length of 0."""
    with answering(Reply(body=b"")) as (url, _):
        ((_, found),) = gets_of(client_of(url)).read([ObjectRef(BUCKET, "key")], 1, for_ever)
        assert found
        assert (found.length, list(found.chunks)) == (0, [])


@pytest.mark.parametrize("key", ["", "a/../b", "./a", "a//b", "a/.", "line\nfeed"])
def test_a_key_that_somebody_may_read_as_a_path_is_left_out(key: str) -> None:
    """Such a key is no name that CloudTrail gives; it is not even asked for, and the others are read."""
    with answering(Reply()) as (url, seen):
        assert read(gets_of(client_of(url)), key, "plain") == {"plain": BODY}
        assert [path for path, _ in seen.requests] == ["/acme-trail/plain"]


CRC32 = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
IN_CHUNKS = (("Transfer-Encoding", "chunked"),)
SHA256 = base64.b64encode(hashlib.sha256(BODY).digest()).decode()


@pytest.mark.parametrize(
    "reply",
    [
        *(Reply(status) for status in (206, 301, 307, 403, 404, 429, 500, 503)),
        Reply(headers={"Content-Type": "text/html"}),
        Reply(headers={"Content-Type": "text/html", "Last-Modified": WRITTEN}),
        Reply(length=len(BODY) + 1),
        Reply(body=b"x" * ((1 << 20) + 1)),
        Reply(headers={**OF_S3, "x-amz-checksum-crc32": "AAAAAA=="}),
        Reply(headers={**OF_S3, "x-amz-checksum-sha1": "AAAAAA=="}),
        Reply(headers={**OF_S3, "x-amz-checksum-sha256": CRC32}),
    ],
)
def test_what_is_no_plain_object_is_left_out(reply: Reply) -> None:
    """A refusal, a page, a body that is broken off, too large or changed: boto3 is not asked, and the rest is read."""
    with answering(lambda path: reply if path.endswith("odd") else Reply()) as (url, seen):
        gets = gets_of(client_of(url))
        assert read(gets, "one", "odd", "two", most=1) == {"one": BODY, "two": BODY}
        assert seen.by_boto3() == [False] * 3
        assert read(gets, "three") == {"three": BODY}


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2026-11-20T12:00:00Z", 1795176000),
        ("1795176000", 1795176000),
        ("Fri, 20 Nov 2026 14:00:00 +0200", 1795176000),
        ("Fri, 20 Nov 2026 12:00:00", 1795176000),
        ("yesterday", None),
        ("Fri, 20 Nov 99999 12:00:00 GMT", None),
        (f"{WRITTEN}, {WRITTEN}", None),
    ],
)
def test_a_date_that_is_not_written_as_s3_does_is_left_to_boto3(written: str, seconds: int | None) -> None:
    """It takes more kinds of them, and raises for the others; the objects beside such a one are read."""
    odd = Reply(headers={**OF_S3, "Last-Modified": written})
    with answering(lambda path: odd if path.endswith("odd") else Reply()) as (url, _):
        client = client_of(url)
        assert read(gets_of(client), "one", "odd", "two", most=1) == {"one": BODY, "two": BODY}
        if seconds:
            assert client.get_object(Bucket=BUCKET, Key="odd")["LastModified"].timestamp() == seconds
        else:
            with pytest.raises(ValueError, match="timestamp"):
                client.get_object(Bucket=BUCKET, Key="odd")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(is_measured=False),
        Reply(body=BODY[:10], is_measured=False),
        Reply(body=CHUNKS, also=IN_CHUNKS, is_measured=False),
        Reply(body=CHUNKS, also=IN_CHUNKS, length=10),
        Reply(body=CHUNKS, also=IN_CHUNKS, length=len(BODY)),
    ],
)
def test_a_body_whose_length_s3_does_not_tell_is_left_out(reply: Reply) -> None:
    """Who would tell whether half of it came? boto3's way says that it does not know, or that it is no whole object."""
    with answering(lambda path: reply if path.endswith("odd") else Reply()) as (url, _):
        assert read(gets_of(client_of(url)), "one", "odd", "two", most=1) == {"one": BODY, "two": BODY}


@pytest.mark.parametrize("name", ["Last-Modified", "x-amz-checksum-crc32"])
def test_a_header_that_comes_twice_is_no_plain_one(name: str) -> None:
    """As boto3 has it: neither of the two counts."""
    told = {**OF_S3, name: {"Last-Modified": "Thu, 19 Nov 2026 12:00:00 GMT"}.get(name, "AAAAAA==")}
    twice = Reply(headers=told, also=((name, {"Last-Modified": WRITTEN}.get(name, CRC32)),))
    with answering(lambda path: twice if path.endswith("odd") else Reply()) as (url, _):
        assert read(gets_of(client_of(url)), "odd", "two") == {"two": BODY}


def test_what_comes_before_the_answer_is_no_part_of_it() -> None:
    """Its headers are not those of the object."""
    hints = "HTTP/1.1 103 X\r\nLast-Modified: Thu, 19 Nov 2026 12:00:00 GMT\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n"
    with answering(Reply(before=hints.encode())) as (url, _):
        assert read(gets_of(client_of(url)), "key") == {"key": BODY}


@pytest.mark.parametrize(
    "name_and_value",
    [("crc32", CRC32), ("sha256", SHA256), ("crc64nvme", "AAAAAA==")],
)
def test_a_sound_checksum_passes(name_and_value: tuple[str, str]) -> None:
    """Also one of a kind that boto3 does not check, either."""
    name, value = name_and_value
    with answering(Reply(headers={**OF_S3, f"x-amz-checksum-{name}": value})) as (url, _):
        assert read(gets_of(client_of(url)), "key") == {"key": BODY}


def test_as_many_are_asked_for_at_once_as_may_be() -> None:
    """Never more; and an answer makes way for the next request."""
    met, seen_by_all = threading.Barrier(3, timeout=20), list[str]()

    def reply(path: str) -> Reply:
        seen_by_all.append(path)
        met.wait()  # passes only if three requests are under way
        return Reply()

    with answering(reply) as (url, seen):
        keys = [f"key{number}" for number in range(9)]
        assert read(gets_of(client_of(url)), *keys, most=3).keys() == set(keys)
        assert (seen.most_at_once, seen.connections) == (3, 3)


def test_connections_are_kept() -> None:
    """The next round goes over those of the first."""
    with answering(Reply()) as (url, seen):
        gets = gets_of(client_of(url))
        for _ in range(3):
            read(gets, "a", "b", most=2)
        assert (len(seen.requests), seen.connections) == (6, 2)


def test_a_connection_that_the_server_has_closed_is_opened_anew() -> None:
    """What S3 closes in quiet times costs no object."""
    with answering(Reply(length=len(BODY))) as (url, seen):  # with a length of its own, it closes
        gets = gets_of(client_of(url))
        assert [read(gets, "a") for _ in range(3)] == [{"a": BODY}] * 3
        assert seen.connections == 3


def test_who_gives_up_gets_what_came() -> None:
    """What is late is broken off, and its connection with it."""
    go_on = threading.Event()

    def reply(path: str) -> Reply:
        if path.endswith("late"):
            go_on.wait(20)
        return Reply()

    with answering(reply) as (url, seen):
        came: list[str] = []
        gets = gets_of(client_of(url))
        refs = [ObjectRef(BUCKET, key) for key in ("late", "soon")]
        for number, _ in gets.read(refs, 2, lambda: 0.0 if came and len(seen.requests) == 2 else inf):
            came.append(refs[number].key)
        assert came == ["soon"]
        go_on.set()
        assert read(gets, "next") == {"next": BODY}


@pytest.mark.parametrize("has_begun", [False, True], ids=["head", "body"])
def test_what_brings_nothing_is_broken_off_when_patience_ends(has_begun: bool) -> None:
    """It comes as None. What gets on comes whole, however long it takes; and no other is asked for."""
    go_on = threading.Event()

    def in_pieces(pause: float) -> Iterator[bytes]:
        for begin in range(0, len(BODY), len(BODY) // 10):
            yield BODY[begin : begin + len(BODY) // 10]
            go_on.wait(pause)

    def reply(path: str) -> Reply:
        if "silent" in path and not has_begun:
            go_on.wait(20)
        return Reply(pieces=in_pieces(20 if "silent" in path else 0.1))

    with answering(reply) as (url, seen):
        keys = ["silent", "slow", "later"]
        refs = [ObjectRef(BUCKET, key) for key in keys]
        given = gets_of(client_of(url)).read(refs, 2, lambda: 0.5 if len(seen.requests) == 2 else inf)
        came = {keys[number]: b"".join(found.chunks) if found else None for number, found in given}
        go_on.set()
        assert came == {"silent": None, "slow": BODY}
        assert len(seen.requests) == 2


def test_the_clients_own_time_outs_hold() -> None:
    """What does not come in time is left out."""
    go_on = threading.Event()

    def reply(path: str) -> Reply:
        go_on.wait(20)
        return Reply()

    with answering(reply) as (url, _):
        gets = gets_of(client_of(url, connect_timeout=0.05, read_timeout=0.05))
        assert read(gets, "key") == {}
        go_on.set()


def test_a_server_that_is_not_there_gives_nothing() -> None:
    """A refused connection is no answer."""
    with answering(Reply()) as (url, _):
        pass
    assert read(gets_of(client_of(url)), "a", "b") == {}


def test_renewed_credentials_sign_the_next_read() -> None:
    """Credentials are asked for at each read, so that botocore renews them before they expire."""
    start = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    moment = [start]

    def renew() -> dict[str, str]:
        expiry = moment[0] + timedelta(minutes=60)
        return {"access_key": "renewed", "secret_key": "s", "token": "another", "expiry_time": expiry.isoformat()}

    credentials = RefreshableCredentials(
        "first", "s", "t", start + timedelta(minutes=60), renew, "test", time_fetcher=lambda: moment[0]
    )
    with answering(Reply()) as (url, seen):
        gets = gets_of(client_of(url, credentials=credentials))
        read(gets, "key")
        moment[0] += timedelta(minutes=55)
        read(gets, "key")
        signers = [headers["authorization"].split("Credential=")[1].split("/")[0] for _, headers in seen.requests]
        assert signers == ["first", "renewed"]
        assert [headers["x-amz-security-token"] for _, headers in seen.requests] == ["t", "another"]


def test_credentials_that_are_renewed_at_any_moment_are_no_hindrance() -> None:
    """Also while the form is learnt: each read is signed with what botocore has then."""
    numbers = itertools.count()

    def renew() -> dict[str, str]:
        number, soon = next(numbers), datetime.now(UTC) + timedelta(minutes=10)  # so botocore renews them at each use
        return {"access_key": f"k{number}", "secret_key": "s", "token": f"t{number}", "expiry_time": soon.isoformat()}

    credentials = RefreshableCredentials.create_from_metadata(renew(), renew, "test")
    with answering(Reply()) as (url, seen):
        assert read(gets_of(client_of(url, credentials=credentials)), "a", "b", most=1) == {"a": BODY, "b": BODY}
        assert seen.by_boto3() == [False, False]
        signers = [headers["authorization"].split("Credential=k")[1].split("/")[0] for _, headers in seen.requests]
        assert [headers["x-amz-security-token"] for _, headers in seen.requests] == [f"t{one}" for one in signers]
        assert signers[0] != signers[1]


@pytest.mark.parametrize(("most", "times"), [(10, 1), (1, 10)])
def test_credentials_are_asked_for_once_for_what_is_sent_together(most: int, times: int) -> None:
    """Those of a role take botocore as long as all the rest; what is sent later is signed with what it has then."""
    asked: list[None] = []

    def frozen() -> ReadOnlyCredentials:
        asked.append(None)
        return ReadOnlyCredentials("a", "b", None)

    credentials = Credentials("a", "b")
    credentials.get_frozen_credentials = frozen
    keys = [f"key{number}" for number in range(10)]
    with answering(Reply()) as (url, _):
        gets = gets_of(client_of(url, credentials=credentials))
        read(gets, "key")
        asked.clear()
        assert len(read(gets, *keys, most=most)) == len(keys)
        assert len(asked) == times


def test_what_could_not_be_learnt_is_tried_again_after_a_minute() -> None:
    """Whatever it was: nobody starts the agent anew for it."""
    moment = [0.0]

    def leave_unsigned(**_more: object) -> object:
        return UNSIGNED

    with answering(Reply()) as (url, seen):
        client = client_of(url)
        gets = gets_of(client, monotonic=lambda: moment[0])
        client.meta.events.register("choose-signer.s3", leave_unsigned)
        assert read(gets, "key") == {}
        client.meta.events.unregister("choose-signer.s3", leave_unsigned)
        moment[0] = 59.0
        assert read(gets, "key") == {}
        moment[0] = 60.0
        assert read(gets, "key") == {"key": BODY}
        assert seen.by_boto3() == [False]


@pytest.mark.parametrize("told", ["{}", "no JSON"])  # botocore raises an error of its own, or what json raises
def test_credentials_that_cannot_be_had_leave_everything_out(told: str) -> None:
    """Whoever reads it with boto3 then hears what is wrong."""

    def renew() -> dict[str, str]:
        return dict(json.loads(told))

    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    with answering(Reply()) as (url, seen):
        credentials = RefreshableCredentials("a", "s", "t", long_ago, renew, "test")
        assert read(gets_of(client_of(url, credentials=credentials)), "a", "b") == {}
        assert seen.requests == []


def test_a_bucket_is_learnt_once_and_nothing_is_sent_for_it() -> None:
    """The request that shows the form never leaves; many threads that begin together learn it once."""
    with answering(Reply()) as (url, seen):
        gets = gets_of(client_of(url))
        threads = [threading.Thread(target=read, args=(gets, f"key{number}")) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(path for path, _ in seen.requests) == [f"/acme-trail/key{number}" for number in range(8)]
        assert not any(seen.by_boto3())


@pytest.mark.parametrize(
    "config",
    [
        {"signature_version": UNSIGNED},
        {"client_cert": "client.pem"},
        {"proxies": {"http": "http://127.0.0.1:1"}, "proxies_config": {"proxy_use_forwarding_for_https": True}},
    ],
)
def test_what_only_botocore_can_do_is_left_out(config: Mapping[str, Any], tmp_path: Path) -> None:
    """No signature, a certificate of the client's own, settings of a proxy's own: nothing is asked for here."""
    ca = make_private_ca(tmp_path)
    pair = {"client_cert": (str(ca.client_cert), str(ca.client_key))} if "client_cert" in config else {}
    with answering(Reply()) as (url, seen):
        assert read(gets_of(client_of(url, **{**config, **pair})), "key") == {}
        assert seen.requests == []


def test_a_proxy_is_gone_through() -> None:
    """The one that boto3 would ask is asked for the whole address; no server of that name need be known here."""
    with answering(Reply()) as (proxy, seen):
        client = client_of("http://s3.example", proxies={"http": proxy})
        assert read(gets_of(client), "key") == {"key": BODY}
        assert [path for path, _ in seen.requests] == ["http://s3.example/acme-trail/key"]


def test_a_proxy_of_the_environment_counts_where_boto3_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """libcurl itself does not look there: what boto3 found when its client was made stays as it was."""
    with answering(Reply()) as (url, seen):
        client = client_of(url)
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("no_proxy", "")
        assert read(gets_of(client), "key") == {"key": BODY}
        assert len(seen.requests) == 1


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_whether_a_proxy_is_gone_round_is_boto3s_to_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """libcurl has rules of its own for these names, such as for a network or a part of a host."""
    with answering(Reply()) as (proxy, seen):
        client = client_of("http://s3.localhost:1", proxies={"http": proxy})
        monkeypatch.setenv(name, "localhost")
        assert read(gets_of(client), "key") == {"key": BODY}
        assert [path for path, _ in seen.requests] == ["http://s3.localhost:1/acme-trail/key"]


@pytest.mark.parametrize("who", ["user:secret", "us%40er:p%3Aw%2F", "user", "user:", ":secret"])
def test_a_proxy_is_told_the_same_name_and_password(who: str) -> None:
    """Both or none, as boto3 does it; it is the same proxy either way."""
    with answering(Reply()) as (proxy, seen):
        client = client_of("http://s3.example", proxies={"http": proxy.replace("//", f"//{who}@")})
        assert read(gets_of(client), "key") == {"key": BODY}
        client.get_object(Bucket=BUCKET, Key="key")
        (_, mine), (_, theirs) = seen.requests
        assert seen.by_boto3() == [False, True]
        assert mine.get("proxy-authorization") == theirs.get("proxy-authorization")


def test_a_proxy_password_that_botocore_cannot_send_is_left_to_it() -> None:
    """It is no ASCII; whoever reads it with boto3 hears of it."""
    with answering(Reply()) as (proxy, seen):
        client = client_of("http://s3.example", proxies={"http": proxy.replace("//", "//user:gr%C3%BC%C3%9Fe@")})
        assert read(gets_of(client), "key") == {}
        assert seen.requests == []


def test_certificates_are_checked_as_boto3_checks_them(tmp_path: Path) -> None:
    """By the bundle that boto3 has; without it nothing comes, and where boto3 checks none, neither is one here."""
    ca, others = make_private_ca(tmp_path / "ours"), make_private_ca(tmp_path / "others")
    with answering(Reply(), ca) as (url, seen):
        for verify, comes in ((str(ca.ca_file), True), (str(others.ca_file), False), (None, False), (False, True)):
            found = read(gets_of(client_of(url, verify=verify)), "key")
            assert found == ({"key": BODY} if comes else {}), verify
        assert len(seen.requests) == 2


def test_an_address_with_a_password_is_left_to_boto3() -> None:
    """libcurl would send it in place of the signature."""
    with answering(Reply()) as (url, seen):
        assert read(gets_of(client_of(url.replace("//", "//user:secret@"))), "key") == {}
        assert seen.requests == []


def test_a_name_that_is_not_found_gives_nothing() -> None:
    """A server that nobody knows is no answer, whether the lookup has ended or is given up."""
    times = iter((inf, inf, 0.0))
    assert read(gets_of(client_of("http://nowhere.invalid")), "key", patience=lambda: next(times, 0.0)) == {}
