"""Rows of features of texts that are compared again and again, and the products of pairs of them."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from .features import Features, Ints, counts, opened, pairs_of_characters, weighted

Doubles = npt.NDArray[np.float64]
_BITS = 18
_KEPT = 2048  # texts whose features are kept, some 6 KiB each
_Row = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]
_words: dict[str, _Row] = {}
_pieces: dict[str, _Row] = {}


def words_of(texts: Sequence[str]) -> Features:
    """This will give the words of (plain) texts as rows of length 1."""
    return _laid(texts, _words, lambda fresh: weighted(*counts(fresh, _BITS), None, _BITS))


def pieces_of(texts: Sequence[str]) -> Features:
    """This will give the different pairs of neighbouring characters of (plain) texts, each with value 1."""
    return _laid(texts, _pieces, lambda fresh: pairs_of_characters(fresh, _BITS))


def _laid(texts: Sequence[str], kept: dict[str, _Row], make: Callable[[list[str]], Features]) -> Features:
    """Lay rows one after the other. A neighbour is compared again and again: the last of them are kept."""
    held = {text: kept.get(text) for text in texts}
    fresh = [text for text, row in held.items() if row is None]
    if fresh:
        rows = make(fresh)
        for k, text in enumerate(fresh):
            part = slice(rows.indptr[k], rows.indptr[k + 1])
            held[text] = kept[text] = rows.indices[part].copy(), rows.values[part].copy()
        for old in list(kept)[: max(0, len(kept) - _KEPT)]:
            kept.pop(old, None)
    laid = [row for text in texts if (row := held[text]) is not None]
    index, value = (np.concatenate(column) for column in zip(_EMPTY, *laid, strict=True))
    ends = np.zeros(len(laid) + 1, np.int64)
    np.cumsum([len(row[0]) for row in laid], out=ends[1:])
    return Features(ends, index, value, _BITS)


_EMPTY: _Row = (np.empty(0, np.int32), np.empty(0, np.float32))


def by_first(first: Ints) -> list[Ints]:
    """This will give the places of equal numbers, together."""
    if (first == first[:1]).all():  # one report is compared with others
        return [np.arange(len(first))] if len(first) else []
    order = np.argsort(first, kind="stable")
    starts = np.flatnonzero(np.diff(first[order], prepend=-1)).tolist()
    return [order[start:stop] for start, stop in zip(starts, [*starts[1:], len(order)], strict=True)]


def shared(rows: Features, first: Ints, second: Ints) -> Doubles:
    """This will give the product of row first[k] with row second[k], one row laid open at a time.

    Where that row is compared with half of all or more, all are multiplied as they lie: nothing is put together again.
    """
    out = np.zeros(len(first))
    owner = np.arange(len(rows)).repeat(rows.indptr[1:] - rows.indptr[:-1])
    for at in by_first(first):
        part = slice(rows.indptr[first[at[0]]], rows.indptr[first[at[0]] + 1])
        with opened(rows.indices[part], rows.values[part], rows.bits, np.float32) as open_row:
            if 2 * len(at) >= len(rows):
                every = np.bincount(owner, weights=open_row[rows.indices] * rows.values, minlength=len(rows))
                out[at] = every[second[at]]
                continue
            begin, length = rows.indptr[second[at]], rows.indptr[second[at] + 1] - rows.indptr[second[at]]
            ends = np.cumsum(length)
            where = np.repeat(begin - (ends - length), length) + np.arange(ends[-1] if len(ends) else 0)
            met = open_row[rows.indices[where]] * rows.values[where]
            out[at] = np.bincount(np.repeat(np.arange(len(at)), length), weights=met, minlength=len(at))
    return out
