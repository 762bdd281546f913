"""CloudTrail record → OTLP LogRecord: a function of the record and the object it stands in, and of nothing else.

`TABLE` says which member becomes which attribute. Attribute names are those of the OpenTelemetry semantic conventions
and of the Collector's `awslogs_encoding` extension where either has one. What a service says in its own words is in its
profile. Pages: OpenTelemetry "Logs Data Model"; semantic conventions 1.x; CloudTrail user guide, "CloudTrail record
contents".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, Protocol

from agent.model import LogRecord, ObjectSource
from agent.records.actor import Actor
from agent.records.event_kind import EventKind, Told, actor_attributes, place
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
from agent.records.memo import Memo
from agent.records.profiles import profile_of
from agent.records.profiles.codecatalyst import SPACE
from agent.records.profiles.profile import ANYTHING, Ours, Profile
from agent.records.quick_telling import QuickTelling
from agent.records.rows import Row, RowReader
from agent.trail.edit import Mask, compact
from agent.trail.event import TrailEvent, decode, flag, text
from agent.trail.moment import unix_nanoseconds
from agent.trail.usual_event import UnusualEventError, read_usual

MALFORMED_MEMBER: Final = "trail_agent.malformed"
"""The attribute that names the member whose value means nothing."""

_INFO: Final = 9
_WARN: Final = 13
_SESSION: Final = "userIdentity.sessionContext"
_moments: Final = Memo(unix_nanoseconds, 4096, 64)  # what happened within one second stands in many objects of a minute
_NOTHING_READ: Final = blake2b(digest_size=16)  # to copy it is cheaper than to make it
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
none there. It counts at once; for all to be as quick as before, `QuickRows` has to know it, too, and a test says so."""


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

    Nearly every event is told quickly. Any event can be told plainly, and then tells the same. So a new line of `table`
    counts at once, also one that `QuickRows` does not know yet: then all events are told plainly.
    """

    def __init__(
        self,
        *,
        form: RecordForm,
        limits: RecordLimits,
        mask: Mask | None = None,
        ours: Ours = ANYTHING,
        service_names: Mapping[str, str] | None = None,
        table: Sequence[Row] = TABLE,
    ) -> None:
        rows = [row for row in table if form.parameters == "json" or row.attribute not in PARAMETERS]
        self._read = RowReader(rows)
        self._limits = limits
        self._mask = mask
        self._ours = ours
        self._service_names = service_names or {}
        self._tell_quickly: Callable[[Any, ObjectSource], Told]
        try:
            self._tell_quickly = QuickTelling(rows, self._service_names).tell
        except ValueError:
            self._tell_quickly = _cannot_tell_quickly

    def to_record(self, raw: bytes, source: ObjectSource, usual: Any = None) -> LogRecord:
        """The record for one entry of `Records[]`; raises `MalformedEventError` if `raw` is no JSON object.

        `usual` is what `decode_usual` makes of `raw`, where that is at hand.
        """
        if self._mask:
            return self._masked(self._mask, compact(raw), source)
        try:
            event, body, written = read_usual(raw, usual)
            told = self._tell_quickly(event, source)
        except UnusualEventError:
            body = compact(raw)
            event, written = decode(body), body.decode()
            told = self.tell_plainly(event, profile_of(event, self._ours), source)
        return fit(_record(event, told, body, written, source), self._limits)

    @property
    def has_mask(self) -> bool:
        """Whether anything is to be masked."""
        return self._mask is not None

    def to_record_of(self, event: bytes, body: bytes, source: ObjectSource) -> LogRecord:
        """The record of `event`, which stands in the form of `body` where it was read; masks nothing.

        Both are JSON without white space between tokens. Raises `MalformedEventError` if `event` is no JSON object.
        """
        decoded = decode(event)
        told = self.tell_plainly(decoded, profile_of(decoded, self._ours), source)
        return fit(_record(decoded, told, body, body.decode(), source), self._limits)

    def profile_of(self, raw: bytes) -> Profile:
        """The profile that tells the event; raises `MalformedEventError` if `raw` is no JSON object."""
        return profile_of(decode(raw), self._ours)

    def masks(self, raw: bytes) -> Mapping[str, int]:
        """How many values of the event each path of the mask replaces, if there is a mask; raises as `to_record`."""
        return self._mask.replaces(compact(raw)) if self._mask else {}

    def _masked(self, mask: Mask, whole: bytes, source: ObjectSource) -> LogRecord:
        profile = self.profile_of(whole)  # before masking, which may hide what the event is about
        body = mask.apply(whole)
        event = decode(body)
        told = self.tell_plainly(event, profile, source)
        return fit(_record(event, told, whole, body.decode(), source), self._limits)

    def tell_plainly(self, event: TrailEvent, profile: Profile, source: ObjectSource) -> Told:
        """All that an event tells, whatever the types of its members are."""
        kind = EventKind.of(profile, text(event.event_source), text(event.event_name), self._service_names)
        who = Actor.of(event.user_identity)
        attributes = self._read(event)
        attributes.update(kind.subjects.read(event))
        failed = "aws.error.code" in attributes or (profile.has_failed is not None and profile.has_failed(event))
        attributes.update(actor_attributes(profile.story, who.kind, who.display(event)))
        attributes.update(kind.ending(failed=failed))
        attributes.update(place(source))
        labels = kind.labels(who.identity_type, failed=failed)
        return Told(kind.event_name, kind.service_name, labels, failed, attributes, str(attributes.get(SPACE, "")))


def _cannot_tell_quickly(_event: object, _source: ObjectSource) -> Told:
    raise UnusualEventError


def _record(event: Any, told: Told, whole: bytes, body: str, source: ObjectSource) -> LogRecord:
    """The record of an event of either form, which is `whole` before anything of it was masked."""
    digest = _NOTHING_READ.copy()
    digest.update(whole)
    written = event.event_time
    time = _moments[written] if isinstance(written, str) else unix_nanoseconds(written)
    attributes = told.attributes
    return LogRecord(
        account=text(event.recipient_account_id) or source.account,
        region=text(event.aws_region),
        time_unix_nano=source.last_modified_ns if time is None else time,
        observed_time_unix_nano=source.last_modified_ns,
        severity_number=_WARN if told.failed else _INFO,
        event_name=told.event_name,
        body=body,
        attributes={**attributes, MALFORMED_MEMBER: "eventTime"} if time is None else attributes,
        event_id=text(event.event_id),
        labels=told.labels,
        source=source,
        digest=digest.digest(),
        service_name=told.service_name,
        space=told.space,
    )
