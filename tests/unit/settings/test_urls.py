"""What a URL tells."""

from __future__ import annotations

import pytest

from agent.settings.urls import REDACTED, queue_endpoint, queue_region, queue_url, redacted_url

QUEUE = "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"


@pytest.mark.row(49)
@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        (QUEUE, "https://sqs.us-west-2.amazonaws.com"),
        ("http://sqs.us-west-2.amazonaws.com/111122223333/q", "https://sqs.us-west-2.amazonaws.com"),
        ("https://sqs-fips.us-east-1.api.aws/111122223333/q", "https://sqs-fips.us-east-1.api.aws"),
        ("http://localhost:9324/queue/q", "http://localhost:9324"),
        ("https://sqs.corp.example:8443/111122223333/q", "https://sqs.corp.example:8443"),
        ("http://[::1]:4566/000000000000/q", "http://[::1]:4566"),
        ("http://notamazonaws.com/111122223333/q", "http://notamazonaws.com"),
    ],
)
def test_a_queue_url_names_its_endpoint(url: str, endpoint: str) -> None:
    """Host and port of the URL are what is asked; one of AWS's own hosts over TLS only."""
    assert queue_endpoint(url) == endpoint


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://sqs.us-west-2.amazonaws.com/111122223333/q.fifo", "FIFO"),
        ("https://sqs.us-west-2.amazonaws.com/q", "account id"),
        ("https://sqs.us-west-2.amazonaws.com/111122223333/", "account id"),
        ("https://sqs.us-wst-2.amazonaws.com/111122223333/q", "names no AWS region; did you mean us-west-2"),
        ("http://localhost:9324/", "account id"),
        ("https://eve:s3cret@localhost/q", "password"),
        ("sqs.us-west-2.amazonaws.com/111122223333/q", "begins with http"),
    ],
)
def test_what_is_no_queue_is_refused_without_its_text(url: str, words: str) -> None:
    """The operator reads what is wrong, and nothing of the value."""
    with pytest.raises(ValueError, match=words) as caught:
        queue_url(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://queue.amazonaws.com/111122223333/q", "us-east-1"),
        ("https://us-west-2.queue.amazonaws.com/111122223333/q", "us-west-2"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q", "cn-north-1"),
        ("http://localhost:4566/queue/eu-central-1/000000000000/q", "eu-central-1"),
        ("http://localhost:4566/000000000000/eu-central-1", None),
        ("http://us-prod-1:4566/000000000000/q", None),
    ],
)
def test_a_region_is_found_in_the_host_or_the_path(url: str, region: str | None) -> None:
    """The queue's own name is none, whatever it looks like."""
    assert queue_region(url) == region


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://eve:s3cret@h:1/p?key=s3cret", f"https://{REDACTED}@h:1/p?{REDACTED}"),
        ("https://h/p", "https://h/p"),
        ("https://[s3cret", REDACTED),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    """User, password and query may be secret; what cannot be taken apart is not shown at all."""
    assert redacted_url(url) == shown
