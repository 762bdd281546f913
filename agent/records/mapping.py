"""CloudTrail record → OTLP LogRecord: a function of the record and the object it stands in, and of nothing else.

Attribute names are those of the OpenTelemetry semantic conventions and of the Collector's `awslogs_encoding` extension
where either has one. Pages: OpenTelemetry "Logs Data Model"; semantic conventions 1.x; CloudTrail user guide,
"CloudTrail record contents".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from agent.model import AttributeValue, EventLabels, LogRecord, ObjectSource
from agent.records import actor
from agent.records.fitting import PARAMETERS, fit, halved
from agent.records.profiles.codecatalyst import UNKNOWN_IDENTITY, canonical
from agent.records.subject import Subject, subject
from agent.trail.edit import Mask, compact
from agent.trail.event import SessionContext, TrailEvent, UserIdentity, decode, flag, text
from agent.trail.moment import unix_nanoseconds

_INFO: Final = 9
_WARN: Final = 13
_PARAMETER_BYTES: Final = 8192
_EMPTY_JSON: Final = frozenset({b"", b"null", b"{}", b"[]", b'""'})
# What programs write into a field for an error when there was none.
_NO_FAILURE: Final = frozenset({"", "0", "0.0", "false", "none", "null", "nil", "-", "ok", "success", "succeeded"})
_SERVICE_SUFFIX: Final = ".amazonaws.com"
_UNNAMED: Final = "Unknown"

Attributes = Mapping[str, AttributeValue]


class Mapper:
    """Turns the bytes of one trail event into a `LogRecord`.

    With `parameters`, AWS's open-ended members become JSON string attributes too. `record_bytes` bounds the body and
    the attributes of a record together.
    """

    def __init__(self, *, parameters: bool, record_bytes: int, mask: Mask | None = None) -> None:
        self._parameters = parameters
        self._record_bytes = record_bytes
        self._mask = mask

    def to_record(self, raw: bytes, source: ObjectSource) -> LogRecord:
        """The record for one entry of `Records[]`; raises `MalformedEventError` if `raw` is no JSON object."""
        body = compact(raw)
        digest = blake2b(body, digest_size=16).digest()
        if self._mask:
            body = self._mask.apply(body)
        return fit(self._map(body, source, digest), self._record_bytes)

    def shrink(self, record: LogRecord) -> LogRecord | None:
        """`record` at half its size or less, for a sink that finds it too large; None if it cannot be had."""
        return halved(record)

    def _map(self, body: bytes, source: ObjectSource, digest: bytes) -> LogRecord:
        event = decode(body)
        name = canonical(text(event.event_name))
        time = unix_nanoseconds(event.event_time)
        failed = bool(_error_code(event))
        attributes = {
            **_event_attributes(event),
            **(_parameter_attributes(event) if self._parameters else {}),
            **_identity_attributes(event.user_identity),
            **_session_attributes(event.user_identity.session_context),
            **_codecatalyst_attributes(event, name, subject(event, name)),
            "log.file.path": f"s3://{source.bucket}/{source.key}" if source.bucket else source.key,
            "log.file.name": source.key.rpartition("/")[2],
            "trail_agent.malformed": "" if time is not None else "eventTime",
        }
        return LogRecord(
            account=text(event.recipient_account_id) or source.account,
            region=text(event.aws_region),
            time_unix_nano=source.last_modified_ns if time is None else time,
            observed_time_unix_nano=source.last_modified_ns,
            severity_number=_WARN if failed else _INFO,
            event_name=f"{_service(event)}.{name or _UNNAMED}",
            body=body.decode(),
            attributes={key: value for key, value in attributes.items() if value not in ("", None, ())},
            event_id=text(event.event_id),
            labels=_labels(event, name),
            source=source,
            digest=digest,
        )


def _event_attributes(event: TrailEvent) -> dict[str, AttributeValue | None]:
    error_code, event_type, source = _error_code(event), text(event.event_type), text(event.source_ip_address)
    return {
        "aws.cloudtrail.event_id": text(event.event_id),
        "log.record.uid": text(event.event_id),
        "aws.cloudtrail.event_version": text(event.event_version),
        "aws.cloudtrail.api_version": text(event.api_version),
        "rpc.method": text(event.event_name),
        "rpc.service": text(event.event_source),
        "rpc.system.name": event_type,
        "rpc.system": event_type,
        "aws.event.category": text(event.event_category),
        "aws.event.read_only": flag(event.read_only),
        "aws.event.management": flag(event.management_event),
        "aws.request_id": text(event.request_id),
        "aws.shared_event_id": text(event.shared_event_id),
        "source.address": source,
        "client.address": source if _is_ip_address(source) else "",
        "user_agent.original": _verbatim(event.user_agent),
        "aws.error.code": error_code,
        "error.type": error_code,
        "aws.error.message": _verbatim(event.error_message),
        "aws.resources": tuple(_resources(event.resources)),
        "tls.protocol.version": text(event.tls_details.tls_version).removeprefix("TLSv"),
        "tls.cipher": text(event.tls_details.cipher_suite),
        "server.address": text(event.tls_details.client_provided_host_header),
        "tls.curve": text(event.tls_details.key_exchange),
        "aws.session.console": True if flag(event.session_credential_from_console) else None,
        "aws.cloudtrail.vpc_endpoint_id": text(event.vpc_endpoint_id),
        "aws.cloudtrail.vpc_endpoint_account_id": text(event.vpc_endpoint_account_id),
        "aws.cloudtrail.addendum.reason": text(event.addendum.reason),
        "aws.cloudtrail.addendum.updated_fields": _names(event.addendum.updated_fields),
        "aws.cloudtrail.addendum.original_request_id": text(event.addendum.original_request_id),
        "aws.cloudtrail.addendum.original_event_id": text(event.addendum.original_event_id),
    }


def _parameter_attributes(event: TrailEvent) -> dict[str, AttributeValue]:
    values = (
        event.request_parameters,
        event.response_elements,
        event.additional_event_data,
        event.service_event_details,
        event.event_context,
        event.edge_device_details,
        event.insight_details,
    )
    return dict(zip(PARAMETERS, map(_json, values), strict=True))


def _identity_attributes(identity: UserIdentity) -> dict[str, AttributeValue]:
    scope = identity.in_scope_of
    return {
        "aws.principal.type": text(identity.type),
        "aws.principal.id": text(identity.principal_id),
        "aws.principal.arn": text(identity.arn),
        "aws.user_identity.account_id": text(identity.account_id),
        "aws.access_key.id": text(identity.access_key_id),
        "aws.user_identity.invoked_by": text(identity.invoked_by),
        "user.name": text(identity.user_name),
        "user.id": actor.user_id(identity),
        "aws.identity_store.arn": actor.identity_store(identity),
        "aws.user_identity.credential_id": text(identity.credential_id),
        "aws.user_identity.invoked_by_delegate.account_id": text(identity.invoked_by_delegate.account_id),
        "aws.user_identity.in_scope_of.source_arn": text(scope.source_arn),
        "aws.user_identity.in_scope_of.source_account": text(scope.source_account),
        "aws.user_identity.in_scope_of.issuer_type": text(scope.issuer_type),
        "aws.user_identity.in_scope_of.credentials_issued_to": text(scope.credentials_issued_to),
        "aws.user_identity.identity_provider": text(identity.identity_provider),
    }


def _session_attributes(session: SessionContext) -> dict[str, AttributeValue | None]:
    prefix = "aws.user_identity.session_context"
    issuer = session.session_issuer
    return {
        f"{prefix}.attributes.creation_date": text(session.attributes.creation_date),
        f"{prefix}.attributes.mfa_authenticated": flag(session.attributes.mfa_authenticated),
        f"{prefix}.issuer.type": text(issuer.type),
        f"{prefix}.issuer.principal_id": text(issuer.principal_id),
        f"{prefix}.issuer.arn": text(issuer.arn),
        f"{prefix}.issuer.account_id": text(issuer.account_id),
        f"{prefix}.issuer.user_name": text(issuer.user_name),
        f"{prefix}.source_identity": text(session.source_identity),
        f"{prefix}.web_id_federation.provider": text(session.web_id_federation_data.federated_provider),
        f"{prefix}.ec2_role_delivery": text(session.ec2_role_delivery),
        f"{prefix}.assumed_root": text(session.assumed_root),
    }


def _codecatalyst_attributes(event: TrailEvent, name: str, on: Subject) -> dict[str, AttributeValue]:
    return {
        "aws.codecatalyst.space.name": on.space,
        "aws.codecatalyst.project.name": on.project,
        "aws.codecatalyst.dev_environment.id": on.dev_environment_id,
        "aws.codecatalyst.source_repository.name": on.source_repository,
        "aws.codecatalyst.workflow.id": on.workflow_id,
        "aws.codecatalyst.workflow_run.id": on.workflow_run_id,
        "aws.codecatalyst.connection.id": on.connection_id,
        "aws.codecatalyst.actor.kind": str(actor.kind(event.user_identity)),
        "aws.codecatalyst.actor": actor.display(event),
        "aws.codecatalyst.event": name,
        "aws.codecatalyst.outcome": _outcome(event),
    }


def _labels(event: TrailEvent, name: str) -> EventLabels:
    return EventLabels(name or _UNNAMED, text(event.user_identity.type) or UNKNOWN_IDENTITY, _outcome(event))


def _outcome(event: TrailEvent) -> str:
    return "failure" if _error_code(event) else "success"


def _error_code(event: TrailEvent) -> str:
    """Why the call failed; empty if it did not. `errorCode` 0, false, "None" or "Success" is no failure."""
    code = text(event.error_code)
    return "" if code.casefold() in _NO_FAILURE else code


def _service(event: TrailEvent) -> str:
    """The service's short name; an event that was selected though it names no service is CodeCatalyst's."""
    source = text(event.event_source).lower().removesuffix(".cn")
    return source.removesuffix(_SERVICE_SUFFIX) if source.endswith(_SERVICE_SUFFIX) else "codecatalyst"


def _is_ip_address(source: str) -> bool:
    try:
        ipaddress.ip_address(source)
    except ValueError:
        return False
    return True


def _verbatim(value: object) -> str:
    return value if isinstance(value, str) and value.strip() else ""


def _json(raw: msgspec.Raw) -> str:
    value = bytes(raw)
    return "" if value in _EMPTY_JSON or len(value) > _PARAMETER_BYTES else value.decode()


def _names(value: object) -> Sequence[str]:
    """CloudTrail documents `updatedFields` as a list of names, and shows it as one string with commas."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(name for part in parts if (name := text(part)))


def _resources(value: object) -> Iterator[Mapping[str, str]]:
    for resource in value if isinstance(value, list) else ():
        if not isinstance(resource, dict):
            continue
        fields = {
            "account.id": text(resource.get("accountId")),
            "type": text(resource.get("type")),
            "arn": text(resource.get("ARN")) or text(resource.get("arn")),
        }
        if named := {name: text_of_it for name, text_of_it in fields.items() if text_of_it}:
            yield named
