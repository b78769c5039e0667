"""Which reports of these weeks are about one thing? Groups alike in words, matter, place, time and what they name.

A report is a row of facts: rare windows of 2–4 characters, its matter, its place, what it names. How alike two of them
are is a sum of products, so the mean over all pairs of two groups comes from the sums of the groups: groups join while
that mean is high enough, and a chain of half-similar reports does not glue two things together. Candidates stand beside
each other in time behind a shared window or fact, a bounded number each: the work grows with the number of reports and
no faster. Nobody's name, history or number of reports is a fact; a sender is only told apart from another
(see `clusters_heat`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .clusters_words import BITS, WINDOWS, Saying
from .features import Ints, hashes, plain

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Small = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

APART_HOURS = 14 * 24.0  # two weeks without a word end a topic
NEAR_M = 500.0
LEAST_SENDERS = 3
EXAMPLES = 5
READ = 2_000  # characters of one report

_AT_ONCE = 2_048
_PAIRS = 250_000
_KEPT = 400  # windows of one report that may meet another's, the heaviest
_PER_OCTAVE = 4  # windows by which candidates are looked for, of each octave of how many reports hold them
_BESIDE = 6  # neighbours in time behind one window
_TRIED = 48  # candidates of one report whose words are compared
_OWN = 20.0  # length of what one text alone says, at most
_EARTH_M = 111_320.0
_TRIED_FROM = 0.08  # less alike are not tried
_ALIKE = 0.16  # two reports alone are alike from here; words can reach it without any other fact
_TOGETHER = 0.05  # … and two large groups from here: a mean over many pairs errs less than one pair
# What the facts beside the words add: (both known and the same, both known and not the same). The same matter at the
# same place under the same name is alike in any words; the matter alone never is.
_MATTER = (0.04, -0.10)
_ENTITY = (0.08, -0.02)
_PLACE = (0.04, -1.0)  # the same words at two ends of a town are two things, unless they name the same


@dataclass(frozen=True, slots=True)
class Said:
    """One report as it is grouped. `text`: minimised. `sender` tells people apart and nothing else, empty: unknown.

    `apart`: reports with another value are never put together (who is complained about, say). Degrees, NaN: nowhere.
    """

    text: str
    at_hours: float
    sender: str = ""
    matter: str = ""
    lng: float = float("nan")
    lat: float = float("nan")
    named: frozenset[str] = frozenset()
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Reports (rows of what was given, in order of time) that are about one thing.

    `likeness`: the mean over its pairs. `title`: the sentence that says most of what all say. `words`: what at least
    four in ten of its texts say and few others do. `examples`: rows of unlike texts, the most central first.
    """

    rows: tuple[int, ...]
    likeness: float
    title: str
    words: tuple[str, ...]
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Sparse rows of length 1 over windows, and the facts of each: numbers, −1 where nothing is known."""

    indptr: Ints
    indices: Small
    values: Floats
    frequency: Small
    matter: Ints
    named: Ints
    lng: Doubles
    lat: Doubles
    first: Doubles
    last: Doubles
    weight: Doubles
    apart: Ints

    def __len__(self) -> int:
        return len(self.first)


def groups(reports: Sequence[Said]) -> list[Group]:
    """This will give the groups of at least `LEAST_SENDERS` senders, the largest first, ties by the earliest report.

    Copies of one text whose sender is not known count as one sender. A report is in one group at most. The order of
    what is given changes nothing but the numbers of the rows.
    """
    if not reports:
        return []
    blocks = _blocks(reports)
    rows = _rows_of(reports, blocks)
    first, second = _candidates(rows)
    likeness = _likeness(rows, first, second)
    good = likeness >= _TRIED_FROM
    parts = _joined(rows, first[good], second[good], likeness[good])
    saying = Saying([reports[b[0]].text[:READ] for b in blocks], rows.indptr, rows.indices, rows.values, rows.frequency)
    found = []
    for part, mean in parts:
        members = sorted((i for b in part for i in blocks[b]), key=lambda i: (reports[i].at_hours, reports[i].text, i))
        if len({reports[i].sender or reports[i].text[:READ] for i in members}) >= LEAST_SENDERS:
            central = saying.central(sorted(part))
            title, words = saying.title(central), saying.words(central)
            found.append(Group(tuple(members), mean, title, words, tuple(blocks[b][0] for b in central[:EXAMPLES])))
    return sorted(found, key=lambda g: (-len(g.rows), reports[g.rows[0]].at_hours, reports[g.rows[0]].text))


# --- blocks: the same words at the same place, again and again ------------------------------------------------


def _blocks(reports: Sequence[Said]) -> list[list[int]]:
    """Reports that say the very same about the same, with no two weeks between, are compared as one."""
    kept: dict[tuple[object, ...], list[int]] = {}
    for i in sorted(range(len(reports)), key=lambda i: (reports[i].at_hours, reports[i].text)):
        one = reports[i]
        cell = (-1, -1) if one.lng != one.lng else _cell(one.lng, one.lat)
        kept.setdefault((one.text[:READ], one.matter, one.named, one.apart, cell), []).append(i)
    blocks = []
    for rows in kept.values():
        start = 0
        for k in range(1, len(rows) + 1):
            if k == len(rows) or reports[rows[k]].at_hours - reports[rows[k - 1]].at_hours > APART_HOURS:
                blocks.append(rows[start:k])
                start = k
    return sorted(blocks, key=lambda rows: (reports[rows[0]].at_hours, reports[rows[0]].text, rows[0]))


def _cell(lng: float, lat: float) -> tuple[int, int]:
    side = NEAR_M / _EARTH_M
    return int(lng * np.cos(np.radians(lat)) // side), int(lat // side)


def _rows_of(reports: Sequence[Said], blocks: Sequence[Sequence[int]]) -> _Rows:
    heads = [reports[rows[0]] for rows in blocks]
    size = np.array([len(rows) for rows in blocks], np.float64)
    indptr, indices, values, frequency = _windows([_without_names(h) for h in heads])
    return _Rows(
        indptr, indices, values, frequency,
        _numbered([h.matter for h in heads]), _sets([h.named for h in heads]),
        np.array([h.lng for h in heads]), np.array([h.lat for h in heads]),
        np.array([reports[rows[0]].at_hours for rows in blocks]),
        np.array([reports[rows[-1]].at_hours for rows in blocks]),
        # Copies of one text weigh as their root: spam does not draw a group to itself.
        np.sqrt(size), _numbered([h.apart or "-" for h in heads]),
    )  # fmt: skip


def _without_names(one: Said) -> str:
    """The words without what they name: a name is a fact of its own and would count twice."""
    text = one.text[:READ]
    for name in one.named:
        text = text.replace(name, " ")
    return text


def _numbered(words: Iterable[str]) -> Ints:
    known: dict[str, int] = {}
    return np.array([known.setdefault(w, len(known)) if w else -1 for w in words], np.int64)


def _sets(rows: Sequence[frozenset[str]]) -> Ints:
    """At most four names of each, as numbers."""
    known: dict[str, int] = {}
    kept = [[known.setdefault(w, len(known)) for w in sorted(row)[:4]] for row in rows]
    table = np.full((len(rows), max(1, max(map(len, kept), default=1))), -1, np.int64)
    for at, row in enumerate(kept):
        table[at, : len(row)] = row
    return table


# --- windows ------------------------------------------------------------------------------------------------------


def _windows(texts: Sequence[str]) -> tuple[Ints, Small, Floats, Small]:
    """Sparse rows of the windows that more than one text has, the heaviest of each text, of length 1; read twice
    in portions, so that memory grows with what is kept."""
    seen = plain(texts)
    frequency = np.zeros(1 << BITS, np.int32)
    for start in range(0, len(seen), _AT_ONCE):
        _, every, _ = _counted(seen[start : start + _AT_ONCE])
        frequency += np.bincount(every, minlength=1 << BITS).astype(np.int32)
    weights = (np.log((1.0 + len(seen)) / (1.0 + frequency)) + 1.0).astype(np.float32)
    sizes, indices, values = [np.zeros(1, np.int64)], [], []
    for start in range(0, len(seen), _AT_ONCE):
        row, every, times = _counted(seen[start : start + _AT_ONCE])
        value = (1.0 + np.log(times)).astype(np.float32) * weights[every]
        n = len(seen[start : start + _AT_ONCE])
        many = frequency[every] > 1
        own = np.bincount(row[~many], value[~many].astype(np.float64) ** 2, minlength=n)
        row, every, value = row[many], every[many], value[many]
        kept = _heaviest(row, value, _KEPT, every)
        row, every, value = row[kept], every[kept], value[kept]
        # What nobody else says makes a short text less like the others; of a long one it counts no further.
        length = np.sqrt(np.bincount(row, value.astype(np.float64) ** 2, minlength=n) + np.minimum(own, _OWN**2))
        sizes.append(np.bincount(row, minlength=n))
        indices.append(every.astype(np.int32))
        values.append((value / length[row]).astype(np.float32))
    none = np.zeros(0, np.int32)
    return (
        np.cumsum(np.concatenate(sizes)), np.concatenate([none, *indices]),
        np.concatenate([np.zeros(0, np.float32), *values]), frequency,
    )  # fmt: skip


def _counted(texts: Sequence[str]) -> tuple[Ints, Ints, Ints]:
    """(text, window, how often) of the windows of each text, in order."""
    codes = np.frombuffer("\n".join(texts).encode("utf-32-le"), np.uint32)
    ends = codes == 10
    blank = ends | (codes == 32)
    row_of = np.cumsum(ends) - ends
    bad = np.concatenate(([0], np.cumsum(blank)))
    keys = []
    for size in WINDOWS:
        hashed = hashes(codes, size, BITS)
        whole = bad[size : size + len(hashed)] == bad[: len(hashed)]
        keys.append((row_of[: len(hashed)][whole].astype(np.int64) << BITS) | hashed[whole])
    every, times = np.unique(np.concatenate(keys), return_counts=True)
    return every >> BITS, every & ((1 << BITS) - 1), times


def _heaviest(owner: Ints, value: Floats, most: int, tie: Ints) -> Ints:
    """The places of the `most` heaviest of each owner, in the order given; `owner` is sorted."""
    order = np.lexsort((tie, -value, owner))
    start = np.searchsorted(owner, owner, side="left")
    rank = np.arange(len(owner)) - start[order]
    return np.sort(order[rank < most])


# --- candidates -----------------------------------------------------------------------------------------------


def _candidates(rows: _Rows) -> tuple[Ints, Ints]:
    """Pairs worth comparing: beside each other in time behind one window, one name, one matter near one place."""
    owner = np.repeat(np.arange(len(rows)), np.diff(rows.indptr))
    octave = np.log2(np.maximum(2, rows.frequency[rows.indices])).astype(np.int64)
    group = owner * 32 + octave
    order = np.argsort(group, kind="stable")
    kept = order[_heaviest(group[order], rows.values[order], _PER_OCTAVE, rows.indices[order].astype(np.int64))]
    keys, owners = [rows.indices[kept].astype(np.int64)], [owner[kept]]
    base = 1 << BITS
    for column in rows.named.T:
        known = np.flatnonzero(column >= 0)
        keys.append(base + column[known])
        owners.append(known)
    base += int(rows.named.max(initial=0)) + 1
    placed = np.flatnonzero(np.isfinite(rows.lng) & (rows.matter >= 0))
    for key in _around(rows, placed):
        keys.append(base + key)
        owners.append(placed)
    return _likeliest(*_beside(rows, np.concatenate(keys), np.concatenate(owners)))


def _around(rows: _Rows, placed: Ints) -> list[Ints]:
    """Numbers of (matter, cell) for the four cells whose corner is nearest: two places within half a cell share one."""
    side = NEAR_M / _EARTH_M
    x = rows.lng[placed] * np.cos(np.radians(rows.lat[placed])) / side
    y = rows.lat[placed] / side
    found: list[Ints] = []
    for dx in (0.0, 0.5):
        for dy in (0.0, 0.5):
            cell = np.stack((rows.matter[placed], np.floor(x + dx).astype(np.int64), np.floor(y + dy).astype(np.int64)))
            _, number = np.unique(cell, axis=1, return_inverse=True)
            found.append(number.reshape(-1).astype(np.int64) * 4 + len(found))
    return found


def _beside(rows: _Rows, keys: Ints, owners: Ints) -> tuple[Ints, Ints, Doubles]:
    """Pairs of owners of one key at most `_BESIDE` apart in time, with how much the keys they share weigh."""
    order = np.lexsort((owners, rows.first[owners], rows.apart[owners], keys))
    keys, owners = keys[order], owners[order]
    held = np.maximum(2, np.bincount(keys, minlength=1)[keys])
    found: list[Ints] = [np.zeros(0, np.int64)]
    weights: list[Doubles] = [np.zeros(0)]
    for step in range(1, _BESIDE + 1):
        a, b = owners[:-step], owners[step:]
        same = (keys[:-step] == keys[step:]) & (rows.apart[a] == rows.apart[b])
        same &= rows.first[b] - rows.last[a] <= APART_HOURS
        kept = np.flatnonzero(same)
        low, high = np.minimum(a[kept], b[kept]), np.maximum(a[kept], b[kept])
        near = _near(rows, low, high)
        found.append(low[near] * len(rows) + high[near])
        weights.append(1.0 / np.log2(held[kept[near]] + 1))
    pairs, at = np.unique(np.concatenate(found), return_inverse=True)
    shared: Doubles = np.bincount(at, np.concatenate(weights), minlength=len(pairs)).astype(np.float64)
    return pairs // len(rows), pairs % len(rows), shared


def _near(rows: _Rows, first: Ints, second: Ints) -> Ints:
    """Which pairs may be one thing: what is far apart and names nothing in common is none, whatever the words."""
    parts = [np.zeros(0, np.int64)]
    for start in range(0, len(first), _PAIRS):
        part = slice(start, start + _PAIRS)
        parts.append(start + np.flatnonzero(_facts(rows, first[part], second[part]) > _PLACE[1] / 2))
    return np.concatenate(parts)


def _likeliest(first: Ints, second: Ints, weight: Doubles) -> tuple[Ints, Ints]:
    """Keep, for each report, the `_TRIED` that share most; a pair that either keeps is kept."""
    order = np.lexsort((second, -weight, first))
    rank = np.arange(len(first)) - np.searchsorted(first[order], first[order])
    other = np.lexsort((first, -weight, second))
    other_rank = np.arange(len(first)) - np.searchsorted(second[other], second[other])
    keep = np.zeros(len(first), bool)
    keep[order[rank < _TRIED]] = True
    keep[other[other_rank < _TRIED]] = True
    return first[keep], second[keep]


# --- likeness -------------------------------------------------------------------------------------------------------


def _likeness(rows: _Rows, first: Ints, second: Ints) -> Doubles:
    """Words, matter, place and names of each pair as one number; `first` is sorted."""
    return _words(rows, first, second) + _facts(rows, first, second)


def _words(rows: _Rows, first: Ints, second: Ints) -> Doubles:
    """The product of the words of row first[k] and row second[k], one row laid open at a time."""
    out = np.zeros(len(first))
    if not len(first):
        return out
    open_row = np.zeros(1 << BITS, np.float32)
    starts = np.flatnonzero(np.diff(first, prepend=-1))
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(first)], strict=True):
        row = int(first[start])
        mine = slice(rows.indptr[row], rows.indptr[row + 1])
        other = second[start:stop]
        length = rows.indptr[other + 1] - rows.indptr[other]
        ends = np.cumsum(length)
        if not ends[-1] or mine.start == mine.stop:
            continue
        open_row[rows.indices[mine]] = rows.values[mine]
        where = np.repeat(rows.indptr[other] - (ends - length), length) + np.arange(ends[-1])
        met = open_row[rows.indices[where]] * rows.values[where]
        out[start:stop] = np.bincount(np.repeat(np.arange(len(other)), length), met, minlength=len(other))
        open_row[rows.indices[mine]] = 0.0
    return out


def _facts(rows: _Rows, first: Ints, second: Ints) -> Doubles:
    matter = _told(rows.matter[first] == rows.matter[second], (rows.matter[first] >= 0) & (rows.matter[second] >= 0))
    a, b = rows.named[first], rows.named[second]
    meet = ((a[:, :, None] == b[:, None, :]) & (a[:, :, None] >= 0)).any(axis=(1, 2))
    named = _told(meet, (a[:, 0] >= 0) & (b[:, 0] >= 0))
    apart = _metres(rows.lng[first], rows.lat[first], rows.lng[second], rows.lat[second])
    place = _told(apart <= NEAR_M, np.isfinite(apart))
    facts: Doubles = (
        np.array((0.0, *_MATTER))[matter] + np.array((0.0, *_ENTITY))[named]
        # Along a road or a pipe, reports far from each other name the same.
        + np.where((place == 2) & (named == 1), 0.0, np.array((0.0, *_PLACE))[place])
    )  # fmt: skip
    return facts


def _told(same: Flags, known: Flags) -> Ints:
    """0: not known, 1: the same, 2: not the same."""
    return np.where(known, np.where(same, 1, 2), 0)


def _metres(lng: Doubles, lat: Doubles, to_lng: Doubles, to_lat: Doubles) -> Doubles:
    east = (lng - to_lng) * _EARTH_M * np.cos(np.radians((lat + to_lat) / 2))
    metres: Doubles = np.hypot(east, (lat - to_lat) * _EARTH_M)
    return metres


# --- joining --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sum:
    """A group so far: the weighted sum of its windows, how often each fact, the middle of its places."""

    blocks: list[int]
    weight: float
    indices: Small
    values: Floats
    matter: dict[int, float]
    named: dict[int, float]
    places: tuple[float, float, float]  # longitude, latitude, weight
    inside: float = 0.0  # the sum of likeness over its pairs of blocks, weighted
    pairs: float = 0.0

    def with_(self, other: "_Sum", mean: float) -> "_Sum":
        every = np.concatenate((self.indices, other.indices))
        indices, at = np.unique(every, return_inverse=True)
        values = np.bincount(at, np.concatenate((self.values, other.values)), minlength=len(indices))
        heavy = self.weight * other.weight
        return _Sum(
            self.blocks + other.blocks, self.weight + other.weight, indices, values.astype(np.float32),
            _plus(self.matter, other.matter), _plus(self.named, other.named), _middle(self.places, other.places),
            self.inside + other.inside + mean * heavy, self.pairs + other.pairs + heavy,
        )  # fmt: skip


def _plus(a: dict[int, float], b: dict[int, float]) -> dict[int, float]:
    small, large = sorted((a, b), key=len)
    return {**large, **{k: large.get(k, 0.0) + v for k, v in small.items()}}


def _middle(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    weight = a[2] + b[2]
    if not weight:
        return a
    share = b[2] / weight
    at = (a, b)[a[2] == 0]
    return (
        (at[0], at[1], weight) if 0.0 in (a[2], b[2])
        else (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, weight)
    )  # fmt: skip


def _joined(rows: _Rows, first: Ints, second: Ints, likeness: Doubles) -> list[tuple[list[int], float]]:
    """Join groups along the pairs, the most alike first, wherever the mean over all pairs of both is high enough.

    The pairs are walked twice: what was too little for a few may be enough for the many that they have become.
    """
    group = list(range(len(rows)))
    sums: dict[int, _Sum] = {}
    order = np.lexsort((second, first, -likeness))
    for _ in range(2):
        refused: dict[tuple[int, int], float] = {}
        for i, j, alike in zip(first[order].tolist(), second[order].tolist(), likeness[order].tolist(), strict=True):
            a, b = _root(group, i), _root(group, j)
            if a == b or (a not in sums and b not in sums and alike < _ALIKE):
                continue
            one, two = (sums.get(g) or _alone(rows, g) for g in (a, b))
            key, weight = (min(a, b), max(a, b)), one.weight + two.weight
            if refused.get(key, 0.0) * 1.25 > weight:
                continue
            mean = _mean(one, two)
            if mean < _TOGETHER + (_ALIKE - _TOGETHER) / np.sqrt(one.weight * two.weight):
                refused[key] = weight
                continue
            sums.pop(b, None)
            sums[a], group[b] = one.with_(two, mean), a
    alone = [([i], 1.0) for i in range(len(rows)) if group[i] == i and i not in sums]
    return [(s.blocks, s.inside / s.pairs) for s in sums.values()] + alone


def _root(group: list[int], i: int) -> int:
    while group[i] != i:
        group[i] = group[group[i]]
        i = group[i]
    return i


def _alone(rows: _Rows, i: int) -> _Sum:
    part = slice(rows.indptr[i], rows.indptr[i + 1])
    w = float(rows.weight[i])
    placed = (float(rows.lng[i]), float(rows.lat[i]), w) if np.isfinite(rows.lng[i]) else (0.0, 0.0, 0.0)
    return _Sum(
        [i], w, rows.indices[part], rows.values[part] * np.float32(w),
        {int(rows.matter[i]): w} if rows.matter[i] >= 0 else {},
        {int(n): w for n in rows.named[i] if n >= 0}, placed,
    )  # fmt: skip


def _mean(a: _Sum, b: _Sum) -> float:
    """The mean likeness of a block of `a` with a block of `b`."""
    few, many = (a, b) if len(a.indices) <= len(b.indices) else (b, a)
    at = np.searchsorted(many.indices, few.indices)
    at[at == len(many.indices)] = 0
    met = many.indices[at] == few.indices if len(many.indices) else np.zeros(len(few.indices), bool)
    words = float((few.values[met].astype(np.float64) * many.values[at[met]]).sum()) / (a.weight * b.weight)
    same_matter, both_matter = _shared(a.matter, b.matter, a.weight * b.weight)
    same_named, both_named = _shared(a.named, b.named, a.weight * b.weight)
    place = 0.0
    if a.places[2] and b.places[2]:
        known = a.places[2] * b.places[2] / (a.weight * b.weight)
        near = _metres(*(np.array([v]) for v in (*a.places[:2], *b.places[:2])))[0] <= NEAR_M
        place = known * (_PLACE[0] if near else _PLACE[1] * (1.0 - same_named))
    return (
        words + _MATTER[0] * same_matter + _MATTER[1] * (both_matter - same_matter)
        + _ENTITY[0] * same_named + _ENTITY[1] * (both_named - same_named) + place
    )  # fmt: skip


def _shared(a: dict[int, float], b: dict[int, float], of: float) -> tuple[float, float]:
    """Which share of the pairs has the same, and which share is known on both sides."""
    few, many = sorted((a, b), key=len)
    same = sum(v * many[k] for k, v in few.items() if k in many) / of
    both = min(1.0, sum(a.values()) * sum(b.values()) / of)
    return min(same, both), both
