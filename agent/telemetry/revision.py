"""Which commit this copy of the package was built from."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

_FILE: Final = "REVISION"
_MOST_CHARACTERS: Final = 64


@cache
def revision() -> str:
    """The first line of the file `agent/REVISION`, which a release and the image write; empty if there is none."""
    try:
        text = files("agent").joinpath(_FILE).read_text(encoding="utf-8")
    except (OSError, ValueError):  # a checkout, or a build that did not say it
        return ""
    return "".join(text.splitlines()[:1]).strip()[:_MOST_CHARACTERS]
