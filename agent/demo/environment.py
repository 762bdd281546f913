"""The environment of the demo's child processes: nothing in it leads to a real account or a real sink."""

from __future__ import annotations

from collections.abc import Mapping

from agent.settings import environment

_FOREIGN = ("AWS_", "BOTO", "MOTO_", "OTEL_", "TRAIL_AGENT_", "NOTIFY_SOCKET", "WATCHDOG_")
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_LOGS_HEADERS", "TRAIL_AGENT_OTLP__HEADERS")


def isolated(*, keep_headers: bool = False, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without what sets up AWS clients, telemetry or a service, and with made-up credentials.

    `keep_headers` keeps the OTLP headers: the user's own sink may need a token.
    """
    before = environment() if inherited is None else inherited
    kept = {key: value for key, value in before.items() if not key.upper().startswith(_FOREIGN)}
    headers = {key: before[key] for key in _HEADERS if keep_headers and key in before}
    return kept | headers | _STAND_IN


_STAND_IN = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_REGION": "us-west-2",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
    "PYTHONUTF8": "1",
}
