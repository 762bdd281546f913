"""A door in front of an emulated AWS that writes down every request that passes, as the IAM action that it asks for.

It stands on the server's side: nothing that a client does, whatever library it uses, gets to the emulator unseen. What
it cannot name, it records as unknown, which no policy allows.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from tests.support.iam_policy import Call
from tests.support.in_thread import in_thread

_SIGNED = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_EMULATED = "123456789012"  # moto's own account
_OF_A_LISTING = set("list-type prefix max-keys delimiter start-after continuation-token encoding-type".split())
# What names the resource in a request, for the services that are asked in forms and in JSON.
_IN_FORMS = {"sns": ("TopicArn", "SubscriptionArn"), "iam": ("PolicySourceArn",)}
_IN_JSON = {"events": ("TargetArn", "Name", "Rule"), "cloudtrail": ("TrailName", "Name"), "kms": ("KeyId",)}
_PIECES = 8
_OWN_TO_A_HOP = {"transfer-encoding", "connection", "content-length", "keep-alive", "date", "server"}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it came; `headers` are found in whatever case."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; `headers` without those that every server sets itself. `amid` runs eight times amid it."""

    status: int
    headers: Sequence[tuple[str, str]]
    content: bytes
    amid: Callable[[], object] = lambda: None


class RecordedAws:
    """The door: `url` is where a client is sent, `calls` what it asked for.

    `principal` of a call is the ARN of the role whose credentials signed it; empty for the client's own. `accounts`
    translates the emulator's account ids to those of the policies. `idle_seconds` is how long a connection stays open
    without a request.
    """

    idle_seconds: float | None = None

    def __init__(self, upstream: str, accounts: Mapping[str, str]) -> None:
        self.calls: list[Call] = []
        self._upstream = urlsplit(upstream).netloc
        self._accounts = accounts
        self._roles: dict[str, str] = {}
        handler = type("Handler", (_Handler,), {"door": self, "timeout": self.idle_seconds})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @classmethod
    @contextmanager
    def before(cls, upstream: str, accounts: Mapping[str, str]) -> Iterator[Self]:
        """Stand before the emulator at `upstream` while the block runs."""
        door = cls(upstream, accounts)
        with in_thread(door._server):
            yield door

    def passed(self, request: Request) -> Reply:
        """Record one request, hand it on, and return the emulator's answer."""
        call = self.asked(request)
        self.calls.append(call)
        connection = http.client.HTTPConnection(self._upstream, timeout=40)
        connection.request(request.method, request.path, request.body, dict(request.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if call.action == "sts:AssumeRole":
            found = re.search(b"<AccessKeyId>([^<]+)<", content)
            self._roles[found[1].decode() if found else ""] = call.resource
        length = answer.getheader("Content-Length") or str(len(content))  # of a HEAD, what a GET would give
        headers = [pair for pair in answer.getheaders() if pair[0].lower() not in _OWN_TO_A_HOP]
        return Reply(answer.status, [*headers, ("Content-Length", length)], content)

    def asked(self, request: Request) -> Call:
        """What a request asks for, and who asks."""
        signed = _SIGNED.search(request.headers.get("Authorization", ""))
        if not signed:
            return Call(f"unsigned: {request.method} {request.path}", "")
        key, region, service = signed.groups()
        action, resource = _asked(service, region, request)
        for theirs, ours in self._accounts.items():
            resource = resource.replace(f":{theirs}:", f":{ours}:")
        return Call(action, resource, _conditions(action, request), principal=self._roles.get(key, ""))


def _asked(service: str, region: str, request: Request) -> tuple[str, str]:
    """The action and the resource that a signed request is about."""
    if service == "sqs":
        return _of_sqs(request.headers.get("X-Amz-Target", ""), region, json.loads(request.body))
    if service == "sts":
        form = dict(parse_qsl(request.body.decode()))
        return f"sts:{form['Action']}", form.get("RoleArn", "")
    if service == "s3":
        return _of_s3(request.method, request.path)
    if service in _IN_FORMS:
        form = dict(parse_qsl(request.body.decode()))
        named = next((form[name] for name in _IN_FORMS[service] if name in form), "*")
        # What is asked of a subscription is allowed on its topic, whose ARN is the first part of the subscription's.
        return f"{service}:{form['Action']}", named.rpartition(":")[0] if "SubscriptionArn" in form else named
    if service in _IN_JSON:
        target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        demand = json.loads(request.body)
        named = next((demand[name] for name in _IN_JSON[service] if name in demand), "*")
        is_rule = target in ("DescribeRule", "ListTargetsByRule")  # which are asked for by its name
        return f"{service}:{target}", f"arn:aws:events:{region}:{_EMULATED}:rule/{named}" if is_rule else named
    return f"{service}: unknown", ""


def _of_sqs(target: str, region: str, demand: Mapping[str, Any]) -> tuple[str, str]:
    """SQS has no actions for its batch operations: the action of the single one allows them."""
    operation = target.rpartition(".")[2]
    account, name = demand.get("QueueOwnerAWSAccountId", ""), demand.get("QueueName", "")
    if "QueueUrl" in demand:
        account, name = urlsplit(demand["QueueUrl"]).path.split("/")[-2:]
    return f"sqs:{operation.removesuffix('Batch')}", f"arn:aws:sqs:{region}:{account}:{name}"


def _of_s3(method: str, path: str) -> tuple[str, str]:
    """Only what reads an object, or its head, or lists is named; a sub-resource such as `?acl` is another action."""
    parts = urlsplit(path)
    bucket, _, key = unquote(parts.path.lstrip("/")).partition("/")
    sub_resources = set(parse_qs(parts.query, keep_blank_values=True)) - _OF_A_LISTING - {"x-id"}
    if (method, sub_resources, key) == ("GET", {"notification"}, ""):
        return "s3:GetBucketNotification", f"arn:aws:s3:::{bucket}"
    if method not in {"GET", "HEAD"} or sub_resources:
        return f"s3: unknown: {method} {path}", ""
    return ("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}") if key else ("s3:ListBucket", f"arn:aws:s3:::{bucket}")


def _conditions(action: str, request: Request) -> Mapping[str, str]:
    """What S3 tells IAM of a listing: the prefix, which is empty where none is asked for."""
    if action != "s3:ListBucket":
        return {}
    return {"s3:prefix": dict(parse_qsl(urlsplit(request.path).query)).get("prefix", "")}


class _Handler(BaseHTTPRequestHandler):
    door: RecordedAws
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """A client that is killed goes away."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        """`do_GET` and its like: every method goes one way, or one that is not foreseen would go unseen."""
        if name.startswith("do_"):
            return self._hand_on
        raise AttributeError(name)

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.door.passed(Request(self.command, self.path, self.headers, body))
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        size = max(len(answer.content) // _PIECES, 1)
        for begin in range(0, len(answer.content), size):
            self.wfile.write(answer.content[begin : begin + size])
            answer.amid()
