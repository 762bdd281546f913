"""Named events of the daemon's reading of Event history: there is no queue and no dead-letter queue behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent.errors import AwsError
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.of_replay import HISTORY_LATE_SECONDS, has_all_from, what_to_do
from agent.model import Settlement
from agent.telemetry.activity import LeftOut
from agent.telemetry.flow_events import HowRead
from agent.telemetry.safetext import clean, without_user
from agent.telemetry.voice import ERROR, WARNING, Voice
from agent.trail.moment import iso

_RESULTS: Final = frozenset({"ok", "throttled", "denied", "unavailable"})
_DENIALS: Final = frozenset({"expired", "no_credentials", "wrong_clock"})
_ALL: Final = "Event history"
_CHECKPOINT: Final = "checkpoint"
_KEPT_SECONDS: Final = 90 * 86_400
_NANOSECONDS: Final = 10**9
_MOST_TOLD: Final = 10  # of one window, each with a line of its own


@dataclass(frozen=True, slots=True)
class PassedOver:
    """What was not shipped: an event, or all of a window, or what cannot be decoded of it (without id and name then).

    A replay of what happened from `begin` on and before `end` (Unix seconds) ships it again. `events` is how many they
    are; 0 if nobody knows.
    """

    event_id: str
    event_name: str
    begin: int
    end: int
    reason: str
    detail: str
    events: int = 1

    @property
    def is_event(self) -> bool:
        """Whether it is one event that was read."""
        return bool(self.event_id or self.event_name)


class HistoryEvents(Voice):
    """What happens to windows of Event history. `region` is one of the settings, and its times are Unix seconds."""

    def history_down(self, error: AwsError) -> None:
        """At the start there are no credentials with which Event history could be asked."""
        fault = EnvironmentFault.LOG_DENIED
        self.health.hold(_ALL, error.detail, fault)
        hint = fault.advice.hint
        self._trouble(ERROR, _ALL, "gate_closed", part=_ALL, fault=fault.value, detail=error.detail, hint=hint)

    def history_up(self) -> None:
        """There are."""
        self._relief(_ALL, "gate_opened", self.health.release(_ALL))

    def history_followed(self, region: str, position: int) -> None:
        """The settings name the region. Where it begins is not known yet: most likely at `position`."""
        self.metrics.history.begin(region)
        self.history_reached(region, position)

    def history_begun(self, region: str, position: int, *, is_new: bool) -> None:
        """The region is asked from now on. `is_new`: nothing of it was remembered."""
        self._log.info("history_begun", region=region, position=_shown(position), remembered=not is_new)

    def history_remembered(self, region: str, passed: Sequence[PassedOver]) -> None:
        """An earlier process has passed these over; Event history may have them yet."""
        kept_since = self._clock.time() - _KEPT_SECONDS
        self.activity.pass_over([_left_out(None, region, each) for each in passed if each.end > kept_since])

    def history_reached(self, region: str, position: int) -> None:
        """Everything that happened there before is shipped, as far as CloudTrail has shown it."""
        self.metrics.history.position.labels(region).set(position)

    def history_asked(self, region: str, result: str) -> None:
        """A LookupEvents request was answered: `ok`, or a kind of `AwsError`."""
        known = "denied" if result in _DENIALS else result if result in _RESULTS else "error"
        self.metrics.history.requests.labels(region, known).inc()

    def windows_held(self, region: str, windows: int) -> None:
        """So many windows of the region are in hand now."""
        self._tell_held(region, windows)

    def windows_read(self, reads: Sequence[HowRead]) -> None:
        """What is new in windows was read; each counts as written when it ends."""
        for read in reads:
            size, seconds, until = read.facts.object_bytes, round(read.seconds, 4), _shown(int(read.last_modified))
            self._log.debug("window_read", bytes=size, seconds=seconds, until=until)

    def window_settled(self, settlement: Settlement) -> None:
        """It is known what became of a window."""
        if reason := settlement.retry:
            self.metrics.retries.labels(reason.value).inc()
            self._tell_seldom(
                WARNING,
                f"window {reason}",
                "window_retried",
                reason=reason.value,
                detail=without_user(settlement.retry_detail),
                window=settlement.delivery.message_id,
                tries=settlement.delivery.receive_count,
                hint=f"what is not shipped of it comes again within five minutes; {what_to_do(reason)}",
            )

    def events_unshipped(self, region: str, passed: Sequence[PassedOver]) -> None:
        """These were passed over: the sink refuses them for good, or they were tried too often."""
        self.metrics.history.unshipped.labels(region).inc(sum(max(each.events, 1) for each in passed))
        self.activity.pass_over([_left_out(self._clock.time(), region, each) for each in passed])
        for each in passed[:_MOST_TOLD]:
            self._unshipped(region, each)
        if rest := passed[_MOST_TOLD:]:
            begin, end = min(each.begin for each in rest), max(each.end for each in rest)
            events = sum(max(each.events, 1) for each in rest)
            together = replace(rest[0], event_id="", event_name="", begin=begin, end=end, events=events)
            self._unshipped(region, together)

    def _unshipped(self, region: str, passed: PassedOver) -> None:
        since, until = _shown(passed.begin), _shown(passed.end)
        self._log.error(
            "event_unshipped",
            region=region,
            event_id=clean(passed.event_id),
            event_name=clean(passed.event_name),
            **({"events": passed.events} if passed.events else {}),
            time=since,
            reason=passed.reason,
            detail=clean(without_user(passed.detail)),
            hint=f"the agent went on without it; Event history has it for 90 days: once the cause is mended, "
            f"{_room_for(passed)}{self._from_when(passed.end)}ship it with 'trail-agent replay -c FILE "
            f"--from event-history --region {region} --since {since} --until {until}'; this ships again what else "
            "happened then",
        )

    def _from_when(self, end: int) -> str:
        """Such as `at 2026-10-05T12:31:00Z or later, `; empty if a replay has everything of the time already."""
        when = has_all_from(end, HISTORY_LATE_SECONDS).timestamp()
        return f"at {_shown(int(when))} or later, " if when > self._clock.time() else ""

    def history_lost(self, region: str, begin: int, end: int) -> None:
        """What happened from `begin` on and before `end` was not shipped, and is not in Event history any more."""
        self.metrics.history.unshipped.labels(region).inc()
        self._log.error(
            "history_lost",
            region=region,
            since=_shown(begin),
            until=_shown(end),
            hint="the agent was stopped for longer than the 90 days of Event history; a trail's bucket has it if there "
            "is one: 'trail-agent replay' ships it; what happened in a space, CodeCatalyst's own log of it may have: "
            "'trail-agent replay --from event-logs --space NAME'",
        )

    def history_set_back(self, region: str, was: int, to: int) -> None:
        """The place was ahead of this machine's clock, which AWS takes for right: what happened since `to` is read."""
        self._log.error(
            "history_set_back",
            region=region,
            position=_shown(was),
            since=_shown(to),
            hint="this machine's clock was wrong when the place was kept, or has been set back since; some events may "
            f"be shipped again; what happened before {_shown(to)} may be left out: ship it with 'trail-agent replay "
            f"-c FILE --from event-history --region {region} --since TIME --until {_shown(to)}'",
        )

    def places_unkept(self, detail: str) -> None:
        """What was shipped could not be written into the checkpoint file."""
        fault = EnvironmentFault.CHECKPOINT_UNWRITTEN
        self.health.hold(_CHECKPOINT, detail, fault)
        hint = (
            "the agent goes on; what is not in the file is shipped again after a restart, but what happened since a "
            f"first start that is not in it is left out then; {fault.advice.hint}"
        )
        self._trouble(ERROR, _CHECKPOINT, "checkpoint_unwritten", fault=fault.value, detail=clean(detail), hint=hint)

    def places_kept(self) -> None:
        """The checkpoint file is written."""
        self._relief(_CHECKPOINT, "checkpoint_written_again", self.health.release(_CHECKPOINT))


def _left_out(at: float | None, region: str, passed: PassedOver) -> LeftOut:
    return LeftOut(
        at,
        region,
        passed.begin,
        passed.end,
        clean(passed.event_name),
        passed.reason,
        clean(without_user(passed.detail)),
    )


def _room_for(passed: PassedOver) -> str:
    """A replay has this limit, too."""
    is_too_much = passed.reason == Reason.OBJECT_TOO_LARGE and not passed.is_event
    return "with limits.events_per_object so high that all events of this time fit, " if is_too_much else ""


def _shown(seconds: int) -> str:
    return iso(seconds * _NANOSECONDS)
