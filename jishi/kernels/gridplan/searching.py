"""From a ground and the number of grids of each piece to a division: seed, tiled annealing, patches (spec 21 §6).

Every grid stays connected from the seed on. Rounds are cut into tiles anew; the threads share tiles, not luck.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from . import refusals
from .contract import Ground
from .values import Array, Doubles, Ints, Weights

Heats = tuple[tuple[float, float], ...]

MOST_EFFORT = 1_000_000.0  # proposals per unit: at a million somebody waits for days
TILE = 120  # grids in a tile
HEATS = ((0.06, 0.02), (0.02, 0.008), (0.008, 0.003), (0.003, 0.001), (0.001, 0.0003))
BOLD = ((6.0, 2.0), (2.0, 0.6), (0.6, 0.2), (0.2, 0.02), (0.02, 0.001))  # a few atoms may leave every band for a while
POLISH = ((0.02, 0.006), (0.006, 0.002), (0.002, 0.0003))
OPENS = 1 / 48  # of all proposals where the number of grids is free
REHEAT = ((0.2, 0.06), (0.06, 0.02))
TIGHT = 0.3  # width of a band beside its middle below which it is tight
TIGHT_ATOMS, TIGHT_LONGER = 100_000, 10.0  # a tight band is polished up to ten times as long, a large ground less so
STAGES = {"anneal": 0, "polish": 1_000, "mend": 2_000, "home": 3_000, "count": 4_000}  # where its rounds begin
STRICT = 30.0  # what one whole grid out of its band costs beside an objective of about 1
Stopped = Callable[[str, int, int, int, Callable[[], float]], bool]


@dataclass(frozen=True)
class Search:
    """How to search. `stop(stage, done, total, faults, J)` tells whether somebody wants it to end; J is reckoned when
    it is asked for."""

    weights: Weights
    effort: float
    seed: int
    threads: int
    stop: Stopped
    price: float = 0.0
    starts: int = 12  # times a few atoms are searched
    mending: int = 120  # rounds of patches around what is out of its band
    polishes: bool = True  # whether it matters how good a plan is, beside that it is legal

    def __post_init__(self) -> None:
        if not 0 <= self.effort <= MOST_EFFORT:
            raise refusals.BadOption(option="effort", value=self.effort)
        if self.seed < 0:
            raise refusals.BadOption(option="seed", value=self.seed)


@dataclass(frozen=True, eq=False)
class Aims:
    """What the search pays for in each of L pieces of the ground, in coefficients: `mean` (L,) households of a grid;
    `coef` (L, 10) and `means` (L, workloads, 2) as the compiled code takes them; `radius` (L,) of a round grid of the
    mean area; `atoms` (L,) of the piece. A piece is told by itself: what is planned beside it changes nothing."""

    mean: Doubles
    coef: Doubles
    means: Doubles
    radius: Doubles
    atoms: Ints

    def costs(self, sums: Doubles, label: Ints | int = 0) -> Doubles:
        """Give what each grid adds, `label` its piece, its distance from the band and changes left out."""
        label = np.broadcast_to(label, len(sums))
        w, coef, means = np.maximum(sums[:, 0], 1e-9), self.coef[label], self.means[label]
        e = coef[:, 0] * (sums[:, 3] - (sums[:, 1] ** 2 + sums[:, 2] ** 2) / w)
        e += np.where(sums[:, 5] > 0, coef[:, 1] * sums[:, 4] ** 2 / (4 * np.pi * np.maximum(sums[:, 5], 1e-9)), 0.0)
        e += coef[:, 2] * (sums[:, 0] / self.mean[label] - 1) ** 2
        for d in range(means.shape[1]):
            e += means[:, d, 1] * (sums[:, 7 + d] * means[:, d, 0] - 1) ** 2
        return np.asarray(e)

    def guide(self, weights: Weights) -> Doubles:
        """Give the coefficients that lead the search. Where shape counts more than the walk it pays for metres of
        border, not for their square beside the area: that is dearest in a few slim grids, and luck is spent on those.
        Led by metres both become less."""
        if not is_led_by_border(weights):
            return self.coef
        coef = self.coef.copy()
        coef[:, 1], coef[:, 9] = 0.0, weights.shape / (2 * np.pi * self.radius)
        return coef


def is_led_by_border(weights: Weights) -> bool:
    """Tell whether shape counts more than the walk."""
    return weights.shape > weights.walk


def aims(ground: Ground, weights: Weights, pieces: Sequence[tuple[Ints, int]]) -> Aims:
    """This will give the coefficients of pieces of a ground: their atoms, and how many grids each is to have."""
    names = sorted(ground.problem.workloads)
    further = np.array([ground.problem.workloads[name].weight for name in names])
    sums = np.array([[ground.w[rows].sum(), *ground.nodes[rows, 4:].sum(axis=0)] for rows, _ in pieces], np.float64)
    k = np.maximum(np.array([k for _, k in pieces], np.float64), 1.0)
    mean, radius2 = sums[:, 0] / k, np.maximum(sums[:, 1] / np.pi / k, 1e-9)
    coef = np.zeros((len(pieces), 10))
    coef[:, 0] = weights.walk / (np.maximum(mean, 1e-9) * radius2)
    coef[:, 1:9] = weights.shape, weights.balance, STRICT, 0.1, 0.1, 0.01, 0.3, 0.0
    means = np.stack([k[:, None] / np.maximum(sums[:, 2:], 1e-9), np.broadcast_to(further, (len(k), len(names)))], -1)
    return Aims(mean, coef, means, np.sqrt(radius2), np.array([len(rows) for rows, _ in pieces]))


class State:
    """A division under change: the grid of each atom and the sums of each grid."""

    def __init__(self, ground: Ground, search: Search, part: Array, label: Ints, sought: Aims) -> None:
        """`label` (k,): the piece of the ground that each grid lies in; `sought`: what counts there."""
        self.ground, self.search, self.k = ground, search, len(label)
        self.label = label.copy()
        k = self.k
        self.queue = np.empty(ground.size + 1, np.int32)
        self.part = part.astype(np.int32)
        self.sums = np.zeros((k, 7 + ground.nodes.shape[1] - 5))
        self.seen = np.zeros(ground.size, np.int64)
        self.stamp = 1
        self.round = 0  # with the seed and the tile it names a generator: each step of a stage has its own
        problem, mean = ground.problem, np.maximum(sought.mean, 1e-9)
        self.aims, self.coef, self.means = sought, sought.guide(search.weights), sought.means
        self.band = np.array([problem.band.lo, problem.band.hi], dtype=np.float64)
        self.bands = np.column_stack([np.full((len(mean), 2), self.band), mean])
        self.effort = np.full(len(mean), search.effort)  # proposals per atom
        self.keeps_number = False  # of grids, while they are mended
        self.is_free = np.zeros(len(mean), bool)  # whether grids may be opened and dissolved on the way
        inside = self.part >= 0
        if problem.count is None and problem.previous is None:
            self.is_free[label[self.part[ground.kin_rows][inside[ground.kin_rows]]]] = True
        self.home = np.full(ground.size, -1, np.int32)  # the grid to stay in, numbered as `part`; −1 does not matter
        self.price = np.zeros(ground.size)
        self.price[inside] = ground.moving[inside] * (search.price / mean[label[self.part[inside]]])
        self.total()

    def total(self) -> None:
        """Count the sums of all grids anew."""
        from . import compiled

        g = self.ground
        compiled.total_up(g.indptr, g.indices, g.border, g.nodes, self.part, self.sums)

    def compact(self) -> None:
        """Forget grids without units, number the others in their order, count all sums anew."""
        from . import patching

        self.label = patching.compacted(self.part, self.home, self.label)
        self.k = len(self.label)
        self.sums = np.zeros((self.k, self.sums.shape[1]))
        self.total()

    @property
    def homes(self) -> Ints:
        """Give the households of each grid."""
        return np.rint(self.sums[:, 0]).astype(np.int64)

    def torn(self) -> Ints:
        """Give for each grid the pieces of split compounds that do not hang together in it."""
        from . import compiled

        g, torn = self.ground, np.zeros(self.k, np.int64)
        if len(g.kin_rows):
            compiled.torn_kin(g.indptr, g.indices, self.part, g.kin, g.kin_ptr, g.kin_rows, torn)
        return torn

    def faulty(self) -> Ints:
        """Give the grids outside the band or with a torn piece of a compound."""
        return np.flatnonzero((self.homes < self.band[0]) | (self.homes > self.band[1]) | (self.torn() > 0))

    def judged(self, piece: int) -> tuple[float, float]:
        """Give by how much one piece of the ground misses its band, and what it costs."""
        own, homes = self.label == piece, self.homes
        missed = np.maximum(self.band[0] - homes, 0) + np.maximum(homes - self.band[1], 0)
        return float(missed[own].sum()), float(self.aims.costs(self.sums[own], piece).sum())

    def objective(self) -> float:
        """Give the sum that is annealed, without the distance from the band."""
        moved = (self.home >= 0) & (self.home != self.part)
        return float(self.aims.costs(self.sums, self.label).sum() + self.price[moved].sum())

    def anneal(
        self, tile_of: Array, tiles: int, sweeps: Doubles | float, heat: tuple[float, float], strict: float = 1.0
    ) -> int:
        """Propose `sweeps` changes per atom (of each piece) within each tile of grids (−1: untouched); gives how many
        were taken."""
        from . import annealing, patching

        ground, coef = self.ground, self.coef.copy()
        coef[:, 5:7] = heat
        coef[:, 3:5] *= strict
        may_open = np.zeros(len(coef), bool)
        may_open[self.label[self.sums[:, 6] == 0]] = True
        coef[:, 8] = np.where(may_open & self.is_free, OPENS, 0.0)
        sweeps = np.broadcast_to(np.asarray(sweeps, dtype=np.float64), len(coef)).copy()
        pointer, units, grid_ptr, grids, piece_of, nth = patching.tiled_units(self.part, tile_of, tiles, self.label)
        longest = int(np.diff(pointer).max(initial=1))
        seed = (self.search.seed * 1_000_003 + self.round) & 0x7FFFFFFF
        costs = np.empty(self.k)

        def run(some: Array) -> int:
            return annealing.anneal(
                some, pointer, units, tile_of, grid_ptr, grids, piece_of, nth, sweeps, seed, ground.indptr,
                ground.indices, ground.border, ground.nodes, self.part, self.sums, costs, coef, self.bands, self.means,
                self.home, self.price,
                ground.fixed, ground.foe_ptr, ground.foes, ground.kin, ground.kin_ptr, ground.kin_rows,
                self.seen, self.stamp,
            )  # fmt: skip

        done = _shared_out(run, np.diff(pointer), self.search.threads)
        self.stamp += int(longest * sweeps.max() * 8) + 16
        return done


def _shared_out(run: Callable[[Array], int], sizes: Array, threads: int) -> int:
    """Let threads take tiles, the heavy ones first; which thread takes which changes nothing."""
    tiles = np.argsort(-sizes, kind="stable")
    tiles = tiles[sizes[tiles] > 0]
    if threads <= 1 or len(tiles) <= 1:
        return int(run(tiles)) if len(tiles) else 0
    shares = [tiles[i :: threads * 4] for i in range(min(threads * 4, len(tiles)))]
    with ThreadPoolExecutor(threads) as pool:
        return int(sum(pool.map(run, shares)))


def seeded(ground: Ground, order: Ints, starts: Ints, counts: Ints) -> Array:
    """This will cut each piece of the ground into its number of connected parts of about equal weight."""
    from . import compiled

    part = np.full(ground.size, -1, np.int32)
    weight = ground.w.astype(np.float64)
    k = compiled.bisect(order.copy(), starts, counts, ground.x, ground.y, weight, part)
    compiled.attach(ground.indptr, ground.indices, weight, part, k)
    return part


def tiled(state: State, angle: float, shift: float) -> tuple[Ints, int]:
    """Cut the grids of each piece into tiles of about TILE grids: strips at an angle, cut across."""
    w, label = np.maximum(state.sums[:, 0], 1e-9), np.unique(state.label, return_inverse=True)[1]
    x, y = state.sums[:, 1] / w, state.sums[:, 2] / w
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    k = np.bincount(label)
    strips = np.maximum(1, np.rint(np.sqrt(k / TILE))).astype(np.int64)
    strip = _slot(along, label, strips, shift)
    inside = np.unique(label * (strips.max() + 2) + strip, return_inverse=True)[1]
    cells = np.maximum(1, np.rint(np.bincount(inside) / TILE)).astype(np.int64)
    cell = _slot(across, inside, cells, shift)
    tile = np.unique(inside * (cells.max() + 2) + cell, return_inverse=True)[1]
    return tile, int(tile.max()) + 1


def _slot(value: Doubles, label: Ints, slots: Ints, shift: float) -> Ints:
    """Number the members of each label by value and cut their row into its number of slots, shifted by a share."""
    order = np.lexsort((value, label))
    size = np.bincount(label, minlength=len(slots))
    nth = np.arange(len(order)) - (np.cumsum(size) - size)[label[order]]
    here = label[order]
    moved = np.where(slots[here] > 1, shift, 0.0)
    slot = np.empty(len(order), np.int64)
    slot[order] = (nth * slots[here] / np.maximum(size[here], 1) + moved).astype(np.int64)
    return slot


def improve(state: State, stage: str, heats: Heats = HEATS, strict: float = 1.0, still: Ints | tuple[()] = ()) -> bool:
    """This will anneal everything but the grids in `still`, cooling from round to round; gives False if somebody
    stopped it."""
    rng = np.random.default_rng([state.search.seed, 71])
    sweeps = state.effort / len(heats)
    for i, heat in enumerate(heats):
        if state.search.stop(stage, i, len(heats), len(state.faulty()), lambda: state.objective() / state.k):
            return False
        tile, tiles = tiled(state, float(rng.uniform(0, np.pi)), float(rng.uniform(0, 0.999)))
        tile[list(still)] = -1
        state.round = STAGES[stage] + i
        state.anneal(tile, tiles, sweeps, heat, strict)
    return True


def polish(state: State) -> bool:
    """This will improve the legal grids of a division while keeping them in their band: out of it is dear, and only a
    tight band, in which most changes are exchanges, is made hot again and polished for longer. Grids with a fault stay
    as they are: one that cannot be mended makes no other rougher."""
    lo, hi = state.band
    is_tight = hi - lo < TIGHT * (hi + lo) / 2
    effort, coef = state.effort, state.coef
    if is_tight:
        state.effort = effort * np.clip(TIGHT_ATOMS / np.maximum(state.aims.atoms, 1), 1.0, TIGHT_LONGER)
        state.coef = coef.copy()
        state.coef[:, 7] = 1.0
    going = improve(state, "polish", (*REHEAT, *POLISH) if is_tight else POLISH, 50.0, state.faulty())
    state.effort, state.coef = effort, coef
    return going
