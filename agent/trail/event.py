"""One entry of `Records[]`: from its bytes to a typed value, however odd its fields are.

Every leaf is an `object`: two hundred services write CloudTrail's JSON, and a field of an unexpected type must lose
only this field, never the event. `text` and `flag` read a leaf.

Page: CloudTrail user guide, "CloudTrail record contents for management, data, and network activity events".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, Final, NoReturn, TypeVar

import msgspec

NOTHING: Final = msgspec.Raw(b"")
"""What an open-ended member is that an event does not have."""

_INTEGER_BITS: Final = 4096


class MalformedEventError(ValueError):
    """An entry of `Records[]` that is not a JSON object."""


class _Part(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """A JSON object of which only the named members matter."""


_P = TypeVar("_P", bound=_Part)


class OnBehalfOf(_Part, frozen=True):
    """`userIdentity.onBehalfOf`: the Identity Center user behind a call."""

    user_id: object = None
    identity_store_arn: object = None


class InvokedByDelegate(_Part, frozen=True):
    """`userIdentity.invokedByDelegate`."""

    account_id: object = None


class InScopeOf(_Part, frozen=True):
    """`userIdentity.inScopeOf`."""

    source_arn: object = None
    source_account: object = None
    issuer_type: object = None
    credentials_issued_to: object = None


class SessionAttributes(_Part, frozen=True):
    """`userIdentity.sessionContext.attributes`."""

    creation_date: object = None
    mfa_authenticated: object = None


class SessionIssuer(_Part, frozen=True):
    """`userIdentity.sessionContext.sessionIssuer`."""

    type: object = None
    principal_id: object = None
    arn: object = None
    account_id: object = None
    user_name: object = None


class WebIdFederation(_Part, frozen=True):
    """`userIdentity.sessionContext.webIdFederationData`."""

    federated_provider: object = None


class SessionContext(_Part, frozen=True):
    """`userIdentity.sessionContext`."""

    attributes: SessionAttributes = SessionAttributes()
    session_issuer: SessionIssuer = SessionIssuer()
    web_id_federation_data: WebIdFederation = WebIdFederation()
    source_identity: object = None
    ec2_role_delivery: object = None
    assumed_root: object = None


class UserIdentity(_Part, frozen=True):
    """`userIdentity`: who made the call."""

    type: object = None
    principal_id: object = None
    arn: object = None
    account_id: object = None
    access_key_id: object = None
    user_name: object = None
    user_id: object = None
    identity_store_arn: object = None
    credential_id: object = None
    invoked_by: object = None
    identity_provider: object = None
    on_behalf_of: OnBehalfOf = OnBehalfOf()
    invoked_by_delegate: InvokedByDelegate = InvokedByDelegate()
    in_scope_of: InScopeOf = InScopeOf()
    session_context: SessionContext = SessionContext()


class TlsDetails(_Part, frozen=True):
    """`tlsDetails`."""

    tls_version: object = None
    cipher_suite: object = None
    client_provided_host_header: object = None
    key_exchange: object = None


class Addendum(_Part, frozen=True):
    """`addendum`: why and how an event was written again."""

    reason: object = None
    updated_fields: object = None
    original_request_id: object = msgspec.field(default=None, name="originalRequestID")
    original_event_id: object = msgspec.field(default=None, name="originalEventID")


class OpenMembers(_Part, frozen=True):
    """AWS's open-ended members of an event, kept as the bytes that stand in the file."""

    request_parameters: msgspec.Raw = NOTHING
    response_elements: msgspec.Raw = NOTHING
    additional_event_data: msgspec.Raw = NOTHING
    service_event_details: msgspec.Raw = NOTHING
    event_context: msgspec.Raw = NOTHING
    edge_device_details: msgspec.Raw = NOTHING
    insight_details: msgspec.Raw = NOTHING


class TrailEvent(OpenMembers, frozen=True):
    """One entry of `Records[]`."""

    event_version: object = None
    event_time: object = None
    event_source: object = None
    event_name: object = None
    event_type: object = None
    event_category: object = None
    event_id: object = msgspec.field(default=None, name="eventID")
    request_id: object = msgspec.field(default=None, name="requestID")
    shared_event_id: object = msgspec.field(default=None, name="sharedEventID")
    api_version: object = None
    aws_region: object = None
    recipient_account_id: object = None
    source_ip_address: object = msgspec.field(default=None, name="sourceIPAddress")
    user_agent: object = None
    error_code: object = None
    error_message: object = None
    read_only: object = None
    management_event: object = None
    resources: object = None
    session_credential_from_console: object = None
    vpc_endpoint_id: object = None
    vpc_endpoint_account_id: object = None
    user_identity: UserIdentity = UserIdentity()
    tls_details: TlsDetails = TlsDetails()
    addendum: Addendum = Addendum()


def members_below(path: Iterable[str]) -> frozenset[str]:
    """The names of the members that are known of an event (for an empty path) or of a member of it; empty if none is.

    AWS writes further ones.
    """
    part: type = TrailEvent
    for step in path:
        types = {field.encode_name: field.type for field in msgspec.structs.fields(part)}
        part = types.get(step, object)
        if not issubclass(part, _Part):
            return frozenset()
    return frozenset(field.encode_name for field in msgspec.structs.fields(part))


_decoder: Final = msgspec.json.Decoder(TrailEvent)


def decode(raw: bytes) -> TrailEvent:
    """Decode one entry of `Records[]`; raises `MalformedEventError` if it is no JSON object.

    What msgspec refuses (a member of an unexpected type, a lone surrogate, a number beyond any float) is decoded anew
    by the standard library, and members of an unexpected type are left out.
    """
    try:
        return _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _convert(decode_leniently(raw), TrailEvent)
    except RecursionError as error:
        raise MalformedEventError("the record is nested too deep") from error


def decode_leniently(raw: bytes) -> dict[str, object]:
    """Decode one JSON object, and repair what can be repaired. Raises `MalformedEventError` if it is no JSON object."""
    try:
        value = json.loads(raw.decode(), parse_float=_finite, parse_int=_integer, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MalformedEventError("the record is not JSON") from error
    if not isinstance(value, dict):
        raise MalformedEventError(f"the record is not an object but {_kind_of(value)}")
    return value


def _kind_of(value: object) -> str:
    """What JSON calls it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a string"
        case list():
            return "an array"
    return "a number"


def text(value: object) -> str:
    """A leaf as text, without blanks at its ends; empty if it is absent or not a scalar."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number_text(value) if isinstance(value, int | float) else ""


def flag(value: object) -> bool | None:
    """A leaf as a boolean (CloudTrail writes some as the strings "true" and "false"); None where it is neither."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _number_text(value: float) -> str:
    # Python refuses to print integers of thousands of digits; nothing that AWS writes comes near.
    return "" if isinstance(value, int) and value.bit_length() > _INTEGER_BITS else str(value)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) * 4 <= _INTEGER_BITS else digits


def _finite(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _convert(members: dict[str, object], part: type[_P]) -> _P:
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(part):
        if field.encode_name in members:
            value = _convert_member(members[field.encode_name], field.type)
            if value is not None:
                fields[field.name] = value
    return part(**fields)


def _convert_member(value: object, wanted: type) -> object:
    if wanted is msgspec.Raw:
        return msgspec.Raw(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))
    if issubclass(wanted, _Part):
        return _convert(value, wanted) if isinstance(value, dict) else None
    return value
