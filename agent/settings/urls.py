"""What a URL tells: the region of a queue, the address of an OTLP log endpoint, the parts to hide."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from agent.settings.regions import known_region, may_be_region
from agent.settings.values import ACCOUNT, split_url, without_user

REDACTED = "[redacted]"
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_LEGACY_HOST = "queue.amazonaws.com"
_REGION_IN_URL = re.compile(r"(af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(-[a-z]+){1,3}-[0-9]{1,2}")
_AWS_DOMAINS = (
    *(
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "api.aws",
        "api.amazonwebservices.com.cn",
        "api.amazonwebservices.eu",
    ),
    *("c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov"),
)


def queue_url(value: str) -> str:
    """The URL of an SQS queue that S3 can notify; AWS's own end in account and name, an emulator's at least in a name.

    Follows https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html.
    """
    parts = split_url(without_user(value))
    *above, name = parts.path.strip("/").split("/")
    if name.endswith(".fifo"):
        raise ValueError("must be a standard queue: S3 cannot notify a FIFO queue")
    has_account = bool(above) and bool(ACCOUNT.fullmatch(above[-1]))
    if not _QUEUE_NAME.fullmatch(name) or not (has_account or not is_aws(value)):
        raise ValueError(
            "must end in the account id and the name of the queue, "
            "as in https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"
        )
    if region := queue_region(value):
        known_region(region, "names no AWS region")
    return value


def is_aws(url: str) -> bool:
    """Whether the host of a URL is one of AWS's own, in any partition."""
    host = urlsplit(url).hostname or ""
    return host.endswith(tuple(f".{domain}" for domain in _AWS_DOMAINS))


def queue_endpoint(value: str) -> str:
    """The endpoint that a queue's URL names: its host and port. AWS is asked over TLS, whatever the URL says."""
    parts = urlsplit(value)
    scheme = "https" if is_aws(value) and parts.port is None else parts.scheme
    return f"{scheme}://{parts.netloc}"


def queue_region(value: str) -> str | None:
    """The region that a queue's URL names in its host, or, as some emulators do, in its path."""
    parts = urlsplit(value)
    host = parts.hostname or ""
    if host == _LEGACY_HOST:
        return "us-east-1"
    words = [*host.split("."), *parts.path.strip("/").split("/")[:-1]]
    is_sure = is_aws(value)  # elsewhere a machine may be called us-prod-1
    return next((one for one in words if _REGION_IN_URL.fullmatch(one) and (is_sure or may_be_region(one))), None)


def logs_url(endpoint: str, logs_path: str) -> str:
    """The address for log records below a base URL; a URL that ends in `logs_path` stays as it is.

    Follows https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp.
    """
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith(logs_path) else path + logs_path).geturl()


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
