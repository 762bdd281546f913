"""AWS as the settings name it: the queue, its dead-letter queue and the buckets, each with its client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent import __version__
from agent.aws.event_history import EventHistory
from agent.aws.letterbox import Letterbox
from agent.aws.listing import Listing
from agent.aws.quick_queue import QuickQueue
from agent.aws.s3 import S3
from agent.aws.session import Sessions
from agent.aws.space_log import SpaceLog
from agent.aws.sqs import Sqs
from agent.errors import SettingsError
from agent.model import QueueAttributes
from agent.pulse import Pulse
from agent.settings import QueueSettings, Settings
from agent.telemetry.events import Telemetry

_S3_READ_SECONDS: Final = 30
_POLL_MARGIN_SECONDS: Final = 15  # a long poll is answered late at times; only then is the connection broken
_NO_RETRIES: Final = {"total_max_attempts": 1, "mode": "standard"}  # botocore's waits are deaf to a drain; ours are not
_SPARE_CONNECTIONS: Final = 4  # for the lease keeper, the watch and a drain
_OPERATORS_OWN: Final = {"read_timeout": 20, "retries": {"total_max_attempts": 3, "mode": "standard"}}
_OPERATORS_SEND: Final = {**_OPERATORS_OWN, "retries": _NO_RETRIES}  # one whose answer is lost would be sent twice
_OPERATORS_POLL_SECONDS: Final = 1  # the shortest that asks all of SQS's servers

_NO_DEAD_LETTER_QUEUE: Final = (
    "queue.dead_letter_url: the queue has no redrive policy and no dead-letter queue is set; a message that can never "
    "be delivered needs one. Make one: 'aws sqs create-queue --queue-name "
    "trail-agent-dead-letters --attributes MessageRetentionPeriod=1209600', then name its ARN in the RedrivePolicy of "
    "the queue ('aws sqs set-queue-attributes', maxReceiveCount 20), or its URL in queue.dead_letter_url"
)
_NO_BUCKETS: Final = (
    "buckets: is required for this, and event_history does not stand for it: the buckets that may be read; "
    "`trail-agent replay --from event-history` ships what Event history has"
)


@dataclass(frozen=True, slots=True)
class Aws:
    """What AWS is to this daemon, once it has answered."""

    queue: Sqs
    store: S3
    dead_letter_url: str


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets that may be read: their objects, and what their names tell."""

    store: S3
    listing: Listing


class AwsConnections:
    """Connects one daemon to AWS."""

    def __init__(self, settings: Settings, telemetry: Telemetry, pulse: Pulse, region: str = "") -> None:
        """`region` is where AWS is asked for credentials if the settings name none."""
        self._settings = settings
        self._telemetry = telemetry
        self._pulse = pulse
        self._region = settings.home_region or region
        self._sessions = Sessions(settings.aws, __version__, self._region)

    def connect(self) -> Aws:
        """Make the clients, and ask the queue where its dead letters go.

        Raises `AwsError` if the queue does not answer, `SettingsError` for settings that only turn out bad in use.
        """
        wanted = self._settings.needed_queue()
        queue = self._make_queue(wanted)
        attributes = queue.attributes(wanted.url)
        dead_letter_url = wanted.dead_letter_url or self._dead_letter_url(queue, attributes)
        return Aws(queue, self.open_buckets().store, dead_letter_url)

    def letterbox(self, hidden_seconds: int) -> Letterbox:
        """The dead-letter queue, for a command: what it gives is hidden from everybody else for `hidden_seconds`.

        Raises as `connect`. The main queue is asked only where the settings do not name its dead-letter queue.
        """
        queue, clients = self._settings.needed_queue(), self._sessions
        more: dict[str, Any] = {
            "wait_seconds": _OPERATORS_POLL_SECONDS,
            "visibility_timeout_seconds": hidden_seconds,
            "version": __version__,
            "telemetry": self._telemetry,
            "clock": self._pulse.clock,
        }
        if (url := queue.dead_letter_url) is not None:
            client = clients.queue_client(url, region=queue.dead_letter_region, **_OPERATORS_OWN)
        else:
            client = clients.queue_client(queue.url, region=queue.region, **_OPERATORS_OWN)
            of_main = Sqs(client, url=queue.url, **more)
            url = self._dead_letter_url(of_main, of_main.attributes(queue.url))
        sending = clients.queue_client(queue.url, region=queue.region, **_OPERATORS_SEND)
        return Letterbox(client, url=url, main_url=queue.url, others={queue.url: sending}, **more)

    def _dead_letter_url(self, queue: Sqs, attributes: QueueAttributes) -> str:
        """The URL of the queue in the redrive policy."""
        if not attributes.dead_letter_arn:
            raise SettingsError([_NO_DEAD_LETTER_QUEUE])
        self._pulse.beat()
        return queue.url_of(attributes.dead_letter_arn)

    def _make_queue(self, queue: QueueSettings) -> Sqs:
        """The queue that the buckets notify, and the dead-letter queue that the settings name."""
        options = {
            "read_timeout": queue.wait_seconds + _POLL_MARGIN_SECONDS,
            "max_pool_connections": self._settings.workers + _SPARE_CONNECTIONS,
            "retries": _NO_RETRIES,
        }
        letters = queue.dead_letter_url

        def make(url: str, region: str) -> QuickQueue:
            return QuickQueue(self._sessions.queue_client(url, region=region, **options))

        return Sqs(
            make(queue.url, queue.region),
            url=queue.url,
            others={letters: make(letters, queue.dead_letter_region)} if letters else {},
            wait_seconds=queue.wait_seconds,
            visibility_timeout_seconds=queue.visibility_timeout_seconds,
            version=__version__,
            telemetry=self._telemetry,
            clock=self._pulse.clock,
        )

    def open_buckets(self) -> Buckets:
        """The buckets of the settings. Nothing is asked of them. Raises as `connect`."""
        if not self._settings.buckets:
            raise SettingsError([_NO_BUCKETS])
        clients = self._make_bucket_clients()
        owners = {bucket.name: bucket.owner for bucket in self._settings.buckets}
        return Buckets(S3(clients, owners), Listing(clients, owners))

    def event_history(self, regions: Sequence[str]) -> EventHistory:
        """CloudTrail's Event history of these regions. Nothing is asked of it. Raises as `connect`."""
        options: dict[str, Any] = {"read_timeout": _S3_READ_SECONDS, "retries": _NO_RETRIES}
        clients = {one: self._sessions.client("cloudtrail", region=one, **options) for one in regions}
        return EventHistory(clients, self._sessions.client("sts", region=next(iter(regions)), **options))

    def open_space_log(self) -> SpaceLog:
        """CodeCatalyst's own event logs. Nothing is asked of them. Raises as `connect`, also if there is no token."""
        return SpaceLog(
            self._sessions.bearer_client(
                "codecatalyst",
                region=self._region,
                read_timeout=_S3_READ_SECONDS,
                retries=_NO_RETRIES,
            )
        )

    def _make_bucket_clients(self) -> Mapping[str, Any]:
        """A client for each bucket; those of one region and role share it."""
        clients: dict[tuple[str, str | None], Any] = {}
        for bucket in self._settings.buckets:
            where = (bucket.region, bucket.role_arn)
            if where not in clients:
                clients[where] = self._sessions.client(
                    "s3",
                    region=bucket.region,
                    role_arn=bucket.role_arn,
                    read_timeout=_S3_READ_SECONDS,
                    max_pool_connections=self._settings.reads,
                    retries=_NO_RETRIES,
                )
        return {bucket.name: clients[bucket.region, bucket.role_arn] for bucket in self._settings.buckets}
