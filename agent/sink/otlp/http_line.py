"""One thread's POSTs to one URL: all that is the same for each of them is worked out once.

requests would look up the proxy and the pool each time, make a response of its own, and look for cookies. It would read
all that comes with a redirect, for however long. Its errors stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest, Request
from urllib3 import HTTPResponse

from agent.sink.otlp.http_session import Deadline, PunctualAdapter, open_session


class _Adapter(PunctualAdapter):
    """For requests to one URL that differ only in their bodies. It gives urllib3's response as it is."""

    _pool: Any = None
    _target: str | None = None

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = self._pool
        if pool is None:
            pool = self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return pool

    def request_url(self, *args: Any, **kwargs: Any) -> str:
        if self._target is None:
            self._target = super().request_url(*args, **kwargs)
        return self._target

    def build_response(self, _req: PreparedRequest, resp: Any) -> Any:
        return resp

    def close(self) -> None:
        self._pool = None
        super().close()


class HttpLine:
    """Posts to `url`, and sends `headers` with every request; for one thread."""

    def __init__(
        self, headers: Mapping[str, str], url: str, verify: str | None, cert: str | tuple[str, str] | None
    ) -> None:
        self._session = open_session(headers, _Adapter)
        request: Any = self._session.prepare_request(Request("POST", url))
        request.headers = dict(request.headers)  # a plain one is quicker, and the names are always written alike
        self._request = request
        self._adapter: Any = self._session.get_adapter(request.url)
        self._settings = self._session.merge_environment_settings(url, {}, True, verify, cert)  # noqa: FBT003 - requests' own

    def post(self, body: bytes, deadline: Deadline) -> HTTPResponse:
        """The answer, of which the body is still to be read; raises as requests does. Redirects are not followed.

        Whoever has read the body calls `let_go`.
        """
        self._request.body = body
        self._request.headers["Content-Length"] = str(len(body))
        answer: HTTPResponse = self._adapter.send(self._request, timeout=deadline, **self._settings)
        return answer

    def close(self) -> None:
        """Close the connection; the next request opens another one."""
        self._session.close()


def let_go(answer: HTTPResponse) -> None:
    """Give the connection back; it is closed if not all of the answer was read."""
    answer.close()
    answer.release_conn()
