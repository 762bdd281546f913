"""S3's GetObject at a third of what boto3's costs: a client's `get_object`, with the same answers and the same errors.

Of a bucket's requests only path, date and signature differ. So boto3 makes one request for each bucket, which is not
sent; from then on its form is filled in, signed, and sent over the client's own connections, with its proxies,
certificates and time-outs. Only a plain success is taken from there: anything else is asked again through boto3,
whose answer or error counts. Where a form cannot be learnt, or our signature of it is not boto3's, boto3 reads.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpchecksum import handle_checksum_body
from botocore.response import StreamingBody

from agent.aws.signature import Signer

_OPERATION: Final = "GetObject"
_SAMPLE: Final = "k"
_SAFE: Final = "/~"  # S3 takes these in a key as they are
_OK: Final = 200
_PER_REQUEST: Final = frozenset(
    {"authorization", "x-amz-date", "x-amz-security-token", "amz-sdk-invocation-id", "amz-sdk-request"}
)
_SCOPE_PARTS: Final = 5  # key id, date, region, service, and a constant
_CHECKSUMS: Final = ("crc32", "sha1", "sha256")
_CHECKSUM: Final = "x-amz-checksum-"
_NO_ANSWER: Final[Mapping[str, str]] = {"last-modified": "Thu, 01 Jan 1970 00:00:00 GMT", "content-length": "0"}


@dataclass(frozen=True, slots=True)
class _Form:
    """The requests of one bucket: `base` is their URL up to the key, `headers` are those that never change."""

    base: str
    path: str
    headers: Mapping[str, str]
    signer: Signer
    credentials: Callable[[], Any]
    send: Callable[[AWSPreparedRequest], AWSResponse]

    def ask(self, key: str, now: datetime) -> AWSResponse:
        """The answer to a GET of `key`; raises what botocore raises where there is none."""
        quoted = quote(key, safe=_SAFE)
        headers = {**self.headers, **self.signer.headers(self.path + quoted, self.credentials(), now)}
        return self.send(AWSPreparedRequest("GET", self.base + quoted, headers, body=None, stream_output=True))


class QuickGet:
    """Reads with the boto3 S3 `client`, some reads past most of it. Safe to use from many threads at once."""

    def __init__(self, client: Any, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._client = client
        self._now = now
        self._forms: dict[tuple[str, str], _Form | None] = {}
        self._learning = threading.Lock()

    def get_object(self, *, Bucket: str, Key: str, ExpectedBucketOwner: str = "") -> Mapping[str, Any]:  # noqa: N803
        """As boto3's: `Body`, `ContentLength`, `LastModified` and `ResponseMetadata`; raises what boto3 raises."""
        owner = {"ExpectedBucketOwner": ExpectedBucketOwner} if ExpectedBucketOwner else {}
        form = self._form(Bucket, owner) if _is_plain(Key) else None
        if form:
            answer = form.ask(Key, self._now())
            if answer.status_code == _OK and "last-modified" in answer.headers:
                return self._told(answer)
            answer.raw.close()
        found: Mapping[str, Any] = self._client.get_object(Bucket=Bucket, Key=Key, **owner)
        return found

    def _form(self, bucket: str, owner: Mapping[str, str]) -> _Form | None:
        where = (bucket, owner.get("ExpectedBucketOwner", ""))
        if where not in self._forms:
            with self._learning:
                if where not in self._forms:
                    self._forms[where] = _Lesson.learn(self._client, bucket, owner)
        return self._forms[where]

    def _told(self, answer: AWSResponse) -> Mapping[str, Any]:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        length = headers.get("content-length")
        body = StreamingBody(answer.raw, length)
        if any(name.startswith(_CHECKSUM) for name in headers):
            body = self._checked(answer, body)
        return {
            "Body": body,
            "LastModified": parsedate_to_datetime(headers["last-modified"]),
            "ResponseMetadata": {"HTTPStatusCode": answer.status_code, "HTTPHeaders": headers},
            **({} if length is None else {"ContentLength": int(length)}),
        }

    def _checked(self, answer: AWSResponse, body: StreamingBody) -> Any:
        """`body`, held against the checksum that S3 sent, if it is one that boto3 checks, too."""
        response = {"headers": answer.headers, "body": body, "context": {}}
        operation = self._client.meta.service_model.operation_model(_OPERATION)
        handle_checksum_body(answer, response, {"checksum": {"response_algorithms": _CHECKSUMS}}, operation)
        return response["body"]


class _Lesson:
    """One request that boto3 makes for us to look at; it is answered here, and never sent."""

    def __init__(self) -> None:
        self._pupil = threading.get_ident()  # others may use the client meanwhile
        self.request: AWSPreparedRequest | None = None
        self.auth: Callable[[], Any] | None = None

    @classmethod
    def learn(cls, client: Any, bucket: str, owner: Mapping[str, str]) -> _Form | None:
        """The form of the requests for `bucket`; None where they are signed in another way or go another one."""
        lesson = cls()
        before_sign, before_send = f"before-sign.s3.{_OPERATION}", f"before-send.s3.{_OPERATION}"
        client.meta.events.register(before_sign, lesson.signing)
        client.meta.events.register(before_send, lesson.sending)
        try:
            client.get_object(Bucket=bucket, Key=_SAMPLE, **owner)
        finally:
            client.meta.events.unregister(before_sign, lesson.signing)
            client.meta.events.unregister(before_send, lesson.sending)
        return lesson.form(client)

    def signing(self, request_signer: Any, signing_name: str, region_name: str, **more: Any) -> None:
        """botocore is about to sign."""
        if threading.get_ident() == self._pupil:
            version = more["signature_version"]
            self.auth = lambda: request_signer.get_auth_instance(signing_name, region_name, version)

    def sending(self, request: AWSPreparedRequest, **_more: Any) -> AWSResponse | None:
        """botocore is about to send; what a handler returns is taken for the answer."""
        if threading.get_ident() != self._pupil:
            return None
        self.request = request
        return AWSResponse(request.url, _OK, dict(_NO_ANSWER), io.BytesIO())

    def form(self, client: Any) -> _Form | None:
        """What was learnt."""
        session = getattr(getattr(client, "_endpoint", None), "http_session", None)
        if self.request is None or self.auth is None or session is None:
            return None
        headers = {name: _text(value) for name, value in self.request.headers.items()}
        given = _Given.of(headers.get("Authorization", ""))
        url = urlsplit(self.request.url)
        if given is None or url.query or not self.request.url.endswith(f"/{_SAMPLE}"):
            return None
        kept = {name: value for name, value in headers.items() if name.lower() not in _PER_REQUEST}
        host = {"host": url.netloc.rpartition("@")[2]}
        signed = {name: value for name, value in (kept | host).items() if name.lower() in given.names}
        signer = Signer(given.region, given.service, signed, headers.get("X-Amz-Content-SHA256", ""))
        credentials = _frozen(self.auth)
        moment = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        again = signer.headers(url.path, credentials(), moment)
        if again["Authorization"] != headers["Authorization"]:
            return None
        return _Form(
            self.request.url.removesuffix(_SAMPLE),
            url.path.removesuffix(_SAMPLE),
            kept,
            signer,
            credentials,
            session.send,
        )


@dataclass(frozen=True, slots=True)
class _Given:
    """What the header Authorization tells of a signature."""

    region: str
    service: str
    names: frozenset[str]

    @classmethod
    def of(cls, authorization: str) -> Self | None:
        """None where it is no signature of Version 4 for one region."""
        parts = dict(part.partition("=")[::2] for part in authorization.removeprefix("AWS4-HMAC-SHA256 ").split(", "))
        scope = parts.get("Credential", "").split("/")
        if not authorization.startswith("AWS4-HMAC-SHA256 ") or len(scope) != _SCOPE_PARTS:
            return None
        return cls(scope[-3], scope[-2], frozenset(parts.get("SignedHeaders", "").split(";")))


def _frozen(auth: Callable[[], Any]) -> Callable[[], Any]:
    """The credentials as they are now: botocore renews them before they expire, when they are asked for."""
    return lambda: auth().credentials


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _is_plain(key: str) -> bool:
    """Whether a key is sent as it is: nothing on the way reads `.` or `..` in it as a folder."""
    return bool(key) and key.isprintable() and not {"", ".", ".."} & set(key.split("/"))
