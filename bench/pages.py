"""The console's pages with 10,000 runs in the ledger: milliseconds as who asks for them sees them.

A moto server holds the environment; its ledger is filled by the recorder's own code, run by run. The console is the
real one, on loopback. There is no peer: beside it a bare starlette page is asked for in the same way, in the same run.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import boto3
import uvicorn
from moto.server import ThreadedMotoServer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from config import tags
from config.naming import stack_name
from console.app import build
from console.guard import Secret
from console.place import Place
from local import quick_items, quick_queries, transactions
from local.patches import Patches
from runtime import events, ledger, projection

RUNS, LINES = 10_000, 25
REQUESTS = 300
GOAL_MS = 200.0
ENVIRONMENT = "bench"
REGION = "us-east-1"
_FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_TEMPLATE = {"Resources": {"Nothing": {"Type": "AWS::SNS::Topic"}}}


@dataclass(frozen=True)
class Moto:
    """The site of an environment in a moto server."""

    endpoint: str

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return make(service, endpoint_url=self.endpoint, region_name=REGION, **keys)

    def outputs(self, line: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in (stack_name(ENVIRONMENT), stack_name(ENVIRONMENT, line)):
            (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
            found |= {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        return found


def serve_moto(answer: Any) -> None:
    """Serve an environment whose ledger is full, in a process of its own; its endpoint is sent once it is."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    patches = Patches()
    for each in (transactions, quick_items, quick_queries):
        each.replace(patches)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    site = Moto(f"http://{host}:{port}")
    fill(site)
    answer.send(site.endpoint)
    answer.recv()
    server.stop()


def fill(site: Moto) -> None:
    """Make the stacks, and let the recorder make the record of each run: half of them are one line's."""
    dynamodb, cloudformation = site.client("dynamodb"), site.client("cloudformation")
    names = ("pk", "sk", projection.LISTED, projection.AT)
    schema = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index = {
        "IndexName": projection.INDEX,
        "KeySchema": [
            {"AttributeName": projection.LISTED, "KeyType": "HASH"},
            {"AttributeName": projection.AT, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
    dynamodb.create_table(
        TableName="ledger",
        KeySchema=schema,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
    )
    for bucket in ("lake", "raw"):
        site.client("s3").create_bucket(Bucket=bucket)
    stack(cloudformation, "foundation", {"LedgerTable": "ledger", "LakeBucket": "lake", "RawBucket": "raw"})
    for i in range(LINES):
        machine = f"arn:aws:states:{REGION}:123456789012:stateMachine:line{i:02}"
        stack(cloudformation, f"line{i:02}", {"StateMachineArn": machine})
    for i in range(RUNS):
        line = f"line{0 if i % 2 else i // 2 % LINES:02}"
        record(dynamodb, line, f"run-{i:05}", _FIRST + dt.timedelta(minutes=15 * i))


def stack(cloudformation: Any, part: str, outputs: Mapping[str, str]) -> None:
    told = {name: {"Value": value} for name, value in outputs.items()}
    cloudformation.create_stack(
        StackName=stack_name(ENVIRONMENT, part),
        TemplateBody=json.dumps({**_TEMPLATE, "Outputs": told}),
        Tags=[{"Key": tags.PROJECT, "Value": tags.PROJECT_VALUE}, {"Key": tags.ENVIRONMENT, "Value": ENVIRONMENT}],
    )


def record(dynamodb: Any, line: str, run: str, at: dt.datetime) -> None:
    """Put the events of a run of seven stations, as the recorder writes them, and let it make the run's record."""
    items = [ledger.item(event) for event in told(line, run, at)]
    dynamodb.batch_write_item(RequestItems={"ledger": [{"PutRequest": {"Item": item}} for item in items]})
    projection.project(dynamodb, "ledger", line, run)


def told(line: str, run: str, at: dt.datetime) -> Iterator[dict[str, Any]]:
    """Yield the events of a run."""
    inspections = {"error": 0, "warning": 1, "info": 2}
    ended = {"status": "succeeded", "seconds": 50.0, "message": "", "inspections": inspections}
    times: list[tuple[str, str, dict[str, Any]]] = [(events.RUN_STARTED, events.WHOLE_RUN, {})]
    for station in events.STATIONS:
        times += [(events.STATION_STARTED, station, {}), (events.STATION_FINISHED, station, ended)]
    times.append((events.RUN_FINISHED, events.WHOLE_RUN, {"status": "succeeded", "message": ""}))
    for i, (kind, station, more) in enumerate(times):
        moment = (at + dt.timedelta(seconds=50 * i)).isoformat(timespec="milliseconds")
        yield {"detail-type": kind, "detail": {"line": line, "run": run, "station": station, "at": moment, **more}}


@contextmanager
def served(app: Any, port: int) -> Iterator[None]:
    """Serve an application on loopback while the block lasts."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join()


def ask(port: int, path: str, cookie: str, times: int, before: Callable[[], object] = lambda: None) -> list[float]:
    """Return the milliseconds of requests, one after the other over one connection; raises when one is refused."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    found = []
    for _ in range(times):
        before()
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie, "Host": f"127.0.0.1:{port}"})
        answer = connection.getresponse()
        body = answer.read()
        found.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {body[-300:]!r}")
    connection.close()
    return found


COLD = "lines, nothing kept"
"""The first page of who has just come: everything is asked of AWS."""
PAGES = {
    COLD: "/lines",
    "lines": "/lines",
    "lines, live": "/lines/live",
    "lines, filtered": "/lines?q=line1",
    "line": "/lines/line00",
    "line, live": "/lines/line00/live",
    "line, older runs": "/lines/line00?before=2026-02-15T00:00:00%2B00:00",
    "run": "/lines/line00/runs/run-09999",
    "run, live": "/lines/line00/runs/run-09999/live",
    "run, what it left": "/lines/line00/runs/run-09999/left",
    "environments": "/environments",
}


def main() -> int:
    mine, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve_moto, args=(theirs,), daemon=True)
    began = time.monotonic()
    process.start()
    site = Moto(mine.recv())
    print(f"{RUNS:,} runs of {LINES} lines recorded in {time.monotonic() - began:.0f} s", file=sys.stderr)
    port, secret = 18_400, Secret()
    place = Place(ENVIRONMENT, site)
    hello = Starlette(routes=[Route("/", lambda _: HTMLResponse("<!doctype html><title>hello</title><p>hello"))])
    figures: dict[str, list[float]] = {}
    with served(build(place, port=port, secret=secret), port), served(hello, port + 1):
        cookie = f"{secret.cookie()}={secret.value}"
        figures["a bare page of starlette"] = ask(port + 1, "/", "", REQUESTS)
        for name, path in PAGES.items():
            ask(port, path, cookie, 3)
            forget = place._kept.clear if name == COLD else lambda: None
            figures[name] = ask(port, path, cookie, REQUESTS, forget)
    mine.send("end")
    process.join(10)
    return show(figures)


def show(figures: Mapping[str, list[float]]) -> int:
    """Print the percentiles of each page, and how many times as long as the bare one it takes; 1 beyond the goal."""
    bare = statistics.median(figures["a bare page of starlette"])
    title = f"Pages of the console, {RUNS:,} runs in the ledger, {REQUESTS} requests each (ms)"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("page")
    for column in ("p50", "p95", "p99", "x a bare page"):
        table.add_column(column, justify="right")
    slow = []
    for name, times in figures.items():
        p50, p95, p99 = (statistics.quantiles(times, n=100)[i] for i in (49, 94, 98))
        table.add_row(name, f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}", f"{p50 / bare:.0f}")
        slow += [name] if p95 > GOAL_MS else []
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"goal: p95 at most {GOAL_MS:.0f} ms: {'missed by ' + ', '.join(slow) if slow else 'held'}; no peer",
        style="dim",
    )
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
