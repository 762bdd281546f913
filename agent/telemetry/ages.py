"""How old things are when they are done: the buckets of ages, and a histogram that takes those of a batch at once.

prometheus_client's own takes one after the other. A batch has hundreds of events, and this would cost more than all
else that is counted of them.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
OBJECT_AGE_BUCKETS: Final = (
    *(1.0, 2.0, 5.0, 10.0, 30.0),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 6)),
)
EVENT_AGE_BUCKETS: Final = (
    *(10.0, 30.0),
    *(minutes * _MINUTE for minutes in (1, 2, 3, 5, 7, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 3, 6, 12)),
    *(days * _DAY for days in (1, 3, 7)),
)
DELIVERY_AGE_BUCKETS: Final = (
    *(1.0, 5.0, 15.0),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 15, 30)),
    *(hours * _HOUR for hours in (1, 3, 6, 12)),
    *(days * _DAY for days in (1, 3, 7)),
)


class SecondsHistogram(Collector):
    """Counts ages, or other times in seconds, by `buckets`, their upper bounds in order.

    Registers itself, and is thread-safe.
    """

    def __init__(self, name: str, meaning: str, buckets: Sequence[float], registry: CollectorRegistry) -> None:
        self._name = name
        self._meaning = meaning
        self._bounds = (*buckets, math.inf)
        self._labels = (*map(str, buckets), "+Inf")
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0
        self._lock = threading.Lock()
        registry.register(self)

    def observe_all(self, seconds: Sequence[float]) -> None:
        """Count all of them, the smallest first; none is below 0."""
        if not seconds:
            return
        bounds, counted = self._bounds, 0
        first, last = bisect_left(bounds, seconds[0]), bisect_left(bounds, seconds[-1])
        with self._lock:
            for at in range(first, last):  # most batches fill a bucket or two
                up_to = bisect_right(seconds, bounds[at])
                self._counts[at] += up_to - counted
                counted = up_to
            self._counts[last] += len(seconds) - counted
            self._sum += sum(seconds)

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """What it is called, for the registry."""
        yield HistogramMetricFamily(self._name, self._meaning)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What was counted so far, as Prometheus wants them: each bucket has what the ones before it have, too."""
        with self._lock:
            counts, total = list(accumulate(self._counts)), self._sum
        buckets = [(label, float(count)) for label, count in zip(self._labels, counts, strict=True)]
        yield HistogramMetricFamily(self._name, self._meaning, buckets, total)
