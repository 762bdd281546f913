"""CloudTrail record → OTLP LogRecord: a function of the record and the object it stands in, and of nothing else.

`TABLE` says which member becomes which attribute. Attribute names are those of the OpenTelemetry semantic conventions
and of the Collector's `awslogs_encoding` extension where either has one. What a service says in its own words is in its
profile. Pages: OpenTelemetry "Logs Data Model"; semantic conventions 1.x; CloudTrail user guide, "CloudTrail record
contents".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final, Protocol

from agent.model import EventLabels, LogRecord, ObjectSource
from agent.records import actor
from agent.records.fitting import PARAMETERS, RecordLimits, fit
from agent.records.leaves import (
    error_code,
    ip_address,
    json_text,
    names,
    only_true,
    resources,
    tls_version,
    verbatim,
)
from agent.records.profiles import CODECATALYST, profile_of
from agent.records.profiles.profile import (
    ANYTHING,
    UNKNOWN_SERVICE,
    Ours,
    Profile,
    plain_source,
    service,
)
from agent.records.rows import Row, RowReader
from agent.trail.edit import Mask, compact
from agent.trail.event import TrailEvent, decode, flag, text
from agent.trail.moment import unix_nanoseconds

_INFO: Final = 9
_WARN: Final = 13
_UNNAMED: Final = "Unknown"
_SESSION: Final = "userIdentity.sessionContext"
_ISSUER: Final = "userIdentity.sessionContext.sessionIssuer"

TABLE: Final = (
    Row("aws.cloudtrail.event_id", "eventID", "C"),
    Row("log.record.uid", "eventID", "S"),
    Row("aws.cloudtrail.event_version", "eventVersion", "C"),
    Row("aws.cloudtrail.api_version", "apiVersion", "C"),
    Row("rpc.method", "eventName", "C"),
    Row("rpc.service", "eventSource", "C"),
    Row("rpc.system.name", "eventType", "C"),
    Row("rpc.system", "eventType", "C"),
    Row("aws.event.category", "eventCategory", "C"),
    Row("aws.event.read_only", "readOnly", "C", flag),
    Row("aws.event.management", "managementEvent", "C", flag),
    Row("aws.request_id", "requestID", "C"),
    Row("aws.shared_event_id", "sharedEventID", "C"),
    Row("source.address", "sourceIPAddress", "C"),
    Row("client.address", "sourceIPAddress", "S", ip_address),
    Row("user_agent.original", "userAgent", "C, S", verbatim),
    Row("aws.error.code", "errorCode", "C", error_code),
    Row("error.type", "errorCode", "S", error_code),
    Row("aws.error.message", "errorMessage", "C", verbatim),
    Row("aws.resources", "resources", "C", resources),
    Row("tls.protocol.version", "tlsDetails.tlsVersion", "C, S", tls_version),
    Row("tls.cipher", "tlsDetails.cipherSuite", "C, S"),
    Row("server.address", "tlsDetails.clientProvidedHostHeader", "C, S"),
    Row("tls.curve", "tlsDetails.keyExchange", "S"),
    Row("aws.session.console", "sessionCredentialFromConsole", "C", only_true),
    Row("aws.cloudtrail.vpc_endpoint_id", "vpcEndpointId", "X"),
    Row("aws.cloudtrail.vpc_endpoint_account_id", "vpcEndpointAccountId", "X"),
    Row("aws.cloudtrail.addendum.reason", "addendum.reason", "X"),
    Row("aws.cloudtrail.addendum.updated_fields", "addendum.updatedFields", "X", names),
    Row("aws.cloudtrail.addendum.original_request_id", "addendum.originalRequestID", "X"),
    Row("aws.cloudtrail.addendum.original_event_id", "addendum.originalEventID", "X"),
    Row("aws.request.parameters", "requestParameters", "C", json_text),
    Row("aws.response.elements", "responseElements", "C", json_text),
    Row("aws.cloudtrail.additional_event_data", "additionalEventData", "C", json_text),
    Row("aws.cloudtrail.service_event_details", "serviceEventDetails", "X", json_text),
    Row("aws.cloudtrail.event_context", "eventContext", "X", json_text),
    Row("aws.cloudtrail.edge_device_details", "edgeDeviceDetails", "X", json_text),
    Row("aws.cloudtrail.insight_details", "insightDetails", "X", json_text),
    Row("aws.principal.type", "userIdentity.type", "C"),
    Row("aws.principal.id", "userIdentity.principalId", "C"),
    Row("aws.principal.arn", "userIdentity.arn", "C"),
    Row("aws.user_identity.account_id", "userIdentity.accountId", "C"),
    Row("aws.access_key.id", "userIdentity.accessKeyId", "C"),
    Row("aws.user_identity.invoked_by", "userIdentity.invokedBy", "C"),
    Row("user.name", "userIdentity.userName", "C, S"),
    Row("user.id", "userIdentity.onBehalfOf.userId else userIdentity.userId", "S"),
    Row(
        "aws.identity_store.arn",
        "userIdentity.onBehalfOf.identityStoreArn else userIdentity.identityStoreArn",
        "C",
    ),
    Row("aws.user_identity.credential_id", "userIdentity.credentialId", "X"),
    Row("aws.user_identity.invoked_by_delegate.account_id", "userIdentity.invokedByDelegate.accountId", "X"),
    Row("aws.user_identity.in_scope_of.source_arn", "userIdentity.inScopeOf.sourceArn", "X"),
    Row("aws.user_identity.in_scope_of.source_account", "userIdentity.inScopeOf.sourceAccount", "X"),
    Row("aws.user_identity.in_scope_of.issuer_type", "userIdentity.inScopeOf.issuerType", "X"),
    Row("aws.user_identity.in_scope_of.credentials_issued_to", "userIdentity.inScopeOf.credentialsIssuedTo", "X"),
    Row("aws.user_identity.identity_provider", "userIdentity.identityProvider", "X"),
    Row("aws.user_identity.session_context.attributes.creation_date", f"{_SESSION}.attributes.creationDate", "C"),
    Row(
        "aws.user_identity.session_context.attributes.mfa_authenticated",
        f"{_SESSION}.attributes.mfaAuthenticated",
        "C",
        flag,
    ),
    Row("aws.user_identity.session_context.issuer.type", f"{_ISSUER}.type", "C"),
    Row("aws.user_identity.session_context.issuer.principal_id", f"{_ISSUER}.principalId", "C"),
    Row("aws.user_identity.session_context.issuer.arn", f"{_ISSUER}.arn", "C"),
    Row("aws.user_identity.session_context.issuer.account_id", f"{_ISSUER}.accountId", "C"),
    Row("aws.user_identity.session_context.issuer.user_name", f"{_ISSUER}.userName", "C"),
    Row("aws.user_identity.session_context.source_identity", f"{_SESSION}.sourceIdentity", "X"),
    Row(
        "aws.user_identity.session_context.web_id_federation.provider",
        f"{_SESSION}.webIdFederationData.federatedProvider",
        "X",
    ),
    Row("aws.user_identity.session_context.ec2_role_delivery", f"{_SESSION}.ec2RoleDelivery", "X"),
    Row("aws.user_identity.session_context.assumed_root", f"{_SESSION}.assumedRoot", "X"),
)
"""Every attribute that any event can have. A new one is one more line, and a field in trail/event.py if its member has
none there."""


class RecordForm(Protocol):
    """Those of the settings of `record` that say what a record holds. The settings are above this layer."""

    @property
    def parameters(self) -> str:
        """`json`: AWS's open-ended members become attributes that hold JSON, too; `omit`: they do not."""
        ...


class Mapper:
    """Turns the bytes of one trail event into a `LogRecord`.

    `form` and `limits` are the settings' `record` and `limits`, whole. `ours` is what the agent reads with, for the
    profiles that ask. `service_names` has the `service.name` of a profile's records where it is not `aws-<service>`.
    """

    def __init__(
        self,
        *,
        form: RecordForm,
        limits: RecordLimits,
        mask: Mask | None = None,
        ours: Ours = ANYTHING,
        service_names: Mapping[str, str] | None = None,
    ) -> None:
        self._read = RowReader(row for row in TABLE if form.parameters == "json" or row.attribute not in PARAMETERS)
        self._limits = limits
        self._mask = mask
        self._ours = ours
        self._service_names = service_names or {}

    def to_record(self, raw: bytes, source: ObjectSource) -> LogRecord:
        """The record for one entry of `Records[]`; raises `MalformedEventError` if `raw` is no JSON object."""
        body = compact(raw)
        digest = blake2b(body, digest_size=16).digest()
        event = decode(body)
        profile = profile_of(event, self._ours)  # before masking, which may hide what the event is about
        if self._mask:
            body = self._mask.apply(body)
            event = decode(body)
        return fit(self._map(event, profile, body, source, digest), self._limits)

    def _map(self, event: TrailEvent, profile: Profile, body: bytes, source: ObjectSource, digest: bytes) -> LogRecord:
        name = profile.canonical(text(event.event_name))
        time = unix_nanoseconds(event.event_time)
        attributes = self._read(event)
        attributes.update(profile.subject(event, name))
        failed = "aws.error.code" in attributes or (profile.has_failed is not None and profile.has_failed(event))
        outcome = "failure" if failed else "success"
        attributes.update(_filled(_story(profile.story, event, name, outcome)))
        attributes.update(_filled(_place(source)))
        if time is None:
            attributes["trail_agent.malformed"] = "eventTime"
        its_service = _service(event, profile)
        return LogRecord(
            account=text(event.recipient_account_id) or source.account,
            region=text(event.aws_region),
            time_unix_nano=source.last_modified_ns if time is None else time,
            observed_time_unix_nano=source.last_modified_ns,
            severity_number=_WARN if failed else _INFO,
            event_name=f"{its_service}.{name or _UNNAMED}",
            body=body.decode(),
            attributes=attributes,
            event_id=text(event.event_id),
            labels=_labels(event, profile, name, outcome),
            source=source,
            digest=digest,
            service_name=self._service_name(profile, its_service),
        )

    def _service_name(self, profile: Profile, its_service: str) -> str:
        if profile is CODECATALYST:
            return ""  # the one that the `resource` settings have
        return self._service_names.get(profile.name) or f"aws-{its_service}"


def _story(prefix: str, event: TrailEvent, name: str, outcome: str) -> Iterator[tuple[str, str]]:
    """Who did what, and whether it worked, in one word each."""
    yield f"{prefix}.actor.kind", str(actor.kind(event.user_identity))
    yield f"{prefix}.actor", actor.display(event)
    yield f"{prefix}.event", name
    yield f"{prefix}.outcome", outcome


def _place(source: ObjectSource) -> Iterator[tuple[str, str]]:
    """Where the record was read."""
    yield "log.file.path", f"s3://{source.bucket}/{source.key}" if source.bucket else source.key
    yield "log.file.name", source.key.rpartition("/")[2]


def _filled(attributes: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in attributes if value)


def _labels(event: TrailEvent, profile: Profile, name: str, outcome: str) -> EventLabels:
    return EventLabels(
        event_name=name or _UNNAMED,
        identity_type=text(event.user_identity.type) or actor.UNKNOWN_IDENTITY,
        outcome=outcome,
        event_source="" if profile is CODECATALYST else plain_source(text(event.event_source)) or UNKNOWN_SERVICE,
    )


def _service(event: TrailEvent, profile: Profile) -> str:
    """The service's short name; an event of CodeCatalyst can have a placeholder for its source."""
    if profile is CODECATALYST:
        return profile.name
    return service(text(event.event_source)) or UNKNOWN_SERVICE
