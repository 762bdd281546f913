"""The figures of a run as JSON, with all that is needed to compare them with those of another day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tests.bench.bars import Held
from tests.bench.failures import Failure
from tests.bench.measures import Figures
from tests.bench.table import ratios


def as_json(
    about: Mapping[str, Any], figures: Sequence[Figures], held: Sequence[Held], failed: Sequence[Failure]
) -> Mapping[str, Any]:
    """`about` says what was measured, where and when."""
    return {
        **about,
        "figures": [{**asdict(one), "ratios": dict(ratios(one, figures))} for one in figures],
        "bars": [_bar(one) for one in held],
        "failures": [asdict(one) for one in failed],
    }


def _bar(one: Held) -> Mapping[str, Any]:
    """`at_least` says to which side of its goal a figure is good."""
    return {
        "bar": one.bar.name,
        "measured": one.measured,
        "at_least": one.bar.at_least,
        "goal": one.bar.goal,
        "met": one.meets_goal,
        "stretch": one.bar.stretch,
        "stretch_met": one.meets_stretch,
    }
