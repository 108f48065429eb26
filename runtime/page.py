"""What every HTML page for people is made of: no script, nothing from elsewhere, light or dark as the reader has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--dim:#777;--error:#c62828;--warning:#b26a00;--info:#0277bd;--good:#2e7d32}
@media(prefers-color-scheme:dark){:root{--dim:#aaa;--error:#ff8a80;--warning:#ffcc80;--info:#81d4fa;--good:#a5d6a7}}
body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}.dim{color:var(--dim)}
table{border-collapse:collapse;width:100%}.wide{overflow-x:auto}
td,th{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}
.error{color:var(--error)}.warning{color:var(--warning)}.info{color:var(--info)}.good{color:var(--good)}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}details{margin:.3rem 0}summary{cursor:pointer}
svg{vertical-align:middle;max-width:100%}polyline{fill:none;stroke:currentColor;stroke-width:1.5}circle{fill:currentColor}
svg text{fill:currentColor;font-size:11px}.axis{stroke:var(--dim);fill:none}.faint{stroke:var(--dim);stroke-dasharray:4}
.charts{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;max-width:100%}figcaption{color:var(--dim);max-width:24rem}
.time{margin:1rem 0}.time svg{width:100%;height:auto}.alarm{fill:var(--error);opacity:.16}
.bound{stroke:var(--error);stroke-dasharray:5 4;fill:none}.mark path{stroke:var(--info)}.mark text{fill:var(--info)}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr,figure{break-inside:avoid}}
"""


def page(title: str, body: Sequence[str]) -> str:
    """Return a whole page; the title is escaped here, the parts of the body are HTML already."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose cells are HTML already."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide" tabindex="0"><table><tr>{head}</tr>{body}</table></div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a table of names and what they are, HTML already."""
    lines = "".join(f'<tr><th scope="row">{name}</th><td>{text}</td></tr>' for name, text in pairs)
    return f'<div class="wide"><table>{lines}</table></div>'
