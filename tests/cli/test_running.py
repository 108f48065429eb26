from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from cli.running import announced, find
from cli.site import FOUNDATION, OwnSite
from config.errors import LineError
from local.grants import Grant
from local.iam import Grants


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 (the name it overrides)
        """Print nothing."""


@dataclass
class Server:
    """A server on loopback that has routes, as the embedded AWS has, and nothing behind them."""

    endpoint: str = ""
    region: str = "us-east-1"
    problems: list[str] = field(default_factory=lambda: ["rule x: nobody there"])
    evaluations: int = 0
    routes: list[tuple[Callable[[str], bool], Callable[..., Iterable[bytes]]]] = field(default_factory=list)

    def add_route(self, matches: Callable[[str], bool], app: Callable[..., Iterable[bytes]]) -> None:
        self.routes.append((matches, app))

    def grants(self) -> Any:
        used = Grant("Shop", "Role", "s3:PutObject", used=3)
        each = [used, replace(used, action="s3:GetObject", used=0, why="later"), replace(used, action="s3:*", used=0)]
        return Grants(allowed=7, denied=1, denials=[("role", "s3:GetObject", "*")], each=each)

    def answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        for matches, app in self.routes:
            if matches(environ["PATH_INFO"]):
                return app(environ, start_response)
        start_response("404 Not Found", [])
        return [b""]


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    with make_server("127.0.0.1", 0, server.answer, handler_class=Quiet) as httpd:
        server.endpoint = f"http://127.0.0.1:{httpd.server_port}"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            httpd.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


class CountingSite(OwnSite):
    """A site whose evaluations of alarms are counted, and on which one role made calls."""

    def evaluate_alarms(self) -> None:
        cast("Any", self.aws).evaluations += 1

    def set_clock(self, moment: dt.datetime | None) -> None:
        cast("Any", self.aws).clock = moment

    def advance(self, to: dt.datetime, *, last: int | None = None, only: Sequence[str] | None = None) -> list[str]:
        if to.year > 2013:
            raise LineError("the clock is at 2013")
        return [f"{to:%Y-%m-%d} {last} {only}"]

    def callers(self) -> list[str]:
        return ["role"]

    @property
    def deployed(self) -> dict[str, dict[str, str]]:
        return {FOUNDATION: {"LakeBucket": "lake"}, "AssemblyLine-local-Shop": {"RestUrl": "http://rest"}}


def site(server: Server) -> OwnSite:
    return CountingSite(aws=cast("Any", server))


def test_what_is_announced_is_found(server: Server, tmp_path: Path) -> None:
    with announced(site(server), lines=["shop"], assembly="key", root=tmp_path):
        found = find(tmp_path)
        assert found is not None
        assert (found.endpoint, found.said.lines, found.said.assembly) == (server.endpoint, ["shop"], "key")


def test_nothing_is_found_once_it_has_ended(server: Server, tmp_path: Path) -> None:
    with announced(site(server), lines=["shop"], assembly="key", root=tmp_path):
        pass
    assert find(tmp_path) is None


def test_a_file_that_a_killed_process_left_is_no_proof_of_life(tmp_path: Path) -> None:
    with serving() as ended, announced(site(ended), lines=["shop"], assembly="key", root=tmp_path):
        left = (tmp_path / ".assembly" / "up.json").read_text()
    (tmp_path / ".assembly" / "up.json").write_text(left)
    assert find(tmp_path) is None


def test_another_server_on_the_port_is_not_taken_for_it(server: Server, tmp_path: Path) -> None:
    with announced(site(server), lines=["shop"], assembly="key", root=tmp_path):
        path = tmp_path / ".assembly" / "up.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "token": "another"}))
        assert find(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_half_a_file_is_no_proof_of_life(tmp_path: Path, text: str) -> None:
    (tmp_path / ".assembly").mkdir()
    (tmp_path / ".assembly" / "up.json").write_text(text)
    assert find(tmp_path) is None


def test_a_line_sees_the_outputs_of_the_foundation_and_its_own(server: Server, tmp_path: Path) -> None:
    with announced(site(server), lines=["shop"], assembly="key", root=tmp_path):
        found = find(tmp_path)
        assert found is not None
        assert found.outputs("shop") == {"LakeBucket": "lake", "RestUrl": "http://rest"}


def test_a_line_that_is_not_deployed_there_is_told(server: Server, tmp_path: Path) -> None:
    with announced(site(server), lines=["shop"], assembly="key", root=tmp_path):
        found = find(tmp_path)
        assert found is not None
        with pytest.raises(LineError) as caught:
            found.outputs("flights")
    assert str(caught.value) == (
        f"line 'flights' is not deployed in the `line up` at {server.endpoint}, which has shop: "
        "start it with 'flights' too, deploy it with `line cdk deploy --all -c env=local`, or give this run its own "
        "with --port 0"
    )


def test_grants_problems_and_alarms_are_the_other_processs(server: Server, tmp_path: Path) -> None:
    with announced(site(server), lines=["shop"], assembly="key", root=tmp_path):
        found = find(tmp_path)
        assert found is not None
        found.evaluate_alarms()
        assert (found.grants(), found.problems(), server.evaluations) == (
            {"allowed": 7, "denied": 1, "unused": 2, "unexplained": 1},
            ["rule x: nobody there"],
            1,
        )
        assert found.each_grant() == site(server).each_grant()
        assert found.each_grant()["denials"] == [["role", "s3:GetObject", "*"]]


def test_the_clock_is_the_other_processs(server: Server, tmp_path: Path) -> None:
    day = dt.datetime(2013, 8, 15, tzinfo=dt.UTC)
    with announced(site(server), lines=["shop"], assembly="key", root=tmp_path):
        found = find(tmp_path)
        assert found is not None
        found.set_clock(day)
        assert vars(server)["clock"] == day
        assert found.advance(day, last=1, only=["judge"]) == ["2013-08-15 1 ['judge']"]
        with pytest.raises(LineError, match="the clock is at 2013"):
            found.advance(day.replace(year=2014))
        found.set_clock(None)
        assert vars(server)["clock"] is None
