"""What cdk-nag, cfn-lint and our own audit of acknowledgements say of each environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

import app
from assembly_line import permissions
from tests.stacks.synthesis import LINE, Assembly, resolved, synthesized

ACKNOWLEDGED = "aws:cdk:acknowledged-rules"

MACHINE = "AWS::StepFunctions::StateMachine"

Finding = tuple[str, str]
"""Path of a construct, and the finding's id."""


def accepted(assembly: Assembly) -> Iterator[tuple[Finding, str]]:
    """Yield each finding of cdk-nag that was accepted, with its reason."""
    for file in assembly.directory.glob("*.metadata.json"):
        for path, entries in json.loads(file.read_text()).items():
            for entry in entries:
                if entry["type"] == ACKNOWLEDGED:
                    for rule, reason in entry["data"].items():
                        if "AwsSolutions" in rule:  # CDK accepts findings of its own validation in the same way
                            yield (path.strip("/"), rule.removeprefix("Annotation::")), reason


def found(environment: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> set[Finding]:
    """Return everything that cdk-nag finds when nothing is accepted."""
    monkeypatch.setattr(permissions, "Validations", _Deaf)
    made = app.new_app(outdir=str(directory), context={"aws:cdk:bundling-stacks": []})
    app.build(made, environment=environment, lines=[LINE])
    violations = AwsSolutionsChecks(made).validate_scope(made).violations
    return {
        (at.construct_path or "", violation.rule_name)
        for violation in violations
        for at in violation.violating_resources
    }


class _Deaf:
    """Hears no acknowledgement."""

    @classmethod
    def of(cls, _: object) -> _Deaf:
        return cls()

    def acknowledge(self, *_: object) -> None:
        pass


def covers(acceptance: Finding, finding: Finding) -> bool:
    return acceptance[1] == finding[1] and f"{finding[0]}/".startswith(f"{acceptance[0]}/")


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_what_cdk_nag_finds_is_what_was_accepted(
    environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acceptances = {finding for finding, _ in accepted(synthesized(environment))}
    findings = found(environment, tmp_path, monkeypatch)
    assert findings
    assert [one for one in findings if not any(covers(other, one) for other in acceptances)] == []
    assert [one for one in acceptances if not any(covers(one, other) for other in findings)] == []


def test_each_finding_is_accepted_with_a_reason_on_a_construct_of_its_own(assembly: Assembly) -> None:
    acceptances = dict(accepted(assembly))
    assert [finding for finding, reason in acceptances.items() if len(reason) < permissions.SHORTEST_REASON] == []
    assert [path for path, _ in acceptances if path.count("/") < 2] == []  # neither the app nor a stack as a whole


@pytest.mark.parametrize("environment", [pytest.param("local", marks=pytest.mark.thorough), "prod"])
def test_cfn_lint_is_clean_also_with_the_state_machine_resolved(environment: str) -> None:
    assembly = synthesized(environment)
    region = "us-east-1" if environment == "local" else "eu-central-1"
    for stack, template in assembly.templates.items():
        assert [str(match) for match in lint(json.dumps(template), config=ManualArgs(regions=[region]))] == []
        alone = {
            logical_id: {"Type": MACHINE, "Properties": resource["Properties"]}
            for logical_id, resource in resolved(assembly, stack)["Resources"].items()
            if resource["Type"] == MACHINE
        }
        if alone:  # cfn-lint reads a definition only where no function stands in it
            matches = lint(json.dumps({"Resources": alone}), config=ManualArgs(regions=[region]))
            assert [str(match) for match in matches] == []
