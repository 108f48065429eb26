"""Reading one YAML file into its model, without falling back silently on anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from config.errors import LineError, ManyLineError
from config.mistakes import told

M = TypeVar("M", bound=BaseModel)


def read(path: Path, model: type[M], root: Path) -> M:
    """Return the model that the file holds; raises ManyLineError with a sentence for each mistake in it."""
    name = shown(path, root)
    data = _parsed(path, name)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ManyLineError([f"{name}: {sentence}" for sentence in told(error, model)]) from None


def shown(path: Path, root: Path) -> str:
    """Return the path as a user of the repository writes it."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _parsed(path: Path, name: str) -> dict[Any, Any]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except UnicodeDecodeError as error:
        raise LineError(f"{name}: byte {error.start} is not UTF-8 text: save the file as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise LineError(f"{name}{where}: broken YAML: {problem}: correct it") from None
    if data is None:
        raise LineError(f"{name}: is empty, expected a mapping of keys: fill it in")
    if not isinstance(data, dict):
        raise LineError(f"{name}: holds a {type(data).__name__}, expected a mapping of keys: fill it in")
    return data


class _Loader(yaml.SafeLoader):
    """YAML 1.1, in which a key given twice is an error (its first value would vanish) and so is an impossible date."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:bool":  # a key is a name: `on` is no truth value, as editors see it, too
                key.tag = "tag:yaml.org,2002:str"
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")
        return super().construct_mapping(node, deep)

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> dt.date:
        try:
            moment: dt.date = super().construct_yaml_timestamp(node)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(
                problem=f"{node.value!r} is not a date ({error})", problem_mark=node.start_mark
            ) from None
        return moment


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)
