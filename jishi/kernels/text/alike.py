# ruff: noqa: E501
"""Is it the same matter? Not the same text: the same thing at the same place in the same weeks.

Candidates come from near places and from rare shared three-character pieces; a pair is judged by a logistic sum in which every
fact moves the answer one way only, so an explanation can name the three strongest facts. The caller is not a fact.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .features import counts, plain, weighted
from .minimise import minimise
from .places import number_of

Doubles = npt.NDArray[np.float64]
_BITS = 18
_EARTH_M = 111_320.0
MAX_CANDIDATES = 200

FACTS = (
    "words",
    "rare_words",
    "near",
    "same_compound",
    "same_building",
    "other_building",
    "other_unit",
    "time",
    "same_matter",
    "other_matter",
)
# What one unit of a fact adds to the logit; signs are fixed (for: +, against: −). A place alone never makes a pair, another building
# outweighs all words. Fitted by `PairModel.fit` where labelled pairs exist.
WEIGHTS: Mapping[str, float] = {
    "words": 7.0, "rare_words": 2.5, "near": 2.0, "same_compound": 1.5, "same_building": 2.5,
    "other_building": -11.0, "other_unit": -1.5, "time": 1.0, "same_matter": 1.5, "other_matter": -2.0,
}  # fmt: skip
BIAS = -6.0
_BUILDING = re.compile(
    r"(?<![0-9a-z])([a-z]?)([0-9]{1,3}|[零〇一二三四五六七八九十百两]{1,4}|(?<=[a-z]))\s?(?:号楼|号栋|栋|幢|座|#)"
)
_UNIT = re.compile(r"([0-9]{1,2}|[一二三四五六七八九十]{1,2})\s?单元")
# Spoken forms of the same thing, so that 楼顶渗水 and 顶楼漏 share words.
_SAME = (
    ("渗水", "漏水"), ("渗漏", "漏水"), ("滴水", "漏水"), ("漏雨", "漏水"), ("楼顶", "顶楼"), ("屋顶", "顶楼"), ("天台", "顶楼"), ("噪声", "噪音"), ("太吵", "噪音"), ("吵闹", "噪音"),
    ("不亮", "灯坏"), ("垃圾桶", "垃圾"), ("停电", "没电"), ("断电", "没电"), ("停水", "没水"), ("断水", "没水"), ("窨井", "井盖"), ("电瓶车", "电动车"), ("升降机", "电梯"),
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """What is compared: text, place (degrees, NaN where unknown) with its radius, hour of life, matter, references."""

    text: str
    lng: float = float("nan")
    lat: float = float("nan")
    radius_m: float = 100.0
    at_hours: float = 0.0
    matter: str = ""
    compounds: frozenset[str] = frozenset()
    buildings: frozenset[str] = frozenset()
    life_hours: float = 720.0


@dataclass(frozen=True)
class Fact:
    """One reason, with what it adds to the logit (negative: against) and its value for the sentence shown."""

    code: str
    adds: float
    value: str


@dataclass(frozen=True)
class Score:
    """How probable it is that two reports are one matter, and the three facts that weigh most."""

    probability: float
    facts: tuple[Fact, ...] = field(default=())


def _settled(text: str) -> str:
    text = _BUILDING.sub(" ", _UNIT.sub(" ", text))
    for said, meant in _SAME:
        text = text.replace(said, meant)
    return text.replace("漏水", "漏")


def _building_names(texts: Iterable[str]) -> frozenset[str]:
    names = set()
    for text in texts:
        for letter, number in _BUILDING.findall(text.lower()):
            value = number_of(number)
            names.add(f"{letter.upper()}{value if value is not None else number}")
    return frozenset(names)


def _units(text: str) -> frozenset[str]:
    return frozenset(str(number_of(n)) for n in _UNIT.findall(text))


def trigrams(text: str) -> frozenset[str]:
    """This will give the three-character pieces of one text; see `trigrams_all`."""
    return trigrams_all((text,))[0]


def trigrams_all(texts: Iterable[str]) -> list[frozenset[str]]:
    """This will give the set of three-character pieces of each minimised text (no piece reaches over a blank or a mark)."""
    seen = plain(m.shown for m in minimise(texts))
    return [frozenset(w[i : i + 3] for w in text.split() for i in range(len(w) - 2)) for text in seen]


def rare_trigrams(texts: Sequence[str], frequency: Mapping[str, int], *, limit: int = 30) -> list[tuple[str, ...]]:
    """This will give the `limit` rarest pieces of each text by the counts of an index (ties in the order of the pieces), to look for
    candidates that share one; a piece in no other text cannot find any and is left to the end by its count of 0 or 1."""
    return [tuple(sorted(pieces, key=lambda p: (frequency.get(p, 0), p))[:limit]) for pieces in trigrams_all(texts)]


class Block:
    """An index of rare pieces and places: a small set of candidates whatever the number of texts kept."""

    def __init__(self, kept: Sequence[Candidate], *, cell_m: float = 800.0, common: int = 400) -> None:
        self.kept = tuple(kept)
        self.cell = cell_m / _EARTH_M
        self.cell_m = cell_m
        self.postings: dict[str, list[int]] = {}
        self.cells: dict[tuple[int, int], list[int]] = {}
        self.named: dict[str, list[int]] = {}
        for i, (one, pieces) in enumerate(zip(kept, trigrams_all(c.text for c in kept), strict=True)):
            for piece in pieces:
                self.postings.setdefault(piece, []).append(i)
            if np.isfinite(one.lng):
                self.cells.setdefault((int(one.lng // self.cell), int(one.lat // self.cell)), []).append(i)
            for compound in one.compounds:
                self.named.setdefault(compound, []).append(i)
        self.common = common

    def candidates(self, asked: Sequence[Candidate], *, limit: int = MAX_CANDIDATES) -> list[tuple[int, ...]]:
        """This will give, per asked report, the places in `kept` worth comparing, most shared rare pieces first, at most `limit`;
        reports out of the asked one's time are left out."""
        frequency = {piece: len(where) for piece, where in self.postings.items()}
        rare = rare_trigrams([c.text for c in asked], frequency)
        return [self._of(one, pieces, limit) for one, pieces in zip(asked, rare, strict=True)]

    def _of(self, one: Candidate, pieces: Sequence[str], limit: int) -> tuple[int, ...]:
        weight: dict[int, float] = {}
        for piece in pieces:
            # The newest of a frequent piece's texts are enough; this keeps ten thousand copies of one text cheap.
            where = self.postings.get(piece, [])
            for i in where[-self.common :]:
                weight[i] = weight.get(i, 0.0) + 1.0 / (1 + len(where)) ** 0.5
        for i in self._near(one):
            weight[i] = weight.get(i, 0.0) + 0.5
        inside = ((w, i) for i, w in weight.items() if abs(self.kept[i].at_hours - one.at_hours) <= one.life_hours)
        return tuple(i for _, i in sorted(inside, key=lambda pair: (-pair[0], pair[1]))[:limit])

    def _near(self, one: Candidate) -> set[int]:
        near = {i for compound in one.compounds for i in self.named.get(compound, ())[-self.common :]}
        if np.isfinite(one.lng):
            x, y = int(one.lng // self.cell), int(one.lat // self.cell)
            near.update(
                i
                for dx in (-1, 0, 1)
                for dy in (-1, 0, 1)
                for i in self.cells.get((x + dx, y + dy), ())[-self.common :]
            )
        return near


def _distance_m(a: Candidate, b: Candidate) -> float:
    x = (a.lng - b.lng) * _EARTH_M * float(np.cos(np.radians((a.lat + b.lat) / 2)))
    return float(np.hypot(x, (a.lat - b.lat) * _EARTH_M))


def pair_features(pairs: Sequence[tuple[Candidate, Candidate]]) -> Doubles:
    """This will measure each pair by `FACTS` (rows: pairs), every value from 0 to 1; a fact that is not known is 0."""
    if not pairs:
        return np.zeros((0, len(FACTS)))
    shown = [m.shown.lower() for m in minimise(c.text for pair in pairs for c in pair)]
    cosine, rare = _words([_settled(text) for text in shown])
    rows = np.zeros((len(pairs), len(FACTS)))
    for k, (a, b) in enumerate(pairs):
        rows[k, :2] = cosine[k], rare[k]
        rows[k, 2:] = _facts(a, b, shown[2 * k], shown[2 * k + 1])
    return rows


def _words(texts: Sequence[str]) -> tuple[Doubles, Doubles]:
    """Cosine of characters and pairs, and the share of three-character pieces in common, of texts 2k and 2k + 1."""
    seen = plain(texts)
    rows = weighted(*counts(seen, _BITS), None, _BITS)
    cosine = np.zeros(len(texts) // 2)
    share = np.zeros(len(texts) // 2)
    for k in range(len(cosine)):
        a, b = (slice(rows.indptr[2 * k + s], rows.indptr[2 * k + s + 1]) for s in (0, 1))
        _, i, j = np.intersect1d(rows.indices[a], rows.indices[b], assume_unique=True, return_indices=True)
        cosine[k] = min(1.0, float(rows.values[a][i] @ rows.values[b][j]))
        left, right = ({t[i : i + 2] for i in range(len(t) - 1)} for t in (seen[2 * k], seen[2 * k + 1]))
        share[k] = len(left & right) / max(1, min(len(left), len(right)))
    return cosine, share


def _facts(a: Candidate, b: Candidate, text_a: str, text_b: str) -> tuple[float, ...]:
    near = 0.0
    if np.isfinite(a.lng) and np.isfinite(b.lng):
        near = 1.0 / (1.0 + (_distance_m(a, b) / max(20.0, a.radius_m, b.radius_m)) ** 2)
    built_a, built_b = (_building_names((*c.buildings, t)) for c, t in ((a, text_a), (b, text_b)))
    unit_a, unit_b = _units(text_a), _units(text_b)
    both = bool(built_a and built_b)
    apart = abs(a.at_hours - b.at_hours) / max(1.0, a.life_hours)
    return (
        near,
        float(bool(a.compounds & b.compounds)),
        float(bool(built_a & built_b)),
        float(both and not built_a & built_b),
        float(bool(unit_a and unit_b) and not unit_a & unit_b),
        max(0.0, 1.0 - apart),
        float(bool(a.matter) and a.matter == b.matter),
        float(bool(a.matter and b.matter) and a.matter != b.matter),
    )


@dataclass(frozen=True)
class PairModel:
    """Weights by fact and a bias; the default is what holds before a town has labelled pairs."""

    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    bias: float = BIAS

    @classmethod
    def fit(
        cls, pairs: Sequence[tuple[Candidate, Candidate]], same: Sequence[bool], *, rounds: int = 400
    ) -> "PairModel":
        """This will fit to labelled pairs by projected gradient, starting from the default: every weight keeps its sign, so the
        answer stays monotone in each fact. Deterministic; no pairs give the default."""
        if not pairs:
            return cls()
        x, y = pair_features(pairs), np.asarray(same, np.float64)
        start = np.array([WEIGHTS[f] for f in FACTS])
        w, bias = start.copy(), BIAS
        for _ in range(rounds):
            error = 1.0 / (1.0 + np.exp(-(x @ w + bias))) - y
            w = w - 0.5 * (x.T @ error / len(y) + 1e-3 * (w - start))
            w = np.where(w * np.sign(start) > 0, w, 0.0)
            bias -= 0.5 * float(error.mean())
        return cls(dict(zip(FACTS, w.tolist(), strict=True)), bias)


def same_matter_all(pairs: Sequence[tuple[Candidate, Candidate]], model: PairModel | None = None) -> list[Score]:
    """This will judge pairs: probability of one matter, and the three facts that weigh most. Symmetric; monotone in each fact."""
    model = model or PairModel()
    measured = pair_features(pairs)
    weights = np.array([model.weights[fact] for fact in FACTS])
    adds = measured * weights
    probability = 1.0 / (1.0 + np.exp(-(adds.sum(axis=1) + model.bias)))
    scores = []
    for k in range(len(pairs)):
        order = sorted(range(len(FACTS)), key=lambda f: (-abs(adds[k, f]), f))[:3]
        facts = tuple(Fact(FACTS[f], float(adds[k, f]), f"{measured[k, f]:.2f}") for f in order if adds[k, f])
        scores.append(Score(float(probability[k]), facts))
    return scores


def same_matter(a: Candidate, b: Candidate, model: PairModel | None = None) -> Score:
    """This will judge one pair."""
    return same_matter_all(((a, b),), model)[0]
