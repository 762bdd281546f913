"""What a code and the words beside it mean together."""

from __future__ import annotations

import pytest

from agent.model import ACCEPTED
from agent.sink.answer import (
    Answer,
    Later,
    Meaning,
    Misconfigured,
    Refusal,
    Refused,
    TooLarge,
    refusal,
)
from tests.support.clock import FakeClock
from tests.support.records import NOON, log_record
from tests.support.sink import halved, limited, numbered, open_sink
from tests.support.telemetry import FakeTelemetry
from tests.support.transport import FakeTransport

PLAIN = "Client sent an HTTP request to an HTTPS server."


@pytest.mark.row(37)
@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("OUT_OF_RANGE", "Error, decoded message length too large: found 9 bytes, the limit is: 8 bytes"),
        ("RESOURCE_EXHAUSTED", "grpc: received message larger than max (9 vs. 8)"),
        ("INTERNAL", "message length too large"),
        ("UNKNOWN", "request body too large"),
        ("INVALID_ARGUMENT", "request body too large"),
        ("400", "http: request body too large"),
        ("500", "message size exceeds the limit"),
        ("422", "payload too large"),
    ],
)
def test_size_is_size_in_any_code(code: str, text: str) -> None:
    """The request is split at once, and a record that is too large alone is shrunk."""
    answer = refusal(Meaning.SLOW, Refusal(code, f"answered {code}", text, text))
    assert isinstance(answer, TooLarge)
    clock, telemetry = FakeClock(), FakeTelemetry()
    records = [*numbered(8, 50), log_record("w" * 300, at=NOON + 9)]
    sink = open_sink(FakeTransport(rule=limited(100, answer)), clock=clock, telemetry=telemetry, shrink=halved)
    assert sink.export(records) == [ACCEPTED] * 9
    assert telemetry.count("record_shrunk") == 2
    assert clock.waits == []


@pytest.mark.parametrize(
    ("code", "meaning", "text", "kind"),
    [
        ("429", Meaning.THROTTLED, "request body too large", Later),
        ("503", Meaning.LATER, "request body too large", Later),
        ("RESOURCE_EXHAUSTED", Meaning.THROTTLED, "", Later),
        ("400", Meaning.REFUSED, "sending queue is full", Later),
        ("400", Meaning.REFUSED, PLAIN, Misconfigured),
        ("400", Meaning.REFUSED, "bad label", Refused),
    ],
)
def test_a_code_and_its_words_decide_together(code: str, meaning: Meaning, text: str, kind: type[Answer]) -> None:
    """Neither alone says what an answer means."""
    assert isinstance(refusal(meaning, Refusal(code, "", text, text)), kind)
