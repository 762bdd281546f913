"""A server that answers byte by byte, as a broken or hostile one does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def trickling(answer: bytes, pause: float = 0.05) -> Iterator[str]:
    """Send each who connects `answer`, a byte after each `pause` (seconds), while the block runs; gives host and port.

    Without a pause, the whole answer comes again and again, as fast as it is read.
    """
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            while pause == 0 and not over.is_set():
                connection.sendall(answer)
            for byte in answer:
                connection.sendall(bytes([byte]))
                if over.wait(pause):
                    return

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
