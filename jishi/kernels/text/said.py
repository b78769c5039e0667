"""What a text says, as a learned model reads it: windows and concepts, of the whole text and of what stands in front.

People say first what it is about: a title, or the first sentence that is no greeting. Windows and concepts of it are
features of their own beside those of the whole text. Each of the four groups is brought to the same length, so that
few concepts are not drowned by many windows, and a long story not by its length.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from . import concepts, ordinary
from .features import WINDOWS, Counted, Features, Floats, counted, distinct, plain, points, stepped

RESERVED = 128  # the last features of each half belong to concepts
LEAD = 40  # characters of what stands in front, at most
WORD, ORDINARY = 5.0, 0.5  # what is learned counts words of concepts so many times, and words of every message
ENOUGH = 150  # cases for each label: with more, the cases say by themselves which windows are words
SHARE = 1 / 3, 1 / 6  # of a learned row: windows, concepts; of the whole text and of its front alike
_BREAK = re.compile(r"[\s。！？!?；;]+")
_DIGITS = re.compile("[0-9]+")
_GREETING = re.compile("尊敬的[^，,]{0,16}|[^，,]{0,12}[:：，,]?(?:您|你|您们|你们|大家)好")
_LEAST = 8  # characters; a shorter stretch says too little


def leads(texts: Sequence[str]) -> list[str]:
    """This will give the title or the first sentence of each text, greetings left out."""
    found = []
    for text in texts:
        parts = _BREAK.split(text[: 4 * LEAD])
        stretches = (part for part in parts if len(part) >= _LEAST and not _GREETING.fullmatch(part))
        found.append(next(stretches, text)[:LEAD])
    return found


def body(lines: Sequence[str], bits: int, known: npt.NDArray[np.bool_] | None = None) -> Counted:
    """This will count windows and concepts of each (plain) line in 2**bits features, `RESERVED` of them concepts.

    `known` (2**bits): only these windows are counted.
    """
    codes = points(lines)
    prints = concepts.prints_of(codes)
    indptr, indices, values = counted(codes, len(lines), prints, bits, known)
    top = (1 << bits) - RESERVED
    rows = np.arange(len(lines), dtype=np.int64).repeat(indptr[1:] - indptr[:-1])
    own = (indices < top).nonzero()[0]  # one window of 2,000 would fall among the concepts: it gives way
    rows, indices, values = rows[own], indices[own], values[own]
    at, concept = concepts.found(prints)
    row = (codes == 10).cumsum()[at]
    keys, times = distinct((row << bits) | (top + concept))
    every = np.concatenate(((rows << bits) | indices, keys))
    order = every.argsort(kind="stable")
    value = np.concatenate((values, (1.0 + np.log(times)).astype(np.float32)))[order]
    every = every[order]
    ends = every.searchsorted(np.arange(len(lines) + 1, dtype=np.int64) << bits)
    return ends, (every & ((1 << bits) - 1)).astype(np.int32), value


def whole(texts: Sequence[str], bits: int, known: npt.NDArray[np.bool_] | None = None) -> Counted:
    """This will count all four groups in 2**(bits + 1) features: those of the front lie in the upper half."""
    every = body([*seen(texts), *seen(leads(texts))], bits, known)
    return joined(_rows(every, 0, len(texts)), _rows(every, len(texts), 2 * len(texts)), bits)


def _rows(every: Counted, first: int, last: int) -> Counted:
    indptr, indices, values = every
    part = slice(indptr[first], indptr[last])
    return indptr[first : last + 1] - indptr[first], indices[part], values[part]


def seen(texts: Iterable[str]) -> list[str]:
    """This will give what is counted of each text: plain, and without digits, which say where, when and how many."""
    return [_DIGITS.sub(" ", text) for text in plain(texts)]


def joined(all_of_it: Counted, front: Counted, bits: int) -> Counted:
    """This will put both countings of the same texts side by side."""
    before = all_of_it[0][1:] - all_of_it[0][:-1]
    size = before + (front[0][1:] - front[0][:-1])
    indptr = np.zeros(len(size) + 1, np.int64)
    size.cumsum(out=indptr[1:])
    indices, values = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    for (start, index, value), shift, skip in (
        (all_of_it, 0, np.zeros(len(size), np.int64)), (front, 1 << bits, before),
    ):  # fmt: skip
        length = start[1:] - start[:-1]
        at = np.arange(len(index)) - (start[:-1] - indptr[:-1] - skip).repeat(length)
        indices[at], values[at] = index + shift, value
    return indptr, indices, values


@lru_cache(maxsize=4)
def emphasis(bits: int, cases: float) -> Floats:
    """This will say how much more or less than its rarity each of 2**(bits + 1) learned features counts: windows that
    are a word of a concept more, words of every message less. The other windows are mostly pieces of words. What is
    known beforehand counts less where many `cases` for each label were learned from."""
    half = np.ones(1 << bits, np.float32)
    half[ordinary.windows(bits)] = ORDINARY
    half[concepts.windows(bits)] = 1.0 + (WORD - 1.0) * min(1.0, ENOUGH / max(cases, 1.0)) ** 2
    half[(1 << bits) - RESERVED :] = 1.0
    return np.concatenate((half, half))


def weighed(counted: Counted, weights: Floats, bits: int) -> Features:
    """This will weigh counted rows (`weights`: 2**(bits + 1)) and bring each of the four groups to its length
    (`SHARE`, squared), in whole steps (see `features.stepped`), so that a row has length 1."""
    indptr, indices, values = counted
    scaled = values.astype(np.float64) * weights[indices]
    rows = len(indptr) - 1
    concept = (indices & ((1 << bits) - 1)) >= (1 << bits) - RESERVED
    group = np.repeat(np.arange(rows), np.diff(indptr)) * 4 + (indices >> bits) * 2 + concept
    length = np.sqrt(np.bincount(group, scaled**2, minlength=4 * rows))
    part = np.sqrt(np.array(SHARE))[group & 1]
    return Features(indptr, indices, stepped(scaled * part / np.maximum(length[group], 1e-12)), bits + 1)


FEW = 0.2  # a text holds so many times fewer concepts than windows, each weighed
FRONT, CONCEPT = 0.5, 0.1  # what the front weighs beside the whole, and concepts beside windows, without a case
_PROBE = "您好！３号楼〔电话〕漏水，臺階 Ａｂ12。路燈壞了"  # what folding, marks and digits do to a text


@lru_cache(maxsize=4)
def reading(bits: int) -> str:
    """This will name how texts are read here: which words are which concept, how windows fall on features, what is
    left out, how the groups are weighed. A stored model answers as it was taught only where texts are read as then; its
    header keeps this name. Whole numbers alone are hashed: the same on every machine."""
    indptr, indices, _ = whole([*concepts.CONCEPTS.values(), _PROBE], bits)
    rules = SHARE, LEAD, RESERVED, FEW, FRONT, CONCEPT, WINDOWS, _BREAK.pattern, _GREETING.pattern, _LEAST
    told = hashlib.sha256(repr(rules).encode())
    for each in (indptr, indices):
        told.update(each.tobytes())
    return told.hexdigest()[:16]


def folded(counted: Counted, weights: Floats, bits: int, *, least: float) -> Features:
    """This will weigh counted rows for a comparison with documents, which have no front: what stands in front counts
    once more, by `FRONT`. `weights`: 2**bits. A group not much longer than `least` (for concepts `FEW` of it) stays
    short: it said too little to be compared at full weight. Whole steps."""
    indptr, indices, values = counted
    low = indices & ((1 << bits) - 1)
    scaled = values.astype(np.float64) * weights[low]
    rows = len(indptr) - 1
    row = np.arange(rows).repeat(indptr[1:] - indptr[:-1])
    front, concept = indices >> bits, low >= (1 << bits) - RESERVED
    group = row * 4 + front * 2 + concept
    squares = np.bincount(group, scaled**2, minlength=4 * rows).reshape(rows, 2, 2).astype(np.float64)
    squares += np.array([least, FEW * least]) ** 2
    share = np.array([[1.0, CONCEPT], [FRONT, FRONT * CONCEPT]]) / (1.0 + FRONT)
    scaled *= (share / np.sqrt(np.maximum(squares, 1e-30))).ravel()[group]
    keys = (row << bits) | low
    at, ahead = (front == 0).nonzero()[0], front.nonzero()[0]
    own, asked, more = keys[at], keys[ahead], scaled[ahead]
    place = np.minimum(own.searchsorted(asked), max(0, len(at) - 1))
    if len(at) and len(more):
        fits = (own[place] == asked).nonzero()[0]
        np.add.at(scaled, at[place[fits]], more[fits])
    ends = row[at].searchsorted(np.arange(rows + 1))
    return Features(ends, low[at], stepped(scaled[at]), bits)
