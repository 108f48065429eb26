"""Serving a small model beside its peers: LightGBM, 100 trees x 31 leaves, 30 features, one process, JSON on loopback.

    python bench/serving.py
    python bench/serving.py --seconds 2 --runs 1 --without BentoML

Needs wrk (``apt-get install wrk``). Ours checks every field; peers do what they do by themselves. Servers run one after
the other, several rounds, and medians are printed: compare the ratios. Start is from the process to its first answered
request (a peer's with what uv takes to find its environment), memory what it then held at most.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench" / "peers")]

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import load
from bench.harness import Contestant, data_folder
from bench.ours.serving import BATCH, FEATURES, LEAVES, TREES, make

OURS = "ours, LightGBM"
LONGEST_START = 600.0
"""Seconds: a peer's environment may be made first."""
GOALS = (
    "goals: ours at least 12,000 requests/s of one row over 16 connections with p99 at most 2 ms, 8 x mlflow; "
    f"{BATCH} rows within 1.2 x parsing and predicting in process; start within 1.5 s",
)


@dataclass(frozen=True)
class Served:
    """A contestant: how its server starts on a port, and which body it takes."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    body: str = "json"


@dataclass
class Figures:
    start: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    alone: list[load.Load] = field(default_factory=list)
    many: list[load.Load] = field(default_factory=list)
    batch: list[load.Load] = field(default_factory=list)
    failed: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=4, help="of each load")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[], help="words; contestants whose name holds one are left out")
    arguments = parser.parse_args()
    if not load.installed():
        print("bench serving: wrk is not installed, expected it on PATH: apt-get install wrk", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # which ends the server that runs
    folder = data_folder(f"serving-{TREES}-{LEAVES}-{FEATURES}", make)
    port = _free_port()
    chosen = [one for one in _contestants(folder, port) if not any(word in one.name for word in arguments.without)]
    found = {one.name: Figures() for one in chosen}
    for turn in range(arguments.runs):
        for one in chosen:
            if not found[one.name].failed:
                print(f"{turn + 1}/{arguments.runs} {one.name}", file=sys.stderr, flush=True)
                _play(one, folder, port, arguments.seconds, found[one.name])
    _show(found, _in_process(folder))
    return 0


def _contestants(folder: Path, port: int) -> list[Served]:
    def ours(name: str) -> dict[str, str]:
        return {"SM_MODEL_DIR": str(folder / name), "SAGEMAKER_BIND_TO_PORT": str(port), "MODEL_VERSION": "1"}

    def peer(name: str) -> list[str]:
        return Contestant(name, f"peers/serving_{name}.py", [str(port), str(folder)]).command

    serve = [sys.executable, "-m", "jobs", "serve"]
    return [
        Served("limit: asyncio + httptools, no model", peer("limit")),
        Served(OURS, serve, ours("lightgbm")),
        Served("ours, scikit-learn", serve, ours("sklearn")),
        Served("starlette on uvicorn", peer("starlette")),
        Served("fastapi with pydantic", peer("fastapi")),
        Served("mlflow models serve", peer("mlflow"), body="mlflow.json"),
        Served("BentoML", peer("bentoml")),
    ]


def _play(one: Served, folder: Path, port: int, seconds: int, figures: Figures) -> None:
    """Start a server, put load on it and end it with its children; what it cannot do is noted as its failure."""
    began = time.monotonic()
    process = subprocess.Popen(
        one.command,
        cwd=ROOT,
        env={**os.environ, **one.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_answer(process, port, (folder / f"one.{one.body}").read_bytes())
        figures.start.append(time.monotonic() - began)
        body, batch = folder / f"one.{one.body}", folder / f"batch.{one.body}"
        load.put(port, body, connections=16, seconds=1)
        figures.alone.append(load.put(port, body, connections=1, seconds=seconds))
        figures.many.append(load.put(port, body, connections=16, seconds=seconds))
        figures.batch.append(load.put(port, batch, connections=1, seconds=seconds))
        figures.memory.append(_memory(_family(process.pid)))
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        figures.failed = str(error)[:200]
    finally:
        for each in reversed(_family(process.pid)):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        process.wait()


def _wait_for_answer(process: subprocess.Popen[bytes], port: int, body: bytes) -> None:
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"its server ended with code {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            told = answer.read()
            if answer.status == 200:
                return
            raise RuntimeError(f"it answers {answer.status}: {told[:150].decode(errors='replace')}")
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    raise RuntimeError(f"it did not answer within {LONGEST_START:.0f} seconds")


def _family(process: int) -> list[int]:
    """Return a process and all that it started, whichever sessions they made."""
    found, waiting = [], [process]
    while waiting:
        found.append(waiting.pop())
        for listing in (Path("/proc") / str(found[-1]) / "task").glob("*/children"):
            with suppress(OSError):  # it ended meanwhile
                waiting += map(int, listing.read_text().split())
    return found


def _memory(processes: Sequence[int]) -> float:
    """Return the MB that some processes held at most."""
    total = 0
    for process in processes:
        with suppress(OSError):
            lines = (Path("/proc") / str(process) / "status").read_text().splitlines()
            total += next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
    return total / 1024


def _in_process(folder: Path) -> dict[str, Any]:
    command = Contestant("in process", "ours/serving.py", [str(folder)]).command
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _show(found: Mapping[str, Figures], in_process: Mapping[str, float]) -> None:
    table = Table(
        title=f"Serving one process: {TREES} trees x {LEAVES} leaves, {FEATURES} features; req/s",
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("contestant")
    columns = ("1 row, 1 conn", "p99 ms", "1 row, 16 conn", "p99 ms", "ours x", f"{BATCH} rows", "ms", "start s", "MB")
    for column in columns:
        table.add_column(column, justify="right")
    reference = _median(found[OURS].many, "rate") if OURS in found and found[OURS].many else 0.0
    for name, figures in found.items():
        if figures.failed or not figures.batch:
            table.add_row(name, f"did not run: {figures.failed}")
            continue
        many = _median(figures.many, "rate")
        table.add_row(
            name,
            f"{_median(figures.alone, 'rate'):,.0f}",
            f"{_median(figures.alone, 'p99'):.2f}",
            f"{many:,.0f}",
            f"{_median(figures.many, 'p99'):.2f}",
            f"{reference / many:.1f}",
            f"{_median(figures.batch, 'rate'):,.0f}",
            f"{_median(figures.batch, 'p50'):.1f}",
            f"{statistics.median(figures.start):.1f}",
            f"{statistics.median(figures.memory):.0f}",
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 150)
    console.print(table)
    for name in ("lightgbm", "sklearn"):
        for parser in ("json", "msgspec"):
            parse, predict = in_process[f"parse, {parser}"], in_process[f"predict, {name}"]
            console.print(
                f"in process, {BATCH} rows: {parse:.1f} ms parsing ({parser}) + {predict:.1f} ms predicting ({name}) "
                f"= {parse + predict:.1f} ms"
            )
    for goal in GOALS:
        console.print(goal, style="dim")


def _median(loads: Sequence[load.Load], figure: str) -> float:
    return float(statistics.median(getattr(one, figure) for one in loads))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
