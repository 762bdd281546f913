"""What no reader in Python can be cheaper than: get an object, inflate it, and decode the two fields that select.

`python -m tests.bench.floor HOST:PORT COUNT KEY…` reads `COUNT` objects over one connection that is warm, and prints
the CPU milliseconds of one. It asks over a bare socket, without a library for HTTP (pycurl takes some 8 % more,
http.client a quarter), and its memory is set up as the agent's. libdeflate inflates, into a text of the size that the
object names (ISA-L takes some 40 % more, zlib 140 %); whether anything follows the text is not looked at.
"""

from __future__ import annotations

import socket
import sys
import time
from typing import Any, Final

import msgspec
from deflate import gzip_decompress

from agent.flow.heap import configure
from tests.bench.load import BUCKET

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"Content-Length: "
_WARM: Final = 100


class _Glance(msgspec.Struct, frozen=True, gc=False):
    event_source: Any = msgspec.field(default="", name="eventSource")
    event_name: Any = msgspec.field(default="", name="eventName")


class _Glances(msgspec.Struct, frozen=True, gc=False):
    records: list[_Glance] = msgspec.field(name="Records")


class Floor:
    """One connection to `host` and `port`, and the memory that its answers are received into."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port))
        self._room = memoryview(bytearray(1 << 20))
        self._decode = msgspec.json.Decoder(_Glances).decode

    def read(self, key: str) -> int:
        """Get, inflate and glance at one object. Returns how many events it has."""
        self._socket.sendall(f"GET /{BUCKET}/{key} HTTP/1.1\r\nHost: floor\r\n\r\n".encode())
        body = self._body()
        return len(self._decode(gzip_decompress(body, int.from_bytes(body[-4:], "little"))).records)

    def _body(self) -> memoryview:
        room, arrived, end = self._room, 0, 0
        while not end or arrived < end:
            received = self._socket.recv_into(room[arrived:])
            if not received:
                raise ConnectionError("the far side has closed the connection")
            arrived += received
            if not end:
                head, found, _ = bytes(room[: min(arrived, 1024)]).partition(_HEAD_END)
                if found:
                    start = len(head) + len(_HEAD_END)
                    end = start + int(head.partition(_LENGTH)[2].partition(b"\r")[0])
        return room[start:end]


def main(address: str, count: int, keys: list[str]) -> float:
    """CPU milliseconds an object."""
    configure()
    host, _, port = address.partition(":")
    floor = Floor(host, int(port))
    for number in range(_WARM):
        floor.read(keys[number % len(keys)])
    began = time.process_time()
    for number in range(count):
        floor.read(keys[number % len(keys)])
    return (time.process_time() - began) / count * 1e3


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
