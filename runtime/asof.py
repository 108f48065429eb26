"""The point-in-time join: to each example the newest row of its entity that was known at its moment.

A view is stored sorted by entity and moment, and the examples are sorted alike; so the view's rows stream past the
examples once, a batch at a time, and only what some example needs is kept. Memory depends on the examples alone. In a
batch every (entity, moment) is one whole number that sorts as the pair does: one binary search finds all its answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from runtime.entities import ABSENT, Integers, Numbering, whole
from runtime.gathering import Gathered

NEVER = 1 << 62
"""A time to live that nothing outlives, in microseconds."""
_LARGEST_KEY = 1 << 62


class UnsortedError(Exception):
    """A view's rows do not come by entity and moment, each pair once."""


@dataclass(frozen=True)
class Rows:
    """A batch of a view: its entities' columns, its moments in microseconds and its values."""

    entities: list[pa.Array]
    moments: Integers
    values: list[pa.Array]


@dataclass
class Ages:
    """How old what was found is; ``same`` counts rows of the example's very moment."""

    found: int = 0
    same: int = 0
    total: int = 0
    oldest: int = 0

    def add(self, ages: Integers) -> None:
        if len(ages):
            self.found += len(ages)
            self.same += int((ages == 0).sum())
            self.total += int(ages.sum())
            self.oldest = max(self.oldest, int(ages.max()))

    def hours(self) -> dict[str, float]:
        """Return what was found and its age in hours, for people."""
        mean = self.total / self.found / 3_600_000_000 if self.found else 0.0
        oldest = self.oldest / 3_600_000_000
        return {"found": self.found, "same_moment": self.same, "mean": round(mean, 3), "oldest": round(oldest, 3)}

    def __add__(self, other: Ages) -> Ages:
        return Ages(
            found=self.found + other.found,
            same=self.same + other.same,
            total=self.total + other.total,
            oldest=max(self.oldest, other.oldest),
        )


class Sought:
    """Examples sorted by entity and moment: ``rows`` tells the place of each; one without a whole entity is no part."""

    def __init__(self, entities: Sequence[pa.Array], moments: Integers) -> None:
        self.size = len(moments)
        known = np.ones(self.size, dtype=bool)
        for column in entities:
            known &= column.is_valid().to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(known)
        self.numbering = Numbering([column.take(pa.array(rows)) for column in entities] if len(rows) else [_NOBODY])
        codes, moments = self.numbering.codes, moments[rows]
        order = _order(codes, moments)
        self.codes, self.moments, self.rows = codes[order], moments[order], rows[order]


_NOBODY = pa.array([], pa.int64())


def newest(
    batches: Iterable[Rows],
    examples: Sought,
    *,
    kinds: Sequence[pa.DataType],
    ttl: int | None = None,
    ties_in_order: bool = False,
) -> tuple[list[pa.Array], Ages]:
    """Return, for each example, the values of the newest row not after it and not older than ``ttl`` microseconds.

    Where nothing was known, or the entity holds a null, values are null. With ``ties_in_order``, the first of rows
    with one entity and moment counts; without, such rows raise UnsortedError, as does any order but the sorted one.
    """
    join = _Join(examples, ttl=NEVER if ttl is None else ttl, kinds=kinds, ties_in_order=ties_in_order)
    if len(examples.rows):
        for batch in batches:
            join.take(batch)
        join.finish()
    return join.gathered.columns(), join.ages


@dataclass(frozen=True)
class _Last:
    """The last row of the batches so far: it may be the answer of examples that come before the next one's first."""

    code: int
    moment: int
    values: list[pa.Array]


class _Join:
    def __init__(self, examples: Sought, *, ttl: int, kinds: Sequence[pa.DataType], ties_in_order: bool) -> None:
        self._examples, self._ttl, self._ties_in_order = examples, ttl, ties_in_order
        bounds = (examples.moments.min(), examples.moments.max()) if len(examples.moments) else (0, 0)
        self._low = int(bounds[0])
        self._span = int(bounds[1]) - self._low + 3
        self._done = 0
        self._last: _Last | None = None
        self.gathered = Gathered(examples.size, kinds)
        self.ages = Ages()

    def take(self, batch: Rows) -> None:
        codes = self._examples.numbering.of(batch.entities)
        moments, values = batch.moments, batch.values
        if self._examples.numbering.has_absent and (codes == ABSENT).any():
            kept = np.flatnonzero(codes != ABSENT)
            codes, moments = codes[kept], moments[kept]
            values = [column.take(pa.array(kept)) for column in values]
        for start, end in self._pieces(codes):
            self._search(codes[start:end], moments[start:end], [column.slice(start, end - start) for column in values])

    def finish(self) -> None:
        self._give_last(len(self._examples.codes))

    def _pieces(self, codes: Integers) -> Iterator[tuple[int, int]]:
        """Cut a batch so that within each piece an entity and a moment fit into one number."""
        if len(codes) == 0:
            return
        if (codes[1:] < codes[:-1]).any() or (self._last is not None and codes[0] < self._last.code):
            raise UnsortedError
        waiting = [(0, len(codes))]
        while waiting:
            start, end = waiting.pop()
            if (int(codes[end - 1]) - int(codes[start]) + 1) * self._span < _LARGEST_KEY or end - start == 1:
                yield start, end
                continue
            changes = np.flatnonzero(codes[start + 1 : end] != codes[start : end - 1]) + start + 1
            middle = int(changes[len(changes) // 2])
            waiting += [(middle, end), (start, middle)]

    def _search(self, codes: Integers, moments: Integers, values: list[pa.Array]) -> None:
        examples, last = self._examples, self._last
        if last is not None and codes[0] == last.code and moments[0] <= last.moment:
            if not self._ties_in_order or moments[0] < last.moment:
                raise UnsortedError
            same = int(((codes == last.code) & (moments == last.moment)).sum())
            codes, moments, values = codes[same:], moments[same:], [column.slice(same) for column in values]
            if len(codes) == 0:
                return
        first = codes[0]
        keys = codes - first
        keys *= self._span
        since = moments - self._low
        keys += np.clip(since, -1, self._span - 2, out=since)
        wrong = moments[1:] < moments[:-1] if self._ties_in_order else moments[1:] <= moments[:-1]
        if (wrong & (codes[1:] == codes[:-1])).any():
            raise UnsortedError
        start, end = np.searchsorted(examples.codes, first), np.searchsorted(examples.codes, codes[-1], side="right")
        sought = (examples.codes[start:end] - first) * self._span
        sought += examples.moments[start:end] - self._low
        begin, until = np.searchsorted(sought, keys[0]), np.searchsorted(sought, keys[-1])
        self._give_last(int(start + begin))
        found = np.searchsorted(keys, sought[begin:until], side="right") - 1
        found = self._first_of_ties(found, codes, moments)
        self._give(int(start + until), found, codes, moments, values)
        final = int(self._first_of_ties(np.array([len(codes) - 1]), codes, moments)[0])
        self._last = _Last(int(codes[final]), int(moments[final]), [column.slice(final, 1) for column in values])

    def _first_of_ties(self, found: Integers, codes: Integers, moments: Integers) -> Integers:
        while self._ties_in_order:
            before = np.maximum(found - 1, 0)
            tied = (found > 0) & (moments[before] == moments[found]) & (codes[before] == codes[found])
            if not tied.any():
                break
            found = found - tied
        return found

    def _give_last(self, until: int) -> None:
        """Answer the examples that come after the last row so far and before the next."""
        last = self._last
        if last is None:
            self._done = max(self._done, until)
        elif until > self._done:
            found = np.zeros(until - self._done, dtype=np.int64)
            self._give(until, found, np.array([last.code]), np.array([last.moment]), last.values)

    def _give(self, until: int, found: Integers, codes: Integers, moments: Integers, values: list[pa.Array]) -> None:
        """Answer the examples up to ``until`` with the rows found for them, as far as those are usable."""
        here = slice(self._done, until)
        self._done = until
        ages = self._examples.moments[here] - moments[found]
        usable = (codes[found] == self._examples.codes[here]) & (ages <= self._ttl)
        if (ages[usable] < 0).any():  # never; a leak would make every metric a lie
            raise AssertionError("the point-in-time join gave a row from the future")
        rows = self._examples.rows[here]
        if not usable.all():
            rows, found, ages = rows[usable], found[usable], ages[usable]
        self.gathered.add(rows, found, values)
        self.ages.add(ages)


def _order(codes: Integers, moments: Integers) -> Integers:
    """Return the examples' places by entity and moment."""
    if len(codes) == 0:
        return np.zeros(0, dtype=np.int64)
    span = int(moments.max()) - int(moments.min()) + 1
    if (int(codes.max()) - int(codes.min()) + 1) * span < _LARGEST_KEY:
        return np.argsort((codes - codes.min()) * span + (moments - moments.min()), kind="stable")
    return np.lexsort((moments, codes))


def microseconds(column: pa.Array) -> Integers:
    """Return moments as microseconds since 1970."""
    return whole(column.cast(pa.timestamp("us", "UTC")))
