"""Whose event a record is, and the resource that says so: for every protocol alike. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

import msgspec

from agent.model import LogRecord
from agent.sink.safe_text import safe_key, safe_text

DEFAULT_SERVICE_NAME: Final = "aws-codecatalyst"


class RecordOrigin(msgspec.Struct, frozen=True, gc=False):
    """What chooses the resource of a record; Loki makes its streams of it."""

    account: str
    region: str
    service_name: str

    @classmethod
    def of(cls, record: LogRecord) -> Self:
        """The origin of `record`."""
        return cls(record.account, record.region, record.service_name)


def resource_of(origin: RecordOrigin, given: Mapping[str, str]) -> dict[str, str]:
    """The resource's attributes for records of `origin`, sorted by name, fit to be sent; none is empty.

    `given` are those of the settings, which cannot change the account and the region.
    """
    attributes = {
        "service.name": DEFAULT_SERVICE_NAME,
        **{key: value for key, value in given.items() if value and safe_key(key)},
        "cloud.provider": "aws",
        "cloud.region": origin.region,
        "cloud.account.id": origin.account,
        **({"service.name": origin.service_name} if origin.service_name else {}),
    }
    return {safe_key(key): safe_text(value) for key, value in sorted(attributes.items()) if value}
