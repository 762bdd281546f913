"""All checks in their order: each looks by itself, side by side with the others, and all of them come to an end.

What needs the facts of another check waits for it, and says so in one line if there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from agent import __version__
from agent.aws.session import Sessions
from agent.aws.survey import Survey
from agent.checks import (
    accounts,
    credentials,
    hinted_folders,
    history_place,
    history_regions,
    letter_queue,
    main_queue,
    otlp_sink,
    permissions,
    skew,
    trail_settings,
    wanted_regions,
)
from agent.checks.bucket import BucketCheck, BucketFacts
from agent.checks.credentials import Caller
from agent.checks.finding import Check, Examined, Status, not_checked
from agent.checks.layout import TrailFolder
from agent.checks.notifier import Notifier
from agent.checks.otlp_sink import SinkFacts
from agent.checks.queue_facts import QueueFacts
from agent.checks.sample import SampleReader
from agent.checks.side_by_side import begin
from agent.checks.trail_settings import TrailFacts
from agent.checks.trail_writer import TrailWriter, with_new
from agent.pulse import Clock
from agent.settings import BucketSettings, EventHistorySettings, Settings
from agent.waiting.lookups import bounded_lookups

_NO_CREDENTIALS: Final = "AWS takes no credentials of the agent"
_NO_QUEUE: Final = "the queue is not as it should be"
_ACCOUNT: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")

Facts = TypeVar("Facts")


class Lineup:
    """Looks at everything that `settings` name. No wait takes longer than `seconds`. Nothing is changed anywhere.

    Raises `SettingsError` for settings that only turn out bad in use.
    """

    def __init__(self, settings: Settings, seconds: float, clock: Clock) -> None:
        self._settings = settings
        self._hurried = settings.model_copy(
            update={"otlp": settings.otlp.model_copy(update={"timeout_seconds": seconds})}
        )
        self._clock = clock
        self._survey = Survey(Sessions(settings.aws, __version__, settings.home_region), seconds, clock)
        self._sample = SampleReader.of(settings)

    def examine(self) -> Iterator[Check]:
        """The results, in the order of the flow, each as soon as it and all before it are known."""
        with bounded_lookups():
            for part in self._parts():
                yield from part.result().checks

    def _parts(self) -> Sequence[Future[Examined[Any]]]:
        """Begin all parts. Each waits only for such as were begun before it: so none waits for ever."""
        caller = begin(credentials.examine, self._survey, self._settings)
        queue = begin(self._queue, caller) if self._settings.queue else None
        of_queue = self._of_queue(caller, queue) if queue else ()
        history = self._settings.event_history
        regions = [begin(self._history, caller, region) for region in (history.regions if history else ())]
        place = [begin(self._place, caller, history)] if history else []
        before = [caller, *of_queue, *regions, *place]
        sink = begin(otlp_sink.examine, self._hurried, self._clock, lambda: _retention(queue) if queue else None)
        return [*before, sink, begin(self._clocks, before, sink)]

    def _of_queue(
        self, caller: Future[Examined[Caller]], queue: Future[Examined[QueueFacts]]
    ) -> Sequence[Future[Examined[Any]]]:
        """The queue, and what fills it."""
        settings = self._settings
        letters = begin(self._letters, caller, queue)
        trails = begin(self._trails, caller)
        buckets = [begin(self._bucket, caller, trails, one) for one in settings.buckets]
        notifiers = [
            begin(self._notifier, one, caller, queue, bucket, trails)
            for one, bucket in zip(settings.buckets, buckets, strict=True)
        ]
        whose = begin(self._accounts, caller, buckets)
        return [queue, letters, *buckets, *notifiers, trails, whose]

    def _queue(self, caller: Future[Examined[Caller]]) -> Examined[QueueFacts]:
        if not (who := _facts(caller)):
            return _skipped("queue", _NO_CREDENTIALS)
        found = main_queue.examine(self._survey, self._settings)
        if found.facts is None:
            return found
        may = permissions.of_queue(self._survey, who, found.facts)
        return Examined((*found.checks, may), found.facts)

    def _letters(self, caller: Future[Examined[Caller]], queue: Future[Examined[QueueFacts]]) -> Examined[QueueFacts]:
        who, facts = _facts(caller), _facts(queue)
        if not who or not facts:
            return _skipped("dead_letters", _NO_QUEUE if who else _NO_CREDENTIALS)
        found = letter_queue.examine(self._survey, self._settings, facts)
        if found.facts is None:
            return found
        may = permissions.of_letters(self._survey, who, found.facts)
        return Examined((*found.checks, may), found.facts)

    def _bucket(
        self, caller: Future[Examined[Caller]], trails: Future[Examined[TrailFacts]], bucket: BucketSettings
    ) -> Examined[BucketFacts]:
        if not (who := _facts(caller)):
            return _skipped("bucket", _NO_CREDENTIALS, bucket.name)
        settings = self._settings
        named = _ACCOUNT.findall(f"{bucket.name} {settings.needed_queue().url}")
        known = [*settings.accounts, bucket.owner, who.account, *named]
        check = BucketCheck(
            survey=self._survey,
            bucket=bucket,
            accounts=tuple(dict.fromkeys(account for account in known if account)),
            listed=settings.accounts,
            regions=settings.regions,
            folders=lambda: hinted_folders.find(self._survey, bucket, _writers(trails, bucket)),
            now=datetime.fromtimestamp(self._clock.time(), UTC),
        )
        return check.examine(self._sample)

    def _trails(self, caller: Future[Examined[Caller]]) -> Examined[TrailFacts]:
        if not _facts(caller):
            return _skipped("trail", _NO_CREDENTIALS)
        return trail_settings.examine(self._survey, self._settings)

    def _notifier(
        self,
        bucket: BucketSettings,
        caller: Future[Examined[Caller]],
        queue: Future[Examined[QueueFacts]],
        found: Future[Examined[BucketFacts]],
        trails: Future[Examined[TrailFacts]],
    ) -> Examined[object]:
        if not (facts := _facts(queue)):
            return _skipped("notifier", _NO_QUEUE if _facts(caller) else _NO_CREDENTIALS, bucket.name)
        listed, written, writers = _facts(found), _facts(trails), _writers(trails, bucket)
        notifier = Notifier(
            survey=self._survey,
            bucket=bucket,
            queue=facts,
            places=self._places(listed, writers),
            now=datetime.fromtimestamp(self._clock.time(), UTC),
            account=_account_of(bucket, _facts(caller)),
            writers=writers,
            are_all=written is not None and written.are_all,
            asked=written.regions if written else (),
            is_listed=listed is not None,
        )
        return Examined(tuple(notifier.examine()))

    def _places(self, found: BucketFacts | None, writers: Sequence[TrailWriter]) -> Sequence[TrailFolder]:
        """Where log files are written that the settings let in; none where the bucket could not be listed."""
        if not found:
            return ()
        here = replace(found.layout, places=with_new(found.layout.places, writers))
        return here.wanted(self._settings.accounts, self._settings.regions)

    def _history(self, caller: Future[Examined[Caller]], region: str) -> Examined[object]:
        if not (who := _facts(caller)):
            return _skipped("event_history", _NO_CREDENTIALS, region)
        return Examined((history_regions.examine(self._survey, who, region, self._clock.time()),))

    def _place(self, caller: Future[Examined[Caller]], history: EventHistorySettings) -> Examined[object]:
        who, has_queue = _facts(caller) or Caller(), self._settings.queue is not None
        return Examined((history_place.examine(history, who, self._clock.time(), has_queue=has_queue),))

    def _accounts(
        self, caller: Future[Examined[Caller]], buckets: Sequence[Future[Examined[BucketFacts]]]
    ) -> Examined[object]:
        found = [facts for bucket in buckets if (facts := _facts(bucket))]
        whose = accounts.examine(self._settings, _facts(caller) or Caller(), found)
        return Examined((*whose, *wanted_regions.examine(self._settings, found)))

    def _clocks(self, before: Sequence[Future[Examined[Any]]], sink: Future[Examined[SinkFacts]]) -> Examined[object]:
        for part in before:
            part.result()
        reached = _facts(sink)
        return Examined((skew.of_aws(self._survey.offsets), *((skew.of_sink(reached.ahead),) if reached else ())))


def is_sound(checks: Sequence[Check]) -> bool:
    """Whether none of them failed."""
    return all(check.status is not Status.FAILED for check in checks)


def _facts(part: Future[Examined[Facts]]) -> Facts | None:
    return part.result().facts


def _account_of(bucket: BucketSettings, caller: Caller | None) -> str:
    """The account under which a bucket is looked at: its role's, or the caller's; empty if it is not known."""
    told = _ACCOUNT.search(bucket.role_arn or "")
    return told[0] if told else caller.account if caller else ""


def _writers(trails: Future[Examined[TrailFacts]], bucket: BucketSettings) -> Sequence[TrailWriter]:
    """The trails that write to the bucket, of those that are known."""
    facts = _facts(trails)
    return facts.writers.get(bucket.name, ()) if facts else ()


def _retention(queue: Future[Examined[QueueFacts]]) -> float | None:
    facts = _facts(queue)
    return facts.retention_seconds if facts else None


def _skipped(id: str, because: str, on: str = "") -> Examined[Facts]:  # noqa: A002 - the word of the output
    return Examined((not_checked(id, because, on),))
