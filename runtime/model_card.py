"""The model card: one HTML page that tells a person all there is to know of a version, and what it is not for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from config.line import Line
from runtime import charts, curves, gates
from runtime.importance import SAMPLE, SHUFFLES, Importance
from runtime.manifest import Manifest
from runtime.page import facts, page, table

_MOST_FEATURES = 40
_NO_LIMITS = "line.yaml says nothing under release.limits."


@dataclass(frozen=True)
class Card:
    """What the page tells; ``outputs`` is the evaluation's receipt, ``dataset`` the dataset's manifest."""

    line: Line
    manifest: Manifest
    outputs: Mapping[str, Any]
    dataset: Mapping[str, Any]
    importances: Sequence[Importance]
    labels: Any
    scores: Any
    median_ms: float


def rendered(card: Card) -> str:
    """Return the page. Every value is escaped; personal columns are not in it."""
    line, manifest = card.line, card.manifest
    title = f"{line.line} · {manifest.variant}"
    figures = curves.drawn(card.labels, card.scores, manifest.task)
    figures += curves.training(getattr(manifest, "curves", {}))
    return page(
        f"{title} · model card",
        [
            f"<h1>{escape(title)}</h1>",
            f'<p class="dim">model card · run {escape(manifest.run)} · {escape(manifest.task)}</p>',
            f"<p><b>{escape(line.question)}</b></p>",
            f"<h2>Intended use and limits</h2><p>{escape(line.release.limits or _NO_LIMITS)}</p>",
            _metrics(card),
            f'<h2>Curves</h2><div class="charts">{"".join(figures)}</div>',
            _gates(card.outputs["gates"]),
            _slices(card.outputs["slices"]),
            _features(card),
            _data(card),
            _origin(card),
        ],
    )


def _metrics(card: Card) -> str:
    outputs = card.outputs
    champion = outputs["champion"]
    others: dict[str, Mapping[str, float]] = {}
    if champion and champion["metrics"]:
        others[f"champion, version {champion['version']}"] = champion["metrics"]
    others |= {f"baseline {name}": metrics for name, metrics in outputs["baselines"].items()}
    release = card.line.release
    sure = f"{100 * release.confidence:g} % interval"
    rows = [
        (
            escape(name) + (" <b>(decides)</b>" if name == card.line.metric else ""),
            f"<b>{_number(value)}</b>",
            _interval(*outputs["intervals"].get(name, (None, None))),
            *(_number(metrics.get(name)) for metrics in others.values()),
        )
        for name, value in outputs["metrics"].items()
    ]
    compared = outputs["comparison"]
    beaten = f"<p>Compared with the champion: {escape(gates.told(compared))}.</p>" if compared else ""
    how = (
        f"Measured on {outputs['rows']:,} held-out test rows. Intervals are percentiles of {release.resamples:,} draws "
        f"of these rows by {release.by}; models are compared on the same draws."
    )
    heads = ("metric", "this model", sure, *map(escape, others))
    return f'<h2>Metrics</h2>{table(heads, rows)}{beaten}<p class="dim">{how}</p>'


def _gates(results: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            '<span class="good">passed</span>'
            if result["passed"]
            else f'<span class="{escape(result["severity"])}">did not pass</span>',
            escape(result["severity"]),
            escape(result["kind"]),
            escape(result["column"]),
            _number(result["observed"]),
            escape(result["expected"]),
            escape(result["why"]),
        )
        for result in results
    ]
    return "<h2>Gates</h2>" + table(("", "severity", "kind", "of", "observed", "expected", "why"), rows)


def _slices(slices: Sequence[Mapping[str, Any]]) -> str:
    if not slices:
        return ""
    rows = [
        (
            escape(part["slice"]),
            escape(part["value"]),
            f"{part['rows']:,}",
            escape(part["metric"]),
            _number(part["challenger"]),
            _interval(part["low"], part["high"]),
            _number(part["champion"]),
        )
        for part in slices
    ]
    heads = ("column", "part", "rows", "metric", "this model", "interval", "champion")
    return "<h2>By part of the rows</h2>" + table(heads, rows)


def _features(card: Card) -> str:
    shown = [one for one in card.importances if not _personal(card, one.feature)]
    longest = max((one.loss for one in shown), default=0.0) or 1.0
    rows = [
        (f"<code>{escape(one.feature)}</code>", charts.bar(one.loss / longest), f"{one.loss:.4f} ± {one.spread:.4f}")
        for one in shown[:_MOST_FEATURES]
    ]
    hidden = len(card.importances) - len(shown)
    how = (
        f"By how much {card.line.metric} worsens when the column's values are shuffled among {SAMPLE:,} test rows at "
        f"most, mean of {SHUFFLES} shuffles. Columns that say the same share what they are worth."
    )
    more = f" {len(shown) - _MOST_FEATURES} lesser ones are not shown." if len(shown) > _MOST_FEATURES else ""
    more += f" {hidden} personal columns are not shown." if hidden else ""
    heads = ("feature", "", f"worth, in {escape(card.line.metric)}")
    return f'<h2>Features</h2>{table(heads, rows)}<p class="dim">{escape(how + more)}</p>'


def _personal(card: Card, feature: str) -> bool:
    """Whether a column is personal by its name, or by that in its view."""
    return bool({feature.lower(), feature.lower().partition("__")[2]} & {name.lower() for name in card.line.personal})


def _data(card: Card) -> str:
    dataset, counts = card.dataset, card.dataset.get("rows", {})
    shares = {part: n / counts[part] for part, n in dataset.get("positives", {}).items() if counts.get(part)}
    shares |= dataset.get("label_means", {})
    what = "share of label 1" if card.manifest.task == "binary" else "label, on average"
    rows = [
        (
            escape(part),
            escape(str(window[0])),
            escape(str(window[1])),
            f"{counts.get(part, 0):,}",
            _number(shares.get(part)),
        )
        for part, window in dataset.get("windows", {}).items()
    ]
    sources = ", ".join(f"{name} ({source.kind})" for name, source in card.line.sources.items())
    snapshots = ", ".join(f"{name} {snapshot}" for name, snapshot in dataset.get("snapshots", {}).items())
    told = [
        ("sources", escape(sources)),
        ("snapshots", f"<code>{escape(snapshots)}</code>"),
        ("dataset", f"<code>{escape(str(dataset.get('fingerprint')))}</code>"),
    ]
    warned = [
        f"{one['subject']}: {one['why']}" for one in dataset.get("warnings", []) if not _personal(card, one["subject"])
    ]
    told += [("warnings", escape("; ".join(warned)))] if warned else []
    return "<h2>Data</h2>" + table(("part", "from", "to (without it)", "rows", what), rows) + facts(told)


def _origin(card: Card) -> str:
    manifest, outputs = card.manifest, card.outputs
    parameters = ", ".join(f"{name}={value}" for name, value in manifest.parameters.items())
    code = ", ".join(f"{name} {digest}" for name, digest in manifest.code.items())
    told = [
        ("parameters", f"<code>{escape(parameters)}</code>"),
        ("code", f"<code>{escape(code)}</code>"),
        ("artefact", f"<code>{escape(outputs['artefact'])}</code>"),
        ("manifest", f"<code>{escape(outputs['manifest_sha256'])}</code>"),
        ("size", f"{outputs['size_bytes'] / 1e6:.2f} MB"),
        ("one row takes", f"{card.median_ms:.1f} ms, at the 99th percentile {outputs['latency_ms']:.1f} ms"),
    ]
    return "<h2>Origin</h2>" + facts(told)


def _interval(low: float | None, high: float | None) -> str:
    return f"{_number(low)} to {_number(high)}" if low is not None and high is not None else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if abs(value) < 1000 else f"{value:,.1f}"
