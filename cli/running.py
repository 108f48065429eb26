"""A ``line up`` that runs: how it tells of itself, and how another command finds it and uses its embedded AWS.

It serves ``/_line/status`` beside the AWS services, and keeps its endpoint in ``.assembly/up.json``. The file alone is
no proof of life: only an endpoint that answers with the file's token is used.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli.ending import UsageError
from cli.site import FOUNDATION, OwnSite, stack_of
from config.errors import LineError
from config.loading import ROOT, line_names

_PATH = "/_line/"
_DEADLINE_SECONDS = 30
_ADVANCE_SECONDS = 600
_RUN_IT = "start `line up` and run the line in it"


@dataclass(frozen=True)
class Announcement:
    """What ``.assembly/up.json`` says; ``assembly`` is the key of the sources that were deployed."""

    pid: int
    endpoint: str
    region: str
    token: str
    lines: list[str]
    assembly: str


@contextmanager
def announced(site: OwnSite, *, lines: Sequence[str], assembly: str, root: Path = ROOT) -> Iterator[None]:
    """Let other commands find this embedded AWS while the block lasts."""
    said = Announcement(
        pid=os.getpid(),
        endpoint=site.endpoint,
        region=site.region,
        token=os.urandom(8).hex(),
        lines=list(lines),
        assembly=assembly,
    )
    path = _file(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    desk = _Desk(site, said, path)
    site.aws.add_route(lambda route: route.startswith(_PATH), desk.answer)
    desk.announce()
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find(root: Path = ROOT) -> RunningSite | None:
    """Return the embedded AWS of a live ``line up``, or None: no file, half a file, nobody or another there."""
    try:
        said = Announcement(**json.loads(_file(root).read_text(encoding="utf-8")))
        site = RunningSite(said)
        return site if site.status()["token"] == said.token else None
    except (
        OSError,
        HTTPException,
        ValueError,
        TypeError,
        KeyError,
    ):
        return None


def check_line(line: str, root: Path = ROOT) -> None:
    """Raise UsageError for a line that the repository does not have."""
    if line not in line_names(root):
        raise UsageError(
            f"line {line!r} is unknown, expected one of {', '.join(line_names(root)) or 'none'}: correct the name"
        )


def site_of(line: str, why: str, root: Path = ROOT, *, mend: str = _RUN_IT) -> RunningSite:
    """Return the running ``line up`` for a line of the repository; raises LineError when none runs.

    ``why`` tells what lives there, ``mend`` what to do.
    """
    check_line(line, root)
    site = find(root)
    if site is None:
        raise LineError(f"no `line up` is running, and {why}: {mend}")
    return site


@dataclass(frozen=True)
class RunningSite:
    """The embedded AWS of another process, as a run uses it."""

    said: Announcement

    @property
    def endpoint(self) -> str:
        return self.said.endpoint

    @property
    def region(self) -> str:
        return self.said.region

    def client(self, service: str) -> Any:
        import boto3

        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 (any key is the operator's)
        )

    def outputs(self, line: str) -> dict[str, str]:
        deployed = self.status()["outputs"]
        if stack_of(line) not in deployed:
            raise LineError(
                f"line {line!r} is not deployed in the `line up` at {self.endpoint}, which has "
                f"{', '.join(self.said.lines) or 'none of its own'}: start it with {line!r} too, deploy it with "
                f"`line cdk deploy --all -c env=local`, or give this run its own with --port 0"
            )
        return {**deployed[FOUNDATION], **deployed[stack_of(line)]}

    def foundation(self) -> dict[str, str]:
        """Return the outputs of what lines share; raises LineError where nothing is deployed."""
        deployed: dict[str, dict[str, str]] = self.status()["outputs"]
        if FOUNDATION not in deployed:
            raise LineError(
                f"nothing is deployed in the `line up` at {self.endpoint}: run a line in it, or deploy with "
                "`line cdk deploy --all -c env=local`"
            )
        return deployed[FOUNDATION]

    def grants(self) -> dict[str, int]:
        found: dict[str, int] = self.status()["grants"]
        return found

    def each_grant(self) -> dict[str, Any]:
        return self._ask("grants", method="GET")

    def evaluate_alarms(self) -> None:
        self._ask("alarms", method="POST")

    def problems(self) -> list[str]:
        found: list[str] = self.status()["problems"]
        return found

    def deploy(self, assembly: Path) -> None:
        """Change what is deployed to another assembly; raises LineError when it may not or cannot be."""
        answer = self._ask("deploy", method="POST", body={"folder": str(assembly), "assembly": assembly.name})
        if answer.get("message"):
            raise LineError(answer["message"])

    def set_clock(self, moment: dt.datetime | None) -> None:
        self._ask("clock", method="POST", body={"set": moment.isoformat() if moment else None})

    def advance(self, to: dt.datetime, *, last: int | None = None, only: Sequence[str] | None = None) -> list[str]:
        asked = {"advance": to.isoformat(), "last": last, "only": None if only is None else list(only)}
        answer = self._ask("clock", method="POST", body=asked, seconds=_ADVANCE_SECONDS)
        if answer.get("message"):
            raise LineError(answer["message"])
        fired: list[str] = answer["fired"]
        return fired

    def status(self) -> dict[str, Any]:
        return self._ask("status", method="GET")

    def _ask(
        self, what: str, *, method: str, body: Mapping[str, Any] | None = None, seconds: float = _DEADLINE_SECONDS
    ) -> dict[str, Any]:
        place = urlsplit(self.endpoint)
        with closing(HTTPConnection(place.hostname or "", place.port, timeout=seconds)) as connection:
            connection.request(method, f"{_PATH}{what}", body=json.dumps(body) if body else None)
            found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found


@dataclass
class _Desk:
    """What is behind ``/_line/``: it answers other commands, one at a time."""

    site: OwnSite
    said: Announcement
    path: Path

    def announce(self) -> None:
        """Write down what is deployed, whole or not at all."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self.said)), encoding="utf-8")
        fresh.rename(self.path)

    def answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request: a WSGI application."""
        what = (environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(_PATH))
        body: dict[str, Any] = {}
        status = "200 OK"
        if what == ("GET", "status"):
            body = {
                **asdict(self.said),
                "outputs": self.site.deployed,
                "grants": self.site.grants(),
                "problems": self.site.problems(),
                "callers": self.site.callers(),
            }
        elif what == ("GET", "grants"):
            body = self.site.each_grant()
        elif what == ("POST", "alarms"):
            self.site.evaluate_alarms()
        elif what == ("POST", "clock"):
            body = self._clock(_given(environ))
        elif what == ("POST", "deploy"):
            given = _given(environ)
            body = {"message": self._deployed(Path(given["folder"]), given["assembly"])}
        else:
            status, body = "404 Not Found", {"message": "expected GET status or grants, POST alarms, clock or deploy"}
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    def _clock(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Set or advance the clock; returns what fired, or why it was not advanced."""
        if "set" in given:
            self.site.set_clock(None if given["set"] is None else dt.datetime.fromisoformat(given["set"]))
            return {"fired": []}
        try:
            to = dt.datetime.fromisoformat(given["advance"])
            return {"fired": self.site.advance(to, last=given.get("last"), only=given.get("only"))}
        except LineError as error:
            return {"message": str(error)}

    def _deployed(self, folder: Path, assembly: str) -> str:
        """Deploy an assembly and return nothing, or why it was not."""
        if self.site.runs():
            return "a run is under way in it: what has changed is deployed with the next run"
        from cli.env_deployed import tell_here

        try:
            self.site.aws.deploy(folder)
        except LineError as error:
            tell_here(self.site.client("events"), failed=True)
            return str(error)
        tell_here(self.site.client("events"))
        self.said = replace(self.said, assembly=assembly)
        self.announce()
        return ""


def _given(environ: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    return given


def _file(root: Path) -> Path:
    return root / ".assembly" / "up.json"
