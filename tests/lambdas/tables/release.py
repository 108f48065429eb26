"""What is to befall the handlers of a release."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

from runtime import registry, scaling
from runtime.endpoint import VARIANT
from runtime.registry import Registered
from runtime.scaling import Scaling
from tests.lambdas.faults import Case
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given
from tests.lambdas.tables.releasing import HOSTING, NAME, Line

SIGNED = frozenset({"seconds", "signature"})
"""ECDSA signs the same differently each time."""
GATES = json.dumps([{"metric": "roc_auc", "minimum": 0.6, "maximum": None, "severity": "error"}])


def gate(aws: Inside) -> Given:
    line = Line(aws)
    line.trained("run-1")
    return Given(line.variables(GATES=GATES, MARGIN="0", METRIC="roc_auc"), run("run-1"))


def halted(aws: Inside) -> Given:
    line = Line(aws)
    line.trained("run-1")
    gates = GATES.replace("0.6", "0.9")
    return Given(line.variables(GATES=gates, MARGIN="0", METRIC="roc_auc"), run("run-1"))


def run(name: str) -> dict[str, Any]:
    return {"line": "flights", "run": name}


def register(aws: Inside) -> Given:
    line = Line(aws)
    line.trained("run-1")
    line.gated("run-1")
    return Given(line.variables(APPROVAL="automatic"), run("run-1"))


def held(aws: Inside) -> Given:
    line = Line(aws)
    line.trained("run-2", line.released("run-1"))
    line.gated("run-2")
    return Given(line.variables(APPROVAL="manual"), run("run-2"))


def approve(aws: Inside) -> Given:
    line = Line(aws)
    package = line.registered("run-2", line.released("run-1"), approval="manual")
    approved(aws, package)
    return Given(line.variables(), {**run("run-2"), "model_package_arn": package.model_package_arn})


def approved(aws: Inside, package: Registered) -> None:
    aws.client("sagemaker").update_model_package(
        ModelPackageArn=package.model_package_arn, ModelApprovalStatus="Approved", ApprovalDescription="by ann"
    )


def too_late(aws: Inside) -> Given:
    """Another version went into production since it was compared."""
    line = Line(aws)
    first = line.released("run-1")
    package = line.registered("run-2", first, approval="manual")
    line.released("run-3", first)
    approved(aws, package)
    return Given(line.variables(), {**run("run-2"), "model_package_arn": package.model_package_arn})


def heard(aws: Inside) -> Given:
    line = Line(aws)
    package = line.registered("run-1", approval="manual")
    approved(aws, package)
    machine = aws.client("stepfunctions").create_state_machine(
        name="release-flights",
        definition=json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9, "End": True}}}),
        roleArn="arn:aws:iam::123456789012:role/run",
    )["stateMachineArn"]
    event = {"id": "5", "detail": {"ModelPackageArn": package.model_package_arn}}
    return Given(line.variables(LINE="flights", STATE_MACHINE=machine), event)


def first(aws: Inside) -> Given:
    """A line without an endpoint."""
    line = Line(aws)
    return deploying(line, line.registered("run-1"))


def update(aws: Inside) -> Given:
    """An endpoint on instances that scales, whose traffic moves step by step, watched by an alarm."""
    line = Line(aws, kind="instance")
    before = line.released("run-1")
    scaling.register(aws.client("application-autoscaling"), NAME, VARIANT, Scaling(1, 3, 100))
    ringing(aws, "OK")
    rollout = {"kind": "canary", "share": 10, "step_seconds": 60, "bake_seconds": 60, "seconds": 120}
    package = line.registered("run-2", before)
    return deploying(line, package, ROLLOUT=json.dumps(rollout), ALARMS='["slow"]')


def ringing(aws: Inside, state: str) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="slow", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1.0
    )
    cloudwatch.set_alarm_state(AlarmName="slow", StateValue=state, StateReason="")


def shadow(aws: Inside) -> Given:
    """The challenger is to come up beside the champion."""
    line = Line(aws, kind="instance")
    package = line.registered("run-2", line.released("run-1"))
    scaling.register(aws.client("application-autoscaling"), NAME, VARIANT, Scaling(1, 3, 100))
    given = deploying(line, package, SHADOW='{"share": 10, "seconds": 600}', SHADOW_ALARMS='["slow"]')
    return Given(given.environment, {**given.event, "phase": ""})


def deploying(line: Line, package: Registered, **more: str) -> Given:
    told = {f"ENDPOINT_{name}".upper() if name == "role" else name.upper(): str(it) for name, it in HOSTING.items()}
    told |= {"ROLLOUT": "{}", "ALARMS": "[]", "SHADOW": "{}", "SHADOW_ALARMS": "[]", "VPC": "{}", "TAGS": "{}", **more}
    del told["IMAGE"]
    return Given(line.variables(**told), {**run(package.run), **asdict(package)})


def verify(aws: Inside) -> Given:
    line = Line(aws)
    package = line.registered("run-2", line.released("run-1"))
    return verifying(line, package, "run")


def verify_approved(aws: Inside) -> Given:
    line = Line(aws)
    package = line.registered("run-1", approval="manual")
    approved(aws, package)
    return verifying(line, package, "approve")


def overtaken(aws: Inside) -> Given:
    """Another was quicker: what is in production goes back into service."""
    line = Line(aws)
    before = line.released("run-1")
    package = line.registered("run-2", before)
    line.released("run-3", before)
    return verifying(line, package, "run")


def verifying(line: Line, package: Registered, action: str) -> Given:
    told = {"model_package_arn": package.model_package_arn, "endpoint_config": line.deployed(package)}
    return Given(line.variables(), {**run(package.run), **told, "action": action})


def back(aws: Inside) -> Given:
    """From version 2 back to version 1."""
    line = Line(aws)
    second = line.released("run-2", line.released("run-1"))
    return Given(line.variables(), {**run("rollback-1"), "number": second.production})


def settle(aws: Inside) -> Given:
    """Version 1 is in service again, and is to be the champion."""
    line = Line(aws)
    before = line.released("run-1")
    second = line.released("run-2", before)
    package = registry.read(aws.client("sagemaker"), before.model_package_arn)
    event = {
        **run("rollback-1"),
        "action": "rollback",
        "by": "ann",
        "number": second.production,
        "to": before.production,
        "version": before.version,
        "endpoint_config": line.deployed(package),
    }
    return Given(line.variables(), event)


def scale(aws: Inside) -> Given:
    line = Line(aws, kind="instance")
    line.released("run-1")
    return Given(line.variables(LEAST="1", MOST="4", INVOCATIONS_PER_INSTANCE="600"), {})


def deleted(aws: Inside) -> Given:
    """The stack goes, with two versions, an endpoint that scales, and what runs made for it."""
    line = Line(aws, kind="instance")
    line.released("run-2", line.released("run-1"))
    scaling.register(aws.client("application-autoscaling"), NAME, VARIANT, Scaling(1, 3, 100))
    event = {
        "RequestType": "Delete",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Lifecycle",
        "ResponseURL": listening(),
    }
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
    return Given(line.variables(), event, context)


@cache
def listening() -> str:
    """Return the address at which answers to CloudFormation arrive and are forgotten."""

    class Taker(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


CASES = [
    Case("lambdas.release.gate", gate, "promotes"),
    Case("lambdas.release.gate", halted, "halts"),
    Case("lambdas.release.register", register, "automatic", volatile=SIGNED),
    Case("lambdas.release.register", held, "manual", volatile=SIGNED),
    Case("lambdas.release.approve", approve),
    Case("lambdas.release.approve", too_late, "too late", refuses=True),
    Case("lambdas.release.approved", heard, answers=False),
    Case("lambdas.release.deploy", first, "the first version"),
    Case("lambdas.release.deploy", update, "an update on instances"),
    Case("lambdas.release.deploy", shadow, "in the shadow", volatile=frozenset({"wait"})),
    Case("lambdas.release.verify", verify, "a run", volatile=SIGNED),
    Case("lambdas.release.verify", verify_approved, "an approval", volatile=SIGNED),
    Case("lambdas.release.verify", overtaken, "overtaken"),
    Case("lambdas.release.verify", settle, "a rollback"),
    Case("lambdas.release.rollback", back),
    Case("lambdas.release.scale", scale),
    Case("lambdas.release.lifecycle", deleted),
]
