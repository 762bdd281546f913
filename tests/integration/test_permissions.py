"""The policies under deploy/iam/ are what the daemon needs: no call of it is denied, and no line is for nothing.

No emulator checks permissions, so every request is written down on its way to one, and judged afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from agent.demo.generator import Generator
from agent.demo.trail_objects import pack, trail_key
from agent.demo.world import REGION
from tests.support import iam_policy, moto
from tests.support.clock import eventually
from tests.support.cloud import ACME, Cloud
from tests.support.daemon import Daemon
from tests.support.history_service import HistoryAws
from tests.support.iam_policy import Call, allowed
from tests.support.otlp_receiver import HttpReceiver, HttpReply
from tests.support.recorded_aws import RecordedAws

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OTHERS = "acme-trail-444455556666"
ROLE = "arn:aws:iam::444455556666:role/trail-reader"
EMULATED_ACCOUNT = {"123456789012": "111122223333"}

_OF_THE_AGENT = ("agent.json", "agent-kms.json", "agent-assume-role.json")
_OF_THE_ROLE = ("bucket-role.json",)
_UNSEEN = {
    ("agent.json", "s3:ListBucket"): "never called: S3 looks at it to choose between 404 and 403",
    ("bucket-role.json", "s3:ListBucket"): "likewise",
    ("agent-kms.json", "kms:Decrypt"): "called by S3 and SQS on the agent's behalf, not by the agent",
    ("agent-kms.json", "kms:GenerateDataKey"): "called by SQS on the agent's behalf",
    ("agent-assume-role.json", "sts:TagSession"): "never called: STS looks at it if EKS Pod Identity gave session tags",
}
_EVENTFUL: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("trail_agent_lease_extensions_total", {}),
    ("trail_agent_retries_total", {"reason": "object_missing"}),
    ("trail_agent_dead_letters_total", {"reason": "notification_unknown"}),
    ("trail_agent_events_total", {"fate": "exported"}),
)


@dataclass(frozen=True, slots=True)
class Trail:
    """Buckets of two accounts that notify one queue, under the names that the policies have."""

    cloud: Cloud
    queue_url: str

    @classmethod
    def lay(cls, cloud: Cloud) -> Trail:
        """Make queues and buckets."""
        dead_letter_url = cloud.account.create_queue("trail-agent-dead-letters")
        queue_url = cloud.account.create_queue("trail-agent", dead_letter_url=dead_letter_url)
        for bucket in (ACME, OTHERS):
            cloud.account.create_bucket(bucket, notifies=queue_url, prefix="AWSLogs/")
        return cls(cloud, queue_url)

    def fill(self) -> None:
        """Put an object with an event into each bucket, and two messages that lead to nothing."""
        generator, rng = Generator(Random(1), NOW), Random(2)
        for bucket, event in zip((ACME, OTHERS), generator.generate(2, NOW), strict=True):
            key = trail_key(rng, bucket.rpartition("-")[2], REGION, NOW)
            self.cloud.account.put_object(bucket, key, pack([event.record]))
        missing = trail_key(rng, "111122223333", REGION, NOW)
        for body in ("not json", json.dumps({"s3Bucket": ACME, "s3ObjectKey": [missing]})):
            self.cloud.account.send(self.queue_url, body)


@pytest.fixture(scope="module")
def calls(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Call]]:
    """All that a daemon asked of AWS in a life in which both buckets were read, and all of `_EVENTFUL` happened."""
    slow = HttpReply(503, headers={"Retry-After": "4"})  # longer than half a lease, which is then extended
    moto.forget()
    cloud = Cloud.at(emulator)
    with RecordedAws.before(emulator, EMULATED_ACCOUNT) as aws:
        trail = Trail.lay(cloud)
        settings = {
            "queue": {"url": trail.queue_url, "region": REGION, "wait_seconds": 1, "visibility_timeout_seconds": 5},
            "buckets": [{"name": ACME}, {"name": OTHERS, "role_arn": ROLE}],
            "aws": {"endpoint_url": aws.url},
        }
        with (
            HttpReceiver(rule=lambda export: slow if export.records and len(sink.exports) < 4 else None) as sink,
            Daemon.ready(tmp_path_factory.mktemp("agent"), cloud.settings(sink, **settings)) as agent,
        ):
            trail.fill()
            for metric, labels in _EVENTFUL:
                eventually(lambda: agent.metric(metric, **labels) > 0, f"{metric} counts {labels}")  # noqa: B023
            eventually(lambda: agent.metric("trail_agent_deliveries_settled_total", outcome="delivered") >= 4, "read")
            assert agent.stop() == 0
        yield aws.calls


def _statements(*names: str) -> list[iam_policy.Statement]:
    return [statement for name in names for statement in iam_policy.read(name)]


def test_every_call_is_allowed(calls: list[Call]) -> None:
    """Whatever the daemon asks of AWS, the policies of whoever signs it allow; this names what one forgot."""
    own, role = _statements(*_OF_THE_AGENT), _statements(*_OF_THE_ROLE)
    denied = [
        call for call in calls if not (allowed(role if call.principal == ROLE else own, call) and _is_expected(call))
    ]
    assert denied == []


def _is_expected(call: Call) -> bool:
    """The bucket of the other account is read under its role, and nothing else is done under it."""
    return (call.principal == ROLE) == (OTHERS in call.resource)


@pytest.mark.parametrize("name", [*_OF_THE_AGENT, *_OF_THE_ROLE])
def test_every_action_that_is_allowed_was_used(calls: list[Call], name: str) -> None:
    """Each action of each statement was called for on its resource, except those that are listed with a reason."""
    unused = {
        (name, action)
        for statement in iam_policy.read(name)
        for action in statement.actions
        if not any(call.action == action and statement.allows(call) for call in calls)
    }
    assert unused == {(document, action) for document, action in _UNSEEN if document == name}


def test_polling_event_history_asks_for_all_that_its_policy_allows_and_no_more(tmp_path: Path) -> None:
    """Without a queue and buckets it is the only policy of the agent."""
    with HistoryAws.before("http://127.0.0.1:9", {}) as aws, HttpReceiver() as sink:
        settings = {
            "event_history": {"regions": [REGION], "checkpoint_file": str(tmp_path / "checkpoint")},
            "otlp": {"endpoint": sink.url},
            "aws": {"endpoint_url": aws.url},
            "http": {"listen": "127.0.0.1:0"},
            "log": {"format": "json"},
        }
        with Daemon.ready(tmp_path / "agent", settings) as agent:
            asked = "trail_agent_event_history_requests_total"
            eventually(lambda: agent.metric(asked, region=REGION, result="ok") > 0, "the region is asked")
            assert agent.stop() == 0
        calls = aws.calls
    policy = iam_policy.read("agent-event-history.json")
    assert [call for call in calls if not allowed(policy, call)] == []
    assert {call.action for call in calls} == {action for statement in policy for action in statement.actions}


def test_the_role_lets_in_who_asks_for_it(calls: list[Call]) -> None:
    """The trust policy of the bucket's role admits the agent's role."""
    asked = Call("sts:AssumeRole", ROLE, principal="arn:aws:iam::111122223333:role/trail-agent")
    assert any(call.action == asked.action and call.resource == ROLE for call in calls)
    assert allowed(iam_policy.read("bucket-role-trust.json"), asked)
