"""The HMAC key in `record.mask_key_file`.

Who knows the key, or can guess it, can try every address and every name until its pseudonym comes out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_LEAST_BYTES: Final = 32  # the length of the hash, below which RFC 2104, section 3, advises against a key
_LEAST_VARIETY: Final = 8  # a random key of that length has more different bytes than this, in hexadecimal too
_MOST_BYTES: Final = 65536
_HOW: Final = "make one with: openssl rand -hex 32"


def read_mask_key(path: Path) -> bytes:
    """The key: text without the blanks and line ends around it, or bytes as they are.

    Raises ValueError, which quotes nothing of it, if it cannot be read or is too easy to guess.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise ValueError(f"is larger than {_MOST_BYTES} bytes, which no key is; {_HOW}")
    key = content.strip() if content.isascii() else content
    if not key:
        raise ValueError(f"names an empty file, or one of blanks; {_HOW}")
    if len(key) < _LEAST_BYTES:
        raise ValueError(f"holds a key of {len(key)} bytes, which can be guessed; at least {_LEAST_BYTES}; {_HOW}")
    if len(set(key)) < _LEAST_VARIETY:
        raise ValueError(f"holds a key of a few bytes repeated, which can be guessed; {_HOW}")
    return key
