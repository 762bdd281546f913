"""`trail-agent config` and `trail-agent check`, as an operator meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from agent.cli import config as config_commands
from agent.cli.app import app
from agent.cli.check import check
from agent.history.place_file import PlaceFile
from agent.settings import schema

QUEUE = "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"
SOUND = f"queue: {{url: '{QUEUE}'}}\nbuckets: [{{name: acme-trail}}]\n"


def run(*arguments: str) -> Result:
    """What these arguments give, with the commands wired as the program wires them."""
    some = typer.Typer()
    some.command()(check)
    some.add_typer(config_commands.app)
    return CliRunner().invoke(some, [*arguments])


def file(tmp_path: Path, text: str) -> str:
    """The path of a settings file with this text."""
    path = tmp_path / "agent.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_check_says_what_is_in_effect(tmp_path: Path) -> None:
    """Sound settings give ticked lines and exit code 0; no secret is among them."""
    text = SOUND + "otlp: {endpoint: 'https://u:s3cret@h', headers: {authorization: s3cret}}\n"
    text += "select: {profiles: [codecatalyst, identity], event_sources: ['*']}\n"
    result = run("check", "-c", file(tmp_path, text))
    assert result.exit_code == 0
    assert all(line.startswith("✓ ") for line in result.stdout.splitlines())
    assert QUEUE in result.stdout
    assert "✓ events: codecatalyst, identity, the whole trail\n" in result.stdout
    assert "[redacted]@h/v1/logs" in result.stdout
    assert "s3cret" not in result.output


@pytest.mark.parametrize("command", [("check",), ("config", "show")])
def test_bad_settings_end_with_78_and_every_problem(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Each problem is one crossed line on standard error, without a traceback and without half an answer."""
    result = run(*command, "-c", file(tmp_path, "workers: none\nwrokers: 1\n"))
    assert result.exit_code == 78
    assert result.stdout == ""
    crossed = [line for line in result.stderr.splitlines() if line.startswith("✗ ")]
    assert sorted(line.split(":")[0] for line in crossed) == ["✗ buckets", "✗ queue.url", "✗ workers", "✗ wrokers"]
    assert "Traceback" not in result.output
    assert "Nothing was started" not in result.output  # nobody can know, once a daemon has looked at its queue
    assert result.stderr.splitlines()[-1].startswith("trail-agent cannot run with these settings. ")


def test_whoever_checks_is_not_told_to_check(tmp_path: Path) -> None:
    """Every other command names `trail-agent check`; this one is it."""
    path = file(tmp_path, "workers: none\n")
    assert f"`trail-agent check -c {path}` shows" in run("config", "show", "-c", path).stderr
    assert "trail-agent check" not in run("check", "-c", path).stderr


@pytest.mark.parametrize("options", [(), ("--online",)])
def test_bad_settings_are_json_for_who_wants_json(tmp_path: Path, options: tuple[str, ...]) -> None:
    """An object for each problem, in the form of a check's result; nothing else on either output."""
    result = run("check", "--json", *options, "-c", file(tmp_path, "workers: none\nwrokers: 1\n"))
    assert (result.exit_code, result.stderr) == (78, "")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert {one["on"] for one in told} == {"queue.url", "buckets", "workers", "wrokers"}
    assert all((one["id"], one["status"]) == ("settings", "failed") and one["what"] and one["fix"] for one in told)


def test_sound_settings_and_cautions_are_json_for_who_wants_json(tmp_path: Path) -> None:
    """Also without a look at anything online."""
    result = run("check", "--json", "-c", file(tmp_path, SOUND + "resource: {host.name: x}\n"))
    assert (result.exit_code, result.stderr) == (0, "")
    sound, warned = [json.loads(line) for line in result.stdout.splitlines()]
    assert (sound["id"], sound["status"], sound["fix"]) == ("settings", "ok", "")
    assert (warned["id"], warned["status"], warned["on"]) == ("settings", "caution", "resource.host.name")


@pytest.mark.parametrize("command", [("check",), ("config", "show")])
def test_without_a_file_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    """-c is optional: the variables of the process are enough."""
    monkeypatch.setenv("TRAIL_AGENT_QUEUE__URL", QUEUE)
    monkeypatch.setenv("TRAIL_AGENT_BUCKETS", "acme-trail")
    result = run(*command)
    assert result.exit_code == 0
    assert "acme-trail" in result.stdout


@pytest.mark.parametrize("command", [("check",), ("config", "show")])
def test_warnings_go_to_standard_error(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A warning is seen, and neither changes the exit code nor spoils the output."""
    result = run(*command, "-c", file(tmp_path, SOUND + "resource: {host.name: x}\n"))
    assert result.exit_code == 0
    assert result.stderr.startswith("! resource.host.name: ")
    assert "host.name" not in result.stdout


def test_a_file_that_may_not_be_read_is_a_mistake_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's user may not read what root can: exit code 78 and one line, as for a file that is not there."""
    refused = PermissionError(13, "Permission denied")
    path = tmp_path / "agent.yaml"
    path.touch()
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    monkeypatch.setattr(Path, "open", lambda *_, **__: (_ for _ in ()).throw(refused))
    result = run("check", "-c", str(path))
    assert result.exit_code == 78
    assert f"{path}: cannot be read as the settings file: Permission denied" in result.output


def test_check_says_what_is_polled_where_there_is_no_queue(tmp_path: Path) -> None:
    """Lines about a queue and its buckets are left out; whether a restart is remembered is told."""
    keys = f"poll_seconds: 90, checkpoint_file: '{tmp_path}/checkpoint'"
    lines = run("check", "-c", file(tmp_path, f"event_history: {{regions: [us-west-2, eu-west-1], {keys}}}")).stdout
    assert [line.split(":")[0] for line in lines.splitlines()] == [
        "✓ settings",
        "✓ event history",
        "✓ events",
        "✓ otlp",
        "✓ http",
    ]
    assert f"us-west-2, eu-west-1, every 90 s, 1800 s back; remembered in {tmp_path}/checkpoint" in lines
    lines = run("check", "-c", file(tmp_path, "event_history: {regions: [us-west-2]}")).stdout
    assert "us-west-2, every 60 s, 1800 s back; not remembered over restarts" in lines


@pytest.mark.parametrize(
    ("command", "key"),
    [(("dead-letters", "list"), "queue.url"), (("replay", "--since", "2d"), "buckets")],
)
def test_what_event_history_does_not_do_ends_with_78(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], key: str
) -> None:
    """Each says which key it needs, before it asks AWS for anything."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    result = CliRunner().invoke(app, [*command, "-c", file(tmp_path, "event_history: {regions: [us-west-2]}")])
    assert result.exit_code == 78
    assert result.stderr.startswith(f"✗ {key}: ")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_checkpoint_that_the_agent_would_not_use_ends_with_78(tmp_path: Path, options: tuple[str, ...]) -> None:
    """As `run` without a queue does; the file is left as it is."""
    checkpoint = tmp_path / "checkpoint"
    checkpoint.write_text("{}")
    text = f"event_history: {{regions: [us-west-2], checkpoint_file: '{checkpoint}'}}"
    result = run("check", "-c", file(tmp_path, text), *options)
    assert result.exit_code == 78
    assert "event_history.checkpoint_file" in result.output
    assert "is no checkpoint of Event history, or is damaged" in " ".join(result.output.split())
    assert checkpoint.read_text() == "{}"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_beside_a_queue_such_a_checkpoint_is_a_caution(tmp_path: Path, options: tuple[str, ...]) -> None:
    """`run` goes on with the queue; what it does meanwhile is told."""
    checkpoint = tmp_path / "checkpoint"
    checkpoint.write_text("{}")
    text = f"{SOUND}event_history: {{regions: [us-west-2], checkpoint_file: '{checkpoint}'}}"
    result = run("check", "-c", file(tmp_path, text), *options)
    told = " ".join(result.output.split())
    assert result.exit_code == 0, told
    assert "is no checkpoint of Event history, or is damaged" in told
    assert "until then `run` ships what the queue announces, and reads no region" in told
    assert "caution" in told or told.count("! event_history.checkpoint_file: ") == 1
    assert checkpoint.read_text() == "{}"


def test_a_checkpoint_that_is_ahead_of_the_clock_is_a_caution(tmp_path: Path) -> None:
    """`run` goes on before now, and does not wait until then."""
    checkpoint = tmp_path / "checkpoint"
    places = PlaceFile(checkpoint)
    places.open(lambda: "111122223333")
    places.begin("us-west-2", 32_472_144_000)  # the year 2999
    places.begin("eu-west-1", 1_790_000_000)
    places.keep()
    text = f"event_history: {{regions: [us-west-2, eu-west-1], checkpoint_file: '{checkpoint}'}}"
    result = run("check", "-c", file(tmp_path, text))
    assert result.exit_code == 0, result.output
    assert "! event_history.checkpoint_file: its place of us-west-2 is ahead of this clock" in result.output


def test_show_prints_yaml_without_secrets(tmp_path: Path) -> None:
    """The output is a settings file again, with [redacted] for each secret."""
    text = SOUND + "otlp: {headers: {authorization: s3cret}}\nlog: {level: debug}\n"
    shown = run("config", "show", "-c", file(tmp_path, text)).stdout
    tree = yaml.safe_load(shown)
    assert (tree["log"]["level"], tree["otlp"]["headers"]) == ("debug", {"authorization": "[redacted]"})
    assert run("check", "-c", file(tmp_path, shown)).exit_code == 0


def test_what_is_counted_agrees_with_its_number(tmp_path: Path) -> None:
    """One is one, and anything else is several."""
    one = run("check", "-c", file(tmp_path, SOUND + "workers: 1\notlp: {headers: {a: b}}\n")).stdout
    assert "1 bucket, 1 worker, 32 reads at once" in one
    assert ", 1 header\n" in one
    several = run("check", "-c", file(tmp_path, SOUND)).stdout
    assert "4 workers" in several
    assert ", 0 headers\n" in several


def test_schema_prints_the_schema() -> None:
    """The output is the JSON Schema of the settings."""
    assert json.loads(run("config", "schema").stdout) == schema()


def test_config_alone_shows_its_help() -> None:
    """Without a command, the help is printed and the exit code is that of wrong usage."""
    result = run("config")
    assert result.exit_code == 2
    assert "schema" in result.output
