"""What every job does around its work: read its arguments and its line, write its receipt, end with an exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from config.bundle import Bundle
from config.errors import LineError
from config.parameters import Value, resolve
from jobs.arguments import Arguments, parse
from runtime import peak_memory, receipts, unforeseen
from runtime.paths import RunPaths, table_name, warehouse
from runtime.receipts import Receipt

if TYPE_CHECKING:
    from pyiceberg.catalog.glue import GlueCatalog

MISTAKE = 65
"""Exit code of a job that a user can mend; the state machine never retries it."""
FAULT = 70
"""Exit code of a job that failed in a way that nobody foresaw."""


class PartsError(Exception):
    """Parts of a job failed while the others went on: what is told of each, without values."""


@dataclass(frozen=True)
class Context:
    """What a job works with."""

    arguments: Arguments
    bundle: Bundle
    parameters: dict[str, Value]
    paths: RunPaths
    session: boto3.Session
    s3: Any
    folder: Path
    """Where the job may keep files while it works."""
    endpoint: str | None = field(default=None)
    """Where AWS is embedded; None means AWS itself."""

    @cached_property
    def catalog(self) -> GlueCatalog:
        """The Glue catalog; made when first used, because not every job needs Iceberg's import time."""
        from runtime import tables

        return tables.catalog(
            warehouse=warehouse(self.arguments.lake_bucket),
            region=self.arguments.region,
            endpoint=self.endpoint,
            glue=self.client("glue"),
        )

    def client(self, service: str) -> Any:
        """Return a client that retries what is transient."""
        return client(self.session, service)

    def table(self, name: str) -> str:
        """Return the catalog's name of a table of this line, as ``runtime.tables`` takes it."""
        return f"{self.arguments.database}.{table_name(self.arguments.line, name)}"

    @property
    def engine(self) -> str:
        """What computes the line's SELECTs in this environment."""
        return self.arguments.engine or self.bundle.definition.engine

    def used(self, names: Iterable[str]) -> dict[str, Value]:
        """Return the values of some parameters; a name that is none is left out."""
        return {name: self.parameters[name] for name in names if name in self.parameters}

    def receipt(self, name: str) -> Receipt:
        """Return what an earlier station of this run said; raises LineError when it did not end well."""
        found = receipts.read(self.s3, self.paths, name)
        if found is None or found.status not in receipts.GOOD:
            status = "is missing" if found is None else f"says {found.status}"
            raise LineError(
                f"{name}: the receipt s3://{self.paths.lake}/{self.paths.receipt(name)} {status}, "
                f"expected one of {', '.join(receipts.GOOD)}: let {name} of run {self.paths.run!r} end well first"
            )
        return found


def client(session: boto3.Session, service: str) -> Any:
    return session.client(service, config=Config(retries={"mode": "standard", "max_attempts": 6}))  # type: ignore[call-overload]


def run_job(
    station: str,
    receipt_name: str | Callable[[Arguments], str],
    work: Callable[[Context], Receipt],
    *,
    argv: Sequence[str] | None = None,
    required: Sequence[str] = (),
) -> int:
    """Do a job's work, write its receipt and return its exit code: 0, ``MISTAKE`` or ``FAULT``.

    A halted run is no failure of the job: 0. ``required`` names the arguments that this job needs beyond the common.
    """
    started = time.monotonic()
    try:
        arguments = parse(sys.argv[1:] if argv is None else argv, required)
    except LineError as error:
        print(f"{station}: {error}", file=sys.stderr)
        return MISTAKE
    session = boto3.Session(region_name=arguments.region)
    s3 = client(session, "s3")
    paths = RunPaths(lake=arguments.lake_bucket, line=arguments.line, run=arguments.run)
    code = 0
    try:
        with tempfile.TemporaryDirectory(prefix="line-") as folder:
            receipt = work(_context(arguments, paths, session, s3, Path(folder)))
    except LineError as error:
        receipt, code = _failed(station, error, str(error)), MISTAKE
    except Exception as error:  # noqa: BLE001 (the job's last line of defence: the receipt tells, the log keeps the trace)
        what = str(error) if isinstance(error, PartsError) else unforeseen.told(error)
        message = f"{station}: {what} (unexpected; see the job's log)"
        receipt, code = _failed(station, error, message), FAULT
        traceback.print_exc()
    if receipt.message:
        print(receipt.message, file=sys.stderr)
    name = receipt_name if isinstance(receipt_name, str) else receipt_name(arguments)
    took = replace(receipt, seconds=round(time.monotonic() - started, 3), memory_mb=peak_memory.peak_mb())
    receipts.write(s3, paths, name, took)
    return code


def _failed(station: str, error: Exception, message: str) -> Receipt:
    return Receipt(station=station, status="failed", message=message, outputs={"error": type(error).__name__})


def _context(arguments: Arguments, paths: RunPaths, session: boto3.Session, s3: Any, folder: Path) -> Context:
    bundle = read_bundle(s3, arguments.bundle)
    given = {**arguments.environment_parameters, **arguments.parameters}
    return Context(
        arguments=arguments,
        bundle=bundle,
        parameters=resolve(bundle.definition.parameters, given),
        paths=paths,
        session=session,
        s3=s3,
        folder=folder,
        endpoint=os.environ.get("AWS_ENDPOINT_URL"),
    )


def read_bundle(s3: Any, uri: str) -> Bundle:
    """Return the line that was staged at an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return Bundle.model_validate_json(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
