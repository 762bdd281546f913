"""`trail-agent dead-letters` on a queue that behaves, as an operator types it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from agent.cli.app import app
from agent.cli.deadletters import complete_reasons
from agent.connections import AwsConnections
from agent.errors import AwsError, SettingsError
from agent.letters.desk import Desk
from agent.letters.outlook import LONGEST_SECONDS
from agent.letters.rereading import Prospect, Rereading
from agent.letters.told import ToldLetter
from agent.pulse import Pulse
from agent.settings import Settings
from tests.support.clock import FakeClock
from tests.support.letterbox import MAIN_ARN, OF_THE_AGENT, FakeLetterbox
from tests.support.queue import DEAD_LETTER_ARN, DEAD_LETTER_URL
from tests.support.settings import REQUIRED
from tests.support.telemetry import FakeTelemetry

BROKEN = {"reason": "notification_unknown", "detail": "the message is not JSON", "agent_version": "1.2.3"}
WHO = "arn:aws:iam::1:user/alice"
HOSTILE = {"reason": "object_\x1b[31mred", "detail": "a\nb\u202e", "bucket": "acme\x07", "key": "k\x1b]0;title\x07"}


@dataclass
class Rig:
    """A dead-letter queue, and the command line before it."""

    clock: FakeClock = field(default_factory=FakeClock)
    onward_arn: str = ""

    def __post_init__(self) -> None:
        self.box = FakeLetterbox(self.clock, onward_arn=self.onward_arn)

    def open(self, settings: Settings) -> Desk:
        """In place of AWS."""
        pulse, telemetry = Pulse(self.clock), FakeTelemetry()
        about = self.box.attributes(self.box.url)
        return Desk(settings, self.box, about, pulse, telemetry, AwsConnections(settings, telemetry, pulse))

    def fill(self) -> list[str]:
        """Three letters, an hour apart; returns their ids."""
        letters = (("{}", OF_THE_AGENT), ("{broken", BROKEN), ("{}", OF_THE_AGENT))
        ids = []
        for body, told in letters:
            ids.append(self.box.put(body, told))
            self.clock.advance(3600)
        return ids


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A command line whose AWS is this queue."""
    one = Rig()
    monkeypatch.setattr(Desk, "open", one.open)
    return one


def run(*arguments: str, columns: int = 300) -> Result:
    """Run a command in this process."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment = {**REQUIRED, **keys, "COLUMNS": str(columns), "TERMINAL_WIDTH": str(columns)}
    return CliRunner().invoke(app, ["dead-letters", *arguments], env=environment)


def plain(text: str) -> str:
    """What is written, without the box that typer draws around an error."""
    return re.sub(r"[\s│]+", " ", text)


def test_the_list_has_age_reason_object_and_what_to_do(rig: Rig) -> None:
    """Oldest first; a message that names no object shows how its text begins."""
    rig.fill()
    result = run("list")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert [line.split()[1:3] for line in lines[:4]] == [
        ["age", "reason"],
        ["3h", "object_missing"],
        ["2h", "notification_unknown"],
        ["60m", "object_missing"],
    ]
    assert lines[1].endswith(f"s3://{OF_THE_AGENT['bucket']}/{OF_THE_AGENT['key']}")
    assert lines[2].endswith("“{broken”")
    assert "object_missing (2)        find out whether a lifecycle rule" in result.stdout
    assert "3 dead letters. Each was hidden from others while this lasted (1 s), and counts one" in result.stderr
    assert "SQS cannot promise that these are all" in result.stderr
    assert rig.box.hidden_now() == 0


def test_the_beginning_of_a_long_text_says_how_much_there_is_besides(rig: Rig) -> None:
    """Of the whole text; and the quotation marks stand around it."""
    rig.box.put("x" * 1_024_000, {})
    (line,) = [each for each in run("list").stdout.splitlines() if "xxx" in each]
    assert line.split()[-2:] == ["“" + "x" * 48 + "…", "(+1023952)”"]


def test_what_the_letters_say_besides_is_told_once(rig: Rig) -> None:
    """The three most frequent details of a reason, with how many say so; not those of an empty text."""
    for number in range(5):
        for _ in range(number + 1):
            rig.box.put("{}", {**OF_THE_AGENT, "detail": f"cause {number}"})
    rig.box.put("{}", {"reason": "sink_rejected"})
    lines = [line.strip() for line in run("list").stdout.splitlines() if re.match(" +(other )?detail", line)]
    assert lines == ["detail (5): cause 4", "detail (4): cause 3", "detail (3): cause 2", "other details (3)"]


def test_the_newest_can_come_first(rig: Rig) -> None:
    """For whoever looks for what has just happened."""
    rig.fill()
    lines = run("list", "--newest-first").stdout.splitlines()
    assert [line.split()[1] for line in lines[1:4]] == ["60m", "2h", "3h"]


def test_json_is_one_object_per_line(rig: Rig) -> None:
    """For scripts: everything in full, nothing else on standard output."""
    ids = rig.fill()
    result = run("list", "--json")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["message_id"] for one in told] == ids
    assert {name: told[0][name] for name in OF_THE_AGENT} == OF_THE_AGENT
    assert (told[1]["bucket"], told[1]["detail"], told[1]["receives"]) == (None, "the message is not JSON", 1)
    assert told[0]["sent_at"] == "2026-09-21T14:13:20Z"


@pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("redrive", "--all", "--dry-run")])
def test_what_others_wrote_cannot_control_a_terminal(rig: Rig, arguments: Sequence[str]) -> None:
    """Escapes, bells and directions come out as text."""
    rig.box.put("\x1b[2J{broken\x9b31m", {})
    rig.box.put("{}", HOSTILE)
    result = run(*arguments)
    shown = result.stdout + result.stderr
    assert [character for character in shown if not character.isprintable() and character != "\n"] == []


def test_show_does_not_let_a_message_control_a_terminal_either(rig: Rig) -> None:
    """Neither its attributes, whatever their names, nor its text."""
    message_id = rig.box.put('{"a": "\\u001b[2J \u202e"}\x1b', {**HOSTILE, "Other": "x\x1by"})
    shown = run("show", message_id).stdout
    assert [character for character in shown if not character.isprintable() and character != "\n"] == []
    assert "\\x1b" in shown


def test_a_narrow_terminal_shows_the_end_of_a_key(rig: Rig) -> None:
    """Eighty columns are enough: region, time and id of a log file stand at its end."""
    rig.fill()
    from agent.cli.letter_table import _tail

    assert _tail("s3://bucket/AWSLogs/1_CloudTrail_x.json.gz", 20) == "…CloudTrail_x.json.gz"[-20:].replace("C", "…", 1)
    assert _tail("short", 20) == "short"


@pytest.mark.parametrize("columns", [200, 80, 60, 40, 24, 12])
@pytest.mark.parametrize("key", ["", "漢字" * 40], ids=["narrow", "wide"])
def test_the_id_is_whole_however_narrow_the_terminal_is(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, columns: int, key: str
) -> None:
    """It is what the other commands are given; a character that takes two columns moves nothing out of sight."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    long = rig.box.put("{}", {**OF_THE_AGENT, "reason": "漢字" * 9}) if key else ""
    ids = [*rig.fill(), *([long] if long else [])]
    rig.box.put("{}", {**OF_THE_AGENT, "key": key or "AWSLogs/name.json.gz"})
    shown = re.sub(r"\x1b\[[0-9;]*m", "", run("list", columns=columns).stdout).partition("\nwhat to do")[0]
    lines = shown.splitlines()
    assert [line for line in lines if cell_len(line) > columns] == []
    words = shown.split()
    for message_id in (*ids, "3h", "2h", "60m"):
        assert message_id in words, message_id
    if columns >= 40:
        assert {"object_missing", "notification_unknown"} <= set(words)
    assert ("字" if key else ".json.gz"[2 - columns :]) in shown


def test_filters_leave_what_is_meant(rig: Rig) -> None:
    """By reason and by age; how many were looked at is told."""
    rig.fill()
    result = run("list", "--reason", "object_missing", "--older-than", "2h", "--newer-than", "1d")
    assert len(result.stdout.split("\n\n")[0].splitlines()) == 2
    assert "1 dead letter of 3 that were looked at" in result.stderr
    none = run("list", "--reason", "sink_rejected,object_corrupt")
    assert (none.exit_code, none.stdout) == (0, "")
    assert "None of 3 dead letters matches." in none.stderr


def test_a_reason_that_only_another_version_knows_can_be_meant(rig: Rig) -> None:
    """Whatever a letter has is a reason; its advice does not say that an agent made it, unless the letter does."""
    rig.fill()
    rig.box.put("{new", {"reason": "object_new_reason"})
    listed = run("list", "--reason", "object_new_reason")
    assert (listed.exit_code, listed.stdout.count("object_new_reason")) == (0, 2)
    assert "this version does not know the reason: if `dead-letters show` names an agent's version" in listed.stdout
    assert run("drop", "--all", "--reason", "object_new_reason", "--yes").exit_code == 0
    again = run("list", "--reason", "object_new_reason")
    assert (again.exit_code, len(rig.box.messages)) == (2, 3)


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.parametrize(
    ("settings", "arn", "is_told"),
    [
        (DEAD_LETTER_URL, f"{MAIN_ARN}-of-sqs", True),
        (DEAD_LETTER_URL, DEAD_LETTER_ARN, False),
        (DEAD_LETTER_URL, "", False),
        (None, f"{MAIN_ARN}-of-sqs", False),
    ],
)
def test_a_second_dead_letter_queue_is_not_hidden(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, count: int, settings: str | None, arn: str, *, is_told: bool
) -> None:
    """The settings name one, and SQS moves what comes too often to another; where it is not known, nothing is said."""
    if settings:
        monkeypatch.setenv("TRAIL_AGENT_QUEUE__DEAD_LETTER_URL", settings)
    for _ in range(count):
        rig.box.put()
    rig.box.policy_arn = arn
    result = run("list")
    assert result.exit_code == 0
    assert (f"received too often, SQS moves to {arn}: to see those" in result.stderr) is is_told


def test_an_empty_queue_is_said_to_be_empty(rig: Rig) -> None:
    """In words, with exit code 0; and nothing on standard output."""
    for arguments in (("list",), ("list", "--json"), ("redrive", "--all"), ("drop", "--all", "--reason", "not_sent")):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "No dead letters: SQS shows none in" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("list",), 0), (("redrive", "--all"), 69), (("drop", "--all", "--reason", "sink_rejected"), 69)],
)
@pytest.mark.parametrize(("after", "seen"), [(0, "none were"), (1, "10 were")])
def test_letters_that_sqs_counts_and_does_not_show_are_no_success(
    rig: Rig, arguments: Sequence[str], code: int, after: int, seen: str
) -> None:
    """What was asked for is not done with all of them, and whoever runs it again gets the others."""
    for _ in range(25):
        rig.box.put("{}", {"reason": "sink_rejected"})
    rig.box.conceal(after)
    result = run(*arguments, *(["--yes"] if code else []))
    assert f"! SQS counts 25 messages, and {seen} seen: run it again" in result.stderr
    assert ("SQS shows no dead letters in" in result.stderr) is (seen == "none were")
    assert "No dead letters" not in result.stderr
    assert result.exit_code == code
    rig.box.mend()
    assert run(*arguments, "--yes" if code else "--json").exit_code == 0
    assert len(rig.box.messages) == (0 if code else 25)


def test_an_id_that_was_found_needs_no_other(rig: Rig) -> None:
    """SQS counts roughly, and late: that it counts more is no news for who meant one message, by how its id begins."""
    ids = rig.fill() + [rig.box.put("{}") for _ in range(12)]
    rig.box.conceal(1)
    result = run("redrive", ids[1])
    assert (result.exit_code, rig.box.main, "run it again" in result.stderr) == (0, ["{broken"], False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list", "--reason", "object_mising"), "object_mising is no reason; did you mean object_missing?"),
        (("list", "--reason", "Object-Missing"), "did you mean object_missing?"),
        (("list", "--reason", "zzz"), "zzz is no reason; there are notification_unknown, not_allowed"),
        (("list", "--older-than", "2x"), "'2x' is no length of time; write it such as 30m, 2h"),
        (("list", "--most", "0"), "--most"),
        (("show",), "ID"),
        (("show", "nosuch"), "nosuch: no message that was found has such an id"),
        (("show", "message-"), "message-: several messages have an id that begins so: message-1, message-2"),
        (("show", " "), "'': no message that was found has such an id"),
        (("redrive",), "give the ids of messages (`list` shows them), or --all"),
        (("redrive", "--reason", "not_sent"), "or --all beside the filter"),
        (("redrive", "message-1", "--all"), "give either ids, or --all"),
        (("redrive", "message-1", "--older-than", "1h"), "give either ids, or --all"),
        (("redrive", "message-1", "nosuch"), "nosuch: no message"),
        (("drop", "--all", "--yes"), "--all needs --reason"),
        (("drop", "--yes"), "give the ids of messages"),
    ],
)
def test_a_wrong_command_line_is_told_and_changes_nothing(rig: Rig, arguments: Sequence[str], words: str) -> None:
    """Exit code 2, a sentence, and every message is where it was, and visible."""
    rig.fill()
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in plain(result.stderr)
    assert (len(rig.box.messages), rig.box.main, rig.box.hidden_now()) == (3, [], 0)


def test_show_has_all_of_one_message(rig: Rig) -> None:
    """By the beginning of its id: attributes, text, and what reading it again says now."""
    ids = rig.fill()
    result = run("show", ids[1])
    assert result.exit_code == 0
    for words in (ids[1], "1, this look included", "the message is not JSON", "{broken", "read again now"):
        assert words in result.stdout
    assert "✗ it would be a dead letter again: notification_unknown" in result.stdout
    assert rig.box.hidden_now() == 0


def test_the_id_of_the_agents_log_line_finds_the_letter(rig: Rig) -> None:
    """SQS gives a dead letter an id of its own, and nobody has ever read that one; a beginning is enough, too."""
    rig.fill()
    source = "77777777-1111-4111-8111-111111111111"
    message_id = rig.box.put("{broken", {**BROKEN, "source_message_id": source})
    for name in (source, source.upper(), source[:8], message_id):
        shown = run("show", name)
        assert (shown.exit_code, message_id in shown.stdout, source in shown.stdout) == (0, True, True)
    assert json.loads(run("show", source, "--json").stdout)["source_message_id"] == source
    assert run("redrive", source).exit_code == 0
    assert rig.box.main == ["{broken"]


def test_an_id_that_several_had_in_the_queue_names_both_ids_of_each(rig: Rig) -> None:
    """What does not begin so has another id that does: SQS did not tell the agent that it had the first dead letter."""
    source = "77777777-1111-4111-8111-111111111111"
    ids = [rig.box.put("{}", {**OF_THE_AGENT, "source_message_id": source}) for _ in range(2)]
    result = run("show", source[:9].upper())
    named = ", ".join(f"{each} (in the queue: {source})" for each in ids)
    assert result.exit_code == 2
    assert f"77777777-: several messages have an id that begins so: {named}\n" in result.stderr


@pytest.mark.parametrize("verb", [("show",), ("redrive",), ("drop", "--yes")])
def test_an_id_beyond_the_most_is_not_said_to_be_nowhere(rig: Rig, verb: Sequence[str]) -> None:
    """The look ended before the end, or somebody else holds the message: it says so, and how to look further."""
    ids = rig.fill()
    result = run(*verb, ids[2], "--most", "2")
    assert result.exit_code == 2
    assert "no message that was found has such an id (2 messages looked at)" in result.stderr
    assert "! --most let it look at 2 messages; SQS counts 3: --most 3 looks at the rest, too" in result.stderr
    rig.box.take(1)
    hidden = run(*verb, ids[0])
    assert (hidden.exit_code, "! 1 message in somebody else's hands" in hidden.stderr) == (2, True)
    assert "SQS cannot promise that a look finds all" in hidden.stderr
    assert (len(rig.box.messages), rig.box.main) == (3, [])


@pytest.mark.parametrize("verb", [("show",), ("redrive",), ("drop", "--yes")])
def test_the_beginning_of_an_id_means_nothing_where_the_look_was_cut_short(rig: Rig, verb: Sequence[str]) -> None:
    """What was not looked at may begin so, too: nothing is done, and the whole id is named."""
    ids = rig.fill()
    result = run(*verb, "message", "--most", "1")
    assert result.exit_code == 2
    assert "✗ message: others may have an id that begins so (1 message looked at, and there are m" in result.stderr
    assert ids[0] in result.stderr
    assert (len(rig.box.messages), rig.box.main, rig.box.hidden_now()) == (3, [], 0)


def test_show_indents_json_and_leaves_the_rest_as_it_is(rig: Rig) -> None:
    """A member that stands twice would be lost by that, and such a text is shown as it stands."""
    first, second = rig.box.put('{"a":{"b":1}}'), rig.box.put('{"a":1,"a":2}')
    assert '{\n  "a": {\n    "b": 1\n  }\n}\n' in run("show", first).stdout
    assert '\n{"a":1,"a":2}\n' in run("show", second).stdout


def test_show_as_json_has_the_text_and_the_prospects(rig: Rig) -> None:
    """One object, for scripts."""
    ids = rig.fill()
    (line,) = run("show", ids[1], "--json").stdout.splitlines()
    told = json.loads(line)
    assert (told["body"], told["reason"]) == ("{broken", "notification_unknown")
    assert [one["good"] for one in told["now"]] == [False]


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_show_does_not_wait_for_s3_without_an_end(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, more: Sequence[str]
) -> None:
    """After twenty seconds it says that S3 has not answered; the letter itself is shown all the same."""
    ids, go_on = rig.fill(), threading.Event()

    def stuck(_self: Rereading, _told: ToldLetter) -> Sequence[Prospect]:
        rig.clock.advance(LONGEST_SECONDS)
        go_on.wait(10)
        return [Prospect(is_good=True, says="far too late")]

    monkeypatch.setattr(Rereading, "prospects", stuck)
    result = run("show", ids[1], *more)
    go_on.set()
    assert (result.exit_code, "{broken" in result.stdout, "read again now" in result.stdout) == (0, True, False)
    assert "! not read again within 20 s: S3 has not answered. Check the network to it" in result.stderr
    if more:
        assert json.loads(result.stdout)["now"] is None


def test_redrive_sends_what_is_named(rig: Rig) -> None:
    """By id; the others stay."""
    ids = rig.fill()
    result = run("redrive", ids[1])
    assert result.exit_code == 0
    assert "✓ sent back and deleted here: 1 dead letter (1 notification_unknown)" in result.stdout
    assert rig.box.main == ["{broken"]
    assert set(rig.box.messages) == {ids[0], ids[2]}


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--yes",)])
def test_what_would_fail_again_is_told_before_a_redrive(rig: Rig, more: Sequence[str]) -> None:
    """A line for each reason, with what to do first; nobody is asked where there is no terminal, so scripts go on."""
    rig.box.put("{broken", BROKEN)
    rig.box.put("{}", {**BROKEN, "reason": "sink_too_old"})
    result = run("redrive", "--all", *more)
    lines = result.stderr.splitlines()
    assert result.exit_code == 0
    assert lines[0].startswith(
        "✗ notification_unknown (1): 1 letter read again would fail: it would be a dead letter again: notif"
    )
    assert lines[1].startswith("  what to do: find out who sends to the queue")
    assert [line[:22] for line in lines if line[:1] == "✗"] == ["✗ notification_unknown", "✗ sink_too_old (1): 1 "]
    assert len(rig.box.main) == (0 if "--dry-run" in more else 2)
    assert rig.box.hidden_now() == 0


def test_a_redrive_that_waits_for_an_answer_can_be_declined(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent then, and the exit code is 2, as that of a drop without --yes; --yes asks nobody."""
    rig.box.put("{broken", BROKEN)
    asked: list[str] = []

    def decline(*_arguments: object) -> bool:
        asked.append("asked")
        return False

    monkeypatch.setattr("agent.cli.letter_work.ask_whether_to_go_on", decline)
    result = run("redrive", "--all")
    assert (result.exit_code, result.stdout, rig.box.main, rig.box.hidden_now()) == (2, "", [], 0)
    assert "1 dead letter (1 notification_unknown); nothing was sent" in result.stderr
    assert run("redrive", "--all", "--dry-run").exit_code == 0
    assert run("redrive", "--all", "--yes").exit_code == 0
    assert (asked, rig.box.main) == (["asked"], ["{broken"])


@pytest.mark.parametrize("how", ["not in time", "not at all"])
def test_what_nobody_could_read_again_is_asked_about_too(rig: Rig, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """That nothing is known of it is no reason to send it unasked."""
    rig.fill()
    asked: list[str] = []

    def decline(*_arguments: object) -> bool:
        asked.append("asked")
        return False

    def stuck(_self: Rereading, _told: ToldLetter) -> Sequence[Prospect]:
        rig.clock.advance(LONGEST_SECONDS)
        threading.Event().wait(10)
        return []

    def unusable(_self: Desk) -> Rereading:
        raise SettingsError(["record.mask_key_file: cannot be read"])

    monkeypatch.setattr("agent.cli.letter_work.ask_whether_to_go_on", decline)
    if how == "not at all":
        monkeypatch.setattr(Desk, "rereading", unusable)
    else:
        monkeypatch.setattr(Rereading, "prospects", stuck)
    result = run("redrive", "--all")
    assert (result.exit_code, asked, rig.box.main, rig.box.hidden_now()) == (2, ["asked"], [], 0)
    assert "none was read again in time" in result.stderr or "! not read again: record.mask_key_file" in result.stderr


def test_a_signal_while_letters_are_read_again_sends_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends as any other that is interrupted before it is done."""
    rig.fill()

    def interrupted(*_arguments: object) -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    monkeypatch.setattr("agent.cli.letter_work.say_outlook", interrupted)
    result = run("redrive", "--all")
    assert (result.exit_code, rig.box.main, rig.box.hidden_now()) == (143, [], 0)
    assert "3 dead letters (2 object_missing, 1 notification_unknown); nothing was sent" in result.stderr


def test_an_id_can_be_pasted_as_it_comes(rig: Rig) -> None:
    """In capitals, with blanks around it, and twice."""
    ids = rig.fill()
    assert run("show", f" {ids[1].upper()}").exit_code == 0
    assert run("redrive", f"{ids[1].upper()} ", ids[1]).exit_code == 0
    assert rig.box.main == ["{broken"]


def test_redrive_sends_all_of_a_reason(rig: Rig) -> None:
    """And says how many of which."""
    ids = rig.fill()
    result = run("redrive", "--all", "--reason", "object_missing")
    assert "✓ sent back and deleted here: 2 dead letters (2 object_missing)" in result.stdout
    assert set(rig.box.messages) == {ids[1]}
    assert rig.box.hidden_now() == 0


def test_a_dry_run_shows_and_sends_nothing(rig: Rig) -> None:
    """The same table as `list`."""
    rig.fill()
    result = run("redrive", "--all", "--dry-run")
    assert result.exit_code == 0
    assert "notification_unknown" in result.stdout
    assert "3 dead letters (2 object_missing, 1 notification_unknown); nothing was sent" in result.stderr
    assert (len(rig.box.messages), rig.box.main, rig.box.hidden_now()) == (3, [], 0)


def test_a_part_that_cannot_be_sent_is_listed(rig: Rig) -> None:
    """Exit code 69, a line for each, and the rest is done."""
    ids = rig.fill()
    rig.box.refuse("SendMessageBatch", ids[0])
    result = run("redrive", "--all")
    assert result.exit_code == 69
    assert f"✗ {ids[0]}: not sent back: InternalError: on demand" in result.stderr
    assert "✓ sent back and deleted here: 2 dead letters" in result.stdout
    assert set(rig.box.messages) == {ids[0]}


def test_what_sqs_does_not_answer_may_have_been_sent(rig: Rig) -> None:
    """Each letter is kept, and a repeat is no harm."""
    ids = rig.fill()
    rig.box.fail("SendMessageBatch")
    result = run("redrive", "--all")
    assert result.exit_code == 69
    words = "may be sent back, and is still here: SendMessageBatch: ServiceUnavailable"
    assert [f"✗ {each}: {words}" in result.stderr for each in ids] == [True] * 3
    assert "not sent back" not in result.stderr
    assert "! SQS did not answer, and may have taken what it was sent. Run it again" in result.stderr
    assert set(rig.box.messages) == set(ids)
    rig.box.mend()
    rig.box.deny("SendMessageBatch")
    again = run("redrive", "--all").stderr
    assert "not sent back: AccessDenied" in again
    assert "may " not in again


def test_what_is_in_both_queues_is_told(rig: Rig) -> None:
    """With what that means, and what to do."""
    ids = rig.fill()
    rig.box.deny("DeleteMessageBatch")
    result = run("redrive", "--all")
    assert result.exit_code == 69
    assert f"✗ {ids[0]}: sent back, but not deleted here: AccessDenied" in result.stderr
    assert "in both queues now. The agent ships them again as the same bytes" in result.stderr
    assert f"Delete them here: trail-agent dead-letters drop {' '.join(ids)} --yes\n" in result.stderr
    assert "what to do: allow it to your role; deploy/iam/operator.json" in result.stderr
    assert "✓" not in result.stdout


@pytest.mark.parametrize("name", ["agent.yaml", "my settings.yaml"])
def test_a_command_line_to_copy_works_as_it_stands(rig: Rig, tmp_path: Path, name: str) -> None:
    """With the settings file that was named, as a shell takes it: what it says is done by it."""
    file = tmp_path / name
    file.write_text("{}")
    rig.fill()
    rig.box.deny("DeleteMessageBatch")
    told = run("redrive", "-c", str(file), "--all").stderr
    (line,) = [each for each in told.splitlines() if "Delete them here: " in each]
    program, group, *arguments = shlex.split(line.partition("Delete them here: ")[2])
    assert (program, group, arguments[:3]) == ("trail-agent", "dead-letters", ["drop", "-c", str(file)])
    rig.box.mend()
    assert run(*arguments).stdout.startswith("✓ deleted: 3 dead letters")


def test_a_delete_that_is_not_answered_does_not_mean_that_all_is_still_here(rig: Rig) -> None:
    """What to delete is named one by one: among the others are some that were never sent."""
    ids = rig.fill() + [rig.box.put("{}", OF_THE_AGENT) for _ in range(9)]
    rig.box.fail("DeleteMessageBatch")
    result = run("redrive", "--all")
    assert result.exit_code == 69
    assert f"✗ {ids[0]}: sent back, and may still be here: DeleteMessageBatch: ServiceUnavailable" in result.stderr
    assert "not deleted here" not in result.stderr
    assert "in both queues now" not in result.stderr
    assert f"delete those that are: trail-agent dead-letters drop {' '.join(ids[:10])} --yes\n" in result.stderr
    assert "! 2 dead letters not tried any more" in result.stderr
    assert "try again. First delete here what was sent, as above; then run it again for the others\n" in result.stderr


def test_whoever_follows_all_of_the_advice_sends_nothing_twice(rig: Rig) -> None:
    """What was sent is deleted here first; then the same command sends the others."""
    for _ in range(9):
        rig.box.put()
    rig.box.messages.clear()  # so that no id of the others is the beginning of another
    for number in range(12):
        rig.box.put(str(number), {**OF_THE_AGENT, "reason": "sink_rejected"})
    rig.box.throttle("DeleteMessageBatch")
    told = run("redrive", "--all").stderr
    assert "! what to do: try again in a minute. First delete here what was sent, as above; then run it ag" in told
    rig.box.mend()
    (line,) = [each for each in told.splitlines() if "Delete them here: " in each]
    _, _, *arguments = shlex.split(line.partition("Delete them here: ")[2])
    assert run(*arguments).exit_code == 0
    assert run("redrive", "--all").exit_code == 0
    assert sorted(rig.box.main, key=int) == [str(number) for number in range(12)]


def test_a_redrive_that_stood_still_says_what_others_may_have(rig: Rig) -> None:
    """What was sent may be there twice; what was not yet is not sent."""
    for _ in range(12):
        rig.box.put("{}", OF_THE_AGENT)
    rig.box.on_sent = lambda: rig.clock.advance(31)
    result = run("redrive", "--all")
    assert (result.exit_code, len(rig.box.main)) == (69, 10)
    assert "✗ 2 dead letters not sent back: not hidden from others all the time, as if this" in result.stderr
    assert "! 10 dead letters of those that were sent may be in the queue twice: not hidden from" in result.stderr


def test_letters_that_sqs_does_not_hide_for_longer_are_told_with_its_words(rig: Rig) -> None:
    """The command did not stand still: SQS denies it something, and that is what to allow."""
    for _ in range(25):
        rig.box.put("{}", OF_THE_AGENT)
    rig.box.deny("ChangeMessageVisibilityBatch")
    rig.box.on_sent = lambda: rig.clock.advance(16)
    result = run("redrive", "--all")
    assert (result.exit_code, len(rig.box.main)) == (69, 20)
    assert "✗ 5 dead letters not sent back: not hidden from others all the time: somebody else" in result.stderr
    assert "hide what this command held for longer (AccessDenied: on demand): others may have" in result.stderr
    assert "! what to do: allow sqs:ChangeMessageVisibility to your role; deploy/iam/operator.json" in result.stderr
    assert "stood still" not in result.stderr


@pytest.mark.parametrize(
    ("trouble", "said", "to_do"),
    [
        (FakeLetterbox.deny, "AccessDenied: on demand", "allow sqs:ChangeMessageVisibility"),
        (FakeLetterbox.fail, "ChangeMessageVisibilityBatch: ServiceUnavailable: on demand", "check the network"),
    ],
)
def test_letters_that_sqs_does_not_take_back_are_told_with_its_words(
    rig: Rig, trouble: Callable[[FakeLetterbox, str], None], said: str, to_do: str
) -> None:
    """And with what to do, so that the next look does not hide them again."""
    rig.fill()
    trouble(rig.box, "ChangeMessageVisibilityBatch")
    result = run("list")
    assert result.exit_code == 0
    assert f"! SQS did not take 3 messages back ({said}); visible again within 30 s\n" in result.stderr
    assert f"! what to do: {to_do}" in result.stderr


def test_a_letter_that_is_too_large_is_told_as_that(rig: Rig) -> None:
    """With how large it is, and what to do; the others are sent."""
    rig.fill()
    large = rig.box.put("x" * 3000, OF_THE_AGENT)
    rig.box.most_bytes = 1024
    result = run("redrive", "--all")
    assert (result.exit_code, len(rig.box.main)) == (69, 3)
    assert f"✗ {large}: not sent back: SendMessageBatch: InvalidParameterValue: Message must be" in result.stderr
    assert "(its text has 3,000 bytes)\n! what to do: raise the queue's MaximumMessageSize" in result.stderr
    assert "check the network" not in result.stderr


def test_a_drop_that_is_not_answered_may_be_done(rig: Rig) -> None:
    """Nobody knows, and nothing else is said."""
    (message_id, *_) = rig.fill()
    rig.box.fail("DeleteMessageBatch")
    result = run("drop", message_id, "--yes")
    assert result.exit_code == 69
    assert f"✗ {message_id}: may be deleted: DeleteMessageBatch: ServiceUnavailable" in result.stderr


def test_drop_deletes_only_when_told_twice(rig: Rig) -> None:
    """Without --yes it shows which, and that is no success; with it, they are gone."""
    ids = rig.fill()
    asked = run("drop", "--all", "--reason", "object_missing")
    assert asked.exit_code == 2
    assert "2 dead letters (2 object_missing); nothing was deleted: --yes" in asked.stderr
    assert len(rig.box.messages) == 3
    done = run("drop", "--all", "--reason", "object_missing", "--yes")
    assert (done.exit_code, done.stdout) == (0, "✓ deleted: 2 dead letters (2 object_missing)\n")
    assert (set(rig.box.messages), rig.box.main) == ({ids[1]}, [])


def test_drop_deletes_what_is_there_of_what_is_named(rig: Rig) -> None:
    """What is gone is told, and the exit code says that it was not all; a name that is unclear deletes nothing."""
    ids = rig.fill()
    unclear = run("drop", ids[0], "nosuch", "message-", "--yes")
    assert (unclear.exit_code, len(rig.box.messages)) == (2, 3)
    shown = run("drop", ids[0], "nosuch")
    assert (shown.exit_code, len(rig.box.messages)) == (2, 3)
    assert "1 dead letter (1 object_missing); nothing was deleted: --yes" in shown.stderr
    done = run("drop", ids[0], "nosuch", ids[2], "--yes")
    assert (done.exit_code, done.stdout) == (69, "✓ deleted: 2 dead letters (2 object_missing)\n")
    assert "✗ nosuch: no message that was found has such an id (3 messages looked at)" in done.stderr
    assert "SQS cannot promise that a look finds all" in done.stderr
    assert (set(rig.box.messages), rig.box.hidden_now()) == ({ids[1]}, 0)


@pytest.mark.parametrize("arguments", [("list",), ("redrive", "--all"), ("drop", "message-1", "--yes")])
def test_sqs_that_does_not_answer_is_told_with_what_is_so_now(rig: Rig, arguments: Sequence[str]) -> None:
    """What it said, what to do, and that nothing has changed; exit code 69; nothing stays hidden."""
    rig.fill()
    rig.box.fail("ReceiveMessage")
    result = run(*arguments)
    assert result.exit_code == 69
    line, state = result.stderr.splitlines()
    assert state.startswith("Nothing was sent or deleted.")
    assert line.startswith("✗ ReceiveMessage: ServiceUnavailable: on demand; check the network")
    assert rig.box.hidden_now() == 0


@pytest.mark.parametrize("arguments", [("list",), ("redrive", "--all"), ("drop", "message-1", "--yes")])
def test_a_look_that_sqs_throttles_waits_and_says_so(rig: Rig, arguments: Sequence[str]) -> None:
    """Some seconds later it goes on, and does what it was asked for."""
    rig.fill()
    rig.box.throttle("ReceiveMessage", 3)
    result = run(*arguments)
    assert (result.exit_code, bool(result.stdout)) == (0, True)
    said = "! SQS does nothing for the moment (ReceiveMessage: RequestThrottled: on demand); asked again in"
    assert result.stderr.count(said) == 3


def test_a_check_of_the_settings_is_named_with_their_file(rig: Rig, tmp_path: Path) -> None:
    """What is to be run next can be copied, too."""
    file = tmp_path / "my settings.yaml"
    file.write_text("nosuch: 1")
    result = run("list", "-c", str(file))
    assert result.exit_code == 78
    assert f"`trail-agent check -c '{file}'` shows whether they are right" in result.stderr
    assert rig.box.requests["ReceiveMessage"] == 0


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (
            AwsError("denied", "ReceiveMessage at host: Denied: no."),
            69,
            "Denied: no; allow it to your role",
        ),
        (AwsError("missing", "ReceiveMessage at host: QueueDoesNotExist"), 69, "check queue.url"),
        (SettingsError(["queue.dead_letter_url: there is none"]), 78, "✗ queue.dead_letter_url: there is none"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_whatever_ends_it_early_is_told_in_words(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    """Each with its exit code, and never a traceback."""

    def fail(_settings: Settings) -> Desk:
        raise error

    monkeypatch.setattr(Desk, "open", fail)
    result = run("list")
    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_redrive_between_two_requests(rig: Rig, number: signal.Signals) -> None:
    """What was done is told, the rest is where it was, nothing stays hidden; the exit code says which signal it was."""
    for _ in range(25):
        rig.box.put("{}")
    rig.box.on_sent = lambda: os.kill(os.getpid(), number)
    result = run("redrive", "--all")
    assert result.exit_code == 128 + number
    assert "✓ sent back and deleted here: 10 dead letters" in result.stdout
    assert "! 15 dead letters not tried any more" in result.stderr
    assert (len(rig.box.messages), rig.box.hidden_now()) == (15, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_a_redrive_at_once(rig: Rig, number: signal.Signals) -> None:
    """It may be between a send and its delete: that is told, and nothing stays hidden."""
    for _ in range(25):
        rig.box.put("{}")

    def twice() -> None:
        for _ in range(2):
            os.kill(os.getpid(), number)

    rig.box.on_sent = twice
    result = run("redrive", "--all")
    assert result.exit_code == 128 + number
    assert "! up to 10 dead letters may be in both queues: run it again" in result.stderr
    assert "visible again within 30 s" in result.stderr
    assert (len(rig.box.messages), len(rig.box.main), rig.box.hidden_now()) == (25, 10, 0)


def test_a_bug_is_told_without_what_it_met(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 70, the place of the bug, what is so now; the messages are visible again."""
    rig.fill()

    def stumble(*_arguments: object) -> None:
        raise KeyError(WHO)

    monkeypatch.setattr(rig.box, "send_back", stumble)
    result = run("redrive", "--all")
    assert result.exit_code == 70
    assert "test_deadletters.py" in result.stderr
    assert "✗ A bug ended the command. Each dead letter is still in one of the queues" in result.stderr
    assert "alice" not in result.output
    assert (len(rig.box.messages), rig.box.hidden_now()) == (3, 0)


def test_ctrl_c_ends_a_look_and_shows_what_was_found(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that there may be more; a redrive that was stopped while it looked sends nothing."""
    for _ in range(25):
        rig.box.put("{}")
    monkeypatch.setattr(rig.box, "take", _interrupted(rig.box))
    result = run("list")
    assert result.exit_code == 130
    assert "! interrupted: there may be more" in result.stderr
    assert result.stdout.count("s3://") == 10
    assert run("redrive", "--all").exit_code == 130
    assert (len(rig.box.messages), rig.box.main, rig.box.hidden_now()) == (25, [], 0)


def test_ctrl_c_ends_the_search_for_an_id(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and not that there is no such message."""
    ids = [rig.box.put("{}") for _ in range(25)]
    monkeypatch.setattr(rig.box, "take", _interrupted(rig.box))
    result = run("show", ids[-1])
    assert (result.exit_code, result.stderr) == (130, "! interrupted: there may be more\n")


def _interrupted(box: FakeLetterbox):  # type: ignore[no-untyped-def] # as `take`
    take = box.take

    def taking(most: int = 10) -> object:
        found = take(most)
        os.kill(os.getpid(), signal.SIGINT)
        return found

    return taking


def test_a_queue_that_moves_messages_on_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the look: it counts as a receive, and could be the last."""
    rig = Rig(onward_arn="arn:aws:sqs:us-west-2:111122223333:graveyard")
    monkeypatch.setattr(Desk, "open", rig.open)
    rig.box.put("{}")
    warned = run("list").stderr.splitlines()[0]
    assert "a redrive policy of its own: what was received 20 times, SQS moves on to arn:aws:sqs:us-west-2" in warned


def test_what_others_hold_is_told(rig: Rig) -> None:
    """Two are in somebody's hands, and this look cannot show them."""
    for _ in range(3):
        rig.box.put("{}")
    rig.box.take(2)
    result = run("list")
    assert "1 dead letter." in result.stderr
    assert "! 2 messages in somebody else's hands when this look began" in result.stderr


def test_the_oldest_has_its_deadline(rig: Rig) -> None:
    """SQS deletes it when the queue's retention is over."""
    rig.fill()
    assert "SQS deletes the oldest of them in 3 d 20 h." in run("list").stderr


def test_a_shell_offers_the_reasons() -> None:
    """Each with what happened."""
    assert [name for name, _ in complete_reasons("object_m")] == ["object_missing", "object_malformed"]
    assert dict(complete_reasons(""))["object_missing"] == "S3 has no such object"
    assert len(complete_reasons("")) > 10


def test_the_command_alone_shows_its_help() -> None:
    """And that is wrong usage."""
    result = run()
    assert result.exit_code == 2
    assert "redrive" in result.stdout
