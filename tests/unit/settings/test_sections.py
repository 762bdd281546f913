"""What the sections of the settings make of their values."""

from __future__ import annotations

import pytest

from agent.settings import (
    HttpSettings,
    QueueSettings,
)

QUEUE = "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (QUEUE, "us-west-2"),
        ("https://us-west-2.queue.amazonaws.com/111122223333/q", "us-west-2"),
        ("https://queue.amazonaws.com/111122223333/q", "us-east-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q", "cn-north-1"),
        ("https://sqs.us-gov-west-1.amazonaws.com/111122223333/q", "us-gov-west-1"),
        ("https://sqs.eu-west-1.api.aws/111122223333/q", "eu-west-1"),
        ("https://vpce-1-a.sqs.us-west-2.vpce.amazonaws.com/111122223333/q", "us-west-2"),
        ("http://sqs.ap-south-1.localhost.localstack.cloud:4566/000000000000/q", "ap-south-1"),
        ("http://localhost:4566/queue/us-east-2/000000000000/q", "us-east-2"),
        ("https://sqs-fips.us-east-1.amazonaws.com/111122223333/q", "us-east-1"),
        ("https://sqs.us-iso-east-1.c2s.ic.gov/111122223333/q", "us-iso-east-1"),
        ("https://sqs.eusc-de-east-1.amazonaws.eu/111122223333/q", "eusc-de-east-1"),
        ("https://vpce-0a-us-east-2a.sqs.us-east-2.vpce.amazonaws.com/111122223333/q/", "us-east-2"),
    ],
)
def test_the_region_is_read_off_the_queue_url(url: str, region: str) -> None:
    """Every form of queue URL that names a region gives it."""
    assert QueueSettings(url=url).region == region


@pytest.mark.row(49)
@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9324/queue/trail-agent",
        "http://elasticmq:9324/trail-agent",
        "http://localhost:9324/000000000000/q",
        "http://sqs-proxy-1.corp.example/111122223333/us-east-1",
    ],
)
def test_an_emulator_needs_no_account_in_its_urls(url: str) -> None:
    """A host that is not AWS's names its queues as it likes; what looks like a region there is none."""
    assert QueueSettings(url=url, region="eu-west-1").region == "eu-west-1"


def test_a_dead_letter_queue_may_be_in_another_region() -> None:
    """Its URL says where it is; one that names no region is where the queue is."""
    other = "https://sqs.eu-central-1.amazonaws.com/111122223333/dead"
    assert QueueSettings(url=QUEUE, dead_letter_url=other).dead_letter_region == "eu-central-1"
    assert (
        QueueSettings(url=QUEUE, dead_letter_url="http://localhost:9324/queue/dead").dead_letter_region == "us-west-2"
    )


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:9464", "127.0.0.1", 9464), ("[::1]:0", "::1", 0), ("localhost:80", "localhost", 80)],
)
def test_listen_has_a_host_and_a_port(listen: str, host: str, port: int) -> None:
    """IPv4, IPv6 in brackets and names are understood; port 0 leaves the choice to the system."""
    found = HttpSettings(listen=listen)
    assert (found.host, found.port) == (host, port)
