"""The data of each metric, found without looking at those of all others.

moto 5.2.5 keeps what was put in one list (``cloudwatch/models.py:653``), which a replayed year fills with more than
twenty alarms can look through every few seconds.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

if TYPE_CHECKING:
    from local.server import EmbeddedAws

_Key = tuple[str, str, frozenset[tuple[str, str]]]


class _Index:
    """What is known of one backend's list, which only grows until it is replaced."""

    def __init__(self) -> None:
        self._list: list[Any] | None = None
        self._seen = 0
        self._by_metric: dict[_Key, list[Any]] = defaultdict(list)
        self._lock = threading.Lock()

    def data(self, backend: CloudWatchBackend, key: _Key) -> list[Any]:
        with self._lock:
            if backend.metric_data is not self._list or len(backend.metric_data) < self._seen:
                self._list, self._seen = backend.metric_data, 0
                self._by_metric.clear()
            for datum in backend.metric_data[self._seen :]:
                self._by_metric[_key(datum.namespace, datum.name, _pairs(datum.dimensions))].append(datum)
                self._seen += 1
            return list(self._by_metric.get(key, ()))


_indexes: WeakKeyDictionary[CloudWatchBackend, _Index] = WeakKeyDictionary()


def data_of(aws: EmbeddedAws, metric: Mapping[str, Any]) -> list[Any]:
    """Return the data of a metric, as an alarm describes it: Namespace, MetricName, Dimensions."""
    backend = cloudwatch_backends[aws.account][aws.region]
    index = _indexes.setdefault(backend, _Index())
    named = ((dimension["Name"], dimension["Value"]) for dimension in metric.get("Dimensions", []))
    return index.data(backend, _key(metric["Namespace"], metric["MetricName"], named))


def _pairs(dimensions: Iterable[Any]) -> Iterable[tuple[str, str]]:
    return ((dimension.name, dimension.value) for dimension in dimensions)


def _key(namespace: str, name: str, dimensions: Iterable[tuple[str, str]]) -> _Key:
    return namespace, name, frozenset(dimensions)
