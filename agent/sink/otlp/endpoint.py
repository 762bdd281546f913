"""An OTLP endpoint as the settings give it, taken apart into what may be shown and what may not."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from agent.settings.destination import PLACES

_PLAIN: Final = re.compile(r"[a-z]{0,10}|v[0-9]")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` has no user info; `authorization` is the Basic credential made of it, or "".

    `origin` and `asked` may be logged. `asked` has the path, too, but of it only plain words: some vendors have a token
    there.
    """

    url: str
    origin: str
    authorization: str
    asked: str


@dataclass(frozen=True, slots=True)
class GrpcTarget:
    """What a gRPC channel is opened to."""

    address: str
    tls: bool


def http_endpoint(url: str) -> Endpoint:
    """Take the user info out of an http or https URL; requests would ignore it beside headers of our own."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    origin = f"{parts.scheme}://{host}"
    return Endpoint(parts._replace(netloc=host).geturl(), origin, _basic(parts), origin + _plain_path(parts.path))


def grpc_target(endpoint: str) -> GrpcTarget:
    """`https://` means TLS; `http://` and a bare `host:port` mean plaintext; a path is ignored; `unix:` is kept."""
    if endpoint.startswith("unix:"):
        return GrpcTarget(endpoint, tls=False)
    parts = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    host = parts.netloc.rpartition("@")[2]
    address = host if parts.port else f"{host.rstrip(':')}:{PLACES['grpc'].port}"
    return GrpcTarget(address, parts.scheme == "https")


def _plain_path(path: str) -> str:
    """`/v1/logs` as it is; what is no short word becomes `…`."""
    return "/".join(part if _PLAIN.fullmatch(part) else "…" for part in path.split("/"))


def _basic(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
