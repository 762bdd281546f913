"""Whether `regions` lets in what the buckets hold. What it leaves out is ignored, and nobody hears of it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from agent.checks.bucket import BucketFacts
from agent.checks.finding import Check, caution, failed, ok
from agent.records.profiles import CODECATALYST
from agent.records.profiles.codecatalyst import HOME_REGIONS
from agent.settings import Settings

_ID: Final = "regions"
WANTED: Final = ok(_ID, "`regions` lets in the log files of {regions}")
NONE_WANTED: Final = failed(
    _ID,
    "`regions` lists {listed}, and the buckets hold log files of {regions} only: all of them are ignored",
    "Correct regions, or leave it out: all regions are read then.",
)
HOME_LEFT_OUT: Final = failed(
    _ID,
    "`regions` leaves out {regions}, where CodeCatalyst writes: its events are ignored",
    "Add it to regions, or leave regions out: all are read then.",
)
ABSENT: Final = caution(
    _ID,
    "`regions` lists {listed}, of which none of the buckets holds a log file",
    "Correct it if it is mistyped; else nothing was written there yet.",
)


def examine(settings: Settings, buckets: Sequence[BucketFacts]) -> Iterator[Check]:
    """One result; none if the settings list no region, or if no bucket could be listed."""
    listed, held = set(settings.regions), {region for facts in buckets for region in facts.layout.regions}
    homes = held & set(HOME_REGIONS)
    if not listed or not held:
        return
    if not listed & held:
        yield NONE_WANTED.told(listed=_shown(listed), regions=_shown(held))
    elif homes and not listed & homes and CODECATALYST.name in settings.select.profiles:
        yield HOME_LEFT_OUT.told(regions=_shown(homes))
    elif listed - held and all(facts.layout.is_whole for facts in buckets):
        yield ABSENT.told(listed=_shown(listed - held))
    else:
        yield WANTED.told(regions=_shown(listed & held))


def _shown(names: set[str]) -> str:
    return ", ".join(sorted(names))
