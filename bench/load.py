"""Load on a server of this machine by wrk: requests a second and how long answers took."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open("%s", "rb")
wrk.body = file:read("*a")
file:close()
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %%d, "seconds": %%.3f, "p50": %%.3f, "p99": %%.3f, "failed": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """``p50`` and ``p99`` in milliseconds."""

    rate: float
    p50: float
    p99: float


def installed() -> bool:
    return shutil.which("wrk") is not None


def put(port: int, body: Path, *, connections: int, seconds: int) -> Load:
    """Post a body again and again over some connections; raises RuntimeError if a request fails."""
    script = body.with_suffix(".lua")
    script.write_text(_SCRIPT % body)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script)]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/invocations"], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or done.stdout.strip() or "wrk failed").splitlines()[0])
    told = json.loads(done.stdout.strip().splitlines()[-1])
    if told["failed"] or not told["requests"]:
        raise RuntimeError(f"{told['failed']} of {told['requests']} requests failed")
    return Load(rate=told["requests"] / told["seconds"], p50=told["p50"], p99=told["p99"])
