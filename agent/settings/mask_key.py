"""The HMAC key in `record.mask_key_file`.

Whoever knows or guesses the key can try every address and every name until one gives the same pseudonym.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.errors import number_of

_LEAST_BYTES: Final = 32  # the length of the hash; RFC 2104, section 3, advises against shorter keys
_LEAST_VARIETY: Final = 8  # a random key of this length has more different bytes than this, also in hexadecimal
_MOST_BYTES: Final = 65536
_HOW: Final = "make one with: openssl rand -hex 32"


def read_mask_key(path: Path) -> bytes:
    """The key. White space around a text key is removed; a binary key stays as it is.

    Raises ValueError if the file cannot be read or the key is too easy to guess; the error quotes nothing of it.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise ValueError(f"is larger than {_MOST_BYTES} bytes: that is no key; {_HOW}")
    key = content.strip() if content.isascii() else content
    if not key:
        raise ValueError(f"names a file that is empty or holds only blanks; {_HOW}")
    if len(key) < _LEAST_BYTES:
        raise ValueError(
            f"holds a key of {number_of(len(key), 'byte')}, which can be guessed; "
            f"a key has at least {_LEAST_BYTES}; {_HOW}"
        )
    if len(set(key)) < _LEAST_VARIETY:
        raise ValueError(f"holds a key that repeats a few bytes, which can be guessed; {_HOW}")
    return key
