"""The noise around the events, and the objects that hold both."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random

import pytest

from agent.demo.bystanders import Bystanders
from agent.demo.trail_objects import trail_key
from agent.records.selection import Selector
from agent.trail.key import TrailKey, parse

NOW = datetime(2023, 5, 18, 17, 10, 50, tzinfo=UTC)


@pytest.fixture(scope="module")
def bystanders() -> Bystanders:
    """The packaged noise."""
    return Bystanders()


def test_no_noise_is_selected(bystanders: Bystanders) -> None:
    """Neither a real record of another service nor a look-alike is CodeCatalyst's."""
    selector = Selector(["codecatalyst.amazonaws.com"])
    for raw in [*bystanders.recorded, *bystanders.lookalikes]:
        record = json.loads(raw)
        assert not selector.selects(record["eventSource"], record["eventName"])


def test_look_alikes_resemble_codecatalyst(bystanders: Bystanders) -> None:
    """Some carry a connection event's name, some CodeCatalyst's own name somewhere else than in eventSource."""
    records = [json.loads(raw) for raw in bystanders.lookalikes]
    assert {"ListConnections", "GetConnection", "DeleteConnection"} <= {record["eventName"] for record in records}
    assert any(b"codecatalyst.amazonaws.com" in raw for raw in bystanders.lookalikes)


def test_noise_is_moved_to_the_account_and_the_hour(bystanders: Bystanders) -> None:
    """A sample looks as if it had happened in the account of its object, just now, and nothing repeats an eventID."""
    sample = [json.loads(raw) for raw in bystanders.sample(Random(1), 200, "111122223333", "eu-west-1", NOW)]
    assert {(one["recipientAccountId"], one["awsRegion"]) for one in sample} == {("111122223333", "eu-west-1")}
    assert all("2023-05-18T17:05:50Z" <= one["eventTime"] <= "2023-05-18T17:10:50Z" for one in sample)
    assert len({one["eventID"] for one in sample}) == 200
    assert len({one["eventSource"] for one in sample}) > 10


def test_keys_are_cloudtrails() -> None:
    """The daemon reads account and region off the key of a generated object."""
    key = parse(trail_key(Random(1), "111122223333", "eu-west-1", NOW))
    assert isinstance(key, TrailKey)
    assert (key.account, key.region) == ("111122223333", "eu-west-1")
