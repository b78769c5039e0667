"""Does a certificate say the truth? A stranger's check: own code, nothing of the planner (a test reads the imports)."""

import numpy as np

from .problem import check
from .values import HARD, Certificate, Flags, Problem, model_hash

MOST_DEAD_ENDS = 1_000_000
REPLAYED = 22
BY_ROAD = 1.35  # metres walked per metre of straight line, where the ways are not told


class TooLong(Exception):
    """The proof is too long to be replayed here: it is neither confirmed nor refuted."""


def confirms(certificate: Certificate, problem: Problem) -> bool:
    """This will tell whether the certificate holds for the problem.

    :raises TooLong: if checking it would take more than 10⁶ sets, or it is a solver's proof of more than 22 atoms: of
    such a one it is checked that the solver was asked about this ground.
    """
    problem = check(problem)
    return _CHECKS[certificate.kind](certificate, _Graph(problem))


class _Graph:
    """Units as a person would join them: compounds that stay whole are one, barriers and borders are no way."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.band = problem, problem.band
        self.n = len(problem.units.id)
        self.w = [int(h) for h in problem.units.households]
        self.near: list[set[int]] = [set() for _ in range(self.n)]
        self.lead = list(range(self.n))
        self.split: set[int] = set()
        self.walks: dict[tuple[int, int], float] = {}
        if problem.walk is not None and problem.max_walk_m is not None:
            pointer, to, far = (np.asarray(a).tolist() for a in vars(problem.walk).values())
            self.walks = {(i, to[p]): far[p] for i in range(self.n) for p in range(pointer[i], pointer[i + 1])}
        self._edges()
        self._compounds()

    def _edges(self) -> None:
        edges, community = self.problem.edges, self.problem.community
        held = community is not None and self.problem.communities == "hard"
        for u, v, barrier in zip(edges.u.tolist(), edges.v.tolist(), np.asarray(edges.barrier).tolist(), strict=True):
            if barrier < HARD and not (held and community is not None and community[u] != community[v]):
                self.near[u].add(v)
                self.near[v].add(u)

    def _compounds(self) -> None:
        atoms = self.problem.atoms
        members: dict[int, list[int]] = {}
        if atoms is not None and self.problem.compounds != "free":
            for row, code in enumerate(np.asarray(atoms).tolist()):
                if code >= 0:
                    members.setdefault(code, []).append(row)
        together = [list(one) for one in self.problem.pins.together]
        for rows in members.values():
            if sum(self.w[r] for r in rows) <= self.problem.whole_up_to:
                together.append(rows)
            else:
                self._loosely(rows)
        for rows in together:
            for row in rows[1:]:
                self._merge(rows[0], row)
        self._contract()

    def _loosely(self, rows: list[int]) -> None:
        """A compound that may be split: its buildings part, its fragments still belong to one place."""
        self.split.update(rows)
        inside, fragment = set(rows), dict[int, int]()
        for row in rows:
            if row not in fragment:
                waiting = [row]
                while waiting:
                    one = waiting.pop()
                    if one not in fragment:
                        fragment[one] = row
                        waiting += [j for j in self.near[one] if j in inside]
        for a in rows:
            for b in rows:
                if fragment[a] != fragment[b]:
                    self.near[a].add(b)

    def find(self, row: int) -> int:
        while self.lead[row] != row:
            row = self.lead[row]
        return row

    def _merge(self, a: int, b: int) -> None:
        a, b = sorted((self.find(a), self.find(b)))
        self.lead[b] = a

    def _contract(self) -> None:
        lead = [self.find(r) for r in range(self.n)]
        w, near = [0] * self.n, [set[int]() for _ in range(self.n)]
        for row in range(self.n):
            w[lead[row]] += self.w[row]
            near[lead[row]] |= {lead[j] for j in self.near[row]} - {lead[row]}
        self.w, self.near, self.lead = w, near, lead
        self.members: dict[int, list[int]] = {}
        for row, first in enumerate(lead):
            self.members.setdefault(first, []).append(row)

    def is_near(self, some: frozenset[int]) -> bool:
        """Tell whether a unit of these atoms has every home of them within the limit, if there is one."""
        limit, units = self.problem.max_walk_m, self.problem.units
        if limit is None:
            return True
        rows = [row for one in some for row in self.members[one]]
        homes = [row for row in rows if units.households[row] > 0]
        return any(all(self._metres(a, b) <= limit for b in homes) for a in rows)

    def _metres(self, a: int, b: int) -> float:
        x, y = self.problem.units.x, self.problem.units.y
        straight = float(np.hypot(x[a] - x[b], y[a] - y[b])) * BY_ROAD
        return self.walks.get((a, b), straight)

    def is_sealed(self, one: int) -> bool:
        """Tell whether an atom is a grid by itself: too heavy, or a compound in the band under `own_grid`."""
        own = self.problem.compounds == "own_grid" and self.problem.atoms is not None
        if own and int(np.asarray(self.problem.atoms)[one]) >= 0 and one not in self.split:
            return self.w[one] >= self.band.lo
        return self.w[one] > self.band.hi

    def around(self, one: int) -> set[int]:
        """Give all atoms that hang together with this one, sealed ones left out."""
        found, waiting = {one}, [one]
        while waiting:
            fresh = {j for j in self.near[waiting.pop()] if not self.is_sealed(j)} - found
            found |= fresh
            waiting += fresh
        return found

    def atoms_of(self, certificate: Certificate) -> set[int]:
        return {self.lead[row] for row in certificate.units}

    def has_home(self, one: int, limit: int) -> bool:
        """Tell whether a connected set inside the band holds the atom, by trying all of them."""
        seen, waiting = set(), [frozenset([one])]
        while waiting:
            some = waiting.pop()
            total = sum(self.w[i] for i in some)
            if some in seen or total > self.band.hi:
                continue
            if total >= self.band.lo and self.is_near(some):
                return True
            seen.add(some)
            if len(seen) > limit:
                raise TooLong
            waiting += [some | {j} for i in some for j in self.near[i] if j not in some and not self.is_sealed(j)]
        return False

    def homes_of(self, one: int, limit: int) -> list[frozenset[int]]:
        """Give every connected set inside the band that holds the atom."""
        seen, found, waiting = set(), [], [frozenset([one])]
        while waiting:
            some = waiting.pop()
            total = sum(self.w[i] for i in some)
            if some in seen or total > self.band.hi:
                continue
            seen.add(some)
            if len(seen) > limit:
                raise TooLong
            if total >= self.band.lo and self.is_near(some):
                found.append(some)
            waiting += [some | {j} for i in some for j in self.near[i] if j not in some and not self.is_sealed(j)]
        return found


def _is_a_piece(certificate: Certificate, graph: _Graph) -> bool:
    atoms = graph.atoms_of(certificate)
    total = sum(graph.w[a] for a in atoms)
    return bool(atoms) and graph.around(min(atoms)) == atoms and total == certificate.households


def _no_count(certificate: Certificate, graph: _Graph) -> bool:
    band = graph.band
    if "count" in certificate.evidence:
        return _count_of_all(certificate, graph)
    total = certificate.households
    return _is_a_piece(certificate, graph) and band.lo > 0 and -(-total // band.hi) > total // band.lo


def _count_of_all(certificate: Certificate, graph: _Graph) -> bool:
    least = most = 0
    left = {graph.lead[r] for r in range(graph.n)}
    while left:
        one = min(left)
        piece = {one} if graph.is_sealed(one) else graph.around(one)
        left -= piece
        total = sum(graph.w[a] for a in piece)
        if graph.is_sealed(one):
            least, most = least + 1, most + 1
        elif total:
            least += -(-total // graph.band.hi)
            most += min(total // graph.band.lo, len(piece)) if graph.band.lo else len(piece)
    return graph.problem.count is not None and not least <= graph.problem.count <= most


def _too_small(certificate: Certificate, graph: _Graph) -> bool:
    return _is_a_piece(certificate, graph) and 0 < certificate.households < graph.band.lo


def _too_big(certificate: Certificate, graph: _Graph) -> bool:
    atoms = graph.atoms_of(certificate)
    return len(atoms) == 1 and graph.w[min(atoms)] == certificate.households > graph.band.hi


def _homeless(certificate: Certificate, graph: _Graph) -> bool:
    atoms = graph.atoms_of(certificate)
    one = min(atoms)
    return len(atoms) == 1 and not graph.is_sealed(one) and not graph.has_home(one, MOST_DEAD_ENDS)


def _packing(certificate: Certificate, graph: _Graph) -> bool:
    atoms = graph.atoms_of(certificate)
    if "core" in certificate.evidence:
        return _no_choice(sorted(atoms), graph)
    if not _is_a_piece(certificate, graph):
        return False
    if len(atoms) > REPLAYED:
        if not _is_its_model(certificate, atoms, graph):
            return False
        raise TooLong
    return not _has_cover(graph, frozenset(atoms), {})


def _is_its_model(certificate: Certificate, atoms: set[int], graph: _Graph) -> bool:
    """Tell whether the solver was asked about these atoms: every set inside the band, and no other."""
    each = MOST_DEAD_ENDS // len(atoms)
    sets = {some for one in atoms for some in graph.homes_of(one, each)}
    ids = graph.problem.units.id
    told = model_hash((ids[row] for one in some for row in graph.members[one]) for some in sets)
    return told == certificate.evidence.get("model")


def _no_choice(core: list[int], graph: _Graph) -> bool:
    """Tell whether no disjoint sets inside the band hold all of these atoms: every set of each is tried."""
    if not core or any(graph.is_sealed(one) for one in core):
        return False
    sets = {one: graph.homes_of(one, MOST_DEAD_ENDS // len(core)) for one in core}

    def fits(left: list[int], taken: frozenset[int]) -> bool:
        left = [one for one in left if one not in taken]
        return not left or any(not s & taken and fits(left[1:], taken | s) for s in sets[left[0]])

    return not fits(core, frozenset())


def _has_cover(graph: _Graph, left: frozenset[int], dead: dict[frozenset[int], bool]) -> bool:
    """Cover the lowest atom by every set in turn."""
    if not left:
        return True
    if left not in dead:
        if len(dead) > MOST_DEAD_ENDS:
            raise TooLong
        dead[left] = any(_has_cover(graph, left - one, dead) for one in _sets(graph, left))
    return dead[left]


def _sets(graph: _Graph, left: frozenset[int]) -> set[frozenset[int]]:
    found, seen, waiting = set(), set(), [frozenset([min(left)])]
    while waiting:
        some = waiting.pop()
        total = sum(graph.w[i] for i in some)
        if some in seen or total > graph.band.hi:
            continue
        seen.add(some)
        if total >= graph.band.lo and graph.is_near(some):
            found.add(some)
        waiting += [some | {j} for i in some for j in graph.near[i] if j in left and j not in some]
    return found


def _cut(certificate: Certificate, graph: _Graph) -> bool:
    """The atoms touch the rest at one place alone, and no share of them beside it leaves whole grids: every share is
    tried. A grid without that place lies in the atoms or outside of them."""
    if "hubs" in certificate.evidence:
        return _scattered(certificate, graph)
    if "at" in certificate.evidence:
        return _hangs(certificate, graph)
    atoms, band = graph.atoms_of(certificate), graph.band
    by = graph.lead[int(certificate.evidence["by"])]
    total = sum(graph.w[a] for a in atoms)
    around = {j for a in atoms for j in graph.near[a] if not graph.is_sealed(j)} - atoms
    if around != {by} or total != certificate.households or any(graph.is_sealed(a) for a in atoms):
        return False
    for share in range(max(band.hi - graph.w[by], 0) + 1):
        left = total - share
        if left >= 0 and any(n * band.lo <= left <= n * band.hi for n in range(left // max(band.lo, 1) + 1)):
            return False
    return True


def _told_count(certificate: Certificate, graph: _Graph, atoms: set[int]) -> int | None:
    """Give the number of grids that the certificate counts on; −1 if nobody asked that number of these atoms alone."""
    count = certificate.evidence.get("count")
    if count is None:
        return None
    alone = all(a in atoms for a in graph.members if graph.w[a])
    return int(count) if count == graph.problem.count and alone else -1


def _hangs(certificate: Certificate, graph: _Graph) -> bool:
    """The atoms are a tree, only `at` touches anything else, and no way of cutting the tree leaves whole grids: of
    each branch every sum that may go on to the next atom is made, by the number of grids closed behind it."""
    atoms, at = graph.atoms_of(certificate), graph.lead[int(certificate.evidence["at"])]
    total = sum(graph.w[a] for a in atoms)
    if at not in atoms or total != certificate.households or graph.band.lo < 1:
        return False
    near = {a: {j for j in graph.near[a] if not graph.is_sealed(j)} for a in atoms}
    inner = sum(len(others & atoms) for others in near.values())
    if any(graph.is_sealed(a) or not (near[a] <= atoms or a == at) for a in atoms) or inner != 2 * (len(atoms) - 1):
        return False
    is_whole, count = near[at] <= atoms, _told_count(certificate, graph, atoms)
    if count is not None and (count < 0 or not is_whole):
        return False
    line, before = [at], {at: -1}
    for one in line:
        fresh = near[one] & atoms - before.keys()
        before.update(dict.fromkeys(fresh, one))
        line += sorted(fresh)
    if len(line) < len(atoms):
        return False
    last = _branches(graph, line, before, 0 if count is None else count)
    if not is_whole:
        return not last.any()
    ends = last[:, graph.band.lo :]
    return not (ends.any() if count is None else ends[count - 1].any())


def _branches(graph: _Graph, line: list[int], before: dict[int, int], count: int) -> Flags:
    """Give which sums the grid of the first atom may have (columns), by grids closed behind it (rows; one if nobody
    counts them)."""
    lo, hi, steps = graph.band.lo, graph.band.hi, 0
    held: dict[int, Flags] = {}
    for one in line[::-1]:
        sums = held.pop(one, None)
        if sums is None:
            sums = np.zeros((max(count, 1), hi + 1), bool)
            sums[0, 0] = True
        own = np.zeros_like(sums)
        if graph.w[one] <= hi:
            own[:, graph.w[one] :] = sums[:, : hi + 1 - graph.w[one]]
        if before[one] < 0:
            return own
        goes_on = own.copy()
        ends = np.asarray(own[:, lo:].any(axis=1))
        goes_on[1 if count else 0 :, 0] |= ends[: len(ends) - 1] if count else ends
        up = held.get(before[one])
        if up is None:
            held[before[one]] = goes_on
            continue
        few, many = (goes_on, up) if goes_on.sum() < up.sum() else (up, goes_on)
        steps += int(few.sum())
        if steps > MOST_DEAD_ENDS:
            raise TooLong
        both = np.zeros_like(few)
        for i, j in zip(*(a.tolist() for a in np.nonzero(few)), strict=True):
            both[i:, j:] |= many[: len(many) - i, : hi + 1 - j]
        held[before[one]] = both
    raise AssertionError("a tree has a first atom")


def _scattered(certificate: Certificate, graph: _Graph) -> bool:
    """Without the hubs the piece falls into parts; what these cannot hold in grids of their own is more than one grid
    for each hub could take in (or fewer grids than are asked for come about)."""
    atoms, band = graph.atoms_of(certificate), graph.band
    hubs = {graph.lead[int(row)] for row in certificate.evidence["hubs"]}
    count = _told_count(certificate, graph, atoms)
    if not _is_a_piece(certificate, graph) or not hubs <= atoms or band.lo < 1 or count == -1:
        return False
    left, most, waiting = sum(graph.w[h] for h in hubs), len(hubs), atoms - hubs
    while waiting:
        part = [waiting.pop()]
        for one in part:
            fresh = graph.near[one] & waiting
            waiting -= fresh
            part += fresh
        homes = sum(graph.w[a] for a in part)
        left += max(homes - homes // band.lo * band.hi, 0)
        most += min(homes // band.lo, len(part))
    return left > len(hubs) * band.hi or (count is not None and count > most)


_CHECKS = {
    "no_count": _no_count, "too_small": _too_small, "too_big": _too_big, "homeless": _homeless, "packing": _packing,
    "cut": _cut,
}  # fmt: skip
