"""Is it the same matter as a case open or closed lately? Proposed with reasons, never merged by itself (spec 12 §4).

Two statements for a batch of any size: where cases near in place or alike in matter stand, then the words of those
worth comparing, at most 200 for each report. Who said it is not known here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.models import Case, Membership, RefusedPair
from jishi.cases.states import ENDS
from jishi.cases.triage.pairs import in_force
from jishi.duties import queries as duties
from jishi.duties.queries import Law
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.asking import ask
from jishi.kernels.text import alike
from jishi.kernels.text.alike import MAX_CANDIDATES, Candidate, Prepared, Score
from jishi.places import queries as places
from jishi.places.queries import Spot

if TYPE_CHECKING:
    from jishi.cases.triage.classifying import Classes
    from jishi.cases.triage.looking import Words

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
NEAR_M = 800.0
WIDEST_M = 700.0  # a road or a community reaches this far at most when what is near it is looked for
UNSAID_M = 100.0  # radius of a place that names none
LIFE_DAYS = 30  # of a matter that nobody knows
LATELY = timedelta(days=14)  # a closed case is still proposed: the answer may lie there
LEAST = 0.5
# How many one report may be compared with is bounded before any is read: a town of a million costs no more
# than one of ten thousand, which stays near these bounds itself.
NEWEST, ALIKE = 120, 60  # of its own grid, and of one likely matter in it
AROUND = 40  # of each of the grids around it, and of one likely matter in each
LONE, NOWHERE = 40, 20  # at no known place, and of one likely matter at none
ANYWHERE = 60  # of one likely matter wherever it is, for a report without a place
READ = 600  # characters of a report that are compared
STRANGERS = frozenset({"resident", "reporter", "anonymous"})


@dataclass(frozen=True, slots=True)
class Alike:
    candidates: tuple[dict[str, Any], ...]
    abstained: str
    edition: str


SKIPPED = Alike((), "skipped", "")
NOT_ASKED = Alike((), "not_asked", "")


def find(
    batch: Sequence["Words"], shown: Sequence[str], spots: Sequence[Spot], classes: Sequence["Classes"], *,
    now: datetime,
) -> list[Alike]:  # fmt: skip
    """Find, for each text, cases and other texts of the batch that may be the same matter; at most three, with reasons.

    A text of the batch is named by its `row`: it has no case yet. Whoever may not see a case is not told of it.
    """
    law = duties.law(localdate(now))
    around = _around(spots, now)
    asked = [_asked(*one, law) for one in zip(batch, shown, spots, classes, around, strict=True)]
    standing = _standing(asked, law, now)
    pairs = np.concatenate([_cases_worth(asked, standing), _texts_worth(asked, standing.size)])
    if not len(pairs):
        return [Alike((), "", in_force()[1]) for _ in asked]
    met = np.zeros(standing.size + len(asked), bool)
    met[pairs[:, 1]] = True
    told = _told(met.nonzero()[0], standing)
    met[: standing.size] = False
    met[list(told)] = True
    pairs = pairs[met[pairs[:, 1]]]
    pairs = _without_refused(pairs, batch, standing)
    if not len(pairs):
        return [Alike((), "", in_force()[1]) for _ in asked]
    return _best(pairs, asked, standing, told, law)


@dataclass(frozen=True)
class _Asked:
    """One report as it is compared: what it may be with probabilities, the grids around its place."""

    compared: Candidate
    at_hours: float
    life_hours: float
    matters: tuple[str, ...]
    title: str
    grids: frozenset[int] = frozenset()
    own: int | None = None  # the grid in which its place lies


@dataclass(frozen=True)
class _Standing:
    """Cases that stand near one of the asked in place or matter, as arrays; their words are not read yet."""

    ids: Ints
    grids: Ints
    matters: list[str]
    lng: Doubles
    lat: Doubles
    radius_m: Doubles
    hours: Doubles
    life_hours: Doubles
    rows: Sequence[tuple[Any, ...]]  # as read: what is proposed is shown from here

    @property
    def size(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class _Told:
    """A case whose words were read."""

    compared: Candidate
    row: tuple[Any, ...] = ()  # of the case, as read
    shown: Mapping[str, Any] = field(default_factory=dict)  # of a text of the batch: it has no row yet


def _around(spots: Sequence[Spot], now: datetime) -> list[frozenset[int]]:
    """The grids that come near each place; none where no place is known."""
    placed = [i for i, s in enumerate(spots) if s.lng_e7 is not None and s.lat_e7 is not None]
    points = [
        (spots[i].lng_e7 or 0, spots[i].lat_e7 or 0, NEAR_M + min(spots[i].radius_m or 0.0, WIDEST_M)) for i in placed
    ]
    found = dict(zip(placed, places.grids_near(points, day=localdate(now)), strict=True))
    return [found.get(i, frozenset()) for i in range(len(spots))]


def _asked(words: "Words", shown: str, spot: Spot, classes: "Classes", grids: frozenset[int], law: Law) -> _Asked:
    likely = [(str(c["value"]), float(c["p"])) for c in classes.candidates]
    if classes.chosen:
        likely = [(classes.chosen, 1.0)]
    lives = [law.matters[code].life_days for code, _ in likely if code in law.matters]
    life = 24.0 * max(lives, default=LIFE_DAYS)
    hours = words.said_at.timestamp() / 3600
    lng, lat, radius = point(spot.lng_e7, spot.lat_e7, spot.radius_m)
    compared = Candidate(
        shown[:READ], lng, lat, radius, at_hours=hours, also=tuple(likely), life_hours=life,
        compounds=compounds_of(spot.name), buildings=frozenset({spot.name}),
    )  # fmt: skip
    return _Asked(compared, hours, life, tuple(code for code, _ in likely), shown[:40], grids, spot.grid_id)


def point(lng_e7: int | None, lat_e7: int | None, radius: float | None) -> tuple[float, float, float]:
    """Give degrees and a radius as they are compared; not a number where no place is known."""
    if lng_e7 is None or lat_e7 is None:
        return float("nan"), float("nan"), UNSAID_M
    return lng_e7 / 1e7, lat_e7 / 1e7, radius or UNSAID_M


@lru_cache(maxsize=4096)
def compounds_of(place: str) -> frozenset[str]:
    """Give the compound that a place is in, as a set of one, or none."""
    name = alike.without_building(place)
    return frozenset({name} if name else ())


# --- which are worth comparing -----------------------------------------------------------------------------


_OPEN_TO_ALL = """
    c.accused_body_ids = '{}' AND c.kind <> 'tip_off' AND c.visibility <> 'closed' AND NOT EXISTS (
        SELECT FROM cases_membership m JOIN cases_report r ON r.id = m.report_id
        WHERE m.tenant_id = c.tenant_id AND m.case_id = c.id AND m.to_at IS NULL AND r.voice = 'confidential')
"""


def _seen_by(actor: Actor) -> tuple[str, dict[str, Any]]:
    """What a row `c` must be for this actor to be told of it. A desk is told what it may open; a stranger what anybody
    might know: nothing confidential or accused."""
    if actor.kind in STRANGERS:
        return _OPEN_TO_ALL, {}
    if actor.kind in ("clock", "system") or actor.has(*policies.DESK):
        return ("c.division_code LIKE %(area)s", {"area": f"{actor.area}%"}) if actor.area else ("true", {})
    told, values = policies.visible_to(actor, Case.objects.order_by()).values("id").query.sql_with_params()
    names = [f"seen{k}" for k in range(len(values))]
    return f"c.id IN ({told % tuple(f'%({n})s' for n in names)})", dict(zip(names, values, strict=True))


# The newest of each near grid, of each likely matter in it, of those at no known place (all, and of each likely
# matter): as many as one report may be compared with, however many cases the town has and however many are asked for
# at once. `lost` are matters of reports without a place. What is asked stands in a row of its own: no plan is made for
# these very values, so that it is made once.
_NEWEST = """
    WITH asked AS MATERIALIZED (
        SELECT %(tenant)s::bigint AS tenant, %(grids)s::bigint[] AS grids, %(newest)s::int[] AS newest,
               %(alike)s::int[] AS alike, %(matters)s::text[] AS matters, %(lost)s::text[] AS lost,
               %(lone)s::int AS lone, %(nowhere)s::int AS nowhere, %(anywhere)s::int AS anywhere,
               %(since)s::timestamptz AS since, %(lately)s::timestamptz AS lately)
    SELECT c.id, c.grid_id, c.matter, c.lng_e7, c.lat_e7, c.accuracy_m,
           extract(epoch FROM c.received_at)::float8 / 3600, c.number, c.title, c.status, c.lead_id, c.place_name
    FROM (SELECT near.* FROM asked, unnest(grids, newest, alike) AS g (grid, newest, alike) CROSS JOIN LATERAL (
              SELECT {row} FROM cases_case
              WHERE tenant_id = tenant AND grid_id = g.grid AND {alive}
              ORDER BY received_at DESC LIMIT g.newest) near
          UNION ALL SELECT likely.* FROM asked, unnest(grids, newest, alike) AS g (grid, newest, alike)
              CROSS JOIN unnest(matters) AS m (code) CROSS JOIN LATERAL (
              SELECT {row} FROM cases_case WHERE tenant_id = tenant AND matter = m.code AND grid_id = g.grid
                  AND {alive} ORDER BY received_at DESC LIMIT g.alike) likely
          UNION ALL SELECT astray.* FROM asked, unnest(matters) AS m (code) CROSS JOIN LATERAL (
              SELECT {row} FROM cases_case WHERE tenant_id = tenant AND matter = m.code AND grid_id IS NULL
                  AND {alive} ORDER BY received_at DESC LIMIT nowhere) astray
          UNION ALL SELECT placeless.* FROM asked CROSS JOIN LATERAL (
              SELECT {row} FROM cases_case WHERE tenant_id = tenant AND grid_id IS NULL
                  AND {alive} ORDER BY received_at DESC LIMIT lone) placeless
          UNION ALL SELECT wherever.* FROM asked, unnest(lost) AS m (code) CROSS JOIN LATERAL (
              SELECT {row} FROM cases_case WHERE tenant_id = tenant AND matter = m.code
                  AND {alive} ORDER BY received_at DESC LIMIT anywhere) wherever) c
    WHERE {seen}
"""
_ROW = """
    id, tenant_id, grid_id, matter, lng_e7, lat_e7, accuracy_m, received_at, accused_body_ids, kind, visibility,
    division_code, number, title, status, lead_id, place_name
"""
_ALIVE = "received_at >= since AND (status <> ALL ('{%s}') OR status = 'CLOSED' AND closed_at >= lately)"


def _standing(asked: Sequence[_Asked], law: Law, now: datetime) -> _Standing:
    grids = {g: (AROUND, AROUND) for a in asked for g in a.grids}
    grids |= {a.own: (NEWEST, ALIKE) for a in asked if a.own in grids}
    actor = scope.current().actor
    seen, more = _seen_by(actor)
    values: dict[str, Any] = {
        "tenant": actor.tenant_id, "grids": _written(grids), "newest": _written(n for n, _ in grids.values()),
        "alike": _written(n for _, n in grids.values()), "lone": LONE, "nowhere": NOWHERE, "anywhere": ANYWHERE,
        "matters": sorted({m for a in asked for m in a.matters}),
        "lost": sorted({m for a in asked if not a.grids for m in a.matters}),
        "since": now - timedelta(hours=max(a.life_hours for a in asked)), "lately": now - LATELY, **more,
    }  # fmt: skip
    alive = _ALIVE % ",".join(sorted(ENDS))
    rows = ask(_NEWEST.format(row=_ROW, alive=alive, seen=seen), values)
    told = sorted({row[0]: row for row in rows}.values(), key=_FIRST)
    if actor.kind in STRANGERS:
        told = [row for row in told if row[2] in law.matters and law.matters[row[2]].public]
    column = list(zip(*told, strict=True)) or [()] * 7
    lng, lat, radius = (np.array(values, np.float64) for values in column[3:6])  # nothing known: not a number
    radius[~(radius > 0) | np.isnan(lng) | np.isnan(lat)] = UNSAID_M
    life = {code: law.matters[code].life_days if code in law.matters else LIFE_DAYS for code in set(column[2])}
    return _Standing(
        np.array(column[0], np.int64), np.array([grid or -1 for grid in column[1]], np.int64), list(column[2]),
        lng / 1e7, lat / 1e7, radius, np.array(column[6], np.float64),
        np.array([life[code] for code in column[2]], np.float64) * 24.0, told,
    )  # fmt: skip


_FIRST = itemgetter(0)


def _written(numbers: Iterable[int]) -> str:
    """Numbers as the database reads a list of them."""
    return "{" + ",".join(map(str, numbers)) + "}"


def _cases_worth(asked: Sequence[_Asked], standing: _Standing) -> Ints:
    """Pairs (asked, standing), at most 200 for one asked: within the time of the matter, near, or alike in matter."""
    if not standing.size:
        return np.zeros((0, 2), np.int64)
    matters, matter = _numbered(standing.matters)
    grids, grid = _numbered(standing.grids.tolist())
    ranks = _Ranks.of(grid, matter, standing) if len(asked) > 1 else None  # of one report all that was read is its own
    found = []
    for at, one in enumerate(asked):
        same = _among(one.matters, matters)[matter]
        apart = _metres(one.compared, standing.lng, standing.lat)
        if one.grids:
            reach = NEAR_M + one.compared.radius_m + standing.radius_m
            near = _among(one.grids, grids)[grid] | ((standing.grids < 0) & ~(apart > reach))
        else:
            near = same | (standing.grids < 0)
        if ranks is not None:
            near &= ranks.read_for(one, same, standing.grids)
        near &= np.abs(standing.hours - one.at_hours) <= np.minimum(standing.life_hours, one.life_hours)
        rows = np.flatnonzero(near)
        away = apart[rows]
        away[np.isnan(away)] = NEAR_M
        rows = rows[np.lexsort((-rows, away, ~same[rows]))[:MAX_CANDIDATES]]
        rows = rows[_within_reach(one.compared, standing, rows, apart[rows])]
        found.append(np.column_stack((np.full(len(rows), at), rows)))
    return np.concatenate(found)


@dataclass(frozen=True)
class _Ranks:
    """How many newer cases stand in the grid of each, of its matter in that grid, of its matter anywhere: what is read
    for a batch is sifted by them to what each of its texts would be compared with alone."""

    of_grid: Ints
    of_matter_in_grid: Ints
    of_matter: Ints

    @classmethod
    def of(cls, grid: Ints, matter: Ints, standing: _Standing) -> "_Ranks":
        newest = np.lexsort((-standing.ids, -standing.hours))
        both = grid * (int(matter.max()) + 1) + matter
        return cls(*(_ranked(group, newest) for group in (grid, both, matter)))

    def read_for(self, one: _Asked, same: Flags, grids: Ints) -> Flags:
        placeless, own = grids < 0, grids == one.own
        newest = np.where(placeless, LONE, np.where(own, NEWEST, AROUND))
        alike_in = np.where(placeless, NOWHERE, np.where(own, ALIKE, AROUND))
        if not one.grids:
            newest[~placeless] = alike_in[~placeless] = 0
        read: Flags = (self.of_grid < newest) | same & (self.of_matter_in_grid < alike_in)
        return read if one.grids else read | same & (self.of_matter < ANYWHERE)


def _ranked(group: Ints, newest: Ints) -> Ints:
    """The place of each row among those of its group, the newest first."""
    order = newest[np.argsort(group[newest], kind="stable")]
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(begins, np.diff(begins, append=len(order)))
    return rank


def _within_reach(one: Candidate, standing: _Standing, rows: Ints, apart: Doubles) -> Flags:
    """Leave out whose words need not be read: too far away, too long ago or another matter, whatever they say."""
    near = rows.tolist()
    return alike.within_reach(
        one, apart, standing.radius_m[rows], standing.hours[rows], standing.life_hours[rows],
        [standing.matters[k] for k in near], [compounds_of(standing.rows[k][-1]) for k in near], in_force()[0],
        least=LEAST,
    )  # fmt: skip


def _numbered(values: Sequence[Any]) -> tuple[dict[Any, int], Ints]:
    numbers = {value: k for k, value in enumerate(sorted(set(values)))}
    return numbers, np.array([numbers[v] for v in values], np.int64)


def _among(wanted: Iterable[Any], numbers: Mapping[Any, int]) -> Flags:
    flags = np.zeros(len(numbers), bool)
    flags[[numbers[w] for w in wanted if w in numbers]] = True
    return flags


def _texts_worth(asked: Sequence[_Asked], first: int) -> Ints:
    """Pairs inside the batch, numbered behind the standing cases: an import brings its own duplicates."""
    none = np.zeros((0, 2), np.int64)
    if len(asked) < 2:
        return none
    every = [a.compared for a in asked]
    lng, lat, radius, hours, life = np.array(
        [[c.lng, c.lat, c.radius_m, c.at_hours, c.life_hours] for c in every]
    ).T  # fmt: skip
    numbers = {m: k for k, m in enumerate(sorted({m for a in asked for m in a.matters}))}
    likely = np.zeros((len(asked), len(numbers)), bool)
    for at, one in enumerate(asked):
        likely[at, [numbers[m] for m in one.matters]] = True
    found = [none]
    for at, this in enumerate(every):
        apart = _metres(this, lng, lat)
        same: Flags = np.asarray(likely[:, likely[at]].any(axis=1))
        near = np.where(np.isfinite(apart), apart <= NEAR_M + this.radius_m + radius, same)
        near = (
            near & (np.abs(hours - this.at_hours) <= np.minimum(life, this.life_hours)) & (np.arange(len(near)) != at)
        )
        rows = np.flatnonzero(near)
        away = apart[rows]
        away[np.isnan(away)] = NEAR_M
        order = np.lexsort((rows, away, ~same[rows]))[:MAX_CANDIDATES]
        found.append(np.column_stack((np.full(len(order), at), rows[order] + first)))
    return np.concatenate(found)


def _metres(one: Candidate, lng: Doubles, lat: Doubles) -> Doubles:
    east = 111_320.0 * np.cos(np.radians(one.lat))
    apart: Doubles = np.hypot((lng - one.lng) * east, (lat - one.lat) * 111_320.0)
    return apart


def _without_refused(pairs: Ints, batch: Sequence["Words"], standing: _Standing) -> Ints:
    """Leave out what a person has called another matter, from either side, and the report's own cases."""
    asked = {w.report_id: i for i, w in enumerate(batch) if w.report_id is not None}
    if not asked:
        return pairs
    no = set(RefusedPair.objects.filter(report__in=list(asked)).values_list("report_id", "case_id"))
    own = list(Membership.objects.filter(report__in=list(asked), to_at=None).values_list("report_id", "case_id"))
    other_way = RefusedPair.objects.filter(case__in=[case for _, case in own], report__memberships__to_at=None)
    by_case = {case: report for report, case in own}
    no |= {(by_case[c], other) for c, other in other_way.values_list("case_id", "report__memberships__case")}
    rows = {(asked[report], case) for report, case in (*no, *own)}
    ids = {k: int(i) for k, i in enumerate(standing.ids)}
    return pairs[[(int(a), ids.get(int(b), -1)) not in rows for a, b in pairs]]


# --- comparing ---------------------------------------------------------------------------------------------


# The words of a case are those of the report that came first and is still with it.
_WORDS = """
    SELECT c.id, (
        SELECT left(r.text_shown, %(read)s::int) FROM cases_membership m JOIN cases_report r ON r.id = m.report_id
        WHERE m.tenant_id = %(tenant)s::bigint AND m.case_id = c.id AND m.to_at IS NULL ORDER BY m.id LIMIT 1)
    FROM unnest(%(ids)s::bigint[]) AS c (id)
"""


def _told(rows: Ints, standing: _Standing) -> dict[int, _Told]:
    """Read the words of the cases worth comparing, in one statement."""
    own = rows[rows < standing.size]
    where = dict(zip(standing.ids[own].tolist(), own.tolist(), strict=True))
    if not where:
        return {}
    values: dict[str, Any] = {"tenant": scope.current().actor.tenant_id, "ids": _written(where), "read": READ}
    found = ask(_WORDS, values)
    lng, lat, radius = standing.lng.tolist(), standing.lat.tolist(), standing.radius_m.tolist()
    hours, life = standing.hours.tolist(), standing.life_hours.tolist()
    told = {}
    for i, said in found:
        k = where[i]
        *_, title, _, _, place = row = standing.rows[k]
        compared = Candidate(
            said or title, lng[k], lat[k], radius[k], at_hours=hours[k], matter=row[2], compounds=compounds_of(place),
            buildings=frozenset({place}), life_hours=life[k],
        )  # fmt: skip
        told[k] = _Told(compared, row)
    return told


def _shown(told: _Told, law: Law) -> dict[str, Any]:
    """A case as it is proposed: to a stranger without number and title."""
    if not told.row:
        return dict(told.shown)
    i, (number, title, status, lead, place) = told.row[0], told.row[-5:]
    stranger, known, matter = scope.current().actor.kind in STRANGERS, bodies.names(), told.compared.matter
    name = law.matters[matter].name if matter in law.matters else ""
    return {
        "value": i, "case_id": i, "number": "" if stranger else number, "label": name if stranger else title,
        "status": status, "body": known[lead].name if lead in known else "", "where": place, "matter": name,
    }  # fmt: skip


def _best(
    pairs: Ints, asked: Sequence[_Asked], standing: _Standing, told: Mapping[int, _Told], law: Law
) -> list[Alike]:
    """Judge all pairs at once; keep the three likeliest of each asked."""
    rows = {k: len(asked) + n for n, k in enumerate(sorted(told))}
    rows |= {standing.size + at: at for at in range(len(asked))}
    prepared = Prepared.of([*(a.compared for a in asked), *(told[k].compared for k in sorted(told))])
    second = np.array([rows[k] for k in pairs[:, 1].tolist()], np.int64)
    model, edition = in_force()
    measured = prepared.facts(pairs[:, 0], second, reach=alike.Reach.of(model, LEAST))
    chance = alike.probabilities(measured, model)
    kept: list[list[int]] = [[] for _ in asked]
    likely = np.flatnonzero(chance >= LEAST)
    for k in likely[np.lexsort((pairs[likely, 1], -chance[likely]))].tolist():
        if len(kept[pairs[k, 0]]) < 3:
            kept[pairs[k, 0]].append(k)
    flat = [k for row in kept for k in row]
    scores = dict(zip(flat, alike.scores_of(measured[flat], model), strict=True)) if flat else {}
    answers = []
    for at, row in enumerate(kept):
        said = []
        for k in row:
            one, other = asked[at], int(pairs[k, 1])
            known = told[other] if other in told else _of_batch(asked[other - standing.size], other - standing.size)
            said.append({**_shown(known, law), **_because(one.compared, known, scores[k], law)})
        answers.append(Alike(tuple(said), "", edition))
    return answers


def _of_batch(one: _Asked, row: int) -> _Told:
    shown = {"value": None, "row": row, "number": "", "label": one.title, "status": "", "body": ""}
    return _Told(one.compared, shown=shown)


def _because(one: Candidate, other: _Told, score: Score, law: Law) -> dict[str, Any]:
    facts = [_said(f.code, one, other, law) for f in score.facts]
    return {"p": round(score.probability, 3), "reason": "；".join(facts), "facts": [f.code for f in score.facts]}


def _said(code: str, one: Candidate, told: _Told, law: Law) -> str:
    """Say one fact as a clerk reads it."""
    other = told.compared
    if code == "near":
        metres = _metres(one, np.array([other.lng]), np.array([other.lat]))[0]
        return "同一地点" if metres < 30 else f"相距约{round(metres, -1):.0f}米"
    if code == "time":
        days = abs(one.at_hours - other.at_hours) / 24
        return "同一天" if days < 1 else f"相隔{days:.0f}天"
    if code == "same_compound":
        return "同在" + "、".join(sorted(one.compounds & other.compounds))
    if code == "same_matter" and told.row and other.matter in law.matters:
        return f"同一事项“{law.matters[other.matter].name}”"
    return _SENTENCES[code]


_SENTENCES = {
    "words": "说法相近", "rare_words": "用了相同的词", "far": "相距较远", "unplaced": "有一方没有说清地点",
    "same_building": "同一栋楼", "other_building": "楼号不同", "other_unit": "单元不同", "same_matter": "同一事项",
    "other_words": "说的不是同样的事", "other_matter": "事项可能不同",
    "named_same": "说的是同一处", "named_within": "提到同一处",
    "named_other": "说的不是同一处", "named_area": "在同一带", "matter_words": "说的事相近",
    "matter_pieces": "说的事用词相同", "head_words": "第一句相近",
}  # fmt: skip
