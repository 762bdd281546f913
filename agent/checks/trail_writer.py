"""A trail as one that writes into a bucket: where its log files go, and which topic of SNS it tells. Pure.

Page: CloudTrail API reference, "Trail"; CloudTrail user guide, "Finding your CloudTrail log files".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from agent.aws.trail_search import ROOT
from agent.checks.layout import TrailFolder
from agent.records.profiles.codecatalyst import HOME_REGIONS


@dataclass(frozen=True, slots=True)
class TrailWriter:
    """One trail. `root` is the folder called AWSLogs that it writes to, whole and with a slash; `topic` is an ARN, and
    empty if it tells none. `region` is empty if it takes events of all regions.
    """

    root: str
    topic: str
    account: str
    region: str
    is_organisation: bool

    @classmethod
    def of(cls, trail: Mapping[str, Any]) -> Self:
        """As DescribeTrails tells it."""
        prefix = str(trail.get("S3KeyPrefix") or "").strip("/")
        return cls(
            root=f"{prefix}/{ROOT}" if prefix else ROOT,
            topic=str(trail.get("SnsTopicARN") or ""),
            account="".join(str(trail.get("TrailARN", "")).split(":")[4:5]),
            region="" if trail.get("IsMultiRegionTrail") else str(trail.get("HomeRegion") or ""),
            is_organisation=bool(trail.get("IsOrganizationTrail")),
        )

    def writes_to(self, place: TrailFolder) -> bool:
        """Whether it writes log files there. Those of an organisation are taken for its own in all of its root."""
        folder = self.root if self.is_organisation else f"{self.root}{self.account}/"
        return place.folder.startswith(folder) and self.takes(place.region)

    def takes(self, region: str) -> bool:
        """Whether it takes events of this region."""
        return self.region in ("", region)

    def places(self, regions: Sequence[str]) -> list[TrailFolder]:
        """Where it writes, of these regions; none for an organisation's, which does not tell the name of its folder."""
        folder = f"{self.root}{self.account}/CloudTrail"
        taken = [] if self.is_organisation else [region for region in regions if self.takes(region)]
        return [TrailFolder(f"{folder}/{region}/", self.account, region) for region in taken]


def with_new(places: Sequence[TrailFolder], writers: Sequence[TrailWriter]) -> list[TrailFolder]:
    """`places`, in which there are log files, and those where a trail has written none yet."""
    homes = sorted({place.region for place in places if place.is_home}) or HOME_REGIONS
    new = [one for writer in writers if not any(map(writer.writes_to, places)) for one in writer.places(homes)]
    return [*places, *dict.fromkeys(new)]


def is_left(place: TrailFolder, writers: Sequence[TrailWriter], known: Collection[str]) -> bool:
    """Whether what is written down of this account and region goes elsewhere now, as with a new prefix.

    `known` are the regions of which all trails of the account are known.
    """
    its = [one for one in writers if one.account == place.account and one.takes(place.region)]
    return place.region in known and bool(its) and not any(one.writes_to(place) for one in writers)


def told_topics(places: Sequence[TrailFolder], writers: Sequence[TrailWriter]) -> Iterator[tuple[str, frozenset[str]]]:
    """Each topic that trails tell, and those folders of `places` of which it hears."""
    for topic in sorted({one.topic for one in writers if one.topic}):
        telling = [one for one in writers if one.topic == topic]
        yield topic, frozenset(place.folder for place in places if any(one.writes_to(place) for one in telling))
