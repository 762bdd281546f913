"""A Loki that behaves, over HTTP: it takes OTLP with Loki's limits and words, drops repeats, and finds by labels.

Of a query it reads only the streams that are selected.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from agent.sink.otlp.decode import ReceivedRecord, records
from tests.support.in_thread import in_thread
from tests.support.records import SECOND
from tests.support.stored import STREAM_ATTRIBUTES

_MATCHER = re.compile(r'(\w+)\s*(=~|=)\s*"((?:[^"\\]|\\.)*)"')
_DAY = 24 * 3600 * SECOND

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with the labels of its stream and its metadata."""

    time: int
    text: str
    stream: Labels
    metadata: Labels


@dataclass(slots=True)
class LokiApi:
    """The settings of this Loki, and what it holds. Each default is Loki's own, or that of deploy/loki/loki.yaml."""

    url: str = ""
    oldest_nano: int = 7 * _DAY
    newest_nano: int = 10 * 60 * SECOND
    behind_nano: int | None = None
    line_bytes: int = 256 * 1024
    metadata_bytes: int = 64 * 1024
    drops_repeats: bool = True
    keeps_metadata: bool = True
    hides_older_nano: int | None = None
    refuses: str = ""
    rules: list[dict[str, str]] | None = None
    limits: dict[str, object] | None = None
    lines: list[Line] = field(default_factory=list)
    _held: set[Line] = field(default_factory=set)
    _newest: dict[Labels, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def serving(self) -> Iterator[LokiApi]:
        """Listen on a free port while the block runs."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"loki": self}))
        with in_thread(server) as self.url:
            yield self

    def push(self, payload: bytes) -> str:
        """Take what is good of one request; returns what is wrong with the rest."""
        errors = []
        with self._lock:
            for record in records(ExportLogsServiceRequest.FromString(payload)):
                if error := self._fault(record):
                    errors.append(error)
                else:
                    self._keep(_line(record, keeps_metadata=self.keeps_metadata))
        return "\n".join(errors)

    def find(self, logql: str, since: int, until: int) -> list[Line]:
        """The lines of the streams that `logql` selects."""
        if not logql.count("{") or logql.count("(") != logql.count(")") or (self.refuses and self.refuses in logql):
            raise ValueError(f"parse error at line 1, col 1: syntax error: {logql[:20]}")
        matchers = _MATCHER.findall(logql[logql.index("{") : logql.index("}")])
        if self.hides_older_nano is not None:
            since = max(since, time.time_ns() - self.hides_older_nano)
        with self._lock:
            return [line for line in self.lines if since <= line.time <= until and _matches(line, matchers)]

    def _fault(self, record: ReceivedRecord) -> str:
        now, at = time.time_ns(), record.time_unix_nano
        name = "{" + ", ".join(f'{label}="{value}"' for label, value in _stream(record)) + "}"
        if at < now - self.oldest_nano:
            return f"entry for stream '{name}' has timestamp too old: {at}, oldest acceptable timestamp is: {now}"
        if at > now + self.newest_nano:
            return f"entry for stream '{name}' has timestamp too new: {at}"
        if len(record.body) > self.line_bytes:
            return (
                f"max entry size '{self.line_bytes}' bytes exceeded for stream '{name}' "
                f"while adding an entry with length '{len(record.body)}' bytes"
            )
        size = sum(len(key) + len(value) for key, value in _metadata(record))
        if size > self.metadata_bytes:
            return (
                f"stream '{name}' has structured metadata too large: '{size}' bytes, limit: '{self.metadata_bytes}' "
                "bytes. Please see `limits_config.max_structured_metadata_size` or contact your Loki administrator"
            )
        newest = self._newest.get(_stream(record), 0)
        if self.behind_nano is not None and at < newest - self.behind_nano:
            return f"entry too far behind, entry timestamp is: {at}, oldest acceptable timestamp is: {newest}"
        return ""

    def _keep(self, line: Line) -> None:
        if not (self.drops_repeats and line in self._held):
            self.lines.append(line)
            self._held.add(line)
            self._newest[line.stream] = max(line.time, self._newest.get(line.stream, 0))


def _named(attribute: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", attribute)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else json.dumps(value)


def _stream(record: ReceivedRecord) -> Labels:
    return tuple((_named(name), _text(value)) for name, value in record.resource.items() if name in STREAM_ATTRIBUTES)


def _metadata(record: ReceivedRecord) -> Labels:
    others = {name: value for name, value in record.resource.items() if name not in STREAM_ATTRIBUTES}
    return tuple((_named(name), _text(value)) for name, value in {**others, **record.attributes}.items())


def _line(record: ReceivedRecord, *, keeps_metadata: bool) -> Line:
    metadata = _metadata(record) if keeps_metadata else ()
    return Line(record.time_unix_nano, record.body, _stream(record), metadata)


def _matches(line: Line, matchers: list[tuple[str, str, str]]) -> bool:
    labels = dict(line.stream)
    return all(
        re.fullmatch(value if operator == "=~" else re.escape(value), labels.get(name, ""))
        for name, operator, value in matchers
    )


class _Handler(BaseHTTPRequestHandler):
    loki: LokiApi
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        errors = self.loki.push(body)
        self._answer(400 if errors else 204, errors)

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(asked.query).items()}
        match asked.path:
            case "/loki/api/v1/status/buildinfo":
                self._answer(200, json.dumps({"version": "0.0.0-fake"}))
            case "/config" if self.loki.limits is not None:
                self._answer(200, json.dumps({"auth_enabled": False, "limits_config": self.loki.limits}))
            case "/prometheus/api/v1/rules" if self.loki.rules is not None:
                self._answer(200, json.dumps({"data": {"groups": [{"rules": self.loki.rules}]}}))
            case "/loki/api/v1/query_range" | "/loki/api/v1/query":
                self._ask(given, is_instant=asked.path.endswith("query"))
            case _:
                self._answer(404, "404 page not found")

    def _ask(self, given: Mapping[str, str], *, is_instant: bool) -> None:
        if is_instant and given["query"].startswith("{"):
            self._answer(400, "log queries are not supported as an instant query type")
            return
        until = int(given["time" if is_instant else "end"])
        try:
            found = self.loki.find(given["query"], until - _DAY if is_instant else int(given["start"]), until)
        except ValueError as error:
            self._answer(400, str(error))
            return
        result = [{"metric": {}, "value": [0, str(len(found))]}] if found and is_instant else _streams(found)
        self._answer(200, json.dumps({"status": "success", "data": {"resultType": "streams", "result": result}}))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        if status != 204:
            self.wfile.write(text.encode())


def _streams(lines: list[Line]) -> list[dict[str, Any]]:
    """One stream for each line, which has its metadata among its labels: so Loki answers by default."""
    return [{"stream": dict(one.stream + one.metadata), "values": [[str(one.time), one.text]]} for one in lines]
