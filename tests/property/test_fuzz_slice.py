"""The first inputs of `make fuzz`, and the proof that it would see a fault."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from random import Random

import pytest

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.trail.inflate import Inflated, InflateLimits, TextFacts
from tests.fuzz import demands
from tests.fuzz.run import Fuzz
from tests.fuzz.structure import rewritten

NUMBER = 400


def test_damaged_input_is_refused_or_read_in_one_way() -> None:
    """Some hundred damaged objects and notifications break no demand, and every kind of outcome occurs."""
    fuzz = Fuzz(seed=2)
    assert [found for found in fuzz.run(range(NUMBER)) if found] == []
    assert fuzz.tally.inputs == NUMBER
    outcomes = {outcome.split()[0] for outcome in fuzz.tally.outcomes}
    assert outcomes == {"gzip", "file", "notification"}


def test_an_input_does_not_depend_on_those_before_it() -> None:
    """The same seed makes the same input, however many were made before: what a change put in is nobody else's."""
    text = '{"Records": [{"eventName": "CreateProject", "resources": []}]}'
    first = [rewritten(text, Random(seed)) for seed in range(2000)]
    assert [rewritten(text, Random(seed)) for seed in range(2000)] == first


def test_a_reader_that_trusts_damaged_gzip_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the checksum not looked at, the fuzzer would say so, and leave the input behind."""
    monkeypatch.setattr(demands, "inflate", _trusting)
    found = next(found for found in Fuzz(seed=2).run(range(NUMBER)) if found)
    saved = found.saved.read_bytes()
    found.saved.unlink()
    assert isinstance(found.error, demands.BrokenDemandError)
    assert saved


def _trusting(chunks: Iterable[bytes], _limits: InflateLimits) -> Inflated:
    """What inflates without its header and its trailer."""
    stored = b"".join(chunks)
    try:
        text = bytearray(zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(stored[10:]))
    except zlib.error as error:
        raise PermanentError(Reason.OBJECT_CORRUPT, "damaged") from error
    return Inflated(text, TextFacts(len(stored), is_plain=False))
