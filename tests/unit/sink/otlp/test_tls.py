"""TLS to the sink, over HTTP and gRPC alike: whom we trust, whom we do not, and who trusts us.

Every refusal keeps the records: it may pass once somebody mends a certificate, and nothing is sent before.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent.sink.answer import Accepted, Answer, Later, Misconfigured
from agent.sink.otlp.encode import Encoder
from agent.sink.otlp.grpc import GrpcTransport
from agent.sink.otlp.http import HttpTransport
from tests.support.otlp_receiver import GrpcReceiver, HttpReceiver
from tests.support.private_ca import PrivateCa, make_private_ca, self_signed
from tests.support.records import log_record

PAYLOAD = Encoder({}, "1").payload([log_record()])
TIMEOUT = 2.0


@dataclass(frozen=True, slots=True)
class Trust:
    """The TLS files of one side."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One of the two protocols, with both of its ends."""

    transport: type[HttpTransport | GrpcTransport]
    receiver: type[HttpReceiver | GrpcReceiver]

    def try_to_send(self, server: PrivateCa, ours: Trust, *, mutual: bool = False) -> tuple[Answer, int]:
        """What becomes of a request to a server with these files, and how many requests it has seen."""
        with self.receiver(tls=server, mutual=mutual) as receiver, ExitStack() as stack:
            transport = self.transport(
                receiver.url,
                {},
                timeout=TIMEOUT,
                compression="none",
                ca_file=ours.ca_file,
                cert_file=ours.cert_file,
                key_file=ours.key_file,
                user_agent="trail-agent/9",
            )
            stack.callback(transport.close)
            return transport.send(PAYLOAD), len(receiver.exports)


@pytest.fixture(params=[Line(HttpTransport, HttpReceiver), Line(GrpcTransport, GrpcReceiver)], ids=["http", "grpc"])
def line(request: pytest.FixtureRequest) -> Line:
    """Either protocol."""
    found: Line = request.param
    return found


@dataclass(frozen=True, slots=True)
class Authorities:
    """The one that both sides should trust, and what impostors would have."""

    ours: PrivateCa
    others: PrivateCa
    expired: PrivateCa
    elsewhere: PrivateCa
    self_signed: PrivateCa


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    """All of them, fresh."""
    folder = tmp_path_factory.mktemp("authorities")
    ours = make_private_ca(folder / "ours")
    return Authorities(
        ours=ours,
        others=make_private_ca(folder / "others"),
        expired=make_private_ca(folder / "expired", expired=True),
        elsewhere=make_private_ca(folder / "elsewhere", hosts=["sink.example"]),
        self_signed=self_signed(ours, folder),
    )


def test_both_sides_trust_each_other(line: Line, authorities: Authorities) -> None:
    """With the authority's file and a client certificate a request is accepted, whether one is asked for or not."""
    ca = authorities.ours
    ours = Trust(ca.ca_file, ca.client_cert, ca.client_key)
    assert line.try_to_send(ca, ours, mutual=True) == (Accepted(), 1)
    assert line.try_to_send(ca, ours) == (Accepted(), 1)
    assert line.try_to_send(ca, Trust(ca.ca_file)) == (Accepted(), 1)


@pytest.mark.parametrize(
    "impostor",
    [
        pytest.param(lambda known: replace(known.others, ca_file=known.ours.ca_file), id="another authority"),
        pytest.param(lambda known: known.expired, id="expired"),
        pytest.param(lambda known: known.elsewhere, id="another host"),
        pytest.param(lambda known: known.self_signed, id="self-signed"),
    ],
)
def test_an_impostor_gets_nothing(
    line: Line, authorities: Authorities, impostor: Callable[[Authorities], PrivateCa]
) -> None:
    """A server that the authority does not vouch for, here and now, sees no request, and the records are kept."""
    server = impostor(authorities)
    answer, seen = line.try_to_send(server, Trust(server.ca_file))
    assert isinstance(answer, Later)
    assert seen == 0


@pytest.mark.parametrize("value", ["", "0", "false", "/dev/null"])
def test_no_variable_turns_verification_off(
    line: Line, authorities: Authorities, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Whatever the environment says, a server of a private authority is not trusted without that authority's file."""
    for name in (
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "PYTHONHTTPSVERIFY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        "OTEL_EXPORTER_OTLP_INSECURE",
    ):
        monkeypatch.setenv(name, value)
    answer, seen = line.try_to_send(authorities.ours, Trust())
    assert isinstance(answer, Later | Misconfigured)
    assert seen == 0


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(lambda known: Trust(known.ours.ca_file), id="none"),
        pytest.param(
            lambda known: Trust(known.ours.ca_file, known.others.client_cert, known.others.client_key),
            id="a stranger's",
        ),
        pytest.param(
            lambda known: Trust(known.ours.ca_file, known.ours.client_cert, known.others.client_key), id="not its key"
        ),
    ],
)
def test_a_sink_that_knows_us_not_takes_nothing(
    line: Line, authorities: Authorities, stranger: Callable[[Authorities], Trust]
) -> None:
    """Without a client certificate that the sink trusts, nothing gets in, and the records are kept."""
    answer, seen = line.try_to_send(authorities.ours, stranger(authorities), mutual=True)
    assert isinstance(answer, Later | Misconfigured)
    assert seen == 0
