"""What every station of a line is made of: it starts, works, is judged, and passes or ends the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.batch_job import BatchJob
from assembly_line.glue_job import GlueJob
from assembly_line.handler import Handler
from assembly_line.permissions import allow
from assembly_line.supervisor import Supervisor
from assembly_line.tasks import call
from runtime import events

Caught = TypeVar("Caught", sfn.TaskStateBase, sfn.Map, sfn.Parallel)

_ERROR = "$.error"


class Station(Construct):
    """One station: ``<Id>Started`` → ``<Id>Freshness`` → its work → ``<Id>Verdict`` → ``<Id>Passed``.

    A fresh one goes to its verdict at once; each failure has a way out.

    A subclass makes what it works with, then calls ``works`` with its states; the line joins stations with ``join``.
    Its id is the station's name in PascalCase.
    """

    def __init__(self, scope: Construct, id_: str, *, supervisor: Supervisor) -> None:
        super().__init__(scope, id_)
        self.name = id_.lower()
        self.supervisor = supervisor
        self._handlers: list[Handler] = [supervisor.freshness, supervisor.verdict]
        self._batch_jobs: list[BatchJob] = []
        self._glue_jobs: list[GlueJob] = []
        self.started = supervisor.started(self, f"{id_}Started", detail_type=events.STATION_STARTED, station=self.name)
        self.verdict = supervisor.judged(self, f"{id_}Verdict", station=self.name)
        self.passed = sfn.Choice(self, f"{id_}Passed")
        self.fresh = sfn.Choice(self, f"{id_}Fresh")
        freshness = supervisor.looked(self, f"{id_}Freshness", station=self.name)
        self.failed = self._way_out(f"{id_}Failed", status="failed", error={"error": sfn.JsonPath.object_at(_ERROR)})
        self.halted = self._way_out(
            f"{id_}Halted",
            status="halted",
            error={"error": {"Error": "Halted", "Cause": sfn.JsonPath.string_at("$.verdict.message")}},
        )
        for task in (self.started, freshness, self.verdict):
            self.catching(task)
        self.started.next(freshness).next(self.fresh)
        self.fresh.when(sfn.Condition.boolean_equals("$.freshness.fresh", True), self.verdict)
        self.verdict.next(self.passed)
        self.passed.when(sfn.Condition.string_equals("$.verdict.status", "halted"), self.halted)

    def works(self, *states: sfn.IChainable) -> None:
        """Put the station's own states, one after the other, between its start and its verdict."""
        first, *others = states
        chain = sfn.Chain.start(first)
        for state in (*others, self.verdict):
            chain = chain.next(state)
        self.fresh.otherwise(chain)

    def join(self, *, then: sfn.IChainable, early: sfn.IChainable, end: sfn.IChainable) -> None:
        """Lead to the next station when this one passed, and to the run's early end when it did not.

        ``end`` is how a run ends well, for a station after which that is possible.
        """
        self.passed.otherwise(then)
        self.failed.next(early)
        self.halted.next(early)

    def catching(self, state: Caught) -> Caught:
        """Let any error of a state lead to the station's failure."""
        state.add_catch(self.failed, errors=[sfn.Errors.ALL], result_path=_ERROR)
        return state

    def glue_state(self, name: str, job: GlueJob, *, caught: bool = True) -> sfn.TaskStateBase:
        """Return the state that runs a Glue job; in a Parallel it is not caught."""
        self._glue_jobs.append(job)
        state = job.state(self, name)
        return self.catching(state) if caught else state

    def batch_state(
        self, name: str, job: BatchJob, *, inputs: Mapping[str, str] | None = None, caught: bool = True
    ) -> sfn.TaskStateBase:
        """Return the state that runs a Batch job; inside a Map it is the Map that catches."""
        self._batch_jobs.append(job)
        state = job.state(self, name, inputs=inputs)
        return self.catching(state) if caught else state

    def handler_state(
        self,
        name: str,
        handler: Handler,
        *,
        more: Mapping[str, Any] | None = None,
        keep: Sequence[str] = (),
        as_: str | None = None,
        caught: bool = True,
    ) -> sfn.TaskStateBase:
        """Return the state that calls a handler with the line, the run and ``more``; in a Parallel it is not caught."""
        self._handlers.append(handler)
        state = call(self, name, handler, {**self.supervisor.named(), **(more or {})}, keep=keep, as_=as_)
        return self.catching(state) if caught else state

    def grant_run(self, role: iam.Role) -> None:
        """Let the state machine's role do what this station's states do."""
        allow(role, "lambda:InvokeFunction", on=[handler.function.function_arn for handler in self._handlers])
        for glue in self._glue_jobs:
            actions = ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"]
            allow(role, *actions, on=[glue.job_arn])
        for batch in self._batch_jobs:
            allow(role, "batch:SubmitJob", on=[batch.definition.job_definition_arn, batch.queue_arn])
        if self._batch_jobs:
            self._grant_following(role)

    def _grant_following(self, role: iam.Role) -> None:
        """Step Functions follows a Batch job by asking, and by a rule of its own on the default bus."""
        stack = Stack.of(self)
        place = f"{stack.region}:{stack.account}"
        allow(role, "batch:DescribeJobs", on=["*"], why="Batch has no resource for this action: it describes by id")
        allow(
            role,
            "batch:TerminateJob",
            on=[f"arn:{stack.partition}:batch:{place}:job/*"],
            why="a job's id is made when it is submitted, so no job can be named here",
        )
        allow(
            role,
            *("events:PutTargets", "events:PutRule", "events:DescribeRule"),
            on=[f"arn:{stack.partition}:events:{place}:rule/StepFunctionsGetEventsForBatchJobsRule"],
        )

    def _way_out(self, name: str, *, status: str, error: Mapping[str, Any]) -> sfn.Pass:
        return sfn.Pass(self, name, parameters={"station": self.name, "status": status, **error})
