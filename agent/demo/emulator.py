"""The emulator process: moto's S3 and SQS on the address and port of its two arguments; port 0 is a free one.

It writes its port to standard output when it listens. It ends when its standard input ends, so it never outlives the
process that started it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


def main() -> None:
    """Serve until standard input ends."""
    address, port = sys.argv[1:]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server(address, int(port), application, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    print(server.server_port, flush=True)
    server.serve_forever()


def _end_with_standard_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
