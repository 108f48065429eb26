"""The foundation: what all lines of an environment share."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from constructs import Construct

from assembly_line.alarms import publish_runbooks
from assembly_line.compute import Compute
from assembly_line.dashboard import EnvironmentDashboard
from assembly_line.encryption import EnvironmentKey, SigningKey
from assembly_line.handler import Handlers
from assembly_line.image import JobImage
from assembly_line.inside import InsideNames
from assembly_line.ledger import Ledger
from assembly_line.naming import identifier, slug
from assembly_line.network import Network
from assembly_line.notices import AlarmTopic
from assembly_line.shared import Names, Shared
from assembly_line.spending import Spending
from assembly_line.storage import Storage
from config.compute import Compute as Wanted
from config.environment import Environment


class FoundationStack(cdk.Stack):
    """Key, buckets, catalog, ledger, event bus, alarms, network and compute of one environment."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, **stack: Any) -> None:
        super().__init__(scope, id_, **stack)
        publish_runbooks(self, environment)
        self.environment_model = environment
        self.key = EnvironmentKey(self, "Encryption", environment=environment).key
        self.signing_key = SigningKey(self, "Signing", environment=environment).key
        self.storage = Storage(self, "Storage", environment=environment, key=self.key)
        self.catalog = glue.Database(self, "Catalog", database_name=identifier(environment.name))
        if not environment.retain_data:  # left behind, its name would stop the next deploy of this environment
            self.catalog.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        self.alarms = AlarmTopic(self, "Alarms", environment=environment, key=self.key).topic
        if environment.budget is not None:
            Spending(self, "Spending", environment=environment.name, budget=environment.budget, topic=self.alarms)
        self.network = Network(self, "Network", environment=environment, flow_logs=self.storage.access_logs)
        handlers = Handlers(self, "Handlers", environment=environment, key=self.key, inside=self.network.inside)
        self.ledger = Ledger(
            self, "Ledger", environment=environment, key=self.key, handlers=handlers, alarms=self.alarms
        )
        libraries = [*environment.libraries, *(["mlflow"] if environment.tracking else [])]
        self.image = JobImage(self, "Image", libraries=libraries).asset
        self.compute = Compute(
            self,
            "Compute",
            environment=environment,
            network=self.network,
            repository_arn=self.image.repository.repository_arn,
        )
        named = slug(environment.name)
        self.dashboard = EnvironmentDashboard(self, "Overview", name=named) if environment.dashboards else None
        self._outputs()

    @property
    def availability_zones(self) -> list[str]:
        """The first zones of the region, whatever they are called: known without asking AWS at synthesis."""
        return [cdk.Fn.select(index, cdk.Fn.get_azs()) for index in range(2)]

    def share(self, scope: Construct, id_: str, *, training: Wanted) -> Shared:
        """Return this foundation as the stack of a line that trains on these machines may use it."""
        names = Names(
            key_arn=self._export(self.key.key_arn),
            signing_key_arn=self._export(self.signing_key.key_arn),
            raw=self._export(self.storage.raw.bucket_name),
            lake=self._export(self.storage.lake.bucket_name),
            models=self._export(self.storage.models.bucket_name),
            delivered=self._export(self.storage.delivered.bucket_name),
            ledger=self._export(self.ledger.table.name),
            bus=self._export(self.ledger.bus.event_bus_name),
            alarms_arn=self._export(self.alarms.topic_arn),
            queue_arn=self._export(self.compute.queue.job_queue_arn),
            training_queue_arn=self._export(self.compute.queue_for(training).job_queue_arn),
            database=identifier(self.environment_model.name),
            image_uri=self.image.image_uri,
            repository_arn=self.image.repository.repository_arn,
            inside=self._inside(),
        )
        return Shared(scope, id_, environment=self.environment_model, names=names)

    def _inside(self) -> InsideNames | None:
        if self.network.inside is None:
            return None
        names = self.network.inside.names
        return InsideNames(
            vpc=self._export(names.vpc),
            subnets=tuple(self._export(subnet) for subnet in names.subnets),
            route_tables=tuple(self._export(table) for table in names.route_tables),
            group=self._export(names.group),
            glue_group=self._export(names.glue_group),
            connection=names.connection,
        )

    def _export(self, value: str) -> str:
        """Return the value as another stack imports it: exported by name, and kept while it is imported."""
        return str(self.export_value(value))

    def _outputs(self) -> None:
        outputs = {
            "RawBucket": self.storage.raw.bucket_name,
            "LakeBucket": self.storage.lake.bucket_name,
            "ModelsBucket": self.storage.models.bucket_name,
            "DeliveredBucket": self.storage.delivered.bucket_name,
            "LedgerTable": self.ledger.table.name,
            "EventBus": self.ledger.bus.event_bus_name,
            "Database": self.catalog.database_name,
            "AlarmTopic": self.alarms.topic_arn,
            "SigningKey": self.signing_key.key_arn,
            "JobQueue": self.compute.queue.job_queue_arn,
        }
        if self.dashboard is not None:
            outputs["Dashboard"] = self.dashboard.dashboard.dashboard_name
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)
