"""Which properties of a resource differ, as paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def differing(before: Any, after: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the path of each difference; a list, and a function such as Ref, is compared as a whole.

    >>> list(differing({"A": {"B": 1, "C": 2}, "L": [1]}, {"A": {"B": 1, "C": 3}, "L": [1, 2]}))
    [('A', 'C'), ('L',)]
    """
    if before == after and type(before) is type(after):
        return
    if _plain(before) and _plain(after):
        for key in dict.fromkeys([*before, *after]):
            if key not in before or key not in after:
                yield (*at, key)
            else:
                yield from differing(before[key], after[key], (*at, key))
        return
    yield at


def value_at(value: Any, path: Path) -> Any:
    """Return the value at a path, or None where there is none.

    >>> value_at({"A": {"B": 1}}, ("A", "B"))
    1
    """
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def shown(path: Path) -> str:
    return ".".join(path)


def _plain(value: Any) -> bool:
    """Whether the value is a mapping of properties, and no function of CloudFormation's."""
    return isinstance(value, Mapping) and not any(key == "Ref" or key.startswith("Fn::") for key in value)
