"""Header lists as the environment and files write them, and what a header must look like.

Messages name a header only by its position: a list with a mistake in it may hold a secret anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import yaml

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OURS = frozenset({"content-type", "content-encoding", "content-length", "transfer-encoding"})
_MAX_BYTES = 1 << 20
_LISTED = 10


def parse_pairs(text: str) -> dict[str, object]:
    """`k=v,k2=v2` with percent-encoded values, as OTEL_EXPORTER_OTLP_HEADERS and OTEL_RESOURCE_ATTRIBUTES hold them.

    Follows https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables.
    """
    found: dict[str, object] = {}
    wrong: list[int] = []
    for number, pair in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            wrong.append(number)
        found[unquote(key.strip())] = unquote(value.strip())
    if wrong:
        raise ValueError(
            f"{_numbered('entry', 'entries', wrong)}: not written as key=value, with commas between the entries"
        )
    return found


def _numbered(one: str, several: str, numbers: list[int]) -> str:
    """The first few positions by number, such as "entry 1" or "entries 1, 2, 3 and 5 more"."""
    listed = ", ".join(map(str, numbers[:_LISTED]))
    more = f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else ""
    return f"{one if len(numbers) == 1 else several} {listed}{more}"


def read_file(path: Path) -> dict[str, object]:
    """The headers in a file: a YAML mapping (`key: value`), or lines of `key=value`; blank and # lines are skipped."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except (OSError, ValueError):
        raise ValueError("cannot be read as UTF-8 text") from None  # the cause would quote the file
    if len(raw) > _MAX_BYTES:
        raise ValueError("is larger than 1 MiB: that is no list of headers")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if all(_is_assignment(line) for line in lines):
        return dict(_assignment(line) for line in lines)
    return _mapping(text)


def _is_assignment(line: str) -> bool:
    key, equals, _ = line.partition("=")
    return bool(equals) and _NAME.fullmatch(key.strip()) is not None


def _assignment(line: str) -> tuple[str, object]:
    key, _, value = line.partition("=")
    return key.strip(), value.strip()


def _mapping(text: str) -> dict[str, object]:
    try:
        tree = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader makes strings, lists and maps only
    except (yaml.YAMLError, ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        raise ValueError("must hold one `key: value` or one `key=value` a line")  # noqa: TRY004 - pydantic collects it
    return tree


def checked(headers: Mapping[str, object]) -> dict[str, str]:
    """Headers that can be sent over HTTP and gRPC alike, without blanks around the values.

    If two names differ only in case, the later one stays.
    """
    found: dict[str, str] = {}
    wrong: dict[str, list[int]] = {}
    last = {name.lower(): name for name in headers if isinstance(name, str)}
    for number, (name, value) in enumerate(headers.items(), start=1):
        problem = _problem(name, value)
        if problem:
            wrong.setdefault(problem, []).append(number)
        elif last[name.lower()] == name:
            found[name] = str(value).strip()
    if wrong:
        raise ValueError(
            "; ".join(
                f"{problem} ({_numbered('header', 'headers', numbers)} of {len(headers)})"
                for problem, numbers in wrong.items()
            )
        )
    return found


def _problem(name: object, value: object) -> str | None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "has a header name with characters that a header name cannot have"
    if name.lower() in _OURS:
        return "must leave Content-Type, Content-Encoding, Content-Length and Transfer-Encoding to the agent"
    if not isinstance(value, str):
        return "has a header whose value is not text: quote it"
    if not _VALUE.fullmatch(value.strip()):
        return "has a header value with line breaks or with characters beyond ASCII"
    return None
