"""This machine's clock against AWS's and the sink's. AWS refuses what is signed more than five minutes off."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from agent.checks.finding import Check, caution, failed, ok

_AWS: Final = "clock.aws"
_SINK: Final = "clock.sink"
_SET: Final = "Let this machine take its time from NTP (chrony, systemd-timesyncd)."
AWS_RIGHT: Final = ok(_AWS, "this clock and that of AWS differ by {seconds} s")
AWS_OFF: Final = caution(_AWS, "this clock is {seconds} s {way} that of AWS, which allows 300 s", _SET)
AWS_REFUSES: Final = failed(_AWS, "this clock is {seconds} s {way} that of AWS, which refuses such requests", _SET)
AWS_UNTOLD: Final = caution(_AWS, "AWS has told no time: nothing of it has answered")
SINK_RIGHT: Final = ok(_SINK, "this clock and that of the sink differ by {seconds} s")
SINK_OFF: Final = caution(
    _SINK,
    "this clock is {seconds} s {way} that of the sink",
    "Let both machines take their time from NTP: a sink judges events by its own clock.",
)
SINK_UNTOLD: Final = caution(
    _SINK,
    "the sink's answer has no Date, as is usual over gRPC",
    "See that its machine takes its time from NTP.",
)
_WORTH_A_WORD: Final = 30.0
_REFUSED: Final = 240.0  # some services allow less than five minutes


def of_aws(offsets: Sequence[float]) -> Check:
    """`offsets` are seconds by which AWS's clock was before ours."""
    if not offsets:
        return AWS_UNTOLD.told()
    ahead = median(offsets)
    finding = AWS_RIGHT if abs(ahead) < _WORTH_A_WORD else AWS_OFF if abs(ahead) < _REFUSED else AWS_REFUSES
    return finding.told(seconds=round(abs(ahead)), way=_way(ahead))


def of_sink(ahead: float | None) -> Check:
    """`ahead` is by how many seconds the sink's clock was before ours; None if it sent no date."""
    if ahead is None:
        return SINK_UNTOLD.told()
    finding = SINK_RIGHT if abs(ahead) < _WORTH_A_WORD else SINK_OFF
    return finding.told(seconds=round(abs(ahead)), way=_way(ahead))


def _way(ahead: float) -> str:
    return "behind" if ahead > 0 else "ahead of"
