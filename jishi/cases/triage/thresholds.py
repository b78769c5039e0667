"""When is a guess filled in? From where it is as often right as was stated; below that, three and no more (spec 12 §3).

Levels are counted from the matter up: 0 the matter itself, 1 the branch above it, and so on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jishi.kernels.text.certainty import Doubles, abstentions
from jishi.kernels.text.figures import Share

STATED = 0.90  # how often what is filled in shall be right
PREFILL = 0.5  # nothing less sure is ever filled in; also the threshold of the first day, when nothing was confirmed
CANNOT_TELL = 0.5  # the three likeliest together: below it nothing is named
JUDGED = 40  # confirmed answers before a threshold is measured instead of taken at its word
ABOVE = 20  # of them above it
NEVER = 1.01


def chosen(sure: Doubles, right: npt.NDArray[np.bool_], *, level: int, stated: float = STATED) -> dict[str, Any]:
    """Find the lowest threshold above which `stated` of the answers were right; shapes (n,), (n,).

    `how`: measured; at_its_word where too few were judged (the mean of what was said above it); never where no
    answer is that good. `judged`: the share that was right above it, with its interval and counts.
    """
    order = np.argsort(-sure, kind="stable")
    said, good = sure[order], right[order].astype(np.float64)
    how = "measured" if len(said) >= JUDGED else "at_its_word"
    mean = np.cumsum(good if how == "measured" else said) / np.arange(1, len(said) + 1)
    last = np.append(said[1:] < said[:-1], True)[: len(said)]  # a threshold takes all that are equally sure
    enough = np.arange(1, len(said) + 1) >= (ABOVE if how == "measured" else 1)
    fits = np.flatnonzero((mean >= stated) & last & enough)
    least = max(PREFILL, float(np.floor(said[fits[-1]] * 1000) / 1000)) if len(fits) else NEVER
    above = sure >= least
    return {
        "level": level, "least": least, "stated": stated, "how": how if len(fits) else "never", "of": len(said),
        "judged": Share(int(right[above].sum()), int(above.sum())).told(),
    }  # fmt: skip


def least_of(card: Sequence[Mapping[str, Any]], level: int) -> float:
    """Give the threshold of a level by the card of an edition; without one the threshold of the first day."""
    return next((float(row["least"]) for row in card if row["level"] == level), PREFILL)


def silences(texts: Sequence[str], scores: Doubles, *, least: float) -> list[str]:
    """Say for each text why nothing is filled in, or nothing.

    Besides the grounds of `abstentions`: `unsure` under the threshold, `cannot_tell` where the three likeliest
    together stay under a half.
    """
    width = min(3, scores.shape[1])
    best = -np.sort(-scores, axis=1)[:, :width]
    found = []
    for why, first, total in zip(abstentions(texts, scores, least=PREFILL), best[:, 0], best.sum(axis=1), strict=True):
        unsure = why == "unsure" or (why is None and first < least)
        found.append(("cannot_tell" if total < CANNOT_TELL else "unsure") if unsure else why or "")
    return found
