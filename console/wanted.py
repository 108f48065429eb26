"""What is chosen on the page of datasets: as the form sends it, as the address keeps it, as code and as a command.

It becomes a request in one place, ``cli.asked.Asked``, which is what ``line dataset build`` makes of its options.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from cli.asked import Asked
from cli.site import ENVIRONMENT
from config.line import Line

_OPTIONS = {"first": "from", "last": "to", "as_of": "as-of", "task": "task"}
"""The field of the form → the option of the command."""


@dataclass(frozen=True)
class Wanted:
    """A choice. ``features`` are words ``view`` or ``view:column`` with commas; None means the line's own views."""

    features: str | None = None
    first: str = ""
    last: str = ""
    as_of: str = ""
    task: str = ""
    name: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Wanted:
        """Return the choice that an address or a form names."""
        texts = {name: given.get(name, "").strip() for name in (*_OPTIONS, "name")}
        return cls(features=given.get("features"), **texts)

    def asked(self) -> Asked:
        return Asked(
            features=self.features,
            first=self.first or None,
            last=self.last or None,
            as_of=self.as_of or None,
            task=self.task or None,
        )

    def plain(self) -> dict[str, str]:
        """Return what ``of`` reads."""
        texts = {name: getattr(self, name) for name in (*_OPTIONS, "name")}
        features = {} if self.features is None else {"features": self.features}
        return {**features, **{name: text for name, text in texts.items() if text}}

    def query(self) -> str:
        return urlencode(self.plain())

    def ticked(self, line: Line) -> dict[str, set[str] | None]:
        """Return the views that are chosen with their columns, None meaning all of them; a wrong word is none."""
        if self.features is None:
            return dict.fromkeys(line.dataset.features)
        found: dict[str, set[str] | None] = {}
        for word in self.features.split(","):
            view, colon, column = word.strip().partition(":")
            before = found.get(view, set())
            found[view] = None if not colon or before is None else before | {column}
        return found

    def code(self, line: str, environment: str) -> str:
        """Return Python that loads the dataset."""
        given = {**self.plain(), **({} if environment == ENVIRONMENT else {"environment": environment})}
        options = "".join(f", {name}={json.dumps(text, ensure_ascii=False)}" for name, text in given.items())
        return f"from cli.dataset import load\n\nrows = load({json.dumps(line)}{options}).to_pandas()"

    def command(self, line: str, environment: str) -> str:
        """Return the command that builds and downloads it."""
        words = ["line", "dataset", "build", line]
        words += [] if self.features is None else ["--features", self.features]
        for name, option in _OPTIONS.items():
            words += [f"--{option}", getattr(self, name)] if getattr(self, name) else []
        words += ["--name", self.name] if self.name else []
        words += [] if environment == ENVIRONMENT else ["--environment", environment]
        return shlex.join([*words, "--out", "data"])


def words(line: Line, columns: Mapping[str, Sequence[str]], ticked: Iterable[str]) -> str | None:
    """Return the features of what is ticked (``view:column`` each), by the columns that each view has.

    A view of which all is ticked is named as a whole, and None stands for exactly the line's own views.
    """
    chosen: dict[str, set[str]] = {}
    for word in ticked:
        view, _, column = word.partition(":")
        chosen.setdefault(view, set()).add(column)
    own = list(line.dataset.features)
    found: list[str] = []
    for view in [*own, *(name for name in line.features if name not in own)]:
        known = columns.get(view, ())
        if known and chosen.get(view, set()) >= set(known):
            found.append(view)
        else:
            found += [f"{view}:{column}" for column in known if column in chosen.get(view, set())]
    return None if found == own else ",".join(found)
