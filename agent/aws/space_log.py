"""CodeCatalyst's own event logs, a page at a time: who asks for them has a bearer token, and no credentials of IAM.

Page: Amazon CodeCatalyst API reference, `ListEventLogs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from botocore.exceptions import (
    ClientError,
    InvalidEndpointConfigurationError,
    NoAuthTokenError,
    ParamValidationError,
    SSOError,
    TokenRetrievalError,
)

from agent.aws.failure import AWS_ERRORS, Failure, explain
from agent.aws.survey import unix_seconds
from agent.errors import AwsError
from agent.trail.reader import mend_surrogates

MOST_ITEMS: Final = 250
"""How many items a page has at most."""

_BODY: Final = "trail_agent_body"
_FIRST_FAILURE: Final = 300
_REFUSALS: Final = {
    **dict.fromkeys(("ResourceNotFoundException", "404"), "missing"),
    **dict.fromkeys(("ValidationException", "400"), "invalid"),
    **dict.fromkeys(("ServiceQuotaExceededException", "402"), "denied"),
    **dict.fromkeys(("UnauthorizedException", "401"), "denied"),
}
_WITHOUT_TOKEN: Final = (NoAuthTokenError, TokenRetrievalError, SSOError)


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Items, each as its bytes stand in the answer, and the token for the next page; empty: there is none.

    `time` is what time it was by the service's clock; None: it did not tell.
    """

    items: Sequence[bytes]
    token: str
    time: datetime | None = None


class UnreadablePageError(AwsError):
    """What answered is not the JSON of `ListEventLogs`. A proxy says so for a while, or the service for ever."""

    def __init__(self, why: str) -> None:
        super().__init__("unavailable", f"the answer is not the JSON of ListEventLogs: {why}")


class _Answer(msgspec.Struct, frozen=True, gc=False):
    items: list[msgspec.Raw] | None = None
    next_token: str | None = msgspec.field(name="nextToken", default=None)


_MEMBERS: Final = frozenset({"items", "nextToken"})
_decode: Final = msgspec.json.Decoder(_Answer).decode
_decode_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class SpaceLog:
    """The event logs of all spaces that the owner of the token may see. Safe to use from many threads."""

    def __init__(self, client: Any) -> None:
        self._client = client
        client.meta.events.register("before-parse.codecatalyst.ListEventLogs", _keep_body)

    def page(self, space: str, begin: datetime, end: datetime, token: str = "") -> ItemPage:
        """Items from `begin` to `end`, in the order of the service; its times may be rounded.

        Half a surrogate pair in an item is U+FFFD, as in a file. Raises `AwsError`: throttled or unavailable, which
        pass; or else denied, no_credentials, missing or invalid. One of them, `UnreadablePageError`, may pass or not.
        """
        more = {"nextToken": token} if token else {}
        try:
            answer = self._client.list_event_logs(
                spaceName=space, startTime=begin, endTime=end, maxResults=MOST_ITEMS, **more
            )
            decoded = _decoded(answer[_BODY])
        except (ParamValidationError, InvalidEndpointConfigurationError) as error:
            raise AwsError("invalid", " ".join(str(error).split())) from error
        except _WITHOUT_TOKEN as error:
            raise AwsError("no_credentials", f"{type(error).__name__}: {error}") from error
        except AWS_ERRORS as error:
            raise _refused(error, explain(error)) from error
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise UnreadablePageError(str(error)) from error
        return ItemPage([bytes(item) for item in decoded.items or ()], decoded.next_token or "", _time_of(answer))


def _time_of(answer: Mapping[str, Any]) -> datetime | None:
    told = unix_seconds(str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")))
    return None if told is None else datetime.fromtimestamp(told, UTC)


def _decoded(body: bytes) -> _Answer:
    """An answer without items is an empty page, unless it says something else: that may be a proxy's."""
    mended = bytearray(body)
    try:
        answer = _decode(mended)
    except (msgspec.MsgspecError, UnicodeError):  # half a surrogate pair in one text costs the whole answer
        mend_surrogates(mended)
        answer = _decode(mended)
    if answer.items is None and (others := _decode_members(mended).keys() - _MEMBERS):
        raise UnreadablePageError(f"it has no items, but {', '.join(sorted(others))}")
    return answer


def _refused(error: BaseException, failure: Failure) -> AwsError:
    status = 0
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    named = _REFUSALS.get(failure.code)
    by_status = {401: "denied", 403: "denied", 404: "missing", 429: "throttled"}.get(status)
    return AwsError(named or by_status or failure.kind, failure.detail)


def _keep_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take the answer past botocore's parser.

    It drops members that its model does not know, and makes times of texts. An odd one would end it.
    """
    body = response_dict["body"]
    customized_response_dict[_BODY] = body
    if response_dict["status_code"] < _FIRST_FAILURE or not body.lstrip().startswith(b"{"):
        response_dict["body"] = b"{}"
