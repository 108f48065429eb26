"""The model card: all there is to know of a version on one page, and nothing of what must not be shown."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from config.metrics import Task
from runtime import bars, model_card
from runtime.importance import Importance
from runtime.manifest import Manifest
from runtime.model_card import Card
from tests.runtime.modelled import bundle

ATTACK = "</td><script>alert('x')</script>\"&{}"
BINARY = {"roc_auc": 0.81, "average_precision": 0.6, "log_loss": 0.4, "brier": 0.13}
REGRESSION = {"mae": 3.5, "rmse": 5.1, "median_ae": 2.0, "r2": 0.6}


def card(task: Task = "binary", text: str = "plain", **changes: Any) -> Card:
    """Return a card in which every text that a user or their data chose is ``text``."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 500).astype(float) if task == "binary" else random.normal(size=500)
    scores = np.clip(0.5 * labels + random.uniform(0, 0.5, 500), 0, 1) if task == "binary" else labels * 0.9
    gates = {"gates": [{"metric": "brier" if task == "binary" else "mae", "maximum": 0.1}], "limits": text}
    line = bundle("shop", task, question=f"Is it so that {text}?", release=gates, personal=["name"]).definition
    metrics = BINARY if task == "binary" else REGRESSION
    outputs: dict[str, Any] = {
        "metrics": metrics,
        "intervals": {name: [value - 0.01, value + 0.02] for name, value in metrics.items()},
        "champion": {"version": 3, "metrics": metrics},
        "baselines": {text: metrics},
        "comparison": {"gain": 0.0031, "low": -0.0004, "high": 0.0065, "confidence": 0.95},
        "rows": 500,
        "slices": [
            {"slice": text, "value": text, "metric": line.metric, "rows": 321, "challenger": 0.8}
            | {"low": 0.75, "high": 0.85, "champion": None, "gain_low": None}
        ],
        "latency_ms": 8.75,
        "size_bytes": 1_230_000,
        "answers": [0.1, 0.9],
        "alone": [],
        "artefact": f"s3://models/{text}/",
        "manifest_sha256": "ab" * 32,
    }
    outputs["gates"] = bars.judged(line.release.bars(task), outputs, "shop")
    outputs["gates"][0]["why"] = text
    return Card(
        line=line,
        manifest=Manifest("shop", text, text, {}, {}, {"train": text}, {text: text}, metrics, ("a",), task),
        outputs=outputs,
        dataset={
            "rows": {"train": 1000, "test": 500},
            "windows": {"train": ["2013-01-01", "2013-06-01"], "test": ["2013-06-01", text]},
            "positives": {"train": 220, "test": 110},
            "snapshots": {text: 42},
            "fingerprint": text,
            "warnings": [{"subject": text, "why": text}, {"subject": "buyers__name", "why": "secret reason"}],
        },
        importances=[Importance(text, 0.05, 0.001), Importance("buyers__name", 0.04, 0.001), Importance("NAME", 0, 0)],
        labels=labels,
        scores=scores,
        median_ms=4.0,
        **changes,
    )


class Tags(HTMLParser):
    """Which elements a page has, and whether each is closed; scripts and attributes that act are kept."""

    VOID: tuple[str, ...] = ("meta", "path", "rect", "circle", "polyline")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_card_tells_all_there_is_to_know(task: Task) -> None:
    page = model_card.rendered(card(task))
    metric = "roc_auc" if task == "binary" else "mae"
    for told in (
        "Is it so that plain?",
        "Intended use and limits</h2><p>plain</p>",
        f"{metric} <b>(decides)</b>",
        "champion, version 3",
        "gain 0.0031, 95 %: -0.0004 to 0.0065",
        "held-out test rows",
        "0.7500 to 0.8500",
        "did not pass",
        "flights (s3)",
        "plain 42",
        "1.23 MB",
        "at the 99th percentile 8.8 ms",
        "Calibration.",
        "ROC." if task == "binary" else "Residuals.",
    ):
        assert told in page


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_no_text_becomes_markup(task: Task) -> None:
    page = model_card.rendered(card(task, text=ATTACK))
    assert "<script" not in page
    tags = Tags(page)
    assert tags.open == []
    assert not {"script", "link", "img", "iframe"} & tags.seen
    assert not {name for name in tags.attributes if name.startswith("on") or name in ("src", "href")}


def test_a_card_needs_nothing_from_elsewhere() -> None:
    page = model_card.rendered(card())
    assert "default-src 'none'" in page
    assert re.findall(r"https?://", page) == []


def test_personal_columns_are_counted_and_not_shown() -> None:
    page = model_card.rendered(card())
    assert "2 personal columns are not shown." in page
    assert "buyers__name" not in page
    assert "secret reason" not in page


@pytest.mark.parametrize("scores", [np.full(500, 0.3), np.r_[np.zeros(499), 1.0]])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_odd_scores_have_curves_too(task: Task, scores: Any) -> None:
    assert "nan" not in model_card.rendered(replace(card(task), scores=scores)).lower()


def test_a_first_version_has_nothing_to_be_compared_with() -> None:
    first = card()
    page = model_card.rendered(replace(first, outputs={**first.outputs, "champion": None, "comparison": None}))
    assert "champion, version" not in page
    assert "Compared with" not in page
