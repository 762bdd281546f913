"""A real Prometheus on loopback that scrapes often, and what it answers."""

from __future__ import annotations

import json
import math
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import yaml

from tests.support.server import Server, answers, free_port

EVERY: Final = "1s"
"""How often it scrapes and evaluates: the tests cannot wait for the quarter of a minute that is usual."""


class QueryError(AssertionError):
    """Prometheus refuses a query."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an answer, with its value now."""

    labels: Mapping[str, str]
    value: float


class Prometheus:
    """One Prometheus at `url`."""

    def __init__(self, url: str, server: Server) -> None:
        self.url = url
        self.server = server

    @classmethod
    @contextmanager
    def running(
        cls, program: str, folder: Path, config: Mapping[str, Any], *, history: Path | None = None
    ) -> Iterator[Self]:
        """Run `program` with the settings `config` while the block runs, its data in `folder`.

        `history` is a folder with blocks of samples that it has from the start.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if history:
            shutil.copytree(history, folder / "data")
        file, url = folder / "prometheus.yaml", f"http://127.0.0.1:{free_port()}"
        file.write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
        command = [
            program,
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={url.removeprefix('http://')}",
            "--enable-feature=exemplar-storage",
            "--scrape.discovery-reload-interval=100ms",  # else the first scrape is after five seconds
        ]
        with Server.running(command, folder / "prometheus.log", answers(f"{url}/-/ready")) as server:
            yield cls(url, server)

    def query(self, expression: str) -> list[Sample]:
        """The instant vector of `expression`, or its scalar as one sample without labels."""
        data = self._get("query", query=expression)
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        return [Sample(one["metric"], float(one["value"][1])) for one in data["result"]]

    def has(self, expression: str) -> bool:
        """Whether `expression` has a value that is a number."""
        return any(not math.isnan(sample.value) for sample in self.query(expression))

    def firing(self) -> dict[str, list[Mapping[str, str]]]:
        """The labels of each alert that fires, by its name."""
        found: dict[str, list[Mapping[str, str]]] = {}
        for alert in self._get("alerts")["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
        return found

    def rules(self) -> Sequence[Mapping[str, Any]]:
        """Every rule that it has read, with its health and when it was evaluated."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, path: str, **parameters: str) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise QueryError(f"{parameters}: {error.read().decode()}") from error


def scraping(*targets: str, job: str = "trail-agent") -> dict[str, Any]:
    """The settings of a Prometheus that scrapes these addresses as `job`."""
    return {
        "global": {"scrape_interval": EVERY, "evaluation_interval": EVERY},
        "scrape_configs": [{"job_name": job, "static_configs": [{"targets": list(targets)}]}],
    }


def hurried(rules: Path, written: Path) -> Path:
    """A copy of a file of rules that hardly waits: `for` is two seconds where it is minutes, and no group is slow."""
    groups = yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]
    for group in groups:
        group.pop("interval", None)
        for rule in group["rules"]:
            rule.pop("keep_firing_for", None)
            if "for" in rule:
                rule["for"] = "2s"
    written.write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    return written
