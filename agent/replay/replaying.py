"""The life of a replay: find the trails, list and ship them, and come to an end. Everything is put together here."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeVar

from agent import __version__
from agent.assembly import Assembly
from agent.choices import make_admission
from agent.connections import AwsConnections
from agent.daemon import Shift, telemetry_of
from agent.errors import AwsError, DependencyError, number_of
from agent.faults.of_replay import hint_of
from agent.flow.crew import Stops, Supply
from agent.flow.log_waits import LogWaits
from agent.pulse import Pulse
from agent.replay.checkpoint import Checkpoint, NoCheckpoint
from agent.replay.earlier_forms import earlier_forms, missing_records
from agent.replay.ending import Ending, StoppedError
from agent.replay.estimate import Counting
from agent.replay.listed_source import ListedInHand, ListedSource
from agent.replay.look_ahead import LISTERS
from agent.replay.looks import Looks
from agent.replay.origins import BucketsOrigin, HistoryOrigin, LogOrigin
from agent.replay.plan import Plan
from agent.replay.replay_report import ReplayReport, Report
from agent.replay.retrying import Retrying
from agent.replay.screen import Screen
from agent.replay.span import shown
from agent.replay.streams import Stream, Wanted
from agent.replay.suspicion import Suspicion
from agent.replay.wishes import ReplayWishes, arguments_of, destination_of
from agent.settings import Settings
from agent.signals import Attention, SignalInbox
from agent.sink.files import FileSink
from agent.telemetry.events import Telemetry
from agent.telemetry.logs import foreign_logging, open_log
from agent.waiting.doubt import NoDoubt
from agent.waiting.lookups import bounded_lookups

_Result = TypeVar("_Result")
_TICK_SECONDS: Final = 0.2


def replay(settings: Settings, wishes: ReplayWishes, inbox: SignalInbox, screen: Screen) -> Report:
    """Ship what `wishes` choose, until it is done or `inbox` has a signal.

    Raises `CheckpointError`, `SettingsError`, `DependencyError` if it cannot begin; whatever else is a bug.
    """
    pulse = Pulse()
    level = "warning" if settings.log.level == "info" else settings.log.level
    log = open_log(level, screen.log_layout, screen.log_stream())
    telemetry = telemetry_of(settings, log, pulse)
    telemetry.hint_of = hint_of
    with foreign_logging(log), bounded_lookups():
        attention = Attention(inbox, pulse)
        one = _Replay(settings, wishes, pulse=pulse, telemetry=telemetry, attention=attention, screen=screen)
        return one.run()


class _Replay:
    """One run."""

    def __init__(
        self,
        settings: Settings,
        wishes: ReplayWishes,
        *,
        pulse: Pulse,
        telemetry: Telemetry,
        attention: Attention,
        screen: Screen,
    ) -> None:
        self._settings = settings
        self._wishes = wishes
        self._pulse = pulse
        self._telemetry = telemetry
        self._attention = attention
        self._screen = screen
        self._stops = Stops()
        self._ending = Ending(self._stops.drain)
        self._random = random.SystemRandom().random
        self._retrying = Retrying(telemetry=telemetry, pulse=pulse, halt=self._stops.halt, random=self._random)
        self._span = wishes.span
        self._cautions: list[str] = []

    def run(self) -> Report:
        if self._wishes.caution:
            self._screen.say(f"! {self._wishes.caution}")
        with ExitStack() as closing, self._pulse.alive():
            pool = ThreadPoolExecutor(LISTERS, thread_name_prefix="list")
            origin = self._open_origin(pool)
            self._end_by_the_clock_of(origin)
            checkpoint = self._open_checkpoint(closing, origin)
            files = self._open_files(closing, checkpoint)
            closing.callback(pool.shutdown, wait=False, cancel_futures=True)
            closing.callback(self._stops.halt.set)
            fresh_after = datetime.fromtimestamp(self._pulse.clock.time(), UTC) - origin.late
            plan = Plan(self._find(origin), self._span, fresh_after)
            self._tell_plan(plan, checkpoint, origin)
            if self._wishes.dry_run:
                return self._count(plan, checkpoint, origin, pool)
            source = self._make_source(plan, checkpoint, origin, pool)
            return self._ship(plan, source, origin, files)

    def _open_checkpoint(self, closing: ExitStack, origin: HistoryOrigin) -> NoCheckpoint:
        if self._wishes.checkpoint is None:
            return NoCheckpoint()
        owner = self._unless_signalled(origin.owner)
        checkpoint = Checkpoint.open(
            self._wishes.checkpoint, arguments_of(self._settings, self._wishes, owner), read_only=self._wishes.dry_run
        )
        closing.callback(checkpoint.close)
        self._span = replace(self._span, since=checkpoint.arguments.since)
        return checkpoint

    def _end_by_the_clock_of(self, origin: HistoryOrigin) -> None:
        """A checkpoint that ends later than it is there would leave out for good what happens until then."""
        span = self._unless_signalled(lambda: origin.look(self._span))
        if span.until < self._span.until:
            self._cautions.append(
                "the clock of this machine is ahead of that of the log: it is read up to "
                f"{shown(span.until)} UTC only, and a later run goes on from there"
            )
        self._span, self._wishes = span, replace(self._wishes, span=span)

    def _open_files(self, closing: ExitStack, checkpoint: NoCheckpoint) -> FileSink | None:
        if self._wishes.files is None or self._wishes.dry_run:
            return None
        files = FileSink(self._wishes.files, self._settings.resource, __version__, self._ending.failed)
        closing.callback(files.close)
        if checkpoint.place.has_begun():
            self._cautions += missing_records(self._wishes.files)
        self._cautions += earlier_forms(self._wishes.files, self._settings.record.model_dump(mode="json"))
        self._telemetry.sink_up()
        return files

    def _open_origin(self, pool: ThreadPoolExecutor) -> HistoryOrigin:
        settings, wishes = self._settings, self._wishes
        try:
            home = wishes.log.home if wishes.log else ""
            aws = AwsConnections(settings, self._telemetry, self._pulse, home)
            if log := wishes.log:
                return LogOrigin(log.open(settings, aws, self._log_waits(), log.places), log.within)
            buckets = aws.open_buckets()
        except AwsError as error:
            raise DependencyError(error.detail) from error
        wanted = Wanted(
            buckets=[bucket.name for bucket in settings.buckets],
            prefixes=wishes.prefixes,
            accounts=wishes.accounts or settings.accounts,
            regions=wishes.regions or settings.regions,
            accounts_by="--account" if wishes.accounts else "accounts in the settings",
            regions_by="--region" if wishes.regions else "regions in the settings",
        )
        return BucketsOrigin(buckets, wanted, make_admission(settings), pool, self._retrying)

    def _log_waits(self) -> LogWaits:
        return LogWaits(
            telemetry=self._telemetry,
            pulse=self._pulse,
            halt=self._stops.halt,
            random=self._random,
            failed=self._ending.failed,
        )

    def _find(self, origin: HistoryOrigin) -> Sequence[Stream]:
        return self._unless_signalled(lambda: origin.find(self._span))

    def _unless_signalled(self, ask: Callable[[], _Result], meanwhile: Callable[[], None] = lambda: None) -> _Result:
        answer = self._attention.unless_signalled(ask, meanwhile)
        if answer is None:
            raise StoppedError(self._signal())
        return answer

    def _tell_plan(self, plan: Plan, checkpoint: NoCheckpoint, origin: HistoryOrigin) -> None:
        for warning in self._settings.warnings:
            self._telemetry.setting_warned(warning)
        if log := self._wishes.log:
            now = datetime.fromtimestamp(self._pulse.clock.time(), UTC)
            self._cautions += log.unpromised(plan.begins(checkpoint), now)
        self._cautions += origin.cautions()
        for caution in self._cautions:
            self._screen.say(f"! {caution}")
        self._screen.say(origin.described(plan.streams))
        self._screen.say(f"{plan.span}, to {destination_of(self._settings, self._wishes)}")
        for line in plan.beginning(checkpoint):
            self._screen.say(line)

    def _count(self, plan: Plan, checkpoint: NoCheckpoint, origin: HistoryOrigin, pool: ThreadPoolExecutor) -> Report:
        listing, is_read = origin.listing, origin.is_read
        count = Counting(plan, checkpoint, listing=listing, retrying=self._retrying, pool=pool, is_read=is_read)

        def show() -> None:
            self._screen.count(count.share(), f"{number_of(count.counted.objects, origin.things[:-1])} counted")

        counted = self._unless_signalled(count.run, show)
        self._screen.count_last(1.0, f"{number_of(counted.objects, origin.things[:-1])} counted")
        return origin.count_report(plan, counted, self._settings.workers, self._cautions)

    def _ship(self, plan: Plan, source: ListedSource, origin: HistoryOrigin, files: FileSink | None) -> Report:
        looks = Looks(source, self._telemetry, self._pulse.clock, origin.things)
        assembly = Assembly(self._settings, self._telemetry, self._pulse, self._stops, files=files)
        taken = self._telemetry.activity.taken_unnamed
        doubt = NoDoubt() if self._wishes.keep_going else Suspicion(self._ending.stop, source.is_second_try, taken)
        supply = Supply(source, ListedInHand(self._telemetry, source), {})
        crew = assembly.crew([assembly.team(supply, origin.store, self._settings.dead_letter_url, doubt)])
        shift = Shift(crew, self._stops, self._attention, self._pulse, self._settings.shutdown_grace_seconds)

        def show() -> None:
            self._screen.show(looks.look())

        if self._attention.unless_signalled(assembly.sink.await_up, show):
            shift.begin()
            while not (source.has_ended() or self._ending or self._attention.heard(_TICK_SECONDS)):
                show()
        self._tell_stop()
        shift.end()
        self._screen.show_last(figures := looks.look_back())
        if self._ending.bug:
            raise self._ending.bug
        return ReplayReport(
            span=plan.span,
            streams=len(plan.streams),
            figures=figures,
            unshipped=sorted(source.unshipped.values(), key=lambda each: (each.bucket, each.key)),
            earlier=source.unsettled_before(),
            things=origin.things,
            lists=origin.requests(),
            destination=destination_of(self._settings, self._wishes),
            resume=self._resume(source),
            why=self._ending.why,
            signal=0 if source.has_ended() else self._signal(),
            cautions=self._cautions,
        )

    def _tell_stop(self) -> None:
        if self._attention.asked_by:
            grace = f"at most {self._settings.shutdown_grace_seconds:.0f} s"
            self._screen.say(f"! stopping: what is in hand is finished ({grace}); a second signal stops at once")

    def _make_source(
        self, plan: Plan, checkpoint: NoCheckpoint, origin: HistoryOrigin, pool: ThreadPoolExecutor
    ) -> ListedSource:
        return ListedSource(
            plan,
            checkpoint,
            listing=origin.listing,
            retrying=self._retrying,
            pool=pool,
            telemetry=self._telemetry,
            pulse=self._pulse,
            drain=self._stops.drain,
            random=self._random,
            failed=self._ending.failed,
        )

    def _resume(self, source: ListedSource) -> str:
        """How to go on."""
        if self._wishes.checkpoint:
            return "run the same command again: it goes on from here, and tries again what could not be shipped"
        if source.has_ended():
            return "with --checkpoint FILE, the same command again would try only these"
        day = source.standing().day or self._span.since.date()
        return f"--since {day} goes on from here; with --checkpoint FILE, the same command does"

    def _signal(self) -> int:
        return int(self._attention.asked_by or 0)
