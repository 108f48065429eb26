"""What jobs and functions cost: their size, for as long as they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.cost.estimate import Bill, Usage, station_of

Resource = Mapping[str, Any]

LEAST_MINUTES = 1.0
"""Fargate and Glue ask for a minute of a job that takes less."""

_DPU = {"G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8}
_CHAIN = ("dataset", "train", "evaluate")
"""The jobs of the station training, one after the other."""


def minutes(command: str, station: str, usage: Usage, bill: Bill) -> float:
    """Return how long a job takes: what is stated, its share of what its station was measured to take, or assumed."""
    assumed = bill.prices.assumed.minutes
    if command in usage.minutes:
        return max(LEAST_MINUTES, usage.minutes[command])
    if station in usage.measured:
        chain = _CHAIN if command in _CHAIN else (command,)
        share = assumed.get(command, 1.0) / sum(assumed.get(one, 1.0) for one in chain)
        return max(LEAST_MINUTES, usage.measured[station] * share)
    return max(LEAST_MINUTES, assumed.get(command, 5.0))


def command_of(resource: Resource) -> str:
    """Return which of the project's jobs a Batch definition or a Glue job is."""
    given = resource["Properties"]
    if resource["Type"] == "AWS::Batch::JobDefinition":
        return str(given["ContainerProperties"]["Command"][0])
    return {"curation": "curate", "features": "features"}.get(station_of(resource), "deliver")


def fargate(name: str, resource: Resource, bill: Bill, usage: Usage, *, times: float) -> None:
    """Add so many runs of a container job."""
    given, type_, station = resource["Properties"], resource["Type"], station_of(resource)
    if given.get("PlatformCapabilities") != ["FARGATE"]:
        bill.unknown("jobs on EC2 hosts", name)
        return
    needs = {one["Type"]: float(one["Value"]) for one in given["ContainerProperties"]["ResourceRequirements"]}
    hours = times * minutes(command_of(resource), station, usage, bill) / 60
    bill.add(name, type_, station, hours * needs["VCPU"], "fargate.vcpu")
    bill.add(name, type_, station, hours * needs["MEMORY"] / 1024, "fargate.gb")


def glue(name: str, resource: Resource, bill: Bill, usage: Usage) -> None:
    """Add one run of a Glue job."""
    given, station = resource["Properties"], station_of(resource)
    units = _DPU.get(given["WorkerType"])
    if units is None:
        bill.unknown(f"Glue workers {given['WorkerType']}", name)
        return
    hours = minutes(command_of(resource), station, usage, bill) / 60
    bill.add(name, resource["Type"], station, hours * units * int(given["NumberOfWorkers"]), "glue.dpu")


def function(name: str, resource: Resource, bill: Bill, *, times: float) -> None:
    """Add so many calls of a function."""
    given, station = resource["Properties"], station_of(resource)
    gigabytes = int(given.get("MemorySize", 128)) / 1024
    seconds = times * bill.prices.assumed.function_seconds * gigabytes
    if given.get("Architectures") != ["arm64"]:
        bill.unknown("functions on x86", name)
        return
    bill.add(name, resource["Type"], station, seconds, "lambda.arm_gb_second")
    bill.add(name, resource["Type"], station, times, "lambda.request")
