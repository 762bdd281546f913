"""The sink: one empty export over the real transport, and what its answer means. It gets no record.

The table of what an answer means to the agent is `agent.sink.answer`; this one says what to do about it before a start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from agent import __version__
from agent.aws.survey import unix_seconds
from agent.checks import loki_limits, sink_kind, tls_probe
from agent.checks.finding import Check, Examined, Finding, Status, caution, failed, ok
from agent.checks.sink_kind import SinkKind
from agent.checks.tls_probe import Tls
from agent.errors import number_of
from agent.pulse import Clock
from agent.settings import OtlpSettings, Settings, redacted_url
from agent.sink.answer import Accepted, Answer, Later, Misconfigured, PartlyRejected
from agent.sink.opening import open_glimpses, open_wire

_ID: Final = "sink"
ACCEPTED: Final = ok(_ID, "{url} accepts an empty export over {protocol}")
WARNED: Final = caution(_ID, "{url} accepts an empty export, with a warning: {words}", "See the sink's log.")
COUNTED: Final = failed(
    _ID,
    "the sink says that it refused {count} of an export that had none: {words}",
    "Something between answers in its place, or it is broken. Each event would become a dead letter.",
)
NO_NAME: Final = failed(_ID, "the sink's host name cannot be looked up: {words}", "Correct the host in otlp.endpoint.")
NOT_TRUSTED: Final = failed(
    _ID,
    "the sink's certificate is not trusted: {words}",
    "Set otlp.ca_file to its certificate authority, or correct the host in otlp.endpoint.",
)
WANTS_TLS: Final = failed(
    _ID,
    "the sink speaks TLS, and the settings do not: {words}",
    "Write https:// in otlp.endpoint. Set otlp.ca_file, too, if its authority is a private one.",
)
WANTS_CERTIFICATE: Final = failed(
    _ID,
    "the sink wants a certificate of the agent: {words}",
    "Set otlp.cert_file and otlp.key_file to one that the sink trusts.",
)
NOBODY: Final = failed(
    _ID, "nothing takes connections there: {words}", "Start the sink, or correct the host and port in otlp.endpoint."
)
NO_ANSWER: Final = failed(
    _ID,
    "there is no whole answer: {words}",
    "See the sink's log, its load, and any firewall or proxy between; check otlp.protocol.",
)
WRONG_PROTOCOL: Final = failed(
    _ID, "{words}", "Correct otlp.protocol, and scheme, port and path of otlp.endpoint (4318 HTTP, 4317 gRPC)."
)
NO_CREDENTIALS: Final = failed(
    _ID, "the sink wants other credentials: {words}", "Set the header that it wants in otlp.headers or headers_file."
)
FORBIDDEN: Final = failed(
    _ID,
    "the sink does not allow this: {words}",
    "See what its token may do, its tenant (X-Scope-OrgID), and any filter.",
)
NO_SUCH_PATH: Final = failed(
    _ID,
    "the sink has no such path: {words}",
    "Correct otlp.endpoint. For Loki it ends in /otlp; /v1/logs is added by the agent.",
)
NO_POST: Final = failed(_ID, "what answers takes no exports: {words}", "Correct the path of otlp.endpoint.")
NO_PROTOBUF: Final = failed(_ID, "the sink takes no protobuf: {words}", "Use the OTLP endpoint of the sink, or grpc.")
REDIRECT: Final = failed(
    _ID, "the sink redirects, and the agent does not follow: {words}", "Set otlp.endpoint to where it leads."
)
WEB_PAGE: Final = failed(
    _ID,
    "a web page answers in place of a sink: {words}",
    "Correct otlp.endpoint, or the proxy or login page before it.",
)
OVERLOADED: Final = caution(
    _ID,
    "the sink says that it gets too much: {words}",
    "Ask again. If it stays, raise its limits or give it more memory.",
)
BROKEN: Final = failed(_ID, "the sink answers with an error of its own: {words}", "See the sink's log.")
REFUSED: Final = failed(
    _ID, "the sink refuses an empty export: {words}", "See the sink's log; check otlp.protocol and otlp.endpoint."
)

_BY_CODE: Final[Mapping[str, Finding]] = {
    "401": NO_CREDENTIALS,
    "UNAUTHENTICATED": NO_CREDENTIALS,
    "403": FORBIDDEN,
    "PERMISSION_DENIED": FORBIDDEN,
    "404": NO_SUCH_PATH,
    "NOT_FOUND": NO_SUCH_PATH,
    "405": NO_POST,
    "UNIMPLEMENTED": NO_POST,
    "415": NO_PROTOBUF,
    "429": OVERLOADED,
    "RESOURCE_EXHAUSTED": OVERLOADED,
}
_NO_NAME_SIGNS: Final = ("NameResolution", "gaierror", "DNS resolution failed", "Name or service not known")
_NOT_TRUSTED_SIGNS: Final = ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "SSLCertVerification")
_NOBODY_SIGNS: Final = ("refused", "No route to host", "unreachable", "failed to connect", "did not let us connect")
_BY_WORDS: Final = ((_NO_NAME_SIGNS, NO_NAME), (_NOT_TRUSTED_SIGNS, NOT_TRUSTED), (_NOBODY_SIGNS, NOBODY))


@dataclass(frozen=True, slots=True)
class SinkFacts:
    """What the sink is, and by how many seconds its clock is before this one; None where it sends no date."""

    kind: SinkKind
    ahead: float | None


def examine(settings: Settings, clock: Clock, retention: Callable[[], float | None]) -> Examined[SinkFacts]:
    """The sink's answer, what it is, and the limits of a Loki. No facts if it does not take an export.

    `retention` says for how many seconds the queue keeps what cannot be delivered; None if that is not known.
    """
    check = _export(settings.otlp)
    glimpses = open_glimpses(settings.otlp, __version__)
    if check.status is Status.FAILED:
        return Examined((check,))
    kind, date, told = sink_kind.examine(glimpses)
    at = unix_seconds(date)
    limits = loki_limits.examine(glimpses, settings, retention()) if glimpses and kind is SinkKind.LOKI else ()
    return Examined((check, told, *limits), SinkFacts(kind, None if at is None else at - clock.time()))


def _export(otlp: OtlpSettings) -> Check:
    wire = open_wire(otlp, {}, __version__)
    try:
        answer = wire.transport.send(wire.encoder.payload(()))
    finally:
        wire.transport.close()
    return _verdict(answer, otlp)


def _verdict(answer: Answer, otlp: OtlpSettings) -> Check:
    url = redacted_url(otlp.logs_url)
    match answer:
        case Accepted(warning=""):
            return ACCEPTED.told(url=url, protocol=otlp.protocol)
        case Accepted(warning=words):
            return WARNED.told(url=url, words=words)
        case PartlyRejected(count=count, message=words):
            return COUNTED.told(count=number_of(count, "record"), words=words)
        case Misconfigured() | Later():
            words = f"{answer.detail}: {answer.said}" if answer.said else answer.detail
            return (_of_tls(answer, otlp) or _finding(answer)).told(words=words)
        case _:
            return REFUSED.told(words=f"{answer.detail}: {answer.said}".rstrip(": "))


def _of_tls(answer: Misconfigured | Later, otlp: OtlpSettings) -> Finding | None:
    """What a handshake tells of a sink that hung up without a word; None if that is not the reason."""
    if isinstance(answer, Misconfigured) or answer.code:
        return None
    spoken = tls_probe.probe(otlp.endpoint, otlp.protocol, otlp.timeout_seconds)
    if not otlp.endpoint.startswith("https:"):
        return None if spoken is Tls.NONE else WANTS_TLS
    return WANTS_CERTIFICATE if spoken is Tls.WITH_CERTIFICATE else None


def _finding(answer: Misconfigured | Later) -> Finding:
    """By its code if it has one; else by the words of our own side. A proxy's words stand behind a code."""
    if "web page" in answer.detail:
        return WEB_PAGE
    if answer.code not in ("", "UNAVAILABLE"):
        return _of_code(answer)
    if isinstance(answer, Misconfigured):
        return WRONG_PROTOCOL
    return next((finding for signs, finding in _BY_WORDS if any(sign in answer.detail for sign in signs)), NO_ANSWER)


def _of_code(answer: Misconfigured | Later) -> Finding:
    if answer.code.startswith("3"):
        return REDIRECT
    if found := _BY_CODE.get(answer.code):
        return found
    if isinstance(answer, Misconfigured):
        return WRONG_PROTOCOL
    return OVERLOADED if answer.throttled else BROKEN
