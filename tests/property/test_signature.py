"""Our signature of a GET is botocore's, whatever is signed."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from string import ascii_letters, digits
from unittest.mock import patch

from botocore import auth
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from agent.aws.signature import Mac, Signer

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WORDS = st.text(ascii_letters + digits + "+/=-_", min_size=1, max_size=40)
PATHS = st.text(ascii_letters + digits + "/-._~%", max_size=60).map(lambda path: f"/bucket/{path}")
VALUES = st.text(ascii_letters + digits + " ,:;=", max_size=30).map(str.strip)
EXTRA = st.dictionaries(st.sampled_from(["x-amz-checksum-mode", "x-amz-expected-bucket-owner", "X-Amz-Other"]), VALUES)


@given(PATHS, WORDS, WORDS, st.none() | WORDS, MOMENTS, EXTRA)
def test_botocore_signs_alike(  # noqa: PLR0917 - each is one part of what is signed
    path: str, key: str, secret: str, token: str | None, moment: datetime, extra: dict[str, str]
) -> None:
    """For any path, credentials, headers and time, the header Authorization is the same."""
    credentials = ReadOnlyCredentials(key, secret, token)
    request = AWSRequest("GET", f"https://acme.s3.us-west-2.amazonaws.com{path}", headers=extra)
    with patch.object(auth, "get_current_datetime", lambda **_: moment.replace(tzinfo=None)):
        S3SigV4Auth(credentials, "s3", "us-west-2").add_auth(request)
    payload = request.headers["X-Amz-Content-SHA256"]
    signed = {"host": "acme.s3.us-west-2.amazonaws.com", "X-Amz-Content-SHA256": payload, **extra}
    ours = Signer("GET", "us-west-2", "s3", signed).headers(path, b"", credentials, moment)
    assert ours["Authorization"] == request.headers["Authorization"]
    assert ours["X-Amz-Date"] == request.headers["X-Amz-Date"]
    assert ours.get("X-Amz-Security-Token") == request.headers.get("X-Amz-Security-Token")


@given(WORDS, WORDS, MOMENTS, st.binary(max_size=200))
def test_botocore_signs_a_body_alike(key: str, secret: str, moment: datetime, body: bytes) -> None:
    """A request of SQS has its body in the signature, and no header that says so."""
    credentials, host = ReadOnlyCredentials(key, secret, None), "sqs.us-west-2.amazonaws.com"
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"}
    request = AWSRequest("POST", f"https://{host}/", headers=headers, data=body)
    with patch.object(auth, "get_current_datetime", lambda **_: moment.replace(tzinfo=None)):
        SigV4Auth(credentials, "sqs", "us-west-2").add_auth(request)
    ours = Signer("POST", "us-west-2", "sqs", {"host": host, **headers}).headers("/", body, credentials, moment)
    assert ours["Authorization"] == request.headers["Authorization"]


@given(PATHS, PATHS, st.binary(max_size=50), WORDS, st.none() | WORDS, MOMENTS)
def test_a_seal_signs_each_request_of_its_second_alike(  # noqa: PLR0917 - each is one part of what is signed
    first: str, second: str, body: bytes, secret: str, token: str | None, moment: datetime
) -> None:
    """What was signed before leaves no trace, and the fraction of a second makes no difference."""
    signer = Signer("GET", "us-west-2", "s3", {"host": "acme.s3.us-west-2.amazonaws.com"})
    credentials = ReadOnlyCredentials("key", secret, token)
    seal = signer.seal(credentials, moment.replace(microsecond=0))
    for path, content in ((first, body), (second, b""), (first, body)):
        alone = signer.headers(path, content, credentials, moment)
        assert {**seal.headers, "Authorization": seal.authorization(path, content)} == alone


@given(st.binary(max_size=64), st.lists(st.binary(max_size=300), max_size=3))
def test_a_mac_is_that_of_the_standard_library(key: bytes, messages: list[bytes]) -> None:
    """Also of a second message with the same key."""
    mac = Mac.of(key)
    for message in messages:
        assert mac.hexdigest(message) == hmac.digest(key, message, "sha256").hex()
