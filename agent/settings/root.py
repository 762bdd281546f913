"""All settings in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationInfo, field_validator

from agent.settings.destination import OtlpSettings
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


@dataclass(frozen=True, slots=True)
class Context:
    """What loading knows beyond the keys.

    `region` is that of the environment, for a queue URL that names none. `verbatim_endpoint`: `otlp.endpoint` is a
    complete URL.
    """

    region: str = ""
    verbatim_endpoint: bool = False


def _attribute(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be text: quote it")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


AttributeText = Annotated[str, BeforeValidator(_attribute)]


class Settings(Section):
    """trail-agent's settings."""

    queue: QueueSettings
    buckets: tuple[BucketSettings, ...] = Field(
        json_schema_extra={"minItems": 1}, description="the only buckets that are ever read; required"
    )
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

    @field_validator("buckets")
    @classmethod
    def _with_regions(cls, value: tuple[BucketSettings, ...], info: ValidationInfo) -> tuple[BucketSettings, ...]:
        if not value:
            raise ValueError("must have at least one entry")
        queue = info.data.get("queue")
        region = queue.region if queue else ""
        located = (one if one.region else one.model_copy(update={"region": region}) for one in value)
        return unique(tuple(located), lambda one: one.name)

    @field_validator("resource")
    @classmethod
    def _named(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        return {"service.name": SERVICE_NAME, **value}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about settings with which the agent can start; one sentence each."""
        return self._warnings

    def with_warnings(self, warnings: tuple[str, ...]) -> Self:
        """The same settings with these warnings."""
        copy = self.model_copy()
        copy._warnings = warnings  # noqa: SLF001 - a copy of our own
        return copy
