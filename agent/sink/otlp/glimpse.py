"""What else answers at the sink's address: GET requests beside its exports, which change nothing there.

They go the way of the exports: with their headers, certificates and proxies, and without following a redirect.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from requests import Request, RequestException
from urllib3.exceptions import HTTPError

from agent.sink.otlp.endpoint import http_endpoint
from agent.sink.otlp.http_session import Deadline, body_of, client_certificate, open_session

_MOST_BYTES: Final = 1 << 20  # Loki's /config is some 60 KB


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One answer: its status, its Date header as it was written (empty: it has none), and its text."""

    status: int
    date: str
    text: str


class Glimpses:
    """Looks at URLs below the host of the endpoint `url`. `timeout` in seconds is for each of them."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        ca_file: Path | None,
        cert_file: Path | None,
        key_file: Path | None,
        user_agent: str,
    ) -> None:
        self._endpoint = http_endpoint(url)
        basic = {"authorization": self._endpoint.authorization} if self._endpoint.authorization else {}
        users = {name.lower(): value for name, value in headers.items()}
        self._headers = {"accept": "*/*", "accept-encoding": "identity", "user-agent": user_agent} | basic | users
        self._timeout = timeout
        self._verify = str(ca_file) if ca_file else None
        self._cert = client_certificate(cert_file, key_file)

    @property
    def path(self) -> str:
        """Of the endpoint itself."""
        return urlsplit(self._endpoint.url).path

    def at(self, path: str) -> Glimpse | None:
        """What is answered at `path` of this host; None if nothing is, or nothing whole."""
        url = urlsplit(self._endpoint.url)._replace(path=path).geturl()
        deadline: Any = Deadline(self._timeout)
        with closing(open_session(self._headers)) as session:
            try:
                request = session.prepare_request(Request("GET", url))
                settings = session.merge_environment_settings(url, {}, True, self._verify, self._cert)  # noqa: FBT003 - requests' own
                with session.send(request, timeout=deadline, allow_redirects=False, **settings) as response:
                    body = body_of(response.raw, _MOST_BYTES, deadline)
                    date = response.headers.get("Date", "")
                    return Glimpse(response.status_code, date, body.decode(errors="replace"))
            except (RequestException, HTTPError, OSError, ValueError):
                return None
