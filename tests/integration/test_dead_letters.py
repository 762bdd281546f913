"""`trail-agent dead-letters` as processes of their own, beside the real daemon, on an emulated AWS."""

from __future__ import annotations

import json
import os
import pty
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.demo.world import REGION
from agent.model import ObjectRef
from tests.support import moto
from tests.support.clock import eventually, soon
from tests.support.cloud import Cloud
from tests.support.commands import Shell
from tests.support.daemon import Daemon
from tests.support.events import event
from tests.support.messages import notification
from tests.support.objects import trail_key, trail_object
from tests.support.otlp_receiver import HttpReceiver
from tests.support.recorded_aws import RecordedAws, Reply, Request

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def shell(cloud: Cloud, tmp_path: Path) -> Shell:
    """Runs commands for this cloud."""
    return Shell.at(tmp_path / "shell", cloud.settings(NOWHERE))


def put(cloud: Cloud, body: str, **told: str) -> None:
    """A message in the dead-letter queue, with these attributes."""
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
    cloud.sqs.send_message(QueueUrl=cloud.world.dead_letter_url, MessageBody=body, MessageAttributes=attributes)


def bodies(cloud: Cloud, url: str) -> list[str]:
    """The texts of all that can be received from a queue now, but for S3's test message; they stay visible."""
    answer = cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    texts = sorted(message["Body"] for message in answer.get("Messages", ()))
    return [text for text in texts if "s3:TestEvent" not in text]


def listed(shell: Shell, *arguments: str) -> list[Mapping[str, object]]:
    """What `list --json` shows."""
    return [json.loads(line) for line in shell.run("dead-letters", "list", "--json", *arguments).out.splitlines()]


def test_what_the_daemon_buried_is_listed_shown_and_sent_back(cloud: Cloud, shell: Shell, tmp_path: Path) -> None:
    """The whole way: `{broken` in the queue, in the dead-letter queue with its reason, and in the queue again."""
    with HttpReceiver() as sink, Daemon.ready(tmp_path / "agent", cloud.settings(sink)) as agent:
        cloud.world.send("{broken")
        eventually(lambda: agent.metric("trail_agent_dead_letters_total") == 1, "the daemon made a dead letter of it")
        eventually(cloud.is_idle, "the queue is empty")
        assert agent.stop() == 0
        (line,) = [each for each in agent.events() if each["event"] == "dead_lettered"]
    assert shell.run("dead-letters", "show", str(line["message_id"])).code == 0
    table = shell.run("dead-letters", "list")
    assert (table.code, table.out.count("notification_unknown"), "“{broken”" in table.out) == (0, 2, True)
    assert "find out who sends to the queue" in table.out
    (told,) = listed(shell)
    assert (told["reason"], told["receives"]) == ("notification_unknown", 3)
    shown = shell.run("dead-letters", "show", str(told["message_id"])[:8])
    assert shown.code == 0
    assert "\n{broken\n" in shown.out
    assert "✗ it would be a dead letter again: notification_unknown" in shown.out
    done = shell.run("dead-letters", "redrive", str(told["message_id"]))
    assert (done.code, done.out) == (0, "✓ sent back and deleted here: 1 dead letter (1 notification_unknown)\n")
    assert bodies(cloud, cloud.world.queue_url) == ["{broken"]
    assert cloud.world.dead_letter_depth().total == 0


def test_what_is_mended_is_delivered_after_a_redrive(cloud: Cloud, shell: Shell, tmp_path: Path) -> None:
    """An object that was missing is back: `show` says so, and the daemon ships its event when it is sent back."""
    ref = ObjectRef(cloud.world.bucket, trail_key("late"), None)
    put(cloud, notification(ref), reason="object_missing", detail="gone", bucket=ref.bucket, key=ref.key)
    cloud.world.put(ref.key, trail_object(event("late")))
    (told,) = listed(shell)
    assert "✓ it would be delivered: 1 event" in shell.run("dead-letters", "show", str(told["message_id"])).out
    with HttpReceiver() as sink, Daemon.ready(tmp_path / "agent", cloud.settings(sink)):
        assert shell.run("dead-letters", "redrive", "--all", "--reason", "object_missing").code == 0
        eventually(lambda: any(export.records for export in sink.exports), "the event of the object arrives")
    assert cloud.world.dead_letter_depth().total == 0


def test_what_sqs_moved_by_itself_has_no_reason_of_the_agents(cloud: Cloud, shell: Shell) -> None:
    """It is told by its text: a sound notification was received too often, anything else is none."""
    sqs, ref = cloud.sqs, ObjectRef(cloud.world.bucket, trail_key("worn"), None)
    policy = {"deadLetterTargetArn": _arn(cloud, cloud.world.dead_letter_url), "maxReceiveCount": 1}
    attributes = {"RedrivePolicy": json.dumps(policy)}
    sqs.set_queue_attributes(QueueUrl=cloud.world.queue_url, Attributes=attributes)
    for body in (notification(ref), "{broken"):
        cloud.world.send(body)
    for _ in range(3):
        sqs.receive_message(QueueUrl=cloud.world.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    told = {one["reason"]: one for one in listed(shell)}
    assert set(told) == {"received_too_often", "notification_unknown"}
    assert (told["received_too_often"]["bucket"], told["received_too_often"]["key"]) == (ref.bucket, ref.key)


def _arn(cloud: Cloud, url: str) -> str:
    answer = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def test_nothing_stays_hidden_after_a_list(cloud: Cloud, shell: Shell) -> None:
    """Whoever asks next can receive every message at once."""
    for number in range(23):
        put(cloud, str(number), reason="not_allowed")
    assert len(listed(shell)) == 23
    depth = cloud.world.dead_letter_depth()
    assert (depth.visible, depth.in_flight) == (23, 0)


def test_a_reader_who_leaves_hides_nothing_and_is_no_error(cloud: Cloud, shell: Shell) -> None:
    """`list | head -1`: the messages were given back before the first line."""
    for number in range(12):
        put(cloud, str(number), reason="not_allowed")
    with shell.start("dead-letters", "list", "--json") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        complaints = process.stderr.read()
    assert "Traceback" not in complaints
    assert "✗" not in complaints
    assert cloud.world.dead_letter_depth().in_flight == 0


def test_closed_errors_change_nothing_else(cloud: Cloud, shell: Shell) -> None:
    """What would be said is said to nobody, and the letters go back."""
    put(cloud, "{broken", reason="notification_unknown")
    by = ("sh", "-c", 'exec "$@" 2>&-', "sh")
    with shell.start("dead-letters", "redrive", "--all", by=by) as process:
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "✓ sent back and deleted here: 1 dead letter (1 notification_unknown)\n")
    assert bodies(cloud, cloud.world.queue_url) == ["{broken"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is a thing of Linux")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list",), ""),
        (("redrive", "--all"), "✓ sent back and deleted here: 3 dead letters (3 not_allowed)"),
        (("drop", "--all", "--reason", "not_allowed", "--yes"), "✓ deleted: 3 dead letters (3 not_allowed)"),
    ],
)
def test_an_output_that_cannot_be_written_is_no_bug(
    cloud: Cloud, shell: Shell, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 1, as of every command; and what was done with the letters is told all the same."""
    for number in range(3):
        put(cloud, str(number), reason="not_allowed")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    with Path("/dev/full").open("w") as full:
        ended = shell.run("dead-letters", *arguments, stdout=full.fileno())
    assert (ended.code, "Traceback" in ended.err, "A bug" in ended.err) == (1, False, False)
    assert "✗ the output cannot be written: No space left on device" in ended.err
    assert said in ended.err
    assert cloud.world.dead_letter_depth().visible == (0 if said else 3)


class Halting(RecordedAws):
    """Holds back the answer to what asks for `action`, until it is told to go on."""

    action = ""

    def __init__(self, upstream: str, accounts: Mapping[str, str]) -> None:
        super().__init__(upstream, accounts)
        self.done, self.go_on = threading.Event(), threading.Event()

    def passed(self, request: Request) -> Reply:
        """As it does, but late."""
        answer = super().passed(request)
        if self.calls[-1].action == self.action:
            self.done.set()
            soon(self.go_on)
        return answer


@pytest.fixture
def halting(cloud: Cloud) -> Iterator[Halting]:
    """A door before the emulator."""
    with Halting.before(cloud.world.endpoint, {}) as door:
        assert isinstance(door, Halting)
        yield door
        door.go_on.set()


def _behind(door: Halting, cloud: Cloud, folder: Path) -> Shell:
    return Shell.at(folder, cloud.settings(NOWHERE, aws={"endpoint_url": door.url}))


def test_a_kill_between_send_and_delete_loses_nothing(
    cloud: Cloud, shell: Shell, halting: Halting, tmp_path: Path
) -> None:
    """The letter is in both queues then; sent once more, it is a repeat, and gone from here."""
    put(cloud, "{broken", reason="notification_unknown")
    halting.action = "sqs:SendMessage"
    with _behind(halting, cloud, tmp_path / "behind").start("dead-letters", "redrive", "--all") as process:
        soon(halting.done)
        process.kill()
        halting.go_on.set()
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert bodies(cloud, cloud.world.queue_url) == ["{broken"]
    assert cloud.world.dead_letter_depth().total == 1
    moto.lapse()  # the half minute for which SQS still hides it
    assert shell.run("dead-letters", "redrive", "--all").code == 0
    assert bodies(cloud, cloud.world.queue_url) == ["{broken", "{broken"]
    assert cloud.world.dead_letter_depth().total == 0


class Losing(RecordedAws):
    """Does what is asked, and then loses its own answers to what asks for `action`."""

    action = ""

    def passed(self, request: Request) -> Reply:
        """As it does, but for the answer."""
        answer = super().passed(request)
        return Reply(500, [("Content-Length", "2")], b"{}") if self.calls[-1].action == self.action else answer


@pytest.mark.parametrize(
    ("action", "words", "left"),
    [
        ("sqs:SendMessage", "may be sent back, and is still here", 3),
        ("sqs:DeleteMessage", "sent back, and may still be here", 0),
    ],
)
def test_an_answer_that_is_lost_sends_nothing_twice(
    cloud: Cloud, tmp_path: Path, action: str, words: str, left: int
) -> None:
    """The queue has each letter once; what is not known is told as that."""
    for number in range(3):
        put(cloud, str(number), reason="not_allowed")
    with Losing.before(cloud.world.endpoint, {}) as door:
        assert isinstance(door, Losing)
        door.action = action
        settings = cloud.settings(NOWHERE, aws={"endpoint_url": door.url})
        done = Shell.at(tmp_path / "behind", settings).run("dead-letters", "redrive", "--all", "--yes")
    assert (done.code, done.err.count(words), "✓" in done.out) == (69, 3, False)
    assert bodies(cloud, cloud.world.queue_url) == ["0", "1", "2"]
    assert cloud.world.dead_letter_depth().total == left


class Busy(RecordedAws):
    """Throttles the first two requests that send, and closes each connection on which nothing comes for a moment."""

    idle_seconds = 0.1

    def __init__(self, upstream: str, accounts: Mapping[str, str]) -> None:
        super().__init__(upstream, accounts)
        self.refusals = [
            (400, "com.amazonaws.sqs#KmsThrottled", [("x-amzn-query-error", "KMS.ThrottlingException;Sender")]),
            (503, "ThrottlingException", []),
        ]

    def passed(self, request: Request) -> Reply:
        """As it does, but for these two."""
        if not self.refusals or "SendMessage" not in request.headers.get("X-Amz-Target", ""):
            return super().passed(request)
        status, code, more = self.refusals.pop(0)
        content = json.dumps({"__type": code, "message": "Rate exceeded"}).encode()
        headers = [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(content)))]
        return Reply(status, [*headers, *more], content)


def test_a_throttled_redrive_goes_on_when_sqs_takes_it(cloud: Cloud, tmp_path: Path) -> None:
    """Each letter is in the queue once; that the connection was closed meanwhile is no trouble either."""
    for number in range(12):
        put(cloud, str(number), reason="not_allowed")
    before = cloud.world.queue_depth().total
    with Busy.before(cloud.world.endpoint, {}) as door:
        settings = cloud.settings(NOWHERE, aws={"endpoint_url": door.url})
        done = Shell.at(tmp_path / "behind", settings).run("dead-letters", "redrive", "--all", "--yes")
    assert (done.code, "not sent" in done.err) == (0, False)
    assert done.err.count("! SQS does nothing for the moment") == 2
    assert "KMS.ThrottlingException: Rate exceeded); asked again in 1 s" in done.err
    assert "✓ sent back and deleted here: 12 dead letters" in done.out
    assert cloud.world.queue_depth().total - before == 12
    assert cloud.world.dead_letter_depth().total == 0


def test_ctrl_c_in_the_middle_of_a_look_hides_nothing(cloud: Cloud, halting: Halting, tmp_path: Path) -> None:
    """The request that is under way comes to its end, what was found is shown, and all of it is visible."""
    for number in range(12):
        put(cloud, str(number), reason="not_allowed")
    halting.action = "sqs:ReceiveMessage"
    with _behind(halting, cloud, tmp_path / "behind").start("dead-letters", "list", "--json") as process:
        soon(halting.done)
        process.send_signal(signal.SIGINT)
        halting.go_on.set()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert len(out.splitlines()) == 10
    assert "! interrupted: there may be more" in err
    assert cloud.world.dead_letter_depth().in_flight == 0


@pytest.mark.parametrize(("key", "code", "left"), [(b"n", 2, 1), (b"\r", 2, 1), (b"y", 0, 0)])
def test_whoever_sits_at_a_terminal_is_asked_about_what_would_fail_again(
    cloud: Cloud, shell: Shell, key: bytes, code: int, left: int
) -> None:
    """One key answers, and only a y sends; a letter that is not sent is visible again."""
    put(cloud, "{broken", reason="notification_unknown")
    ours, its = pty.openpty()
    try:
        with shell.start("dead-letters", "redrive", "--all", stdin=its, stderr=its) as process:
            os.close(its)
            shown = b""
            while b"[y/N]" not in shown:
                shown += os.read(ours, 65536)
            os.write(ours, key)
            assert process.wait(60) == code
    finally:
        os.close(ours)
    assert b"1 letter read again would fail: it would be a dead letter again" in shown
    depth = cloud.world.dead_letter_depth()
    assert (depth.visible, depth.in_flight) == (left, 0)


def test_a_dead_letter_queue_that_the_settings_name_is_taken(cloud: Cloud, halting: Halting, tmp_path: Path) -> None:
    """Whatever the redrive policy says: the main queue is asked for nothing, and only sent what goes back."""
    other_url = cloud.account.create_queue("others-letters")
    put(cloud, "not this one", reason="not_allowed")
    cloud.account.send(other_url, "{broken")
    queue = {"url": cloud.world.queue_url, "region": REGION, "dead_letter_url": other_url}
    shell = Shell.at(tmp_path / "behind", cloud.settings(NOWHERE, queue=queue, aws={"endpoint_url": halting.url}))
    assert shell.run("dead-letters", "redrive", "--all").code == 0
    assert bodies(cloud, cloud.world.queue_url) == ["{broken"]
    assert (cloud.account.depth(other_url).total, cloud.world.dead_letter_depth().total) == (0, 1)
    main = _arn(cloud, cloud.world.queue_url)
    assert {call.action for call in halting.calls if call.resource == main} == {"sqs:SendMessage"}


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"queue": {"url": "{endpoint}/123456789012/nosuch", "region": REGION}}, 69, "check queue.url"),
        ({"queue": {"url": "{endpoint}/123456789012/nosuch", "region": REGION}}, 69, "(123456789012/nosuch)"),
        ({"queue": {"url": "{dead}", "region": REGION}}, 78, "queue.dead_letter_url: the queue has no redrive policy"),
        ({"queue": {"url": "{queue}", "region": "us-east-1"}}, 69, "NonExistentQueue"),
        ({"aws": {"endpoint_url": "http://127.0.0.1:9"}}, 69, "check the network to that host"),
        ({"aws": {"profile": "nosuch"}}, 78, "aws.profile"),
    ],
)
def test_a_queue_that_is_not_there_is_one_line(
    cloud: Cloud, tmp_path: Path, changes: Mapping[str, Mapping[str, str]], code: int, words: str
) -> None:
    """What SQS said, or what the settings lack, and what to do; never a traceback."""
    world = cloud.world
    places = {"endpoint": world.endpoint, "dead": world.dead_letter_url, "queue": world.queue_url}
    filled = {section: {k: v.format(**places) for k, v in given.items()} for section, given in changes.items()}
    ended = Shell.at(tmp_path / "shell", cloud.settings(NOWHERE, **filled)).run("dead-letters", "list")
    assert ended.code == code
    assert ended.err.startswith("✗ ")
    assert words in ended.err.splitlines()[0]
    assert (ended.out, "Traceback" in ended.err) == ("", False)
