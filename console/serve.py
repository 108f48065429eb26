"""``line console``: serves the console on loopback until Ctrl-C."""

from __future__ import annotations

import socket
import webbrowser

import uvicorn

from cli.ending import tell
from config.errors import LineError
from console.app import build
from console.guard import Secret
from console.place import place


def serve(environment: str, *, port: int, should_open: bool) -> int:
    """Serve the console of an environment at a port of 127.0.0.1, 0 taking a free one; returns the exit status."""
    looked_at = place(environment)
    listener = _listen(port)
    port = listener.getsockname()[1]
    secret = Secret()
    address = f"http://127.0.0.1:{port}/?key={secret.value}"
    app = build(looked_at, port=port, secret=secret)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, server_header=False)
    )
    print(f"the console of {environment} is at {address}", flush=True)
    tell("Ctrl-C ends it; the address holds its key, so keep it to yourself", kind="")
    if should_open:
        webbrowser.open(address)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()
        looked_at.close()
    return 0


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise LineError(
            f"port {port} of 127.0.0.1 cannot be used ({error.strerror}): give another with --port"
        ) from None
    return listener
