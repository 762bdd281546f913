"""The loop: a seed and a number make an input, a demand judges it."""

from __future__ import annotations

import gzip
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from tests.fuzz.corpus import Corpus
from tests.fuzz.damage import BLIND, TEXTUAL, damaged
from tests.fuzz.demands import Demands, demand
from tests.fuzz.structure import rewritten

_T = TypeVar("_T")
_BOMB_EVERY: Final = 400
_BOMBS: Final = (
    b'{"Records":[' + b"{}," * 30_000 + b"{}]}",
    b'{"Records":' + b"[" * 100_000,
    b'{"Records":[' + b"0," * 100_000 + b"0]}",
    b'{"a":' * 50_000,
    b'{"Records":[{"eventName":"' + b"x" * 1_200_000 + b'"}]}',
    b'{"Records":[{"a":[' + b"1e9," * 50_000 + b'1],"b":"\\ud800"}]}',
    b'{"Records":[{"eventName":"CreateProject","resources":[' + b'{"ARN":"' + b"x" * 300_000 + b'"}]}]}',
    b'{"Records":[{"eventName":"CreateProject","errorMessage":"' + b"x" * 300_000 + b'"}]}',
    b"[" * 100_000 + b"]" * 100_000,
    bytes(1 << 20),
    b"",
)


class Kind(Enum):
    """Where an input is damaged."""

    GZIP = "gzip"
    TEXT = "text"
    STRUCTURE = "structure"
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that broke a demand, or raised what nothing may raise."""

    number: int
    kind: Kind
    error: BaseException
    saved: Path


@dataclass(slots=True)
class Tally:
    """What became of the inputs so far."""

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


class Fuzz:
    """Judges inputs; each depends on `seed` and its number alone."""

    def __init__(self, seed: int) -> None:
        self.tally = Tally()
        self._seed = seed
        self._corpus = Corpus.load()
        self._demands = Demands()
        self._input: bytes | str = b""

    def run(self, numbers: range) -> Iterator[Finding | None]:
        """Judge the inputs of `numbers`, one at each step; a finding for each that fails."""
        for number in numbers:
            yield self._judge(number)
            self.tally.inputs += 1

    def _judge(self, number: int) -> Finding | None:
        rng = Random(f"{self._seed} {number}")
        kind = rng.choice(list(Kind))
        try:
            self.tally.outcomes[self._outcome(kind, rng)] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            return Finding(number, kind, error, self._save(number, kind))
        return None

    def _outcome(self, kind: Kind, rng: Random) -> str:
        if kind is Kind.NOTIFICATION:
            return self._demands.of_notification(self._keep(self._notification(rng)))
        if kind is Kind.GZIP:
            at = rng.randrange(len(self._corpus.stored))
            stored = self._keep(damaged(self._corpus.stored[at], BLIND, rng))
            return self._demands.of_stored(stored, self._corpus.texts[at], rng)
        text = self._keep(self._text(kind, rng))
        if rng.randrange(10) == 0:  # through the whole way, as an object
            _demand_inflates(self._demands, text, rng)
        return self._demands.of_text(text)

    def _text(self, kind: Kind, rng: Random) -> bytes:
        if rng.randrange(_BOMB_EVERY) == 0:
            return damaged(rng.choice(_BOMBS), TEXTUAL, rng)
        text = rng.choice(self._corpus.texts)
        if kind is Kind.STRUCTURE:
            return rewritten(text, rng).encode(errors="replace")
        return damaged(text, TEXTUAL, rng)

    def _notification(self, rng: Random) -> str:
        body = rng.choice(self._corpus.notifications)
        if rng.random() < 0.6:
            return rewritten(body, rng)
        lenient = rng.choice(("replace", "surrogateescape", "ignore"))
        return damaged(body.encode(), TEXTUAL, rng).decode(errors=lenient)

    def _keep(self, made: _T) -> _T:
        """Remember an input until the next one, in case it has to be saved."""
        self._input = made  # type: ignore[assignment]  # bytes or str, both are
        return made

    def _save(self, number: int, kind: Kind) -> Path:
        content = self._input if isinstance(self._input, bytes) else self._input.encode(errors="surrogatepass")
        path = Path(tempfile.gettempdir()) / f"trail-agent-fuzz-{self._seed}-{number}.{kind.value}"
        path.write_bytes(content)
        return path


def _demand_inflates(demands: Demands, text: bytes, rng: Random) -> None:
    outcome = demands.of_stored(gzip.compress(text, 1, mtime=0), text, rng)
    demand(outcome in {"gzip same text", "gzip object_too_large"}, f"a sound gzip ended as {outcome}")
