"""What the C library keeps of memory that was freed: little, so that resident memory follows what is held.

By default glibc opens a heap for each thread, and keeps up to 64 MiB at the top of each. Freed holes within a heap it
gives back only when it is told to. Pages: mallopt(3), malloc_trim(3). Where the C library has neither, nothing happens.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
_MIB: Final = 1 << 20
_OPTIONS: Final = {
    _M_ARENA_MAX: 1,  # Python runs one thread at a time: more heaps do not make it faster
    _M_MMAP_THRESHOLD: 4 * _MIB,  # larger pieces go back at once; smaller ones are cheaper on the heap
    _M_TRIM_THRESHOLD: 8 * _MIB,
}
_LOOK_AGAIN_BYTES: Final = 8 * _MIB
_KEPT_BYTES: Final = 16 * _MIB
_STATM: Final = Path("/proc/self/statm")


def configure() -> None:
    """For the whole process, before it has threads: one heap, of which the free end is given back."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for option, value in _OPTIONS.items():
            library.mallopt(option, value)


def resident_bytes() -> int:
    """The resident memory of this process; 0 where the system does not tell it."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def trim() -> None:
    """Give back what is free anywhere on the heap."""
    with suppress(OSError, AttributeError):
        library: Any = ctypes.CDLL(None)
        library.malloc_trim(0)


class Heap:
    """Gives memory back when much was freed, and more is resident than is `held`. Thread-safe.

    What stays all the same is what the process is made of: at first what is resident at the start, and later what was
    left the last time. To give back and take again costs more than anything that is done with the memory.
    """

    def __init__(self, resident: Callable[[], int] = resident_bytes, trim: Callable[[], None] = trim) -> None:
        self._resident = resident
        self._trim = trim
        self._stays = resident()
        self._freed = 0
        self._lock = threading.Lock()

    def freed(self, size: int, held: int) -> None:
        """So many bytes were freed; `held` are in use now, beside what stays."""
        with self._lock:
            self._freed += size
            if self._freed < _LOOK_AGAIN_BYTES:
                return
            self._freed = 0
        if self._resident() > self._stays + held + _KEPT_BYTES:
            self._trim()
            self._stays = max(0, self._resident() - held)
