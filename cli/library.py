"""The published tables and built datasets of a line, in a ``line up`` that runs or in an environment on AWS."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cli.deployed import Deployed, deployed
from cli.running import find
from cli.site import ENVIRONMENT, Readable
from config.bundle import Bundle
from config.errors import LineError
from runtime.library import Library
from runtime.paths import warehouse
from runtime.shelf import Shelf

if TYPE_CHECKING:
    from pyiceberg.catalog.glue import GlueCatalog

_ON_AWS = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass(frozen=True)
class Opened:
    """What a command reads, as the operator or with the caller's own credentials."""

    site: Readable
    outputs: dict[str, str]
    library: Library
    shelf: Shelf

    def client(self, service: str) -> Any:
        return self.site.client(service)

    def again(self) -> Opened:
        """Return the library as it is now: what was published since is there."""
        return replace(self, library=self.library.again(self.shelf.s3, self.shelf.lake))


def open_library(bundle: Bundle, environment: str = ENVIRONMENT) -> Opened:
    """Return the line's library in an environment; raises LineError where no ``line up`` runs, or no stack is."""
    opened = opened_if_running(bundle, environment)
    if opened is None:
        line = bundle.definition.line
        raise LineError(
            f"no `line up` is running, expected one with line {line!r} in it, whose tables are read: "
            f"start it with `line up {line} --run {line}`, or name an environment on AWS with --environment"
        )
    return opened


def opened_if_running(bundle: Bundle, environment: str = ENVIRONMENT) -> Opened | None:
    """Return the line's library, or None where it would be in a ``line up`` and none runs."""
    line = bundle.definition.line
    if environment != ENVIRONMENT:
        return opened_at(deployed(environment), line)
    site = find()
    return None if site is None else opened_at(site, line)


def opened_at(site: Readable, line: str) -> Opened:
    """Return a line's library at a site; raises LineError when the line is not deployed there."""
    outputs = site.outputs(line)
    s3, lake = site.client("s3"), outputs["LakeBucket"]
    catalog = _catalog(site, lake)
    return Opened(
        site=site,
        outputs=outputs,
        library=Library.of(catalog, s3, lake=lake, database=outputs["Database"], line=line),
        shelf=Shelf(s3, lake, line),
    )


def who(site: Readable) -> str:
    """Return who reads and builds there: the caller's identity on AWS, or the user of this machine."""
    return str(site.client("sts").get_caller_identity()["Arn"]) if isinstance(site, Deployed) else getpass.getuser()


def _catalog(site: Any, lake: str) -> GlueCatalog:
    from runtime import tables

    if not isinstance(site, Deployed):
        return tables.catalog(
            warehouse=warehouse(lake),
            region=site.region,
            endpoint=site.endpoint,
            glue=site.client("glue"),
            keys=("test", "test", None),  # any key is the operator's
        )
    credentials = site.session.get_credentials()
    if credentials is None:
        raise LineError("no credentials for AWS were found: set AWS_PROFILE, or sign in (for example `aws sso login`)")
    keys = credentials.get_frozen_credentials()
    at = site.client("s3").meta.endpoint_url
    return tables.catalog(
        warehouse=warehouse(lake),
        region=site.session.region_name,
        endpoint=None if at.endswith(_ON_AWS) else at,
        glue=site.client("glue"),
        keys=(keys.access_key, keys.secret_key, keys.token),
    )
