"""The names of AWS's regions: which can be one, and which was meant.

AWS adds regions, and an agent must not have to be upgraded for one. So a name that is not in the list can be right. Its
last word before the number cannot be anything: it is a direction in each of them.
Page: AWS Regions and Availability Zones user guide, "AWS Regions".
"""

from __future__ import annotations

import difflib
import re
from typing import Final

KNOWN_REGIONS: Final = tuple(
    """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
    cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-isoe-west-1 eu-north-1 eu-south-1 eu-south-2 eu-west-1
    eu-west-2 eu-west-3 eusc-de-east-1 il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1
    us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1
    us-isof-east-1 us-isof-south-1 us-west-1 us-west-2
    """.split()
)
"""Those that were there, or announced, in November 2026."""

_FORM: Final = re.compile(r"[a-z]{2,4}(-[a-z]+){0,2}-(?P<direction>[a-z]+)-[0-9]{1,2}", re.ASCII)
_ALIKE: Final = 0.75
_DIRECTIONS: Final = frozenset("north south east west central northeast northwest southeast southwest".split())


def known_region(value: str, problem: str = "must be the name of an AWS region") -> str:
    """The name of a region, if there can be one of this name; raises `ValueError` with `problem`, and without it."""
    if not may_be_region(value):
        near = near_region(value)
        raise ValueError(f"{problem}; did you mean {near}?" if near else f"{problem}, such as us-west-2")
    return value


def may_be_region(name: str) -> bool:
    """Whether there can be a region of this name."""
    match = _FORM.fullmatch(name)
    return match is not None and match["direction"] in _DIRECTIONS


def near_region(name: str) -> str:
    """The known region whose name is most like this one; empty if none is."""
    plain = name.strip().lower().replace("_", "-")
    return next(iter(difflib.get_close_matches(plain, KNOWN_REGIONS, n=1, cutoff=_ALIKE)), "")
