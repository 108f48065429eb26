"""The CDK app: which environment, which lines, which stacks. ``cdk synth -c env=dev -c lines=flights``."""

from __future__ import annotations

import json
import sys
from typing import Any

# isort: off
import stacks.node  # noqa: F401 (it gives jsii a Node.js, so it stands before aws_cdk)

# isort: on
import aws_cdk as cdk

from assembly_line.naming import pascal
from config.errors import LineError
from config.loading import ROOT, line_names, load_bundle, load_environment
from stacks.checks import add_checks
from stacks.foundation import FoundationStack
from stacks.line import LineStack


def build(app: cdk.App, *, environment: str, lines: list[str]) -> None:
    """Put an environment's stacks into the app; raises LineError for an unknown environment or line."""
    chosen = load_environment(environment)
    bundles = {line: load_bundle(line) for line in lines}
    common: dict[str, Any] = {
        "env": cdk.Environment(account=chosen.account, region=chosen.region),
        "termination_protection": chosen.retain_data,
        "tags": {"project": "assembly-line", "environment": chosen.name, **chosen.tags},
    }
    prefix = f"AssemblyLine-{chosen.name}"
    if chosen.name == "local":  # functions on this machine use the project's own packages
        app.node.set_context("aws:cdk:bundling-stacks", [])
    foundation = FoundationStack(
        app, "Foundation", environment=chosen, stack_name=f"{prefix}-Foundation", synthesizer=_synthesizer(), **common
    )
    for line, bundle in bundles.items():
        LineStack(
            app,
            pascal(line),
            foundation=foundation,
            bundle=bundle,
            stack_name=f"{prefix}-{pascal(line)}",
            synthesizer=_synthesizer(),
            **common,
        )


def new_app(**options: Any) -> cdk.App:
    """Return an empty app with the feature flags of cdk.json, which only the CDK CLI would pass by itself."""
    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return cdk.App(
        context={**flags, **options.pop("context", {})},
        analytics_reporting=False,
        tree_metadata=False,
        stack_traces=False,
        **options,
    )


def _synthesizer() -> cdk.DefaultStackSynthesizer:
    # the CLI checks the bootstrap stack's version itself; a rule in each template would only repeat it
    return cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False)


def main(app: cdk.App | None = None) -> int:
    """Write the templates that the context asks for; a mistake is told in one line on stderr."""
    app = app or new_app()
    chosen = app.node.try_get_context("lines")
    try:
        build(
            app,
            environment=app.node.try_get_context("env") or "local",
            lines=[name.strip() for name in chosen.split(",")] if chosen else line_names(),
        )
    except LineError as error:
        print(error, file=sys.stderr)
        return 1
    add_checks(app)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
