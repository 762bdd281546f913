"""The other records of an account's trail: real ones of other services, and look-alikes that must not be shipped."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from random import Random
from uuid import UUID

import msgspec

from agent.records.selection import Selector

_RECORDED_ACCOUNT = b"123837392027"
_LOOKALIKE_SHARE = 0.1


class Bystanders:
    """The packaged noise; `noise/README.md` says where it comes from."""

    def __init__(self, besides: Selector | None = None) -> None:
        """Of the records, those that `besides` selects are left out: they are no noise then."""
        folder = files("agent.demo").joinpath("noise")
        self.recorded = gzip.decompress(folder.joinpath("records.jsonl.gz").read_bytes()).splitlines()
        self.lookalikes = [
            bytes(one)
            for one in msgspec.json.decode(folder.joinpath("lookalikes.json").read_bytes(), type=list[msgspec.Raw])
        ]

        if besides is not None:
            self.recorded = [one for one in self.recorded if not _is_selected(one, besides)]
            self.lookalikes = [one for one in self.lookalikes if not _is_selected(one, besides)]

    def sample(self, rng: Random, count: int, account: str, region: str, now: datetime) -> list[bytes]:
        """`count` records as if they had happened in `account` and `region` in the five minutes before `now`."""
        return [self._moved(rng, self._pick(rng), account, region, now) for _ in range(count)]

    def _pick(self, rng: Random) -> bytes:
        return rng.choice(self.lookalikes if rng.random() < _LOOKALIKE_SHARE else self.recorded)

    @staticmethod
    def _moved(rng: Random, raw: bytes, account: str, region: str, now: datetime) -> bytes:
        record = msgspec.json.decode(raw.replace(_RECORDED_ACCOUNT, account.encode()), type=dict[str, msgspec.Raw])
        time = now.astimezone(UTC) - timedelta(seconds=rng.randint(0, 300))
        changed = {
            "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventID": str(UUID(int=rng.getrandbits(128), version=4)),
            "awsRegion": region,
            "recipientAccountId": account,
        }
        return msgspec.json.encode(record | {key: msgspec.Raw(msgspec.json.encode(to)) for key, to in changed.items()})


def _is_selected(raw: bytes, selector: Selector) -> bool:
    record = msgspec.json.decode(raw, type=dict[str, object])
    return selector.selects(record.get("eventSource"), record.get("eventName"))
