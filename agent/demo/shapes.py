"""The shape of a CloudTrail record as CodeCatalyst writes it, with fields in the order of the two documented examples.

https://docs.aws.amazon.com/codecatalyst/latest/userguide/ipa-logging-connected-accounts.html and
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType, field

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
Parameters: TypeAlias = Mapping[str, Json]
Text: TypeAlias = str | UnsetType


class OnBehalfOf(Struct, frozen=True, rename="camel"):
    """The person behind an IdentityCenterUser."""

    user_id: str
    identity_store_arn: str


class SessionIssuer(Struct, frozen=True, rename="camel", kw_only=True):
    """The role, user or account that handed out a session."""

    type: str
    principal_id: str
    arn: str
    account_id: str
    user_name: Text = UNSET


class SessionAttributes(Struct, frozen=True, rename="camel"):
    """When a session began, and whether with a second factor (CloudTrail writes that as text)."""

    creation_date: str
    mfa_authenticated: str


class SessionContext(Struct, frozen=True, rename="camel", kw_only=True):
    """What is known of temporary credentials."""

    session_issuer: SessionIssuer | UnsetType = UNSET
    web_id_federation_data: Parameters | UnsetType = UNSET
    attributes: SessionAttributes | UnsetType = UNSET


class UserIdentity(Struct, frozen=True, rename="camel", kw_only=True):
    """Who made the call; which fields there are depends on `type`, which itself can be absent."""

    type: Text = UNSET
    principal_id: Text = UNSET
    arn: Text = UNSET
    account_id: Text = UNSET
    access_key_id: Text = UNSET
    user_name: Text = UNSET
    session_context: SessionContext | UnsetType = UNSET
    on_behalf_of: OnBehalfOf | UnsetType = UNSET
    credential_id: Text = UNSET
    identity_provider: Text = UNSET
    invoked_by: Text = UNSET


class Record(Struct, frozen=True, rename="camel", kw_only=True):
    """One entry of `Records[]`."""

    event_version: str
    user_identity: UserIdentity
    event_time: str
    event_source: str
    event_name: str
    aws_region: str
    source_ip_address: str = field(name="sourceIPAddress")
    user_agent: str
    error_code: Text = UNSET
    error_message: Text = UNSET
    request_parameters: Parameters | None
    response_elements: Parameters | None
    request_id: str = field(name="requestID")
    event_id: str = field(name="eventID")
    read_only: bool
    event_type: str = "AwsApiCall"
    management_event: bool = True
    recipient_account_id: str
    shared_event_id: Text = field(name="sharedEventID", default=UNSET)
    event_category: str = "Management"
