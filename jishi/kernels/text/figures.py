"""How good is it? Figures of classification, of pairs and of hidden spans, each with its interval and its counts.

Everything is counted, nothing is smoothed. Intervals are 95 %: Wilson's for shares (Wilson 1927, JASA 22), the
percentile bootstrap with a stated seed for F1 (Efron 1979), so that the same answers give the same figures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

Z95 = 1.959963984540054
DRAWS = 400
COVERAGES = tuple(k / 20 for k in range(1, 21))
WORST = 20


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `of`, with its 95 % interval; `value` is None where there was nothing to count."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval, which keeps inside 0 and 1 and is honest for few cases."""
        if not self.of:
            return None
        p, n = self.hits / self.of, self.of
        middle = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 * ((p * (1 - p) + Z95**2 / (4 * n)) / n) ** 0.5 / (1 + Z95**2 / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def told(self) -> dict[str, Any]:
        """This will give the share as plain values for a page or a file."""
        return {"value": self.value, "interval": self.interval, "hits": self.hits, "of": self.of}


def f1_of(hits: int, said: int, true: int) -> float:
    """This will give 2·hits / (said + true); 0 where neither said nor true has one."""
    return 2 * hits / (said + true) if said + true else 0.0


def classification(
    truth: Sequence[str], labels: Sequence[str], probabilities: Doubles, *, seed: int = 1
) -> dict[str, Any]:
    """This will give the figures of answers (texts × labels) against what people settled on.

    `truth` may hold labels that the model does not know: they count as missed. Macro-F1 is the mean over every label
    that is true or said at least once. The interval of macro-F1 comes from `DRAWS` draws of the texts with `seed`.
    """
    if len(truth) != len(probabilities):
        raise ValueError("one row of probabilities for each text")
    names = sorted({*labels, *truth})
    at = {name: i for i, name in enumerate(names)}
    true = np.array([at[t] for t in truth], np.int64)
    columns = np.array([at[name] for name in labels], np.int64)
    order = np.argsort(-probabilities, axis=1, kind="stable")
    said = columns[order[:, 0]] if len(true) else true
    right = said == true
    in_three = (columns[order[:, :3]] == true[:, None]).any(axis=1) if len(true) else right
    table = confusion(true, said, len(names))
    draws = np.random.Generator(np.random.PCG64(seed)).integers(0, max(1, len(true)), (DRAWS, len(true)))
    spread = [macro_f1(confusion(true[d], said[d], len(names))) for d in draws] if len(true) else []
    sure = probabilities.max(axis=1) if len(true) else np.empty(0)
    return {
        "texts": len(true),
        "accuracy": Share(int(right.sum()), len(true)).told(),
        "top3": Share(int(in_three.sum()), len(true)).told(),
        "macro_f1": {"value": macro_f1(table), "interval": _middle(spread)},
        "classes": _classes(names, table),
        "curve": curve(sure, right),
        "calibration_error": _calibration(sure, right),
        "reliability": reliability(sure, right),
        "worst_pairs": _worst(names, table),
    }


def confusion(true: Ints, said: Ints, n: int) -> Ints:
    """This will count texts by what is true (rows) and what was said (columns)."""
    table: Ints = np.bincount(true * n + said, minlength=n * n).reshape(n, n).astype(np.int64)
    return table


def macro_f1(table: Ints) -> float:
    """This will give the mean F1 of every class that is true or said at least once."""
    hits, said, true = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    seen = (said + true) > 0
    return float((2 * hits[seen] / (said + true)[seen]).mean()) if seen.any() else 0.0


def _classes(names: Sequence[str], table: Ints) -> list[dict[str, Any]]:
    said, true = table.sum(axis=0), table.sum(axis=1)
    return [
        {
            "label": name, "support": int(true[i]), "said": int(said[i]),
            "precision": Share(int(table[i, i]), int(said[i])).told(),
            "recall": Share(int(table[i, i]), int(true[i])).told(),
            "f1": f1_of(int(table[i, i]), int(said[i]), int(true[i])),
        }
        for i, name in enumerate(names)
        if said[i] + true[i]
    ]  # fmt: skip


def _worst(names: Sequence[str], table: Ints) -> list[dict[str, Any]]:
    wrong = table - np.diag(np.diag(table))
    order = np.argsort(-wrong, axis=None, kind="stable")[:WORST]
    found = [(int(k) // len(names), int(k) % len(names)) for k in order]
    return [{"true": names[a], "said": names[b], "count": int(wrong[a, b])} for a, b in found if wrong[a, b]]


def curve(sure: Doubles, right: Flags) -> list[dict[str, Any]]:
    """This will give the accuracy of the surest part, for every twentieth of the texts, and how sure its last was."""
    order = np.argsort(-sure, kind="stable")
    found = []
    for part in COVERAGES if len(sure) else ():
        n = max(1, round(part * len(sure)))
        share = Share(int(right[order[:n]].sum()), n)
        found.append({"coverage": part, "threshold": float(sure[order[n - 1]]), "accuracy": share.told()})
    return found


def reliability(sure: Doubles, right: Flags, *, bins: int = 10) -> list[dict[str, Any]]:
    """This will set what was said (mean probability) beside what came true, in `bins` of equal width."""
    where = np.minimum((sure * bins).astype(np.int64), bins - 1)
    return [
        {
            "from": b / bins, "to": (b + 1) / bins, "said": float(sure[where == b].mean()),
            "true": Share(int(right[where == b].sum()), int((where == b).sum())).told(),
        }
        for b in np.unique(where).tolist()
    ]  # fmt: skip


def _calibration(sure: Doubles, right: Flags) -> float | None:
    if not len(sure):
        return None
    rows = reliability(sure, right)
    return float(sum(abs(r["said"] - r["true"]["value"]) * r["true"]["of"] for r in rows) / len(sure))


def _middle(spread: Sequence[float]) -> tuple[float, float] | None:
    if not spread:
        return None
    low, high = np.quantile(np.array(spread), (0.025, 0.975)).tolist()
    return float(low), float(high)


def pairs(same: Sequence[bool], probabilities: Doubles, *, least: float = 0.5) -> dict[str, Any]:
    """This will give precision, recall and F1 of proposing the pairs at `least` or above, and the precision that can be
    had at every recall of 0.5 to 0.95."""
    true = np.asarray(same, np.bool_)
    said = probabilities >= least
    hits = int((true & said).sum())
    order = np.argsort(-probabilities, kind="stable")
    found, total = np.cumsum(true[order]), int(true.sum())
    ladder = []
    for recall in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95) if total else ():
        n = int(np.searchsorted(found, np.ceil(recall * total))) + 1
        ladder.append(
            {"recall": recall, "threshold": float(probabilities[order[n - 1]]),
             "precision": Share(int(found[n - 1]), n).told()}
        )  # fmt: skip
    return {
        "pairs": len(true), "same": total, "least": least,
        "precision": Share(hits, int(said.sum())).told(), "recall": Share(hits, total).told(),
        "f1": f1_of(hits, int(said.sum()), total), "ladder": ladder,
    }  # fmt: skip


def b_cubed(found: Sequence[Iterable[str]], marked: Sequence[Iterable[str]]) -> dict[str, float]:
    """This will compare two groupings of the marked things by B-cubed (Bagga and Baldwin 1998): the mean over things of
    the share of its found group that belongs with it, and of its marked group that was found with it.

    Each thing of `marked` is in one group; one that is in no found group stands alone. Found things that nobody marked
    take part in precision, because they were put where they do not belong.
    """
    of_found = {thing: frozenset(group) for group in map(frozenset, found) for thing in group}
    of_marked = {thing: frozenset(group) for group in map(frozenset, marked) for thing in group}
    precision = recall = 0.0
    for thing, mine in of_marked.items():
        group = of_found.get(thing, frozenset((thing,)))
        together = len(group & mine)
        precision += together / len(group)
        recall += together / len(mine)
    n = max(1, len(of_marked))
    p, r = precision / n, recall / n
    return {"precision": p, "recall": r, "f1": 2 * p * r / (p + r) if p + r else 0.0}


Span = tuple[int, int, str]


def spans(true: Sequence[Sequence[Span]], said: Sequence[Sequence[Span]]) -> dict[str, dict[str, Any]]:
    """This will give recall and precision per kind of hidden spans (start, end, kind), and over all kinds (`*`).

    A true span is found when every character of it is hidden, by whatever kind: what counts is that it does not show.
    A hidden span is right when it meets a true one of its kind, or is hidden as another kind of person's data.
    """
    found: dict[str, list[int]] = {}
    hidden: dict[str, list[int]] = {}
    for wanted, got in zip(true, said, strict=True):
        covered = {c for start, end, _ in got for c in range(start, end)}
        for start, end, kind in wanted:
            hit = all(c in covered for c in range(start, end))
            for name in (kind, "*"):
                found.setdefault(name, []).append(hit)
        for start, end, kind in got:
            hit = any(start < e and s < end for s, e, _ in wanted)
            for name in (kind, "*"):
                hidden.setdefault(name, []).append(hit)
    return {
        kind: {
            "recall": Share(sum(found.get(kind, ())), len(found.get(kind, ()))).told(),
            "precision": Share(sum(hidden.get(kind, ())), len(hidden.get(kind, ()))).told(),
        }
        for kind in sorted({*found, *hidden})
    }


def percent(told: Mapping[str, Any]) -> str:
    """This will write a share with its interval and counts: 0.953 (0.941–0.963, 1024/1074)."""
    if told.get("value") is None:
        return "not measured"
    low, high = told["interval"] or (0.0, 1.0)
    counted = f", {told['hits']}/{told['of']}" if "of" in told else ""
    return f"{told['value']:.3f} ({low:.3f}–{high:.3f}{counted})"
