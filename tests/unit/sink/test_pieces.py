"""The parts in which a request is sent that does not pass as a whole."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sink.answer import Accepted, Answer, Later
from agent.sink.otlp.decode import ReceivedRecord
from agent.sink.pieces import Piece
from tests.support.records import log_record
from tests.support.sink import open_sink
from tests.support.transport import FakeTransport


@given(st.integers(2, 300), st.integers(0, 300))
def test_a_trial_has_every_record_once(records: int, rounds: int) -> None:
    """The part that is tried and the others are the whole; the others are taken apart at once if they are stuck too."""
    whole = Piece(tuple(range(records)), rounds=rounds)
    trials = list(whole.trial_parts())
    assert [len(part.places) for part, _ in trials[-1:]] == [1]
    for part, others in trials:
        assert sorted(place for piece in (part, *others) for place in piece.places) == list(whole.places)
        assert all(piece.is_urgent for piece in others)


@given(st.integers(2, 60))
def test_every_record_is_tried_alone_in_some_round(records: int) -> None:
    """However many are bad, the good one is found."""
    whole = tuple(range(records))
    alone = {list(Piece(whole, rounds=number).trial_parts())[-1][0].places for number in range(records)}
    assert alone == {(place,) for place in whole}


@given(st.lists(st.booleans(), min_size=2, max_size=24).filter(any))
@settings(max_examples=60)
def test_bad_records_that_are_never_judged_hold_no_good_one_up(good: list[bool]) -> None:
    """Wherever they stand, and however many they are: what the sink takes alone gets there."""

    def rule(received: list[ReceivedRecord]) -> Answer:
        assert len(transport.payloads) < 5000, "it goes on forever"
        return Later("500", slow=True) if any(record.body.startswith("bad") for record in received) else Accepted()

    transport = FakeTransport(rule=rule)
    records = [log_record(f"{'good' if is_good else 'bad'} {n}", at=10**18 + n) for n, is_good in enumerate(good)]
    verdicts = open_sink(transport).export(records)
    assert [verdict.accepted for verdict in verdicts] == good
