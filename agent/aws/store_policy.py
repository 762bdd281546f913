"""S3 said X: what then? One table for every read of an object that failed.

A row says how often the object is read within one receive, whether its whole bucket may be at fault and is waited for,
for which reason the message is given back, and after how many receives it becomes a dead letter, and why.
Page: S3 API reference, "Error responses". A new kind of failure is one row here, and one scenario. If its bucket is
waited for under a name and a hint of its own, that name is one more row in faults/environment_faults.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from botocore.exceptions import (
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
    ParamValidationError,
    ValidationError,
)

from agent.aws.error_response import ErrorResponse
from agent.aws.failure import FailureKind, UnreadableAnswerError, explain
from agent.errors import Fault, LimitError, PermanentError, TrailAgentError, number_of
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.retries import RetryReason
from agent.model import ObjectRef


class Blame(Enum):
    """When a failure is the whole bucket's, and not this one object's."""

    PRESUMED = auto()
    """Unless the bucket gives again what it gave before. If there is nothing to ask for, it is waited for a while."""
    PROVEN = auto()
    """Only if the bucket now refuses in the same way what it gave before; or several objects, if it gave nothing."""
    CERTAIN = auto()
    """Always: no object alone can fail like this."""


@dataclass(frozen=True, slots=True)
class WholeBucket:
    """The fault of a bucket that is waited for. After a wait in vain the message comes again for the reason `in_vain`,
    so that another object can be tried; not where that is None.
    """

    fault: EnvironmentFault
    blame: Blame
    in_vain: RetryReason | None


@dataclass(frozen=True, slots=True)
class Policy:
    """One row. `tries` counts reads within one receive. `receives` is None where it is never a dead letter."""

    says: str
    tries: int
    bucket: WholeBucket | None
    retry: RetryReason
    receives: int | None
    letter: Reason


class StoreError(TrailAgentError):
    """One read of one object failed. `policy` says what that leads to, `detail` is one sentence with S3's own words.

    `letter` is the reason of its dead letter where the object itself tells another one than the row. `answer` is S3's
    status and code, which are the same for all objects that are refused for the same cause.
    """

    def __init__(self, policy: Policy, detail: str, letter: Reason | None = None, answer: str = "") -> None:
        super().__init__(detail)
        self.policy = policy
        self.detail = detail
        self.answer = answer
        self._letter = letter or policy.letter

    def after(self, receives: int, ref: ObjectRef) -> Fault | RetryReason:
        """What becomes of a message that was received so often: a dead letter's fault, or a reason to come again."""
        policy = self.policy
        if policy.receives is None or receives <= policy.receives:
            return policy.retry
        return Fault(self._letter, self.detail, ref.bucket, ref.key)


_DENIED_BUCKET: Final = WholeBucket(EnvironmentFault.BUCKET_DENIED, Blame.PRESUMED, RetryReason.BUCKET_DENIED)
_SILENT_BUCKET: Final = WholeBucket(EnvironmentFault.BUCKET_UNAVAILABLE, Blame.PRESUMED, RetryReason.STORE_UNAVAILABLE)
_REFUSING_BUCKET: Final = WholeBucket(EnvironmentFault.BUCKET_REFUSED, Blame.PROVEN, RetryReason.BUCKET_REFUSED)
_NO_BUCKET: Final = WholeBucket(EnvironmentFault.BUCKET_MISSING, Blame.CERTAIN, RetryReason.BUCKET_MISSING)
_FAR_BUCKET: Final = WholeBucket(EnvironmentFault.BUCKET_REGION, Blame.CERTAIN, None)

_PATIENT: Final = 3  # receives: a missing object may still appear, since S3 notifies before every reader can see it
_AT_ONCE: Final = 0
_NEVER: Final = None

# fmt: off
MISSING: Final = Policy(
    "S3 has no such object", 1, None, RetryReason.OBJECT_MISSING, _PATIENT, Reason.OBJECT_MISSING)
NO_BUCKET: Final = Policy(
    "there is no such bucket", 1, _NO_BUCKET, RetryReason.BUCKET_MISSING, _NEVER, Reason.OBJECT_MISSING)
DENIED: Final = Policy(
    "S3 refused the read", 1, _DENIED_BUCKET, RetryReason.ACCESS_DENIED, _PATIENT, Reason.OBJECT_UNREADABLE)
UNAVAILABLE: Final = Policy(
    "S3 did not answer the read", 3, _SILENT_BUCKET, RetryReason.STORE_UNAVAILABLE, _NEVER, Reason.OBJECT_UNREADABLE)
NOT_S3: Final = Policy(
    "what answered is not S3", 3, _SILENT_BUCKET, RetryReason.STORE_UNAVAILABLE, _NEVER, Reason.OBJECT_UNREADABLE)
BROKEN_OFF: Final = Policy(
    "the object did not arrive whole", 3, _SILENT_BUCKET, RetryReason.STORE_UNAVAILABLE, _NEVER, Reason.OBJECT_CORRUPT)
OTHER_REGION: Final = Policy(
    "the bucket is in another region", 1, _FAR_BUCKET, RetryReason.STORE_UNAVAILABLE, _NEVER, Reason.OBJECT_UNREADABLE)
REFUSED: Final = Policy(
    "S3 cannot serve this read", 1, _REFUSING_BUCKET, RetryReason.OBJECT_REFUSED, _PATIENT, Reason.OBJECT_UNREADABLE)
UNREADABLE: Final = Policy(
    "S3's answer cannot be read", 2, _REFUSING_BUCKET, RetryReason.OBJECT_REFUSED, _PATIENT, Reason.OBJECT_UNREADABLE)
ARCHIVED: Final = Policy(
    "the object is archived: restore it", 1, None, RetryReason.OBJECT_REFUSED, _AT_ONCE, Reason.OBJECT_UNREADABLE)
# All that S3 calls the object has arrived, and it is not sound.
DAMAGED: Final = Policy(
    "the object is damaged", 2, None, RetryReason.OBJECT_INCOMPLETE, _AT_ONCE, Reason.OBJECT_CORRUPT)
SHORTER: Final = Policy(
    "the object is shorter than announced", 2, None, RetryReason.OBJECT_INCOMPLETE, _PATIENT, Reason.OBJECT_MALFORMED)
UNMEASURED: Final = Policy(
    "S3 did not say how long the object is", 2, None, RetryReason.OBJECT_INCOMPLETE, _PATIENT, Reason.OBJECT_UNREADABLE)
# fmt: on

_CODES: Final[Mapping[str, Policy]] = {
    **dict.fromkeys("Gone NoSuchKey NoSuchVersion NotFound".split(), MISSING),
    **dict.fromkeys("InvalidBucketName NoSuchAccessPoint NoSuchBucket".split(), NO_BUCKET),
    **dict.fromkeys(
        """
        AccessDenied AccessDeniedException AccountProblem AllAccessDisabled ExpiredToken ExpiredTokenException
        Forbidden InvalidAccessKeyId InvalidClientTokenId InvalidPayer InvalidSecurity InvalidToken
        MissingAuthenticationToken MissingSecurityHeader NotDeviceOwnerError NotSignedUp OptInRequired
        RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch TokenRefreshRequired UnauthorizedAccess
        UnauthorizedAccessError UnrecognizedClientException
        """.split(),
        DENIED,
    ),
    **dict.fromkeys(
        """
        BandwidthLimitExceeded Busy InternalError OperationAborted Redirect RequestLimitExceeded RequestThrottled
        RequestThrottledException RequestTimeout RequestTimeoutException ResponseInterrupted ServiceUnavailable SlowDown
        TemporaryRedirect ThrottledException Throttling ThrottlingException TooManyRequests TooManyRequestsException
        """.split(),
        UNAVAILABLE,
    ),
    **dict.fromkeys(
        "IllegalLocationConstraintException IncorrectEndpoint InvalidRegion PermanentRedirect".split(), OTHER_REGION
    ),
    **dict.fromkeys("IncompleteBody".split(), BROKEN_OFF),
    **dict.fromkeys("InvalidObjectState ObjectNotInActiveTierError".split(), ARCHIVED),
}
_STATUSES: Final[Mapping[int, Policy]] = {
    **dict.fromkeys((401, 403, 407), DENIED),
    **dict.fromkeys((404, 410), MISSING),
    **dict.fromkeys((302, 303, 307, 308, 408, 425, 429), UNAVAILABLE),
    301: OTHER_REGION,
    501: REFUSED,
}
_OF_ANY_SERVER: Final = (DENIED, UNAVAILABLE)  # so it is whoever says it: nothing can be read now
_NEVER_SENT: Final = (ParamValidationError, ValidationError)  # botocore refuses the request itself
_CUT_SHORT: Final = (FlexibleChecksumError, IncompleteReadError)
_REDIRECTS: Final = range(300, 400)
_CLIENT_ERRORS: Final = range(400, 500)
_LONGEST_CODE: Final = 100


def failed_read(error: BaseException) -> StoreError:
    """What a failed GetObject, or reading its body, means; `error` is one of `agent.aws.failure.AWS_ERRORS`."""
    if not isinstance(error, ClientError):
        policy = _policy_of_the_way(error)
        return StoreError(policy, f"{policy.says} ({explain(error).detail})", answer=type(error).__name__)
    said = ErrorResponse.of(error)
    policy, words = _policy_of(said), said.words
    if policy is OTHER_REGION and said.region:
        words = f"it is in {said.region}; {words}"
    return StoreError(policy, f"{policy.says} ({words})", answer=f"{said.status} {said.code[:_LONGEST_CODE]}")


def no_object(words: str) -> StoreError:
    """A success of GetObject is no object, such as the page of a proxy; `words` say what it is."""
    return StoreError(NOT_S3, f"{NOT_S3.says} ({words})")


def broken_off(arrived: int, length: int) -> StoreError:
    """Fewer bytes arrived than S3 says that the object has."""
    return StoreError(BROKEN_OFF, f"{BROKEN_OFF.says} ({arrived:,} of its {number_of(length, 'byte')})")


def unsound(error: PermanentError, *, arrived: int, length: int | None, announced: int | None) -> StoreError | None:
    """What follows if the object that arrived is not sound; None if another read cannot differ.

    `length` is the object's, as S3 says, and `announced` as the notification says: only S3's own number proves that
    all of it arrived. An object that is shorter than announced may be an old copy. No reason is listed as one that may
    come of missing bytes: each may, unless a limit was passed.
    """
    if isinstance(error, LimitError):
        return None
    if length is not None and arrived < length:
        return broken_off(arrived, length)
    if length is None and (announced is None or arrived < announced):
        return StoreError(UNMEASURED, f"{UNMEASURED.says}, and what arrived is not sound: {error.detail}")
    if announced and arrived < announced and error.reason is not Reason.OBJECT_CORRUPT:
        detail = f"{SHORTER.says}, {number_of(arrived, 'byte')} of {announced:,}, and not sound: {error.detail}"
        return StoreError(SHORTER, detail, error.reason)
    if error.reason is Reason.OBJECT_MALFORMED:  # nothing is damaged: it was written like this
        return None
    return StoreError(DAMAGED, error.detail, error.reason)


def _policy_of_the_way(error: BaseException) -> Policy:
    """Where nothing has answered, or only a part of the answer has arrived."""
    if isinstance(error, _CUT_SHORT):
        return BROKEN_OFF
    if isinstance(error, _NEVER_SENT):
        return REFUSED
    if isinstance(error, UnreadableAnswerError):
        return UNREADABLE
    return DENIED if explain(error).kind is FailureKind.DENIED else UNAVAILABLE


def _policy_of(said: ErrorResponse) -> Policy:
    if said.code == "AuthorizationHeaderMalformed":
        return OTHER_REGION if said.region else DENIED
    if said.code.startswith("KMS."):
        return UNAVAILABLE if "Throttling" in said.code or "Unavailable" in said.code else DENIED
    policy = _CODES.get(said.code) or _policy_of_status(said.status)
    if policy is MISSING and said.code not in _CODES and said.code:
        return REFUSED  # something that the read needs is missing: who knows whether it is the object
    if said.is_of_s3 or (policy in _OF_ANY_SERVER and said.status not in _REDIRECTS):
        return policy
    return NOT_S3


def _policy_of_status(status: int) -> Policy:
    return _STATUSES.get(status, REFUSED if status in _CLIENT_ERRORS else UNAVAILABLE)
