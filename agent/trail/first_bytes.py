"""What a file is that is neither gzip nor JSON, told by the bytes with which it begins."""

from __future__ import annotations

from typing import Final

_BY_FIRST_BYTES: Final = {
    b"PK\x03\x04": "a ZIP archive: unpack it (unzip)",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x28\xb5\x2f\xfd": "a file packed with zstd: unpack it (unzstd)",
    b"BZh": "a file packed with bzip2: unpack it (bunzip2)",
    b"\xfd7zXZ\0": "a file packed with xz: unpack it (unxz)",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it",
    b"\x04\x22\x4d\x18": "a file packed with lz4: unpack it (unlz4)",
    b"\xff\x06\0\0sNaPpY": "a file packed with snappy: unpack it",
    b"PAR1": "a Parquet file",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\xff\xfe\0\0": "text in UTF-32: save it as UTF-8",
    b"\0\0\xfe\xff": "text in UTF-32: save it as UTF-8",
    b"\0\0\0{": "text in UTF-32: save it as UTF-8",
}
_TAR: Final = slice(257, 262)


def named(first: bytes) -> str:
    """What begins with `first`, such as "a ZIP archive: unpack it (unzip)"; empty if that is not known."""
    if first[_TAR] == b"ustar":
        return "a tar archive: unpack it (tar -x)"
    return next((what for magic, what in _BY_FIRST_BYTES.items() if first.startswith(magic)), "")
