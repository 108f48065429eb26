"""Where a line runs: an embedded AWS of this command's own, or that of a ``line up`` that runs already."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cli.assembly import synthesize
from config.loading import ROOT, load_environment
from config.naming import stack_name
from local.processes import Processes

if TYPE_CHECKING:
    from local.server import EmbeddedAws

T = TypeVar("T")

ENVIRONMENT = "local"
VARIABLE = "LINE_ENVIRONMENT"
"""What a space of the workbench says, so that its notebooks and terminals read the environment that it belongs to."""

FOUNDATION = stack_name(ENVIRONMENT)


def meant() -> str:
    """Return the environment that whoever names none means to read."""
    return os.environ.get(VARIABLE) or ENVIRONMENT


def stack_of(line: str, environment: str = ENVIRONMENT) -> str:
    """Return the name of the line's stack."""
    return stack_name(environment, line)


class Readable(Protocol):
    """Where a line is deployed, as far as reading goes."""

    def client(self, service: str) -> Any:
        """Return a boto3 client that acts as the operator."""

    def outputs(self, line: str) -> dict[str, str]:
        """Return the outputs of the foundation and of the line's stack."""


class Site(Readable, Protocol):
    """What a run needs of an embedded AWS."""

    @property
    def endpoint(self) -> str:
        """Where every service answers."""

    @property
    def region(self) -> str:
        """The region that its resources are in."""

    def grants(self) -> dict[str, int]:
        """Return how many calls were allowed and denied, how many grants nothing used, and how many lack a reason."""

    def evaluate_alarms(self) -> None:
        """Let every alarm look at its metric now."""

    def problems(self) -> list[str]:
        """Return what could not be delivered, e.g. an event to its target."""


class ClockedSite(Site, Protocol):
    """An embedded AWS whose clock can be set."""

    def set_clock(self, moment: dt.datetime | None) -> None:
        """Let the embedded AWS's clock show a moment now; None is the machine's own."""

    def advance(self, to: dt.datetime, *, last: int | None = None, only: Sequence[str] | None = None) -> list[str]:
        """Advance its clock, fire what comes due on the way; returns the names of the schedules that fired."""


@dataclass(frozen=True)
class OwnSite:
    """An embedded AWS in this process, with stacks deployed in it."""

    aws: EmbeddedAws

    @property
    def deployed(self) -> dict[str, dict[str, str]]:
        """The outputs of every stack that is there, whoever deployed it."""
        from local.deployment import outputs_of

        return {stack.name: outputs_of(self.aws, stack) for stack in self.aws.stacks.present()}

    @property
    def endpoint(self) -> str:
        return self.aws.endpoint

    @property
    def region(self) -> str:
        return self.aws.region

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def outputs(self, line: str) -> dict[str, str]:
        deployed = self.deployed
        return {**deployed[FOUNDATION], **deployed[stack_of(line)]}

    def grants(self) -> dict[str, int]:
        found = self.aws.grants()
        return {
            "allowed": found.allowed,
            "denied": found.denied,
            "unused": sum(1 for grant in found.each if not grant.used),
            "unexplained": sum(1 for grant in found.each if not grant.explained),
        }

    def each_grant(self) -> dict[str, Any]:
        """Return every grant with its use or reason, and every denial, as JSON would have them."""
        found = self.aws.grants()
        return {"grants": [asdict(grant) for grant in found.each], "denials": [list(one) for one in found.denials]}

    def evaluate_alarms(self) -> None:
        from local import alarms

        alarms.evaluate(self.aws)

    def problems(self) -> list[str]:
        return list(self.aws.problems)

    def set_clock(self, moment: dt.datetime | None) -> None:
        self.aws.clock.set(moment)

    def advance(self, to: dt.datetime, *, last: int | None = None, only: Sequence[str] | None = None) -> list[str]:
        from local import schedules

        return [name for _, name in schedules.advance(self.aws, to, last=last, only=only)]

    def runs(self) -> bool:
        """Whether an execution of any line is under way."""
        client = self.client("stepfunctions")
        machines = client.list_state_machines()["stateMachines"]
        return any(
            client.list_executions(stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING")["executions"]
            for machine in machines
        )

    def callers(self) -> list[str]:
        """Return the names of the roles on which calls were made."""
        return sorted({decision.role for decision, _ in self.aws.authorizer.decisions()})


@contextmanager
def own_site(
    lines: Sequence[str], *, port: int, beside: Callable[[Processes], T], root: Path = ROOT
) -> Iterator[tuple[OwnSite, T]]:
    """Start an embedded AWS while the lines are synthesized, deploy them, and end everything at the end.

    What ``beside`` does with child processes is done at the same time; its result is given with the site.
    """
    _reach_loopback_directly()
    with ThreadPoolExecutor() as pool, closing(Processes()) as processes:
        synthesis = pool.submit(synthesize, processes, lines, root)
        other = pool.submit(beside, processes)
        from cli.env_deployed import tell_here
        from local.server import EmbeddedAws

        with EmbeddedAws(port=port, warm=True) as aws:
            aws.deploy(synthesis.result())
            tell_here(aws.client("events"), root=root)
            yield OwnSite(aws=aws), other.result()


@contextmanager
def empty_site(environment: str, *, port: int) -> Iterator[OwnSite]:
    """Start an embedded AWS in which nothing is deployed, in an environment's account and region."""
    _reach_loopback_directly()
    wanted = load_environment(environment)
    from local.server import EmbeddedAws

    with EmbeddedAws(port=port, account=wanted.account, region=wanted.region, warm=True) as aws:
        yield OwnSite(aws=aws)


def _reach_loopback_directly() -> None:
    """Keep this process's own clients off a proxy of the machine."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))
