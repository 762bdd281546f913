"""The key of pseudonyms."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import read_mask_key


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"0123456789abcdef0123456789abcdef", None),
        (b"  0123456789abcdef0123456789abcdef\r\n", b"0123456789abcdef0123456789abcdef"),
        (b"\n\x80" + bytes(range(29)) + b"\n", None),
    ],
)
def test_a_key_is_text_without_its_line_end_or_bytes_as_they_are(
    tmp_path: Path, content: bytes, key: bytes | None
) -> None:
    """An editor's line end changes no pseudonym, and no byte of a binary key is taken for one."""
    path = tmp_path / "key"
    path.write_bytes(content)
    assert read_mask_key(path) == (key or content)
