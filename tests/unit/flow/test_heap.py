"""What the C library keeps is given back when it is much."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.flow import heap
from agent.flow.heap import Heap

MIB = 1 << 20


@dataclass
class Process:
    """A process whose resident memory a test tells."""

    resident: int = 90 * MIB
    stays: int = 1 << 40
    trimmed: int = 0

    def trim(self) -> None:
        """Give back all but what stays, and count."""
        self.resident = min(self.resident, self.stays)
        self.trimmed += 1

    def heap(self) -> Heap:
        """Its heap, from now on."""
        return Heap(lambda: self.resident, self.trim)


def test_what_is_kept_is_given_back() -> None:
    """Once much was freed, and more is resident than what there was at first and what is held."""
    process = Process()
    heap = process.heap()
    process.resident += 100 * MIB
    heap.freed(60 * MIB, 30 * MIB)
    assert process.trimmed


def test_what_is_held_is_no_reason() -> None:
    """Memory that is in use cannot be given back; nor is a little more worth it."""
    process = Process()
    heap = process.heap()
    process.resident += 100 * MIB
    heap.freed(60 * MIB, 90 * MIB)
    assert not process.trimmed


def test_nobody_looks_for_a_little() -> None:
    """What is freed adds up until it is worth a look."""
    process = Process()
    heap = process.heap()
    process.resident += 100 * MIB
    counts = []
    for _ in range(16):
        heap.freed(MIB, 0)
        counts.append(process.trimmed)
    assert counts == [0] * 7 + [1] * 9


def test_what_stays_is_not_given_back_again_and_again() -> None:
    """A process that remembers more than at its start is no reason to look for free memory for ever."""
    process = Process(stays=130 * MIB)
    heap = process.heap()
    process.resident = 150 * MIB
    for _ in range(9):
        heap.freed(10 * MIB, 0)
    assert (process.trimmed, process.resident) == (1, 130 * MIB)
    process.resident = 145 * MIB
    heap.freed(10 * MIB, 0)
    assert process.trimmed == 1
    process.resident = 147 * MIB
    heap.freed(10 * MIB, 0)
    assert process.trimmed == 2


def test_what_stayed_once_and_went_later_is_not_kept_for_ever() -> None:
    """Each look that gives back measures anew what stays beside what is held."""
    process = Process(stays=200 * MIB)
    heap = process.heap()
    process.resident = 250 * MIB
    heap.freed(10 * MIB, 20 * MIB)  # 180 MiB stay
    process.stays, process.resident = 100 * MIB, 210 * MIB
    heap.freed(10 * MIB, 0)
    assert (process.trimmed, process.resident) == (2, 100 * MIB)
    process.resident = 120 * MIB
    heap.freed(10 * MIB, 0)
    assert (process.trimmed, process.resident) == (3, 100 * MIB)


def test_this_process() -> None:
    """The options are taken, what is free is given back, and resident memory is told."""
    heap.configure()
    held = [bytes(100_000) for _ in range(1000)]
    full = heap.resident_bytes()
    held.clear()
    heap.trim()
    assert 0 < heap.resident_bytes() < full


def test_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With another C library, or another system, nothing happens."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    monkeypatch.setattr(heap, "_STATM", tmp_path / "statm")
    heap.configure()
    heap.trim()
    assert heap.resident_bytes() == 0
