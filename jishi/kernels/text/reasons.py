"""Which words of a text speak for an answer? A batch of texts and answers at once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import WINDOWS, Ints, hashes, plain

Doubles = npt.NDArray[np.float64]
WeightOf = Callable[[npt.NDArray[np.int32], Ints], Doubles]
_STRETCH = re.compile("1{2,12}")


@dataclass(frozen=True)
class Reason:
    """Words of the text that speak for a label, with their share of the score."""

    words: str
    weight: float


def reasons_of(
    texts: Sequence[str], answers: Ints, weight_of: WeightOf, bits: int, *, limit: int = 3
) -> list[list[tuple[Reason, ...]]]:
    """This will find, for each text and each of its `answers` (texts × answers, places of labels), the stretches whose
    windows weigh most. `weight_of(windows, labels)` gives the weight of each window for the label beside it."""
    seen = plain(texts)
    codes = np.frombuffer("\n".join(seen).encode("utf-32-le"), np.uint32)
    ends = codes == 10
    row_of = np.cumsum(ends) - ends
    blank = ends | (codes == 32)
    bad = np.concatenate(([0], np.cumsum(blank)))
    starts = np.concatenate(([0], np.flatnonzero(ends) + 1)) if texts else np.zeros(0, np.int64)
    found: list[list[tuple[Reason, ...]]] = [[] for _ in texts]
    windows = [(size, *_whole(codes, size, bits, bad)) for size in WINDOWS[1:]]
    for rank in range(answers.shape[1]):
        heat = np.zeros(len(codes))
        for size, at, hashed in windows:
            weight = weight_of(hashed, answers[row_of[at], rank]) / size
            for k in range(size):
                heat += np.bincount(at + k, weights=weight, minlength=len(codes))
        heat[blank] = 0.0
        for row, text in enumerate(seen):
            found[row].append(_stretches(text, heat[starts[row] : starts[row] + len(text)].tolist(), limit))
    return found


def _whole(codes: npt.NDArray[np.uint32], size: int, bits: int, bad: Ints) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Windows that reach over no blank: where they begin, and their hash."""
    hashed = hashes(codes, size, bits)
    at = np.flatnonzero(bad[size : size + len(hashed)] == bad[: len(hashed)])
    return at, hashed[at]


def _stretches(seen: str, heat: Sequence[float], limit: int) -> tuple[Reason, ...]:
    warm = sorted(h for h in heat if h > 0)
    if not warm:
        return ()
    total, bar = sum(warm), warm[int(0.6 * (len(warm) - 1))]
    marks = "".join("1" if h >= bar and h > 0 else "0" for h in heat)
    best: dict[str, Reason] = {}
    stretches = [
        Reason(seen[m.start() : m.end()], sum(heat[m.start() : m.end()]) / total) for m in _STRETCH.finditer(marks)
    ]
    for reason in sorted(stretches, key=lambda r: (-r.weight, r.words)):
        best.setdefault(reason.words, reason)
    return tuple(best.values())[:limit]
