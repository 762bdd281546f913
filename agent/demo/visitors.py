"""Generated events of other services than CodeCatalyst. Pure: the same seed and times give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import chain, cycle, islice, zip_longest
from random import Random
from uuid import UUID

import msgspec

from agent.demo.calls import calls_of
from agent.demo.calls.call import ACCOUNT, Call
from agent.demo.cast import SPACES
from agent.demo.generator import GeneratedEvent
from agent.demo.players import Player, identity, source_address, user_agent
from agent.demo.shapes import Record

_REGION = "us-west-2"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Visitors:
    """An endless round of the calls of some profiles, one of each in turn; no `eventID` comes twice."""

    def __init__(self, rng: Random, profiles: Iterable[str]) -> None:
        stories = map(calls_of, profiles)
        calls = [call for call in chain.from_iterable(zip_longest(*stories)) if call is not None]
        self.round_size = len(calls)
        self._rng = rng
        self._calls = cycle(calls)

    def generate(self, count: int, now: datetime) -> list[GeneratedEvent]:
        """The next `count` events in the order of their times, which end at `now`; none if there are no calls."""
        calls = list(islice(self._calls, count))
        return [
            self._event(call, now - timedelta(seconds=2 * (len(calls) - number)))
            for number, call in enumerate(calls, 1)
        ]

    def _event(self, call: Call, time: datetime) -> GeneratedEvent:
        record = self._record(call, time)
        return GeneratedEvent(
            event_id=record.event_id,
            event_name=call.event,
            identity_type=call.kind.user_type,
            outcome="failure" if "Failure" in (call.response or {}).values() else "success",
            account=ACCOUNT,
            region=_REGION,
            time=time,
            record=msgspec.json.encode(record),
            event_source=record.event_source,
            service_name=f"aws-{call.source}",
        )

    def _record(self, call: Call, time: datetime) -> Record:
        space = self._rng.choice(SPACES)
        person = self._rng.choice(space.people)
        unique = "".join(self._rng.choices(_ALPHABET, k=16))
        player = Player(call.kind, person, space, ACCOUNT, unique, _iso(time - timedelta(minutes=9)))
        return Record(
            event_version="1.09",
            user_identity=identity(player),
            event_time=_iso(time),
            event_source=f"{call.source}.amazonaws.com",
            event_name=call.event,
            aws_region=_REGION,
            source_ip_address=source_address(player),
            user_agent=user_agent(player),
            request_parameters=call.request,
            response_elements=call.response,
            request_id=self._uuid(),
            event_id=self._uuid(),
            read_only=call.reads,
            recipient_account_id=ACCOUNT,
        )

    def _uuid(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
