"""The sources of a line as a job reads them: each loaded when a table needs it, known by its fingerprint before."""

from __future__ import annotations

from functools import cached_property

from config.line import Source
from jobs.main import Context
from runtime import raw_objects, sources
from runtime.engine import Connection
from runtime.raw_objects import Object
from runtime.sources import Loaded


class Raw:
    """The relations ``raw.<source>`` of a connection."""

    def __init__(self, context: Context, connection: Connection) -> None:
        self._context, self._connection = context, connection
        self._loaded: dict[str, Loaded] = {}

    @property
    def declared(self) -> dict[str, Source]:
        return dict(self._context.bundle.definition.sources)

    @cached_property
    def _listed(self) -> dict[str, list[Object]]:
        arguments = self._context.arguments
        return {
            name: sources.listed(self._context.s3, bucket=arguments.raw_bucket, line=arguments.line, source=name)
            for name in self.declared
        }

    def fingerprint(self, name: str) -> str:
        """Return what changes when the source's content does."""
        return raw_objects.fingerprint(self._listed[name])

    def load(self, name: str) -> None:
        """Make a source the relation ``raw.<name>``, unless it is one already."""
        if name not in self._loaded:
            context = self._context
            files = sources.download(
                context.s3, bucket=context.arguments.raw_bucket, objects=self._listed[name], folder=context.folder
            )
            self._loaded[name] = sources.load(self._connection, name, self.declared[name], files)

    def told(self) -> dict[str, dict[str, object]]:
        """Return what the receipt says of each source; the rows of one that was not read are not known."""
        return {
            name: {
                "files": len(objects),
                "rows": self._loaded[name].rows if name in self._loaded else None,
                "fingerprint": raw_objects.fingerprint(objects),
                "objects": [{"uri": one.uri, "etag": one.etag} for one in objects],
            }
            for name, objects in self._listed.items()
        }
