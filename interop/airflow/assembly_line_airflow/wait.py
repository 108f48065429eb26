"""A task that waits for a run's end without holding a worker, and says how it ended."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.amazon.aws.sensors.step_function import StepFunctionExecutionSensor
from airflow.providers.amazon.aws.triggers.step_function import StepFunctionsExecutionCompleteTrigger
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import conf
from airflow.sdk import PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout
from assembly_line_airflow import names
from assembly_line_airflow.outcome import Outcome, Started, outcome

if TYPE_CHECKING:
    from airflow.sdk import Context

_A_DAY = 24 * 60 * 60


class WaitForLineRun(StepFunctionExecutionSensor):
    """Waits for the end of a run and returns its outcome (:class:`~assembly_line_airflow.outcome.Outcome`).

    A run that halted or failed fails the task with the run's reason, and without a retry, which would find the same. A
    flagged one goes on. A run that outlasts ``timeout`` is not stopped.

    :param run: what the task that started it returned. Templated.
    :param fail_on_halt: False lets the task succeed for a halted run, too, so that a branch can follow it.
    :param deferrable: wait in the triggerer; otherwise the task is rescheduled for each look.
    :param poke_interval: seconds between two looks.
    :param timeout: seconds for the whole wait: a day, which is the limit of a run.
    """

    template_fields: Sequence[str] = aws_template_fields("run")

    def __init__(
        self,
        *,
        run: Started,
        fail_on_halt: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: dt.timedelta | float = 30,
        timeout: dt.timedelta | float = _A_DAY,
        mode: str = "reschedule",
        **kwargs: Any,
    ) -> None:
        super().__init__(execution_arn="", poke_interval=poke_interval, timeout=timeout, mode=mode, **kwargs)
        self.run = run
        self.fail_on_halt = fail_on_halt
        self.deferrable = deferrable

    def execute(self, context: Context) -> Any:
        """Look until the run has ended."""
        if not self.deferrable:
            return super().execute(context)
        deadline = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.timeout)
        return self.look(context, deadline=deadline.isoformat())

    def look(self, context: Context, event: dict[str, Any] | None = None, *, deadline: str) -> Outcome:
        """Return the outcome, or wait on: what a trigger says, an error too, is only a reason to look."""
        ended = self.poke(context)
        return ended.xcom_value if ended else self._wait_on(dt.datetime.fromisoformat(deadline))

    def poke(self, context: Context) -> PokeReturnValue:
        """Look whether the run has ended; raises AirflowFailException for one that has come to no good end."""
        described = self._described()
        if described["status"] in self.INTERMEDIATE_STATES:
            return PokeReturnValue(is_done=False)
        found = outcome(self.run, described, self._receipt)
        if found["status"] == "failed" or (found["status"] == "halted" and self.fail_on_halt):
            raise AirflowFailException(
                f"run {found['run']} of line {found['line']} {found['status']}: {found['message']}"
            )
        self.log.info("run %s of line %s: %s", found["run"], found["line"], found["status"])
        return PokeReturnValue(is_done=True, xcom_value=found)

    def _wait_on(self, deadline: dt.datetime) -> NoReturn:
        left = deadline - dt.datetime.now(dt.UTC)
        if left <= dt.timedelta(0):
            raise AirflowSensorTimeout(f"run {self.run['run']} has not ended within {self.timeout:.0f} s: it goes on")
        delay = max(1, round(self.poke_interval))
        trigger = StepFunctionsExecutionCompleteTrigger(
            execution_arn=self.run["execution_arn"],
            waiter_delay=delay,
            waiter_max_attempts=math.ceil(left.total_seconds() / delay) + 1,
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
        )
        self.defer(trigger=trigger, method_name="look", kwargs={"deadline": deadline.isoformat()}, timeout=left)

    def _described(self) -> dict[str, Any]:
        try:
            return self.hook.describe_execution(self.run["execution_arn"])
        except self.hook.conn.exceptions.ExecutionDoesNotExist:
            raise AirflowFailException(
                f"run {self.run['run']} of line {self.run['line']} is unknown to Step Functions, which forgets one "
                "90 days after its end: clear the task that starts it"
            ) from None

    def _receipt(self, name: str) -> dict[str, Any] | None:
        s3 = AwsGenericHook(client_type="s3", **self._hook_parameters).conn
        key = names.receipt(self.run["line"], self.run["run"], name)
        try:
            return json.loads(s3.get_object(Bucket=self.run["lake"], Key=key)["Body"].read())
        except s3.exceptions.NoSuchKey:
            return None
