"""Predictions as rows of a SQL table: a job beside the database, that can use its one connection and nothing else."""

from __future__ import annotations

from constructs import Construct

from assembly_line.connections import Connections
from assembly_line.glue_job import GlueJob
from assembly_line.jobs import Jobs
from assembly_line.lake import allow_runs
from assembly_line.shared import Shared
from config.connections import JdbcConnection
from config.delivery import TableChannel


class TableJob(Construct):
    """A Glue job, because Glue puts a job into the network of its connection; with one secret, and the line's runs."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        shared: Shared,
        jobs: Jobs,
        channel: TableChannel,
        connection: JdbcConnection,
    ) -> None:
        super().__init__(scope, id_)
        self.connections = Connections(
            self,
            "Connection",
            shared=shared,
            line=jobs.line,
            used={channel.connection: connection},
            channel=channel.name,
        )
        self.job = GlueJob(
            self,
            "Job",
            jobs=jobs,
            script="deliver",
            connections=self.connections,
            arguments={
                "--channel": channel.name,
                "--database-connection": channel.connection,
                "--table": channel.table,
            },
        )
        self.connections.grant(self.job.role)
        allow_runs(self.job.role, shared=shared, line=jobs.line)
