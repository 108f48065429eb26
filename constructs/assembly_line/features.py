"""Features: curated tables become feature views, their history offline and their newest values online."""

from __future__ import annotations

from constructs import Construct

from assembly_line.glue_job import GlueJob
from assembly_line.jobs import Jobs
from assembly_line.lake import allow_lake
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from assembly_line.table import Table


class FeaturesStation(Station):
    """A Glue job that publishes the feature views and puts each entity's newest row into the online table."""

    def __init__(self, scope: Construct, id_: str, *, supervisor: Supervisor, shared: Shared, jobs: Jobs) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        self.online = Table(self, "Online", environment=shared.environment, key=shared.key, partition="key")
        self.job = GlueJob(self, "Job", jobs=jobs, script="features", arguments={"--online-table": self.online.name})
        allow_lake(self.job.role, shared=shared, line=jobs.line, tables=True)
        self.online.allow(self.job.role, "dynamodb:BatchGetItem", "dynamodb:PutItem")
        self.works(self.glue_state(id_, self.job))
