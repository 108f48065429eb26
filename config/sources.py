"""Where a line's data comes from: files in S3, a database, another line's table."""

from __future__ import annotations

import codecs
import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from config.strict import Strict

Columns = Annotated[
    dict[str, str], Field(min_length=1, description="each column that the source must have, and its SQL type")
]


class S3Source(Strict):
    """Raw files of one kind, under ``s3://<raw bucket>/<line>/<source>/``."""

    kind: Literal["s3"] = "s3"
    format: Literal["csv", "json", "parquet"] = "csv"
    columns: Columns
    null_values: list[str] = Field(default=["", "NA"], description="texts of a CSV file that mean null")
    encoding: str = Field(default="utf-8", description="how text files are encoded, as Python calls it")
    bad_rows: Literal["fail", "quarantine"] = Field(
        default="fail", description="whether a row that cannot be read fails the run or is kept aside and counted"
    )
    partitions: dict[str, str] = Field(
        default={}, description="columns whose values stand in the key of a file, and their SQL types"
    )
    partition_pattern: str | None = Field(
        default=None,
        description="where in a key below the source they stand, e.g. `{month}.csv`; by default in folders `month=...`",
    )

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            return codecs.lookup(name).name
        except LookupError:
            raise ValueError(f"{name!r} is not an encoding, expected one such as utf-8, latin-1 or utf-16") from None

    @model_validator(mode="after")
    def _partitions_agree(self) -> S3Source:
        for column in self.partitions:
            if column in self.columns:
                raise ValueError(f"partitions.{column}: is among the columns, too: remove one of them")
        if self.partition_pattern is not None:
            named = re.findall(r"\{(\w+)\}", self.partition_pattern)
            if sorted(named) != sorted(self.partitions):
                raise ValueError(
                    f"partition_pattern: names {', '.join(named) or 'nothing'}, "
                    f"expected each partition once ({', '.join(self.partitions) or 'none is declared'}): correct it"
                )
        return self

    @property
    def all_columns(self) -> dict[str, str]:
        """The columns of its relation: those in its files, then those in their keys."""
        return {**self.columns, **self.partitions}


class Parallel(Strict):
    """Ranges of a column that Spark reads at the same time; values outside the bounds are read, too."""

    column: str
    lower: int | dt.date
    upper: int | dt.date
    parts: int = Field(ge=2, le=64)


class DatabaseSource(Strict):
    """Rows of a table, or of a query, of a database that the environment names as a connection."""

    kind: Literal["database"]
    connection: str = Field(description="one of the environment's connections")
    table: str | None = Field(default=None, description="`table` or `schema.table`; by default the source's name")
    query: str | None = Field(default=None, description="one SELECT, in place of a table, with $parameters of the line")
    columns: Columns
    version: str | None = Field(
        default=None, description="one SELECT of one value that changes when the data does: spares reading the rest"
    )

    parallel: Parallel | None = Field(default=None, description="how Spark splits the reading over a JDBC connection")

    @property
    def all_columns(self) -> dict[str, str]:
        """The columns of its relation."""
        return self.columns

    @model_validator(mode="after")
    def _one_origin(self) -> DatabaseSource:
        if self.parallel is not None and self.parallel.column not in self.columns:
            raise ValueError(
                f"parallel.column: {self.parallel.column!r} is not a column of the source, "
                f"expected one of {', '.join(self.columns)}"
            )
        if self.table is not None and self.query is not None:
            raise ValueError("a table and a query are given, expected one of them: remove the other")
        return self


class LineSource(Strict):
    """A table that another line of the environment publishes."""

    kind: Literal["line"]
    line: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,19}$", description="the line that publishes it")]
    table: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="a curated table or feature view")]
    snapshot: int | None = Field(default=None, description="one snapshot of it for good; by default what is published")
    columns: Columns

    @property
    def all_columns(self) -> dict[str, str]:
        """The columns of its relation."""
        return self.columns


def _of_files_unless_said(given: Any) -> Any:
    """A source that does not say its kind is one of files in S3."""
    return {"kind": "s3", **given} if isinstance(given, dict) else given


Source = Annotated[
    S3Source | DatabaseSource | LineSource, Field(discriminator="kind"), BeforeValidator(_of_files_unless_said)
]


def lines_read(sources: Mapping[str, Source]) -> set[str]:
    """Return the lines whose tables are sources."""
    return {source.line for source in sources.values() if isinstance(source, LineSource)}
