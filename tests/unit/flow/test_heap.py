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
    trimmed: int = 0

    def trim(self) -> None:
        """Count."""
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
    assert counts == [0] * 7 + [1] * 8 + [2]


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
