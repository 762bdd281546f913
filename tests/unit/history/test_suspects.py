"""What the sink refuses is judged only once it has accepted something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent.history import suspects
from agent.history.suspects import Suspects
from agent.model import LogRecord, Verdict
from tests.support.records import log_record
from tests.support.sink import REFUSED

NO = Verdict(accepted=False, fault=REFUSED)
SUSPECT = Verdict(accepted=False, fault=replace(REFUSED, is_suspect=True))
FINAL = Verdict(accepted=False, fault=replace(REFUSED, is_final=True))


class Sink:
    """Counts what it has accepted."""

    def __init__(self) -> None:
        self.count = 0
        self.suspects = Suspects(lambda: self.count)

    def held(self, verdict: Verdict, *records: LogRecord, meanwhile: Callable[[], None] = lambda: None) -> list[str]:
        """What is held back of one try."""
        self.suspects.begin()
        meanwhile()
        return [record.body for record, _ in self.suspects.hold([(record, verdict) for record in records])]

    def accept(self) -> None:
        """Another record."""
        self.count += 1


ONE, TWO = log_record("one"), log_record("two")


def test_one_that_is_refused_is_held_until_another_is_accepted() -> None:
    """However often it is refused."""
    sink = Sink()
    assert [sink.held(NO, ONE), sink.held(NO, ONE)] == [["one"], ["one"]]
    sink.accept()
    assert sink.held(NO, TWO, ONE) == ["two"]


def test_what_is_accepted_beside_it_judges_it() -> None:
    """In the same try."""
    sink = Sink()
    assert sink.held(NO, ONE, meanwhile=sink.accept) == []
    assert len(sink.suspects) == 0


def test_what_the_sink_may_say_of_all_alike_judges_nothing() -> None:
    """It knows better; then it counts anew from there."""
    sink = Sink()
    assert sink.held(SUSPECT, ONE, meanwhile=sink.accept) == ["one"]
    sink.accept()
    assert sink.held(SUSPECT, ONE) == ["one"]
    assert sink.held(NO, ONE) == ["one"]
    sink.accept()
    assert sink.held(NO, ONE) == []


def test_what_must_not_be_sent_again_is_judged_at_once() -> None:
    """The sink has answered for the request, and may have taken others of it."""
    assert Sink().held(FINAL, ONE) == []


def test_what_is_dealt_with_is_forgotten() -> None:
    """Then there is no doubt any more."""
    sink = Sink()
    sink.held(NO, ONE, TWO)
    sink.suspects.forget([ONE.digest])
    assert len(sink.suspects) == 1
    sink.suspects.clear()
    assert len(sink.suspects) == 0


def test_more_than_can_be_remembered_are_judged_by_and_by() -> None:
    """Memory does not grow without end, and nothing is passed over too early."""
    sink, most = Sink(), suspects.MOST_SUSPECTS
    many = [log_record(f"{number}") for number in range(most + 2)]
    assert len(sink.held(NO, *many)) == most + 2
    assert len(sink.suspects) == most
    sink.accept()
    assert sink.held(NO, *many) == [f"{most}", f"{most + 1}"]
