"""Questions to AWS: what is refused or not answered is told in one kind of error, and every answer tells a time."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest

from agent.aws.session import Sessions
from agent.aws.survey import AskedError, Survey, unix_seconds
from agent.pulse import SystemClock
from agent.settings import AwsSettings
from tests.support.signed_aws import FakeAws

REGION = "us-west-2"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """An AWS that answers."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    fake = FakeAws()
    thread = Thread(target=fake.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield fake
    fake.server.shutdown()
    thread.join(10)
    fake.server.server_close()


def survey(endpoint: str) -> Survey:
    """One that asks there."""
    settings = AwsSettings.model_validate({"endpoint_url": endpoint})
    return Survey(Sessions(settings, "9", REGION), 2.0, SystemClock())


def test_a_queue_that_tells_nothing_is_no_queue(aws: FakeAws) -> None:
    """What answers may be another server: it has no attributes."""
    assert survey(aws.url).ask_queue(f"{aws.url}/111122223333/q", REGION) == {}


def test_every_answer_tells_the_time(aws: FakeAws) -> None:
    """By its Date header, against the middle of the request."""
    asked = survey(aws.url)
    asked.ask_queue(f"{aws.url}/111122223333/q", REGION)
    (offset,) = asked.offsets
    assert abs(offset) < 5


@pytest.mark.usefixtures("aws")
def test_nobody_who_answers_is_unavailable() -> None:
    """One attempt, within the time-out, and the host in the words."""
    with pytest.raises(AskedError) as caught:
        survey("http://127.0.0.1:9").ask("sts", "GetCallerIdentity", region=REGION)
    assert caught.value.kind == "unavailable"
    assert "127.0.0.1:9" in caught.value.words


def test_no_credentials_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked then."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(AskedError) as caught:
        survey("http://127.0.0.1:9").ask("sts", "GetCallerIdentity", region=REGION)
    assert caught.value.kind == "no_credentials"


@pytest.mark.parametrize(
    ("date", "seconds"),
    [("Fri, 20 Nov 2026 12:00:00 GMT", 1_795_176_000.0), ("", None), ("yesterday", None)],
)
def test_a_date_is_read_or_not(date: str, seconds: float | None) -> None:
    """HTTP's form; anything else tells no time."""
    assert unix_seconds(date) == seconds
