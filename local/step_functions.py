"""Step Functions: moto's ASL interpreter runs each state machine as its own role, with the repairs that it needs.

Places in moto are relative to ``moto/stepfunctions/parser``.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import moto.stepfunctions.models as stored
from moto.stepfunctions.parser.api import ExecutionStatus, InvalidDefinition
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import Timeout
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import TMP_THREADS

from local.fidelity import Row
from local.metrics import gatherer_of
from local.service_metrics import datum

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("Step Functions", "Standard state machines in JSONPath", "real", "moto's interpreter executes the definition"),
    Row("Step Functions", "lambda, dynamodb, events, sns, sqs and aws-sdk tasks", "real", "on the machine's role"),
    Row("Step Functions", "aws-sdk error names", "approximated", "catch States.TaskFailed or States.ALL"),
    Row("Step Functions", "JSONata", "absent", "refused when the state machine is created"),
    Row("Step Functions", "Distributed Map", "approximated", "JSON and CSV items; no ItemBatcher"),
    Row(
        "Step Functions",
        "status change events; metrics ExecutionsStarted, -Succeeded, -Failed, -Aborted, -TimedOut",
        "real",
    ),
    Row(
        "Step Functions",
        "execution logs in CloudWatch Logs, X-Ray traces",
        "absent",
        "GetExecutionHistory tells it all",
    ),
]

STATES: dict[type[Any], ExecutionStatus] = {
    ProgramEnded: ExecutionStatus.SUCCEEDED,
    ProgramStopped: ExecutionStatus.ABORTED,
    ProgramError: ExecutionStatus.FAILED,
    ProgramTimedOut: ExecutionStatus.TIMED_OUT,
}

METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
    "TIMED_OUT": "ExecutionsTimedOut",
}


STOPS_WITHIN = 10  # seconds: a step that was stopped ends at its next look, a call at its answer


class ExecutingBackend(StepFunctionsParserBackend):
    """moto's executing backend with the calls that it answers wrongly put right."""

    __module__ = StepFunctionsParserBackend.__module__  # moto finds the service's urls.py through it
    aws: ClassVar[EmbeddedAws]

    def create_state_machine(self, name: str, definition: str, *args: Any, **options: Any) -> Any:
        """Refuse JSONata, for which moto has no engine and would fail only when a state runs."""
        if '"JSONata"' in definition:
            raise InvalidDefinition(message=f"{name}: JSONata is not supported by the embedded AWS: use JSONPath")
        return super().create_state_machine(name, definition, *args, **options)

    def start_execution(
        self, state_machine_arn: str, name: Any = None, execution_input: Any = None, trace_header: Any = None
    ) -> Any:
        """Name an unnamed execution: moto calls each of them None, and refuses the second (models.py:161)."""
        execution = super().start_execution(state_machine_arn, name or str(uuid.uuid4()), execution_input, trace_header)
        announce(self.aws, execution)
        return execution

    def stop_execution(self, execution_arn: str) -> Any:
        """Abort at once: moto waits until the task that is running has ended (models.py:183)."""
        execution: Any = self.describe_execution(execution_arn)
        if execution.exec_status != ExecutionStatus.RUNNING:
            return execution
        stopped: Any = super().stop_execution(execution_arn)
        stopped.stop_date = dt.datetime.now(dt.UTC)
        stopped.exec_status = ExecutionStatus.ABORTED
        announce(self.aws, stopped)
        return stopped


def install(aws: EmbeddedAws) -> None:
    """Execute every state machine, however it was created."""
    ExecutingBackend.aws = aws
    aws.patches.replace(stepfunctions_parser_backends, "backend", ExecutingBackend)
    execute_what_cloudformation_creates(aws)
    act_as_the_state_machine(aws)
    pass_on_error_names(aws)
    end_with_a_describable_result(aws)
    know_the_timeout_of_a_stopped_step(aws)
    aws.on_close(lambda: stop_what_runs(aws))


def stop_what_runs(aws: EmbeddedAws) -> None:
    """Stop every execution and wait for its threads, so that none calls a server that is gone."""
    backend: Any = stepfunctions_parser_backends[aws.account][aws.region]
    for machine in list(backend.state_machines):
        for execution in list(machine.executions):
            if execution.exec_status == ExecutionStatus.RUNNING:
                execution.exec_status = ExecutionStatus.ABORTED
                execution.stop(stop_date=dt.datetime.now(dt.UTC), error="", cause="")
    deadline = time.monotonic() + STOPS_WITHIN
    for thread in [each for each in TMP_THREADS if each.is_alive()]:
        thread.join(max(0.0, deadline - time.monotonic()))
    TMP_THREADS[:] = [thread for thread in TMP_THREADS if thread.is_alive()]


def execute_what_cloudformation_creates(aws: EmbeddedAws) -> None:
    """Let both of moto's backends be the executing one: its CloudFormation uses the other (models.py:291)."""
    from moto.stepfunctions import responses  # noqa: F401 (imported later, it would keep what stands here now for good)

    aws.patches.replace(stored, "stepfunctions_backends", stepfunctions_parser_backends)


def act_as_the_state_machine(aws: EmbeddedAws) -> None:
    """Call services with the state machine's role: moto calls them with fixed fake keys (asl/utils/boto_client.py:21).

    The function is imported by name into each task service, so it is replaced wherever it is found.
    """
    stock = boto_client.boto_client_for

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        client = aws.client(service, getattr(state_credentials, "role_arn", None))
        client.meta.events.register("after-call", name_the_request, unique_id="name-the-request")
        return client

    for module in list(sys.modules.values()):
        if getattr(module, "boto_client_for", None) is stock:
            aws.patches.replace(module, "boto_client_for", client_for)


def pass_on_error_names(aws: EmbeddedAws) -> None:
    """Let a Fail state tell again what a Catch was told, such as States.TaskFailed.

    moto ends the execution with an error of its own (asl/component/common/error_name/custom_error_name.py:20).
    """

    def init(self: Any, error_name: str | None) -> None:
        ErrorName.__init__(self, error_name=error_name)

    aws.patches.replace(CustomErrorName, "__init__", init)


def name_the_request(parsed: dict[str, Any], **_: Any) -> None:
    """Give an answer without a request id one: moto's task services put it into a failure's cause and end without."""
    parsed.setdefault("ResponseMetadata", {}).setdefault("RequestId", str(uuid.uuid4()))


def end_with_a_describable_result(aws: EmbeddedAws) -> None:
    """Store output as JSON, and before the status that lets it be read (backend/execution.py:70).

    moto stores an object, which DescribeExecution cannot serialise when it holds a date, and sets the status first.
    """

    def reflect(self: Any) -> None:
        execution = self.execution
        state: Any = execution.exec_worker.env.program_state()
        if execution.exec_status != ExecutionStatus.RUNNING:  # stopped meanwhile: that has been told already
            return
        if isinstance(state, ProgramEnded):
            execution.output = to_json_str(execution.exec_worker.env.states.get_input(), separators=(",", ":"))
        elif isinstance(state, ProgramError):
            told: Any = state.error or {}
            execution.error, execution.cause = told.get("error"), told.get("cause")
        execution.stop_date = dt.datetime.now(dt.UTC)
        execution.exec_status = STATES[type(state)]
        announce(aws, execution)

    aws.patches.replace(BaseExecutionWorkerCommunication, "_reflect_execution_status", reflect)


def know_the_timeout_of_a_stopped_step(aws: EmbeddedAws) -> None:
    """Evaluate a step's timeout also when the execution was stopped between its start and there.

    moto skips what a stopped execution would evaluate (asl/component/eval_component.py:71), and the step that asked
    then takes its own input for the seconds and ends in a TypeError.
    """
    aws.patches.replace(Timeout, "eval", lambda timeout, env: timeout._eval_body(env))


def announce(aws: EmbeddedAws, execution: Any) -> None:
    """Put the status of an execution onto the default bus and count it, as Step Functions does."""
    if aws.closing:
        return
    ended = execution.stop_date
    name = METRICS[execution.status]
    gatherer_of(aws).add("AWS/States", datum(name, 1, StateMachineArn=execution.state_machine_arn))
    aws.emit(
        "aws.states",
        "Step Functions Execution Status Change",
        {
            "executionArn": execution.execution_arn,
            "stateMachineArn": execution.state_machine_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": int(execution.start_date.timestamp() * 1000),
            "stopDate": int(ended.timestamp() * 1000) if ended else None,
            "input": execution.execution_input,
            "output": execution.output,
            "error": execution.error,
            "cause": execution.cause,
        },
    )
