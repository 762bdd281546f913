"""What an operator is told: every kind of trouble has its three sentences, each fit for a log line."""

from __future__ import annotations

import copy
import pickle

import pytest

from agent.faults.advice import Advised
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason

EVERY_FAULT = [
    pytest.param(fault, id=f"{table.__name__} {fault}")
    for table in (EnvironmentFault, Reason, RetryReason, IgnoredReason)
    for fault in table
]


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_an_advice_is_three_short_parts_of_a_sentence(fault: Advised) -> None:
    """Each fits a table's cell and a log line: no line breaks, no bars, no full stop."""
    told = fault.advice
    for part in (told.happened, told.did, told.do):
        assert 0 < len(part) <= 160
        assert part.isprintable()
        assert "|" not in part
        assert not part.endswith(".")
    assert told.hint == f"{told.did}; {told.do}"


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_a_fault_is_its_name(fault: Advised) -> None:
    """It is equal to its text in metrics, log and dead letters, and is found by it again."""
    assert str(fault) == f"{fault}" == fault.value
    assert type(fault)(fault.value) is fault
    assert copy.deepcopy(fault) is fault
    assert pickle.loads(pickle.dumps(fault)) is fault


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("new", id="a name alone"),
        pytest.param(("new",), id="no text"),
        pytest.param(("new", "it happened", "did thisdo that"), id="a comma forgotten"),
        pytest.param(("new", "it happened", "did this", ""), id="an empty text"),
        pytest.param(("new", "it happened", "did this", "do that", "and that"), id="one too many"),
    ],
)
def test_a_row_without_its_three_texts_is_refused(row: object) -> None:
    """No reason that a metric or a dead letter can name is without advice: the program does not even start."""
    with pytest.raises(TypeError):
        Advised("Table", {"NEW": row})  # type: ignore[arg-type]
