"""`python -m tests.support.locked_in run …`: the real process, with system calls refused as its unit refuses them.

systemd answers a refused call with an error, which the process may swallow; here it ends the process with SIGSYS. The
calls that are allowed stand in ALLOWED_CALLS, the families of sockets in ALLOWED_FAMILIES, both with blanks between.
Memory that is writable and executable is refused, as by MemoryDenyWriteExecute.
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Sequence
from typing import Final

from agent.__main__ import main

LIBRARY: Final = "libseccomp.so.2"  # systemd itself needs it
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_EQUAL, _MASKED_EQUAL = 4, 7
_WRITE, _EXECUTE = 2, 4


class _Comparison(ctypes.Structure):
    """libseccomp's `scmp_arg_cmp`: what an argument of a call must be."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


_BY_ARGUMENT: Final = {
    "mmap": [_Comparison(2, _MASKED_EQUAL, _WRITE | _EXECUTE, value) for value in (0, _WRITE, _EXECUTE)],
    "mprotect": [_Comparison(2, _MASKED_EQUAL, _EXECUTE, 0)],
    "pkey_mprotect": [_Comparison(2, _MASKED_EQUAL, _EXECUTE, 0)],
}


def lock_in(calls: Sequence[str], families: Sequence[str]) -> None:
    """Refuse all other calls to this process from here on; raises OSError if the kernel does not do so."""
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_KILL)))
    sockets = [_Comparison(0, _EQUAL, getattr(socket, family), 0) for family in families]
    for call in calls:
        number = library.seccomp_syscall_resolve_name(call.encode())
        for comparison in {**_BY_ARGUMENT, "socket": sockets}.get(call, [None]):
            count = 0 if comparison is None else 1
            pointer = None if comparison is None else ctypes.byref(comparison)
            library.seccomp_rule_add_array(rules, ctypes.c_uint32(_ALLOW), number, count, pointer)
    if library.seccomp_load(rules):
        raise OSError("the filter cannot be loaded")


if __name__ == "__main__":
    lock_in(os.environ["ALLOWED_CALLS"].split(), os.environ["ALLOWED_FAMILIES"].split())
    main()
