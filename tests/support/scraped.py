"""A real daemon that has shipped events of all profiles, and a real Prometheus that has scraped it all along."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, Self

from agent.demo.script import Script
from agent.records.profiles import BY_NAME
from tests.support import moto, promql
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.events import REGION, raw_event
from tests.support.history_service import HistoryAws
from tests.support.objects import log_file, trail_key
from tests.support.otlp_receiver import HttpReceiver
from tests.support.prometheus import Prometheus, hurried, scraping
from tests.support.stored import trail_files

PROFILES: Final = list(BY_NAME)
AT_REST: Final = "trail_agent:events_unaccounted:idle"  # has a value while nothing is in hand
SCRAPES: Final = 6  # a rate needs two; the rules that use other rules need some more


@dataclass(frozen=True, slots=True)
class Scraped:
    """A Prometheus with the rules that ship, and the page that it scrapes."""

    prometheus: Prometheus
    page: str

    @classmethod
    @contextmanager
    def by(cls, program: str, emulator: str, folder: Path) -> Iterator[Self]:
        """Run both while the block runs: the Prometheus `program`, and a daemon that reads from `emulator`.

        The daemon has also made a dead letter, polls the Event history of a region, and one space is retired.
        """
        moto.forget()
        cloud = Cloud.at(emulator)
        with HistoryAws.before(emulator, {}) as aws, HttpReceiver() as sink:
            settings = cloud.settings(
                sink,
                select={"profiles": PROFILES},
                spaces={"retired": ["an-old-space"]},
                event_history={"regions": [REGION], "poll_seconds": 3600},
                aws={"endpoint_url": aws.url},
            )
            with Daemon.ready(folder, settings) as agent:
                rules = hurried(promql.RULES, folder / "rules.yaml")
                config = scraping(agent.address()) | {"rule_files": [str(rules)]}
                with Prometheus.running(program, folder / "prometheus", config) as prometheus:
                    _live(cloud)
                    eventually(lambda: _is_settled(prometheus), "all of it is scraped, and the rules are evaluated")
                    yield cls(prometheus, agent.get("/metrics").text)


def _live(cloud: Cloud) -> None:
    """Have events of all profiles shipped, those of operations that no page mentions too; and make a dead letter."""
    script = Script(Random(9), [name for name in PROFILES if name != "codecatalyst"])
    for one in script.opening().objects:
        cloud.world.put(one.key, one.body)
    for number, text in enumerate((*trail_files(), log_file(raw_event(eventName="NobodyKnows")))):
        cloud.world.put(trail_key(f"file{number}"), gzip.compress(text, mtime=0))
    cloud.world.send("not json")
    eventually(cloud.is_idle, "all is settled")


def _is_settled(prometheus: Prometheus) -> bool:
    if not prometheus.has('count_over_time(up{job="trail-agent"}[1m]) >= ' + str(SCRAPES)):
        return False
    if not prometheus.has(AT_REST):
        return False
    return all(rule["health"] == "ok" for rule in prometheus.rules())
