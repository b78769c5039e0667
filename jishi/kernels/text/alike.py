# ruff: noqa: E501
"""Is it the same matter? Not the same text: the same thing at the same place in the same weeks.

Candidates come from near places and from rare shared three-character pieces; a pair is judged by a logistic sum in which every
fact moves the answer one way only, so an explanation can name the three strongest facts. The caller is not a fact.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from . import named
from .features import Ints, plain
from .minimise import minimise
from .places import number_of
from .rows import pieces_of, shared, words_of

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_EARTH_M = 111_320.0
MAX_CANDIDATES = 200

FACTS = (
    *("words", "rare_words", "near", "far", "unplaced", "same_compound", "same_building"),
    *("other_building", "other_unit", "time", "same_matter", "other_matter", "other_words"),
    *named.FACTS,
)
# What one unit of a fact adds to the logit; signs are fixed (for: +, against: −). A place alone never makes a pair: two texts of one
# building that say nothing in common speak against it (`other_words`). Another building or a place far away outweighs all words. Where one of the two has no place, what they name and how they say it speaks instead
# (`named`), and `unplaced` is what such a pair begins with: it is no reason and is not shown as one. Those weights are fitted on the
# older half of marked pairs of real messages (README.md). Fitted anew by `PairModel.fit` where a town has labelled pairs.
WEIGHTS: Mapping[str, float] = {
    "words": 7.0, "rare_words": 2.5, "near": 2.0, "far": -9.0, "unplaced": 1.4, "same_compound": 1.5, "same_building": 2.5,
    "other_building": -11.0, "other_unit": -1.5, "time": 1.0, "same_matter": 2.0, "other_matter": -2.0,
    "other_words": -2.5,
    "named_same": 2.5, "named_within": 2.5, "named_other": -4.5, "named_area": 0.1, "matter_words": 3.1, "matter_pieces": 2.5,
    "head_words": 2.3,
}  # fmt: skip
BIAS = -6.0
_FEW = 200  # pairs; of so many plain numbers are counted sooner than arrays
_SLACK = 0.05  # of the logit: two ways to measure metres differ by less
_IN_COMMON = 0.15  # of the words: less of them speaks against a pair of one place that is not of one matter
_FAR_M = 300.0  # this far beyond both radii, half of what speaks against a pair is said
_BUILDING = re.compile(
    r"(?<![0-9a-z])([a-z]?)([0-9]{1,3}|[零〇一二三四五六七八九十百两]{1,4}|(?<=[a-z]))\s?(?:号楼|号栋|栋|幢|座|#)"
)
_UNIT = re.compile(r"([0-9]{1,2}|[一二三四五六七八九十]{1,2})\s?单元")
# Spoken forms of the same thing, so that 楼顶渗水 and 顶楼漏 share words.
_SAME = (
    ("渗水", "漏水"), ("渗漏", "漏水"), ("滴水", "漏水"), ("漏雨", "漏水"), ("楼顶", "顶楼"), ("屋顶", "顶楼"), ("天台", "顶楼"), ("噪声", "噪音"), ("太吵", "噪音"), ("吵闹", "噪音"),
    ("不亮", "灯坏"), ("垃圾桶", "垃圾"), ("停电", "没电"), ("断电", "没电"), ("停水", "没水"), ("断水", "没水"), ("窨井", "井盖"), ("电瓶车", "电动车"), ("升降机", "电梯"),
)  # fmt: skip


class Candidate(NamedTuple):
    """What is compared: text, place (degrees, NaN where unknown) with its radius, hour of life, matter, references."""

    text: str
    lng: float = float("nan")
    lat: float = float("nan")
    radius_m: float = 100.0
    at_hours: float = 0.0
    matter: str = ""
    also: tuple[tuple[str, float], ...] = ()  # what it may be, with probabilities; instead of `matter` where it is not certain
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


_MEANT = {**{said: meant.replace("漏水", "漏") for said, meant in _SAME}, "漏水": "漏"}
_SAID = re.compile("|".join(sorted(_MEANT, key=len, reverse=True)))


def _settled(text: str) -> str:
    """Without numbers of buildings and units, in one spoken form."""
    return _SAID.sub(lambda m: _MEANT[m[0]], _BUILDING.sub(" ", _UNIT.sub(" ", text)))


def _building_names(texts: Iterable[str]) -> frozenset[str]:
    names = set()
    for text in texts:
        for letter, number in _BUILDING.findall(text.lower()):
            value = number_of(number)
            names.add(f"{letter.upper()}{value if value is not None else number}")
    return frozenset(names)


@lru_cache(maxsize=4096)
def _read(
    text: str, buildings: frozenset[str], compounds: frozenset[str]
) -> tuple[str, frozenset[str], frozenset[str]]:
    """What the features see of a text, and the buildings and units it names: a neighbour is read again and again.

    The name of its own compound is no word in common: where two are is said by their places.
    """
    lower = text.lower()
    said = lower
    for name in sorted(compounds, key=lambda n: (-len(n), n)):
        said = said.replace(name.lower(), " ")
    return plain((_settled(said),))[0], _building_names((*buildings, lower)), _units(lower)


@lru_cache(maxsize=4096)
def without_building(place: str) -> str:
    """This will give the name of a place without the number of a building at its end: 翠竹苑3号楼 → 翠竹苑."""
    found = _BUILDING.search(place.lower())
    return place[: found.start()].strip() if found else place


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


@dataclass(frozen=True)
class Reach:
    """What a pair must come to: facts that nobody has looked at yet are taken at their best. Below it, they are not looked at."""

    weights: Doubles
    needed: float

    @classmethod
    def of(cls, model: "PairModel", least: float) -> "Reach":
        """This will ask for the probability `least` by a model."""
        return cls(model.in_order, math.log(least / (1.0 - least)) - model.bias - _SLACK)

    def may(self, measured: Doubles, left: Sequence[int]) -> Flags:
        """This will say which pairs may still come to it; `left`: the facts that are not measured yet."""
        flags: Flags = measured @ self.weights + np.maximum(self.weights[list(left)], 0.0).sum() >= self.needed
        return flags


@dataclass(frozen=True)
class Prepared:
    """Reports read once: places, times, numbers of buildings, what the features see. Pairs of its rows are judged by `facts`.

    Sets are rows of numbers, −1 where there is none; `chance` stands beside the numbers of `matter`.
    """

    seen: tuple[str, ...]
    lng: Doubles
    lat: Doubles
    radius_m: Doubles
    hours: Doubles
    life_hours: Doubles
    matter: Ints
    chance: Doubles
    compounds: Ints
    buildings: Ints
    units: Ints
    said: tuple[str, ...] = ()

    @classmethod
    def of(cls, reports: Sequence[Candidate]) -> "Prepared":
        """This will read reports whose texts are minimised already."""
        read = [_read(c.text, c.buildings, c.compounds) for c in reports]
        matter, chance = _matters(reports)
        numbers = np.array([[c.lng, c.lat, c.radius_m, c.at_hours, c.life_hours] for c in reports]).reshape(-1, 5)
        return cls(
            tuple([one[0] for one in read]),
            numbers[:, 0], numbers[:, 1], numbers[:, 2], numbers[:, 3], numbers[:, 4],
            matter, chance, _sets([c.compounds for c in reports]),
            _sets([one[1] for one in read]), _sets([one[2] for one in read]), tuple([c.text for c in reports]),
        )  # fmt: skip

    def facts(self, first: Ints, second: Ints, *, reach: Reach | None = None) -> Doubles:
        """This will measure pairs of rows by `FACTS`, every value from 0 to 1; a fact that is not known is 0.

        With `reach` words are read only of pairs that may still come to it; what is measured of the others stays below it.
        """
        apart = self._metres(first, second)
        beyond = np.maximum(0.0, np.nan_to_num(apart) - (self.radius_m[first] + self.radius_m[second]))
        radius = np.maximum(20.0, np.maximum(self.radius_m[first], self.radius_m[second]))
        compound, building, unit = (_meet(s[first], s[second]) for s in (self.compounds, self.buildings, self.units))
        both_c, both_b, both_u = (
            (s[first, 0] >= 0) & (s[second, 0] >= 0) for s in (self.compounds, self.buildings, self.units)
        )
        building &= compound | ~both_c
        life = np.maximum(1.0, np.minimum(self.life_hours[first], self.life_hours[second]))
        same_m, both_m = self._matters_met(first, second)
        placed = np.isfinite(apart)
        lost = ~placed & ~compound
        out = np.zeros((len(first), len(FACTS)))
        out[:, _SEEN_AT_ONCE] = np.column_stack((
            np.where(placed, 1.0 / (1.0 + (np.nan_to_num(apart) / radius) ** 2), 0.0),
            np.where(placed, 1.0 - 1.0 / (1.0 + (beyond / _FAR_M) ** 2), 0.0),
            lost, compound, building & ~lost, both_b & ~building & ~lost, both_u & ~unit & ~lost,
            np.maximum(0.0, 1.0 - np.abs(self.hours[first] - self.hours[second]) / life),
            np.where(lost, 0.0, same_m), both_m - same_m,
        ))  # fmt: skip
        self._words_met(out, first, second, np.flatnonzero(~lost), reach)
        self._names_met(out, first, second, np.flatnonzero(lost), reach)
        return out

    def _words_met(self, out: Doubles, first: Ints, second: Ints, at: Ints, reach: Reach | None) -> None:
        """How much the words of these pairs have in common, then how many of their rare pieces."""
        at = _worth(out, at, (_WORDS, _RARE), reach)
        if len(at):
            rows, a, b = _own_rows(first[at], second[at])
            out[at, _WORDS] = np.minimum(shared(words_of([self.seen[k] for k in rows]), a, b), 1.0)
            said_apart = np.maximum(0.0, 1.0 - out[at, _WORDS] / _IN_COMMON)
            out[at, _OTHER_WORDS] = said_apart * (1.0 - np.minimum(out[at, _AT["same_matter"]], 1.0))
        at = _worth(out, at, (_RARE,), reach)
        if len(at):
            rows, a, b = _own_rows(first[at], second[at])
            pieces = pieces_of([self.seen[k] for k in rows])
            sizes = np.diff(pieces.indptr)
            out[at, _RARE] = shared(pieces, a, b) / np.maximum(1, np.minimum(sizes[a], sizes[b]))

    def _names_met(self, out: Doubles, first: Ints, second: Ints, at: Ints, reach: Reach | None) -> None:
        """What the texts of these pairs name and say, of which one has no place: a known place says it better."""
        at = _worth(out, at, (_BUILDING_SAME, *_NAMED, *_COSINES), reach)
        if not len(at):
            return
        rows, a, b = _own_rows(first[at], second[at])
        read = [named.said(self.said[k]) for k in rows]
        out[at[:, None], _NAMED], out[at, _BUILDING_SAME], out[at, _BUILDING_OTHER] = named.facts(read, a, b)
        kept = np.arange(len(at))
        for k, (fact, part) in enumerate(zip(_COSINES, named.COMPARED, strict=True)):
            if reach is not None:
                kept = kept[reach.may(out[at[kept]], _COSINES[k:])]
            if len(kept):
                out[at[kept], fact] = named.cosines([part(one) for one in read], a[kept], b[kept])

    def _matters_met(self, first: Ints, second: Ints) -> tuple[Doubles, Doubles]:
        """How much probability two rows share, and the most that they could share."""
        equal = self.matter[first][:, :, None] == self.matter[second][:, None, :]
        least = np.minimum(self.chance[first][:, :, None], self.chance[second][:, None, :])
        most = np.minimum(self.chance[first].sum(axis=1), self.chance[second].sum(axis=1))
        return np.minimum((least * equal).sum(axis=(1, 2)), most), most

    def _metres(self, first: Ints, second: Ints) -> Doubles:
        """Metres between two rows; NaN where one has no place."""
        north = (self.lat[first] + self.lat[second]) / 2
        x = (self.lng[first] - self.lng[second]) * _EARTH_M * np.cos(np.radians(north))
        metres: Doubles = np.hypot(x, (self.lat[first] - self.lat[second]) * _EARTH_M)
        return metres


_AT = {fact: k for k, fact in enumerate(FACTS)}
_WORDS, _RARE, _OTHER_WORDS, _BUILDING_SAME, _BUILDING_OTHER = (
    _AT[f] for f in ("words", "rare_words", "other_words", "same_building", "other_building")
)
_SEEN_AT_ONCE = [k for fact, k in _AT.items() if fact not in ("words", "rare_words", "other_words", *named.FACTS)]
_NAMED = [_AT[fact] for fact in named.NAMED]
_COSINES = [_AT[fact] for fact in named.COSINES]


def _worth(out: Doubles, at: Ints, left: Sequence[int], reach: Reach | None) -> Ints:
    return at if reach is None else at[reach.may(out[at], left)]


def _own_rows(first: Ints, second: Ints) -> tuple[list[int], Ints, Ints]:
    """The rows that these pairs are of, and the pairs by their places among them."""
    if len(first) > _FEW:
        rows, where = np.unique(np.concatenate((first, second)), return_inverse=True)
        return rows.tolist(), where[: len(first)], where[len(first) :]
    a, b = first.tolist(), second.tolist()
    own = sorted({*a, *b})
    at = {row: k for k, row in enumerate(own)}
    return own, np.array([at[row] for row in a]), np.array([at[row] for row in b])


def _matters(reports: Sequence[Candidate]) -> tuple[Ints, Doubles]:
    """What each report may be, as numbers with probabilities that sum to 1 (or 0 where nothing is known)."""
    rows = [c.also or (((c.matter, 1.0),) if c.matter else ()) for c in reports]
    known: dict[str, int] = {}
    matter = np.full((len(rows), max(1, max(map(len, rows), default=1))), -1, np.int64)
    chance = np.zeros(matter.shape)
    for at, row in enumerate(rows):
        for k, (code, p) in enumerate(row):
            matter[at, k], chance[at, k] = known.setdefault(code, len(known)), p
    return matter, chance / np.maximum(chance.sum(axis=1, keepdims=True), 1e-9)


def _sets(rows: Sequence[frozenset[str]]) -> Ints:
    """Sets of words as rows of numbers, at most 8 of each, −1 for none."""
    known: dict[str, int] = {}
    if max(map(len, rows), default=0) <= 1:
        return np.array([[known.setdefault(w, len(known)) for w in row] or [-1] for row in rows], np.int64).reshape(-1, 1)
    kept = [[known.setdefault(w, len(known)) for w in sorted(row)[:8]] for row in rows]
    table = np.full((len(rows), max(1, max(map(len, kept), default=1))), -1, np.int64)
    for at, row in enumerate(kept):
        table[at, : len(row)] = row
    return table


def _meet(a: Ints, b: Ints) -> npt.NDArray[np.bool_]:
    met: npt.NDArray[np.bool_] = ((a[:, :, None] == b[:, None, :]) & (a[:, :, None] >= 0)).any(axis=(1, 2))
    return met


def pair_features(pairs: Sequence[tuple[Candidate, Candidate]]) -> Doubles:
    """This will measure each pair by `FACTS` (rows: pairs), every value from 0 to 1; a fact that is not known is 0."""
    flat = [c for pair in pairs for c in pair]
    shown = minimise(c.text for c in flat)
    prepared = Prepared.of([c._replace(text=m.shown) for c, m in zip(flat, shown, strict=True)])
    return prepared.facts(np.arange(0, len(flat), 2), np.arange(1, len(flat), 2))


class UnknownPairModel(ValueError):
    """What is stored is no model of pairs that this program reads."""


@dataclass(frozen=True)
class PairModel:
    """Weights by fact and a bias; the default is what holds before a town has labelled pairs."""

    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    bias: float = BIAS

    @cached_property
    def in_order(self) -> Doubles:
        """The weights in the order of `FACTS`."""
        return np.array([self.weights[fact] for fact in FACTS])

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


    def to_arrays(self) -> tuple[dict[str, object], dict[str, Doubles]]:
        """This will give the model as plain arrays and a header that names the facts."""
        return {"kind": "pairs", "facts": list(FACTS)}, {
            "bias": np.array([self.bias]), "weights": np.array([self.weights[fact] for fact in FACTS]),
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, header: Mapping[str, object], arrays: Mapping[str, npt.NDArray[np.generic]]) -> "PairModel":
        """This will read what `to_arrays` wrote.

        :raises UnknownPairModel: other facts, other shapes, a number that is none, or a weight that turned its sign.
        """
        weights, bias = (np.asarray(arrays.get(name, ()), np.float64) for name in ("weights", "bias"))
        if header.get("facts") != list(FACTS) or weights.shape != (len(FACTS),) or bias.shape != (1,):
            raise UnknownPairModel("the model knows other facts")
        start = np.array([WEIGHTS[fact] for fact in FACTS])
        if not np.isfinite(weights).all() or not np.isfinite(bias).all() or (weights * np.sign(start) < 0).any():
            raise UnknownPairModel("a weight is no number or turned its sign")
        return cls(dict(zip(FACTS, weights.tolist(), strict=True)), float(bias[0]))


def same_matter_all(pairs: Sequence[tuple[Candidate, Candidate]], model: PairModel | None = None) -> list[Score]:
    """This will judge pairs: probability of one matter, and the three facts that weigh most. Symmetric; monotone in each fact."""
    return scores_of(pair_features(pairs), model)


def probabilities(measured: Doubles, model: PairModel | None = None) -> Doubles:
    """This will turn measured facts (rows: pairs) into probabilities."""
    model = model or PairModel()
    chance: Doubles = 1.0 / (1.0 + np.exp(-((measured * model.in_order).sum(axis=1) + model.bias)))
    return chance


def within_reach(
    one: Candidate, apart: Doubles, radius_m: Doubles, hours: Doubles, life_hours: Doubles, matters: Sequence[str],
    compounds: Sequence[frozenset[str]], model: PairModel, *, least: float,
) -> Flags:  # fmt: skip
    """This will say which cases at these metres can reach the probability `least` at all, whatever their words say: place, time
    and matter are known before any word is read. A case without a place can always; the rest of the facts is taken at its best."""
    adds = model.weights
    placed = np.isfinite(apart)
    metres = np.where(placed, apart, 0.0)
    beyond = np.maximum(0.0, metres - one.radius_m - radius_m) / _FAR_M
    near = 1.0 / (1.0 + (metres / np.maximum(20.0, np.maximum(one.radius_m, radius_m))) ** 2)
    life = np.maximum(1.0, np.minimum(one.life_hours, life_hours))
    whole = sum(p for _, p in one.also)
    shares = {code: p / max(whole, 1e-9) for code, p in one.also} or ({one.matter: 1.0} if one.matter else {})
    met = np.array([shares.get(code, 0.0) for code in matters])
    known = np.array([bool(code) for code in matters]) * min(1.0, sum(shares.values()))
    together = np.array([not one.compounds.isdisjoint(names) for names in compounds])
    most = (
        model.bias + adds["words"] + adds["rare_words"] + adds["same_building"] + adds["same_compound"] * together
        + adds["near"] * near + adds["far"] * (1.0 - 1.0 / (1.0 + beyond**2))
        + adds["time"] * np.maximum(0.0, 1.0 - np.abs(hours - one.at_hours) / life)
        + adds["same_matter"] * met + adds["other_matter"] * np.maximum(0.0, known - met)
    )  # fmt: skip
    reach: Flags = ~placed | (most >= math.log(least / (1.0 - least)) - _SLACK)
    return reach


def scores_of(measured: Doubles, model: PairModel | None = None) -> list[Score]:
    """This will name, for measured pairs, the probability and the three facts that weigh most."""
    model = model or PairModel()
    adds = measured * model.in_order
    scores = []
    for row, values, probability in zip(adds, measured, probabilities(measured, model), strict=True):
        order = sorted((f for f in range(len(FACTS)) if FACTS[f] != "unplaced"), key=lambda f: (-abs(row[f]), f))[:3]
        facts = tuple(Fact(FACTS[f], float(row[f]), f"{values[f]:.2f}") for f in order if row[f])
        scores.append(Score(float(probability), facts))
    return scores


def same_matter(a: Candidate, b: Candidate, model: PairModel | None = None) -> Score:
    """This will judge one pair."""
    return same_matter_all(((a, b),), model)[0]
