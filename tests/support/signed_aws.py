"""An AWS that answers every request, and tells whose credentials signed it and where it went."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

_ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>key-of-{}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>{}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


@dataclass(frozen=True)
class Request:
    """What a request told of its sender. `form` is what was asked of STS."""

    signer: str
    region: str
    service: str
    path: str
    agent: str
    form: dict[str, str]


class FakeAws:
    """Answers any request to S3, SQS or STS, and remembers it; an assumed role's key is named after the role.

    `expiration` is when the credentials that it hands out come to their end.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.sts_down = False
        self.expiration = "2999-01-01T00:00:00Z"
        fake = self

        class Handler(BaseHTTPRequestHandler):
            """One connection."""

            def do_GET(self) -> None:
                """S3 reads."""
                self._respond(b"object")

            def do_POST(self) -> None:
                """SQS in JSON, STS as a form."""
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(parse_qsl(text)) if "Action=" in text else {}
                role = form.get("RoleArn", "").rpartition("/")[2]
                self._respond(_ASSUMED.format(role, fake.expiration).encode() if form else b"{}", form)

            def _respond(self, body: bytes, form: dict[str, str] | None = None) -> None:
                signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", self.headers.get("Authorization", ""))
                who, region, service = signed.groups() if signed else ("", "", "")
                told = Request(who, region, service, self.path, self.headers["User-Agent"], form or {})
                fake.requests.append(told)
                self.send_response(500 if form and fake.sts_down else 200)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Last-Modified", "Fri, 20 Nov 2026 12:00:00 GMT")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it overrides
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def asked_of(self, service: str) -> list[Request]:
        """The requests to one service, in order."""
        return [request for request in self.requests if request.service == service]
