"""A private certificate authority for tests: a CA, a server certificate for loopback, and a client certificate."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class PrivateCa:
    """PEM files."""

    ca_file: Path
    server_cert: Path
    server_key: Path
    client_cert: Path
    client_key: Path


def make_private_ca(folder: Path, *, hosts: Sequence[str] = LOOPBACK, expired: bool = False) -> PrivateCa:
    """Write a fresh authority and what it signed, for `hosts`, into `folder`; `expired`: an hour ago."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("trail-agent test CA", ca_key, ca_key, issuer=None)
    files = PrivateCa(*(folder / f"{name}.pem" for name in ("ca", "server", "server-key", "client", "client-key")))
    files.ca_file.write_bytes(_pem(ca))
    for name, cert_file, key_file in (
        (hosts[0], files.server_cert, files.server_key),
        ("trail-agent", files.client_cert, files.client_key),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        cert_file.write_bytes(_pem(_certificate(name, key, ca_key, issuer=ca, hosts=hosts, expired=expired)))
        _write_key(key_file, key)
    return files


def self_signed(ca: PrivateCa, folder: Path) -> PrivateCa:
    """The same files, but the server's certificate is signed by nobody but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    cert_file, key_file = folder / "self-signed.pem", folder / "self-signed-key.pem"
    cert_file.write_bytes(_pem(_certificate(LOOPBACK[0], key, key, issuer=None)))
    _write_key(key_file, key)
    return replace(ca, server_cert=cert_file, server_key=key_file)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    issuer: x509.Certificate | None,
    hosts: Sequence[str] = LOOPBACK,
    expired: bool = False,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=2))
        .not_valid_after(now + dt.timedelta(hours=-1 if expired else 1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    return builder.sign(signer, hashes.SHA256())


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
