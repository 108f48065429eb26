"""``line redrive``: a consumer's dead letters, shown with their reasons and, when one says so, moved back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.ending import UsageError
from cli.running import check_line, site_of
from cli.site import ENVIRONMENT, stack_of
from config.errors import LineError
from config.loading import ROOT, load_bundle, load_environment
from config.naming import pascal
from runtime.delivery import dead_letters
from runtime.delivery.dead_letters import Letter, Letters

LETTERS = "ConsumerDeadLettersUrl"
_SHOWN = 20
_MASK = "***"


def redrive_line(
    line: str,
    consumer: str,
    *,
    environment: str,
    yes: bool,
    as_json: bool,
    ask: Callable[[str], bool],
    root: Path = ROOT,
) -> int:
    """Show what lies in a consumer's dead-letter queue and, when told so, move it back; returns the exit status.

    With ``as_json`` nobody is asked: without ``yes`` nothing is moved, and ``moved`` is null.
    """
    check_line(line, root)
    bundle = load_bundle(line, root)
    client, outputs = _place(line, environment, root)
    url = _letters(outputs, line, consumer)
    sqs = client("sqs")
    hidden = bundle.definition.dataset.id in bundle.definition.personal
    found = dead_letters.look(sqs, url)
    if not as_json:
        show(found, f"{line}: dead letters of {consumer}", hidden=hidden)
    go = found.count > 0 and (yes or (not as_json and ask(f"Move {found.count} back to the queue of {consumer}?")))
    moved = dead_letters.redrive(sqs, url) if go else None
    if as_json:
        letters = [asdict(_masked(letter) if hidden else letter) for letter in found.first]
        told = {"line": line, "consumer": consumer, "environment": environment, "dead_letters": found.count}
        print(json.dumps({**told, "letters": letters, "moved": moved}, indent=2))
    elif moved is not None:
        print(f"{line}: {moved} of {found.count} dead letters went back to the queue of {consumer}")
    elif found.count:
        print(f"{line}: nothing was moved")
    return 0


def show(found: Letters, title: str, *, hidden: bool, console: Console | None = None) -> None:
    """Print how many there are and the first of them."""
    out = console or Console(highlight=False)
    if not found.count:
        out.print(Text(f"{title}: none"))
        return
    table = Table(title=f"{title}: {found.count}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column, justify in (("event", "left"), ("age", "right"), ("received", "right"), ("reason", "left")):
        table.add_column(column, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for letter in found.first[:_SHOWN]:
        told = _masked(letter) if hidden else letter
        table.add_row(Text(told.event or "?"), _age(told.age_seconds), str(told.received), Text(told.reason))
    out.print(table)
    if found.count > _SHOWN:
        out.print(f"and {found.count - min(_SHOWN, len(found.first))} more", style="dim")


def _masked(letter: Letter) -> Letter:
    """An event id holds the id, which the line's ``personal`` may want to be shown nowhere."""
    return Letter(_MASK if letter.event else "", letter.reason, letter.age_seconds, letter.received)


def _age(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _letters(outputs: Mapping[str, str], line: str, consumer: str) -> str:
    """Return the URL of a consumer's dead-letter queue; raises UsageError for one that the line does not have."""
    wanted = f"{LETTERS}{pascal(consumer)}"
    if wanted not in outputs:
        known = ", ".join(sorted(name.removeprefix(LETTERS).lower() for name in outputs if name.startswith(LETTERS)))
        raise UsageError(
            f"line {line!r} has no consumer {consumer!r}, expected one of {known or 'none'}: correct the name or add "
            f"it under delivery.topics in lines/{line}/line.yaml"
        )
    return outputs[wanted]


def _place(line: str, environment: str, root: Path) -> tuple[Callable[[str], Any], Mapping[str, str]]:
    """Return what makes clients, and the outputs of the line's stack, in a running ``line up`` or on AWS."""
    if environment == ENVIRONMENT:
        site = site_of(line, "only there does this machine have queues", root)
        return site.client, site.outputs(line)
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    session = boto3.Session(region_name=load_environment(environment, root).region)
    make: Callable[[str], Any] = session.client  # type: ignore[assignment]
    stack = stack_of(line, environment)
    try:
        (found,) = make("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise LineError(
            f"the stack {stack!r} could not be read on AWS: {error}: sign in to the account of environment "
            f"{environment!r}, and deploy it there"
        ) from None
    return make, {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
