"""One line: its stations, joined by a state machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from assembly_line.alarms import publish_runbooks
from assembly_line.capture import Capture
from assembly_line.curation import CurationStation
from assembly_line.dashboard import LineDashboard
from assembly_line.delivery import DeliveryStation
from assembly_line.features import FeaturesStation
from assembly_line.feedback import Feedback
from assembly_line.ground_truth import GroundTruth
from assembly_line.handler import Handlers
from assembly_line.jobs import Jobs
from assembly_line.maintenance import Maintenance
from assembly_line.monitoring import MonitoringStation
from assembly_line.monitors import composite_alarm
from assembly_line.naming import pascal, slug
from assembly_line.queue import DeadLetters
from assembly_line.release import ReleaseStation
from assembly_line.rest import RestChannel
from assembly_line.retraining import Retraining
from assembly_line.run import Run
from assembly_line.scoring import ScoringStation
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from assembly_line.training import TrainingStation
from config import tags
from config.bundle import Bundle
from config.compute import compute_of
from config.line import Line
from config.parameters import resolve
from config.rest import Rest
from stacks.foundation import FoundationStack


class LineStack(cdk.Stack):
    """The stations of one line in order, each with what it works with, and what the world sees of them."""

    def __init__(
        self, scope: Construct, id_: str, *, foundation: FoundationStack, bundle: Bundle, **stack: Any
    ) -> None:
        line, environment = bundle.definition, foundation.environment_model
        super().__init__(scope, id_, **{**stack, "tags": {**stack.get("tags", {}), tags.LINE: line.line}})
        publish_runbooks(self, environment)
        self._line, self._environment = line, environment.name
        resolve(line.parameters, environment.parameters.get(line.line, {}))
        self.add_stack_dependency(foundation)
        shared = foundation.share(self, "Foundation", training=compute_of(line, environment))
        handlers = Handlers(self, "Handlers", environment=environment, key=shared.key, inside=shared.inside)
        jobs = Jobs(self, "Jobs", shared=shared, bundle=bundle)
        supervisor = Supervisor(self, "Supervisor", shared=shared, handlers=handlers, jobs=jobs)
        self.curation = CurationStation(self, "Curation", supervisor=supervisor, shared=shared, jobs=jobs)
        self.features = FeaturesStation(self, "Features", supervisor=supervisor, shared=shared, jobs=jobs)
        self.training = TrainingStation(self, "Training", supervisor=supervisor, shared=shared, jobs=jobs)
        self.release = ReleaseStation(
            self, "Release", supervisor=supervisor, shared=shared, handlers=handlers, line=line
        )
        self.feedback = Feedback(self, "Feedback", shared=shared, line=line)
        self.truth = GroundTruth(
            self, "GroundTruth", shared=shared, handlers=handlers, line=line, feedback=self.feedback
        )
        self.scoring = ScoringStation(
            self, "Scoring", supervisor=supervisor, shared=shared, jobs=jobs, truth=self.truth
        )
        self.delivery = DeliveryStation(
            self,
            "Delivery",
            supervisor=supervisor,
            shared=shared,
            handlers=handlers,
            jobs=jobs,
            line=line,
            feedback=self.feedback,
        )
        self.monitoring = MonitoringStation(
            self,
            "Monitoring",
            supervisor=supervisor,
            shared=shared,
            handlers=handlers,
            line=line,
            feedback=self.feedback,
        )
        self.capture = Capture(self, "Capture", shared=shared, handlers=handlers, line=line, feedback=self.feedback)
        self.rest = self._rest(shared, handlers, line, line.delivery.rest) if line.delivery.rest else None
        for performance in self.monitoring.alarms["performance"]:
            self.release.endpoint.watch(performance)
        stations = [
            self.curation,
            self.features,
            self.training,
            self.release,
            self.scoring,
            self.delivery,
            self.monitoring,
        ]
        self.run = Run(self, "Run", shared=shared, supervisor=supervisor, stations=stations)
        self.maintenance = Maintenance(
            self, "Maintenance", shared=shared, jobs=jobs, registry=self.release.registry, run=self.run
        )
        self.retraining = Retraining(
            self, "Retraining", shared=shared, handlers=handlers, line=line, run=self.run, alarms=self.monitoring.alarms
        )
        self._tag_stations(stations)
        self.alarm: cloudwatch.CompositeAlarm | None = None
        if environment.alarms == "all":
            self.alarm = composite_alarm(
                self,
                "LineAlarm",
                line=line.line,
                topic=shared.alarms,
                alarms=self._alarms(),
            )
        else:
            self._leave_fewer_alarms()
        self.dashboard = self._dashboard(handlers) if environment.dashboards else None
        self._outputs()

    def _tag_stations(self, stations: Sequence[Station]) -> None:
        """Let bills tell of stations; what works for one station beside the run belongs to it too."""
        monitoring = (self.feedback, self.truth, self.capture, self.retraining)
        owned: list[tuple[Construct, str]] = [(station, station.name) for station in stations]
        owned += [(each, self.monitoring.name) for each in monitoring]
        owned += [(self.rest, self.delivery.name)] if self.rest else []
        for construct, name in owned:
            cdk.Tags.of(construct).add(tags.STATION, name)

    def _dashboard(self, handlers: Handlers) -> LineDashboard:
        line = self._line
        return LineDashboard(
            self,
            "Overview",
            name=slug(self._environment, line.line),
            line=line,
            run=self.run,
            functions=handlers.made,
            queues={
                "ground truth": self.truth.queue.queue,
                "capture": self.capture.queue.queue,
                **self._dead_letters(),
            },
            alarms=[*self._alarms(), *([self.alarm] if self.alarm else [])],
            api=self.rest.api.api if self.rest else None,
            topics={name: made.topic for name, made in self.delivery.topics.items()},
        )

    def _rest(self, shared: Shared, handlers: Handlers, line: Line, rest: Rest) -> RestChannel:
        return RestChannel(
            self,
            "Rest",
            shared=shared,
            handlers=handlers,
            line=line,
            rest=rest,
            endpoint=self.release.endpoint,
            online=self.features.online,
            feedback=self.feedback,
            capture=self.capture,
            ground_truth=self.truth,
        )

    def _leave_fewer_alarms(self) -> None:
        """Take away alarms on which nothing acts, but for those of dead letters; the line's own is not made then."""
        left = {one.node.path for family in self.monitoring.alarms.values() for one in family}
        left |= {one.node.path for one in (*self.release.endpoint.alarms, *self.release.endpoint.shadow_alarms)}
        for one in self._alarms():
            scope = one.node.scope
            if one.node.path not in left and scope is not None and not isinstance(scope, DeadLetters):
                scope.node.try_remove_child(one.node.id)

    def _alarms(self) -> list[cloudwatch.Alarm]:
        """Return every alarm of the line, whichever construct made it."""
        return [one for one in self.node.find_all() if isinstance(one, cloudwatch.Alarm)]

    def _dead_letters(self) -> dict[str, sqs.IQueue]:
        queues = {"ground truth": self.truth.queue, "capture": self.capture.queue, **self.delivery.queues}
        return {f"{name}: dead letters": work.dead_letters.queue for name, work in queues.items()}

    def _outputs(self) -> None:
        outputs = {
            "StateMachineArn": self.run.state_machine.state_machine_arn,
            "ReleaseMachineArn": self.release.machine.state_machine.state_machine_arn,
            "GroundTruthQueueUrl": self.truth.queue.queue.queue_url,
            "CaptureQueueUrl": self.capture.queue.queue.queue_url,
            "EndpointName": self.release.endpoint.name,
            "PredictionsTable": self.feedback.predictions.name,
            "OnlineTable": self.features.online.name,
            "WindowsTable": self.feedback.windows.name,
            "ModelPackageGroup": self.release.registry.name,
            "MaintenanceJob": self.maintenance.job.definition.job_definition_arn,
        }
        if self.dashboard is not None:
            outputs["Dashboard"] = self.dashboard.dashboard.dashboard_name
        if self.rest is not None:
            outputs["RestUrl"] = self.rest.api.api.url
            if self.rest.api.key is not None:
                outputs["RestKeyId"] = self.rest.api.key.key_id
        for name, made in self.delivery.topics.items():
            outputs[f"TopicArn{pascal(name)}"] = made.topic.topic_arn
        for consumer, work in self.delivery.queues.items():
            outputs[f"ConsumerQueueUrl{pascal(consumer)}"] = work.queue.queue_url
            outputs[f"ConsumerDeadLettersUrl{pascal(consumer)}"] = work.dead_letters.queue.queue_url
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)
