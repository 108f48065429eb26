"""Runs notebooks as Jupyter would: cell by cell in one namespace, the last value of each shown.

python tests/notebook.py lines/shop/explore.ipynb rows.parquet ... writes what a notebook calls `rows` into the file.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any


def run(path: Path) -> tuple[dict[str, Any], list[Any]]:
    """Return the namespace that the code cells leave, and the value that each of them shows."""
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    space: dict[str, Any] = {"__name__": "__main__"}
    values = []
    for number, cell in enumerate(cells):
        body = ast.parse("".join(cell["source"]), f"{path}, cell {number}").body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, type_ignores=[]), f"{path}, cell {number}", "exec"), space)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"{path}, cell {number}", "eval"), space)
        values.append(value)
    return space, values


def main(arguments: list[str]) -> None:
    for path, out in zip(arguments[::2], arguments[1::2], strict=True):
        space, values = run(Path(path))
        space["rows"].to_parquet(out)
        shown = [value._repr_html_() if hasattr(value, "_repr_html_") else repr(value) for value in values]
        print(json.dumps({"notebook": path, "shown": shown}))


if __name__ == "__main__":
    main(sys.argv[1:])
