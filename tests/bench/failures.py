"""Who could not be measured, and why: the others are measured all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.processes import StuckError


@dataclass(frozen=True, slots=True)
class Failure:
    """`who` has ended, or did not get on, with the load `what`."""

    what: str
    who: str
    why: str


class Failures:
    """What has failed so far in one run of the bench."""

    def __init__(self) -> None:
        self.noted: list[Failure] = []

    @contextmanager
    def noting(self, what: str, who: str) -> Iterator[None]:
        """A `StuckError` in the block ends the block, and is noted."""
        try:
            yield
        except StuckError as error:
            self.noted.append(Failure(what, who, str(error)))

    def has(self, what: str, who: str) -> bool:
        """Whether `who` has failed with this load: nothing that was measured of it counts then."""
        return any((one.what, one.who) == (what, who) for one in self.noted)

    def lines(self) -> Iterator[str]:
        """For people: each with its reason, in which the end of its log stands."""
        for one in self.noted:
            yield f"FAILED {one.what}: {one.who}"
            yield from (f"  {line}" for line in one.why.splitlines())
