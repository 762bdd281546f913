"""CodeCatalyst's own event log over HTTP: what is asked for, with which token, and what each refusal means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.aws.session import Sessions
from agent.aws.space_log import SpaceLog, UnreadablePageError
from agent.errors import AwsError, SettingsError
from agent.settings import AwsSettings
from tests.support.private_ca import make_private_ca
from tests.support.spaces import NOON, SPACE, TOKEN, Spaces, items, serving

HOUR = timedelta(hours=1)


@pytest.fixture
def spaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Spaces]:
    """A service with five items of one space, at noon and each quarter of an hour after; Mary is signed in."""
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/credentials")
    monkeypatch.setenv("AWS_BEARER_TOKEN_CODECATALYST", TOKEN)
    ca = make_private_ca(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(ca.ca_file))
    with serving(Spaces({SPACE: items(5, NOON, HOUR / 4)}), ca) as served:
        yield served


def opened(spaces: Spaces, **settings: object) -> SpaceLog:
    """The log, as the agent opens it."""
    sessions = Sessions(AwsSettings(endpoint_url=spaces.url, **settings), "1", "us-west-2")  # type: ignore[arg-type]
    return SpaceLog(sessions.bearer_client("codecatalyst", region="us-west-2", retries={"total_max_attempts": 1}))


def test_items_come_as_they_stand_in_the_answer(spaces: Spaces) -> None:
    """Byte for byte, also members that no model knows: a record has all of it."""
    spaces.held = {SPACE: [{**items(1, NOON, HOUR)[0], "somethingNew": {"n": 1e3}}]}
    page = opened(spaces).page(SPACE, NOON, NOON + HOUR)
    assert [json.loads(one) for one in page.items] == spaces.held[SPACE]
    assert b'"eventTime": "2026-10-05T12:00:00.000Z"' in page.items[0]
    assert page.token == ""


def test_a_page_tells_what_time_it_is_there(spaces: Spaces) -> None:
    """A bearer token is good whatever time it is here."""
    log = opened(spaces)
    here = datetime.now(UTC)
    spaces.behind = HOUR
    there = log.page(SPACE, NOON, NOON + HOUR).time
    assert there is not None
    assert timedelta(minutes=58) < here - there < timedelta(minutes=61)


def test_a_page_leads_to_the_next(spaces: Spaces) -> None:
    """By its token; the last one has none."""
    spaces.largest = 3
    log = opened(spaces)
    first = log.page(SPACE, NOON, NOON + HOUR)
    last = log.page(SPACE, NOON, NOON + HOUR, first.token)
    assert [json.loads(one)["id"] for one in (*first.items, *last.items)] == [f"item-{n}" for n in (4, 3, 2, 1, 0)]
    assert (bool(first.token), last.token) == (True, "")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ((429, "ThrottlingException"), "throttled"),
        ((429, ""), "throttled"),
        ((503, ""), "unavailable"),
        ((409, "ConflictException"), "unavailable"),
        ((403, "AccessDeniedException"), "denied"),
        ((402, "ServiceQuotaExceededException"), "denied"),
        ((400, "ValidationException"), "invalid"),
    ],
)
def test_each_refusal_has_its_kind(spaces: Spaces, failure: tuple[int, str], kind: str) -> None:
    """What passes is waited for; what does not, is told."""
    spaces.failures = [failure]
    with pytest.raises(AwsError) as error:
        opened(spaces).page(SPACE, NOON, NOON + HOUR)
    assert error.value.kind == kind


@pytest.mark.parametrize(("space", "kind"), [("nowhere", "missing"), ("x", "invalid")])
def test_a_wrong_name_of_a_space_is_told(spaces: Spaces, space: str, kind: str) -> None:
    """One that is not there, and one that can be none."""
    with pytest.raises(AwsError) as error:
        opened(spaces).page(space, NOON, NOON + HOUR)
    assert error.value.kind == kind


def test_a_token_that_is_not_valid_is_denied(spaces: Spaces) -> None:
    """It may have come to its end."""
    log = opened(spaces)
    spaces.token = "another"
    with pytest.raises(AwsError) as error:
        log.page(SPACE, NOON, NOON + HOUR)
    assert error.value.kind == "denied"


def test_without_a_token_it_is_told_how_to_get_one(spaces: Spaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """IAM's credentials do not count."""
    monkeypatch.delenv("AWS_BEARER_TOKEN_CODECATALYST")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with pytest.raises(AwsError, match="aws sso login") as error:
        opened(spaces)
    assert error.value.kind == "no_credentials"


def test_who_is_no_longer_signed_in_is_told_so(spaces: Spaces, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The profile is there, its token is not."""
    monkeypatch.delenv("AWS_BEARER_TOKEN_CODECATALYST")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "config").write_text(
        "[profile mary]\nregion = us-west-2\nsso_session = cc\n"
        "[sso-session cc]\nsso_region = us-east-1\nsso_start_url = https://view.example.com/start\n",
        encoding="utf-8",
    )
    with pytest.raises(AwsError) as error:
        opened(spaces, profile="mary").page(SPACE, NOON, NOON + HOUR)
    assert error.value.kind == "no_credentials"
    assert spaces.asked == []


def test_a_profile_that_is_not_there_is_a_matter_of_the_settings(spaces: Spaces) -> None:
    """As for any other client."""
    with pytest.raises(SettingsError, match="profile"):
        opened(spaces, profile="nobody")


def test_a_token_goes_to_nobody_without_tls(spaces: Spaces) -> None:
    """botocore refuses it; no request is made, and waiting would not help."""
    spaces.url = spaces.url.replace("https", "http")
    with pytest.raises(AwsError, match="HTTPS") as error:
        opened(spaces).page(SPACE, NOON, NOON + HOUR)
    assert (error.value.kind, spaces.asked) == ("invalid", [])


@pytest.mark.parametrize("body", [b'["what?"]', b"<html>", b'{"items":7}', b"", b"\xff"])
@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_that_is_none_may_pass(spaces: Spaces, body: bytes, status: int) -> None:
    """A proxy may have written it."""
    log = opened(spaces)
    spaces.other_answer = (status, "", body)
    with pytest.raises(AwsError) as error:
        log.page(SPACE, NOON, NOON + HOUR)
    assert error.value.kind == "unavailable"


@pytest.mark.parametrize("half", [r"\ud83d", r"\uDE00\ud83d"])
def test_half_a_surrogate_pair_costs_no_other_item(spaces: Spaces, half: str) -> None:
    """It is mended as in a file: a record cannot hold it."""
    log = opened(spaces)
    body = json.dumps({"items": items(3, NOON, HOUR / 4)}).replace('"test"', f'"{half}"')
    spaces.other_answer = (200, "", body.encode())
    found = [json.loads(one) for one in log.page(SPACE, NOON, NOON + HOUR).items]
    assert [one["userAgent"] for one in found] == ["\ufffd" * half.count("u")] * 3


@pytest.mark.parametrize("body", [b"{}", b'{"items":null}', b'{"items":null,"nextToken":null}', b'{"items":[]}'])
def test_an_answer_without_items_is_an_empty_page(spaces: Spaces, body: bytes) -> None:
    """There is nothing to wait for."""
    log = opened(spaces)
    spaces.other_answer = (200, "", body)
    page = log.page(SPACE, NOON, NOON + HOUR)
    assert (page.items, page.token) == ([], "")


def test_an_answer_that_says_something_else_is_no_empty_page(spaces: Spaces) -> None:
    """A proxy's JSON must not count as a time in which nothing happened."""
    log = opened(spaces)
    spaces.other_answer = (200, "", b'{"error":"try later","status":1}')
    with pytest.raises(UnreadablePageError, match="it has no items, but error, status"):
        log.page(SPACE, NOON, NOON + HOUR)


def test_an_odd_item_costs_no_other(spaces: Spaces) -> None:
    """Whoever maps it will say what is wrong."""
    odd = [{"eventTime": "yesterday", "userIdentity": 7}, 7, *items(1, NOON, HOUR)]
    log = opened(spaces)
    spaces.other_answer = (200, "", json.dumps({"items": odd}).encode())
    assert [json.loads(one) for one in log.page(SPACE, NOON, NOON + HOUR).items] == odd
