"""Generated CodeCatalyst events: CloudTrail records that vary the two documented examples over names and identities.

Pure: the same seed and the same times give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from uuid import UUID

import msgspec

from agent.demo.cast import SPACES, Space
from agent.demo.parameters import Exchange, Stage, exchange
from agent.demo.players import Player, PlayerKind, identity, source_address, user_agent
from agent.demo.scenes import CONNECTION_EVENTS, SPACE_KINDS, Play, encore, opening
from agent.demo.shapes import Parameters, Record

OPENING_SIZE = sum(len(play.scene.events) for play in opening())
"""So many events hold every documented name once."""

ROUND_SIZE = OPENING_SIZE + sum(len(play.scene.events) for play in encore())
"""So many events hold every documented name with each identity type that plausibly causes it."""

_FAILS_EVERY = 9
_PLACEHOLDER_EVERY = 7
_SOURCE = "codecatalyst.amazonaws.com"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class ApiFailure:
    """Why a call was refused."""

    code: str
    message: str


_FAILURES_OF_READS = 3
_FAILURES = (
    ApiFailure("AccessDeniedException", "User is not authorized to perform this action."),
    ApiFailure("ResourceNotFoundException", "The requested resource was not found."),
    ApiFailure("ThrottlingException", "Rate exceeded"),
    ApiFailure("ConflictException", "The resource is in use by another operation."),
    ApiFailure("ServiceQuotaExceededException", "The quota of this space has been reached."),
    ApiFailure("ValidationException", "The input fails to satisfy the constraints."),
)


@dataclass(frozen=True, slots=True)
class GeneratedEvent:
    """One event: `record` is its JSON as CloudTrail would write it into the object of `account` and `region`.

    `identity_type` is `Unknown` where the record has none; `outcome` is `success` or `failure`. `event_source` is empty
    for CodeCatalyst's events, as in their metric.
    """

    event_id: str
    event_name: str
    identity_type: str
    outcome: str
    account: str
    region: str
    time: datetime
    record: bytes
    event_source: str = ""
    service_name: str = "aws-codecatalyst"


@dataclass(frozen=True, slots=True)
class _Cue:
    """The next event of the script."""

    event_name: str
    player: Player
    stage: Stage
    region: str


class Generator:
    """An endless script of events, in scenes; nothing in it repeats an `eventID`."""

    def __init__(
        self,
        rng: Random,
        now: datetime,
        *,
        spaces: Sequence[Space] = SPACES,
        first: Sequence[Play] | None = None,
    ) -> None:
        """`rng` decides everything but time; `now` (aware) is when the first batch ends.

        The story begins with `first`, by default the whole opening, and all of it happens in `spaces`.
        """
        self._rng = rng
        self._now = now
        self._last = now - timedelta(minutes=2)
        self._count = 0
        self._plays = 0
        self._spaces = spaces
        self._script = self._cues(opening() if first is None else first)

    def generate(self, count: int, now: datetime | None = None) -> list[GeneratedEvent]:
        """The next `count` events in the order of their times, which end at `now` (default: the first `now`)."""
        self._now = now or self._now
        start = max(min(self._last, self._now), self._now - timedelta(seconds=3 * count))
        step = (self._now - start) / max(count, 1)
        events = [self._event(cue, start + step * n) for n, cue in enumerate(islice(self._script, count), 1)]
        self._last = max(self._last, self._now)
        return events

    def _cues(self, first: Sequence[Play]) -> Iterator[_Cue]:
        plays = [*first, *self._shuffled(encore())]
        while True:
            for play in plays:
                yield from self._play(play)
            plays = self._shuffled([*opening(), *encore()])

    def _shuffled(self, plays: list[Play]) -> list[Play]:
        return self._rng.sample(plays, len(plays))

    def _play(self, play: Play) -> Iterator[_Cue]:
        space = self._space(play.kind)
        of_space = play.kind in SPACE_KINDS
        account = space.billing_account if of_space else self._rng.choice(space.connected_accounts)
        person = self._rng.choice(space.people)
        since = _iso(self._now - timedelta(minutes=self._rng.randint(5, 50)))
        player = Player(play.kind, person, space, account, self._unique(), since)
        stage = Stage(space.name, self._rng.choice(space.projects), account, self._uuid(), self._uuid(), self._uuid())
        for event_name in play.scene.events:
            yield _Cue(event_name, player, stage, space.region)

    def _space(self, kind: PlayerKind) -> Space:
        """The spaces in turn, of those that know such an identity."""
        self._plays += 1
        spaces = [
            one
            for one in self._spaces
            if kind not in SPACE_KINDS or one.of_builder_ids is (kind is PlayerKind.BUILDER_ID)
        ]
        return spaces[self._plays % len(spaces)]

    def _event(self, cue: _Cue, time: datetime) -> GeneratedEvent:
        self._count += 1
        failure = self._failure(cue.event_name)
        record = self._record(cue, time, failure)
        return GeneratedEvent(
            event_id=record.event_id,
            event_name=cue.event_name,
            identity_type=cue.player.kind.user_type,
            outcome="failure" if failure else "success",
            account=cue.player.account,
            region=cue.region,
            time=time,
            record=msgspec.json.encode(record),
        )

    def _failure(self, event_name: str) -> ApiFailure | None:
        if self._count % _FAILS_EVERY:
            return None
        plausible = _FAILURES if _changes(event_name) else _FAILURES[:_FAILURES_OF_READS]
        return plausible[(self._count // _FAILS_EVERY - 1) % len(plausible)]

    def _record(self, cue: _Cue, time: datetime, failure: ApiFailure | None) -> Record:
        spoken = exchange(cue.event_name, cue.stage)
        of_connection = cue.event_name in CONNECTION_EVENTS
        return Record(
            event_version="1.08" if of_connection else "1.09",
            user_identity=identity(cue.player),
            event_time=_iso(time),
            event_source=self._source(cue.player.account) if of_connection else _SOURCE,
            event_name=cue.event_name,
            aws_region=cue.region,
            source_ip_address=source_address(cue.player),
            user_agent=user_agent(cue.player),
            error_code=failure.code if failure else msgspec.UNSET,
            error_message=failure.message if failure else msgspec.UNSET,
            request_parameters=spoken.request,
            response_elements=_response(spoken, failure),
            request_id=self._uuid(),
            event_id=self._uuid(),
            read_only=not _changes(cue.event_name),
            recipient_account_id=cue.player.account,
            shared_event_id=msgspec.UNSET if of_connection else self._uuid(),
        )

    def _source(self, account: str) -> str:
        """CodeCatalyst's name, or now and then what the documentation has in its place: an account id, or its name."""
        if self._count % _PLACEHOLDER_EVERY:
            return _SOURCE
        return self._rng.choice(("account-ID", account))

    def _uuid(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))

    def _unique(self) -> str:
        return "".join(self._rng.choices(_ALPHABET, k=16))


def _changes(event_name: str) -> bool:
    return not event_name.startswith(("Get", "List"))


def _response(spoken: Exchange, failure: ApiFailure | None) -> Parameters | None:
    return None if failure else spoken.response


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
