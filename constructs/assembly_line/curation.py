"""Curation: raw files become tested Iceberg tables."""

from __future__ import annotations

from constructs import Construct

from assembly_line.connections import Connections
from assembly_line.glue_job import GlueJob
from assembly_line.jobs import Jobs
from assembly_line.lake import allow_lake, allow_published
from assembly_line.permissions import allow_read
from assembly_line.pinned import Pinned, pins_of
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from config.connections import used
from config.sources import lines_read


class CurationStation(Station):
    """A Glue job that reads the line's raw files and writes, audits and publishes its curated tables."""

    def __init__(self, scope: Construct, id_: str, *, supervisor: Supervisor, shared: Shared, jobs: Jobs) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        sources, known, name = jobs.bundle.definition.sources, shared.environment.connections, shared.environment.name
        read = used(sources, known, environment=name, line=jobs.line)
        self.connections = Connections(self, "Connections", shared=shared, line=jobs.line, used=read)
        pins, others = pins_of(shared.environment, jobs.line), sorted(lines_read(sources))
        self.job = GlueJob(
            self,
            "Job",
            jobs=jobs,
            script="curate",
            arguments={"--pins": pins} if pins else {},
            connections=self.connections,
        )
        self.connections.grant(self.job.role)
        allow_read(self.job.role, shared.raw, f"{jobs.line}/")
        allow_lake(self.job.role, shared=shared, line=jobs.line, tables=True)
        branch = shared.environment.branch
        if branch is not None and branch.data_from is not None:
            allow_read(self.job.role, shared.lake, f"pins/{jobs.line}/", listing=False)
            Pinned(self, "Pinned", role=self.job.role, origin=branch.data_from, line=jobs.line, others=others)
        for other in others:
            allow_published(self.job.role, shared=shared, line=other)
        self.works(self.glue_state(id_, self.job))
