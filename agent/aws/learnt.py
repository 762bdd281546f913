"""Requests that boto3 makes again and again, made without most of boto3.

Only path, body, date and signature differ from one request of a kind to the next. So boto3 makes the first one, which
is not sent; from then on its form is filled in, signed, and sent by libcurl, with the client's own proxy, certificates
and time-outs. A form whose signature is not boto3's own, or that goes another way, is not used.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.credentials import Credentials, ReadOnlyCredentials

from agent.aws.signature import DATE_FORMAT, Authorization, Seal, Signer
from agent.aws.transfers import HttpRequest, Route

OK: Final = 200
_LEARN_AGAIN_SECONDS: Final = 60.0
_PER_REQUEST: Final = frozenset(
    {
        *("authorization", "x-amz-date", "x-amz-security-token", "content-length"),
        *("amz-sdk-invocation-id", "amz-sdk-request"),
    }
)
_ANSWER: Final[Mapping[str, str]] = {"last-modified": "Thu, 01 Jan 1970 00:00:00 GMT", "content-length": "2"}


def utc_now() -> datetime:
    """The time that a signature tells."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The requests of one kind: `url` and `path` up to what differs, the `headers` that never change, and the way."""

    url: str
    path: str
    headers: Mapping[str, str]
    signer: Signer
    credentials: Callable[[], ReadOnlyCredentials]
    route: Route

    def request(self, now: datetime, *, tail: str = "", body: bytes = b"") -> HttpRequest:
        """One request, signed; `tail` ends its path. Raises what botocore raises where it has no credentials."""
        return self.stack(now).request(tail, body)

    def stack(self, now: datetime) -> Stack:
        """For several requests that are sent at once; raises as `request`."""
        return _stack(self, self.credentials(), now.replace(microsecond=0))


class Stack(NamedTuple):
    """Copies of a form with all that is the same in one second: the credentials, the date, and the header `lines`."""

    form: Form
    seal: Seal
    lines: Sequence[str]

    def request(self, tail: str, body: bytes = b"") -> HttpRequest:
        """One request, signed; `tail` ends its path."""
        form = self.form
        authorization = self.seal.authorization(form.path + tail, body)
        return HttpRequest(form.route, form.url + tail, [*self.lines, f"Authorization: {authorization}"], body)


@lru_cache(maxsize=64)
def _stack(form: Form, credentials: ReadOnlyCredentials, second: datetime) -> Stack:
    seal = form.signer.seal(credentials, second)
    same = {**form.headers, **seal.headers}
    return Stack(form, seal, [f"{name}: {text}" for name, text in same.items()])


class Forms:
    """The forms of one boto3 `client`, learnt when each is first needed; what could not be learnt is tried again after
    a while. Thread-safe. `monotonic` gives seconds.
    """

    def __init__(self, client: Any, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._forms: dict[Hashable, Form] = {}
        self._not_before: dict[Hashable, float] = {}
        self._learning = threading.Lock()

    def of(self, kind: Hashable, operation: str, call: Callable[[], object], sample: str = "") -> Form | None:
        """The form of the requests that `call` makes; None where only boto3 can make them now.

        `operation` is its name in the API. The path of the request ends in `sample`, in whose place other requests of
        this `kind` have something else. Raises what botocore raises before it sends.
        """
        if self._is_due(kind):
            with self._learning:
                if self._is_due(kind):
                    self._learn(kind, operation, call, sample)
        return self._forms.get(kind)

    def _is_due(self, kind: Hashable) -> bool:
        return kind not in self._forms and (kind not in self._not_before or self._monotonic() >= self._not_before[kind])

    def _learn(self, kind: Hashable, operation: str, call: Callable[[], object], sample: str) -> None:
        form = _Lesson.learn(self._client, operation, call).form(self._client, sample)
        if form:
            self._forms[kind] = form
        else:
            self._not_before[kind] = self._monotonic() + _LEARN_AGAIN_SECONDS


class _Lesson:
    """One request that boto3 makes for us to look at; it is answered here, and never sent."""

    def __init__(self) -> None:
        self._pupil = threading.get_ident()  # others may use the client meanwhile
        self._request: AWSPreparedRequest | None = None
        self._credentials: Callable[[], ReadOnlyCredentials] | None = None
        self._signed_by: ReadOnlyCredentials | None = None

    @classmethod
    def learn(cls, client: Any, operation: str, call: Callable[[], object]) -> _Lesson:
        """Let `call` make its request of the client."""
        lesson, events = cls(), client.meta.events
        service = client.meta.service_model.service_id.hyphenize()
        handlers = {
            f"before-sign.{service}.{operation}": lesson._signing,
            f"before-send.{service}.{operation}": lesson._sending,
        }
        for name, handler in handlers.items():
            events.register(name, handler)
        try:
            call()
        finally:
            for name, handler in handlers.items():
                events.unregister(name, handler)
        return lesson

    def _signing(self, request_signer: Any, signing_name: str, region_name: str, **more: Any) -> None:
        """botocore is about to sign: with these credentials, and not with others that it may get at any moment."""
        version, request = more["signature_version"], more["request"]
        if threading.get_ident() != self._pupil or version is UNSIGNED:
            return

        def credentials() -> ReadOnlyCredentials:
            """As they are now: botocore renews them before they expire, when they are asked for."""
            auth = request_signer.get_auth_instance(signing_name, region_name, version)
            return cast("ReadOnlyCredentials", getattr(auth, "credentials", None))  # who has a token has none

        given = request.context.get("signing", {})
        self._credentials, self._signed_by = credentials, credentials()
        if self._signed_by and not given.get("request_credentials"):
            same = Credentials(*self._signed_by[:3])
            request.context["signing"] = {**given, "request_credentials": same}

    def _sending(self, request: AWSPreparedRequest, **_more: Any) -> AWSResponse | None:
        """botocore is about to send; what a handler returns is taken for the answer."""
        if threading.get_ident() != self._pupil:
            return None
        self._request = request
        return AWSResponse(request.url, OK, dict(_ANSWER), _Nothing(b"{}"))

    def form(self, client: Any, sample: str) -> Form | None:
        """What was learnt, if it can be done again."""
        if self._request is None or self._credentials is None or self._signed_by is None:
            return None
        session = getattr(getattr(client, "_endpoint", None), "http_session", None)
        route = Route.of(session, self._request.url)
        if route is None:
            return None
        headers = {name: _text(value) for name, value in self._request.headers.items()}
        given, url = Authorization.read(headers.get("Authorization", "")), urlsplit(self._request.url)
        if given is None or url.query or "@" in url.netloc or not url.path.endswith(f"/{sample}"):
            return None
        kept = {name: value for name, value in headers.items() if name.lower() not in _PER_REQUEST}
        signed = {name: text for name, text in (kept | {"host": url.netloc}).items() if name.lower() in given.names}
        signer = Signer(self._request.method, given.region, given.service, signed)
        moment = datetime.strptime(headers["X-Amz-Date"], DATE_FORMAT).replace(tzinfo=UTC)
        again = signer.headers(url.path, self._request.body or b"", self._signed_by, moment)
        if again["Authorization"] != headers["Authorization"]:
            return None
        whole, path = self._request.url.removesuffix(sample), url.path.removesuffix(sample)
        return Form(whole, path, kept, signer, self._credentials, route)


class _Nothing(io.BytesIO):
    """What an answer of urllib3 has that is read at once."""

    def stream(self, **_options: object) -> Iterator[bytes]:
        """All of it."""
        yield self.read()


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
