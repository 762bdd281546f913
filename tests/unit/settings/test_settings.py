"""What the operator's settings become, and in which order the sources win."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.errors import SettingsError
from agent.settings import (
    OtlpSettings,
    Settings,
    environment,
    load,
    redacted,
)

QUEUE = "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"
MINIMAL = f"queue: {{url: '{QUEUE}'}}\nbuckets: [{{name: acme-trail}}]\n"


def settings(
    tmp_path: Path, text: str = MINIMAL, environ: Mapping[str, str] | None = None, **flags: object
) -> Settings:
    """The settings of a file with this text."""
    path = tmp_path / "agent.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ or {}, {name.replace("__", "."): value for name, value in flags.items()})


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(tmp_path: Path) -> None:
    """Each of four keys comes from the strongest source that names it."""
    text = MINIMAL + "reads: 2\nlog: {level: error, format: json}\n"
    environ = {"TRAIL_AGENT_LOG__LEVEL": "warning", "TRAIL_AGENT_LOG__FORMAT": "console"}
    found = settings(tmp_path, text, environ, log__level="debug")
    assert (found.log.level, found.log.format, found.reads, found.workers) == ("debug", "console", 2, 4)


def test_the_environment_alone_is_enough() -> None:
    """Without a file, variables can set everything that is required."""
    found = load(None, {"TRAIL_AGENT_QUEUE__URL": QUEUE, "TRAIL_AGENT_BUCKETS": "acme-trail, acme-other"})
    assert [bucket.name for bucket in found.buckets] == ["acme-trail", "acme-other"]
    assert found.needed_queue().url == QUEUE


def test_lists_and_maps_in_variables_are_json_or_short(tmp_path: Path) -> None:
    """Both notations of a list and of a map give the same settings, dots in names included."""
    json_form = {
        "TRAIL_AGENT_ACCOUNTS": '["111122223333", "012345678901"]',
        "TRAIL_AGENT_RESOURCE": '{"service.name": "x", "team": "a b"}',
        "TRAIL_AGENT_OTLP__HEADERS": '{"x-key": "a=b"}',
        "TRAIL_AGENT_BUCKETS": '[{"name": "one"}, {"name": "two"}]',
    }
    short_form = {
        "TRAIL_AGENT_ACCOUNTS": "111122223333,012345678901",
        "TRAIL_AGENT_RESOURCE": "service.name=x,team=a%20b",
        "TRAIL_AGENT_OTLP__HEADERS": "x-key=a=b",
        "TRAIL_AGENT_BUCKETS": "one,two",
    }
    found = settings(tmp_path, environ=json_form)
    assert found == settings(tmp_path, environ=short_form)
    assert found.resource == {"service.name": "x", "team": "a b"}
    assert found.otlp.plain_headers() == {"x-key": "a=b"}


def test_an_empty_variable_is_not_set_and_null_is_the_default(tmp_path: Path) -> None:
    """An empty variable leaves the file's value; `null` takes it away, in the environment and in the file."""
    text = MINIMAL + "workers: 9\nreads: 9\nlog:\ndedup: {events: null}\n"
    found = settings(tmp_path, text, {"TRAIL_AGENT_WORKERS": "", "TRAIL_AGENT_READS": "null"})
    assert (found.workers, found.reads, found.dedup.events, found.log.level) == (9, 32, 100_000, "info")


def test_references_expand_inside_the_file(tmp_path: Path) -> None:
    """`${env:NAME}` gives text, numbers and lists; a default stands in; `$${` is a plain `${`."""
    text = (
        f"queue: {{url: '{QUEUE}', dead_letter_url: '${{env:EMPTY:-}}'}}\nbuckets: ${{env:BUCKETS}}\n"
        "workers: ${env:WORKERS:-7}\nresource: {a: 'x-${env:NAME}-$${y}', b: '${env:EMPTY:-z}'}\n"
    )
    found = settings(tmp_path, text, {"BUCKETS": "one,two", "NAME": "n", "EMPTY": ""})
    assert (len(found.buckets), found.workers, found.needed_queue().dead_letter_url) == (2, 7, None)
    assert found.resource == {"service.name": "aws-codecatalyst", "a": "x-n-${y}", "b": "z"}


def test_an_emulator_url_takes_the_region_of_the_environment(tmp_path: Path) -> None:
    """A URL without a region falls back to AWS_REGION, then AWS_DEFAULT_REGION, and buckets follow the queue."""
    text = MINIMAL.replace(QUEUE, "http://localhost:4566/000000000000/q")
    found = settings(tmp_path, text, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-3"})
    assert (found.needed_queue().region, found.buckets[0].region) == ("eu-west-1", "eu-west-1")
    assert settings(tmp_path, text, {"AWS_DEFAULT_REGION": "eu-west-3"}).home_region == "eu-west-3"
    with pytest.raises(SettingsError, match=r"^queue\.region: is required"):
        settings(tmp_path, text)


def test_account_ids_are_what_was_written(tmp_path: Path) -> None:
    """Unquoted ids work, those with leading zeros too, which plain YAML would read as octal numbers."""
    found = settings(tmp_path, MINIMAL + "accounts: [111122223333, 012345670123, 012345678901, '000000000000']\n")
    assert found.accounts == ("111122223333", "012345670123", "012345678901", "000000000000")


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """Settings and their sections are frozen."""
    found = settings(tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        found.needed_queue().wait_seconds = 1


def test_headers_come_from_the_file_and_from_the_key(tmp_path: Path) -> None:
    """Both notations of a headers file work, and the key wins over the file whatever the case of the name."""
    secrets = tmp_path / "headers"
    for text in (
        "X-Scope-OrgID: acme\nAuthorization: Basic old==\n",
        "# ours\nX-Scope-OrgID=acme\nAuthorization=Basic old==\n",
    ):
        secrets.write_text(text)
        assert OtlpSettings(headers_file=secrets).plain_headers()["Authorization"] == "Basic old=="
        found = settings(tmp_path, MINIMAL + f"otlp: {{headers_file: {secrets}, headers: {{authorization: new}}}}\n")
        assert found.otlp.plain_headers() == {"X-Scope-OrgID": "acme", "authorization": "new"}


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """Neither repr nor the redacted settings hold a header value, a password in a URL or an external id."""
    text = MINIMAL + (
        "otlp: {endpoint: 'https://u:s3cret@h/x?key=s3cret', headers: {authorization: s3cret}}\n"
        "aws: {assume_role: {role_arn: 'arn:aws:iam::111122223333:role/r', external_id: s3cret}}\n"
    )
    found = settings(tmp_path, text)
    assert "s3cret" not in f"{found!r}{found}{redacted(found)}"
    assert "s3cret" in found.otlp.logs_url
    assert "[redacted]@h/x?[redacted]" in str(redacted(found)["otlp"])


def test_the_environment_is_the_processs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the process is seen."""
    monkeypatch.setenv("TRAIL_AGENT_WORKERS", "3")
    assert environment()["TRAIL_AGENT_WORKERS"] == "3"


@pytest.mark.parametrize("name", ["cloud.provider", "cloud.region", "cloud.account.id"])
def test_a_resource_attribute_that_every_record_overrules_is_warned_of(tmp_path: Path, name: str) -> None:
    """Where an event happened is told by the event, and who sets it otherwise learns that it has no effect."""
    (from_file,) = settings(tmp_path, MINIMAL + f"resource: {{{name}: x, team: blue}}\n").warnings
    assert from_file.startswith(f"resource.{name}: has no effect")
    (from_variable,) = settings(tmp_path, environ={"OTEL_RESOURCE_ATTRIBUTES": f"{name}=x"}).warnings
    assert from_variable.endswith("(from OTEL_RESOURCE_ATTRIBUTES)")


def test_a_header_may_come_from_an_empty_variable(tmp_path: Path) -> None:
    """In a map of the operator's own names, empty is empty: there is no default that null could stand for."""
    text = MINIMAL + "otlp: {headers: {x-team: '${env:TEAM}'}}\n"
    assert settings(tmp_path, text, {"TEAM": ""}).otlp.plain_headers() == {"x-team": ""}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('select: {event_sources: ["*", guardduty.amazonaws.com, "sts.amazonaws.com.cn"]}\n', []),
        ("select: {event_sources: [s3.amazonaws.com, guardduty]}\n", ["select.event_sources.1"]),
        ("select: {kms_keys: [alias/trail]}\n", ["select.kms_keys"]),
        ("select: {kms_keys: [alias/trail], profiles: [trail_guard]}\n", []),
        ("select: {event_sources: ['https://sso.amazonaws.com']}\n", ["select.event_sources.0"]),
        ("select: {exclude_events: [Get*, List*]}\n", []),
        ("select: {exclude_events: ['[a-m]*', '[n-z]*']}\n", ["select.exclude_events"]),
        ("select: {profiles: [identity, codecatalyst], exclude_events: ['?*']}\n", ["select.exclude_events"] * 2),
        ("select: {exclude_events: [codecatalyst.GetProject]}\n", ["select.exclude_events.0"]),
    ],
)
def test_a_selection_without_effect_is_warned_of(tmp_path: Path, text: str, keys: list[str]) -> None:
    """A source that is no service's full name would select nothing, and nobody would notice."""
    found = settings(tmp_path, MINIMAL + text).warnings
    assert [warning.split(":")[0] for warning in found] == keys


def test_profiles_and_their_names_come_from_the_environment_too(tmp_path: Path) -> None:
    """Short forms of a list and of a map."""
    variables = {"TRAIL_AGENT_SELECT__PROFILES": "identity,pipeline", "TRAIL_AGENT_SERVICE_NAMES": "identity=people"}
    found = settings(tmp_path, environ=variables)
    assert found.select.profiles == ("identity", "pipeline")
    assert found.service_names == {"identity": "people"}


def test_a_command_may_do_without_queue_and_buckets(tmp_path: Path) -> None:
    """Then neither is required; what is set counts as ever, and what is wrong with it is a problem."""
    alone = load(None, {"AWS_REGION": "eu-west-1"}, needs_source=False)
    assert (alone.queue, alone.buckets, alone.event_history, alone.home_region) == (None, (), None, "eu-west-1")
    beside = load(None, {"TRAIL_AGENT_QUEUE__URL": QUEUE, "AWS_REGION": "eu-west-1"}, needs_source=False)
    assert (beside.needed_queue().url, beside.buckets, beside.home_region) == (QUEUE, (), "us-west-2")
    with pytest.raises(SettingsError, match=r"^queue\.wait_seconds: must be at most 20"):
        load(None, {"TRAIL_AGENT_QUEUE__URL": QUEUE, "TRAIL_AGENT_QUEUE__WAIT_SECONDS": "21"}, needs_source=False)


def test_what_cannot_do_without_a_queue_says_so() -> None:
    """The problem has the key's name first, as all problems have."""
    with pytest.raises(SettingsError, match=r"^queue\.url: is required for this"):
        load(None, {"TRAIL_AGENT_EVENT_HISTORY__REGIONS": "us-west-2"}).needed_queue()
