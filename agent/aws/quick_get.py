"""S3's GetObject at a third of what boto3's costs: a client's `get_object`, with the same answers and the same errors.

Only a plain success is taken past boto3. Anything else is asked again through boto3, whose answer or error counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

from botocore.awsrequest import AWSResponse
from botocore.httpchecksum import handle_checksum_body
from botocore.response import StreamingBody

from agent.aws.learnt import OK, Form, Forms, utc_now

_OPERATION: Final = "GetObject"
_SAMPLE: Final = "k"
_SAFE: Final = "/~"  # S3 takes these in a key as they are
_CHECKSUMS: Final = ("crc32", "sha1", "sha256")
_CHECKSUM: Final = "x-amz-checksum-"


class QuickGet:
    """Reads with the boto3 S3 `client`, most reads past most of it. Safe to use from many threads at once."""

    def __init__(self, client: Any, now: Callable[[], datetime] = utc_now) -> None:
        self._client = client
        self._now = now
        self._forms = Forms(client)

    def get_object(self, *, Bucket: str, Key: str, ExpectedBucketOwner: str = "") -> Mapping[str, Any]:  # noqa: N803
        """As boto3's: `Body`, `ContentLength`, `LastModified` and `ResponseMetadata`; raises what boto3 raises."""
        owner = {"ExpectedBucketOwner": ExpectedBucketOwner} if ExpectedBucketOwner else {}
        form = self._form(Bucket, owner) if _is_plain(Key) else None
        if form:
            answer = form.ask(self._now(), tail=quote(Key, safe=_SAFE), stream=True)
            if answer.status_code == OK and "last-modified" in answer.headers:
                return self._told(answer)
            answer.raw.close()
        found: Mapping[str, Any] = self._client.get_object(Bucket=Bucket, Key=Key, **owner)
        return found

    def _form(self, bucket: str, owner: Mapping[str, str]) -> Form | None:
        def sample() -> object:
            return self._client.get_object(Bucket=bucket, Key=_SAMPLE, **owner)

        return self._forms.of((bucket, *owner.values()), _OPERATION, sample, _SAMPLE)

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


def _is_plain(key: str) -> bool:
    """Whether a key is sent as it is: nothing on the way reads `.` or `..` in it as a folder."""
    return bool(key) and key.isprintable() and not {"", ".", ".."} & set(key.split("/"))
