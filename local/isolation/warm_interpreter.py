"""The interpreter that jobs are forked from: it imports libraries once, then forks a process for each request.

A request is one packet on the socket whose number is the only argument: JSON with the job's command line after the
interpreter, its environment and directory, and the descriptor that takes what it prints. Answers say the process's id,
and later its exit code. Nothing of the project is imported here: a job finds its own code as a fresh process would.
"""

import gc
import importlib
import io
import json
import os
import random
import runpy
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

LIBRARIES = (
    "boto3",
    "pandas",
    "pyarrow.parquet",
    "pyarrow.dataset",
    "pydantic",
    "yaml",
    "pyiceberg.catalog.glue",
    "pyiceberg.io.pyarrow",
    "sklearn.ensemble",
    "sklearn.metrics",
    "skops.io",
    "sqlglot",
    "msgspec",
    "httptools",
)
LARGEST_REQUEST = 1 << 20

_BASE = [entry for entry in sys.path if entry not in os.environ["PYTHONPATH"].split(os.pathsep)]


def main() -> None:
    """Serve until the other side closes; in a forked process, run what was asked for and return as it ends."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that a fork's collector does not copy what all share
    request, output = _forked(control)
    _become(request, output)
    words = request["command"]
    if words[0] == "-m":
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(words[0], run_name="__main__")


def _forked(control: socket.socket) -> tuple[dict[str, Any], int]:
    """Fork for each request; returns only in a child, with its request and the descriptor for its output."""
    heard, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    while True:
        ready = select.select([control.fileno(), heard], [], [])[0]
        if heard in ready:
            os.read(heard, 4096)
            _collect(control, running)
        if control.fileno() in ready:
            packet, descriptors, _, _ = socket.recv_fds(control, LARGEST_REQUEST, 1)
            if not packet:
                for process in running:
                    with suppress(ProcessLookupError):
                        os.killpg(process, signal.SIGKILL)
                os._exit(0)
            request = json.loads(packet)
            process = os.fork()
            if process == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.close(heard)
                os.close(woken)
                control.close()
                return request, descriptors[0]
            with suppress(OSError):  # both sides do it, so that it is done whoever comes first
                os.setpgid(process, process)
            os.close(descriptors[0])
            running[process] = request["id"]
            control.send(json.dumps({"id": request["id"], "pid": process}).encode())


def _collect(control: socket.socket, running: dict[int, int]) -> None:
    """Tell how children ended: an exit code, or a signal's number below zero."""
    while running:
        process, status = os.waitpid(-1, os.WNOHANG)
        if process == 0:
            return
        told = {"id": running.pop(process), "code": os.waitstatus_to_exitcode(status)}
        with suppress(OSError):  # whoever asked is gone
            control.send(json.dumps(told).encode())


def _become(request: dict[str, Any], output: int) -> None:
    """Turn into the process that the command would have started: its group, streams, environment and import path."""
    with suppress(OSError):
        os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    os.close(output)
    for number, name, errors in ((1, "stdout", "strict"), (2, "stderr", "backslashreplace")):
        stream = io.TextIOWrapper(os.fdopen(number, "wb", 0, closefd=False), "utf-8", errors, write_through=True)
        vars(sys)[name] = vars(sys)[f"__{name}__"] = stream
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["directory"])
    words = request["command"]
    first = str(Path.cwd() if words[0] == "-m" else Path(words[0]).resolve().parent)
    given = [entry for entry in os.environ["PYTHONPATH"].split(os.pathsep) if entry]
    sys.path[:] = [first, *given, *_BASE]
    sys.argv = words[1:] if words[0] == "-m" else words
    importlib.invalidate_caches()
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


if __name__ == "__main__":
    main()
