"""botocore sessions and clients: the default credential chain, a profile, and roles assumed on top of either.

Endpoints can be set by name (`aws.endpoint_url`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_SQS`, the
shared configuration's `endpoint_url`); botocore reads all but the first itself. Page: boto3 guide, "Credentials" and
"Service-specific endpoints".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, CredentialProvider, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.utils import parse_timestamp

from agent.aws.service_models import ServiceModels
from agent.errors import AwsError, SettingsError
from agent.settings import AssumeRoleSettings, AwsSettings, is_aws, queue_endpoint

_CONNECT_SECONDS: Final = 5
_NO_CREDENTIALS: Final = (
    "no AWS credentials were found in the environment, the shared files, or the container's or instance's role"
)
_NOT_SIGNED_IN: Final = (
    "no bearer token for {service} was found, and it takes no other credentials: sign in with 'aws sso login --profile "
    "NAME', where the profile has an sso_session, and set aws.profile or AWS_PROFILE to it; or set "
    "AWS_BEARER_TOKEN_{variable}"
)
_BAD_ENDPOINT: Final = (
    "aws: cannot make a client for {service} in {region}: its endpoint is not a URL; check aws.endpoint_url and the "
    "variables AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_SQS"
)
# What is asked for by an endpoint of its own is no variant of another: botocore would refuse the two together.
_NO_VARIANT: Final[dict[str, Any]] = {"use_fips_endpoint": False, "use_dualstack_endpoint": False}
_UNNAMED: Final[dict[str, Any]] = {"ignore_configured_endpoint_urls": True}
_FIRST_PROVIDER: Final = "env"
# What fetches credentials makes clients of its own, which would try for five minutes while every read waits for them.
_CREDENTIAL_CLIENTS: Final = Config(
    connect_timeout=_CONNECT_SECONDS, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"}
)


class Sessions:
    """Makes the clients of one process. A client may be used by many threads; they are made one at a time.

    `region` counts for everything without a region of its own: above all for STS, whose clients botocore makes itself.
    """

    def __init__(self, settings: AwsSettings, version: str, region: str) -> None:
        self._settings = settings
        self._user_agent = f"trail-agent/{version}"
        self._making = threading.RLock()  # reads refresh credentials, and botocore can make only one client at a time
        self._region = region
        self._home = self._open_home()
        self._by_role: dict[str | None, botocore.session.Session] = {}

    def queue_client(self, url: str, *, region: str, **options: Any) -> Any:
        """A client for the queue at `url`, which asks the host in that URL, unless an endpoint is set by name.

        A variant by name (AWS_USE_FIPS_ENDPOINT) counts where the URL has the region's usual host. Raises as `client`.
        """
        named = self.client("sqs", region=region, **options)
        if self._settings.endpoint_url or _asked(named) != _asked(self.client("sqs", region=region, **_UNNAMED)):
            return named
        usual, endpoint = self.client("sqs", region=region, **_UNNAMED, **_NO_VARIANT), queue_endpoint(url)
        if _asked(usual) == endpoint:
            return named
        return self.client("sqs", region=region, endpoint_url=endpoint, **_NO_VARIANT, **options)

    def client(
        self,
        service: str,
        *,
        region: str,
        role_arn: str | None = None,
        endpoint_url: str | None = None,
        **options: Any,
    ) -> Any:
        """A client for `service` in `region`, under `role_arn` where one is to be assumed.

        `endpoint_url` counts before the one of the settings. `options` are botocore `Config` arguments. Raises
        `SettingsError` if the profile or endpoint cannot be used, `AwsError` if there are no credentials now: a client
        that is made without them never gets any.
        """
        usual = {"connect_timeout": _CONNECT_SECONDS, "user_agent_extra": self._user_agent, "tcp_keepalive": True}
        config = Config(**{**usual, **options})
        try:
            with self._making:
                return self._make(service, region, role_arn, endpoint_url or self._settings.endpoint_url, config)
        except BotoCoreError as error:
            raise SettingsError([f"aws: cannot make a client for {service} in {region}: {error}"]) from error
        except ValueError as error:  # botocore quotes the endpoint, which may hold a password
            raise SettingsError([_BAD_ENDPOINT.format(service=service, region=region)]) from error

    def bearer_client(self, service: str, *, region: str, **options: Any) -> Any:
        """A client for a service that takes a bearer token, and no credentials: that of a profile's `sso_session`, or
        the one in AWS_BEARER_TOKEN_<SERVICE>.

        Raises as `client` does; `AwsError` if there is no token, with what to do.
        """
        usual = {"connect_timeout": _CONNECT_SECONDS, "user_agent_extra": self._user_agent, "tcp_keepalive": True}
        try:
            with self._making:
                session = _open_session(self._region, self._settings.profile)
                if session.get_auth_token(signing_name=service) is None:
                    raise AwsError("no_credentials", _NOT_SIGNED_IN.format(service=service, variable=service.upper()))
                return session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=self._settings.endpoint_url,
                    config=Config(**{**usual, **options}),
                )
        except BotoCoreError as error:
            raise SettingsError([f"aws: cannot make a client for {service} in {region}: {error}"]) from error
        except ValueError as error:
            raise SettingsError([_BAD_ENDPOINT.format(service=service, region=region)]) from error

    def _make(self, service: str, region: str, role_arn: str | None, endpoint_url: str | None, config: Config) -> Any:
        session = self._session(role_arn)
        if session.get_credentials() is None:
            raise AwsError("no_credentials", _NO_CREDENTIALS)
        make = partial(session.create_client, service, region_name=region, endpoint_url=endpoint_url)
        client = make(config=config)
        if service == "s3" and not is_aws(str(client.meta.endpoint_url)):
            # An emulator seldom resolves bucket.host names.
            client = make(config=config.merge(Config(s3={"addressing_style": "path"})))
        return client

    def _session(self, role_arn: str | None) -> botocore.session.Session:
        if role_arn not in self._by_role:
            role = AssumeRoleSettings(role_arn=role_arn) if role_arn else None
            self._by_role[role_arn] = self._assuming(self._home, role) if role else self._home
        return self._by_role[role_arn]

    def _open_home(self) -> botocore.session.Session:
        try:
            session = _open_session(self._region, self._settings.profile)
            session.get_scoped_config()  # a profile that does not exist is found here
        except BotoCoreError as error:
            key = "aws.profile" if self._settings.profile else "AWS_PROFILE"
            raise SettingsError([f"{key}: {error}"]) from error
        return self._assuming(session, self._settings.assume_role) if self._settings.assume_role else session

    def _assuming(self, home: botocore.session.Session, role: AssumeRoleSettings) -> botocore.session.Session:
        session = _open_session(self._region)
        provider = _AssumedRole(home, role, partial(self._make_sts, home))
        session.get_component("credential_provider").insert_before(_FIRST_PROVIDER, provider)
        return session

    def _make_sts(self, home: botocore.session.Session, service: str, **options: Any) -> Any:
        with self._making:
            return home.create_client(
                service, region_name=self._region, endpoint_url=self._settings.endpoint_url, **options
            )


def _asked(client: Any) -> str:
    return str(client.meta.endpoint_url)


_loader = cache(ServiceModels)
"""What reads botocore's models of the services: one for all sessions, since each keeps megabytes of them."""


def time_or_none(told: Any) -> datetime | None:
    """A time in an answer, as botocore reads it; None for what is none: whoever does not need it can do without."""
    try:
        return parse_timestamp(told)  # type: ignore[no-any-return]
    except (ValueError, TypeError, OverflowError, RuntimeError):
        return None


def _open_session(region: str, profile: str | None = None) -> botocore.session.Session:
    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=time_or_none)
    session.set_config_variable("region", region)
    session.set_default_client_config(_CREDENTIAL_CLIENTS)
    return session


class _AssumedRole(CredentialProvider):  # type: ignore[misc]  # botocore is untyped
    """Credentials of a role, fetched when they are first needed and again before they expire."""

    METHOD = "trail-agent-assume-role"

    def __init__(self, home: botocore.session.Session, role: AssumeRoleSettings, make_sts: Callable[..., Any]) -> None:
        super().__init__()
        self._home = home
        self._role = role
        self._make_sts = make_sts
        self._extra = {"RoleSessionName": role.session_name}
        if role.external_id:
            self._extra["ExternalId"] = role.external_id.get_secret_value()

    def load(self) -> DeferredRefreshableCredentials:
        """What botocore asks of a provider."""
        return DeferredRefreshableCredentials(method=self.METHOD, refresh_using=self._fetch)

    def _fetch(self) -> Mapping[str, Any]:
        own = self._home.get_credentials()
        if own is None:  # at the next attempt there may be some
            raise NoCredentialsError
        fetcher = AssumeRoleCredentialFetcher(self._make_sts, own, self._role.role_arn, extra_args=self._extra)
        return fetcher.fetch_credentials()  # type: ignore[no-any-return]
