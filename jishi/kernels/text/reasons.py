"""Which words of a text speak for an answer? A batch of texts and answers at once.

What weighs are windows, which begin and end anywhere; what is shown are whole words (`whole`), so that a clerk
reads 下水道 and not 口的下水.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import concepts
from .features import WINDOWS, Ints, hashes, plain

Doubles = npt.NDArray[np.float64]
WeightOf = Callable[[npt.NDArray[np.int32], Ints], Doubles]
SHORTEST, LONGEST = 2, 12  # characters of a stretch
# Signs that begin or end no word of a matter: they are taken off a stretch in which no word is known.
_LOOSE = frozenset(
    "的了着过吗呢吧啊呀嘛么是在有没不很都也就还又被把给让和与及跟对向从"
    "到由于我你您他她它们这那个些上下里外中口来去说请要想能会做一二两三几"
)


@dataclass(frozen=True)
class Reason:
    """Words of the text that speak for a label, with their share of the score."""

    words: str
    weight: float


def reasons_of(
    texts: Sequence[str],
    answers: Ints,
    weight_of: WeightOf,
    known: npt.NDArray[np.bool_],
    bits: int,
    *,
    limit: int = 3,
) -> list[list[tuple[Reason, ...]]]:
    """This will find, for each text and each of its `answers` (texts × answers, places of labels), the stretches whose
    windows weigh most. `weight_of(windows, labels)` gives the weight of each window for the label beside it; only
    `known` windows (2**bits) have one."""
    seen = plain(texts)
    codes = np.frombuffer("\n".join(seen).encode("utf-32-le"), np.uint32)
    ends = codes == 10
    row_of = ends.cumsum() - ends
    blank = ends | (codes == 32)
    bad = np.zeros(len(codes) + 1, np.int64)
    blank.cumsum(out=bad[1:])
    starts = np.concatenate(([0], ends.nonzero()[0] + 1)) if texts else np.zeros(0, np.int64)
    heat = _heats(codes, answers, row_of, weight_of, [_whole(codes, size, bits, bad, known) for size in WINDOWS[1:]])
    heat[:, blank] = 0.0
    heat[heat < 0] = 0.0
    # All ranks at once, as if each text stood there once for each: a cold place between two of them.
    ranks, length = heat.shape
    apart = np.concatenate((heat, np.zeros((ranks, 1))), axis=1).ravel()
    every = (starts[None, :] + np.arange(ranks)[:, None] * (length + 1)).ravel()
    best = _warmest(list(seen) * ranks, every, apart, limit)
    return [
        [
            best[rank * len(texts) + at] or _alone(seen[at], int(answers[at, rank]), weight_of, known, bits)
            for rank in range(ranks)
        ]
        for at in range(len(texts))
    ]


def _alone(
    text: str, label: int, weight_of: WeightOf, known: npt.NDArray[np.bool_], bits: int
) -> tuple[Reason, ...]:
    """Where no stretch speaks, the sign that does, with its neighbours; nothing where none does."""
    single = hashes(np.frombuffer(text.encode("utf-32-le"), np.uint32), 1, bits)
    if not len(single):
        return ()
    weight = np.where(known[single], weight_of(single, np.full(len(single), label)), 0.0)
    at = int(weight.argmax())
    return (Reason(text[max(0, at - 1) : at + 2].strip(), 1.0),) if weight[at] > 0 else ()


def _heats(
    codes: npt.NDArray[np.uint32], answers: Ints, row_of: Ints, weight_of: WeightOf,
    windows: Sequence[tuple[Ints, npt.NDArray[np.int32]]],
) -> Doubles:  # fmt: skip
    """How warm each character is for the answer of each rank (ranks × characters); a window warms each of its own."""
    ranks, sizes = answers.shape[1], WINDOWS[1:]
    heat = np.zeros((ranks, len(codes)))
    at = np.concatenate([places for places, _ in windows])
    hashed = np.concatenate([prints for _, prints in windows])
    said = weight_of(np.tile(hashed, ranks), answers[row_of[at]].T.ravel()).reshape(ranks, len(at))
    first = 0
    for size, (places, _) in zip(sizes, windows, strict=True):
        weight = np.zeros((ranks, len(codes)))
        weight[:, places] = said[:, first : first + len(places)] / size
        first += len(places)
        for k in range(size):
            heat[:, k:] += weight[:, : len(codes) - k]
    return heat


def _whole(
    codes: npt.NDArray[np.uint32], size: int, bits: int, bad: Ints, known: npt.NDArray[np.bool_]
) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Known windows that reach over no blank: where they begin, and their hash."""
    hashed = hashes(codes, size, bits)
    at = ((bad[size : size + len(hashed)] == bad[: len(hashed)]) & known[hashed]).nonzero()[0]
    return at, hashed[at]


def _warmest(seen: Sequence[str], starts: Ints, heat: Doubles, limit: int) -> list[tuple[Reason, ...]]:
    """The warmest stretches of each text: 2 to 12 characters, each among the warmer two fifths of the text's own.

    Every number is made of one text alone, so the answer does not depend on what else is in the batch.
    """
    best: list[dict[str, Reason]] = [{} for _ in seen]
    warm = heat.nonzero()[0]
    if not len(warm):
        return [() for _ in seen]
    row = starts.searchsorted(warm, side="right") - 1
    first, count = _runs(row)
    said = heat[warm]
    total = dict(zip(row[first].tolist(), np.add.reduceat(said, first).tolist(), strict=True))
    ranked = warm[np.lexsort((said, row))]
    bar = heat[ranked[first + (0.6 * (count - 1)).astype(np.int64)]].repeat(count)
    marked = warm[said >= bar]
    begin, end = _stretches(marked)
    closed = np.append(heat, 0.0)
    weight = np.add.reduceat(closed, np.column_stack((begin, end)).ravel())[::2] if len(begin) else heat[:0]
    owner = starts.searchsorted(begin, side="right") - 1
    for k in np.lexsort((-weight, owner)).tolist():
        at, offset = int(owner[k]), int(starts[owner[k]])
        words = seen[at][begin[k] - offset : end[k] - offset]
        known = best[at].get(words)
        if known is None or known.weight < weight[k] / total[at]:
            best[at][words] = Reason(words, float(weight[k] / total[at]))
    ranked_words = [sorted(found.values(), key=lambda r: (-r.weight, r.words)) for found in best]
    return [_told(text, found, limit) for text, found in zip(seen, ranked_words, strict=True)]


def _told(text: str, found: Sequence[Reason], limit: int) -> tuple[Reason, ...]:
    """The first `limit` of the stretches as whole words, each once; a piece of none where there is no other."""
    told: dict[str, Reason] = {}
    spare: Reason | None = None
    for one in found:
        words = whole(text, one.words)
        if not _known(words):
            spare = spare or (Reason(words, one.weight) if words else None)
        elif not any(words in other for other in told):
            told[words] = Reason(words, one.weight)
            if len(told) == limit:
                break
    return tuple(told.values()) or ((spare,) if spare else tuple(found[:1]))


def _known(piece: str) -> bool:
    """Whether a word of a field stands in it, or it is of Latin letters."""
    return bool(piece) and (piece.isascii() or next(_words_in(piece, 0, len(piece) - SHORTEST + 1), None) is not None)


def _words_in(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The known words that begin at a place from `first` on and before `last`, the longest of each place first."""
    known, heads = concepts.words(), concepts.heads()
    for i in range(first, last):
        if text[i : i + SHORTEST] in heads:
            for j in range(min(len(text), i + concepts.LONGEST), i + SHORTEST - 1, -1):
                if text[i:j] in known:
                    yield i, j


def whole(text: str, piece: str) -> str:
    """This will give the words of a text that a piece of it is of: from the first known word that shares two signs with
    it to the last; where none is known the piece without loose signs at its ends, "" where nothing of it is left."""
    begin = text.find(piece)
    end = begin + len(piece)
    near = _words_in(text, max(0, begin - concepts.LONGEST + SHORTEST), end - SHORTEST + 1)
    spans = [(i, j) for i, j in near if j >= begin + SHORTEST]
    if spans:
        return text[spans[0][0] : max(j for _, j in spans)]
    if piece.isascii():
        return _latin(text, begin, end)
    while piece and piece[0] in _LOOSE:
        piece = piece[1:]
    while piece and piece[-1] in _LOOSE:
        piece = piece[:-1]
    return piece if len(piece) >= SHORTEST else ""


def _latin(text: str, begin: int, end: int) -> str:
    """A word of Latin letters goes from blank to blank, or to the next Chinese sign."""
    while begin and text[begin - 1].isascii() and text[begin - 1] != " ":
        begin -= 1
    while end < len(text) and text[end].isascii() and text[end] != " ":
        end += 1
    return text[begin:end]


def _runs(values: Ints, *, step: int = 0) -> tuple[Ints, Ints]:
    """Where runs of values begin of which each is `step` more than the one before, and how long they are."""
    fresh = np.ones(len(values) + 1, np.bool_)
    np.not_equal(values[1:] - values[:-1], step, out=fresh[1:-1])
    at = fresh.nonzero()[0]
    return at[:-1], at[1:] - at[:-1]


def _stretches(marked: Ints) -> tuple[Ints, Ints]:
    """Cut runs of neighbouring places into stretches of at most 12; what is shorter than 2 is left out."""
    first, length = _runs(marked, step=1)
    pieces = -(-length // LONGEST)
    nth = np.arange(int(pieces.sum())) - (pieces.cumsum() - pieces).repeat(pieces)
    begin = marked[first].repeat(pieces) + nth * LONGEST
    size = np.minimum(length.repeat(pieces) - nth * LONGEST, LONGEST)
    kept = size >= SHORTEST
    return begin[kept], (begin + size)[kept]
