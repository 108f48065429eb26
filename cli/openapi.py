"""``line openapi``: the OpenAPI document of a line's REST API."""

from __future__ import annotations

import json
import sys

from cli.ending import UsageError
from cli.running import find
from cli.site import ENVIRONMENT
from config.errors import LineError
from config.loading import line_names, load_bundle, load_environment
from runtime.delivery.openapi import document


def show_openapi(line: str, environment: str, url: str | None) -> int:
    """Print the document on stdout; without a URL that of the ``line up`` that runs, if any, else the stage's path."""
    if line not in line_names():
        names = ", ".join(line_names()) or "none"
        raise UsageError(f"line {line!r} is unknown, expected one of {names}: correct the name")
    definition = load_bundle(line).definition
    if definition.delivery.rest is None:
        raise LineError(f"line {line!r} has no REST API: set delivery.rest in its line.yaml to true")
    served = load_environment(environment).endpoint.kind != "none"
    given = {"url": url} if url else _running(line, environment)
    json.dump(document(definition, endpoint=served, **given), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0


def _running(line: str, environment: str) -> dict[str, str]:
    site = find() if environment == ENVIRONMENT else None
    if site is None:
        return {}
    try:
        return {"url": site.outputs(line)["RestUrl"]}
    except (LineError, KeyError):  # another line is up
        return {}
