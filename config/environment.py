"""The model of an environment: what ``config/environments/<name>.yaml`` may say. Every difference is visible there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.branch import Branch
from config.branches import is_branch_id
from config.budget import Budget
from config.compute import Compute
from config.connections import Connection
from config.endpoint import Endpoint
from config.engine import Engine
from config.job_size import JobSize
from config.keys import Keys
from config.network import Network
from config.strict import Strict
from config.tracking import Tracking
from config.workbench import Workbench

PATTERN = "branch"
"""The environment that is none: what every branch's environment is made from."""

KEEPS_DATA = ("prod",)
"""Environments whose data a change of their file alone never lets go: -c removal=<name> is the other key."""


class Curation(Strict):
    worker_type: Literal["G.1X", "G.2X", "G.4X"] = "G.1X"
    workers: int = Field(default=2, ge=2)
    timeout_minutes: int = Field(default=60, ge=1)


class Snapshots(Strict):
    """How long tables keep what readers no longer see; what anyone still refers to is kept whatever its age."""

    keep_days: float = Field(default=7, ge=0, description="days since readers saw it last")
    keep_last: int = Field(default=5, ge=1, description="of each table, whatever their age")
    dataset_days: float = Field(default=30, ge=0, description="how long a dataset's own snapshots are kept for it")
    grace_hours: float = Field(
        default=24, ge=2, description="how long a writer or a reader may take: what is younger is never touched"
    )
    schedule: str = Field(
        default="cron(0 3 * * ? *)",
        pattern=r"^(rate|cron)\(.+\)$",
        description="when each line's tables are maintained (UTC)",
    )


class Environment(Strict):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=24)]
    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    region: str
    retain_data: bool = Field(description="keep buckets, tables and keys when the stack is deleted")
    log_retention_days: Literal[7, 14, 30, 90, 180, 365] = 30
    endpoint: Endpoint = Endpoint()
    approval: Literal["automatic", "manual"] = Field(
        default="automatic", description="manual: a version that passed its gates waits until a person approves it"
    )
    jobs: JobSize = JobSize()
    libraries: list[Literal["lightgbm", "xgboost", "onnx"]] = Field(
        default=[], description="whose models the image trains and serves, beside scikit-learn's"
    )
    max_vcpus: int = Field(default=16, ge=2)
    curation: Curation = Curation()
    snapshots: Snapshots = Snapshots()
    engines: dict[str, Engine] = Field(
        default={}, description="the engine that this environment gives to a line: line -> engine"
    )
    alarm_emails: list[str] = Field(default=[])
    runbooks: Annotated[str, Field(pattern=r"^https://[^\s?#]+$")] | None = Field(
        default=None,
        description="URL of the folder in which the pages of docs/runbooks are published, to which alarms link; "
        "none means their path in the repository",
    )
    compute: dict[str, Compute] = Field(
        default={}, description="the machines that this environment trains a line on: line -> compute"
    )
    tracking: Tracking | None = Field(default=None, description="where trainings are told besides the ledger")
    parameters: dict[str, dict[str, int | float | str | bool]] = Field(
        default={}, description="values that this environment gives to a line's parameters: line -> name -> value"
    )
    connections: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Connection] = Field(
        default={}, description="the databases that sources name; the same name may be another engine elsewhere"
    )
    branch: Branch | None = Field(default=None, description="in branch.yaml only, the pattern of every branch's own")
    network: Network = Network()
    keys: Keys = Keys()
    budget: Budget | None = Field(default=None, description="what it may cost a month, and when people are told")
    dashboards: bool = Field(default=True, description="false: none, since each costs a sum a month whatever runs")
    alarms: Literal["all", "fewer"] = Field(
        default="all",
        description="fewer: only those of dead letters, and those on which something acts; each costs a sum a month",
    )
    tags: dict[str, str] = Field(default={})
    workbench: Workbench | None = Field(
        default=None, description="SageMaker Studio for the people who write lines; without it, none"
    )

    @property
    def protected(self) -> bool:
        """Whether it stands for good: no branch, no teardown and no janitor touches it."""
        return self.branch is None

    @model_validator(mode="after")
    def _no_branch_can_have_its_name(self) -> Environment:
        if is_branch_id(self.name):
            raise ValueError(f"name: {self.name!r} could be a branch's environment: give one without a hash at its end")
        return self

    @model_validator(mode="after")
    def _branches_have_a_file(self) -> Environment:
        if (self.name == PATTERN) != (self.branch is not None):
            raise ValueError(f"branch: belongs into {PATTERN}.yaml, and there only: move it")
        return self

    @model_validator(mode="after")
    def _workbenches_stand(self) -> Environment:
        if self.workbench is not None and self.branch is not None:
            raise ValueError(
                f"workbench: people's disks would go with each branch, so {PATTERN}.yaml has none, expected one in an "
                "environment that stands: move it there"
            )
        return self

    @property
    def runbook_folder(self) -> str:
        """Where the runbook pages lie, ending in a slash."""
        return f"{(self.runbooks or 'docs/runbooks').rstrip('/')}/"

    @model_validator(mode="after")
    def _can_do_without_the_internet(self) -> Environment:
        if not self.network.vpc_only:
            return self
        if self.endpoint.kind == "serverless":
            raise ValueError(
                "endpoint.kind: SageMaker puts no serverless endpoint into a VPC, which network.vpc_only asks for, "
                "expected instance or none: change one of them"
            )
        if self.tracking is not None:
            raise ValueError("tracking: a tracking server is not reached with network.vpc_only: remove one of them")
        for name, connection in self.connections.items():
            if connection.network is None and not connection.embedded:
                raise ValueError(
                    f"connections.{name}.network: missing, and network.vpc_only leaves jobs no other way to a "
                    "database: add subnet, security_groups and availability_zone of a VPC from which it is reached"
                )
        self.network.lists(self.region)
        return self

    @model_validator(mode="after")
    def _embedded_only_here(self) -> Environment:
        for name, connection in self.connections.items():
            if connection.embedded and self.name != "local":
                raise ValueError(
                    f"connections.{name}.embedded: only the environment local has an embedded database: "
                    "give host, database and secret"
                )
        return self
