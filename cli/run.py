"""``line run``: one line from its templates to delivered predictions, with the world around it played."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from cli import raw, sample
from cli.assembly import assembly_key, synthesize
from cli.document import Account, document
from cli.ending import FAILED, tell
from cli.execution import Execution, Outcome, follow, start
from cli.order import Order, take_order
from cli.progress import Progress
from cli.running import find
from cli.sample import Sample
from cli.site import ENVIRONMENT, ClockedSite, Site, own_site
from cli.world import Scored, World, alarm_states, ask, joined_in, waiting
from cli.world import tell as tell_truth
from config.errors import LineError
from config.loading import load_environment
from local.processes import Processes
from runtime import attempts, promotion, receipts
from runtime.events import STATIONS
from runtime.monitoring.store import Store, instant
from runtime.paths import RunPaths

_DATASET = "training-dataset"
"""The receipt of the job that builds the dataset."""


def run_line(
    line: str, *, given: Sequence[str], raw: Path | None, as_json: bool, port: int | None, force: Sequence[str] = ()
) -> int:
    """Run the line and show what came of it; returns the exit status."""
    order = take_order(line, given=given, raw=raw, force=force)
    began = time.monotonic()
    with Progress() as progress, site_and_sample(order, port=port, progress=progress) as (site, its_sample):
        account = carry_out(order, site=site, its_sample=its_sample, progress=progress)
        problems = site.problems()
    seconds = time.monotonic() - began
    if as_json:
        print(json.dumps(document(account), indent=2, default=str))
    else:
        from cli.summary import show

        show(account, seconds=seconds, problems=problems)
    if account.outcome.status in ("succeeded", "waiting"):
        return 0
    tell(_why(account.outcome))
    return FAILED


def _why(outcome: Outcome) -> str:
    """Say in one line why a run did not succeed, its station first."""
    station = next((entry.station for entry in outcome.stations if entry.status in ("halted", "failed")), "run")
    cause = " ".join(outcome.cause.split()) or f"{outcome.status} without saying why: see the execution's history"
    return cause if cause.startswith(f"{station}:") else f"{station}: {cause}"


def carry_out(order: Order, *, site: Site, its_sample: Sample, progress: Progress) -> Account:
    """Run the line at the site and return all that is known of the run."""
    outputs = site.outputs(order.line)
    s3, dynamodb, stepfunctions = (site.client(name) for name in ("s3", "dynamodb", "stepfunctions"))
    progress.phase("putting raw files into the raw bucket")
    raw.put(
        site.client,
        bucket=outputs["RawBucket"],
        line=order.line,
        sources=order.bundle.definition.sources,
        connections=load_environment(ENVIRONMENT).connections,
        folder=order.raw or its_sample.raw,
    )
    before = waiting(site, outputs)
    execution = start(
        stepfunctions, machine=outputs["StateMachineArn"], line=order.line, given=order.given, force=order.force
    )
    progress.phase(f"{order.line} is running as {execution.run}")
    outcome = follow(stepfunctions, dynamodb, table=outputs["LedgerTable"], execution=execution, show=progress.stations)
    world = World()
    if outcome.status == "succeeded":
        progress.phase("asking for a prediction, telling what became of the examples")
        world = _play(order, site=site, outputs=outputs, its_sample=its_sample, before=before)
    stations = _receipts(s3, outputs["LakeBucket"], execution, STATIONS)
    tried = attempts.attempts(dynamodb, outputs["LedgerTable"], order.line, execution.run)
    jobs = [_DATASET, *(f"training-{attempt.variant}" for attempt in tried)]
    return Account(
        execution=execution,
        outcome=outcome,
        environment=ENVIRONMENT,
        receipts=stations,
        champion=promotion.champion(dynamodb, outputs["LedgerTable"], order.line),
        outputs=outputs,
        grants=site.grants(),
        world=world,
        attempts=tried,
        memory=_memory([*stations.values(), *_receipts(s3, outputs["LakeBucket"], execution, jobs).values()]),
    )


def _play(
    order: Order, *, site: Site, outputs: Mapping[str, str], its_sample: Sample, before: Mapping[str, int]
) -> World:
    queues = {consumer: count - before[consumer] for consumer, count in waiting(site, outputs).items()}
    answer = ask(site, outputs, its_sample.request)
    scored = _scored(order, site, outputs)
    told = tell_truth(site, outputs, its_sample.ground_truth, scored)
    return World(
        queues=queues,
        answer=answer,
        told=told,
        performance=joined_in(scored),
        alarms=alarm_states(site),
    )


def _scored(order: Order, site: Site, outputs: Mapping[str, str]) -> Scored:
    line = order.bundle.definition
    store = Store(
        dynamodb=site.client("dynamodb"),
        predictions=outputs["PredictionsTable"],
        windows=outputs["WindowsTable"],
        line=order.line,
        task=line.dataset.task,
        hours=line.monitoring.window.span_hours,
        count=line.monitoring.window.count or 0,
    )
    return Scored(store=store, since=instant(str(order.values[line.scoring.date])), hours=line.scoring.hours)


def _receipts(s3: Any, lake: str, execution: Execution, names: Iterable[str]) -> dict[str, receipts.Receipt]:
    paths = RunPaths(lake=lake, line=execution.line, run=execution.run)
    found = {name: receipts.read(s3, paths, name) for name in names}
    return {name: receipt for name, receipt in found.items() if receipt is not None}


def _memory(found: Iterable[receipts.Receipt]) -> dict[str, float]:
    """Return the most that a job of each station held; one that was skipped held nothing."""
    most: dict[str, float] = {}
    for receipt in found:
        if receipt.memory_mb and receipt.status != "skipped":
            most[receipt.station] = max(receipt.memory_mb, most.get(receipt.station, 0.0))
    return most


@contextmanager
def site_and_sample(order: Order, *, port: int | None, progress: Progress) -> Iterator[tuple[ClockedSite, Sample]]:
    """Give the embedded AWS to run in, with the line deployed, and the line's sample, both made at the same time."""
    running = find() if port is None else None
    if running is not None:
        progress.phase(f"using the `line up` at {running.endpoint}")
        with closing(Processes()) as processes:
            if running.said.lines and running.said.assembly != assembly_key(running.said.lines):
                progress.phase("sources have changed: synthesizing and deploying what is different")
                try:
                    running.deploy(synthesize(processes, running.said.lines))
                except LineError as error:
                    tell(f"the `line up` runs what it deployed before: {error}", kind="note: ")
            yield running, sample.prepare(processes, order.line, order.local)
        return
    progress.phase("synthesizing the stacks, starting the embedded AWS, making the sample")
    prepare = partial(sample.prepare, line=order.line, given=order.local)
    with own_site([order.line], port=port or 0, beside=prepare) as found:
        yield found
