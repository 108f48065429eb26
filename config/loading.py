"""Reading a line's folder and an environment: each mistake becomes one sentence that names file and key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config import tags
from config.branches import environment_id, normalise
from config.bundle import Bundle, path_of
from config.environment import PATTERN, Environment
from config.errors import LineError, ManyLineError, messages_of
from config.line import Line
from config.reading import read, shown

ROOT = Path(__file__).resolve().parent.parent


def line_names(root: Path = ROOT) -> list[str]:
    """Return the names of the lines: the folders of ``lines/`` that hold a line.yaml."""
    return sorted(path.parent.name for path in (root / "lines").glob("*/line.yaml"))


def environment_names(root: Path = ROOT) -> list[str]:
    """Return the names of the environments: the files of ``config/environments/``."""
    return sorted(path.stem for path in (root / "config" / "environments").glob("*.yaml"))


def load_environment(name: str, root: Path = ROOT) -> Environment:
    """Return the environment; raises LineError for an unknown name, an unknown key or a bad value."""
    path = root / "config" / "environments" / f"{name}.yaml"
    if name not in environment_names(root):
        raise LineError(
            f"environment {name!r} is unknown, expected one of {_listed(standing_names(root))}: "
            f"correct the name or add config/environments/{name}.yaml"
        )
    environment = read(path, Environment, root)
    if environment.name != name:
        raise LineError(f"{shown(path, root)}: name: {environment.name!r} is not {name!r}: give the file's own name")
    return environment


def standing_names(root: Path = ROOT) -> list[str]:
    """Return the names of the environments that stand for good: all but the pattern of the branches'."""
    return [name for name in environment_names(root) if name != PATTERN]


def load_branch(ref: str, owner: str = "", root: Path = ROOT) -> Environment:
    """Return the environment of a git branch: the pattern with a name, an owner and a ref, a tag; raises LineError."""
    pattern = load_environment(PATTERN, root)
    assert pattern.branch is not None  # noqa: S101 (the model asks for it)
    source = pattern.branch.data_from
    if source is not None and source not in standing_names(root):
        raise LineError(
            f"config/environments/{PATTERN}.yaml: branch.data_from: {source!r} is unknown, expected one of "
            f"{_listed(standing_names(root))}: correct the name"
        )
    origin = load_environment(source, root) if source is not None else pattern
    if (origin.account, origin.region) != (pattern.account, pattern.region):
        raise LineError(
            f"config/environments/{PATTERN}.yaml: branch.data_from: {source!r} is in account {origin.account}, region "
            f"{origin.region}, expected {pattern.account}, {pattern.region}: name one there, or remove it"
        )
    branch = pattern.branch.model_copy(update={"owner": owner or pattern.branch.owner})
    own = {**pattern.tags, tags.REF: tags.encoded(normalise(ref))}
    return pattern.model_copy(update={"name": environment_id(ref), "branch": branch, "tags": own})


def load_bundle(name: str, root: Path = ROOT) -> Bundle:
    """Return a line as jobs receive it; raises LineError, or ManyLineError, when its folder does not hold together."""
    folder = root / "lines" / name
    if name not in line_names(root):
        raise LineError(
            f"line {name!r} is unknown, expected one of {_listed(line_names(root))}: "
            f"correct the name or make it with `line new {name}`"
        )
    mistakes: list[str] = []
    try:
        definition = read(folder / "line.yaml", Line, root)
    except LineError as error:  # the folder is looked through all the same, so that one reading finds every mistake
        raise ManyLineError([*messages_of(error), *_incomplete(folder, root)]) from None
    mistakes += _incomplete(folder, root)
    mistakes += _disagreeing(folder, definition, root)
    if mistakes:
        raise ManyLineError(mistakes)
    return Bundle(
        definition=definition,
        curation=_statements(folder / "curation"),
        features={view: _text(path_of(folder, "features", view)) for view in definition.features},
        spine=_text(folder / "spine.sql"),
    )


def _incomplete(folder: Path, root: Path) -> Iterator[str]:
    """Yield what every line's folder must hold and this one does not."""
    if not _statements(folder / "curation"):
        yield f"{shown(folder / 'curation', root)} holds no .sql file, expected one SELECT per curated table: add one"
    if not (folder / "spine.sql").is_file():
        yield f"{shown(folder / 'spine.sql', root)} is missing, expected the SELECT whose rows are the examples: add it"
    if not (folder / "train.py").is_file():
        yield f"{shown(folder / 'train.py', root)} is missing, expected a function train(dataset, parameters): add it"


def _disagreeing(folder: Path, definition: Line, root: Path) -> Iterator[str]:
    """Yield where the definition and the folder's files say different things."""
    definition_file = shown(folder / "line.yaml", root)
    if definition.line != folder.name:
        yield (
            f"{definition_file}: line: {definition.line!r} is not the folder's name, "
            f"expected {folder.name!r}: rename one of them"
        )
    for view in definition.features:
        path = path_of(folder, "features", view)
        if not path.is_file():
            yield f"{shown(path, root)} is missing, expected the SELECT of feature view {view!r}: add it"
    for stray in sorted(set(_statements(folder / "features")) - set(definition.features)):
        yield (
            f"{shown(path_of(folder, 'features', stray), root)} is not declared: "
            f"add {stray!r} under features in line.yaml or remove the file"
        )
    curated = _statements(folder / "curation")
    for table in sorted(set(definition.curation) - set(curated)):
        yield (
            f"{definition_file}: curation.{table}: there is no such table, "
            f"expected one of {_listed(sorted(curated))}: correct the name or add its .sql file"
        )
    for table in sorted({"captured", "predictions"} & {*curated, *definition.features}):
        yield f"{definition_file}: the table name {table!r} is taken by one that every line has: choose another"
    known = {*curated, *definition.features, "predictions"}
    named = [f"tests.{table}" for table in definition.tests]
    named += [f"accepted_changes.{table}" for table in definition.accepted_changes]
    for key in named:
        if key.partition(".")[2] not in known:
            yield (
                f"{definition_file}: {key}: there is no such table, "
                f"expected one of {_listed(sorted(known))}: correct the name or add its .sql file"
            )


def _statements(folder: Path) -> dict[str, str]:
    return {path.stem: _text(path) for path in sorted(folder.glob("*.sql"))}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
