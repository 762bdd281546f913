"""All settings in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from agent.errors import SettingsError
from agent.settings.destination import OtlpSettings
from agent.settings.history import EventHistorySettings
from agent.settings.sections import (
    AwsSettings,
    BucketSettings,
    DedupSettings,
    HttpSettings,
    LimitSettings,
    LogSettings,
    QueueSettings,
    RecordSettings,
    Section,
    SelectSettings,
    SpaceSettings,
)
from agent.settings.values import AccountId, OtherProfileName, Region, Seconds, Text, Whole, unique

SERVICE_NAME = "aws-codecatalyst"
_NO_QUEUE: Final = (
    "queue.url: is required for this, and event_history does not stand for it: the queue that the buckets notify"
)


@dataclass(frozen=True, slots=True)
class Context:
    """What loading knows beyond the keys.

    `region` is that of the environment, for a queue URL that names none. `verbatim_endpoint`: `otlp.endpoint` is a
    complete URL. `needs_source`: it must be said where events come from.
    """

    region: str = ""
    verbatim_endpoint: bool = False
    needs_source: bool = True


_ANYWHERE: Final = Context()
_SOURCES: Final[dict[str, Any]] = {
    "anyOf": [
        {"required": ["queue", "buckets"], "properties": {"queue": {"type": "object"}, "buckets": {"type": "array"}}},
        {
            "required": ["event_history"],
            "properties": {"event_history": {"type": "object"}, "queue": {"type": "null"}, "buckets": {"type": "null"}},
        },
    ]
}


def _attribute(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be text: quote it")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


AttributeText = Annotated[str, BeforeValidator(_attribute)]


class Settings(Section):
    """trail-agent's settings. Events come from the buckets that notify the queue, or from Event history, or both."""

    model_config = ConfigDict(json_schema_extra=_SOURCES)

    queue: QueueSettings | None = Field(default=None)
    buckets: tuple[BucketSettings, ...] = Field(
        default_factory=tuple,  # which the schema does not show: an empty list is no value for it
        json_schema_extra={"minItems": 1},
        description="the only buckets that are ever read",
    )
    event_history: EventHistorySettings | None = Field(default=None)
    accounts: tuple[AccountId, ...] = Field(
        default=(), description="the only account ids allowed in object keys; empty: all"
    )
    regions: tuple[Region, ...] = Field(
        default=(),
        description="the only regions allowed in object keys; objects of others are ignored and not read; empty: all",
    )
    select: SelectSettings = SelectSettings()
    spaces: SpaceSettings = SpaceSettings()
    record: RecordSettings = RecordSettings()
    resource: Mapping[Text, AttributeText] = Field(
        default={"service.name": SERVICE_NAME},
        description="resource attributes, beside those of OTEL_RESOURCE_ATTRIBUTES; `service.name` is that of "
        "CodeCatalyst's events; keys of instances, pods, hosts and processes are left out with a warning, because they "
        "would split streams",
    )
    service_names: Mapping[OtherProfileName, Text] = Field(
        default={},
        description="`service.name` of the events of other profiles, by profile; `generic` stands for services without "
        "one; default: `aws-` and the service's name, such as `aws-sso`",
    )
    otlp: OtlpSettings = OtlpSettings()
    limits: LimitSettings = LimitSettings()
    dedup: DedupSettings = DedupSettings()
    workers: Whole = Field(
        default=4,
        ge=1,
        le=256,
        description="most workers at once; each receives messages, and reads and ships what they name. The agent uses "
        "fewer where one keeps up",
    )
    reads: Whole = Field(default=32, ge=1, le=1024, description="most S3 reads at once, for all workers together")
    shutdown_grace_seconds: Seconds = Field(
        default=25, ge=0, le=3600, description="time to finish what is in hand when the agent is stopped"
    )
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    aws: AwsSettings = AwsSettings()

    _warnings: tuple[str, ...] = PrivateAttr(default=())
    _region: str = PrivateAttr(default="")

    @model_validator(mode="before")
    @classmethod
    def _with_a_source(cls, given: object, info: ValidationInfo) -> object:
        """With what is missing named, so that it is reported: queue and buckets, but neither with Event history."""
        if not isinstance(given, dict) or not (info.context or _ANYWHERE).needs_source:
            return given
        if given.get("event_history") is not None and not any(given.get(name) for name in ("queue", "buckets")):
            return {name: value for name, value in given.items() if name not in {"queue", "buckets"}}
        return {"queue": {}, "buckets": None, **given}

    @field_validator("buckets", mode="before")
    @classmethod
    def _some(cls, value: object) -> object:
        if value is None:
            raise PydanticCustomError("missing", "Field required")
        if value == []:
            raise ValueError("must have at least one entry")
        return value

    @field_validator("buckets")
    @classmethod
    def _with_regions(cls, value: tuple[BucketSettings, ...], info: ValidationInfo) -> tuple[BucketSettings, ...]:
        queue = info.data.get("queue")
        region = queue.region if queue else ""
        located = (one if one.region else one.model_copy(update={"region": region}) for one in value)
        return unique(tuple(located), lambda one: one.name, "bucket")

    @field_validator("resource")
    @classmethod
    def _named(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        return {"service.name": SERVICE_NAME, **value}

    def model_post_init(self, context: Context | None, /) -> None:
        """Called by pydantic."""
        self._region = context.region if context else ""

    @property
    def home_region(self) -> str:
        """Where AWS is asked what has no region of its own, such as a role's credentials; empty if none is known."""
        if self.queue:
            return self.queue.region
        return self.event_history.regions[0] if self.event_history else self._region

    @property
    def dead_letter_url(self) -> str | None:
        """The URL of the dead-letter queue, if the settings name one."""
        return self.queue.dead_letter_url if self.queue else None

    def needed_queue(self) -> QueueSettings:
        """The queue, for what cannot do without; raises `SettingsError` if there is none."""
        if self.queue is None:
            raise SettingsError([_NO_QUEUE])
        return self.queue

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about settings with which the agent can start; one sentence each."""
        return self._warnings

    def with_warnings(self, warnings: tuple[str, ...]) -> Self:
        """The same settings with these warnings."""
        copy = self.model_copy()
        copy._warnings = warnings  # noqa: SLF001 - a copy of our own
        return copy
