"""The CDK app: which environment, which lines, which stacks.

``cdk synth -c env=dev``, ``cdk deploy --all -c branch=feature/prices -c lines=flights``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

# isort: off
import stacks.node  # noqa: F401 (it gives jsii a Node.js, so it stands before aws_cdk)

# isort: on
import aws_cdk as cdk

from assembly_line.naming import pascal
from config import tags
from config.bundle import Bundle
from config.choice import chosen
from config.environment import Environment
from config.errors import LineError
from config.loading import ROOT, line_names, load_bundle, load_environment
from config.naming import stack_name
from config.shipped import committer
from runtime import environments
from stacks.account import add_account
from stacks.checks import add_checks
from stacks.foundation import FoundationStack
from stacks.line import LineStack
from stacks.pipeline import add_pipeline


def build(app: cdk.App, *, environment: str | Environment, lines: list[str]) -> None:
    """Put an environment's stacks into the app; raises LineError for an unknown environment or line."""
    wanted = load_environment(environment) if isinstance(environment, str) else environment
    assemble(app, wanted, {line: load_bundle(line) for line in lines})


def assemble(app: cdk.App, wanted: Environment, bundles: Mapping[str, Bundle]) -> None:
    """Put the stacks of an environment and its lines into the app."""
    common: dict[str, Any] = {
        "env": cdk.Environment(account=wanted.account, region=wanted.region),
        "termination_protection": wanted.retain_data,
        "tags": _tags(wanted),
    }
    if wanted.name == "local" or _is_embedded():  # functions on this machine use the project's own packages
        app.node.set_context("aws:cdk:bundling-stacks", [])
    foundation = FoundationStack(
        app,
        "Foundation",
        environment=wanted,
        stack_name=stack_name(wanted.name),
        synthesizer=_synthesizer(),
        **common,
    )
    _tell_of_branch(foundation, wanted)
    for line, bundle in bundles.items():
        LineStack(
            app,
            pascal(line),
            foundation=foundation,
            bundle=bundle,
            stack_name=stack_name(wanted.name, line),
            synthesizer=_synthesizer(),
            **common,
        )
    if wanted.workbench is not None and _is_embedded():
        print("workbench: left out, since the embedded AWS has no SageMaker Studio", file=sys.stderr)
    elif wanted.workbench is not None:
        from stacks.workbench import WorkbenchStack  # which few environments have: the others do not wait for it

        WorkbenchStack(
            app,
            "Workbench",
            foundation=foundation,
            wanted=wanted.workbench,
            stack_name=stack_name(wanted.name, "workbench"),
            synthesizer=_synthesizer(),
            **common,
        )


def _is_embedded() -> bool:
    """Tell whether the CDK CLI deploys to an embedded AWS on this machine, whatever the environment."""
    return urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in ("127.0.0.1", "localhost")


def _tags(environment: Environment) -> dict[str, str]:
    """Return the tags of every resource. None may ever change: a Batch queue with other tags is another queue."""
    standing = {tags.PROTECTED: "true"} if environment.protected else {}
    return {tags.PROJECT: tags.PROJECT_VALUE, tags.ENVIRONMENT: environment.name, **standing, **environment.tags}


def _tell_of_branch(foundation: FoundationStack, environment: Environment) -> None:
    """Say in outputs, which may change, whose a branch's environment is and how long it lives without a deploy."""
    branch = environment.branch
    if branch is not None:
        cdk.CfnOutput(foundation, environments.OWNER, value=branch.owner or "unknown")
        cdk.CfnOutput(foundation, environments.TTL_DAYS, value=str(branch.ttl_days))


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
    try:
        _fill(app)
    except LineError as error:
        print(error, file=sys.stderr)
        return 1
    add_checks(app)
    app.synth()
    return 0


def _fill(app: cdk.App) -> None:
    """Put in what the context asks for: an environment's stacks, or those that stand beside all environments."""
    context, credentials = app.node.try_get_context, os.environ.get("CDK_DEFAULT_ACCOUNT", "")
    for key, add in _BESIDE.items():
        name = context(key)
        if name is not None:
            if any(context(other) is not None for other in ("env", "branch", *(_BESIDE.keys() - {key}))):
                raise LineError(
                    f"context: {key}={name!r} names an environment's account by itself: leave the rest away"
                )
            add(app, environment=chosen({"env": name}.get, account=credentials), synthesizer=_synthesizer())
            return
    lines = context("lines")
    environment = chosen(context, owner=os.environ.get("GITHUB_ACTOR") or committer(), account=credentials)
    build(
        app,
        environment=environment,
        lines=[name.strip() for name in lines.split(",")] if lines else line_names(),
    )


_BESIDE: dict[str, Any] = {"account": add_account, "pipeline": add_pipeline}


if __name__ == "__main__":
    sys.exit(main())
