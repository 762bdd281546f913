"""CodeCatalyst's `ListEventLogs` on loopback: spaces with their items, pages, and whose token asked."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.support.private_ca import PrivateCa

TOKEN = "token-of-mary"
SPACE = "ExampleCorp"
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)

Item = dict[str, Any]


def item(number: int, at: datetime, name: str = "createProject", **members: object) -> Item:
    """One item of a space's log, as the service writes it."""
    return {
        "id": f"item-{number}",
        "eventName": name,
        "eventType": "AwsApiCall",
        "eventCategory": "MANAGEMENT",
        "eventSource": "manage",
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z",
        "operationType": "MUTATION",
        "userIdentity": {"userType": "USER", "principalId": "1234567890-user-1", "userName": "MaryMajor"},
        "requestId": f"request-{number}",
        "requestPayload": {"contentType": "application/json", "data": json.dumps({"spaceName": SPACE})},
        "sourceIpAddress": "192.0.2.23",
        "userAgent": "test",
        **members,
    }


def items(count: int, begin: datetime, step: timedelta) -> list[Item]:
    """So many items, one each `step`."""
    return [item(number, begin + number * step) for number in range(count)]


@dataclass
class Spaces:
    """What the service knows: `held` has the items of each space.

    `failures` are HTTP codes, with the name of the exception, for the next requests. `largest` is the size of a page.
    `other_answer`, a code, an exception and a body, stands for any answer. Its clock is so far `behind`.
    """

    held: Mapping[str, Sequence[Item]]
    largest: int = 250
    failures: list[tuple[int, str]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    other_answer: tuple[int, str, bytes] | None = None
    token: str = TOKEN
    url: str = ""
    behind: timedelta = timedelta(0)

    def answer(self, path: str, authorization: str, asked: dict[str, Any]) -> tuple[int, str, bytes]:
        """The status, the exception and the body for one request."""
        space = path.split("/")[3]
        self.asked.append({"space": space, **asked})
        if self.other_answer:
            return self.other_answer
        if self.failures:
            return (*self.failures.pop(0), b'{"message":"as told"}')
        if authorization != f"Bearer {self.token}":
            return 401, "", b'{"message":"the token is not valid"}'
        if space not in self.held:
            return 404, "ResourceNotFoundException", b'{"message":"no such space"}'
        return 200, "", json.dumps(self._page(space, asked)).encode()

    def _page(self, space: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Newest first, up to and with the end: "the time after which you do not want any events"."""
        begin, end = (datetime.fromisoformat(asked[name]) for name in ("startTime", "endTime"))
        within = [one for one in self.held[space] if begin <= datetime.fromisoformat(one["eventTime"]) <= end]
        newest = sorted(within, key=lambda one: str(one["eventTime"]), reverse=True)
        first = int(asked.get("nextToken", "0"))
        last = first + min(self.largest, asked["maxResults"])
        more = {"nextToken": str(last)} if last < len(newest) else {}
        return {"items": newest[first:last], **more}


@contextmanager
def serving(spaces: Spaces, ca: PrivateCa) -> Iterator[Spaces]:
    """The service, while the block runs, at `spaces.url`: with TLS, for botocore sends a token to nobody without."""

    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        def do_POST(self) -> None:
            """Each request is one of ListEventLogs."""
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, exception, body = spaces.answer(self.path, self.headers.get("Authorization", ""), asked)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if exception:
                self.send_header("x-amzn-errortype", exception)
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            """The Date of an answer."""
            return super().date_time_string((timestamp or time.time()) - spaces.behind.total_seconds())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it overrides
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(ca.server_cert, ca.server_key)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    spaces.url = f"https://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield spaces
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
