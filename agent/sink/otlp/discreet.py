"""A sink may quote a request with our credentials. Its words are shown to people, so secrets are removed first."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from agent.sink.otlp.endpoint import http_endpoint
from agent.sink.safe_text import SHOWN_CHARACTERS, shown

_HIDDEN: Final = "[redacted]"
_NOTHING: Final = "(?!)"  # where there is no secret
_SHORTEST: Final = 8  # a tenant's name, say, is no secret, and its place in a message helps


@dataclass(frozen=True, slots=True)
class Discreet:
    """Knows what is secret in an endpoint and in header values, and shows what the other side wrote without it."""

    _secret: re.Pattern[str]
    _longest: int

    @classmethod
    def about(cls, endpoint: str, headers: Iterable[str]) -> Self:
        """The secrets are the values of `headers`, and the password and the query of `endpoint`."""
        secrets = {secret for secret in _secrets_of(endpoint, headers) if len(secret) >= _SHORTEST}
        longest_first = sorted(secrets, key=len, reverse=True)
        # In any case: a host name, say, and the digits of an escape in a URL have none.
        pattern = re.compile("|".join(map(re.escape, longest_first)) or _NOTHING, re.IGNORECASE)
        return cls(pattern, max(map(len, longest_first), default=0))

    def shown(self, text: str, limit: int = SHOWN_CHARACTERS, *, broken_off: bool = False) -> str:
        """What the other side wrote, made fit for a log line: without secrets, cut to `limit` characters, escaped.

        Secrets are removed first: if one were cut or escaped, it would not be recognised any more. `broken_off`: we
        stopped reading, perhaps in the middle of a secret, so the end that may belong to one is not shown.
        """
        hidden = self._secret.sub(_HIDDEN, text)
        # Twice the length: a short secret may be a part of a long one, and its mark makes the long one longer.
        end = max(len(hidden) - 2 * self._longest, 0) if broken_off else len(hidden)
        return shown(hidden[:end], limit)


def _secrets_of(endpoint: str, headers: Iterable[str]) -> Iterator[str]:
    """Each secret in every form in which it may be quoted."""
    url = endpoint if "://" in endpoint else f"//{endpoint}"
    for header in (*headers, http_endpoint(url).authorization):
        value = header.strip()
        yield value
        yield value.rpartition(" ")[2]  # the token of "Bearer …"
        yield from _basic(value)
    parts = urlsplit(url)
    yield parts.password or ""
    for value in (parts.query, *(pair.partition("=")[2] for pair in parts.query.split("&"))):
        yield value
        yield unquote_plus(value)
        yield unquote(value)
        yield quote(unquote(value), safe="")  # as requests sends it: with no more escapes than it needs


def _basic(authorization: str) -> Iterator[str]:
    """What the value of a Basic authorization header encodes."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return
    try:
        pair = base64.b64decode(encoded).decode(errors="replace")  # as a body that quotes it is read
    except ValueError:  # it is not a user and a password
        return
    user, _, password = pair.partition(":")
    yield pair
    yield password or user  # a token is often given as the user, without a password
