"""Where events come from without a trail: CloudTrail's Event history, asked again and again."""

from __future__ import annotations

from pydantic import Field, field_validator

from agent.settings.sections import Section
from agent.settings.values import Region, StateFile, Whole, unique


class EventHistorySettings(Section):
    """The regions whose Event history is polled, and how.

    Page: CloudTrail API reference, "LookupEvents": two requests a second for each account and region.
    """

    regions: tuple[Region, ...] = Field(
        json_schema_extra={"minItems": 1},
        description="regions whose Event history is polled",
    )
    poll_seconds: Whole = Field(
        default=60,
        ge=10,
        le=3600,
        description="how often each region is asked; all who ask in one account and region share two requests a second",
    )
    overlap_seconds: Whole = Field(
        default=1800,
        ge=300,
        le=86_400,
        description="how far each poll looks back behind the time up to which all is shipped, for events that "
        "CloudTrail shows late; what comes later than this is missed",
    )
    checkpoint_file: StateFile | None = Field(
        default=None,
        description="file in which the agent remembers over restarts what it has shipped; its folder must be there, "
        "and writable. Without it, a start begins `overlap_seconds` ago",
    )

    @field_validator("regions")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("must have at least one entry")
        return unique(value, str, "region")
