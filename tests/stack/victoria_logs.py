"""A real VictoriaLogs: a store of logs that takes OTLP, and what it answers to LogsQL.

https://docs.victoriametrics.com/victorialogs/data-ingestion/opentelemetry/
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from tests.support.server import Server, answers, free_port

BODY: Final = "_msg"
UID: Final = "log.record.uid"


class VictoriaLogs:
    """One store; `otlp` is the address to give an agent or a Collector."""

    def __init__(self, url: str, server: Server) -> None:
        self.otlp = f"{url}/insert/opentelemetry"
        self.server = server
        self._url = url

    @classmethod
    @contextmanager
    def running(cls, program: str, folder: Path) -> Iterator[Self]:
        """Run `program` with its data in `folder` while the block runs."""
        url = f"http://127.0.0.1:{free_port()}"
        command = [
            program,
            f"-storageDataPath={folder / 'data'}",
            f"-httpListenAddr={url.removeprefix('http://')}",
            "-inmemoryDataFlushInterval=1s",
            "-retentionPeriod=100y",  # it says yes to what is older, and drops it
        ]
        folder.mkdir(parents=True, exist_ok=True)
        with Server.running(command, folder / "store.log", answers(f"{url}/health")) as server:
            yield cls(url, server)

    def query(self, logsql: str) -> list[Mapping[str, str]]:
        """The entries that a LogsQL query finds, each with all of its fields."""
        body = urllib.parse.urlencode({"query": logsql}).encode()
        try:
            with urllib.request.urlopen(f"{self._url}/select/logsql/query", data=body, timeout=30) as answer:
                return [json.loads(line) for line in answer.read().splitlines()]
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{logsql}: {refusal.read().decode()}") from refusal

    def uids(self) -> list[str]:
        """The ids of all records that it holds, as often as it holds them."""
        return [entry[UID] for entry in self.query(f'* | fields "{UID}"')]

    def metric(self, name: str) -> float:
        """The sum of one of its own metrics, as its /metrics page has it."""
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))
