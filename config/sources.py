"""Where a line's data comes from: files in S3, a database, another line's table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Columns = Annotated[
    dict[str, str], Field(min_length=1, description="each column that the source must have, and its SQL type")
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class S3Source(_Model):
    """Raw files of one kind, under ``s3://<raw bucket>/<line>/<source>/``."""

    kind: Literal["s3"] = "s3"
    format: Literal["csv"] = "csv"
    columns: Columns
    null_values: list[str] = Field(default=["", "NA"], description="texts that mean null")


class DatabaseSource(_Model):
    """Rows of a table, or of a query, of a database that the environment names as a connection."""

    kind: Literal["database"]
    connection: str = Field(description="one of the environment's connections")
    table: str | None = Field(default=None, description="`table` or `schema.table`; by default the source's name")
    query: str | None = Field(default=None, description="one SELECT, in place of a table, with $parameters of the line")
    columns: Columns
    version: str | None = Field(
        default=None, description="one SELECT of one value that changes when the data does: spares reading the rest"
    )

    @model_validator(mode="after")
    def _one_origin(self) -> DatabaseSource:
        if self.table is not None and self.query is not None:
            raise ValueError("a table and a query are given, expected one of them: remove the other")
        return self


def _of_files_unless_said(given: Any) -> Any:
    """A source that does not say its kind is one of files in S3."""
    return {"kind": "s3", **given} if isinstance(given, dict) else given


Source = Annotated[S3Source | DatabaseSource, Field(discriminator="kind"), BeforeValidator(_of_files_unless_said)]
