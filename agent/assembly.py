"""What a daemon is built of: everything that works is put together here, from the settings."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial

from agent import __version__
from agent.aws.event_history import EventHistory
from agent.aws.lease import DryRunLeases, Leases
from agent.aws.s3 import S3
from agent.aws.source import DryRunSource, Source
from agent.choices import make_admission, make_mapper, make_mask, make_objects, make_ours, make_selector
from agent.connections import Aws, AwsConnections
from agent.flow.at_once import AtOnce
from agent.flow.budget import Budget, Share
from agent.flow.crew import Crew, Stops, Supply, Team
from agent.flow.event_log import EventLog
from agent.flow.hands import Hands
from agent.flow.heap import Heap
from agent.flow.intake import Intake
from agent.flow.objects import ObjectReader
from agent.flow.pipeline import Pipeline
from agent.flow.readpool import ReadPool
from agent.flow.remembered import Remembered
from agent.flow.shipping import Shipping
from agent.flow.slots import ReadSlots
from agent.flow.thread_each import ThreadEach
from agent.flow.window_reader import WindowReader
from agent.flow.worker import Worker
from agent.history.beginning import Start
from agent.history.followed import Followed, follow
from agent.history.history_source import HistoryInHand
from agent.history.place_file import Places
from agent.model import Delivery, Reading, Settlement
from agent.pulse import Pulse
from agent.records.fitting import halved
from agent.records.profiles.profile import Ours
from agent.settings import EventHistorySettings, Settings
from agent.sink.files import FileSink
from agent.sink.opening import open_wire
from agent.sink.sink import DryRunSink, Sink
from agent.telemetry.events import Telemetry
from agent.telemetry.flow_events import HowRead
from agent.waiting.doubt import Doubt, NoDoubt
from agent.waiting.gate import Gate
from agent.waiting.watch import QueueWatch, SinkWatch


class Assembly:
    """Puts the parts together; raises `SettingsError` for settings that only turn out bad in use."""

    def __init__(
        self,
        settings: Settings,
        telemetry: Telemetry,
        pulse: Pulse,
        stops: Stops,
        *,
        dry_run: bool = False,
        files: FileSink | None = None,
    ) -> None:
        """`files` stand in for the sink of the settings."""
        self._settings = settings
        self._telemetry = telemetry
        self._pulse = pulse
        self._stops = stops
        self.start = Start.now(pulse.clock)
        self._random = random.SystemRandom().random
        self._dry_run = dry_run
        self._gate = Gate(pulse, stops.halt)
        self._budget = Budget(
            settings.limits.in_flight_bytes,
            pulse,
            stops.halt,
            telemetry.bytes_reserved,
            request_bytes=settings.otlp.max_batch_bytes,
            heap=Heap(),
        )
        self._mask = make_mask(settings.record)
        self.aws = AwsConnections(settings, telemetry, pulse)
        self.sink = DryRunSink() if dry_run else files or self._make_sink()
        self._shipping = Shipping(
            sink=self.sink,
            remembered=Remembered(settings.dedup.events),
            telemetry=telemetry,
            pulse=pulse,
            halt=stops.halt,
        )
        self._pool = ThreadEach("read")

    def queue(self, aws: Aws) -> Supply:
        """The deliveries of the queue that the settings name."""
        make_leases = DryRunLeases if self._dry_run else Leases
        queue = self._settings.needed_queue()
        leases = make_leases(aws.queue, queue.visibility_timeout_seconds, self._telemetry, self._pulse)
        queues = {"main": queue.url, "dead_letter": aws.dead_letter_url}
        watch = QueueWatch(
            queues=queues, ask=aws.queue.attributes, tell=self._telemetry.queue_described, pulse=self._pulse
        )
        return Supply(self._make_source(aws, leases), leases, {"leases": leases.keep, "queue-watch": watch.run})

    def team(
        self, supply: Supply, store: S3 | EventLog, dead_letter_url: str | None, doubt: NoDoubt | None = None
    ) -> Team:
        """Those who work on `supply` from here on; `doubt` in place of "is it me?".

        Without the URL of the dead-letter queue, any queue may be that. From a log, events are read, and no objects.
        """
        ours = make_ours(self._settings, dead_letter_url)
        reads = self._make_reads(store, ours)
        hands = Hands(self._settings.workers, self._budget.is_short, self._pulse)
        make = partial(
            self._make_worker,
            supply,
            intake=self._make_intake(supply),
            reads=reads,
            ship=self._shipping.ship,
            hands=hands,
            doubt=doubt or self._make_doubt(),
        )
        return Team(supply, {f"worker-{n}": make(number=n) for n in range(1, self._settings.workers + 1)})

    def history(
        self, follows: EventHistorySettings, account: EventHistory, places: Places, dead_letter_url: str | None
    ) -> Sequence[Team]:
        """For each region one who works on its Event history: what a region does not give holds up no other."""
        regions = follow(
            self._settings,
            follows,
            account,
            places,
            start=self.start,
            telemetry=self._telemetry,
            pulse=self._pulse,
            drain=self._stops.drain,
            random=self._random,
            accepted=self._shipping.accepted,
        )
        ours = make_ours(self._settings, dead_letter_url)
        return [self._region_team(region, followed, ours) for region, followed in regions.items()]

    def _region_team(self, region: str, followed: Followed, ours: Ours) -> Team:
        source = followed.source
        supply = Supply(source, HistoryInHand(region, self._telemetry, source), {f"begin-{region}": source.begin})
        worker = self._make_worker(
            supply,
            intake=self._make_intake(supply, needs="sink"),
            reads=self._make_window_reads(followed.log, ours, self._telemetry.windows_read),
            ship=partial(self._shipping.ship, tell=source.shipped),
            hands=Hands(1, self._budget.is_short, self._pulse),
            doubt=NoDoubt(),
        )
        return Team(supply, {f"history-{region}": worker})

    def crew(self, teams: Sequence[Team]) -> Crew:
        """Everything that works together from here on."""
        watch = SinkWatch(
            unheard_seconds=self.sink.unheard_seconds,
            await_up=self.sink.await_up,
            is_at_fault=partial(self._gate.is_at_fault, "sink"),
            pulse=self._pulse,
        )
        keepers = {name: duty for team in teams for name, duty in team.supply.keepers.items()}
        return Crew(teams, {**keepers, "sink-watch": watch.run}, self._pool)

    def _make_doubt(self) -> Doubt | NoDoubt:
        if self._dry_run:
            return NoDoubt()
        return Doubt(gate=self._gate, telemetry=self._telemetry, pulse=self._pulse, drain=self._stops.drain)

    def _make_intake(self, supply: Supply, needs: str = "") -> Intake:
        return Intake(
            source=supply.source,
            leases=supply.in_hand,
            gate=self._gate,
            pulse=self._pulse,
            drain=self._stops.drain,
            idle_seconds=self._budget.idle_seconds,
            needs=needs,
        )

    def _make_worker(
        self,
        supply: Supply,
        *,
        intake: Intake,
        reads: AtOnce | ReadPool,
        ship: Callable[[Sequence[Reading]], Sequence[Settlement]],
        hands: Hands,
        doubt: Doubt | NoDoubt,
        number: int = 1,
    ) -> Worker:
        return Worker(
            number=number,
            hands=hands,
            intake=intake,
            reads=reads,
            ship=ship,
            source=supply.source,
            leases=supply.in_hand,
            doubt=doubt,
            telemetry=self._telemetry,
            pulse=self._pulse,
            drain=self._stops.drain,
        )

    def _make_reads(self, store: S3 | EventLog, ours: Ours) -> AtOnce | ReadPool:
        if isinstance(store, EventLog):
            return self._make_window_reads(store, ours, self._telemetry.objects_read)
        settings, telemetry, pulse = self._settings, self._telemetry, self._pulse
        gate, halt = self._gate, self._stops.halt
        slots, admission = ReadSlots(settings.reads, pulse, halt), make_admission(settings)
        objects = self._make_objects(store, ours, slots)
        read = Pipeline(admission=admission, objects=objects, telemetry=telemetry).read
        others = self._make_pool(read)
        return AtOnce(
            store=store,
            admission=admission,
            objects=objects,
            slots=slots,
            budget=self._budget,
            gate=gate,
            others=others,
            pulse=pulse,
            drain=self._stops.drain,
            halt=halt,
        )

    def _make_window_reads(
        self, log: EventLog, ours: Ours, tell_reads: Callable[[Sequence[HowRead]], None]
    ) -> ReadPool:
        settings = self._settings
        reader = WindowReader(
            log,
            selection=make_selector(settings.select, ours),
            mapper=make_mapper(
                settings.record, settings.limits, settings.service_names, ours, self._mask, kind=log.mapper
            ),
            tell_reads=tell_reads,
            pulse=self._pulse,
        )
        return self._make_pool(reader.read)

    def _make_pool(self, read: Callable[[Delivery, Share], Reading]) -> ReadPool:
        return ReadPool(
            pool=self._pool,
            read=read,
            budget=self._budget,
            gate=self._gate,
            telemetry=self._telemetry,
            pulse=self._pulse,
            drain=self._stops.drain,
        )

    def _make_source(self, aws: Aws, leases: Leases) -> Source:
        make = DryRunSource if self._dry_run else Source
        return make(
            aws.queue,
            aws.dead_letter_url,
            leases=leases,
            gate=self._gate,
            telemetry=self._telemetry,
            pulse=self._pulse,
            drain=self._stops.drain,
            halt=self._stops.halt,
            random=self._random,
        )

    def _make_sink(self) -> Sink:
        settings = self._settings
        wire = open_wire(settings.otlp, settings.resource, __version__)
        return Sink(
            encoder=wire.encoder,
            transport=wire.transport,
            telemetry=self._telemetry,
            gate=self._gate,
            pulse=self._pulse,
            halt=self._stops.halt,
            shrink=partial(halved, limits=settings.limits),
            max_batch_bytes=settings.otlp.max_batch_bytes,
            max_batch_records=settings.otlp.max_batch_records,
            random=self._random,
        )

    def _make_objects(self, store: S3, ours: Ours, slots: ReadSlots) -> ObjectReader:
        return make_objects(
            self._settings,
            store,
            ours,
            mask=self._mask,
            gate=self._gate,
            slots=slots,
            telemetry=self._telemetry,
            pulse=self._pulse,
            halt=self._stops.halt,
            random=self._random,
        )
