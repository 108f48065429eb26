"""Reading a line's folder and an environment's YAML; each mistake becomes one LineError that names file and key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from config.bundle import Bundle, path_of
from config.environment import Environment
from config.errors import LineError
from config.line import Line

ROOT = Path(__file__).resolve().parent.parent
M = TypeVar("M", bound=BaseModel)


def line_names(root: Path = ROOT) -> list[str]:
    """Return the names of the lines: the folders of ``lines/`` that hold a line.yaml."""
    return sorted(path.parent.name for path in (root / "lines").glob("*/line.yaml"))


def environment_names(root: Path = ROOT) -> list[str]:
    return sorted(path.stem for path in (root / "config" / "environments").glob("*.yaml"))


def load_environment(name: str, root: Path = ROOT) -> Environment:
    """Return the environment; raises LineError for an unknown name, an unknown key or a bad value."""
    path = root / "config" / "environments" / f"{name}.yaml"
    if not path.is_file():
        raise LineError(
            f"environment {name!r} is unknown, expected one of {', '.join(environment_names(root))}: "
            f"correct the name or add config/environments/{name}.yaml"
        )
    environment = _parse(path, Environment, root)
    if environment.name != name:
        raise LineError(f"{_shown(path, root)}: name: {environment.name!r} is not {name!r}: give the file's own name")
    return environment


def load_bundle(name: str, root: Path = ROOT) -> Bundle:
    """Return a line as jobs receive it; raises LineError when its folder does not hold together."""
    folder = root / "lines" / name
    if not (folder / "line.yaml").is_file():
        raise LineError(
            f"line {name!r} is unknown, expected one of {', '.join(line_names(root)) or 'none'}: "
            f"correct the name or make it with `line new {name}`"
        )
    definition = _parse(folder / "line.yaml", Line, root)
    if definition.line != name:
        raise LineError(
            f"{_shown(folder / 'line.yaml', root)}: line: {definition.line!r} is not the folder's name, "
            f"expected {name!r}: rename one of them"
        )
    curation = {path.stem: path.read_text() for path in sorted((folder / "curation").glob("*.sql"))}
    if not curation:
        raise LineError(f"lines/{name}/curation holds no .sql file, expected one SELECT per curated table: add one")
    features = {
        view: _sql(path_of(folder, "features", view), root, f"feature view {view!r}") for view in definition.features
    }
    stray = sorted({path.stem for path in (folder / "features").glob("*.sql")} - set(definition.features))
    if stray:
        raise LineError(
            f"lines/{name}/features/{stray[0]}.sql is not declared: add {stray[0]!r} under features in line.yaml "
            "or remove the file"
        )
    spine = _sql(folder / "spine.sql", root, "the spine")
    if not (folder / "train.py").is_file():
        raise LineError(f"lines/{name}/train.py is missing, expected a function train(dataset, parameters): add it")
    known = {*curation, *features, "predictions"}
    for table in definition.tests:
        if table not in known:
            raise LineError(
                f"lines/{name}/line.yaml: tests.{table}: there is no such table, "
                f"expected one of {', '.join(sorted(known))}"
            )
    return Bundle(definition=definition, curation=curation, features=features, spine=spine)


def _sql(path: Path, root: Path, what: str) -> str:
    if not path.is_file():
        raise LineError(f"{_shown(path, root)} is missing, expected the SELECT of {what}: add it")
    return path.read_text()


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _parse(path: Path, model: type[M], root: Path) -> M:
    shown = _shown(path, root)
    try:
        data = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise LineError(f"{shown}{where}: broken YAML: {problem}: correct it") from None
    if not isinstance(data, dict):
        raise LineError(f"{shown}: holds {type(data).__name__}, expected a mapping of keys: fill it in")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise LineError("\n".join(f"{shown}: {_told(problem, model)}" for problem in error.errors())) from None


def _told(problem: Any, model: type[BaseModel]) -> str:
    """One sentence on a validation problem: key path, value given, what is allowed."""
    key = _key(problem["loc"])
    kind, given, context = problem["type"], problem["input"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{key}: unknown key, expected one of {', '.join(_siblings(model, problem['loc']))}"
    if kind == "missing":
        return f"{key}: missing: add it"
    if kind == "value_error":
        message = str(problem["msg"]).removeprefix("Value error, ")
        return f"{key}: {message}" if key else message
    if kind == "literal_error":
        return f"{key}: {given!r} is not allowed, expected {context['expected'].replace(chr(39), '')}"
    if kind == "union_tag_invalid":
        allowed = str(context["expected_tags"]).replace("'", "")
        return f"{key}.check: {context['tag']!r} is not a check, expected one of {allowed}"
    if kind == "union_tag_not_found":
        return f"{key}: 'check' is missing, expected the kind of test: add it"
    return f"{key}: {given!r}: {str(problem['msg'])[0].lower()}{str(problem['msg'])[1:]}"


_CHECKS = ("not_null", "unique", "accepted_values", "range", "row_count", "sql")


def _key(location: Sequence[str | int]) -> str:
    """``tests.flights[2].severity``; the tag that pydantic adds for a check's kind is not a key."""
    key, previous = "", None
    for part in location:
        if isinstance(part, int):
            key += f"[{part}]"
        elif not (part in _CHECKS and isinstance(previous, int)):
            key += f".{part}" if key else part
        previous = part
    return key


def _siblings(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """The keys that are allowed where an unknown one was found."""
    schema = model.model_json_schema()
    node: dict[str, Any] = schema
    for part in location[:-1]:
        node = _step(schema, _plain(schema, node), part)
    return list(_plain(schema, node).get("properties", {}))


def _plain(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        found: dict[str, Any] = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        return found
    choices = [choice for choice in node.get("anyOf", []) if choice.get("type") != "null"]
    return _plain(schema, choices[0]) if choices else node


def _step(schema: dict[str, Any], node: dict[str, Any], part: str | int) -> dict[str, Any]:
    found: dict[str, Any]
    if isinstance(part, int):
        found = node.get("items", {})
    elif "discriminator" in node and part in node["discriminator"]["mapping"]:
        found = {"$ref": node["discriminator"]["mapping"][part]}
    elif part in node.get("properties", {}):
        found = node["properties"][part]
    else:
        found = node.get("additionalProperties", {})
    return found
