"""Every row of the fault table has a test that names it: `@pytest.mark.row(7)`."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent.parent
ROWS: Final = frozenset(range(1, 36))
PENDING: Final = frozenset({27})
"""Rows whose tests are not here yet. Leave it empty."""


def _rows_of(test: ast.AST) -> Iterator[object]:
    for decorator in getattr(test, "decorator_list", ()):
        match decorator:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="mark"), attr="row"), args=[ast.Constant(value=row)]
            ):
                yield row


def _proved(source: str) -> Iterator[tuple[str, object]]:
    """Each test in a module's `source`, with each row that it names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield from ((node.name, row) for row in _rows_of(node))


def test_every_row_of_the_fault_table_is_proved_by_a_test() -> None:
    """The markers of all test modules name each row at least once, and no row that the table does not have."""
    tests: defaultdict[object, list[str]] = defaultdict(list)
    for module in sorted(TESTS.rglob("test_*.py")):
        for name, row in _proved(module.read_text(encoding="utf-8")):
            tests[row].append(name)
    assert set(tests) - ROWS == set(), "no such rows"
    assert ROWS - PENDING - set(tests) == set(), "rows without a test"


def test_a_marker_is_found_wherever_it_stands_and_nothing_else_is() -> None:
    """Several markers on one test count, also among other decorators; a marker on what is no test does not."""
    source = """
@pytest.mark.row(1)
@pytest.mark.parametrize("a", [1])
@pytest.mark.row(2)
def test_two(): ...

@pytest.mark.row(3)
def not_a_test(): ...

class TestGroup:
    @pytest.mark.row(4)
    def test_inside(self): ...
"""
    assert list(_proved(source)) == [("test_two", 1), ("test_two", 2), ("test_inside", 4)]
