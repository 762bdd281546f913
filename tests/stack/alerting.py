"""From a count to a notification: Prometheus with the rules that ship, Alertmanager with its example, and a webhook.

Only their patience is changed: what waits for minutes in the files waits for nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import yaml

from tests.stack.programs import PROGRAMS
from tests.support.clock import eventually
from tests.support.in_thread import in_thread
from tests.support.prometheus import Prometheus, hurried, scraping
from tests.support.promql import RULES, rules
from tests.support.server import Server, answers, free_port

EXAMPLE: Final = RULES.with_name("alertmanager.yaml")
PLACEHOLDER: Final = "http://localhost:8080"
_WAITS: Final = ("group_wait", "group_interval")

CRITICAL: Final = frozenset(rule["alert"] for rule in rules() if rule.get("labels", {}).get("severity") == "critical")


@dataclass(frozen=True, slots=True)
class Notification:
    """One alert in what Alertmanager sent to the path `path` of the webhook."""

    path: str
    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels["alertname"]

    def is_readable(self) -> bool:
        """Whether its sentences are whole, and it says where to read on."""
        texts = [self.annotations.get(name, "") for name in ("summary", "description")]
        anchor = self.annotations.get("runbook_url", "").rpartition("#")[2]
        return (
            all(texts) and anchor == self.name.lower() and not any("no value" in text or "%!" in text for text in texts)
        )


class Webhook:
    """Keeps every notification."""

    def __init__(self) -> None:
        self.notifications: list[Notification] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"webhook": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator[Self]:
        """Listen while the block runs."""
        webhook = cls()
        with in_thread(webhook._server):
            yield webhook

    def paged(self) -> list[Notification]:
        """What somebody was woken for."""
        return [one for one in self.notifications if one.path == "/page" and one.status == "firing"]


class _Handler(BaseHTTPRequestHandler):
    webhook: Webhook
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.webhook.notifications += [
            Notification(self.path, one["status"], one["labels"], one["annotations"]) for one in told["alerts"]
        ]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches an agent: its Prometheus, and the webhook that is told."""

    prometheus: Prometheus
    webhook: Webhook

    @classmethod
    @contextmanager
    def over(cls, target: str, folder: Path, *, history: Path | None = None) -> Iterator[Self]:
        """Watch the agent at the address `target` while the block runs; `history`: blocks of samples of before."""
        with (
            Webhook.listening() as webhook,
            _alertmanager(folder / "alertmanager", webhook.url) as alertmanager,
            Prometheus.running(
                str(PROGRAMS["prometheus"].path),
                folder / "prometheus",
                _config(target, hurried(RULES, folder / "rules.yaml"), alertmanager),
                history=history,
            ) as prometheus,
        ):
            yield cls(prometheus, webhook)

    def looks_again(self) -> None:
        """Return when every rule has been evaluated at least twice from now, with what is scraped by then."""
        for _ in range(2):
            before = self._evaluations()
            eventually(lambda: not before & self._evaluations(), "all rules are evaluated")  # noqa: B023

    def _evaluations(self) -> set[tuple[str, str, str]]:
        """Each rule with when it was evaluated."""
        return {(rule["name"], rule["query"], rule["lastEvaluation"]) for rule in self.prometheus.rules()}

    def is_paged(self, *names: str) -> bool:
        """Whether the webhook was told of all these alerts."""
        return {*names} <= {one.name for one in self.webhook.paged()}


def _config(target: str, rule_file: Path, alertmanager: str) -> dict[str, Any]:
    targets = {"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}
    return scraping(target) | {"rule_files": [str(rule_file)], "alerting": {"alertmanagers": [targets]}}


@contextmanager
def _alertmanager(folder: Path, webhook: str) -> Iterator[str]:
    """Run an Alertmanager with the example that ships, its placeholders replaced; yields its address."""
    folder.mkdir()
    text = EXAMPLE.read_text(encoding="utf-8")
    assert PLACEHOLDER in text
    config = yaml.safe_load(text.replace(PLACEHOLDER, webhook))
    for route in (config["route"], *config["route"]["routes"]):
        route.update(dict.fromkeys(_WAITS, "200ms"))
    file, url = folder / "alertmanager.yaml", f"http://127.0.0.1:{free_port()}"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [
        str(PROGRAMS["alertmanager"].path),
        f"--config.file={file}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    with Server.running(command, folder / "alertmanager.log", answers(f"{url}/-/ready")):
        yield url
