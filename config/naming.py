"""The few names that are not left to CloudFormation, each within its service's limits."""

from __future__ import annotations


def slug(environment: str, line: str | None = None) -> str:
    """Return the name of what belongs to an environment, or to one of its lines: at most 59 characters.

    >>> slug("dev", "flights")
    'assembly-line-dev-flights'
    """
    return "-".join(["assembly-line", environment, *([line] if line else [])])


def identifier(environment: str) -> str:
    """Return the name of an environment's Glue database, where a hyphen is not allowed.

    >>> identifier("feature-x")
    'assembly_line_feature_x'
    """
    return slug(environment).replace("-", "_")


def pascal(name: str) -> str:
    """Return a lowercase name as construct ids and stack names write it.

    >>> pascal("call_centre")
    'CallCentre'
    """
    return "".join(part.capitalize() for part in name.split("_"))


def stack_name(environment: str, part: str = "foundation") -> str:
    """Return the name of an environment's stack: that of a line, or of what its lines share.

    >>> stack_name("dev"), stack_name("dev", "call_centre")
    ('AssemblyLine-dev-Foundation', 'AssemblyLine-dev-CallCentre')
    """
    return f"AssemblyLine-{environment}-{pascal(part)}"
