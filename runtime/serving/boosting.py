"""scikit-learn's histogram gradient boosting without its overhead: the same trees and the same scores, bit by bit.

Predicting one row, scikit-learn spends milliseconds on frames and checks and microseconds on trees. Here the rows come
as a checked matrix, and all trees are walked in one call of scikit-learn's own routine: they are joined into one tree
whose upper nodes ask for a further feature, the number of the tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.ensemble._hist_gradient_boosting._predictor import _predict_from_raw_data
from sklearn.preprocessing import OrdinalEncoder

from runtime.encoding import Encoding

_FEW = 32
"""Rows up to which one walk through the joined trees costs less than a call for each tree."""
_MANY = 4096
"""Rows from which threads are worth starting."""


@dataclass(frozen=True)
class _Forest:
    """Trees as the walk takes them: nodes, and for each categorical split a bitset of the categories that go left."""

    nodes: Any
    bitsets: Any


class Boosting:
    """Scores of a fitted model from matrices in an encoding's layout; ``of`` makes one where it can."""

    def __init__(self, model: Any, lookups: dict[int, Any], order: Any) -> None:
        """``lookups`` gives, for a category column, the model's code of each position, last that of a missing one."""
        self._lookups, self._order = lookups, order
        self._known, self._places = model._bin_mapper.make_known_categories_bitsets()
        self._trees = [_Forest(tree.nodes, tree.raw_left_cat_bitsets) for (tree,) in model._predictors]
        self._joined = _joined(self._trees, len(order))
        self._numbers = np.arange(len(self._trees), dtype=float)
        self._baseline = model._baseline_prediction.item()
        self._link = model._loss.link.inverse

    def __call__(self, matrix: Any) -> Any:
        """Return the probability of the label 1, or the estimate, of each row."""
        rows = self._encoded(matrix)
        return self._link(self._few(rows) if len(rows) <= _FEW else self._many(rows))

    def _encoded(self, matrix: Any) -> Any:
        """Return the rows in the order of the model's own columns, with the codes that it gave the categories."""
        if not self._lookups:
            return np.ascontiguousarray(matrix)
        rows = matrix.copy()
        for j, lookup in self._lookups.items():
            positions = rows[:, j]
            positions[np.isnan(positions)] = -1
            rows[:, j] = lookup[positions.astype(np.intp)]
        return rows[:, self._order]

    def _few(self, rows: Any) -> Any:
        """Every row once for each tree; leaves are added one after the other, as scikit-learn does."""
        trees, width = len(self._trees), rows.shape[1]
        asked = np.empty((len(rows), trees, width + 1))
        asked[:, :, :width] = rows[:, None, :]
        asked[:, :, width] = self._numbers
        leaves = np.empty((len(rows), trees + 1))
        leaves[:, 0] = self._baseline
        found = np.empty(len(rows) * trees)
        self._walk(self._joined, asked.reshape(-1, width + 1), found, threads=1)
        leaves[:, 1:] = found.reshape(len(rows), trees)
        return leaves.cumsum(axis=1)[:, -1]

    def _many(self, rows: Any) -> Any:
        total, found = np.full(len(rows), self._baseline), np.empty(len(rows))
        for tree in self._trees:
            self._walk(tree, rows, found, threads=1 if len(rows) < _MANY else 2)
            total += found
        return total

    def _walk(self, forest: _Forest, rows: Any, found: Any, *, threads: int) -> None:
        _predict_from_raw_data(forest.nodes, rows, forest.bitsets, self._known, self._places, threads, found)


def of(model: Any, encoding: Encoding) -> Boosting | None:
    """Return the model's fast scorer, or None for a model that is none of these or was fitted on other columns."""
    if type(model) not in (HistGradientBoostingClassifier, HistGradientBoostingRegressor):
        return None
    if model.n_trees_per_iteration_ != 1 or list(getattr(model, "feature_names_in_", ())) != encoding.names:
        return None
    lookups: dict[int, Any] = {}
    order = np.arange(len(encoding.columns))
    if model._preprocessor is not None:
        encoder = model._preprocessor.named_transformers_["encoder"]
        taken = model.is_categorical_
        order = np.concatenate([np.flatnonzero(taken), np.flatnonzero(~taken)])
        if not isinstance(encoder, OrdinalEncoder):
            return None
        for j, categories in zip(np.flatnonzero(taken).tolist(), encoder.categories_, strict=True):
            column = encoding.columns[j]
            if column.type != "category":
                return None
            codes = {category: float(code) for code, category in enumerate(categories)}
            lookups[j] = np.array([codes.get(category, np.nan) for category in column.categories] + [np.nan])
    if any(column.type == "category" and j not in lookups for j, column in enumerate(encoding.columns)):
        return None
    return Boosting(model, lookups, order)


def _joined(trees: list[_Forest], width: int) -> _Forest:
    """Return one tree that leads to the root of tree ``k`` where feature ``width`` has the value k."""
    upper = len(trees) - 1
    sizes = [len(tree.nodes) for tree in trees]
    roots = np.cumsum([upper, *sizes[:-1]]).astype(np.uint32)
    bitsets = np.cumsum([0, *(len(tree.bitsets) for tree in trees)]).astype(np.uint32)
    nodes = np.zeros(upper + sum(sizes), trees[0].nodes.dtype)
    for tree, root, first in zip(trees, roots, bitsets, strict=False):
        copy = tree.nodes.copy()
        inner, categorical = copy["is_leaf"] == 0, copy["is_categorical"] == 1
        copy["left"][inner] += root
        copy["right"][inner] += root
        copy["bitset_idx"][categorical] += first
        nodes[root : root + len(copy)] = copy
    free = iter(range(upper))

    def lead(low: int, high: int) -> int:
        """Return the node from which the trees from ``low`` to below ``high`` are reached."""
        if high - low == 1:
            return int(roots[low])
        node, middle = next(free), (low + high) // 2
        nodes["feature_idx"][node], nodes["num_threshold"][node] = width, middle - 0.5
        nodes["left"][node], nodes["right"][node] = lead(low, middle), lead(middle, high)
        return node

    lead(0, len(trees))
    return _Forest(nodes, np.concatenate([tree.bitsets for tree in trees]))
