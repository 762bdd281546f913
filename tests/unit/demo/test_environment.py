"""The demo's processes cannot reach anything of the user's."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec

import pytest

from agent.demo.environment import isolated
from agent.demo.world import World
from agent.errors import DependencyError

USERS = {
    "PATH": "/usr/bin",
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "a-real-token",
    "AWS_ENDPOINT_URL_SQS": "https://example.com",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "https://example.com",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=secret",
    "TRAIL_AGENT_QUEUE__URL": "https://sqs.us-west-2.amazonaws.com/111122223333/production",
    "NOTIFY_SOCKET": "/run/systemd/notify",
    "WATCHDOG_USEC": "60000000",
}


def test_nothing_of_the_users_account_is_inherited() -> None:
    """Profiles, tokens, endpoints and settings stay outside; credentials are made up, config files are empty."""
    environment = isolated(inherited=USERS)
    assert environment["PATH"] == "/usr/bin"
    assert environment["AWS_ACCESS_KEY_ID"] == "demo"
    assert environment["AWS_CONFIG_FILE"] == "/dev/null"
    assert not {*USERS, *environment.values()} & {"a-real-token", "production"}
    assert not {name for name in USERS if name != "PATH"} & environment.keys()


def test_headers_are_kept_for_a_sink_of_the_users_own() -> None:
    """A Collector that asks for a token still gets it, and nothing else passes with it."""
    environment = isolated(keep_headers=True, inherited=USERS)
    assert environment["OTEL_EXPORTER_OTLP_HEADERS"] == "authorization=secret"
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in environment


def test_a_missing_emulator_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the demo extra the newcomer reads what to install."""

    def without_moto(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "moto" else ModuleSpec(name, None)

    monkeypatch.setattr(importlib.util, "find_spec", without_moto)
    with (
        pytest.raises(DependencyError, match=r"moto is not installed: pip install 'trail-agent\[demo\]'"),
        World.start(),
    ):
        pytest.fail("the world started without an emulator")
