"""A task that chooses what comes next by how a run ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator
from assembly_line_airflow.choice import check, chosen
from assembly_line_airflow.outcome import Outcome

if TYPE_CHECKING:
    from airflow.sdk import Context


class BranchOnLineRun(BaseBranchOperator):
    """Goes on with the tasks that are named for the run's outcome, and skips the others behind it.

    :param run: what :class:`~assembly_line_airflow.wait.WaitForLineRun` returned. Templated.
    :param on: an outcome -> the task, task group, or list of them to go on with: ``succeeded``, ``flagged`` (where it
        is left out, as ``succeeded``), ``waiting``, ``halted``; and beside these ``promoted`` or ``kept``, by whether
        the run put its version into production.
    """

    template_fields: Sequence[str] = ("run",)

    def __init__(self, *, run: Outcome, on: Mapping[str, str | Sequence[str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check(on)
        self.run = run
        self.on = on

    def choose_branch(self, context: Context) -> list[str] | None:
        """Return the tasks to go on with; none skips all."""
        return chosen(self.on, self.run) or None
