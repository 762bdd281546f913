"""First bytes: what is neither gzip nor JSON has a name that says what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from agent.trail.first_bytes import named


def zip_archive() -> bytes:
    """A ZIP archive with one file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.json", b"{}")
    return stream.getvalue()


def tar_archive() -> bytes:
    """A tar archive with one file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.json"), io.BytesIO())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        (zip_archive(), "a ZIP archive: unpack it (unzip)"),
        (tar_archive(), "a tar archive: unpack it (tar -x)"),
        (bz2.compress(b"{}"), "a file packed with bzip2: unpack it (bunzip2)"),
        (lzma.compress(b"{}"), "a file packed with xz: unpack it (unxz)"),
        ("{}".encode("utf-32"), "text in UTF-32: save it as UTF-8"),
    ],
    ids=["zip", "tar", "bzip2", "xz", "utf-32"],
)
def test_what_a_tool_writes_is_named(stored: bytes, name: str) -> None:
    """The name is followed by what unpacks it."""
    assert named(stored) == name


@pytest.mark.parametrize(
    "stored", [b"", b"{", b'{"Records":[]}', b"B", gzip.compress(b"{}", mtime=0), b"\xef\xbb\xbf{}"], ids=repr
)
def test_what_can_be_read_or_is_too_short_has_no_name(stored: bytes) -> None:
    """JSON and gzip are read, whatever they resemble."""
    assert named(stored) == ""
