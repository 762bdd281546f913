"""deploy/iam/operator.json is what an operator's commands need: no call is denied, and no line is for nothing.

A new command is one function in `COMMANDS`, which makes its calls, and its statements in that policy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import pytest

from agent.demo.world import REGION
from agent.model import ObjectRef
from tests.support import iam_policy, moto
from tests.support.cloud import ACME, Cloud
from tests.support.commands import Shell
from tests.support.events import event
from tests.support.history_service import HistoryAws
from tests.support.iam_policy import Call, allowed
from tests.support.messages import notification
from tests.support.objects import trail_key, trail_object
from tests.support.sound_account import OF_CHECK

POLICY = "operator.json"
EMULATED_ACCOUNT = {"123456789012": "111122223333"}


def dead_letters(cloud: Cloud, shell: Shell) -> None:
    """All four verbs, each with something to do."""
    queue_url = cloud.sqs.get_queue_url(QueueName="trail-agent-dead-letters")["QueueUrl"]
    cloud.account.put_object(ACME, trail_key("there"), trail_object(event("there")))
    for body in ("{broken", notification(ObjectRef(ACME, trail_key("there")))):
        cloud.sqs.send_message(QueueUrl=queue_url, MessageBody=body)
    ended = shell.run("dead-letters", "list", "--json")
    ids = {told["reason"]: told["message_id"] for told in map(json.loads, ended.out.splitlines())}
    assert "would be delivered: 1 event" in shell.run("dead-letters", "show", ids["received_too_often"]).out
    assert shell.run("dead-letters", "redrive", ids["received_too_often"]).code == 0
    assert shell.run("dead-letters", "drop", ids["notification_unknown"], "--yes").code == 0


def replay(cloud: Cloud, shell: Shell) -> None:
    """Objects of a plain trail and of an organisation's, found, listed and read; there is no sink."""
    for key in (trail_key("there"), trail_key("member").replace("AWSLogs/", "AWSLogs/o-a1b2c3d4e5/")):
        cloud.account.put_object(ACME, key, trail_object(event(key[-20:])))
    span = ("--since", "2026-11-20", "--until", "2026-11-21")
    assert "would ship 2 objects" in shell.run("replay", *span, "--dry-run").out
    assert shell.run("replay", *span, "--to", "jsonl", str(shell.config.parent / "out")).code == 0


def event_history(cloud: Cloud, shell: Shell) -> None:
    """A day of it, which holds nothing."""
    out = str(shell.config.parent / "history")
    assert shell.run("replay", "--from", "event-history", "--since", "1d", "--to", "jsonl", out).code == 0


COMMANDS: Sequence[Callable[[Cloud, Shell], None]] = (dead_letters, replay, event_history)


@pytest.fixture(scope="module")
def calls(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Call]]:
    """All that the commands asked of AWS, under the names that the policy has."""
    moto.forget()
    cloud = Cloud.at(emulator)
    dead_letter_url = cloud.account.create_queue("trail-agent-dead-letters")
    queue_url = cloud.account.create_queue("trail-agent", dead_letter_url=dead_letter_url)
    cloud.account.create_bucket(ACME, notifies=queue_url, prefix="nothing-is-written-here/")
    with HistoryAws.before(emulator, EMULATED_ACCOUNT) as aws:
        settings = cloud.settings(
            "http://127.0.0.1:9",
            queue={"url": queue_url, "region": REGION},
            buckets=[{"name": ACME}],
            aws={"endpoint_url": aws.url},
        )
        shell = Shell.at(tmp_path_factory.mktemp("shell"), settings)
        for command in COMMANDS:
            command(cloud, shell)
        yield aws.calls


def test_every_call_of_an_operators_command_is_allowed(calls: list[Call]) -> None:
    """Whatever the commands ask of AWS, the policy allows; this names what it lacks."""
    policy = iam_policy.read(POLICY)
    assert calls
    assert [call for call in calls if not allowed(policy, call)] == []


def test_every_action_that_an_operator_is_allowed_was_used(calls: list[Call]) -> None:
    """Each action of each statement was called for on its resource.

    tests/integration/test_check_online.py does the same for the statements of `check --online`.
    """
    unused = {
        action
        for statement in iam_policy.read(POLICY)
        if statement.sid not in OF_CHECK
        for action in statement.actions
        if not any(call.action == action and statement.allows(call) for call in calls)
    }
    assert unused == set()
