"""What one run of a line costs: its jobs, its functions, the steps of its state machine."""

from __future__ import annotations

import json
import re

from runtime.cost.estimate import Bill, Template, Usage, station_of
from runtime.cost.jobs import fargate, function, glue, minutes

_MACHINE = re.compile(r'"InstanceType":\s*"(ml\.[a-z0-9.-]+)"')
_STATE = re.compile(r'"Type":\s*"(?:Task|Choice|Pass|Map|Parallel|Wait|Succeed)"')
_RUN = "Run"
"""What the logical id of a line's own state machine begins with."""


def per_run(template: Template, bill: Bill, usage: Usage) -> None:
    """Add what every station works with, once, and a training for each candidate and baseline."""
    for name, resource in template["Resources"].items():
        type_, station = resource["Type"], station_of(resource)
        if type_ == "AWS::Batch::JobDefinition" and station:
            trains = resource["Properties"]["ContainerProperties"]["Command"][0] == "train"
            fargate(name, resource, bill, usage, times=usage.trainings if trains else 1)
        elif type_ == "AWS::Glue::Job":
            glue(name, resource, bill, usage)
        elif type_ == "AWS::Lambda::Function" and station:
            function(name, resource, bill, times=1)
        elif type_ == "AWS::StepFunctions::StateMachine" and name.startswith(_RUN):
            _machine(name, resource["Type"], _text(resource["Properties"].get("DefinitionString", "")), bill, usage)


def _machine(name: str, type_: str, definition: str, bill: Bill, usage: Usage) -> None:
    steps = len(_STATE.findall(definition)) + usage.trainings
    bill.add(name, type_, "", steps, "states.transition")
    for machine in _MACHINE.findall(definition):
        hours = usage.trainings * minutes("train", "training", usage, bill) / 60
        bill.add(name, "AWS::SageMaker::TrainingJob", "training", hours, f"sagemaker.training.{machine}")


def _text(definition: object) -> str:
    """Return a definition that may be joined of parts as one text."""
    if isinstance(definition, dict):
        parts = definition["Fn::Join"][1] if "Fn::Join" in definition else [json.dumps(definition)]
        return "".join(part if isinstance(part, str) else "?" for part in parts)
    return str(definition)
