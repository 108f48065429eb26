"""``line up``: an embedded AWS that stays, and how to reach it."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from cli import sample
from cli.assembly import assembly_key
from cli.ending import UsageError, tell
from cli.running import announced, find
from cli.site import ENVIRONMENT, OwnSite, empty_site, own_site
from cli.world import predictions_url
from config.environment import PATTERN
from config.errors import LineError
from config.loading import line_names, load_bundle, load_environment
from local.processes import Processes


def stay_up(lines: Sequence[str], *, port: int, first: str | None) -> int:
    """Deploy the lines, say how to reach them, and stay until Ctrl-C; ``first`` is run once it is up."""
    names = _names(lines, first)
    _refuse_a_second()
    try:
        tell(f"synthesizing and deploying {', '.join(names)}", kind="")
        with (
            own_site(names, port=port, beside=_requests(names)) as (site, requests),
            announced(site, lines=names, assembly=assembly_key(names)),
        ):
            explain(site, requests)
            if first is not None:
                from cli.run import run_line

                run_line(first, given=[], raw=None, as_json=False, port=None)
            threading.Event().wait()
    except KeyboardInterrupt:
        tell("ended: the embedded AWS and everything that it started", kind="")
    return 0


def stay_up_empty(lines: Sequence[str], *, port: int, environment: str | None) -> int:
    """Deploy nothing, say how the CDK CLI deploys, and stay until Ctrl-C; ``environment`` names account and region."""
    if lines:
        raise UsageError(f"--empty deploys nothing, and lines are named ({', '.join(lines)}): leave one of them out")
    name = environment or ENVIRONMENT
    _refuse_a_second()
    try:
        with empty_site(name, port=port) as site, announced(site, lines=[], assembly=""):
            Console(highlight=False).print(Text("\n".join(_how_to_deploy(site, name))), soft_wrap=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        tell("ended: the embedded AWS and everything that was deployed in it", kind="")
    return 0


def _refuse_a_second() -> None:
    running = find()
    if running is not None:
        raise LineError(
            f"a `line up` runs already, as process {running.said.pid} at {running.endpoint}: "
            "use it, or end it with Ctrl-C"
        )


def _how_to_deploy(site: OwnSite, name: str) -> Iterator[str]:
    account = f"aws://{site.aws.account}/{site.region}"
    which = "-c branch=feature/a" if name == PATTERN else f"-c env={name}"
    yield f"\nAn empty embedded AWS is up at {site.endpoint}, {account}. Ctrl-C ends it.\n"
    yield "In another shell, the pinned CDK CLI deploys to it:"
    yield f"  line cdk bootstrap {which}"
    yield f"  line cdk deploy --all {which}"
    yield f"  line cdk diff {which}"
    yield f"  line cdk destroy --all --force {which}\n"


def explain(site: OwnSite, requests: Mapping[str, Mapping[str, Any]], console: Console | None = None) -> None:
    """Print how to point the AWS CLI, boto3 and curl at the embedded AWS."""
    out = console or Console(highlight=False)
    out.print(Text("\n".join(_explanation(site, requests))), soft_wrap=True)


def _explanation(site: OwnSite, requests: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield f"\nThe embedded AWS is up at {site.endpoint}, region {site.region}. Ctrl-C ends it.\n"
    yield "In another shell:"
    yield f"  export AWS_ENDPOINT_URL={site.endpoint} AWS_DEFAULT_REGION={site.region}"
    yield "  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n"
    for line, request in requests.items():
        outputs = site.outputs(line)
        yield f"{line}:"
        yield f"  line run {line}"
        yield f"  aws stepfunctions list-executions --state-machine-arn {outputs['StateMachineArn']}"
        yield f"  aws s3 ls s3://{outputs['LakeBucket']}/runs/{line}/"
        yield f"  aws dynamodb scan --table-name {outputs['PredictionsTable']} --max-items 3"
        if "RestUrl" in outputs:
            yield (
                f'  curl --aws-sigv4 "aws:amz:{site.region}:execute-api" --user test:test'
                f" -X POST -H 'content-type: application/json'"
                f" -d {shlex.quote(json.dumps(request))} {predictions_url(outputs)}"
            )
        yield ""
    yield "Python:"
    yield (
        f'  boto3.client("s3", endpoint_url="{site.endpoint}", region_name="{site.region}",'
        ' aws_access_key_id="test", aws_secret_access_key="test")\n'
    )


def _names(lines: Sequence[str], first: str | None) -> list[str]:
    known = line_names()
    for name in (*lines, *([first] if first is not None else [])):
        if name not in known:
            raise UsageError(
                f"line {name!r} is unknown, expected one of {', '.join(known) or 'none'}: correct the name"
            )
    names = list(dict.fromkeys([*lines, *([first] if first is not None and lines else [])])) or known
    if not names:
        raise UsageError("there is no line yet: make one with `line new NAME`")
    for name in names:
        load_bundle(name)
    return names


def _requests(names: Sequence[str]) -> Any:
    """Return what makes one sample request for each line; a line whose sample fails shows an empty one."""

    def make(processes: Processes) -> dict[str, dict[str, Any]]:
        given = load_environment(ENVIRONMENT).parameters
        requests: dict[str, dict[str, Any]] = {}
        for name in names:
            try:
                requests[name] = sample.prepare(processes, name, given.get(name, {})).request
            except LineError as error:
                tell(str(error), kind="note: ")
                requests[name] = {}
        return requests

    return make
