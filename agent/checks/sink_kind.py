"""What the sink is: a Collector or a Loki, by what it says to GET requests.

The Collector's OTLP receiver answers a GET of its log path in words of its own. Loki tells its version at
/loki/api/v1/status/buildinfo. Pages: otlpreceiver/otlphttp.go; "Loki HTTP API".
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Final

from agent.checks.finding import Check, caution, ok
from agent.sink.otlp.glimpse import Glimpses

_ID: Final = "sink.kind"
LOKI: Final = ok(_ID, "it is Loki {version}")
COLLECTOR: Final = ok(
    _ID, "it is an OpenTelemetry Collector, or has its receiver: what it says yes to counts as delivered"
)
OTHER: Final = caution(
    _ID,
    "it does not tell whether it is a Collector or a Loki",
    "If it is a Collector, see that its yes means delivery: docs/delivery.md, sending queue.",
)
OVER_GRPC: Final = ok(_ID, "it takes OTLP over gRPC, as a Collector does and Loki does not")

_NOT_ALLOWED: Final = 405
_OK: Final = 200
_WORDS_OF_THE_RECEIVER: Final = "method not allowed, supported: [POST]"
_LOKI_ENDING: Final = "/otlp/v1/logs"
_BUILD: Final = "/loki/api/v1/status/buildinfo"


class SinkKind(Enum):
    """What takes the records."""

    LOKI = "Loki"
    COLLECTOR = "Collector"
    OTHER = "other"


def examine(glimpses: Glimpses | None) -> tuple[SinkKind, str, Check]:
    """What it is, the Date that it sent (empty: none), and the result. `glimpses` is None where it speaks gRPC."""
    if glimpses is None:
        return SinkKind.COLLECTOR, "", OVER_GRPC.told()
    seen = glimpses.at(glimpses.path)
    date = seen.date if seen else ""
    if seen and seen.status == _NOT_ALLOWED and _WORDS_OF_THE_RECEIVER in seen.text:
        return SinkKind.COLLECTOR, date, COLLECTOR.told()
    build = glimpses.at(glimpses.path.removesuffix(_LOKI_ENDING) + _BUILD)
    is_beside_loki = glimpses.path.endswith(_LOKI_ENDING) and build and build.status == _OK
    if is_beside_loki and build and (version := _version(build.text)):
        return SinkKind.LOKI, date or build.date, LOKI.told(version=version)
    return SinkKind.OTHER, date, OTHER.told()


def _version(text: str) -> str:
    try:
        told = json.loads(text)
    except ValueError:
        return ""
    return str(told.get("version", "")) if isinstance(told, dict) else ""
