"""What AWS says when it refuses, mapped once to a few kinds. What S3 says of an object stands in `store_policy`.

Pages: SQS API reference, "Common Errors"; SNS API reference, "AuthorizationError"; botocore's exceptions. SQS has two
names for what KMS refuses: the one of its API reference, and the one of its older protocol, which it sends beside it,
and which botocore takes as the code.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from agent.errors import TrailAgentError, printable


class FailureKind(StrEnum):
    """What an operator, or the caller, can do about a failed AWS request; the `result` of a request metric."""

    THROTTLED = "throttled"
    DENIED = "denied"
    MISSING = "missing"
    UNAVAILABLE = "unavailable"
    STALE_HANDLE = "stale_handle"


class UnreadableAnswerError(Exception):
    """botocore cannot read what was answered: a header that is no number, say, or JSON that is no object."""


AWS_ERRORS: Final = (ClientError, BotoCoreError, ResponseParserError, HTTPError, OSError, UnreadableAnswerError)
"""Everything that a boto3 call, or reading the body it returned, raises inside `asking`."""

_NOT_REACHED: Final = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
_NOES: Final = range(400, 500)
_GAVE_UP: Final = 408
_NO_SUCH_NAME: Final = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
_MOST_CAUSES: Final = 8

_CREDENTIALS: Final = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

_KINDS: Final = {
    **dict.fromkeys(
        """
        KMS.ThrottlingException KmsThrottled OverLimit RequestLimitExceeded RequestThrottled Throttling
        ThrottlingException TooManyRequestsException
        """.split(),
        FailureKind.THROTTLED,
    ),
    **dict.fromkeys(
        """
        AccessDenied AccessDeniedException AuthorizationError ExpiredToken ExpiredTokenException Forbidden 403
        InvalidAccessKeyId InvalidClientTokenId InvalidSecurity InvalidSignatureException InvalidToken
        KMS.AccessDeniedException KMS.DisabledException KMS.InvalidKeyUsageException KMS.InvalidStateException
        KMS.NotFoundException KMS.OptInRequired KmsAccessDenied KmsDisabled KmsInvalidKeyUsage
        KmsInvalidState KmsNotFound KmsOptInRequired MissingAuthenticationToken NotSignedUp OptInRequired
        RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch UnrecognizedClientException
        """.split(),
        FailureKind.DENIED,
    ),
    **dict.fromkeys(
        """
        404 AWS.SimpleQueueService.NonExistentQueue NotFound QueueDoesNotExist
        """.split(),
        FailureKind.MISSING,
    ),
    **dict.fromkeys(
        "InvalidParameterValue MessageNotInflight ReceiptHandleIsInvalid".split(), FailureKind.STALE_HANDLE
    ),
}


_QUOTED_REQUEST: Final = re.compile(
    r"\s*The (?:Canonical String|String-to-Sign) for this request should have.*", re.DOTALL
)
_LONGEST_TEXT: Final = 100
_TOKEN: Final = re.compile(r"(x-amz-security-token['\"]?\s*[:=]\s*)[^\s,;&]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request: its kind, AWS's own code (empty where AWS did not answer), and a sentence.

    `has_no_host`: the resolver says that there is no host of this name. `is_undone`: what was asked for was surely not
    done; AWS said no, or nobody was reached. A failure that says nothing of this may come after it was done.
    """

    kind: FailureKind
    code: str
    detail: str
    has_no_host: bool = False
    is_undone: bool = False


@contextmanager
def asking() -> Iterator[None]:
    """For a boto3 call, or for reading the body it returned. What it raises is one of `AWS_ERRORS`, or our own.

    On answers that it does not expect, botocore raises whatever Python does: ValueError, TypeError, AttributeError.
    """
    try:
        yield
    except (*AWS_ERRORS, TrailAgentError, MemoryError):
        raise
    except Exception as error:
        text = printable(" ".join(str(error).split()), _LONGEST_TEXT)
        raise UnreadableAnswerError(f"{type(error).__name__}: {text}".rstrip(": ")) from error


def explain(error: BaseException) -> Failure:
    """What a failed boto3 call means; `error` is one of `AWS_ERRORS`."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        code = str(answer.get("Code", ""))
        words = without_request(f"{code}: {answer.get('Message', '')}").strip(": ")
        kind = kind_of(code)
        return Failure(kind, code, words, is_undone=kind is FailureKind.THROTTLED or _is_no(error))
    if isinstance(error, UnreadableAnswerError):
        return Failure(FailureKind.UNAVAILABLE, "", f"the answer cannot be read: {error}")
    detail = without_request(f"{type(error).__name__}: {error}").rstrip(": ")
    if isinstance(error, _CREDENTIALS):
        return Failure(FailureKind.DENIED, "", detail, is_undone=True)
    if (refusal := _refused_name(error)) is not None:
        why = f"the host's name cannot be looked up ({refusal.strerror or refusal})"
        has_no_host = refusal.errno in _NO_SUCH_NAME
        return Failure(FailureKind.UNAVAILABLE, "", f"{detail}; {why}", has_no_host, is_undone=True)
    return Failure(FailureKind.UNAVAILABLE, "", detail, is_undone=isinstance(error, _NOT_REACHED))


def _is_no(error: ClientError) -> bool:
    """Whether the status says that the request itself is refused: not that the server, or who waits for it, gave up."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status in _NOES and status != _GAVE_UP


def without_request(text: str) -> str:
    """Words of AWS without the request that they quote, if its signature is wrong: it holds the session's token."""
    return _TOKEN.sub(r"\1…", _QUOTED_REQUEST.sub("", text))


def _refused_name(error: BaseException | None) -> socket.gaierror | None:
    """What the resolver said, where it was asked in vain; botocore says only that nobody could be reached."""
    for _ in range(_MOST_CAUSES):
        if error is None or isinstance(error, socket.gaierror):
            return error
        told = getattr(error, "kwargs", {}).get("error")  # botocore's way to keep a cause
        error = told if isinstance(told, BaseException) else error.__cause__ or error.__context__
    return None


def kind_of(code: str) -> FailureKind:
    """The kind of one of AWS's error codes; an unknown one may pass later."""
    return _KINDS.get(code.removeprefix("AWS.SimpleQueueService."), _KINDS.get(code, FailureKind.UNAVAILABLE))
