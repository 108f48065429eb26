"""A comparison as Markdown, for a comment on a pull request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from runtime.changes.compared import Comparison
from runtime.changes.privileges import Growth
from runtime.changes.properties import shown
from runtime.changes.resources import Change

LONGEST = 60_000
"""Characters of a comment: GitHub takes 65,536."""

_MOST_ROWS = 200


def markdown(compared: Comparison, *, title: str = "What changes", more: Sequence[str] = ()) -> str:
    """Return the comparison, worst first, and behind it further sections; cut with a word where it is too long."""
    parts = [f"## {title}", _summary(compared)]
    parts += _blocked(compared) + _risks(compared) + _privileges(compared.growth) + list(more)
    for stack, made in compared.changes.items():
        parts.append(_stack(stack, made))
    text = "\n\n".join(parts) + "\n"
    if len(text) > LONGEST:
        cut = text.rfind("\n", 0, LONGEST)
        text = f"{text[:cut]}\n\nThe rest is too long for a comment: `line changes` tells all of it.\n"
    return text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; cells are code, so that nothing in them is read as Markdown, HTML or a mention."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    every = list(rows)
    lines += [f"| {' | '.join(code(cell) for cell in row)} |" for row in every[:_MOST_ROWS]]
    if len(every) > _MOST_ROWS:
        lines.append(f"| and {len(every) - _MOST_ROWS} more |{' |' * (len(head) - 1)}")
    return "\n".join(lines)


def code(text: str) -> str:
    """Return a text as inline code in one table cell, whatever it holds.

    >>> code("a|b `c`")
    "`a\\\\|b 'c'`"
    """
    one_line = re.sub(r"\s+", " ", text).replace("`", "'").replace("|", "\\|").strip()
    return f"`{one_line}`" if one_line else ""


def counted(made: Iterable[Change]) -> str:
    """Return how many resources come, go and change, e.g. ``2 added, 1 changed``."""
    kinds = Counter(change.kind for change in made)
    return ", ".join(f"{kinds[kind]} {kind}" for kind in ("added", "removed", "changed") if kinds[kind])


def _summary(compared: Comparison) -> str:
    every = [change for made in compared.changes.values() for change in made]
    if not every and not compared.dropped:
        return "No resource changes."
    lost = sum(risk.lost for risk in compared.risks)
    told = [f"**{counted(every)}**." if every else "No resource changes."]
    told.append(f"**Stateful resources whose data would be lost: {lost}.**" if lost else "No data would be lost.")
    grown = len(compared.growth)
    told.append(f"**Privileges that grow: {grown}.**" if grown else "No privilege grows.")
    if compared.dropped:
        names = ", ".join(map(code, compared.dropped))
        told.append(f"No longer synthesized, and left as deployed until `cdk destroy`: {names}.")
    return " ".join(told)


def _blocked(compared: Comparison) -> list[str]:
    if not compared.blocked:
        return []
    rows = [(one.stack, one.export, ", ".join(one.importers), one.because) for one in compared.blocked]
    return ["### CloudFormation would refuse", table(("stack", "export", "imported by", "because"), rows)]


def _risks(compared: Comparison) -> list[str]:
    if not compared.risks:
        return []
    ordered = sorted(compared.risks, key=lambda risk: (not risk.lost, risk.what, risk.stack, risk.logical_id))
    rows = [
        (risk.what, "lost" if risk.lost else "kept", f"{risk.stack}/{risk.logical_id}", risk.type, risk.because)
        for risk in ordered
    ]
    return ["### Stateful resources", table(("", "data", "resource", "type", "because"), rows)]


def _privileges(grown: Sequence[Growth]) -> list[str]:
    """Return what grows, wide ones in front; what new holders need for themselves is folded away."""
    open_ones = [one for one in grown if one.wide or not one.new]
    of_new = [one for one in grown if one.new and not one.wide]
    parts = ["### Privileges that grow", _grants(open_ones)] if open_ones else []
    if of_new:
        holders = len({(one.stack, one.grant.holder) for one in of_new})
        summary = f"Privileges of new holders: {len(of_new)} of {holders}"
        parts.append(f"<details><summary>{summary}</summary>\n\n{_grants(of_new)}\n\n</details>")
    return parts


def _grants(grown: Sequence[Growth]) -> str:
    """Return a row for what one holder may do under the same condition with the same thing."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in sorted(grown, key=lambda one: not one.wide):
        holder = f"{one.stack}/{one.grant.holder}" + (" (new)" if one.new else "")
        lifted = "no longer barred: " if one.grant.effect == "barrier" else ""
        key = ("WIDE" if one.wide else "", holder, lifted, one.grant.on, one.grant.principal, one.grant.condition)
        rows.setdefault(key, []).append(one.grant.action)
    return table(
        ("", "holder", "may", "on", "who", "only if"),
        [
            (wide, holder, lifted + ", ".join(actions), on, principal, condition)
            for (wide, holder, lifted, on, principal, condition), actions in rows.items()
        ],
    )


def _stack(stack: str, made: Sequence[Change]) -> str:
    rows = [
        (
            {"no": change.kind, "maybe": "changed, maybe replaced", "yes": "replaced"}[change.replaced],
            change.logical_id,
            change.type,
            ", ".join(map(shown, change.properties)),
        )
        for change in made
    ]
    body = table(("", "resource", "type", "properties"), rows)
    return f"<details><summary>{stack}: {counted(made)}</summary>\n\n{body}\n\n</details>"
