"""What does each window say for each label? Sparse rows times sparse weights, to the same bits in any batch."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .features import Features, Floats, Ints, stepped

Doubles = npt.NDArray[np.float64]
_HEAVY = 8  # a feature known to more than an eighth of the labels (and to 8) is multiplied densely
_CHUNK = 512


@dataclass(frozen=True)
class Weights:
    """Sparse weights feature → labels, by feature; the features known to many labels also as a dense block."""

    indptr: Ints
    labels: npt.NDArray[np.int32]
    values: Floats
    count: int
    heavy: npt.NDArray[np.int32]
    block: Doubles
    keys: Ints  # feature × count + label, in order

    def of(self, features: npt.NDArray[np.int32], labels: Ints) -> Doubles:
        """This will look up single weights; 0 where a feature says nothing of a label."""
        found = np.zeros(len(features))
        said = (self.indptr[features + 1] > self.indptr[features]).nonzero()[0]
        if len(said):
            wanted = features[said].astype(np.int64) * self.count + labels[said]
            at = np.minimum(self.keys.searchsorted(wanted), len(self.keys) - 1)
            found[said] = np.where(self.keys[at] == wanted, self.values[at], 0.0)
        return found

    def products(self, rows: Features) -> Doubles:
        """This will multiply sparse rows with the weights: (rows × labels).

        Both are whole steps (see `features.stepped`), so every sum is exact: a text has the same product to the last
        bit alone, in any batch and in any order.
        """
        out = np.empty((len(rows), self.count))
        for first in range(0, len(rows), _CHUNK):
            last = min(first + _CHUNK, len(rows))
            out[first:last] = self._chunk(rows, first, last)
        return out

    @cached_property
    def _place(self) -> npt.NDArray[np.int32]:
        """Where each feature stands in the dense block, −1 outside it."""
        place = np.full(len(self.indptr) - 1, -1, np.int32)
        place[self.heavy] = np.arange(len(self.heavy), dtype=np.int32)
        return place

    def _chunk(self, rows: Features, first: int, last: int) -> Doubles:
        part = slice(rows.indptr[first], rows.indptr[last])
        feature, value = rows.indices[part], rows.values[part]
        row = np.arange(last - first).repeat(rows.indptr[first + 1 : last + 1] - rows.indptr[first:last])
        at = self._place[feature]
        dense = np.zeros((last - first, len(self.heavy)))
        heavy = (at >= 0).nonzero()[0]
        dense[row[heavy], at[heavy]] = value[heavy]
        light = (at < 0).nonzero()[0]
        feature, value, row = feature[light], value[light], row[light]
        start = self.indptr[feature]
        length = self.indptr[feature + 1] - start
        ends = length.cumsum()
        where = (start - (ends - length)).repeat(length)
        where += np.arange(len(where))
        cell = row.repeat(length) * self.count + self.labels[where]
        flat = np.bincount(
            cell,
            weights=value.astype(np.float64).repeat(length) * self.values[where],
            minlength=(last - first) * self.count,
        )
        products: Doubles = flat.reshape(last - first, self.count) + dense @ self.block
        return products


def weights_from(feature: Ints, label: Ints, value: Floats, labels: int, bits: int) -> Weights:
    """This will put (feature, label, value) triples, sorted by feature, into one lookup."""
    value = stepped(value)
    indptr = np.searchsorted(feature, np.arange((1 << bits) + 1)).astype(np.int64)
    heavy = np.flatnonzero(np.diff(indptr) > max(_HEAVY, labels // 8)).astype(np.int32)
    block = np.zeros((len(heavy), labels))
    for k, f in enumerate(heavy):
        part = slice(indptr[f], indptr[f + 1])
        block[k, label[part]] = value[part]
    keys = feature.astype(np.int64) * labels + label
    return Weights(indptr, label.astype(np.int32), value, labels, heavy, block, keys)
