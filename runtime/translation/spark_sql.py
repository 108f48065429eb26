"""Spark's dialect of SQL, written so that Spark gives what DuckDB gives.

Constructs that mean something else in Spark, or nothing, are written by the modules named here, each function of which
says in which way the engines differ; everything else is sqlglot's own Spark SQL. The snippets of
tests/runtime/snippets.py try each on both engines.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot.dialects.spark import Spark
from sqlglot.generators.spark import SparkGenerator

from runtime.translation import aggregates, moments, numbers, text


class PortableSpark(Spark):
    """A dialect of sqlglot; a construct that has no equal in Spark raises ``Refused``."""

    class Generator(SparkGenerator):
        TRANSFORMS: ClassVar[Any] = {
            **SparkGenerator.TRANSFORMS,
            **numbers.WRITTEN,
            **text.WRITTEN,
            **moments.WRITTEN,
            **aggregates.WRITTEN,
        }
