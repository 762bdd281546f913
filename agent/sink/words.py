"""What the words of a sink are about: size, load, age, an empty request, or the protocol. And when two are alike.

The texts are those of Loki (pkg/validation/validate.go), the OpenTelemetry Collector, gRPC in Go, Java, C++, .NET,
JavaScript and Rust (tonic), nginx, Envoy, Apache, Tomcat and Elasticsearch. A sink may quote what it refuses, so that
what stands in double quotes, backquotes and braces does not count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

_READ_CHARACTERS: Final = 8192  # whoever says more says it in the first of them
_QUOTED: Final = re.compile(r'"[^"]*"|`[^`]*`|\{[^{}]*\}')
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|_")
_VARIABLE: Final = re.compile(r"'[^']*'|\b(?=[0-9a-z-]*[0-9])[0-9a-z][0-9a-z.:+-]*")
_SPACES: Final = re.compile(r"\s+")
_JSON_DEPTH: Final = 8

_SIZE: Final = re.compile(
    r"""
      \btoo\ (large|big)\b
    | \b(line|entry|message|record|field|value|body|payload|content|text|string|data)\b.{0,40}\btoo\ long\b
    | \brequest\ too\ long\b
    | \b(larger|bigger)\ than\b
    | \b(exceed\w*|over|above|beyond|greater\ than|longer\ than)\b.{0,60}\b(size|length|\d+\ ?([kmg]i?)?b(ytes?)?)\b
    | \b(size|length|bytes)\b.{0,60}\b(exceed\w*|over|above|beyond|greater\ than|longer\ than)\b
    | \b(size|length)\ limit\b
    | \b(structured\ metadata|attributes|fields|columns)\b.{0,60}\btoo\ many\b
    | \btoo\ many\ (structured\ metadata|attributes|fields|columns)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NOT_SIZE: Final = re.compile(  # of the request's head and of the stream's name: no record is to blame, none is smaller
    r"\bheaders?\b|\bcookie|\bur[il]\b|\blabel (name|value)s?\b|\btimestamp|\bmetadata size exceeds", re.IGNORECASE
)
_LOAD: Final = re.compile(
    r"""
      \brate[ -]?limit | \b(ingestion|stream|request|byte)s?\ rate\b | \bquota\b | \bthrottl
    | \bmemory\ (usage|limit|pressure) | \bout\ of\ memory\b | \bcircuit\ break
    | \bper[ -](second|minute|hour|day|user|tenant|client)\b | \d\s*[kmg]?i?b?/s(ec)?\b | /sec\b | \bbytes/s
    | \btoo\ many\ (outstanding\ |concurrent\ |pending\ |inflight\ )?requests\b | \bconcurren(t|cy)\b
    | \bqueue\b.{0,20}\bfull\b | \bin[ -]?flight\b | \boverload | \bback[ -]?pressure\b | \btry\ again\b
    | \bactive\ streams?\ limit\b | \bserver\ is\ busy\b | \bdata\ (refused|dropped)\ due\ to\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AGE: Final = re.compile(
    r"\btoo far behind\b|\btimestamp too old\b|\bentry out of order\b|\bout of order (sample|entry)\b", re.IGNORECASE
)
_FUTURE: Final = re.compile(
    r"\btoo new\b|\btoo far (in|into) the future\b|\btimestamp.{0,60}\bin the future\b|\bfuture timestamp\b",
    re.IGNORECASE,
)
_EMPTY: Final = re.compile(
    r"""
      \bat\ least\ one\b | \bempty\b | \bEOF\b | \bzero[ -]length\b
    | \bno\ (valid\ )?(data|logs?|(log\ )?records?|entries|streams?|resource\ ?logs|body|content|payload|events?)\b
    | \b(missing|without)\b.{0,20}\b(data|logs?|records?|body|content|payload|events?)\b
    | \b(data|logs?|records?|body|content|payload|resource\ ?logs)\b.{0,20}\b(missing|required)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PROTOCOL: Final = re.compile(
    r"""
      \bhttp\ request\ to\ an\ https\ server\b | \bplain\ http\ request\b.{0,40}\bhttps\ port\b
    | \bspeaking\ plain\ http\b | \brequires\ tls\b | \bhttps\ scheme\b | \bssl[- ]enabled\ server\ port\b
    | \brunning\ in\ ssl\ mode\b | \bhttp/?2\ (preface|is\ required)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def are_about_size(text: str) -> bool:
    """Whether they say that a request, or something in it, is too large. Words of overload never do."""
    plain = _plain(text)
    return bool(_SIZE.search(plain)) and not _NOT_SIZE.search(plain) and not _LOAD.search(plain)


def are_about_load(text: str) -> bool:
    """Whether they say that the sink gets too much now."""
    return bool(_LOAD.search(_plain(text)))


def are_about_age(text: str) -> bool:
    """Whether they say that a record is too old."""
    return bool(_AGE.search(_plain(text)))


def are_about_the_future(text: str) -> bool:
    """Whether they say that a record is of a time that has not come yet."""
    return bool(_FUTURE.search(_plain(text)))


def are_about_emptiness(text: str) -> bool:
    """Whether they say that a request has no records in it."""
    return bool(_EMPTY.search(_plain(text)))


def are_about_the_protocol(text: str) -> bool:
    """Whether they say that the request came in another protocol than the port speaks."""
    return bool(_PROTOCOL.search(_plain(text)))


def alike(text: str) -> str:
    """A key: the same for texts that differ in numbers, ids, times and quotations only."""
    return _SPACES.sub(" ", _VARIABLE.sub("#", _plain(text).lower())).strip()


def _plain(text: str) -> str:
    """The words without what they quote; of JSON, as many a sink writes, the strings in it."""
    cut = text[:_READ_CHARACTERS].strip()
    told = " ".join(_strings(cut)) or cut if cut[:1] in ("{", "[") else cut
    unquoted = _QUOTED.sub(" ", told)
    return _CAMEL.sub(" ", unquoted if any(map(str.isalpha, unquoted)) else told)


def _strings(text: str) -> Iterator[str]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from _strings_in(whole, _JSON_DEPTH)


def _strings_in(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings_in(inner, depth - 1)
