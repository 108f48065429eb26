"""What pydantic found wrong, told as sentences: key path, value given, what is allowed, the mend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from config.schema import is_union, keys_at, tags_at

Location = Sequence[str | int]

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "date": "a date",
}
"""pydantic's names for the members of a union of plain values; it adds them to a location, where they are no key."""


def told(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Return one sentence for each mistake, in the order of the file; a union's refusals count as one mistake."""
    unions: dict[Location, list[str]] = {}
    sentences: dict[Location, str] = {}
    for problem in error.errors():
        location = tuple(problem["loc"])
        if location and isinstance(location[-1], str) and is_union(model, location[:-1]):
            unions.setdefault(location[:-1], []).append(_KINDS.get(str(location[-1]), str(location[-1])))
            location, kinds = location[:-1], unions[location[:-1]]
            expected = ", ".join(dict.fromkeys(kinds))
            sentences[location] = (
                f"{_path(model, location)}: {_given(problem['input'])} is not allowed, expected one of {expected}"
            )
        else:
            sentences[location] = _sentence(problem, model)
    return list(sentences.values())


def _sentence(problem: Any, model: type[BaseModel]) -> str:
    key, given, context = _path(model, problem["loc"]), _given(problem["input"]), problem.get("ctx", {})
    message = str(problem["msg"])
    match problem["type"]:
        case "extra_forbidden":
            allowed = ", ".join(keys_at(model, problem["loc"][:-1]))
            text = f"{key}: unknown key, expected one of {allowed}: correct or remove it"
        case "missing":
            text = f"{key}: missing: add it"
        case "value_error":
            text = f"{key}: {message.removeprefix('Value error, ')}".removeprefix(": ")
        case "literal_error":
            text = f"{key}: {given} is not allowed, expected {_unquoted(context['expected'])}"
        case "union_tag_invalid":
            tag, expected = _unquoted(context["discriminator"]), _unquoted(context["expected_tags"])
            article = "an" if tag[0] in "aeiou" else "a"
            text = f"{key}.{tag}: {context['tag']!r} is not {article} {tag}, expected one of {expected}"
        case "union_tag_not_found":
            tag = _unquoted(context["discriminator"])
            what = "the kind of test: add it" if tag == "check" else "add it"
            text = f"{key}.{tag}: missing{', expected ' if tag == 'check' else ': '}{what}"
        case _:
            text = f"{key}: {given} is not allowed: {message[0].lower()}{message[1:]}"
    return text


def _unquoted(choices: object) -> str:
    return str(choices).replace("'", "")


def _path(model: type[BaseModel], location: Location) -> str:
    """``tests.flights[2].severity``; what pydantic adds to say which member of a union it tried is not a key."""
    key = ""
    for index, part in enumerate(location):
        if isinstance(part, int):
            key += f"[{part}]"
        elif part == "[key]":  # a mapping's key is at fault, not its value
            continue
        elif part not in tags_at(model, location[:index]):  # a check's kind, which pydantic puts after its index
            key += f".{part}" if key else part
    return key


def _given(value: object) -> str:
    """The value as its file says it, shortened: a date in ISO form, text in quotes."""
    text = str(value) if isinstance(value, dt.date) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
