"""Hashed features of short texts: characters in windows of 1–4, as sparse rows in plain arrays.

A window is hashed from code points alone (FNV-1a, 64 bits, folded to `bits`), so the same text has the same
features on every
machine and in every process.
"""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .normalise import normalise

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Counted = tuple[Ints, npt.NDArray[np.int32], Floats]

WINDOWS = (1, 2, 3, 4)
_NOISE = re.compile(r"〔[^〔〕\n]{1,20}〕|[^\u3400-\u9fffA-Za-z0-9]+")
_STEPS = float(1 << 20)
_PRIME = np.uint64(0x100000001B3)
_BASIS = np.uint64(0xCBF29CE484222325)


@dataclass(frozen=True)
class Features:
    """Sparse rows: row i is `indices[indptr[i]:indptr[i+1]]` with `values`, sorted by index, of Euclidean
    length 1 (or empty)."""

    indptr: Ints
    indices: npt.NDArray[np.int32]
    values: Floats
    bits: int

    def __len__(self) -> int:
        return len(self.indptr) - 1


def plain(texts: Iterable[str]) -> list[str]:
    """This will give what the features see: folded, small letters, marks of hidden data and punctuation as one space.

    The same texts are asked for by score, reasons and comparison one after the other; the last of them are kept.
    """
    return [_plain(text) for text in texts]


@lru_cache(maxsize=1024)
def _plain(text: str) -> str:
    return _NOISE.sub(" ", normalise(text).text.lower()).strip()


def hashes(codes: npt.NDArray[np.uint32], size: int, bits: int) -> npt.NDArray[np.int32]:
    """This will hash every window of `size` code points to one of 2**bits features."""
    return features_of(fingerprints(codes, size), bits)


def features_of(prints: npt.NDArray[np.uint64], bits: int) -> npt.NDArray[np.int32]:
    """This will fold fingerprints to one of 2**bits features each."""
    return (prints & np.uint64((1 << bits) - 1)).astype(np.int32)


def fingerprints(codes: npt.NDArray[np.uint32], size: int) -> npt.NDArray[np.uint64]:
    """This will hash every window of `size` code points to 64 bits."""
    count = len(codes) - size + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    wide = codes.astype(np.uint64)
    value = wide[:count] ^ (_BASIS ^ np.uint64(size))
    value *= _PRIME
    for k in range(1, size):
        value ^= wide[k : k + count]
        value *= _PRIME
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(29)
    return value


def points(texts: Sequence[str]) -> npt.NDArray[np.uint32]:
    """This will give the code points of texts, a line feed between two of them."""
    return np.frombuffer("\n".join(texts).encode("utf-32-le"), np.uint32)


def counts(
    texts: Sequence[str], bits: int, known: npt.NDArray[np.bool_] | None = None
) -> tuple[Ints, npt.NDArray[np.int32], Floats]:
    """This will count windows of each (plain) text: (indptr, indices, 1 + log count).

    Windows over a space are not counted. `known` (2**bits): only these windows are; sorting the others is most of
    the work of a long message.
    """
    codes = points(texts)
    return counted(codes, len(texts), {size: fingerprints(codes, size) for size in WINDOWS}, bits, known)


def counted(
    codes: npt.NDArray[np.uint32],
    texts: int,
    prints: Mapping[int, npt.NDArray[np.uint64]],
    bits: int,
    known: npt.NDArray[np.bool_] | None = None,
) -> tuple[Ints, npt.NDArray[np.int32], Floats]:
    """This will count as `counts` does, from code points and the fingerprints of their windows by size."""
    ends = codes == 10
    blank = ends | (codes == 32)
    above = (ends.cumsum() - ends) << bits
    bad = np.zeros(len(codes) + 1, np.int64)
    blank.cumsum(out=bad[1:])
    keys = []
    for size in WINDOWS:
        hashed = features_of(prints[size], bits)
        whole = bad[size : size + len(hashed)] == bad[: len(hashed)]
        if known is not None:
            whole &= known[hashed]
        at = whole.nonzero()[0]
        keys.append(above[at] | hashed[at])
    every, times = distinct(np.concatenate(keys))
    indptr = every.searchsorted(np.arange(texts + 1, dtype=np.int64) << bits)
    indices = (every & ((1 << bits) - 1)).astype(np.int32)
    return indptr, indices, (1.0 + np.log(times)).astype(np.float32)


def distinct(values: Ints) -> tuple[Ints, Ints]:
    """This will give the different values in order, and how often each stands there: what `np.unique` gives, without
    the way to it, which for one text costs more than the sorting."""
    values = np.sort(values)
    fresh = np.ones(len(values) + 1, np.bool_)
    np.not_equal(values[1:], values[:-1], out=fresh[1:-1])
    at = fresh.nonzero()[0]
    return values[at[:-1]], at[1:] - at[:-1]


def pairs_of_characters(texts: Sequence[str], bits: int) -> Features:
    """This will give the different pairs of neighbouring characters of each (plain) text, each with value 1."""
    codes = points(texts)
    ends = codes == 10
    blank = ends | (codes == 32)
    hashed = hashes(codes, 2, bits)
    at = (~(blank[:-1] | blank[1:])[: len(hashed)]).nonzero()[0]
    every = distinct(((ends.cumsum() - ends) << bits)[at] | hashed[at])[0]
    indptr = every.searchsorted(np.arange(len(texts) + 1, dtype=np.int64) << bits)
    return Features(indptr, (every & ((1 << bits) - 1)).astype(np.int32), np.ones(len(every), np.float32), bits)


def document_weights(indices: npt.NDArray[np.int32], documents: int, bits: int) -> Floats:
    """This will give the inverse document frequency of every feature, ln((1 + n) / (1 + df)) + 1."""
    frequency = np.bincount(indices, minlength=1 << bits)
    weights: Floats = (np.log((1.0 + documents) / (1.0 + frequency)) + 1.0).astype(np.float32)
    return weights


def weighted(
    indptr: Ints,
    indices: npt.NDArray[np.int32],
    values: Floats,
    idf: Floats | None,
    bits: int,
    *,
    least: float = 0.0,
) -> Features:
    """This will weigh counted rows and bring each to length 1, in whole steps. With `least`, a row that was not much
    longer than that stays shorter than 1: it said too little to be compared at full weight."""
    scaled = values if idf is None else values * idf[indices]
    size = indptr[1:] - indptr[:-1]
    squares = np.bincount(np.arange(len(size)).repeat(size), scaled.astype(np.float64) ** 2, minlength=len(size))
    lengths = np.sqrt(np.maximum(squares + least**2, 1e-30))
    return Features(indptr, indices, stepped(scaled / lengths.repeat(size)), bits)


def stepped(values: npt.NDArray[Any]) -> Floats:
    """This will bring numbers to whole steps of 2⁻²⁰: products and sums of them are exact in double precision, so that
    neither the order of adding nor the size of a batch shows."""
    steps: Floats = (np.rint(values * _STEPS) / _STEPS).astype(np.float32)
    return steps


def features(texts: Iterable[str], *, bits: int = 18, idf: Floats | None = None) -> Features:
    """This will turn texts into sparse rows of length 1; `idf` has 2**bits weights (see `document_weights`)."""
    return weighted(*counts(plain(texts), bits), idf, bits)


class _Sheets(threading.local):
    """The empty rows of one thread, by length and kind."""

    def __init__(self) -> None:
        self.held: dict[tuple[int, type], npt.NDArray[Any]] = {}


_sheets = _Sheets()


@contextmanager
def opened(
    index: npt.NDArray[np.int32], values: npt.NDArray[Any], bits: int, kind: type = np.float64
) -> Iterator[npt.NDArray[Any]]:
    """This will lay one sparse row open, 2**bits wide, and wipe it afterwards: looking other rows up in it needs no
    search. The sheet stays with the thread: a fresh one costs more than what is read on it."""
    sheet = _sheets.held.get((bits, kind))
    if sheet is None:
        sheet = _sheets.held[bits, kind] = np.zeros(1 << bits, kind)
    sheet[index] = values
    try:
        yield sheet
    finally:
        sheet[index] = 0
