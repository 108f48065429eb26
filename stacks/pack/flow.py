"""Rules on state machines: nothing waits for ever, what passes is tried again, what fails is caught."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

from stacks.pack.rule import Fault, Rule
from stacks.pack.world import Json, Resource, World

MACHINE = "AWS::StepFunctions::StateMachine"


@lru_cache(maxsize=64)
def _read(text: str) -> Json:
    read: Json = json.loads(text)
    return read


def definition(machine: Resource) -> Json:
    """Return a machine's definition, in which each function of the template stands as a word."""
    match machine.properties.get("DefinitionString"):
        case str(text):
            return _read(text)
        case {"Fn::Join": [_, parts]}:
            return _read("".join(part if isinstance(part, str) else "function" for part in parts))
    found: Json = machine.properties.get("Definition", {"States": {}})
    return found


def states(machine: Json) -> Iterator[tuple[str, Json]]:
    """Yield (name, state) at any depth."""
    for name, state in machine["States"].items():
        yield name, state
        inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
        for one in [*state.get("Branches", []), *inner]:
            yield from states(one)


def _tasks(world: World) -> Iterator[tuple[Resource, str, Json]]:
    for machine in world.all(MACHINE):
        for name, state in states(definition(machine)):
            if state["Type"] == "Task":
                yield machine, name, state


def _endless(world: World) -> Iterator[Fault]:
    for machine, name, task in _tasks(world):
        if not (task.get("TimeoutSeconds") or task.get("TimeoutSecondsPath")):
            yield machine, name


def _untried(world: World) -> Iterator[Fault]:
    return ((machine, name) for machine, name, task in _tasks(world) if not task.get("Retry"))


def _in_step(world: World) -> Iterator[Fault]:
    for machine, name, task in _tasks(world):
        if any(one.get("JitterStrategy") != "FULL" for one in task.get("Retry", []) if one.get("MaxAttempts", 3)):
            yield machine, name


def _uncaught(world: World) -> Iterator[Fault]:
    """What tells of a failure, and so comes after every catch, may itself only fail."""
    for machine in world.all(MACHINE):
        whole = definition(machine)
        last = _after_catches(whole)
        for name, state, caught in _with_cover(whole):
            handled = any("States.ALL" in one["ErrorEquals"] for one in state.get("Catch", []))
            if state["Type"] == "Task" and not handled and not caught and name not in last:
                yield machine, name


def _with_cover(machine: Json, *, covered: bool = False) -> Iterator[tuple[str, Json, bool]]:
    """Yield (name, state, whether a Map or Parallel around it catches)."""
    for name, state in machine["States"].items():
        yield name, state, covered
        inside = covered or any("States.ALL" in one["ErrorEquals"] for one in state.get("Catch", []))
        inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
        for one in [*state.get("Branches", []), *inner]:
            yield from _with_cover(one, covered=inside)


def _after_catches(machine: Json) -> set[str]:
    """Return the states to which a failure alone leads."""
    top = machine["States"]
    caught = {one["Next"] for _, state in states(machine) for one in state.get("Catch", [])}
    normal = _reached(top, machine.get("StartAt"))
    found: set[str] = set()
    for name in caught - normal:
        found |= _reached(top, name)
    return found - normal


def _reached(top: Json, start: str | None) -> set[str]:
    """Return the states to which one leads when nothing fails."""
    seen: set[str] = set()
    waiting = [start] if start else []
    while waiting:
        name = waiting.pop()
        if name in seen or name not in top:
            continue
        seen.add(name)
        state = top[name]
        following = [state.get("Next"), state.get("Default"), *(one.get("Next") for one in state.get("Choices", []))]
        waiting += [one for one in following if one]
    return seen


def _unlogged(world: World) -> Iterator[Resource]:
    for machine in world.all(MACHINE):
        logged = machine.properties.get("LoggingConfiguration", {})
        traced = machine.properties.get("TracingConfiguration", {}).get("Enabled")
        if logged.get("Level") not in ("ALL", "ERROR", "FATAL") or not logged.get("Destinations") or not traced:
            yield machine


RULES = [
    Rule("TaskEnds", "every task of a state machine has a limit of time", "give it task_timeout", _endless),
    Rule("TaskRetries", "every task tries again what passes by itself", "give it a retry, see tasks.py", _untried),
    Rule("TaskJitter", "retries are spread by jitter", "give the retry jitter_strategy=FULL", _in_step),
    Rule("TaskCaught", "every task's failure is caught", "give it add_catch to the failure's state", _uncaught),
    Rule("MachineLogged", "a state machine is logged and traced", "make it with machine.state_machine", _unlogged),
]
