"""Whether a port speaks TLS, and whether it wants a certificate of who calls: one handshake, and not a word more.

The transports of the sink cannot tell: a server that expects TLS, or a certificate, hangs up without a word.
"""

from __future__ import annotations

import socket
import ssl
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from agent.settings.destination import PLACES

_PROTOCOLS: Final = ["h2", "http/1.1"]
_WANTS: Final = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE")
_MOST_SECONDS: Final = 2.0


class Tls(Enum):
    """What a port does with a handshake."""

    NONE = "none, as far as can be told"
    SPOKEN = "it speaks TLS"
    WITH_CERTIFICATE = "it speaks TLS, and wants a certificate"


def probe(endpoint: str, protocol: str, seconds: float) -> Tls:
    """Of the port that `endpoint` names. Each step may take `seconds`, and two at most. Nobody's certificate is
    checked, because nothing is sent.
    """
    parts = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    try:
        place = parts.hostname or "", parts.port or PLACES[protocol].port
        with socket.create_connection(place, timeout=min(seconds, _MOST_SECONDS)) as plain:
            return _greeted(plain, place[0])
    except (OSError, ValueError):
        return Tls.NONE


def _greeted(plain: socket.socket, host: str) -> Tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(_PROTOCOLS)
    try:
        with context.wrap_socket(plain, server_hostname=host) as tls:
            return _verdict(tls)
    except ssl.SSLError as error:
        return Tls.WITH_CERTIFICATE if _wants(error) else Tls.NONE


def _verdict(tls: ssl.SSLSocket) -> Tls:
    """In TLS 1.3 a server misses the certificate only after the handshake. It says so as its first words, or hangs up;
    one that misses nothing greets, or waits.
    """
    try:
        has_hung_up = not tls.recv(1)
    except TimeoutError:
        has_hung_up = False
    except ConnectionError:
        has_hung_up = True
    except ssl.SSLError as error:
        has_hung_up = _wants(error)
    return Tls.WITH_CERTIFICATE if has_hung_up else Tls.SPOKEN


def _wants(error: ssl.SSLError) -> bool:
    return any(word in str(error.reason or error) for word in _WANTS)
