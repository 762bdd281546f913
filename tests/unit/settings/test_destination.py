"""Where records go, and what follows from it."""

from __future__ import annotations

import pytest

from agent.settings import (
    OtlpSettings,
)


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/logs"),
        ("http://localhost:4318/", "http://localhost:4318/v1/logs"),
        ("https://loki:3100/otlp", "https://loki:3100/otlp/v1/logs"),
        ("https://loki:3100/otlp/v1/logs", "https://loki:3100/otlp/v1/logs"),
        ("https://loki:3100/otlp?tenant=a", "https://loki:3100/otlp/v1/logs?tenant=a"),
    ],
)
def test_the_logs_address_is_below_the_endpoint_once(endpoint: str, address: str) -> None:
    """`/v1/logs` is appended to the path unless it is there already."""
    assert OtlpSettings(endpoint=endpoint).logs_url == address


def test_grpc_has_its_own_default_port() -> None:
    """Whoever only asks for grpc gets the port of grpc."""
    assert OtlpSettings(protocol="grpc").endpoint == "http://localhost:4317"
