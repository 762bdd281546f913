"""S3 said X: what then? The table, row by row, and that no answer of S3 is without a row."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    FlexibleChecksumError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

from agent.aws import store_policy
from agent.aws.store_policy import (
    ARCHIVED,
    BROKEN_OFF,
    DAMAGED,
    DENIED,
    MISSING,
    NO_BUCKET,
    OTHER_REGION,
    REFUSED,
    SHORTER,
    UNAVAILABLE,
    UNMEASURED,
    Policy,
    StoreError,
    failed_read,
    unsound,
)
from agent.errors import Fault, LimitError, PermanentError
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.retries import RetryReason
from agent.model import ObjectRef

REF = ObjectRef("acme-trail", "key")
EVERY_POLICY = [row for row in vars(store_policy).values() if isinstance(row, Policy)]
SAID = {
    MISSING: "404 NoSuchKey, 404 NoSuchVersion, 404 NotFound, 410 Gone",
    NO_BUCKET: "404 NoSuchBucket, 404 NoSuchAccessPoint, 400 InvalidBucketName",
    DENIED: """403 AccessDenied, 403 AllAccessDisabled, 403 AccountProblem, 400 ExpiredToken, 400 InvalidToken,
        403 InvalidAccessKeyId, 403 SignatureDoesNotMatch, 403 RequestTimeTooSkewed, 403 InvalidPayer,
        403 NotSignedUp, 400 TokenRefreshRequired, 400 AuthorizationHeaderMalformed, 400 KMS.DisabledException,
        400 KMS.NotFoundException, 400 KMS.KMSInvalidStateException, 400 KMS.InvalidKeyUsageException,
        400 KMS.AccessDeniedException, 403 SomethingNew, 401 Unauthorized, 403 UnauthorizedAccess""",
    UNAVAILABLE: """500 InternalError, 503 ServiceUnavailable, 503 SlowDown, 400 RequestTimeout, 502 BadGateway,
        429 TooManyRequests, 400 ThrottlingException, 400 KMS.ThrottlingException, 307 TemporaryRedirect, 307 Redirect,
        409 OperationAborted, 408 Slow, 504 GatewayTimeout, 500 SomethingNew, 200 InternalError, 0 Odd""",
    OTHER_REGION: "301 PermanentRedirect, 301 Moved, 400 IllegalLocationConstraintException, 400 IncorrectEndpoint",
    REFUSED: """400 InvalidRequest, 400 InvalidArgument, 400 KeyTooLongError, 405 MethodNotAllowed,
        412 PreconditionFailed, 416 InvalidRange, 400 InvalidURI, 400 UnsupportedSignature, 501 NotImplemented,
        409 InvalidBucketState, 400 SomethingNew, 404 SomethingNew, 404 ContainerNotFound,
        451 UnavailableForLegalReasons,
        400 InvalidEncryptionAlgorithmError, 400 ServerSideEncryptionConfigurationNotFoundError""",
    ARCHIVED: "403 InvalidObjectState",
}
TABLE = [
    pytest.param(int(status), code, policy, id=f"{status} {code}")
    for policy, answers in SAID.items()
    for status, code in (answer.split() for answer in answers.split(","))
]


def refusal(status: int, code: str, **more: str) -> ClientError:
    """S3's answer as boto3 raises it."""
    said = {"Code": code, "Message": "because", **more}
    return ClientError({"Error": said, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")


@pytest.mark.parametrize(("status", "code", "policy"), TABLE)
def test_each_answer_has_its_row(status: int, code: str, policy: Policy) -> None:
    """S3's code decides where it is known, else the HTTP status; S3's words stand in the detail."""
    error = failed_read(refusal(status, code))
    assert error.policy is policy
    assert code in error.detail
    assert "because" in error.detail


@pytest.mark.parametrize(
    ("error", "policy"),
    [
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), BROKEN_OFF),
        (FlexibleChecksumError(error_msg="crc32 differs"), BROKEN_OFF),
        (ResponseStreamingError(error=ProtocolError("Connection broken")), UNAVAILABLE),
        (ReadTimeoutError(endpoint_url="https://s3"), UNAVAILABLE),
        (ConnectTimeoutError(endpoint_url="https://s3"), UNAVAILABLE),
        (EndpointConnectionError(endpoint_url="https://s3"), UNAVAILABLE),
        (ResponseParserError("not XML"), UNAVAILABLE),
        (ConnectionResetError("reset"), UNAVAILABLE),
        (NoCredentialsError(), DENIED),
        (ParamValidationError(report="Key is too short"), REFUSED),
        (ClientError({}, "GetObject"), UNAVAILABLE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_error_of_the_way_has_its_row(error: Exception, policy: Policy) -> None:
    """What did not come from S3 says nothing against the object."""
    assert failed_read(error).policy is policy


@given(st.text(), st.integers(400, 499))
def test_an_unknown_refusal_always_ends_with_a_reason(code: str, status: int) -> None:
    """No 4xx that nobody has heard of goes round until SQS gives up, unless it says that it may pass."""
    policy = failed_read(refusal(status, f"x{code}")).policy
    assert policy.receives is not None or status in (408, 425, 429)


def test_a_wrong_region_is_named() -> None:
    """AuthorizationHeaderMalformed is about the region only if S3 names the right one, which is then told."""
    error = failed_read(refusal(400, "AuthorizationHeaderMalformed", Region="eu-west-1"))
    assert error.policy is OTHER_REGION
    assert "eu-west-1" in error.detail
    assert error.policy.bucket is not None
    assert error.policy.bucket.fault is EnvironmentFault.BUCKET_REGION


@pytest.mark.parametrize("policy", EVERY_POLICY, ids=lambda policy: policy.says)
def test_a_row_gives_back_and_then_buries_or_never_does(policy: Policy) -> None:
    """The receives of the row are given back with its reason; the next one is a dead letter with S3's words."""
    error = StoreError(policy, "in S3's words")
    if policy.receives is None:
        assert error.after(1000, REF) is policy.retry
        return
    assert all(error.after(receives, REF) is policy.retry for receives in range(1, policy.receives + 1))
    assert error.after(policy.receives + 1, REF) == Fault(policy.letter, "in S3's words", REF.bucket, REF.key)


CORRUPT = PermanentError(Reason.OBJECT_CORRUPT, "no end mark")
NEW = PermanentError(Reason.EVENT_MALFORMED, "a kind of damage that store_policy has never heard of")
MALFORMED = PermanentError(Reason.OBJECT_MALFORMED, "no JSON")
LARGE = LimitError(Reason.OBJECT_TOO_LARGE, "a bomb")


@pytest.mark.parametrize(
    ("error", "arrived", "length", "announced", "policy"),
    [
        (CORRUPT, 9, 10, 10, BROKEN_OFF),
        (CORRUPT, 10, 10, None, DAMAGED),
        (CORRUPT, 10, 10, 11, DAMAGED),
        (CORRUPT, 0, 0, None, DAMAGED),
        (CORRUPT, 10, None, None, UNMEASURED),
        (CORRUPT, 10, None, 11, UNMEASURED),
        (CORRUPT, 10, None, 10, DAMAGED),
        (MALFORMED, 9, 10, 10, BROKEN_OFF),
        (MALFORMED, 10, 10, 11, SHORTER),
        (MALFORMED, 10, None, None, UNMEASURED),
        (MALFORMED, 10, 10, 10, None),
        (MALFORMED, 10, 10, None, None),
        (NEW, 9, 10, 10, BROKEN_OFF),
        (NEW, 9, 10, None, BROKEN_OFF),
        (NEW, 10, None, None, UNMEASURED),
        (NEW, 10, 10, 11, SHORTER),
        (NEW, 10, 10, 10, DAMAGED),
        (NEW, 10, 10, None, DAMAGED),
        (LARGE, 9, 10, 10, None),
        (LARGE, 9, None, 10, None),
    ],
)
def test_only_a_whole_object_is_judged(
    error: PermanentError, arrived: int, length: int | None, announced: int | None, policy: Policy | None
) -> None:
    """What S3 itself calls the whole object can be corrupt; a notification's size proves only that another came."""
    found = unsound(error, arrived=arrived, length=length, announced=announced)
    assert (found.policy if found else None) is policy


@pytest.mark.parametrize("reason", Reason)
def test_no_reason_is_final_while_bytes_are_missing(reason: Reason) -> None:
    """Whatever an incomplete body looks like, also under a reason that is made tomorrow: the message comes again."""
    found = unsound(PermanentError(reason, "odd"), arrived=9, length=10, announced=None)
    assert found
    assert found.after(1000, REF) is RetryReason.STORE_UNAVAILABLE


@pytest.mark.parametrize(("announced", "receives"), [(11, 4), (10, 1)])
def test_a_dead_letter_has_the_reason_that_the_object_itself_tells(announced: int, receives: int) -> None:
    """A new reason is not hidden behind that of the row."""
    found = unsound(NEW, arrived=10, length=10, announced=announced)
    assert found
    fault = found.after(receives, REF)
    assert isinstance(fault, Fault)
    assert fault.reason is NEW.reason


def test_every_reason_of_the_table_can_be_reached() -> None:
    """No row waits for a bucket under a reason that blames the object."""
    whole = [policy.bucket for policy in EVERY_POLICY if policy.bucket]
    assert {each.fault for each in whole} == {
        EnvironmentFault.BUCKET_DENIED,
        EnvironmentFault.BUCKET_UNAVAILABLE,
        EnvironmentFault.BUCKET_REFUSED,
        EnvironmentFault.BUCKET_MISSING,
        EnvironmentFault.BUCKET_REGION,
    }
    assert RetryReason.BUG not in {policy.retry for policy in EVERY_POLICY}
