"""What ``airflow providers list`` says of this package."""

from __future__ import annotations

from importlib.metadata import metadata

_NAME = "assembly-line-airflow"


def info() -> dict[str, object]:
    """Return the package's description in Airflow's form."""
    about = metadata(_NAME)
    return {
        "package-name": _NAME,
        "name": "Assembly Line",
        "description": about["Summary"],
        "versions": [about["Version"]],
    }
