"""What each of AWS's refusals means to the flow."""

from __future__ import annotations

import socket

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

from agent.aws.failure import AWS_ERRORS, FailureKind, UnreadableAnswerError, explain, kind_of
from tests.support.boto import refusal

THROTTLED = """
    Throttling ThrottlingException RequestThrottled RequestLimitExceeded TooManyRequestsException OverLimit
    KmsThrottled KMS.ThrottlingException
""".split()
DENIED = """
    AccessDenied AccessDeniedException ExpiredToken ExpiredTokenException Forbidden 403 InvalidAccessKeyId
    InvalidClientTokenId InvalidSecurity InvalidSignatureException InvalidToken SignatureDoesNotMatch
    RequestTimeTooSkewed RequestExpired NotSignedUp MissingAuthenticationToken UnrecognizedClientException
    OptInRequired KmsAccessDenied KmsDisabled KmsInvalidState KmsNotFound KmsOptInRequired KmsInvalidKeyUsage
    KMS.AccessDeniedException KMS.DisabledException KMS.InvalidStateException KMS.NotFoundException KMS.OptInRequired
    KMS.InvalidKeyUsageException
""".split()
MISSING = """
    404 NotFound QueueDoesNotExist NonExistentQueue AWS.SimpleQueueService.NonExistentQueue
    AWS.SimpleQueueService.QueueDoesNotExist
""".split()
STALE = """
    ReceiptHandleIsInvalid MessageNotInflight AWS.SimpleQueueService.MessageNotInflight InvalidParameterValue
""".split()
UNAVAILABLE = "InternalError InternalFailure ServiceUnavailable 500 503 RequestTimeout".split()
TABLE = [
    *((code, FailureKind.THROTTLED) for code in THROTTLED),
    *((code, FailureKind.DENIED) for code in DENIED),
    *((code, FailureKind.MISSING) for code in MISSING if code != "NonExistentQueue"),
    *((code, FailureKind.STALE_HANDLE) for code in STALE),
    *((code, FailureKind.UNAVAILABLE) for code in UNAVAILABLE),
]


def client_error(code: str, message: str = "because") -> ClientError:
    """AWS's answer as boto3 raises it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "ReceiveMessage")


@pytest.mark.parametrize(("code", "kind"), TABLE)
def test_each_code_has_its_kind(code: str, kind: FailureKind) -> None:
    """AWS's code alone decides, with or without the old query protocol's prefix."""
    assert explain(client_error(code)).kind is kind


@given(st.text())
def test_any_code_has_a_kind(code: str) -> None:
    """A code that nobody has heard of is something that may pass, never an exception."""
    assert kind_of(f"x{code}") is FailureKind.UNAVAILABLE


def test_a_refusal_is_quoted() -> None:
    """The sentence has AWS's code and message; the code stands by itself too."""
    failure = explain(client_error("AccessDenied", "not you"))
    assert (failure.code, failure.detail) == ("AccessDenied", "AccessDenied: not you")


@pytest.mark.parametrize(
    ("refusal", "has_no_host"),
    [(socket.gaierror(socket.EAI_NONAME, "no such name"), True), (socket.gaierror(socket.EAI_AGAIN, "later"), False)],
)
def test_a_name_that_cannot_be_looked_up_is_told_as_that(refusal: socket.gaierror, has_no_host: bool) -> None:
    """botocore's own words say only that it could not connect, as if the network were down."""
    failure = explain(EndpointConnectionError(endpoint_url="https://sqs.us-west-9.amazonaws.com/", error=refusal))
    assert (failure.kind, failure.has_no_host) == (FailureKind.UNAVAILABLE, has_no_host)
    assert failure.detail.endswith(f"the host's name cannot be looked up ({refusal.strerror})")


QUOTED = """The request signature we calculated does not match the signature you provided.

The Canonical String for this request should have been
'POST
/

x-amz-security-token:secret
'

The String-to-Sign should have been
'AWS4-HMAC-SHA256'
"""


@pytest.mark.parametrize(
    "error",
    [
        client_error("SignatureDoesNotMatch", QUOTED),
        CredentialRetrievalError(provider="assume-role", error_msg=f"An error occurred: {QUOTED}"),
        client_error("IncompleteSignature", "X-Amz-Security-Token=secret, Authorization=Credential; no signature"),
    ],
)
def test_a_request_that_aws_quotes_is_left_out(error: Exception) -> None:
    """With a wrong signature AWS says what it would have signed, the header with the session's token included."""
    detail = explain(error).detail
    assert "secret" not in detail
    assert "signature" in detail


@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"Error": {"Code": None}}])
def test_an_answer_without_a_code_may_pass(response: dict[str, object]) -> None:
    """A proxy's error page, say, has neither code nor message."""
    assert explain(ClientError(response, "ReceiveMessage")).kind is FailureKind.UNAVAILABLE


@pytest.mark.parametrize(
    "error", [NoCredentialsError(), CredentialRetrievalError(provider="iam-role", error_msg="no answer")]
)
def test_missing_credentials_are_a_denial(error: BotoCoreError) -> None:
    """Without credentials AWS is not even asked; the operator's remedy is that of a denial."""
    assert explain(error).kind is FailureKind.DENIED


@pytest.mark.parametrize(
    "error",
    [
        ResponseStreamingError(error=ProtocolError("Connection broken")),
        ReadTimeoutError(endpoint_url="https://s3"),
        ConnectTimeoutError(endpoint_url="https://s3"),
        EndpointConnectionError(endpoint_url="https://s3"),
        ProtocolError("reset"),
        ConnectionResetError("reset"),
        ResponseParserError("not XML"),
    ],
)
def test_trouble_on_the_way_may_pass(error: Exception) -> None:
    """A broken or silent connection says nothing about the object; each such error is one that callers expect."""
    assert isinstance(error, AWS_ERRORS)
    failure = explain(error)
    assert (failure.kind, failure.code) == (FailureKind.UNAVAILABLE, "")
    assert type(error).__name__ in failure.detail


@pytest.mark.parametrize("status", [400, 403, 404, 413, 429])
def test_a_refusal_did_nothing(status: int) -> None:
    """Whoever sent it may send it again: it is not done twice."""
    assert explain(refusal("SomeCode", status)).is_undone


@pytest.mark.parametrize("status", [400, 503])
def test_a_throttle_did_nothing_whatever_its_status(status: int) -> None:
    """The code says that the request was denied; a 503 that says something else leaves it open."""
    assert explain(refusal("RequestThrottled", status)).is_undone


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://sqs"),
        ConnectTimeoutError(endpoint_url="https://sqs"),
        NoCredentialsError(),
    ],
    ids=repr,
)
def test_what_reached_nobody_did_nothing(error: Exception) -> None:
    """There was nobody to do it."""
    assert explain(error).is_undone


@pytest.mark.parametrize(
    "error",
    [
        refusal("InternalError", 500),
        refusal("ServiceUnavailable", 503),
        refusal("408", 408),
        refusal("NoStatus", 0),
        ReadTimeoutError(endpoint_url="https://sqs"),
        ConnectionClosedError(endpoint_url="https://sqs"),
        UnreadableAnswerError("no JSON"),
    ],
    ids=repr,
)
def test_a_failure_may_come_after_it_was_done(error: Exception) -> None:
    """An answer that is lost, or that says that something broke, leaves it open."""
    assert not explain(error).is_undone
