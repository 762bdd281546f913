"""The OTLP endpoint that takes the log records, and how to reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, PrivateAttr, SecretStr, ValidationInfo, field_validator, model_validator

from agent.settings import headers as header_lists
from agent.settings import urls
from agent.settings.sections import Section
from agent.settings.values import AnyCase, Positive, ReadableFile, Seconds, split_url


@dataclass(frozen=True, slots=True)
class Place:
    """Where a protocol is spoken: its usual port, and the path of log records below a base URL, if it has one."""

    port: int
    path: str = ""

    @property
    def nearby(self) -> str:
        """The base URL of a sink on this machine."""
        return f"http://localhost:{self.port}"


HTTP: Final = "http/protobuf"
PLACES: Final[Mapping[str, Place]] = {HTTP: Place(4318, "/v1/logs"), "grpc": Place(4317)}
"""The values of `otlp.protocol`."""


class OtlpSettings(Section):
    """Where log records go. `headers` also holds the headers of `headers_file`."""

    endpoint: str = Field(
        default=PLACES[HTTP].nearby,
        description="base URL of the sink; over HTTP `/v1/logs` is added unless it ends so; grpc: default port 4317",
    )
    protocol: Annotated[Literal["http/protobuf", "grpc"], AnyCase] = Field(
        default="http/protobuf", description="`http/protobuf` or `grpc`"
    )
    headers_file: ReadableFile | None = Field(
        default=None,
        description="file with `key: value` or `key=value` lines; where both name a header, `otlp.headers` wins",
    )
    headers: Mapping[str, SecretStr] = Field(
        default={},
        description="headers of every request; secrets belong in TRAIL_AGENT_OTLP__HEADERS or `otlp.headers_file`",
    )
    compression: Annotated[Literal["gzip", "none"], AnyCase] = Field(default="gzip", description="`gzip` or `none`")
    timeout_seconds: Seconds = Field(
        default=10, gt=0, le=50, description="time for one whole request, its answer included; at most 50"
    )
    max_batch_bytes: Positive = Field(default=3_145_728, description="size of the largest request, before compression")
    max_batch_records: Positive = Field(default=500, description="most log records in one request")
    ca_file: ReadableFile | None = Field(
        default=None, description="PEM file with the certificate authorities to trust instead of the system's"
    )
    cert_file: ReadableFile | None = Field(default=None, description="PEM file with the client certificate")
    key_file: ReadableFile | None = Field(default=None, description="PEM file with the client certificate's key")

    _verbatim: bool = PrivateAttr(default=False)

    @model_validator(mode="before")
    @classmethod
    def _port_of_protocol(cls, given: object) -> object:
        if isinstance(given, dict) and "endpoint" not in given:
            place = PLACES.get(str(given.get("protocol")).lower())
            return {**given, "endpoint": place.nearby} if place else given
        return given

    @field_validator("endpoint")
    @classmethod
    def _reachable(cls, value: str) -> str:
        split_url(value)
        return value

    @field_validator("protocol")
    @classmethod
    def _user_only_over_http(cls, value: str, info: ValidationInfo) -> str:
        if value == "grpc" and "@" in urls.authority(info.data.get("endpoint", "")):
            raise ValueError(
                "cannot be grpc with a user name in otlp.endpoint: put an authorization header in otlp.headers"
            )
        return value

    @field_validator("headers_file")
    @classmethod
    def _sound_file(cls, value: ReadableFile | None) -> ReadableFile | None:
        if value is not None:
            header_lists.checked(header_lists.read_file(value))
        return value

    @field_validator("headers", mode="before")
    @classmethod
    def _with_file(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, Mapping):
            return value
        plain = {name: one.get_secret_value() if isinstance(one, SecretStr) else one for name, one in value.items()}
        file = info.data.get("headers_file")
        return _over(header_lists.read_file(file) if file else {}, header_lists.checked(plain))

    @field_validator("key_file")
    @classmethod
    def _key_with_certificate(cls, value: ReadableFile | None, info: ValidationInfo) -> ReadableFile | None:
        if "cert_file" in info.data and (value is None) != (info.data["cert_file"] is None):
            raise ValueError("and otlp.cert_file go together: set both, or neither")
        return value

    def model_post_init(self, context: object, /) -> None:
        """Remember whether the endpoint came from OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, which is a complete URL."""
        self._verbatim = bool(getattr(context, "verbatim_endpoint", False))

    @property
    def logs_url(self) -> str:
        """The address to which log records are sent. It may hold a password: never log or show it."""
        path = PLACES[self.protocol].path
        return urls.logs_url(self.endpoint, path) if path and not self._verbatim else self.endpoint

    def plain_headers(self) -> dict[str, str]:
        """The headers as they are sent, secrets included."""
        return {name: value.get_secret_value() for name, value in self.headers.items()}


def _over(file: Mapping[str, object], given: Mapping[str, str]) -> dict[str, object]:
    """The headers of both. Where both have a name (case does not matter), the given one stays."""
    taken = {name.lower() for name in given}
    return {**{name: value for name, value in file.items() if name.lower() not in taken}, **given}
