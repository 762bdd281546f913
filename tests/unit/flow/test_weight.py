"""What a record is said to hold, against what Python holds for it."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Final

import pytest

from agent.flow.weight import held_bytes
from agent.model import LogRecord
from tests.support.events import event
from tests.support.objects import SOURCE
from tests.support.records import open_mapper

RECORDS: Final = 50
BESIDE_BYTES: Final = 2560
WORDS: Final = ("a", "é", "日", "a" * 99 + "😀")  # of one, one, two and four bytes for each character
_FRESH: Final = count()


def _text(word: str, characters: int) -> dict[str, object]:
    return {"requestParameters": {"text": word * (characters // len(word))}}


def _many(number: int) -> dict[str, object]:
    resources = [{"ARN": f"arn:aws:x:::{next(_FRESH)}", "type": "AWS::X::Y"} for _ in range(number)]
    return {"resources": resources, "requestParameters": {f"name-{each}": str(next(_FRESH)) for each in range(number)}}


def _small(_: int) -> dict[str, object]:
    return {"requestID": f"request-{next(_FRESH)}"}


def _broken(number: int) -> dict[str, object]:
    """A usual event but for one member, which makes the mapping plain; its attributes are a dict."""
    return {"eventVersion": 1, **_text("plain ", number)}


@pytest.mark.parametrize(
    ("members", "size"),
    [
        (_small, 0),
        (_many, 2),
        (_many, 60),
        (_broken, 10),
        (_broken, 30_000),
        *((partial(_text, word), size) for word in WORDS for size in (200, 5_000, 60_000)),
    ],
)
def test_it_is_what_python_holds(members: Callable[[int], dict[str, object]], size: int) -> None:
    """Never less; and more by no more than the bound for what is short, whatever the width of the text is."""
    raws = [
        json.dumps(event(f"event-{number}") | members(size), ensure_ascii=False, separators=(",", ":")).encode()
        for number in range(RECORDS)
    ]
    mapper = open_mapper()
    mapper.to_record(raws[0], SOURCE)
    records: list[LogRecord] = []
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    records += [mapper.to_record(raw, SOURCE) for raw in raws]
    held = (tracemalloc.get_traced_memory()[0] - before) / RECORDS
    tracemalloc.stop()
    told = sum(map(held_bytes, records)) / RECORDS
    assert held <= told <= 1.5 * held + BESIDE_BYTES
