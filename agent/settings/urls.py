"""What a URL tells: the region of a queue, the address of an OTLP log endpoint, the parts to hide."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from agent.settings.values import ACCOUNT, REGION, split_url, without_user

REDACTED = "[redacted]"
_LOGS_PATH = "/v1/logs"
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_LEGACY_HOST = "queue.amazonaws.com"


def queue_url(value: str) -> str:
    """An SQS queue URL that ends in account and name, of a queue that S3 can notify.

    Follows https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html.
    """
    segments = split_url(without_user(value)).path.strip("/").split("/")
    name = segments[-1]
    if name.endswith(".fifo"):
        raise ValueError("must be a standard queue: S3 cannot notify a FIFO queue")
    if len(segments) < 2 or not ACCOUNT.fullmatch(segments[-2]) or not _QUEUE_NAME.fullmatch(name):  # noqa: PLR2004
        raise ValueError(
            "must end in the account id and the name of the queue, "
            "as in https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"
        )
    return value


def queue_region(value: str) -> str | None:
    """The region that a queue's URL names in its host, or, as some emulators do, in its path."""
    parts = urlsplit(value)
    host = parts.hostname or ""
    if host == _LEGACY_HOST:
        return "us-east-1"
    words = [*host.split("."), *parts.path.split("/")[1:-2]]
    return next((word for word in words if REGION.fullmatch(word)), None)


def logs_url(endpoint: str) -> str:
    """The address for log records below an OTLP/HTTP base URL; a URL that ends in /v1/logs stays as it is.

    Follows https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp.
    """
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith(_LOGS_PATH) else path + _LOGS_PATH).geturl()


def redacted_url(url: str) -> str:
    """The URL with user name, password and query replaced."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return REDACTED
    host = parts.netloc.rpartition("@")
    netloc = f"{REDACTED}@{host[2]}" if host[1] else parts.netloc
    return _joined(parts, netloc)


def _joined(parts: SplitResult, netloc: str) -> str:
    query = f"?{REDACTED}" if parts.query else ""
    return f"{parts.scheme}://{netloc}{parts.path}{query}"


def authority(url: str) -> str:
    """User, host and port of a URL, as it is written."""
    return urlsplit(url).netloc
