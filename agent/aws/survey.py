"""Questions to AWS that change nothing: what there is, how it is set, and who may do what.

Each answer also tells AWS's clock (its Date header), an error as much as a success. Page: the API reference of each
service; "Actions, resources, and condition keys" in the service authorization reference.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from agent.aws.failure import AWS_ERRORS, asking, explain
from agent.aws.listing import Listing
from agent.aws.s3 import S3
from agent.aws.session import Sessions
from agent.errors import AwsError, TrailAgentError
from agent.pulse import Clock
from agent.settings import BucketSettings

_ACTIONS: Final = {
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:ListObjectsV2": "s3:ListBucket",
}
_ASSUMING: Final = "AssumeRole"
_REFUSALS_OF_A_REGION: Final = (301, 307, 400)
_MOST_CONNECTIONS: Final = 10


class AskedError(TrailAgentError):
    """A question was refused, or not answered.

    `kind` is one of `agent.aws.failure.FailureKind`, or `no_credentials`. `code` is AWS's own, `words` its sentence.
    `action` is the IAM action that was missing, where `kind` is denied; `sts:AssumeRole` where a role was refused.
    """

    def __init__(self, kind: str, code: str, words: str, action: str) -> None:
        super().__init__(f"{action}: {words}")
        self.kind = kind
        self.code = code
        self.words = words
        self.action = action


class Survey:
    """Asks AWS, under the agent's own credentials and under the roles of buckets; safe to use from many threads.

    `seconds` is the longest wait for a connection, and then for each piece of an answer. `offsets` has how many seconds
    AWS's clock is before this machine's, one for each answer so far. `regions` has those that S3 names where it refuses
    because of the region, by bucket.
    """

    def __init__(self, sessions: Sessions, seconds: float, clock: Clock) -> None:
        self.offsets: list[float] = []
        self.regions: dict[str, str] = {}
        self._sessions = sessions
        self._options: dict[str, Any] = {
            "connect_timeout": seconds,
            "read_timeout": seconds,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "max_pool_connections": _MOST_CONNECTIONS,
        }
        self._clock = clock
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str | None], Any] = {}

    def ask(
        self, service: str, operation: str, *, region: str, role_arn: str | None = None, **arguments: Any
    ) -> Mapping[str, Any]:
        """The answer to `operation` (in AWS's spelling), asked under `role_arn` if there is one.

        Raises `AskedError`, and `SettingsError` for settings that only turn out bad in use.
        """
        return self._request(self._client(service, region, role_arn), f"{service}:{operation}", arguments)

    def ask_queue(self, url: str, region: str) -> Mapping[str, str]:
        """All attributes of the queue at `url`; empty if what answers is not SQS. Raises as `ask`."""
        client = self._client("sqs", region, None, url)
        answer = self._request(client, "sqs:GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})
        attributes: Mapping[str, str] = answer.get("Attributes") or {}
        return attributes

    def ask_notifications(self, bucket: BucketSettings, **arguments: Any) -> Mapping[str, Any]:
        """Whom `bucket` notifies, as GetBucketNotificationConfiguration gives it. Raises as `ask`."""
        return self.ask(
            "s3",
            "GetBucketNotificationConfiguration",
            region=bucket.region,
            role_arn=bucket.role_arn,
            Bucket=bucket.name,
            **arguments,
        )

    def asked_at(self, url: str, region: str) -> str:
        """The URL at which `ask_queue` asks: the host of `url`, or the endpoint in its place. Raises as `ask`."""
        return str(self._client("sqs", region, None, url).meta.endpoint_url)

    def pages(
        self, service: str, operation: str, member: str, *, region: str, most: int, **arguments: Any
    ) -> Sequence[Any]:
        """What the lists called `member` hold on at most `most` pages. Raises as `ask`."""
        found: list[Any] = []
        more: dict[str, Any] = {}
        for _ in range(most):
            answer = self.ask(service, operation, region=region, **arguments, **more)
            found += answer.get(member) or ()
            token = answer.get("NextToken")
            if not token:
                break
            more = {"NextToken": token}
        return found

    def open_bucket(self, bucket: BucketSettings) -> tuple[S3, Listing]:
        """The objects of one bucket, and its names. Nothing is asked yet. Raises as `ask`.

        Where S3 then says that the bucket is in another region, `regions` has it: boto3 asks there without a word.
        """
        client = self._client("s3", bucket.region, bucket.role_arn)
        client.meta.events.register("needs-retry.s3", partial(self._note_region, bucket.name))
        clients = {bucket.name: client}
        owners = {bucket.name: bucket.owner}
        return S3(clients, owners), Listing(clients, owners)

    def _client(self, service: str, region: str, role_arn: str | None, url: str = "") -> Any:
        where = (f"{service} {url}", region, role_arn)
        with self._lock:
            if where not in self._clients:
                self._clients[where] = self._make(service, region, role_arn, url)
            return self._clients[where]

    def _make(self, service: str, region: str, role_arn: str | None, url: str) -> Any:
        try:
            if url:
                return self._sessions.queue_client(url, region=region, **self._options)
            return self._sessions.client(service, region=region, role_arn=role_arn, **self._options)
        except AwsError as error:
            raise AskedError(error.kind, "", error.detail, "") from error
        except AWS_ERRORS as error:
            raise self._explained(error, "") from error

    def _request(self, client: Any, action: str, arguments: Mapping[str, object]) -> Mapping[str, Any]:
        began = self._clock.time()
        try:
            with asking():
                answer: Mapping[str, Any] = getattr(client, xform_name(action.partition(":")[2]))(**arguments)
        except ClientError as error:
            self._note_clock(error.response, began)
            raise self._explained(error, _ACTIONS.get(action, action)) from error
        except ParamValidationError as error:
            raise AskedError("missing", "ParamValidation", str(error), action) from error
        except AWS_ERRORS as error:
            raise self._explained(error, _ACTIONS.get(action, action)) from error
        self._note_clock(answer, began)
        return answer

    def _explained(self, error: BaseException, action: str) -> AskedError:
        failure = explain(error)
        is_role = isinstance(error, ClientError) and error.operation_name == _ASSUMING
        return AskedError(str(failure.kind), failure.code, failure.detail, f"sts:{_ASSUMING}" if is_role else action)

    def _note_region(self, bucket: str, response: Any = None, request_dict: Any = None, **_: object) -> None:
        """Called by botocore after each attempt, with what was answered; None lets it do as it would."""
        url = str((request_dict or {}).get("url", ""))
        if response and re.search(rf"/{re.escape(bucket)}(?=[./?]|$)", url):
            http, told = response
            region = http.headers.get("x-amz-bucket-region") or told.get("Error", {}).get("Region")
            if region and http.status_code in _REFUSALS_OF_A_REGION:
                self.regions[bucket] = str(region)

    def _note_clock(self, answer: Mapping[str, Any], began: float) -> None:
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        told = unix_seconds(str(headers.get("date", "")))
        if told is not None:
            self.offsets.append(told - (began + self._clock.time()) / 2)


def unix_seconds(date: str) -> float | None:
    """A Date header as Unix seconds: HTTP's form, or the one in which emulators write it; None if it is neither."""
    try:
        told = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
