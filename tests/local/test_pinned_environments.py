"""Two environments of one account, deployed side by side: a branch's runs stay on what dev had when it was pinned."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import app
from cli.env_account import found, named
from cli.env_list import told
from cli.env_pin import Pinning
from cli.new import make_line
from config.bundle import Bundle
from config.environment import Environment
from config.loading import load_branch, load_bundle, load_environment
from local.deployment import Deployment
from local.server import EmbeddedAws
from runtime import receipts, skipping
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from tests.local.embedded import wait_for

pytestmark = pytest.mark.thorough
KINDS = {"orders": "order_id,customer,category,price,ordered_at,returned", "customers": "customer,city,joined_on"}


@dataclass(frozen=True)
class Side:
    """A deployed environment."""

    aws: EmbeddedAws
    deployment: Deployment
    name: str

    @property
    def outputs(self) -> dict[str, str]:
        return self.deployment.outputs[f"AssemblyLine-{self.name}-Foundation"]

    def made(self, type_: str, beginning: str) -> str:
        (found,) = [
            one.physical_id
            for one in self.deployment.resources
            if one.type == type_ and one.logical_id.startswith(beginning) and f"-{self.name}-" in one.stack
        ]
        return found

    def deliver(self, orders: int) -> None:
        s3, raw = self.aws.client("s3"), self.outputs["RawBucket"]
        rows = [f"o{i:05},c{i % 7},books,{i % 40},2026-03-{1 + i % 28:02}T06:00:00Z,0" for i in range(orders)]
        bodies = {"orders": rows, "customers": [f"c{i},Bern,2025-01-01" for i in range(7)]}
        for source, lines in bodies.items():
            body = "\n".join([KINDS[source], *lines]) + "\n"
            s3.put_object(Bucket=raw, Key=f"flights/{source}/{source}.csv", Body=body)

    def curate(self, run: str) -> Receipt:
        """Run the deployed job on its own role, as the state machine would, and return what it says."""
        glue, job = self.aws.client("glue"), self.made("AWS::Glue::Job", "CurationJob")
        given = {"--run": run, "--parameters": "{}", "--force": '["curation"]'}
        id_ = glue.start_job_run(JobName=job, Arguments=given)["JobRunId"]
        ended = wait_for(lambda: self._ended(glue, job, id_), 120)
        receipt = receipts.read(self.aws.client("s3"), RunPaths(self.outputs["LakeBucket"], "flights", run), "curation")
        assert receipt is not None, ended
        return receipt

    def settle(self, run: str) -> None:
        """Remember a good run, as the function does that reads its receipt."""
        skipping.settle(
            s3=self.aws.client("s3"),
            dynamodb=self.aws.client("dynamodb"),
            ledger_table=self.outputs["LedgerTable"],
            paths=RunPaths(self.outputs["LakeBucket"], "flights", run),
            station="curation",
        )

    def look(self, run: str) -> dict[str, Any]:
        """Ask the deployed function whether curation is fresh."""
        event = {"line": "flights", "run": run, "station": "curation", "parameters": {}, "force": []}
        function = self.made("AWS::Lambda::Function", "SupervisorFreshness")
        answer = self.aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        told: dict[str, Any] = json.loads(answer["Payload"].read())
        return told

    @staticmethod
    def _ended(glue: Any, job: str, id_: str) -> dict[str, Any] | None:
        run: dict[str, Any] = glue.get_job_run(JobName=job, RunId=id_)["JobRun"]
        return None if run["JobRunState"] in ("STARTING", "RUNNING", "STOPPING") else run


def shop(folder: Path) -> Bundle:
    """The small line of `line new`, under the name of one whose train.py the repository has."""
    make_line("shop", folder)
    made = load_bundle("shop", folder)
    definition = made.definition.model_copy(update={"line": "flights"})
    return made.model_copy(update={"definition": definition})


def deploy(aws: EmbeddedAws, environment: Environment, line: Bundle, folder: Path) -> Side:
    made = app.new_app(outdir=str(folder / environment.name), context={"aws:cdk:bundling-stacks": []})
    app.assemble(made, environment, {"flights": line})
    return Side(aws, aws.deploy(Path(made.synth().directory)), environment.name)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    """dev with its data, and a branch's environment that is pinned to it by what `line env pin` does."""
    folder, branch = tmp_path_factory.mktemp("sides"), load_branch("feature/a", "ada@example.com")
    line = shop(folder)
    with EmbeddedAws(account=branch.account, region=branch.region) as aws:
        dev = deploy(aws, load_environment("dev"), line, folder)
        there = deploy(aws, branch, line, folder)
        dev.deliver(1200)
        pinning = Pinning(aws.client, named(aws.client, "feature/a"))
        taken = pinning.pin("flights", line.definition.sources, pinning.origin())
        assert taken.left == {}
        yield dev, there


def test_a_branchs_runs_stay_on_what_was_pinned_though_the_data_moves_on(sides: tuple[Side, Side]) -> None:
    dev, branch = sides
    assert branch.look("run-1")["why"] == "it has no good run yet"
    first = branch.curate("run-1")
    branch.settle("run-1")
    dev.deliver(1300)
    assert branch.look("run-2") == {"fresh": True, "why": "nothing changed since run-1", "run": "run-1"}
    second = branch.curate("run-3")
    assert second.outputs["sources"] == first.outputs["sources"]
    assert [one.outputs["tables"]["orders"]["rows"] for one in (first, second)] == [1200, 1200]
    assert dev.curate("run-1").outputs["tables"]["orders"]["rows"] == 1300


@pytest.mark.last
def test_nobody_was_denied_and_the_branchs_roles_reach_dev_by_the_pin_alone(sides: tuple[Side, Side]) -> None:
    dev, branch = sides
    aws = branch.aws
    assert aws.grants().denials == []
    iam, role = aws.client("iam"), branch.made("AWS::IAM::Role", "CurationJobRole")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    statements = [one for document in documents for one in document["Statement"]]
    reaching = [one["Action"] for one in statements if dev.outputs["RawBucket"] in json.dumps(one)]
    assert reaching == ["s3:GetObjectVersion"]


def test_the_account_tells_of_both(sides: tuple[Side, Side]) -> None:
    dev, branch = sides
    now = dt.datetime.now(dt.UTC)
    there = {one.name: told(one, now) for one in found(dev.aws.client)}
    assert set(there) == {"dev", branch.name}
    assert (there["dev"]["protected"], there["dev"]["expires"]) == (True, None)
    assert (there[branch.name]["ref"], there[branch.name]["owner"]) == ("feature/a", "ada@example.com")
    assert set(there[branch.name]["stacks"].values()) == {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
