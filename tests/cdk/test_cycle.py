"""The pinned CDK CLI against the embedded AWS: two branches in one account, from bootstrap to nothing left.

Each step is a fixture that needs the one before it, and keeps what the tests look at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cli import raw, sample
from cli.execution import Outcome, follow, start
from config.branches import environment_id
from config.loading import load_branch, load_bundle
from local.server import EmbeddedAws
from tests.cdk.accounts import Account, app_in, diffs, failed
from tests.cdk.inventory import inventory
from tests.clone import Ended

pytestmark = pytest.mark.thorough

A, B = "feature/a", "feature/b"
NAMES = {ref: environment_id(ref) for ref in (A, B)}
SHORT, LONG = "timeout_minutes: 5", "timeout_minutes: 7"


@dataclass(frozen=True)
class Step:
    """How one step of the cycle ended, and what the account looked like then."""

    ended: Ended
    stacks: dict[str, str]
    machines: dict[str, Any]
    held: set[str]
    """What the account held, where the step looked."""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An empty account for branches, and assemblies of both, and of the first after a change of its line."""
    clone = app_in(tmp_path_factory.mktemp("cycle"))
    clone.new("shop")
    wanted = load_branch(A)
    with EmbeddedAws(account=wanted.account, region=wanted.region, warm=True) as aws:
        found = Account(aws, clone)
        definition = clone.root / "lines" / "shop" / "line.yaml"
        before = definition.read_text()
        found.synthesize("shop", {A: "a.out", B: "b.out"})
        definition.write_text(before.replace(SHORT, LONG))
        found.synthesize("shop", {A: "changed.out"})
        definition.write_text(before)
        yield found


def step(account: Account, *arguments: str, look: bool = False) -> Step:
    ended = account.cdk(*arguments)
    machines = {ref: machine(account, ref) for ref in (A, B)}
    return Step(ended, account.stacks(), machines, inventory(account.aws) if look else set())


def machine(account: Account, ref: str) -> Any:
    """Return the definition of a branch's state machine, or None where it is not deployed."""
    if f"AssemblyLine-{NAMES[ref]}-Shop" not in account.stacks():
        return None
    arn = account.outputs(NAMES[ref], "shop")["StateMachineArn"]
    return json.loads(account.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"])


@pytest.fixture(scope="module")
def bootstrapped(account: Account) -> Step:
    return step(account, "bootstrap", f"aws://{account.aws.account}/{account.aws.region}", "--app", "", look=True)


@pytest.fixture(scope="module")
def deployed(account: Account, bootstrapped: Step) -> list[Step]:
    assert bootstrapped.ended.status == 0, bootstrapped.ended
    return [step(account, "deploy", "--all", "--app", folder) for folder in ("a.out", "b.out")]


@pytest.fixture(scope="module")
def outcome(account: Account, deployed: list[Step]) -> Outcome:
    """A run of the line in the first branch."""
    assert [one.ended.status for one in deployed] == [0, 0], [one.ended for one in deployed]
    outputs, client, root = account.outputs(NAMES[A], "shop"), account.client, account.clone.root
    its_sample = sample.prepare(account.aws.processes, "shop", {}, root)
    sources = load_bundle("shop", root).definition.sources
    raw.put(client, bucket=outputs["RawBucket"], line="shop", sources=sources, connections={}, folder=its_sample.raw)
    machines, table = client("stepfunctions"), outputs["LedgerTable"]
    execution = start(machines, machine=outputs["StateMachineArn"], line="shop", given={})
    return follow(machines, client("dynamodb"), table=table, execution=execution, show=lambda _: None)


@pytest.fixture(scope="module")
def same(account: Account, outcome: Outcome) -> Step:
    """The difference between the branch that has run and what the CDK CLI has the app write for it."""
    assert outcome.status == "succeeded", outcome.cause
    return step(account, "diff", "-c", f"branch={A}", "-c", "owner=ann", "-c", "lines=shop")


@pytest.fixture(scope="module")
def told(account: Account, same: Step) -> Step:
    """The difference that a change of the line makes."""
    assert same.ended.status == 0, same.ended
    return step(account, "diff", "--app", "changed.out", "Shop")


@pytest.fixture(scope="module")
def changed(account: Account, told: Step) -> Step:
    assert told.ended.status == 0, told.ended
    return step(account, "deploy", "Shop", "--exclusively", "--app", "changed.out", look=True)


@pytest.fixture(scope="module")
def stopped(account: Account, changed: Step) -> Step:
    """A destroy of the first branch, whose buckets hold what its run has left."""
    assert changed.ended.status == 0, changed.ended
    return step(account, "destroy", "--all", "--force", "--app", "changed.out", look=True)


@pytest.fixture(scope="module")
def torn_down(account: Account, stopped: Step) -> Step:
    """The first branch, whose teardown goes on where the CDK CLI stopped."""
    assert stopped.ended.status == 1, stopped.ended
    ended = account.line("env", "destroy", A, "--yes")
    return Step(ended, account.stacks(), {ref: machine(account, ref) for ref in (A, B)}, inventory(account.aws))


@pytest.fixture(scope="module")
def destroyed(account: Account, torn_down: Step) -> Step:
    """The second branch, once its buckets are empty."""
    assert torn_down.ended.status == 0, torn_down.ended
    account.empty_buckets(NAMES[B])
    return step(account, "destroy", "--all", "--force", "--app", "b.out", look=True)


def test_bootstrap_makes_what_deploys_need(bootstrapped: Step) -> None:
    assert bootstrapped.ended.status == 0, bootstrapped.ended
    assert bootstrapped.stacks == {"CDKToolkit": "CREATE_COMPLETE"}


def test_two_branches_are_deployed_side_by_side(account: Account, deployed: list[Step]) -> None:
    stacks = {f"AssemblyLine-{name}-{stack}" for name in NAMES.values() for stack in ("Foundation", "Shop")}
    assert [one.ended.status for one in deployed] == [0, 0], [one.ended for one in deployed]
    assert deployed[1].stacks == dict.fromkeys({"CDKToolkit", *stacks}, "CREATE_COMPLETE")
    assert account.aws.problems == []


def test_the_deployed_state_machine_runs(outcome: Outcome) -> None:
    assert (outcome.status, outcome.cause) == ("succeeded", "")
    assert {one.status for one in outcome.stations} == {"succeeded"}


def test_nothing_differs_from_what_the_app_writes_for_the_branch(same: Step) -> None:
    assert (same.ended.status, diffs(same.ended)) == (0, []), same.ended
    assert same.ended.stdout.count("There were no differences") == 2


def test_a_change_of_the_line_is_told_and_only_that(told: Step) -> None:
    found = diffs(told.ended)
    assert {line[:3] for line in found} == {"[~]"}
    assert {line.split()[1] for line in found} == {  # the state machine, and whoever reads the line's definition
        "AWS::StepFunctions::StateMachine",
        "AWS::Glue::Job",
        "AWS::Batch::JobDefinition",
        "AWS::Lambda::Function",
        "AWS::IAM::Policy",
    }
    assert "replace" not in told.ended.stdout.lower().replace("accurate replacement", "")
    assert "Number of stacks with differences: 1" in told.ended.stdout


def test_the_change_is_deployed_and_the_other_branch_stays_as_it_is(told: Step, changed: Step) -> None:
    assert changed.ended.status == 0, changed.ended
    assert changed.stacks[f"AssemblyLine-{NAMES[A]}-Shop"] == "UPDATE_COMPLETE"
    assert changed.stacks[f"AssemblyLine-{NAMES[B]}-Shop"] == "CREATE_COMPLETE"
    assert (changed.machines[A] != told.machines[A], changed.machines[B] == told.machines[B]) == (True, True)


def test_a_destroy_stops_at_buckets_that_are_not_empty(changed: Step, stopped: Step) -> None:
    assert stopped.ended.status == 1
    assert "not empty" in "\n".join(failed(stopped.ended))
    assert stopped.stacks[f"AssemblyLine-{NAMES[A]}-Foundation"] == "DELETE_FAILED"
    assert f"AssemblyLine-{NAMES[A]}-Shop" not in stopped.stacks
    assert of(B, stopped.held) == of(B, changed.held)


def test_a_teardown_removes_what_the_destroy_left_and_nothing_of_the_other(stopped: Step, torn_down: Step) -> None:
    assert (torn_down.ended.status, of(A, torn_down.held)) == (0, set()), torn_down.ended
    assert of(B, torn_down.held) == of(B, stopped.held)
    assert torn_down.machines[B] == stopped.machines[B]


def test_both_branches_leave_nothing(account: Account, bootstrapped: Step, destroyed: Step) -> None:
    assert destroyed.ended.status == 0, destroyed.ended
    assert destroyed.stacks == bootstrapped.stacks
    of_the_account = ("s3: object cdk-", "logs: logGroups /aws-glue/jobs/output")  # assets, what every Glue job logs
    assert {one for one in destroyed.held - bootstrapped.held if not one.startswith(of_the_account)} == set()
    assert bootstrapped.held - destroyed.held == set()
    assert account.aws.problems == []


def of(ref: str, held: set[str]) -> set[str]:
    """Return what of an account is a branch's, but for the growing logs of access to its buckets."""
    names = {one for one in held if NAMES[ref] in one.replace("_", "-").lower()}
    return {one for one in names if "storageac" not in one}
