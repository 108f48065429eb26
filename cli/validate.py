"""``line validate``: every mistake that can be found without running anything."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cli.ending import FAILED, tell
from cli.rehearsal import rehearse
from cli.running import check_line
from cli.sql import portability_mistakes
from config import account
from config.bundle import Bundle
from config.connections import lent, used
from config.environment import Environment
from config.errors import LineError, messages_of
from config.loading import ROOT, environment_names, line_names, load_bundle, load_environment
from config.parameters import resolve
from config.reading import shown
from config.sources import DatabaseSource, LineSource
from runtime.sources import queries

_FUNCTIONS = {"train.py": ("train",), "sample.py": ("raw", "ground_truth", "request")}


def validate_lines(line: str | None, root: Path = ROOT) -> int:
    """Print a table of what was looked at and every mistake on stderr; returns the exit status."""
    if line is not None:
        check_line(line, root)
    found = {name: line_mistakes(name, root) for name in ([line] if line is not None else line_names(root))}
    if line is None:
        found |= {f"environment {name}": environment_mistakes(name, root) for name in environment_names(root)}
        found |= {"accounts": account_mistakes(root)} if (root / account.FILE).is_file() else {}
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("looked at")
    table.add_column("mistakes", justify="right")
    for name, mistakes in found.items():
        table.add_row(name, str(len(mistakes)), style="red" if mistakes else "")
    Console(highlight=False).print(table)
    for mistakes in found.values():
        for mistake in mistakes:
            tell(mistake)
    return FAILED if any(found.values()) else 0


def line_mistakes(name: str, root: Path = ROOT) -> list[str]:
    """Return every mistake in a line's folder, in the order in which the line is read."""
    python = list(_python_mistakes(root / "lines" / name, root))
    try:
        bundle = load_bundle(name, root)
    except LineError as error:
        return [*messages_of(error), *python]
    return [
        *_override_mistakes(name, bundle, root),
        *_connection_mistakes(bundle, root),
        *_line_mistakes(bundle, root),
        *(rehearse(bundle) or portability_mistakes(bundle, root)),
        *_query_mistakes(bundle),
        *python,
    ]


def environment_mistakes(name: str, root: Path = ROOT) -> list[str]:
    """Return every mistake in an environment's file."""
    try:
        load_environment(name, root)
    except LineError as error:
        return list(messages_of(error))
    return []


def account_mistakes(root: Path = ROOT) -> list[str]:
    """Return every mistake in what accounts share, and each account that branches may not share with kept data."""
    found: list[str] = []
    try:
        account.load_account(root)
    except LineError as error:
        found += messages_of(error)
    for number in {made.account: made for made in _environments(root)}:
        try:
            account.deployers(number, root)
        except LineError as error:
            found += [str(error)] if str(error).startswith("account ") else []  # a file's own are told with the file
    return found


def _environments(root: Path) -> Iterator[Environment]:
    """Yield the environments whose files can be read."""
    for name in environment_names(root):
        with contextlib.suppress(LineError):
            yield load_environment(name, root)


def _override_mistakes(name: str, bundle: Bundle, root: Path) -> Iterator[str]:
    """Yield where an environment gives a parameter of the line a name or a value that it cannot have."""
    for environment in environment_names(root):
        try:
            given = load_environment(environment, root).parameters.get(name, {})
            resolve(bundle.definition.parameters, given)
        except LineError as error:
            yield f"config/environments/{environment}.yaml: parameters.{name}: {error}"


def _connection_mistakes(bundle: Bundle, root: Path) -> Iterator[str]:
    """Yield where a source reads, or a channel delivers into, a connection that an environment lacks."""
    line = bundle.definition
    for environment in environment_names(root):
        looks = (partial(used, line.sources), partial(lent, line.delivery.tables))
        for look in looks:
            try:
                look(load_environment(environment, root).connections, environment=environment, line=line.line)
            except LineError as error:
                if not str(error).startswith("config/"):  # the environment's own mistakes are told with it
                    yield str(error)


def _line_mistakes(bundle: Bundle, root: Path) -> Iterator[str]:
    """Yield where a source names a line or a table that is not there."""
    own = bundle.definition.line
    for name, source in bundle.definition.sources.items():
        if not isinstance(source, LineSource):
            continue
        subject = f"lines/{own}/line.yaml: sources.{name}"
        others = [other for other in line_names(root) if other != own]
        if source.line not in others:
            allowed = ", ".join(others) or "none"
            yield f"{subject}.line: {source.line!r} is not another line, expected one of {allowed}: correct the name"
            continue
        try:
            other = load_bundle(source.line, root)
        except LineError:
            continue  # its own mistakes are told with it
        tables = sorted({*other.curation, *other.features, "predictions"})
        if source.table not in tables:
            yield (
                f"{subject}.table: line {source.line!r} has no table {source.table!r}, "
                f"expected one of {', '.join(tables)}: correct the name"
            )


def _query_mistakes(bundle: Bundle) -> Iterator[str]:
    """Yield where a query for a database is not one SELECT or names a parameter that is not declared."""
    line = bundle.definition
    parameters = resolve(line.parameters, {})
    for name, source in line.sources.items():
        if isinstance(source, DatabaseSource):
            subject = f"lines/{line.line}/line.yaml: sources.{name}"
            try:
                queries.select(name, source, "postgresql", parameters, subject)
                queries.version(source, "postgresql", parameters, subject)
            except LineError as error:
                yield str(error)


def _python_mistakes(folder: Path, root: Path) -> Iterator[str]:
    for file, functions in _FUNCTIONS.items():
        path = folder / file
        if not path.is_file():
            continue  # a missing train.py is told by the folder's reading; sample.py is for runs on this machine only
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            yield f"{shown(path, root)}:{error.lineno}: {error.msg}: correct it"
            continue
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        for function in functions:
            if function not in defined:
                yield f"{shown(path, root)}: has no function {function!r}: add it"
