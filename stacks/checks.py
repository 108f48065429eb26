"""What templates must pass before they are written: four packs of cdk-nag and one of our own."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from stacks.accepted import accept
from stacks.pack.plugin import AssemblyLinePack

REPORT = "validation-report.json"


@dataclass(frozen=True)
class Finding:
    """What a pack says of a construct; where it was accepted, ``reason`` says why and ``accepted_at`` on which."""

    pack: str
    rule: str
    path: str
    says: str
    reason: str = ""
    accepted_at: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}: {self.says}"


def add_checks(app: cdk.App) -> None:
    """Let every pack look at every resource, unless CDK_VALIDATION=false asks for speed."""
    if os.environ.get("CDK_VALIDATION", "").lower() in ("false", "0"):
        return
    # a second jsii module: its import costs as much as a small synth
    from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks

    accept(app)
    nag = (AwsSolutionsChecks, NIST80053R5Checks, HIPAASecurityChecks, PCIDSS321Checks)
    cdk.Validations.of(app).add_plugins(*(pack(app) for pack in nag), AssemblyLinePack())


def check(scope: IConstruct) -> list[Finding]:
    """Synthesize a construct's app as it is deployed and return all that the packs found, also what was accepted."""
    app = scope.node.root
    assert isinstance(app, cdk.App)  # noqa: S101
    add_checks(app)
    folder = Path(app.outdir)
    try:
        app.synth(force=True)
    except RuntimeError:  # it failed by a finding, and has told of it in its report, or by something else
        if not (folder / REPORT).is_file():
            raise
    return findings(folder)


def findings(assembly: Path) -> list[Finding]:
    """Return what the packs found when an assembly was made."""
    report: dict[str, Any] = json.loads((assembly / REPORT).read_text(encoding="utf-8"))
    return [
        Finding(
            pack=pack["pluginName"],
            rule=one["ruleName"],
            path=construct.get("constructPath", ""),
            says="; ".join(filter(None, (one["description"], one.get("suggestedFix") or one.get("fix")))),
            reason=one.get("reason", ""),
            accepted_at=one.get("acknowledgedAt", ""),
        )
        for pack in report["pluginReports"]
        for one in [*pack["violations"], *pack.get("suppressedViolations", [])]
        for construct in one["violatingConstructs"]
    ]
