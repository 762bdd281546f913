"""Whose credentials sign a request, and where it goes: seen from the other end of real HTTP requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError, ProxyConnectionError, SSLError

from agent.aws.failure import AWS_ERRORS, explain
from agent.aws.session import Sessions, time_or_none
from agent.errors import SettingsError
from agent.settings import AssumeRoleSettings, AwsSettings
from tests.support.otlp_receiver import HttpReceiver
from tests.support.private_ca import PrivateCa
from tests.support.signed_aws import FakeAws

REGION = "us-west-2"
ROLE = "arn:aws:iam::111122223333:role/reader"
OTHER_ROLE = "arn:aws:iam::444455556666:role/bucket"


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """An AWS of the test's own."""
    fake = FakeAws()
    thread = threading.Thread(target=fake.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment in which nothing of the machine's own is left; returns the folder of AWS's two files."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-of-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path


def _receive(sessions: Sessions, region: str = REGION) -> None:
    sessions.client("sqs", region=region).receive_message(QueueUrl="http://127.0.0.1/111122223333/queue")


def _read(sessions: Sessions, role_arn: str | None = None) -> None:
    client = sessions.client("s3", region=REGION, role_arn=role_arn)
    client.get_object(Bucket="acme-trail", Key="a b")["Body"].read()


def test_the_default_chain_signs(aws: FakeAws) -> None:
    """With nothing set, the environment's credentials sign for the region asked for, and the agent names itself."""
    _receive(Sessions(AwsSettings(endpoint_url=aws.url), "1.2.3", REGION), "eu-central-1")
    (request,) = aws.requests
    assert (request.signer, request.region, request.service) == ("key-of-environment", "eu-central-1", "sqs")
    assert "trail-agent/1.2.3" in request.agent


def test_a_profile_wins_over_the_environment(aws: FakeAws, files: Path) -> None:
    """A profile that the settings name signs, though the environment has credentials of its own."""
    (files / "config").write_text(
        "[profile audit]\naws_access_key_id = key-of-audit\naws_secret_access_key = s\n", encoding="utf-8"
    )
    _receive(Sessions(AwsSettings(endpoint_url=aws.url, profile="audit"), "1", REGION))
    assert aws.requests[0].signer == "key-of-audit"


def test_a_missing_profile_is_a_settings_error() -> None:
    """The operator is told which key names a profile that does not exist, before anything runs."""
    with pytest.raises(SettingsError, match=r"aws\.profile.*nobody"):
        Sessions(AwsSettings(profile="nobody"), "1", REGION)


def test_a_missing_profile_of_the_environment_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no key of the settings to be corrected."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SettingsError, match=r"^AWS_PROFILE: .*nobody"):
        Sessions(AwsSettings(), "1", REGION)


def test_an_unusable_endpoint_is_a_settings_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint in the environment that is no URL is told as a problem of the settings, and not quoted."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://eve:s3 cret@")
    with pytest.raises(SettingsError, match=r"sqs in us-west-2.*AWS_ENDPOINT_URL_SQS") as told:
        Sessions(AwsSettings(), "1", REGION).client("sqs", region=REGION)
    assert "s3 cret" not in str(told.value)


def test_netrc_is_not_looked_at(aws: FakeAws, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to AWS carry AWS's signature, whatever a .netrc says of the host."""
    netrc = files / ".netrc"
    netrc.write_text("default login eve password wrong\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(files))
    sessions = Sessions(AwsSettings(endpoint_url=aws.url), "1", REGION)
    _receive(sessions)
    _read(sessions)
    assert [request.signer for request in aws.requests] == ["key-of-environment"] * 2


def test_proxies_of_the_environment_are_used(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to AWS go through the proxy that the environment names; its password is in no error."""
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTP_PROXY", aws.url)
    _receive(Sessions(AwsSettings(endpoint_url="http://sqs.example"), "1", REGION))
    assert [request.path for request in aws.requests] == ["http://sqs.example/"]
    monkeypatch.setenv("HTTP_PROXY", "http://eve:s3cret@127.0.0.1:9")
    with pytest.raises(ProxyConnectionError) as told:
        _receive(Sessions(AwsSettings(endpoint_url="http://sqs.example"), "1", REGION))
    assert "127.0.0.1:9" in explain(told.value).detail
    assert "s3cret" not in explain(told.value).detail


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_no_variable_turns_verification_off(ca: PrivateCa, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """AWS is verified: a private authority counts where AWS_CA_BUNDLE names it, and nothing makes every one count."""
    with HttpReceiver(tls=ca) as receiver:
        settings = AwsSettings(endpoint_url=receiver.url)
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTHONHTTPSVERIFY", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, value)
        with pytest.raises((SettingsError, SSLError, OSError)):
            _receive(Sessions(settings, "1", REGION))
        assert receiver.exports == []
        monkeypatch.setenv("AWS_CA_BUNDLE", str(ca.ca_file))
        _receive(Sessions(settings, "1", REGION))
        assert len(receiver.exports) == 1


def test_a_role_is_assumed_for_every_call(aws: FakeAws) -> None:
    """The role is assumed once, with its external id and session name, and signs for queue and bucket alike."""
    role = AssumeRoleSettings.model_validate({"role_arn": ROLE, "external_id": "shared", "session_name": "auditor"})
    sessions = Sessions(AwsSettings(endpoint_url=aws.url, assume_role=role), "1", REGION)
    _receive(sessions)
    _read(sessions)
    (assumed,) = aws.asked_of("sts")
    assert (assumed.signer, assumed.region) == ("key-of-environment", REGION)
    assert assumed.form["RoleArn"] == ROLE
    assert (assumed.form["ExternalId"], assumed.form["RoleSessionName"]) == ("shared", "auditor")
    assert {request.signer for request in (*aws.asked_of("sqs"), *aws.asked_of("s3"))} == {"key-of-reader"}


def test_a_bucket_has_a_role_of_its_own(aws: FakeAws) -> None:
    """Only the reads of that bucket are signed by its role; the queue and other buckets are not."""
    sessions = Sessions(AwsSettings(endpoint_url=aws.url), "1", REGION)
    _receive(sessions)
    _read(sessions)
    _read(sessions, OTHER_ROLE)
    _read(sessions, OTHER_ROLE)
    assert [request.signer for request in aws.asked_of("sqs")] == ["key-of-environment"]
    assert [request.signer for request in aws.asked_of("s3")] == [
        "key-of-environment",
        "key-of-bucket",
        "key-of-bucket",
    ]
    assert [request.form["RoleSessionName"] for request in aws.asked_of("sts")] == ["trail-agent"]


def test_a_bucket_role_is_assumed_on_top_of_the_agents_role(aws: FakeAws) -> None:
    """The agent's own role asks STS for the bucket's."""
    role = AssumeRoleSettings(role_arn=ROLE)
    _read(Sessions(AwsSettings(endpoint_url=aws.url, assume_role=role), "1", REGION), OTHER_ROLE)
    asked = [(request.signer, request.form["RoleArn"]) for request in aws.asked_of("sts")]
    assert asked == [("key-of-environment", ROLE), ("key-of-reader", OTHER_ROLE)]
    assert aws.asked_of("s3")[0].signer == "key-of-bucket"


def test_roles_are_assumed_by_many_threads_at_once(aws: FakeAws) -> None:
    """Reads of four buckets, each with its own role, can all begin at the same moment."""
    sessions = Sessions(AwsSettings(endpoint_url=aws.url, assume_role=AssumeRoleSettings(role_arn=ROLE)), "1", REGION)
    roles = [f"arn:aws:iam::444455556666:role/bucket-{number}" for number in range(4)]
    clients = [sessions.client("s3", region=REGION, role_arn=role) for role in roles]
    barrier = threading.Barrier(len(clients))

    def read(client: Any) -> None:
        barrier.wait(10)
        client.get_object(Bucket="acme-trail", Key="key")["Body"].read()

    threads = [threading.Thread(target=read, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert {request.signer for request in aws.asked_of("s3")} == {f"key-of-bucket-{number}" for number in range(4)}


@pytest.mark.row(26)
def test_credentials_that_come_to_their_end_are_fetched_anew(aws: FakeAws) -> None:
    """A role is assumed again for the request that would outlive it, and no more once its credentials last."""
    sessions = Sessions(AwsSettings(endpoint_url=aws.url), "1.2.3", REGION)
    client = sessions.client("s3", region=REGION, role_arn=ROLE)
    aws.expiration = (datetime.now(UTC) + timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    client.get_object(Bucket="acme-trail", Key="a")["Body"].read()
    aws.expiration = "2999-01-01T00:00:00Z"
    for _ in range(3):
        client.get_object(Bucket="acme-trail", Key="a")["Body"].read()
    assert len(aws.asked_of("sts")) == 2
    assert {request.signer for request in aws.asked_of("s3")} == {"key-of-reader"}


def test_without_credentials_the_role_is_asked_for_again(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role cannot be assumed by nobody, which is an error of AWS's kind; once there are credentials it can."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    client = Sessions(AwsSettings(endpoint_url=aws.url), "1", REGION).client("s3", region=REGION, role_arn=ROLE)
    with pytest.raises(NoCredentialsError):
        client.get_object(Bucket="acme-trail", Key="key")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-of-late")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client.get_object(Bucket="acme-trail", Key="key")["Body"].read()
    assert [request.signer for request in aws.requests] == ["key-of-late", "key-of-reader"]


def test_credentials_are_not_waited_for_long(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """STS that is down is asked twice, by a role of the settings and by a pod's own; then the read fails, to be
    tried again: botocore's own patience would hold every read for minutes."""
    aws.sts_down = True
    client = Sessions(AwsSettings(endpoint_url=aws.url), "1", REGION).client("s3", region=REGION, role_arn=ROLE)
    with pytest.raises(AWS_ERRORS):
        client.get_object(Bucket="acme-trail", Key="key")
    assert len(aws.asked_of("sts")) == 2
    aws.requests.clear()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", __file__)
    with pytest.raises(AWS_ERRORS):
        _read(Sessions(AwsSettings(endpoint_url=aws.url), "1", REGION))
    assert [request.form["Action"] for request in aws.requests] == ["AssumeRoleWithWebIdentity"] * 2


@pytest.mark.parametrize("variables", [("AWS_ENDPOINT_URL",), ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS")])
def test_endpoints_can_stand_in_the_environment(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, variables: tuple[str, ...]
) -> None:
    """boto3's own variables lead to an emulator, all services together or one by one."""
    for name in variables:
        monkeypatch.setenv(name, aws.url)
    sessions = Sessions(AwsSettings(), "1", REGION)
    _receive(sessions)
    _read(sessions)
    assert [request.service for request in aws.requests] == ["sqs", "s3"]


def test_the_settings_endpoint_wins_over_the_environments(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """`aws.endpoint_url` is stronger than AWS_ENDPOINT_URL."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    _read(Sessions(AwsSettings(endpoint_url=aws.url), "1", REGION))
    assert len(aws.requests) == 1


def test_an_emulator_is_asked_by_path(aws: FakeAws) -> None:
    """At an endpoint of the user's own the bucket stands in the path, not in a host name that nobody resolves."""
    _read(Sessions(AwsSettings(endpoint_url=aws.url), "1", REGION))
    assert aws.requests[0].path == "/acme-trail/a%20b"


def test_aws_itself_is_asked_by_host() -> None:
    """At AWS's own endpoint boto3 chooses how a bucket is addressed."""
    client = Sessions(AwsSettings(), "1", REGION).client("s3", region=REGION)
    assert client.meta.endpoint_url == "https://s3.us-west-2.amazonaws.com"
    assert client.meta.config.s3 is None or "path" not in str(client.meta.config.s3)


def test_options_reach_the_client(aws: FakeAws) -> None:
    """Time-outs and the number of connections are set for each client."""
    sessions = Sessions(AwsSettings(endpoint_url=aws.url), "1", REGION)
    client = sessions.client("s3", region=REGION, read_timeout=7, max_pool_connections=3)
    assert (client.meta.config.read_timeout, client.meta.config.max_pool_connections) == (7, 3)


USUAL = f"https://sqs.{REGION}.amazonaws.com"
VPCE = f"https://vpce-0a1b-c2d3.sqs.{REGION}.vpce.amazonaws.com"


def _queue_endpoint(url: str, settings: AwsSettings | None = None) -> str:
    sessions = Sessions(settings or AwsSettings(), "1", REGION)
    return str(sessions.queue_client(f"{url}/111122223333/q", region=REGION).meta.endpoint_url)


@pytest.mark.row(49)
@pytest.mark.parametrize(
    "url",
    [
        USUAL,
        VPCE,
        f"https://sqs-fips.{REGION}.amazonaws.com",
        f"https://sqs.{REGION}.api.aws",
        f"https://{REGION}.queue.amazonaws.com",
        f"http://sqs.{REGION}.localhost.localstack.cloud:4566",
        "http://localhost:9324",
        "https://sqs.corp.example:8443",
    ],
)
def test_the_host_of_the_queues_url_is_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever host the URL has is asked; with the FIPS variable too, but then the usual host means its variant."""
    assert _queue_endpoint(url) == url
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert _queue_endpoint(url) == (f"https://sqs-fips.{REGION}.amazonaws.com" if url == USUAL else url)


@pytest.mark.row(49)
@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"])
def test_an_endpoint_that_is_set_by_name_wins_over_the_url(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables, the settings and the shared configuration say where SQS is, whatever host the URL has."""
    monkeypatch.setenv(name, "http://127.0.0.1:4566")
    assert _queue_endpoint(VPCE) == "http://127.0.0.1:4566"
    named = AwsSettings(endpoint_url="http://127.0.0.1:4567")
    assert _queue_endpoint(VPCE, named) == "http://127.0.0.1:4567"


@pytest.mark.row(49)
def test_an_endpoint_in_the_shared_configuration_wins_over_the_url(files: Path) -> None:
    """So does `endpoint_url` in its services section."""
    (files / "config").write_text(
        "[default]\nservices = local\n[services local]\nsqs =\n  endpoint_url = http://127.0.0.1:4568\n",
        encoding="utf-8",
    )
    assert _queue_endpoint(VPCE) == "http://127.0.0.1:4568"


@pytest.mark.row(49)
@pytest.mark.parametrize("region", ["us-west-2", "cn-north-1", "us-gov-west-1"])
def test_credentials_are_fetched_in_the_queues_region(
    aws: FakeAws, files: Path, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    """A role that a profile assumes is asked for where the queue is, though environment and profile say otherwise."""
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
    (files / "config").write_text(
        f"[profile audit]\nrole_arn = {ROLE}\ncredential_source = Environment\nregion = ap-south-1\n", encoding="utf-8"
    )
    client = Sessions(AwsSettings(endpoint_url=aws.url, profile="audit"), "1", region).client("s3", region="eu-west-1")
    client.get_object(Bucket="acme-trail", Key="key")["Body"].read()
    assert [request.region for request in aws.asked_of("sts")] == [region]
    assert [request.region for request in aws.asked_of("s3")] == ["eu-west-1"]


@pytest.mark.row(88)
@pytest.mark.parametrize("told", ["garbage", "", "99999999999999999999", "Fri, 32 Nov 2026 12:00:00 GMT", "inf", "nan"])
def test_a_time_that_cannot_be_read_is_none(told: str) -> None:
    """With botocore's own reading, one such header would keep an object from being read."""
    assert time_or_none(told) is None


def test_a_time_is_read_as_botocore_does() -> None:
    """In any spelling."""
    assert time_or_none("Fri, 20 Nov 2026 12:00:00 GMT") == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert time_or_none(1_795_176_000) == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
