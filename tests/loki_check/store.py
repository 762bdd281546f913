"""A Loki somewhere: the agent's own way in, and its API for queries.

https://grafana.com/docs/loki/latest/reference/loki-http-api/
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.model import LogRecord
from agent.settings import OtlpSettings
from agent.sink.answer import Answer
from agent.sink.opening import open_wire

VERSION: Final = "loki-check"
_SECONDS: Final = 60


class LokiError(Exception):
    """Loki did not answer, or refused; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a stream. `labels` are those of the stream and the metadata of the line."""

    time_unix_nano: int
    line: str
    labels: Mapping[str, str]


class Loki:
    """The Loki at `url`. `namespace` marks all that is sent: it is a label of the streams."""

    def __init__(self, url: str, namespace: str, tenant: str = "") -> None:
        self.url = url.rstrip("/")
        self.namespace = namespace
        self._headers = {"X-Scope-OrgID": tenant} if tenant else {}
        settings = OtlpSettings.model_validate({"endpoint": f"{self.url}/otlp", "headers": self._headers})
        self._wire = open_wire(settings, {"service.name": "aws-codecatalyst", "service.namespace": namespace}, VERSION)

    def push(self, *records: LogRecord) -> Answer:
        """Send one request with `records`, as the agent does, and return what the agent makes of the answer."""
        return self._wire.transport.send(self._wire.encoder.payload(records))

    def payload(self, records: Sequence[LogRecord]) -> bytes:
        """The bytes that `push` sends, before compression."""
        return self._wire.encoder.payload(records)

    def version(self) -> str:
        """What it says it is; raises LokiError."""
        return str(self._get("/loki/api/v1/status/buildinfo")["version"])

    def rules(self) -> list[Mapping[str, Any]]:
        """The rules that its ruler evaluates, each with its health; raises LokiError."""
        groups = self._get("/prometheus/api/v1/rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def entries(self, logql: str, since: int, until: int) -> list[Entry]:
        """What a query for lines finds between two times in Unix nanoseconds, oldest first; raises LokiError."""
        found = self._get("/loki/api/v1/query_range", query=logql, start=since, end=until, limit=5000)
        return sorted(
            (
                Entry(int(time), line, {**stream["stream"], **(rest[0].get("structuredMetadata", {}) if rest else {})})
                for stream in found["data"]["result"]
                for time, line, *rest in stream["values"]
            ),
            key=lambda entry: entry.time_unix_nano,
        )

    def count(self, logql: str, since: int, until: int) -> int:
        """How many lines or series any query finds at `until`, the lines since `since`; raises LokiError."""
        if logql.lstrip().startswith("{"):
            return len(self.entries(logql, since, until))
        return len(self._get("/loki/api/v1/query", query=logql, time=until)["data"]["result"])

    def mine(self, since: int, until: int) -> list[Entry]:
        """All that this run has sent, and that Loki has."""
        return self.entries(f'{{service_namespace="{self.namespace}"}}', since, until)

    def _get(self, path: str, **parameters: str | int) -> Any:
        return json.loads(self._read(path, parameters))

    def _read(self, path: str, parameters: Mapping[str, str | int]) -> str:
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            asked = urllib.request.Request(url, headers=self._headers)
            with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as refusal:
            raise LokiError(f"{refusal.code}: {refusal.read().decode(errors='replace').strip()}") from refusal
        except (OSError, ValueError) as error:
            raise LokiError(str(error)) from error
