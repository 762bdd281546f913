"""What a URL tells."""

from __future__ import annotations

import pytest

from agent.settings import (
    queue_endpoint,
)

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
