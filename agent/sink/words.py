"""What the words of a sink are about: size, load, age, an empty request, or the protocol. And when two are alike.

The texts are those of Loki (pkg/validation/validate.go), the OpenTelemetry Collector, gRPC in Go, Java, C++, .NET,
JavaScript and Rust (tonic), nginx, Envoy, Apache, Tomcat and Elasticsearch. A sink may quote what it refuses, so that
what stands in double quotes, backquotes and braces does not count, and no phrase that stands in the request itself:
`asked` are the request's bytes before compression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

_READ_CHARACTERS: Final = 8192  # whoever says more says it in the first of them
_QUOTED: Final = re.compile(r'"[^"]*"|`[^`]*`|\{[^{}]*\}')
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|_")
_VARIABLE: Final = re.compile(r"'[^']*'|\b(?=[0-9a-z-]*[0-9])[0-9a-z][0-9a-z.:+-]*")
_SPACES: Final = re.compile(r"\s+")
_JSON_DEPTH: Final = 8
_WORDS: Final = re.compile(r"[a-z0-9]+")
_NEITHER: Final = bytes(code for code in range(128) if not chr(code).isalnum())
_ESCAPE: Final = re.compile(rb"\\u([0-9a-fA-F]{4})")
_COMMON: Final = frozenset(  # words that stand beside each other in many an event
    "a an the in of to is was has for that than message request body payload entity entry line record field value"
    " content text string attribute attributes structured metadata size length bytes timestamp".split()
)

_THING: Final = (
    r"(?:message|request|body|payload|entity|entry|line|record|field|value|content|text|string|attribute"
    r"|(?:structured\ )?metadata)s?"
)
_FILLER: Final = (
    r"(?:\s+(?:body|length|size|entity|labels?|bytes|was|is|are|has|have|of|after|decompression|that|decompresses|to|a"
    r"|the|'?\d+'?|[kmg]i?b))*"
)
_SIZE: Final = re.compile(  # of what one request brings: each is how a library or a sink tells of it
    rf"""
      \b{_THING}{_FILLER}\s+too\ (large|big|long)\b
    | \b{_THING}{_FILLER}\s+(larger|bigger|longer|greater)\ than\b
    | \b{_THING}{_FILLER}\s+exceed(s|ed|ing)?\b.{{0,30}}\b(size|length|limit|bytes|\d+\ ?([kmg]i?)?b)\b
    | \b{_THING}{_FILLER}\s+(over|above|beyond|reached)\b.{{0,30}}\b(size|length)\b
    | \b{_THING}\s+(size|length)\ limit\b
    | \bmax(imum)?\ {_THING}(\ (body|size|length))+\b.{{0,30}}\bexceeded\b
    | \bexceed(s|ed|ing)?\ (the\ )?((configured|allowed|max|maximum)\ )*{_THING}\ (body\ )?(size|length|limit)\b
    | \btoo\ (large|big)\ (an?\ )?{_THING}\b
    | ^\W*length\ limit\ exceeded\W*$
    | \b(structured\ metadata|attributes|fields)\b.{{0,60}}\btoo\ many\b
    | \btoo\ many\ (structured\ metadata|attributes|fields)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SOME_SIZE: Final = re.compile(
    r"\b(too\ (large|big|long)|(larger|bigger|longer) than|exceed\w*|size|length|bytes)\b", re.IGNORECASE
)
_NOT_SIZE: Final = re.compile(  # of the request's head and of the stream's name: no record is to blame, none is smaller
    r"\bheaders?\b|\bcookie|\bur[il]\b|\blabel (name|value)s?\b|\btimestamp|\bmetadata size exceeds", re.IGNORECASE
)
_STORE: Final = re.compile(  # what the sink itself has too much of, whatever is in the request
    r"\b(heap|queues?|queued|buffers?|buffered|backlog|pending|outstanding|cache|pool|channel|disk|storage|wal|memory)\b",
    re.IGNORECASE,
)
_AMOUNT: Final = re.compile(
    r"(?<![\w.:-])(\d{1,15}(?:\.\d+)?)\s*'?\s*([kmg]i?\s?b\b|[kmg]\b|b\b|bytes?\b)?", re.IGNORECASE
)
_LIMIT: Final = re.compile(
    r"(\blimit\w*|\bmax(imum)?|\bthan|\bvs\.?|\bexceed\w*|\ballowed|\babove|\bover)\W[^\d]{0,30}$", re.IGNORECASE
)
_UNITS: Final = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_LEAST_BYTES: Final = 1024  # a lower number without a unit counts something else: labels, say
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


def are_about_size(text: str, asked: bytes = b"") -> bool:
    """Whether they say that the request `asked`, or something in it, is too large. Words of overload never do.

    Numbers have to fit: a limit above the size of the request is no limit of it.
    """
    plain = _plain(text)
    if _NOT_SIZE.search(plain) or _says(_LOAD, plain, asked):
        return False
    if _SOME_SIZE.search(plain) and _names_size_of(plain, asked):
        return True
    return not _STORE.search(plain) and _says(_SIZE, plain, asked) and _fit(plain, asked)


def prove_size(text: str, asked: bytes) -> bool:
    """Whether their numbers show that the request `asked` is above a limit: its own size, or a limit below it."""
    plain = _plain(text)
    if not are_about_size(text, asked):
        return False
    return _names_size_of(plain, asked) or any(size < len(asked) for size in _limits(plain))


def are_about_load(text: str, asked: bytes = b"") -> bool:
    """Whether they say that the sink gets too much now."""
    return _says(_LOAD, _plain(text), asked)


def are_about_age(text: str, asked: bytes = b"") -> bool:
    """Whether they say that a record is too old."""
    return _says(_AGE, _plain(text), asked)


def are_about_the_future(text: str, asked: bytes = b"") -> bool:
    """Whether they say that a record is of a time that has not come yet."""
    return _says(_FUTURE, _plain(text), asked)


def are_about_the_protocol(text: str, asked: bytes = b"") -> bool:
    """Whether they say that the request came in another protocol than the port speaks."""
    return _says(_PROTOCOL, _plain(text), asked)


def are_about_emptiness(text: str) -> bool:
    """Whether they say that a request has no records in it."""
    return bool(_EMPTY.search(_plain(text)))


def alike(text: str) -> str:
    """A key: the same for texts that differ in numbers, ids, times and quotations only."""
    return _SPACES.sub(" ", _VARIABLE.sub("#", _plain(text).lower())).strip()


def _says(pattern: re.Pattern[str], plain: str, asked: bytes) -> bool:
    """Whether a phrase stands there that the sink did not take from the request `asked`."""
    found = [match[0] for match in pattern.finditer(plain)]
    sent = _squeezed_request(asked) if asked and found else b""
    return any(not _is_quoted(phrase, sent) for phrase in found)


def _is_quoted(phrase: str, sent: bytes) -> bool:
    """Whether the request holds the phrase, or two words of it that are not everybody's."""
    parts = _WORDS.findall(phrase.lower())
    if not sent or not parts:
        return False
    pairs = [pair for pair in pairwise(parts) if not set(pair) <= _COMMON]
    return _squeezed(phrase.encode()) in sent or any("".join(pair).encode() in sent for pair in pairs)


def _squeezed_request(asked: bytes) -> bytes:
    """All that a request holds, also what JSON escapes in it."""
    plain = _squeezed(asked)
    return plain + b"\n" + _squeezed(_ESCAPE.sub(_unescaped, asked)) if b"\\u" in asked else plain


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return chr(int(escape[1], 16)).encode(errors="replace")


def _squeezed(text: bytes) -> bytes:
    """Letters and digits only: the same, however quotes and slashes are escaped, and words are joined."""
    return text.translate(None, _NEITHER).lower()


def _names_size_of(plain: str, asked: bytes) -> bool:
    return len(asked) >= _LEAST_BYTES and any(size == len(asked) for size, _ in _sizes(plain))


def _fit(plain: str, asked: bytes) -> bool:
    sizes = [size for size, _ in _sizes(plain)]
    return not asked or not sizes or min(sizes) <= len(asked)


def _limits(plain: str) -> list[float]:
    return [size for size, begin in _sizes(plain) if _LIMIT.search(plain[max(begin - 60, 0) : begin])]


def _sizes(plain: str) -> list[tuple[float, int]]:
    """Every number that may be one of bytes, and its place."""
    found = ((match, (match[2] or "")[:1].lower()) for match in _AMOUNT.finditer(plain))
    sizes = ((float(match[1]) * _UNITS[unit], match.start(), bool(unit)) for match, unit in found)
    return [(size, begin) for size, begin, has_unit in sizes if has_unit or size >= _LEAST_BYTES]


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
