"""Where history comes from: the objects of the buckets, or a log that gives events."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta

from agent.aws.listing import Listing
from agent.aws.s3 import S3
from agent.connections import Buckets
from agent.errors import DependencyError, number_of
from agent.flow.event_log import EventLog
from agent.model import ObjectRef
from agent.replay.estimate import Counted
from agent.replay.plan import Plan
from agent.replay.replay_report import CountReport, Report
from agent.replay.retrying import Retrying
from agent.replay.span import ON_ITS_WAY, Span, SpanError, shown
from agent.replay.streams import Discovery, Stream, Wanted
from agent.replay.window_report import WindowCountReport
from agent.replay.windows import DAY, WindowListing, is_quiet, length_of, streams_of
from agent.replay.witnesses import Witnesses
from agent.trail.admission import Admission, Admitted


class HistoryOrigin(ABC):
    """What is listed, what the crew reads from (`store`), and how both are told.

    `things` are what is shipped one by one. `late` is how long after its time one of them may still appear.
    """

    things: str
    late: timedelta
    listing: Listing
    store: S3 | EventLog

    def owner(self) -> str:
        """Whose history it is, where the names of places do not tell; raises as `find`."""
        return ""

    def look(self, span: Span) -> Span:
        """As much of `span` as is there by the clock of whoever keeps the history; raises as `find`."""
        return span

    @abstractmethod
    def find(self, span: Span) -> Sequence[Stream]:
        """What there is to be shipped, in order; raises `DependencyError` if there is nothing, or it may not be seen.

        Only then there is a `listing`.
        """

    @abstractmethod
    def described(self, streams: Sequence[Stream]) -> str:
        """What was found, in one line."""

    def cautions(self) -> Sequence[str]:
        """What was asked for and was not found, one sentence each."""
        return ()

    def is_read(self, bucket: str, key: str) -> bool:  # noqa: ARG002 - all windows of a log are
        """Whether this is read if it is listed: what is no log file by its name is not."""
        return True

    @abstractmethod
    def requests(self) -> int:
        """How many requests were made for names, or for events where these come without any."""

    @abstractmethod
    def count_report(self, plan: Plan, counted: Counted, workers: int, cautions: Sequence[str]) -> Report:
        """What a dry run tells."""


class BucketsOrigin(HistoryOrigin):
    """The trails in the buckets of the settings."""

    things = "objects"
    late = ON_ITS_WAY

    def __init__(
        self, buckets: Buckets, wanted: Wanted, admission: Admission, pool: Executor, retrying: Retrying
    ) -> None:
        self.listing = buckets.listing
        self.store: S3 = buckets.store
        self._wanted = wanted
        self._admission = admission
        self._discovery = Discovery(buckets.listing, pool, retrying)

    def find(self, span: Span) -> Sequence[Stream]:
        """The streams of all trails that are wanted. From then on the store can ask for others than one that fails."""
        streams = self._discovery.find(self._wanted)
        self.store.witnesses = Witnesses(self.listing, streams, span)
        return streams

    def described(self, streams: Sequence[Stream]) -> str:
        """The folders, and how many streams are in them."""
        roots = sorted({f"{each.address.partition('AWSLogs/')[0]}AWSLogs/" for each in streams})
        accounts, regions = {each.account for each in streams}, {each.region for each in streams}
        counts = (
            number_of(len(streams), "stream"),
            number_of(len(accounts), "account"),
            number_of(len(regions), "region"),
        )
        return f"{', '.join(roots)}: {', '.join(counts)}"

    def cautions(self) -> Sequence[str]:
        """Accounts and regions that were named and have nothing: a name may be mistyped."""
        return self._discovery.cautions

    def is_read(self, bucket: str, key: str) -> bool:
        """What the flow decides of it."""
        return isinstance(self._admission.admit(ObjectRef(bucket, key)), Admitted)

    def requests(self) -> int:
        """Those of the listing."""
        return self.listing.requests

    def count_report(self, plan: Plan, counted: Counted, workers: int, cautions: Sequence[str]) -> Report:
        """Objects, bytes, requests, time and cost."""
        return CountReport(plan.span, len(plan.streams), workers, counted, cautions)


class LogOrigin(HistoryOrigin):
    """A log that gives events: each of its windows is shipped as an object is."""

    things = "windows"
    late = timedelta(0)  # its span ends early enough

    def __init__(self, log: EventLog, within: Callable[[Span, datetime], Span] = lambda span, _: span) -> None:
        """`within` gives what of a span the log has for certain at a time; it raises `SpanError` if that is nothing."""
        self.store = log
        self._log = log
        self._within = within
        self._days: dict[str, timedelta] | None = None

    def owner(self) -> str:
        """What the log says."""
        return self._log.owner()

    def look(self, span: Span) -> Span:
        """A first look at each place also tells what time it is there."""
        self._days = self._quiet_places(span)
        there = self._log.now()
        try:
            return span if there is None else self._within(span, there)
        except SpanError as error:
            raise DependencyError(f"by the clock of the log it is {shown(there or span.until)} UTC: {error}") from error

    def _quiet_places(self, span: Span) -> dict[str, timedelta]:
        """The buckets whose windows are days."""
        places = zip(self._log.buckets(), self._log.places, strict=True)
        return {bucket: DAY for bucket, place in places if is_quiet(self._log, place, span)}

    def find(self, span: Span) -> Sequence[Stream]:
        """A stream for each place. Where windows are not all days, each day is looked at."""
        if self._days is None:
            self._days = self._quiet_places(span)
        places = dict(zip(self._log.buckets(), self._log.places, strict=True))

        def look(bucket: str, begin: datetime, end: datetime) -> timedelta:
            return length_of(self._log, places[bucket], begin, end)

        self.listing = WindowListing(span, self._days, look)
        return streams_of(self._log)

    def described(self, streams: Sequence[Stream]) -> str:
        """The places of the log."""
        return ", ".join(each.bucket for each in streams)

    def requests(self) -> int:
        """Those to the log."""
        return self._log.requests

    def count_report(
        self,
        plan: Plan,
        counted: Counted,
        workers: int,  # noqa: ARG002 - the log's pace counts
        cautions: Sequence[str],
    ) -> Report:
        """Windows, requests, and the time that these take."""
        return WindowCountReport(plan.span, self._log, counted.objects, cautions)
