"""The limits of a Loki that would refuse events, as far as it shows them: /config, and those of the tenant.

Page: Loki documentation, "limits_config" and "HTTP API".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from agent.checks.finding import Check, caution, failed, ok
from agent.checks.how_long import DAY, HOUR, MINUTE, how_long
from agent.settings import Settings
from agent.sink.otlp.glimpse import Glimpses

_AGE: Final = "sink.oldest"
ANY_AGE: Final = ok(_AGE, "Loki takes events of any age")
OLD_ENOUGH: Final = ok(_AGE, "Loki takes events that are up to {age} old, and the queue keeps them for {outage}")
TOO_YOUNG: Final = caution(
    _AGE,
    "Loki refuses events that are older than {age}, and the queue keeps them for {outage}",
    "Set limits_config.reject_old_samples_max_age in Loki to more than that, for the day after an outage.",
)
_METADATA: Final = "sink.metadata"
METADATA: Final = ok(_METADATA, "Loki keeps attributes as structured metadata")
NO_METADATA: Final = failed(
    _METADATA,
    "Loki does not allow structured metadata, which OTLP needs: it would refuse every event",
    "Set limits_config.allow_structured_metadata to true in Loki (schema v13).",
)
_SIZES: Final = "sink.sizes"
SIZES: Final = ok(_SIZES, "Loki takes requests and lines as large as the settings make them")
SMALL_REQUESTS: Final = failed(
    _SIZES,
    "Loki takes {burst} MB at once, and otlp.max_batch_bytes is {batch} MB: a full request would never pass",
    "Set otlp.max_batch_bytes to less, or raise limits_config.ingestion_burst_size_mb in Loki.",
)
SHORT_LINES: Final = caution(
    _SIZES,
    "Loki takes lines of {line} kB, and limits.record_bytes is {record} kB: what is longer is sent again and cut",
    "Raise limits_config.max_line_size in Loki, if you want long events whole.",
)
_LIMITS: Final = "sink.limits"
HIDDEN: Final = caution(
    _LIMITS,
    "Loki does not show its limits here",
    "See that allow_structured_metadata is true, and how old an event may be (reject_old_samples_max_age).",
)

_LOKI_ENDING: Final = "/otlp/v1/logs"
_OK: Final = 200
_PIECE: Final = re.compile(r"([0-9.]+)(ms|[wdhmsy])")
_SIZE: Final = re.compile(r"([0-9.]+) *([kmg]?)i?b?", re.IGNORECASE)
_BYTES: Final = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_UNITS: Final = {"y": 365 * DAY, "w": 7 * DAY, "d": DAY, "h": HOUR, "m": MINUTE, "s": 1, "ms": 0.001}
_USUAL_AGE: Final = "168h"


def examine(glimpses: Glimpses, settings: Settings, outage_seconds: float | None) -> Iterator[Check]:
    """What its limits mean, if it shows them. `outage_seconds`: for how long the queue keeps a message, if known."""
    limits = _limits(glimpses)
    if not limits:
        yield HIDDEN.told()
        return
    yield (NO_METADATA if limits.get("allow_structured_metadata") is False else METADATA).told()
    yield _sizes(limits, settings)
    age = seconds_of(str(limits.get("reject_old_samples_max_age", _USUAL_AGE)))
    if limits.get("reject_old_samples") is False:
        yield ANY_AGE.told()
    else:
        outage = outage_seconds or 0.0
        shown = how_long(outage) if outage_seconds else "as long as it is set to"
        yield (TOO_YOUNG if age < outage else OLD_ENOUGH).told(age=how_long(age), outage=shown)


def _sizes(limits: Mapping[str, Any], settings: Settings) -> Check:
    burst, batch = _bytes_of(f"{limits.get('ingestion_burst_size_mb', 0)}MB"), settings.otlp.max_batch_bytes
    line, record = _bytes_of(str(limits.get("max_line_size", 0))), settings.limits.record_bytes
    if 0 < burst < batch:
        return SMALL_REQUESTS.told(burst=round(burst / 1e6, 1), batch=round(batch / 1e6, 1))
    if 0 < line < record and not limits.get("max_line_size_truncate"):
        return SHORT_LINES.told(line=round(line / 1e3), record=round(record / 1e3))
    return SIZES.told()


def _bytes_of(size: str) -> float:
    """A size as Loki writes it: `256KB`, `6MB`, a number; 0 if it is none. A kilobyte is taken for the smaller one."""
    match = _SIZE.fullmatch(size.strip())
    return float(match[1]) * _BYTES[match[2].lower()] if match else 0.0


def _limits(glimpses: Glimpses) -> Mapping[str, Any]:
    """Of the whole Loki, and over them those of the tenant."""
    base = glimpses.path.removesuffix(_LOKI_ENDING)
    whole = _yaml(glimpses, f"{base}/config").get("limits_config")
    return {**(whole if isinstance(whole, dict) else {}), **_yaml(glimpses, f"{base}/config/tenant/v1/limits")}


def _yaml(glimpses: Glimpses, path: str) -> Mapping[str, Any]:
    seen = glimpses.at(path)
    if seen is None or seen.status != _OK:
        return {}
    try:
        told = yaml.safe_load(seen.text)
    except yaml.YAMLError:
        return {}
    return told if isinstance(told, dict) else {}


def seconds_of(duration: str) -> float:
    """A duration as Go and Prometheus write it: `168h`, `1w`, `7d12h0m0s`; 0 if it is none."""
    return sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(duration))
