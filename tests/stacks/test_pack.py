"""A gate that cannot fail is none: faults are put into the templates, and each must be caught, by name."""

from __future__ import annotations

from functools import lru_cache

import pytest

from stacks import manual
from stacks.pack.plugin import RULES, faults
from stacks.pack.world import World, load
from tests.stacks.faults import Fault, seeded
from tests.stacks.seeds import LEFT, SEEDS
from tests.stacks.synthesis import Assembly, synthesized


@lru_cache
def world(environment: str) -> World:
    return load(synthesized(environment).directory)


def found(templates: World) -> set[tuple[str, str]]:
    """Return (rule, resource) of each fault."""
    return {(rule.id, resource.name) for rule, (resource, _) in faults(templates)}


def test_the_templates_have_no_fault(assembly: Assembly) -> None:
    assert found(world(assembly.environment)) == set()


@pytest.mark.parametrize("fault", SEEDS, ids=lambda fault: fault.name)
def test_a_fault_is_caught(fault: Fault) -> None:
    spoilt, name = seeded(world("prod"), fault)
    caught = found(spoilt)
    print(f"{fault.name}: {', '.join(sorted(f'{rule} at {resource}' for rule, resource in caught))}")
    assert (fault.rule, name) in caught


def test_what_an_environment_without_kept_data_leaves_behind_is_caught() -> None:
    spoilt, name = seeded(world("dev"), LEFT)
    assert found(spoilt) == {("NothingLeft", name)}


def test_each_rule_is_shown_to_fail() -> None:
    shown = {fault.rule for fault in (*SEEDS, LEFT)}
    assert shown == {rule.id for rule in RULES}
    assert len({fault.name for fault in SEEDS}) == len(SEEDS) >= 40


def test_rules_have_ids_of_their_own() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_the_manual_names_every_rule_and_every_accepted_cause() -> None:
    assert manual.PAGE.read_text(encoding="utf-8") == manual.page(), "docs/security-rules.md is stale: run `make docs`"
