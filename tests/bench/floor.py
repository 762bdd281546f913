"""What no reader in Python can be cheaper than: get an object, inflate it, and decode the two fields that select.

`python -m tests.bench.floor HOST:PORT COUNT KEY…` reads `COUNT` objects over one connection, and prints the CPU
milliseconds of one.
"""

from __future__ import annotations

import http.client
import sys
import time

import msgspec
from isal import isal_zlib

from tests.bench.load import BUCKET


class _Glance(msgspec.Struct, frozen=True, gc=False):
    event_source: object = msgspec.field(default="", name="eventSource")
    event_name: object = msgspec.field(default="", name="eventName")


class _Glances(msgspec.Struct, frozen=True, gc=False):
    records: list[_Glance] = msgspec.field(name="Records")


def main(address: str, count: int, keys: list[str]) -> float:
    """CPU milliseconds an object."""
    connection, decode = http.client.HTTPConnection(address), msgspec.json.Decoder(_Glances).decode
    began = time.process_time()
    for number in range(count):
        connection.request("GET", f"/{BUCKET}/{keys[number % len(keys)]}")
        text = isal_zlib.decompress(connection.getresponse().read(), 31)
        decode(text)
    return (time.process_time() - began) / count * 1e3


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
