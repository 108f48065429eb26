"""Reading rooms: the published tables of a line, kept at hand for one preview after the other."""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from cli.dataset import builder_of
from cli.library import Opened, opened_at
from console.place import Place
from runtime import engine
from runtime.builder import Request
from runtime.engine import Connection
from runtime.preview import Preview, preview

_MOST_ROOMS = 2
_MOST_PREVIEWS = 32
_MEMORY = "1GB"
_SECONDS_OPEN = 300.0
"""Keys that are lent are good for a quarter of an hour at least."""


@dataclass
class Room:
    """A database with the tables of one publication; their files lie in a folder of its own while it is open."""

    opened: Opened
    folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)
    attached: set[str] = field(default_factory=set)
    known: OrderedDict[str, Preview] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        folder = Path(self.folder.name)
        self.connection: Connection = engine.connect(memory=_MEMORY, folder=folder)
        engine.seal(self.connection, folder)

    def preview(self, request: Request) -> Preview:
        """Return the look at a dataset; raises LineError where it cannot be built."""
        with self.lock:
            builder = builder_of(self.opened, Path(self.folder.name))
            reads = builder.reads(self.connection, request)
            fingerprint = builder.recipe(self.connection, request, reads).fingerprint
            if fingerprint not in self.known:
                builder.attach(self.connection, sorted(set(reads) - self.attached))
                self.attached |= set(reads)
                self.known[fingerprint] = preview(builder, self.connection, request)
                while len(self.known) > _MOST_PREVIEWS:
                    self.known.popitem(last=False)
            return self.known[fingerprint]

    def close(self) -> None:
        with self.lock:
            self.connection.close()
            self.folder.cleanup()


class Rooms:
    """The rooms of a place, as many as are kept open at a time."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._rooms: OrderedDict[str, Room] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, line: str) -> Room:
        """Return the room of what the line published last; raises LineError where it is not deployed."""
        first = self._place.kept(f"opened/{line}", lambda: opened_at(self._place.site, line), seconds=_SECONDS_OPEN)
        opened = self._place.kept(f"library/{line}", first.again)
        with self._lock:
            room = self._rooms.get(line)
            if room is None or room.opened.library.snapshots != opened.library.snapshots:
                left = [self._rooms.pop(line)] if room else []
                room = self._rooms[line] = Room(opened)
                while len(self._rooms) > _MOST_ROOMS:
                    left.append(self._rooms.popitem(last=False)[1])
                for one in left:
                    threading.Thread(target=one.close, daemon=True).start()
            room.opened = opened  # the same publication, with keys that are fresh
            self._rooms.move_to_end(line)
            return room

    def close(self) -> None:
        with self._lock:
            for room in self._rooms.values():
                room.close()
            self._rooms.clear()


def rooms(place: Place) -> Rooms:
    """Return the rooms of a place, one and the same for all requests."""
    found: Rooms = place.held.setdefault("rooms", Rooms(place))
    return found
