"""Releases of one line on the small AWS in memory: what trains, what releases step by step, and what people do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError
from runtime import approval, endpoint, promotion, receipts, registry, release, rollback, sealed
from runtime.endpoint import Hosting
from runtime.manifest import Location, Manifest
from runtime.paths import RunPaths
from runtime.promotion import Champion, Production
from runtime.receipts import Receipt
from runtime.registry import Registered
from tests.runtime.memory import S3, CrashError, DynamoDB, Fault, Kms, SageMaker, StepFunctions, Struck, sha256

LINE, ENDPOINT, LEDGER, LAKE, MODELS, KEY = "flights", "local-flights", "ledger", "lake", "models", "key"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:release"
GATE = {"metric": "roc_auc", "minimum": 0.6, "maximum": None, "severity": "error"}
FILES = ("model.skops", "encoding.json", "reference.json")


@dataclass(frozen=True)
class Clients:
    """Clients of one process, which a fault may strike."""

    s3: Any
    dynamodb: Any
    sagemaker: Any
    kms: Any
    stepfunctions: Any


@dataclass
class Process:
    """Something that releases, one step after the other; a step that died is done again, as Step Functions does."""

    name: str
    kind: str
    step: Callable[[Clients], Any] | None
    """What it does next; None when it has ended."""
    result: str = ""
    version: int = 0
    """The version that it asked the endpoint for."""
    was_raced: bool = False
    """Whether somebody else did something in the middle of one of its steps."""

    @property
    def ended(self) -> bool:
        return self.step is None

    def end(self, result: str) -> None:
        self.step, self.result = None, result


@dataclass
class World:
    """One line, its endpoint and its ledger."""

    approval: str = "automatic"
    hosted: bool = True
    s3: S3 = field(default_factory=S3)
    dynamodb: DynamoDB = field(default_factory=DynamoDB)
    kms: Kms = field(default_factory=Kms)
    stepfunctions: StepFunctions = field(default_factory=StepFunctions)
    processes: list[Process] = field(default_factory=list)
    signed: dict[str, str] = field(default_factory=dict)
    """Artefact → the SHA-256 of the manifest that honest training sealed."""
    approved: set[str] = field(default_factory=set)
    """Artefacts that an automatic registration or a person let through."""
    rollbacks: set[tuple[int, int]] = field(default_factory=set)
    """Rollbacks that were begun: the time in production to be ended, and the version that they lead to."""
    runs: int = 0

    def __post_init__(self) -> None:
        self.sagemaker = SageMaker(load=self._load)
        self._known: tuple[dict[Any, Any], list[Production]] = {}, []

    def clients(self, fault: Fault | None = None) -> Clients:
        struck = fault or Fault()
        real = (self.s3, self.dynamodb, self.sagemaker, self.kms, self.stepfunctions)
        return Clients(*(Struck(client, struck) for client in real))

    # --- what is there ---------------------------------------------------------------------------------------------

    def champion(self) -> Champion | None:
        return promotion.champion(self.dynamodb, LEDGER, LINE)

    def history(self) -> list[Production]:
        items = {place: item for place, item in self.dynamodb.items.items() if place[2].startswith("PRODUCTION#")}
        if self._known[0] != items:
            self._known = items, promotion.history(self.dynamodb, LEDGER, LINE)
        return self._known[1]

    def package(self, version: int) -> Registered:
        return registry.read(self.sagemaker, self.arn(version))

    def arn(self, version: int) -> str:
        return f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{ENDPOINT}/{version}"

    def versions(self) -> list[int]:
        return [package["ModelPackageVersion"] for package in self.sagemaker.packages.values()]

    def status(self, version: int) -> str:
        found: str = self.sagemaker.packages[self.arn(version)]["ModelApprovalStatus"]
        return found

    def live(self) -> list[Process]:
        return [process for process in self.processes if not process.ended]

    def paths(self, run: str) -> RunPaths:
        return RunPaths(lake=LAKE, line=LINE, run=run)

    # --- training --------------------------------------------------------------------------------------------------

    def train(self, *, roc_auc: float, whole: bool = True) -> str:
        """Leave an artefact and what the evaluation says of it beside the champion; return the run."""
        self.runs += 1
        run = f"run-{self.runs}"
        location = Location(MODELS, self.paths(run).candidate("small"))
        files = {name: f"{name} of {run}".encode() for name in FILES}
        digests = {name: sha256(body) for name, body in files.items()}
        made = Manifest(LINE, run, "small", digests, {}, {}, {}, {"roc_auc": roc_auc}, ("x",))
        seal = made.encoded()
        archive = {**{name: body.decode() for name, body in files.items()}, "manifest.json": seal.decode()}
        self.s3.put_object(Bucket=MODELS, Key=location.archive, Body=json.dumps(archive).encode())
        for name, body in files.items():
            self.s3.put_object(Bucket=MODELS, Key=location.key(name), Body=body)
        if whole:
            self.s3.put_object(Bucket=MODELS, Key=location.key("manifest.json"), Body=seal)
        self.signed[location.uri] = sha256(seal)
        champion = self.champion()
        outputs = {
            "variant": "small",
            "artefact": location.uri,
            "manifest_sha256": sha256(seal),
            "metrics": {"roc_auc": roc_auc},
            "champion": {"version": champion.version, "metrics": dict(champion.metrics)} if champion else None,
        }
        receipts.write(self.s3, self.paths(run), "training", Receipt("training", "succeeded", outputs=outputs))
        return run

    # --- processes -------------------------------------------------------------------------------------------------

    def advance(self, process: Process, fault: Fault | None = None) -> None:
        """Do the next step of a process; one that dies in it does it again when it is advanced again."""
        assert process.step is not None
        try:
            process.step(self.clients(fault))
        except CrashError:
            return
        except LineError as error:
            process.end(str(error))
        except ClientError as error:  # unexpected: the state machine ends, and says so
            process.end(f"unexpected: {error}")

    def finish(self, process: Process) -> str:
        """Let a process go on to its end, and time with it; return how it ended."""
        for _ in range(50):
            if process.ended:
                return process.result
            self.advance(process)
            self.sagemaker.tick()
        raise AssertionError(f"{process.name} does not end")

    def settle(self) -> None:
        for process in self.live():
            self.finish(process)

    def run(self, *, roc_auc: float, whole: bool = True) -> Process:
        run = self.train(roc_auc=roc_auc, whole=whole)
        process = self.started(run, "run", lambda clients: self._gate(process, clients, run))
        return process

    def again(self, run: str) -> Process:
        """A run whose training is still fresh, so that it has the model of another run."""
        process = self.started(f"{run}-again", "run", lambda clients: self._gate(process, clients, run))
        return process

    def started(self, name: str, kind: str, step: Callable[[Clients], Any]) -> Process:
        process = Process(name, kind, step)
        self.processes.append(process)
        return process

    def _gate(self, process: Process, clients: Clients, run: str) -> None:
        decision = gate(clients, self.paths(run))
        if decision != "promote":
            process.end(decision)
            return
        process.step = lambda clients: self._register(process, clients, run)

    def _register(self, process: Process, clients: Clients, run: str) -> None:
        package = registry.register(
            s3=clients.s3,
            sagemaker=clients.sagemaker,
            kms=clients.kms,
            signing_key=KEY,
            group=ENDPOINT,
            image="image",
            trained=release.training(clients.s3, self.paths(run)),
            approval=self.approval,
        )
        if package.approval == "Approved":
            self.approved.add(package.artefact)
        goes_on = release.held(
            s3=clients.s3, dynamodb=clients.dynamodb, paths=self.paths(run), ledger_table=LEDGER, package=package
        )
        if goes_on == "hold":
            process.end("held")
            return
        process.step = lambda clients: self._deploy(process, clients, package, run=run, action="run")

    def _approve(self, process: Process, clients: Clients, arn: str) -> None:
        package, goes_on = approval.chosen(
            dynamodb=clients.dynamodb,
            sagemaker=clients.sagemaker,
            ledger_table=LEDGER,
            line=LINE,
            model_package_arn=arn,
        )
        if goes_on == "hold":
            process.end("in production already")
            return
        process.step = lambda clients: self._deploy(process, clients, package, run=package.run, action="approve")

    def _deploy(self, process: Process, clients: Clients, package: Registered, *, run: str, action: str) -> None:
        sealed.check(
            s3=clients.s3,
            kms=clients.kms,
            signing_key=KEY,
            line=LINE,
            artefact=package.artefact,
            manifest_sha256=package.manifest_sha256,
            signature=package.signature,
        )
        promotion.still(clients.dynamodb, LEDGER, LINE, expected=package.compared_with, artefact=package.artefact)
        config = ""
        if self.hosted:
            config = endpoint.deploy(
                clients.sagemaker,
                endpoint=ENDPOINT,
                hosting=HOSTING,
                model_data=package.model_data,
                environment={"MODEL_VERSION": str(package.version), "MANIFEST_SHA256": package.manifest_sha256},
            )
        process.version = package.version
        process.step = lambda clients: self._verify(process, clients, package, config=config, run=run, action=action)

    def _verify(
        self, process: Process, clients: Clients, package: Registered, *, config: str, run: str, action: str
    ) -> None:
        told = release.verify(
            s3=clients.s3,
            dynamodb=clients.dynamodb,
            sagemaker=clients.sagemaker,
            kms=clients.kms,
            paths=self.paths(run),
            ledger_table=LEDGER,
            signing_key=KEY,
            endpoint_name=ENDPOINT,
            hosted=self.hosted,
            model_package_arn=package.model_package_arn,
            endpoint_config=config,
            approved=action == "approve",
        )
        if told["status"] != "Waiting":
            process.end("InService" if told["status"] == "InService" else told["message"])

    # --- people ----------------------------------------------------------------------------------------------------

    def decide(self, version: int, status: str, remark: str = "by ann") -> dict[str, Any]:
        """Change the approval of a version; return the event that SageMaker sends."""
        arn = self.arn(version)
        self.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=remark)
        if status == "Approved":
            self.approved.add(self.package(version).artefact)
        return {"id": f"event-{version}-{len(self.processes)}", "detail": {"ModelPackageArn": arn}}

    def hear(self, event: Mapping[str, Any]) -> Process | None:
        """Deliver an event; return the release that it starts, if any."""
        name = approval.start(
            stepfunctions=self.stepfunctions, sagemaker=self.sagemaker, machine=MACHINE, line=LINE, event=event
        )
        if not name:
            return None
        given = json.loads(self.stepfunctions.executions[name])
        process = self.started(
            name, "approve", lambda clients: self._approve(process, clients, given["model_package_arn"])
        )
        return process

    def roll_back(self, number: int = 0) -> Process:
        process = self.started("rollback", "rollback", lambda clients: self._begin(process, clients, number))
        return process

    def _begin(self, process: Process, clients: Clients, number: int) -> None:
        asked = rollback.begin(
            s3=clients.s3,
            dynamodb=clients.dynamodb,
            sagemaker=clients.sagemaker,
            kms=clients.kms,
            line=LINE,
            ledger_table=LEDGER,
            signing_key=KEY,
            endpoint_name=ENDPOINT,
            hosted=self.hosted,
            number=number,
        )
        self.rollbacks.add((asked["number"], asked["version"]))
        process.step = lambda clients: self._roll_back(process, clients, asked)

    def _roll_back(self, process: Process, clients: Clients, asked: Mapping[str, Any]) -> None:
        told = rollback.settle(
            dynamodb=clients.dynamodb,
            sagemaker=clients.sagemaker,
            line=LINE,
            ledger_table=LEDGER,
            endpoint_name=ENDPOINT,
            hosted=self.hosted,
            number=asked["number"],
            to=asked["to"],
            version=asked["version"],
            endpoint_config=asked["endpoint_config"],
            who="ann",
        )
        if told["status"] != "Waiting":
            process.end("InService" if told["status"] == "InService" else told["message"])

    # --- the container ---------------------------------------------------------------------------------------------

    def _load(self, model: Mapping[str, Any]) -> dict[str, str]:
        """Start a container, which refuses an archive that is not what its manifest says."""
        container = model["PrimaryContainer"]
        bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
        body = self.s3.objects.get((bucket, key))
        files = json.loads(body) if body else {}
        seal = files.get("manifest.json", "")
        if sha256(seal.encode()) != container["Environment"]["MANIFEST_SHA256"]:
            raise ValueError("manifest.json is not the file that was saved")
        for name, digest in json.loads(seal)["files"].items():
            if sha256(files[name].encode()) != digest:
                raise ValueError(f"{name} is not the file that was saved")
        return {"version": container["Environment"]["MODEL_VERSION"], "manifest_sha256": sha256(seal.encode())}


HOSTING = Hosting(
    role="role",
    image="image",
    kind="serverless",
    memory_mb=2048,
    max_concurrency=5,
    instance_type="ml.m6i.large",
    instance_count=1,
    kms_key="key",
)


def gate(clients: Clients, paths: RunPaths) -> str:
    decision = release.gate(
        s3=clients.s3,
        dynamodb=clients.dynamodb,
        paths=paths,
        ledger_table=LEDGER,
        bars=[GATE],
        metric="roc_auc",
        margin=0.0,
    )
    found: str = decision["decision"]
    return found


def tampered(world: World, version: int) -> Iterator[Callable[[], None]]:
    """Yield the ways in which somebody can change a registered version."""
    package = world.package(version)
    location = Location.of(package.artefact)

    def put(key: str, body: bytes) -> Callable[[], None]:
        return lambda: world.s3.objects.__setitem__((MODELS, key), body)

    def say(name: str, value: str) -> Callable[[], None]:
        told = world.sagemaker.packages[package.model_package_arn]["CustomerMetadataProperties"]
        return lambda: told.__setitem__(name, value)

    yield put(location.key("manifest.json"), b"{}")
    yield put(location.key("model.skops"), b"another")
    yield put(location.archive, b'{"manifest.json": "{}"}')
    yield lambda: world.s3.objects.__delitem__((MODELS, location.key("encoding.json")))
    yield lambda: world.s3.objects.__delitem__((MODELS, location.key("manifest.json")))
    yield lambda: _substituted(world, package)
    yield say("signature", "")
    yield say("signature", "YWJj")
    yield say("manifest_sha256", "0" * 64)
    yield say("run", "run-0")
    yield say("line", "trains")


def _substituted(world: World, package: Registered) -> None:
    """Put another whole model in the place of a registered one, and its digest in the registry: all but a signature."""
    location = Location.of(package.artefact)
    files = dict.fromkeys(FILES, "of somebody else")
    digests = {name: sha256(text.encode()) for name, text in files.items()}
    seal = Manifest(LINE, package.run, package.variant, digests, {}, {}, {}, {}, ("x",)).encoded()
    archive = json.dumps({**files, "manifest.json": seal.decode()}).encode()
    world.s3.objects[MODELS, location.archive] = archive
    for name, text in {**files, "manifest.json": seal.decode()}.items():
        world.s3.objects[MODELS, location.key(name)] = text.encode()
    told = world.sagemaker.packages[package.model_package_arn]["CustomerMetadataProperties"]
    told["manifest_sha256"] = sha256(seal)
