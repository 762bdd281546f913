"""The filter of an S3 notification: which keys it takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_ENDING: Final = ".json.gz"  # of all that a trail writes


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """A prefix and a suffix; either may be empty."""

    prefix: str
    suffix: str

    def __str__(self) -> str:
        told = [f"{name} {value}" for name, value in (("prefix", self.prefix), ("suffix", self.suffix)) if value]
        return ", ".join(told) or "none"

    @property
    def takes_log_files(self) -> bool:
        """Whether the name of a trail's log file can end as it asks."""
        return _ENDING.endswith(self.suffix) or self.suffix.endswith(_ENDING)

    def takes(self, key: str) -> bool:
        """Whether it takes a log file with this key, whatever stands between the time and the ending."""
        return key.startswith(self.prefix) and self.takes_log_files


def of(configuration: Mapping[str, Any]) -> ObjectFilter:
    """The filter of one notification configuration, as GetBucketNotificationConfiguration gives it."""
    rules = ((configuration.get("Filter") or {}).get("Key") or {}).get("FilterRules") or ()
    told = {str(rule.get("Name", "")).lower(): str(rule.get("Value", "")) for rule in rules}
    return ObjectFilter(told.get("prefix", ""), told.get("suffix", ""))
