"""Two environments whose names begin alike, torn down or lived in at the same time: not one call touches the other."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from config.branches import environment_id
from config.naming import slug
from runtime.endpoint import names_prefix
from tests.runtime.teardown.account import Account
from tests.runtime.teardown.attempts import attempt
from tests.runtime.teardown.environments import build, standing
from tests.runtime.teardown.services import Services
from tests.runtime.teardown.turns import Turns

SHORT = environment_id("b")
PAIRS = [("b", SHORT), ("dev", "dev-flights"), ("feature/a", "feature-a"), ("qa", "prod")]
"""Of the first pair one id begins with the other: a branch is called like the environment of ``b``."""


def lines_of(first: str, second: str) -> list[tuple[str, ...]]:
    """A line of the first whose full name is the name of the second environment, where there can be one."""
    rest = second.removeprefix(f"{first}-")
    return [("flights", rest if rest != second else "fleet"), ("flights",)]


def lives(account: Account, environment: str, chance: random.Random) -> Callable[[], None]:
    """Runs start, objects are written, models come into service, somebody looks at the stacks: as in any day."""

    def act() -> None:
        bucket = next(name for name in account.named("bucket", f"assemblyline-{environment}-lake"))
        for number in range(20):
            Services(account)("cloudformation").describe_stacks()  # where others may take their turn
            kind = chance.choice(["object", "execution", "model", "loggroup"])
            name = f"{environment}-{number}"
            match kind:
                case "object":
                    account.add(kind, name, environment, bucket=bucket)
                case "execution":
                    account.add(kind, name, environment, machine=f"machine-{slug(environment, 'flights')}")
                case "model":
                    account.add(kind, f"{names_prefix(slug(environment, 'flights'))}{number:010x}", environment)
                case _:
                    account.add(kind, f"/aws/sagemaker/Endpoints/{name}", environment)

    return act


def test_one_id_may_begin_with_another() -> None:
    assert environment_id(SHORT).startswith(f"{SHORT}-")


@pytest.mark.parametrize(
    "seeds", [range(200), pytest.param(range(200, 1000), marks=pytest.mark.thorough)], ids=["some", "many"]
)
def test_no_call_of_a_teardown_touches_another_environment(seeds: range) -> None:
    switches = sum(interleaved(seed) for seed in seeds)

    assert switches > 30 * len(seeds)


def interleaved(seed: int) -> int:
    """Tear one environment down while another is torn down, or lived in; returns how often they took turns."""
    chance, account, refs = random.Random(seed), Account(), PAIRS[seed % len(PAIRS)]
    first, second = (environment_id(ref) for ref in refs)
    build(account, "dev")
    for environment, ref, lines in zip((first, second), refs, lines_of(first, second), strict=True):
        build(account, environment, lines, ref=ref)
    before, mine, turns = standing(account, "dev"), len(account.of(second)), Turns(account, seed)
    doomed = chance.random() < 0.5
    other = (lambda: attempt(account, second)) if doomed else lives(account, second, chance)
    turns.run({first: lambda: attempt(account, first), second: other})

    assert turns.raised == {}, seed
    assert [change for change in turns.changed if change[0] != change[2]] == [], seed
    assert account.of(first) == [], seed
    assert account.of(second) == [] if doomed else len(account.of(second)) >= mine, seed
    assert standing(account, "dev") == before, seed
    return turns.switches
