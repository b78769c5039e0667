"""How sure is an answer? From similarities to probabilities that may be believed, whatever the length of the text.

Cosines of a long message are small and close to each other, those of a short one large and far apart. So a row is
first told in its own measure (its root mean square over all labels, and a floor for rows that resemble nothing), then
sharpened by one temperature. A part of each answer is kept flatter: the words of the true matter may be missing from
its documents, and then the best of the others is not sure at all.

The three numbers are fitted on generated messages of the demonstration town (`benchmarks triage` fits them again and
prints them) and on nothing else; the figures on real messages are measured with them as they stand.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .features import Ints, plain

Doubles = npt.NDArray[np.float64]
FLOOR = 0.06
USUAL_MEASURE = 0.1  # floor and root mean square of an ordinary message: what its cosines are divided by
TEMPERATURE = 0.2
DOUBT, WIDER = 0.25, 3.0  # this part of the answer stands at so many times the temperature


def softmax(logits: Doubles) -> Doubles:
    """This will turn rows of logits into probabilities."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Doubles = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def in_own_measure(similarity: Doubles) -> Doubles:
    """This will tell each row in its own measure, so that long and short texts can be compared."""
    result: Doubles = similarity / (FLOOR + np.sqrt((similarity**2).mean(axis=1, keepdims=True)))
    return result


def sure(similarity: Doubles, temperature: float = TEMPERATURE, doubt: float = DOUBT) -> Doubles:
    """This will turn similarities (texts × labels, 0 to 1) into probabilities."""
    logits = in_own_measure(similarity) / temperature
    result: Doubles = (1 - doubt) * softmax(logits) + doubt * softmax(logits / WIDER)
    return result


def fit_temperature(logits: Doubles, truth: Ints) -> float:
    """This will find the temperature under which the true labels are likeliest (golden section on its logarithm)."""
    if not len(truth):
        return 1.0
    rows = np.arange(len(truth))

    def surprise(log_t: float) -> float:
        scaled = logits / np.exp(log_t)
        top = scaled.max(axis=1)
        return float(np.mean(np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top - scaled[rows, truth]))

    low, high, ratio = np.log(0.005), np.log(20.0), (np.sqrt(5.0) - 1) / 2
    for _ in range(50):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if surprise(a) < surprise(b) else (a, high)
    return float(np.exp((low + high) / 2))


def fit_sureness(similarity: Doubles, truth: Ints) -> tuple[float, float]:
    """This will find temperature and doubt under which the first answers are as often right as they say.

    What is judged is the first answer alone (right or not), because that is what fills a field in; a grid is enough
    for two numbers. Nothing is fitted without cases: the numbers of this module come back.
    """
    if not len(truth):
        return TEMPERATURE, DOUBT
    found = []
    for doubt in np.arange(0.0, 0.41, 0.05).tolist():
        for temperature in np.geomspace(0.05, 0.6, 30).tolist():
            seen = sure(similarity, temperature, doubt)
            first = np.clip(seen.max(axis=1), 1e-6, 1 - 1e-6)
            right = seen.argmax(axis=1) == truth
            found.append((-float(np.where(right, np.log(first), np.log(1 - first)).mean()), temperature, doubt))
    _, temperature, doubt = min(found)
    return float(temperature), float(doubt)


def abstentions(
    texts: Iterable[str], probabilities: Doubles, *, least: float = 0.5, apart: float = 0.1
) -> list[str | None]:
    """This will say for each text why no class should be named, or None.

    `too_short`: under two words of content. `language`: hardly a Chinese character. `equally_likely`: two real
    candidates, closer than `apart`, together `least` or more, the second at least twice the third. `unsure`: the first
    under `least`.
    """
    top = np.zeros((len(probabilities), 3))
    width = min(3, probabilities.shape[1])
    top[:, :width] = np.sort(np.partition(probabilities, -width, axis=1)[:, -width:], axis=1)[:, ::-1]
    first, second, third = top.T
    tied = (first - second < apart) & (first + second >= least) & (second >= 2 * third)
    han, letters = _letters(plain(texts))
    return [
        "too_short" if n < 2 or (h < 2 and n < 4)
        else "language" if h * 4 < n
        else "equally_likely" if is_tied
        else "unsure" if best < least
        else None
        for h, n, is_tied, best in zip(han, letters, tied.tolist(), first.tolist(), strict=True)
    ]  # fmt: skip


def _letters(seen: Sequence[str]) -> tuple[list[int], list[int]]:
    """How many Chinese characters each plain text has, and how many letters of any kind."""
    codes = np.frombuffer("\n".join(seen).encode("utf-32-le"), np.uint32)
    row = np.cumsum(codes == 10)
    han = np.bincount(row[codes >= 0x3400], minlength=len(seen))
    # A plain text holds Chinese characters, Latin letters, digits and blanks, nothing else.
    return han.tolist(), np.bincount(row[codes >= 65], minlength=len(seen)).tolist()


def branch_probabilities(probabilities: Doubles, branch_of: Sequence[str]) -> tuple[tuple[str, ...], Doubles]:
    """This will sum the leaves of each branch; `branch_of` names the branch of each column."""
    branches, order, starts = branches_in_order(tuple(branch_of))
    return branches, np.add.reduceat(probabilities[:, order], starts, axis=1)


@lru_cache(maxsize=64)
def branches_in_order(branch_of: tuple[str, ...]) -> tuple[tuple[str, ...], Ints, Ints]:
    """This will give the branches by name, the columns with those of one branch together, and where each begins."""
    branches, column = np.unique(np.array(branch_of), return_inverse=True)
    order = np.argsort(column, kind="stable")
    return tuple(branches.tolist()), order, np.searchsorted(column[order], np.arange(len(branches)))


def calibration_error(probabilities: Doubles, truth: Ints, *, bins: int = 10) -> float:
    """This will give the expected calibration error of the first answer in `bins` of equal width."""
    first, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bin_of = np.minimum((first * bins).astype(int), bins - 1)
    gaps = [
        abs(float(first[bin_of == b].mean() - right[bin_of == b].mean())) * float((bin_of == b).mean())
        for b in np.unique(bin_of)
    ]
    return float(sum(gaps))
