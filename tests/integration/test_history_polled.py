"""`trail-agent run` with `event_history`: a daemon that has no trail, no queue and no bucket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import eventually
from tests.support.daemon import Daemon
from tests.support.events import Members, event, noise
from tests.support.history_service import HistoryAws
from tests.support.otlp_receiver import HttpReceiver

REGIONS = ("us-west-2", "eu-west-1")


@dataclass
class Account:
    """An account without a trail, and the agent that reads its history into a sink."""

    aws: HistoryAws
    sink: HttpReceiver
    folder: Path
    ids: set[str] = field(default_factory=set)

    def happen(self, *names: str, ago: float = 60.0, late: float = 0.0, region: str = REGIONS[0]) -> None:
        """Events of these ids, which happened `ago` seconds ago and are shown `late` seconds after that."""
        moment = datetime.now(UTC) - timedelta(seconds=ago)
        at = {"eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "awsRegion": region}
        some: list[Members] = [{**event(name), **at} for name in names]
        self.aws.service.put(*some, {**noise("noise"), **at}, region=region, late=late)
        self.ids.update(names)

    def settings(self, *, checkpoint: bool = True, **more: Any) -> dict[str, Any]:
        """With the least that is set."""
        follows = {"regions": list(REGIONS), "poll_seconds": 10, "overlap_seconds": 1800}
        if checkpoint:
            follows["checkpoint_file"] = str(self.folder / "checkpoint")
        return {
            "event_history": follows,
            "otlp": {"endpoint": self.sink.url},
            "aws": {"endpoint_url": self.aws.url},
            "http": {"listen": "127.0.0.1:0"},
            "log": {"format": "json"},
            **more,
        }

    @contextmanager
    def agent(self, *flags: str, **settings: Any) -> Iterator[Daemon]:
        """Ready."""
        with Daemon.ready(self.folder / "agent", self.settings(**settings), *flags) as daemon:
            yield daemon

    def arrived(self) -> Counter[str]:
        """How often each event came."""
        return Counter(
            str(record.attributes["log.record.uid"]) for export in self.sink.exports for record in export.records
        )

    def await_all(self) -> None:
        """Until everything that happened has arrived."""
        eventually(lambda: self.arrived().keys() >= self.ids, "all events have arrived")


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """It has nothing but its history: whatever else is asked of it fails."""
    with HistoryAws.before("http://127.0.0.1:9", {}) as aws, HttpReceiver() as sink:
        yield Account(aws, sink, tmp_path)


def test_what_happens_arrives_and_restarts_ship_nothing_twice(account: Account) -> None:
    """Each event once, over two clean stops, with what came late and what happened meanwhile."""
    account.happen("before", ago=600)
    account.happen("other", ago=500, region=REGIONS[1])
    account.happen("late", ago=900, late=903)
    with account.agent() as agent:
        account.await_all()
        assert agent.stop() == 0, agent.log_text()
    account.happen("meanwhile", "at once", ago=1)
    with account.agent() as agent:
        account.await_all()
        assert agent.stop() == 0, agent.log_text()
    assert account.arrived() == dict.fromkeys(account.ids, 1)
