"""A task that starts a line's run, once however often it is retried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.operators.step_function import StepFunctionStartExecutionOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException
from assembly_line_airflow import names
from assembly_line_airflow.outcome import Started
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from airflow.sdk import Context


class StartLineRun(StepFunctionStartExecutionOperator):
    """Starts a run of a line and returns a reference to it; it does not wait.

    The run's id comes from DAG, DAG run and task, so that a retry finds the run that an earlier try has started, ended
    or not. A task that a person clears starts another run.

    :param line: the line's name. Templated.
    :param environment: the environment in which it is deployed: dev, or the id of a branch's. Templated.
    :param parameters: the run's own values for the line's parameters. Templated.
    :param force: the stations that the run does not skip although they are fresh. Templated.
    """

    template_fields: Sequence[str] = aws_template_fields("line", "environment", "parameters", "force")

    def __init__(
        self,
        *,
        line: str,
        environment: str,
        parameters: Mapping[str, Any] | None = None,
        force: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(state_machine_arn="", deferrable=False, **kwargs)
        self.line = line
        self.environment = environment
        self.parameters = parameters
        self.force = force

    def execute(self, context: Context) -> Started:
        """Start the run, or find it."""
        self.state_machine_arn = self._output(names.stack(self.environment, self.line), names.MACHINE)
        lake = self._output(names.foundation(self.environment), names.LAKE)
        ti, dag_run = context["ti"], context["dag_run"]
        self.name = names.run_id(
            dag=ti.dag_id,
            dag_run=ti.run_id,
            task=ti.task_id,
            map_index=-1 if ti.map_index is None else ti.map_index,
            first_try=ti.max_tries - (self.retries or 0) + 1,  # clearing a task gives it that many tries more
            moment=dag_run.logical_date or dag_run.run_after,
        )
        self.state_machine_input = {
            "line": self.line,
            "parameters": dict(self.parameters or {}),
            "force": list(self.force),
            "asked_by": f"Airflow: DAG {ti.dag_id}, DAG run {ti.run_id}, task {ti.task_id}",
        }
        try:
            arn = super().execute(context)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise
            arn = names.execution(self.state_machine_arn, self.name)
            self.log.info("run %s was started by an earlier try of this task", self.name)
        return {"line": self.line, "run": self.name, "execution_arn": arn, "lake": lake}

    def _output(self, stack: str, name: str) -> str:
        """Return an output of a stack; a stack that is not there will not be there at the next try."""
        cloudformation = AwsGenericHook(client_type="cloudformation", **self._hook_parameters)
        try:
            (found,) = cloudformation.conn.describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise AirflowFailException(
                f"stack {stack} is not deployed in region {cloudformation.conn_region_name}: "
                f"deploy line {self.line!r} to environment {self.environment!r}, or correct line, environment, "
                "aws_conn_id or region_name"
            ) from None
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
        if name not in outputs:
            raise AirflowFailException(
                f"stack {stack} is {found['StackStatus']} and has no output {name}: deploy it again"
            )
        return str(outputs[name])
