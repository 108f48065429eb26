"""The image's health check: a server is healthy while it answers its ping, a job as long as it runs."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

TIMEOUT_SECONDS = 3


def main(process: Path = Path("/proc/1/cmdline")) -> int:
    """Return 0 when the container is healthy and 1 when it is not; ``process`` tells what its first process runs."""
    words = process.read_bytes().decode(errors="replace").split("\0")
    if "serve" not in words:
        return 0
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/ping")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        print(f"health: no answer from 127.0.0.1:{port}/ping: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if status != 200:
        print(f"health: 127.0.0.1:{port}/ping answers {status}, expected 200", file=sys.stderr)
    return int(status != 200)


if __name__ == "__main__":
    sys.exit(main())
