"""The sections of the settings, one frozen model each.

The description of a field is its documentation: it stands in the JSON Schema and in docs/settings.md.
A key that is absent, empty in the environment, or null has its default.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator

from agent.settings import urls
from agent.settings.mask_key import read_mask_key
from agent.settings.regions import known_region
from agent.settings.values import (
    AccountId,
    AnyCase,
    BucketName,
    EndpointUrl,
    EventSource,
    ExcludedEvent,
    MaskedPath,
    Positive,
    ProfileName,
    ReadableFile,
    RoleArn,
    SessionName,
    Text,
    Whole,
    split_url,
)


class Section(BaseModel):
    """A part of the settings: frozen, without unknown keys, and without secrets in its repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, object]]:
        for name, value in super().__repr_args__():
            yield name, urls.redacted_url(value) if isinstance(value, str) and "://" in value else value


class QueueSettings(Section):
    """The SQS queue that the buckets notify. Without `region`, the URL says it.

    The host in a queue's URL is the one that is asked, unless an endpoint is set by name.
    """

    url: Annotated[
        str,
        Field(description="URL of the SQS queue that the buckets notify; its host is asked; required"),
    ]
    region: str = Field(default="", description="region of the queue; default: the one in its URL, else AWS_REGION")
    wait_seconds: Whole = Field(
        default=10,
        ge=0,
        le=20,
        description="how long one receive waits for messages (long poll); a stop of an idle agent takes up to this",
    )
    visibility_timeout_seconds: Whole = Field(
        default=120,
        ge=5,
        le=43200,
        description="how long a message is hidden from others (its lease); extended while the agent works on it",
    )
    dead_letter_url: str | None = Field(
        default=None, description="URL of the dead-letter queue; default: the queue named in the queue's redrive policy"
    )

    @field_validator("url")
    @classmethod
    def _queue(cls, value: str) -> str:
        return urls.queue_url(value)

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str, info: ValidationInfo) -> str:
        url = info.data.get("url")
        if url is None:  # already reported
            return value
        in_url = urls.queue_region(url)
        region = value or in_url or getattr(info.context, "region", "")
        if not region:
            raise ValueError("is required: the queue's URL names no region, and AWS_REGION is not set")
        if in_url and region != in_url:
            raise ValueError("is not the region that the queue's URL names; leave it out, or correct the URL")
        return known_region(region)

    @field_validator("dead_letter_url")
    @classmethod
    def _another_queue(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and urls.queue_url(value) == info.data.get("url"):
            raise ValueError("must not be the same queue as queue.url")
        return value

    @property
    def dead_letter_region(self) -> str:
        """The region of the dead-letter queue that the settings name: the one in its URL, else the queue's."""
        return urls.queue_region(self.dead_letter_url or "") or self.region


class BucketSettings(Section):
    """One bucket that may be read. Without `region`, it is the queue's."""

    name: BucketName = Field(description="exact name of the bucket; required")
    region: str = Field(default="", description="region of the bucket; default: the queue's")
    owner: AccountId | None = Field(
        default=None, description="account id that must own the bucket (ExpectedBucketOwner)"
    )
    role_arn: RoleArn | None = Field(default=None, description="role assumed to read this bucket (connected accounts)")

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        return known_region(value) if value else value


class SelectSettings(Section):
    """Which trail events are shipped."""

    profiles: tuple[ProfileName, ...] = Field(
        default=("codecatalyst",),
        description="services whose events are shipped, with attributes of their own; docs/records.md lists them",
    )
    event_sources: tuple[EventSource, ...] = Field(
        default=(),
        description="further `eventSource` values whose events are shipped; `*`: the whole trail, "
        "but not its insight, network-activity and aggregated files: they are not read",
    )
    connection_events: bool = Field(
        default=True,
        description="with the profile `codecatalyst`: also its documented connection and billing events whose "
        "`eventSource` names no AWS service",
    )
    kms_keys: tuple[Text, ...] = Field(
        default=(),
        description="for the profile `trail_guard`: ids, aliases or ARNs of the KMS keys of the trail and the queue; "
        "empty: any key",
    )
    exclude_events: tuple[ExcludedEvent, ...] = Field(
        default=(), description="`eventName` globs that are not shipped, such as `Get*`"
    )
    include_read_only: bool = Field(default=True, description="also ship events that change nothing (`readOnly`: true)")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.event_sources and not self.profiles:
            raise ValueError("would ship nothing: name a profile or an event source")
        return self


class SpaceSettings(Section):
    """What is known of CodeCatalyst spaces."""

    retired: tuple[Text, ...] = Field(
        default=(),
        description="names of spaces that nobody uses any more: no alert says that they fell silent; their events are "
        "shipped as before",
    )


class RecordSettings(Section):
    """What a log record holds of its event."""

    parameters: Literal["json", "omit"] = Field(
        default="json",
        description="`json`: request and response parameters as JSON attributes; `omit`: only in the body",
    )
    mask: tuple[MaskedPath, ...] = Field(
        default=(),
        description="CloudTrail fields (dotted paths) that are replaced by a keyed hash, in attributes and body",
    )
    mask_key_file: ReadableFile | None = Field(
        default=None, description="file with the HMAC key, 32 bytes or more; required when `record.mask` is not empty"
    )

    @field_validator("mask_key_file")
    @classmethod
    def _key_for_mask(cls, value: ReadableFile | None, info: ValidationInfo) -> ReadableFile | None:
        if value is None and info.data.get("mask"):
            raise ValueError("is required when record.mask is not empty: a file that holds a random key")
        if value is not None:
            read_mask_key(value)
        return value


class LimitSettings(Section):
    """Limits that stop hostile or broken input."""

    object_bytes: Positive = Field(default=67_108_864, description="size of the largest object, compressed")
    inflated_bytes: Positive = Field(default=134_217_728, description="size of the largest object, inflated")
    inflation_ratio: Positive = Field(
        default=200, description="largest ratio of inflated to compressed size, after the first MiB"
    )
    events_per_object: Positive = Field(default=200_000, description="most events in one object")
    record_bytes: Positive = Field(
        default=245_760, description="size of the body and attributes of one log record; longer records are cut"
    )
    event_name_labels: Whole = Field(
        default=200,
        ge=0,
        description="number of `event_name` label values beyond the known ones; further events count as `other`",
    )
    in_flight_bytes: Positive = Field(default=536_870_912, description="memory that all reads together may reserve")


class DedupSettings(Section):
    """How many delivered records are remembered."""

    events: Whole = Field(
        default=100_000,
        ge=0,
        le=100_000_000,
        description="number of delivered records that this process remembers, to recognise repeats; 0: off",
    )


class HttpSettings(Section):
    """Where metrics, health and the status page are served."""

    listen: str = Field(default="127.0.0.1:9464", description="address and port of metrics, health and status page")

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        parts = _address(value)
        if parts is None or parts.port is None or parts.netloc != value or "@" in value:
            raise ValueError("must be host:port, such as 127.0.0.1:9464, 0.0.0.0:9464 or [::1]:9464")
        return value

    @property
    def host(self) -> str:
        """The host name or address, without the brackets of an IPv6 address."""
        return urlsplit(f"//{self.listen}").hostname or ""

    @property
    def port(self) -> int:
        """The port; 0 lets the system choose one."""
        return urlsplit(f"//{self.listen}").port or 0


def _address(listen: str) -> SplitResult | None:
    try:
        return split_url(f"http://{listen}")
    except ValueError:
        return None


class LogSettings(Section):
    """The agent's own log, on standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], AnyCase] = Field(
        default="info", description="`debug`, `info`, `warning` or `error`"
    )
    format: Annotated[Literal["auto", "json", "console"], AnyCase] = Field(
        default="auto", description="`json`, `console`, or `auto`: console on a terminal, json otherwise"
    )


class AssumeRoleSettings(Section):
    """The role that the agent takes on for all its calls to AWS."""

    role_arn: RoleArn = Field(description="role assumed for every call to AWS")
    external_id: SecretStr | None = Field(default=None, description="external id that the role requires; secret")
    session_name: SessionName = Field(default="trail-agent", description="session name, as CloudTrail records it")


class AwsSettings(Section):
    """How to reach AWS, where boto3's default chain is not enough."""

    profile: Text | None = Field(default=None, description="profile of the shared AWS configuration")
    assume_role: AssumeRoleSettings | None = Field(default=None, description="role assumed for every call to AWS")
    endpoint_url: EndpointUrl | None = Field(
        default=None,
        description="address of an AWS emulator; the variables AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 and "
        "AWS_ENDPOINT_URL_SQS work, too",
    )
