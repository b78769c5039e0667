"""The values that go into the planner and come out of it. Shapes and units of each are said where it stands.

Nothing here decides: `problem.py` refuses what makes no sense, `auditing.py` judges.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]

VERSION = "1"
Status = Literal["legal", "legal_with_exemptions", "infeasible", "unknown"]
NONE, SOFT, HARD, CLOSED = 0, 1, 2, 3  # barriers of an edge; CLOSED: hard, with a crossing that could be listed


@dataclass(frozen=True, eq=False)
class Units:
    """One row per unit 单元: `id` (n,) unique; `x`, `y` (n,) metres in one plane; `households` (n,) whole, ≥ 0;
    `area` (n,) m², or None: then told from the borders."""

    id: Array
    x: Array
    y: Array
    households: Array
    area: Array | None = None


@dataclass(frozen=True, eq=False)
class Edges:
    """Neighbours: `u`, `v` (m,) row numbers of units; `border` (m,) metres of common border, > 0;
    `barrier` (m,) 0 none, 1 soft, 2 hard, 3 hard with a crossing that could be listed."""

    u: Array
    v: Array
    border: Array
    barrier: Array | None = None


@dataclass(frozen=True)
class Band:
    """Households per grid 户数区间, both ends included."""

    lo: int
    hi: int


@dataclass(frozen=True, eq=False)
class Soft:
    """A further workload 工作量 per unit: `values` (n,) ≥ 0; `weight` of keeping it equal between grids."""

    values: Array
    weight: float = 0.2


@dataclass(frozen=True)
class Weights:
    """How much each aim counts in J (spec 21 §2); all dimensionless."""

    walk: float = 1.0
    shape: float = 0.1  # spec 21 §2 gives 0.5 to be tried out; at 0.1 walks are as short as its goal G3 asks
    balance: float = 0.2
    change: float = 10.0
    posts: float = 0.1
    together: float = 2.0
    purity: float = 1.0


@dataclass(frozen=True)
class Exempt:
    """Which exemptions may be used (spec 21 §3); each that is used is listed in the plan."""

    oversize_alone: bool = True
    allow_islands: bool = False
    unpeopled: bool = True


@dataclass(frozen=True)
class Pins:
    """Rows of units: `stay` in the grid of the plan in force; each tuple of `together` in one grid;
    each pair of `apart` never in one."""

    stay: Sequence[int] = ()
    together: Sequence[Sequence[int]] = ()
    apart: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, eq=False)
class Walk:
    """Metres that people walk along the ways 步行距离: of unit i to the units `indices[indptr[i]:indptr[i + 1]]` (rows,
    rising), the same there and back. Two that are not in it are as far as the straight line × 1.35, an estimate."""

    indptr: Array
    indices: Array
    metres: Array


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything a plan is judged against. `atoms`, `community` (n,) codes, −1 alone / none; `cap`: households up to
    which a compound is never split; `count`: grids exactly; `previous` (n,) grids in force, −1 new; `max_walk_m` from
    every home to the middle of its grid, along the ways of `walk`, or straight × 1.35 without them."""

    units: Units
    edges: Edges
    band: Band = Band(300, 500)
    workloads: Mapping[str, Soft] = field(default_factory=dict)
    atoms: Array | None = None
    compounds: Literal["whole", "own_grid", "free"] = "whole"
    cap: int | None = None
    community: Array | None = None
    communities: Literal["hard", "soft", "ignore"] = "hard"
    max_walk_m: float | None = None
    count: int | None = None
    pins: Pins = Pins()
    previous: Array | None = None
    change_price: float = 0.0
    weights: Weights = Weights()
    exempt: Exempt = Exempt()
    walk: Walk | None = None

    @property
    def whole_up_to(self) -> int:
        """Give the households up to which a compound stays whole."""
        return self.band.hi if self.cap is None else max(int(self.cap), self.band.hi)


@dataclass(frozen=True)
class Fault:
    """One rule that does not hold. `rule`: H1–H9 or an exemption; `grid` −1 if it is of none; `units`: row numbers."""

    rule: str
    code: str
    grid: int = -1
    number: int = 0
    units: tuple[int, ...] = ()


@dataclass(frozen=True)
class Exemption:
    """A rule that need not hold for one grid: `oversize_alone`, `small_island`, `unpeopled`."""

    kind: str
    grid: int
    households: int


@dataclass(frozen=True, eq=False)
class Certificate:
    """Why no legal plan exists for some units (spec 21 §5); `evidence` is what a stranger needs to check it.

    `solver_proof`: nobody replayed it; `evidence["model"]` names the model that the solver was asked (`model_hash`).
    """

    kind: Literal["no_count", "too_small", "too_big", "homeless", "cut", "packing"]
    units: tuple[int, ...]
    households: int
    sentence: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    solver_proof: bool = False


def model_hash(sets: Iterable[Iterable[object]]) -> str:
    """Name a model of exact cover: the ids of the units of every set it may choose from, in whatever order."""
    lines = sorted("\x1f".join(sorted(str(unit) for unit in one)) for one in sets)
    return sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Rules that give way, and the checked plan that becomes legal by it; `price` in the town's points; `walk_m`: the
    longest walk that would do, in whole metres, where it is that rule. `both`: band and longest walk together; then
    no price under `at_least` would do (None: not known). `pair`: two, the `parts`, cheaper together."""

    kind: Literal["band", "split", "crossing", "community", "island", "walk", "both", "pair"]
    price: float
    sentence: str
    units: tuple[int, ...]
    grids: tuple[tuple[int, ...], ...] = ()
    walk_m: int | None = None
    at_least: float | None = None
    parts: tuple["Relaxation", ...] = ()


@dataclass(frozen=True)
class Move:
    """A unit (row) that changes its grid, and why."""

    unit: int
    before: int
    after: int
    reason: str


@dataclass(frozen=True)
class Sheet:
    """One grid in numbers: metres, households, m²."""

    grid: int
    matched: int
    units: int
    households: int
    slack_lo: int
    slack_hi: int
    connected: bool
    polsby_popper: float
    mean_walk_m: float
    rms_walk_m: float
    max_walk_m: float
    border_m: float
    anchor: int
    workloads: Mapping[str, float] = field(default_factory=dict)
    neighbours: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Plan:
    """What the planner found: `assignment` (n,) int32, one grid per unit; adoptable only if legal (with exemptions).

    `bound`: 0.0 if no division of any piece is better in what the search pays for (proved by complete enumeration and
    the solver), None if that is not known."""

    status: Status
    assignment: npt.NDArray[np.int32]
    problem: Problem
    grids: tuple[Sheet, ...] = ()
    faults: tuple[Fault, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    moves: tuple[Move, ...] = ()
    bound: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    used: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_adoptable(self) -> bool:
        """Tell whether people may put this plan out as a proposal."""
        return self.status in ("legal", "legal_with_exemptions")
