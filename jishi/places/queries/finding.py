"""Where is this, whose ground was it on that day (spec 20 §10)? One place is a batch of one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import repeat
from typing import Any

import shapely
from django.utils.timezone import localdate

from jishi.foundation import scope
from jishi.kernels.dutylist import Place
from jishi.places import gathering, memory, mentions, neighbours, spotting
from jishi.places.queries.locating import converted
from jishi.places.shapes import E7
from jishi.places.spotting import Candidate, Pin
from jishi.places.things import SMALL_M, GridRow, Ground, common_division, door_said

DOOR_M = 10.0
PIN_M = 30.0  # how far off a pin is that does not say
MOST_LOOKED = 5_000  # places of words of which is kept what lies there
BEHIND = 12  # characters between a county's name and what is named in it


@dataclass(frozen=True, slots=True)
class Asked:
    """What was said about a place: words, a pin in degrees of the system `crs`, its accuracy, the day."""

    text: str
    lng: float | None = None
    lat: float | None = None
    crs: str = ""
    accuracy_m: float | None = None
    day: date = date.max


@dataclass(frozen=True, slots=True)
class Spot:
    """Where it is. Integers of 1e-7° CGCS2000; `candidates` best first; `abstained` says why nothing is filled in."""

    lng_e7: int | None = None
    lat_e7: int | None = None
    radius_m: float | None = None
    name: str = ""
    grid_id: int | None = None
    grid_edition_id: int | None = None
    division_code: str = ""
    place: Place | None = None
    candidates: tuple[dict[str, Any], ...] = ()
    abstained: str = ""
    edition: str = ""
    other_grid_id: int | None = None  # nearer than 10 m: the grid on the other side of the border
    doors: tuple[int, ...] = ()  # the 单元 of the house that has several, where none of them was named

    @staticmethod
    def nowhere() -> "Spot":
        """Give the answer of a stage that was skipped."""
        return Spot(abstained="skipped")


def find(batch: Sequence[Asked]) -> list[Spot]:
    """Find the place that each pin and text mean.

    :raises UnknownDatum: a pin without a known system. :raises SwappedAxes: a pin with latitude first.
    """
    by_day: dict[date, list[int]] = {}
    for i, one in enumerate(batch):
        by_day.setdefault(_day(one.day), []).append(i)
    answers: dict[int, Spot] = {}
    for day, rows in by_day.items():
        ground = memory.ground(day)
        pins = _pins([batch[i] for i in rows], ground)
        words = mentions.read([batch[i].text for i in rows], ground)
        found = [spotting.spot(said, pin, ground) for said, pin in zip(words, pins, strict=True)]
        found = [_at_door(one, said, ground) for one, said in zip(found, words, strict=True)]
        answered = _spots(found, [pin is not None for pin in pins], ground)
        spots = zip(rows, map(_with_doors, answered, found, words, repeat(ground)), strict=True)
        answers |= {
            i: _elsewhere(spot, said, ground, day, pinned=pin is not None)
            for (i, spot), said, pin in zip(spots, words, pins, strict=True)
        }
    return [answers[i] for i in range(len(batch))]


def _at_door(found: spotting.Found, said: mentions.Words, ground: Ground) -> spotting.Found:
    """Put a house whose 单元 is named at that very door, where the ground has it."""
    first = found.candidates[0] if found.candidates and not found.abstained else None
    doors = ground.doors.get(first.thing) if first is not None and first.level == "building" else None
    door = doors.get(_door_said(first, said, ground) or 0) if first is not None and doors else None
    if first is None or door is None or first.radius_m <= DOOR_M:  # a pin as near as a door stays where it was set
        return found
    x, y = ground.plane.xy(*door)
    there = first._replace(x=x, y=y, radius_m=DOOR_M, reason=f"{first.reason}；单元的门")
    return found._replace(candidates=(there, *found.candidates[1:]))


def _with_doors(spot: Spot, found: spotting.Found, said: mentions.Words, ground: Ground) -> Spot:
    """Name the doors of which somebody may still pick one."""
    first = found.candidates[0] if spot.name and found.candidates else None
    doors = ground.doors.get(first.thing, {}) if first is not None and first.level == "building" else {}
    known = first is None or len(doors) < 2 or _door_said(first, said, ground) in doors
    return spot if known else replace(spot, doors=tuple(sorted(doors)))


def _door_said(first: spotting.Candidate, said: mentions.Words, ground: Ground) -> int | None:
    house, unit = door_said(said.text) or ("", None)
    return unit if first.thing in ground.numbered.get(house, ()) else None


def _elsewhere(spot: Spot, words: mentions.Words, ground: Ground, day: date, *, pinned: bool) -> Spot:
    """Name the county of a place that is not ours: of a pin outside every grid, of words that name no place here,
    or that name one right behind another county's name (“白石县人民路” is no street of ours)."""
    if pinned:
        beyond = spot.lng_e7 is not None and spot.lat_e7 is not None and not spot.division_code and bool(ground.grids)
        at = (spot.lng_e7 or 0) / E7, (spot.lat_e7 or 0) / E7
        name = neighbours.holding(*at, memory.neighbours(ground, day)) if beyond else ""
    else:
        name, end = neighbours.named(words.text, memory.neighbours(ground, day))
        if any(not end <= said.start <= end + BEHIND for said in words.names):
            name = ""
    if not name:
        return spot
    first: dict[str, Any] = spot.candidates[0] if pinned and spot.candidates else {"value": None, "p": 1.0}
    told = {**first, "level": "county", "label": name, "elsewhere": name, "reason": f"“{name}”，不在本市"}
    kept = spot if pinned else Spot(edition=spot.edition)
    return replace(kept, name=name, candidates=(told,), abstained="elsewhere")


def _day(day: date) -> date:
    return localdate(scope.current().recorded_at) if day == date.max else day


def _pins(batch: Sequence[Asked], ground: Ground) -> list[Pin | None]:
    pins: list[Pin | None] = [None] * len(batch)
    by_crs: dict[str, list[int]] = {}
    for i, one in enumerate(batch):
        if one.lng is not None and one.lat is not None:
            by_crs.setdefault(one.crs, []).append(i)
    for crs, rows in by_crs.items():
        lngs, lats = [float(batch[i].lng or 0) for i in rows], [float(batch[i].lat or 0) for i in rows]
        done = converted(lngs, lats, crs)
        for at, i in enumerate(rows):
            if done.bad[at]:
                continue
            x, y = ground.plane.xy(float(done.lng[at]), float(done.lat[at]))
            pins[i] = Pin(x, y, min(max(batch[i].accuracy_m or PIN_M, 10.0), 5000.0))
    return pins


@dataclass(slots=True)
class _Ask:
    """One chosen point, on its way to grid and kinds; once there, nobody writes into it."""

    x: float
    y: float
    grid: GridRow | None = None
    other: GridRow | None = None
    border_m: float = 0.0
    kinds: set[str] = field(default_factory=set)
    zones: set[str] = field(default_factory=set)
    division: str = ""
    within: int = -1  # the smallest thing around the point


def _look(points: Sequence[tuple[float, float]], ground: Ground) -> list[_Ask]:
    """Ask grids, kinds and zones of points (metres of the plane) in one go each."""
    asked = [_Ask(x, y) for x, y in points]
    if not asked:
        return asked
    degrees = [ground.plane.degrees(x, y) for x, y in points]
    located = ground.index.locate([d[0] for d in degrees], [d[1] for d in degrees])
    codes = ground.index.codes
    columns = (column.tolist() for column in (located.grid, located.other, located.border_m))
    for one, at, other, border in zip(asked, *columns, strict=True):
        one.grid = ground.by_code[codes[at]] if at >= 0 else None
        one.other = ground.by_code[codes[other]] if other >= 0 else None
        one.border_m = border
    _look_around(asked, ground)
    return asked


def _look_around(asked: Sequence[_Ask], ground: Ground) -> None:
    points = shapely.points([(a.x, a.y) for a in asked])
    if ground.tree is not None:
        for row, area in ground.tree.query(points, predicate="intersects").T.tolist():
            kinds, zone, thing = ground.areas[area]
            one = asked[row]
            one.kinds |= kinds
            if zone:
                one.zones.add(zone)
            elif thing >= 0 and (one.within < 0 or _smaller(thing, one.within, ground)):
                one.within = thing
    if ground.border_tree is not None:
        for row, at in ground.border_tree.query(points, predicate="intersects").T.tolist():
            asked[row].division = max(asked[row].division, ground.borders[at], key=lambda c: len(c.rstrip("0")))


def _smaller(one: int, other: int, ground: Ground) -> bool:
    return (ground.things[one].radius_m, one) < (ground.things[other].radius_m, other)


def _look_again(points: Sequence[tuple[float, float]], pinned: Sequence[bool], ground: Ground) -> list[_Ask]:
    """Ask as `_look` does. A place that words alone mean is asked once in the life of the ground: people speak of the
    same houses and roads over and over. What somebody pinned is asked each time and kept nowhere."""
    known = ground.looked
    held = [None if pin else known.get(point) for point, pin in zip(points, pinned, strict=True)]
    fresh = [at for at, seen in enumerate(held) if seen is None]
    if len(known) + len(fresh) > MOST_LOOKED:
        known.clear()
    for at, seen in zip(fresh, _look([points[at] for at in fresh], ground), strict=True):
        held[at] = seen
        if not pinned[at] and len(known) < MOST_LOOKED:
            known[points[at]] = seen
    return [seen for seen in held if seen is not None]


def _spots(found: Sequence[spotting.Found], pinned: Sequence[bool], ground: Ground) -> list[Spot]:
    flat = [(i, c) for i, f in enumerate(found) for c in f.candidates]
    looked = _look_again([(c.x, c.y) for _, c in flat], [pinned[i] for i, _ in flat], ground)
    rows: list[list[tuple[Candidate, _Ask]]] = [[] for _ in found]
    for (i, candidate), seen in zip(flat, looked, strict=True):
        rows[i].append((candidate, seen))
    return [_spot(f, row, ground) for f, row in zip(found, rows, strict=True)]


def _spot(found: spotting.Found, rows: Sequence[tuple[Candidate, _Ask]], ground: Ground) -> Spot:
    if not rows:
        return Spot(abstained=found.abstained, edition=ground.edition)
    told = tuple(_told(c, seen, ground) for c, seen in rows)
    if found.abstained:
        return _unsettled(found.abstained, rows, told, ground)
    first, seen = rows[0]
    lng, lat = ground.plane.degrees(first.x, first.y)
    exact = _is_exact(first, ground)
    grid = seen.grid if exact else None
    division = _division(first, seen, exact, ground)
    thing = ground.things[first.thing] if first.thing >= 0 else None
    kinds = (seen.kinds if exact else set()) | (set(thing.kinds) if thing else set())
    kinds |= {k for at in first.parts for k in ground.things[at].kinds} if first.level == "crossing" else set()
    place = Place(
        divisions=chain(division, ground), community=grid.community if grid else _community(division),
        grid=grid.code if grid else None, zones=frozenset(seen.zones if exact else ()), kinds=frozenset(kinds),
        exact=exact,
    )  # fmt: skip
    return Spot(
        round(lng * E7), round(lat * E7), round(first.radius_m, 1), first.label or _name_at(seen, ground),
        grid.id if grid else None, grid.edition_id if grid else None, division, place, told, "", ground.edition,
        seen.other.id if exact and seen.other else None,
    )  # fmt: skip


def _is_exact(candidate: Candidate, ground: Ground) -> bool:
    """A pin, a house, a compound in one grid is exact; a long road or a community is not."""
    if candidate.thing < 0 or candidate.radius_m <= SMALL_M:
        return candidate.radius_m <= SMALL_M * 2
    return ground.things[candidate.thing].exact


def _division(candidate: Candidate, seen: _Ask, exact: bool, ground: Ground) -> str:  # noqa: FBT001
    if exact:
        return seen.grid.community if seen.grid else seen.division
    return ground.things[candidate.thing].division if candidate.thing >= 0 else seen.division


def _unsettled(
    why: str, rows: Sequence[tuple[Candidate, _Ask]], told: tuple[dict[str, Any], ...], ground: Ground
) -> Spot:
    """Nothing is filled in; what all candidates have in common is known all the same."""
    plain = why == "name_is_a_plain_word"
    codes = {_division(c, seen, _is_exact(c, ground), ground) for c, seen in rows}
    common = "" if plain or "" in codes else _common(codes)
    place = Place(divisions=chain(common, ground), community=_community(common), exact=False) if common else None
    return Spot(division_code=common, place=place, candidates=told, abstained=why, edition=ground.edition)


def _told(candidate: Candidate, seen: _Ask, ground: Ground) -> dict[str, Any]:
    lng, lat = ground.plane.degrees(candidate.x, candidate.y)
    exact = _is_exact(candidate, ground)
    reason = candidate.reason
    if exact and seen.grid and seen.other:
        reason += f"；离“{seen.grid.name}”与“{seen.other.name}”的边界不到10米"
    if not seen.grid and exact and ground.grids:
        reason += "；不在本地网格内"
    where = candidate.label or _name_at(seen, ground)
    return {
        "value": seen.grid.id if exact and seen.grid else None, "label": where, "p": round(candidate.p, 3),
        "reason": reason, "lng": round(lng, 7), "lat": round(lat, 7), "radius_m": round(candidate.radius_m, 1),
        "level": candidate.level, "grid": seen.grid.code if exact and seen.grid else "",
        "grid_name": seen.grid.name if exact and seen.grid else "",
        "other": seen.other.code if exact and seen.other else "",
    }  # fmt: skip


def _name_at(seen: _Ask, ground: Ground) -> str:
    if seen.within >= 0:
        return ground.things[seen.within].name
    return seen.grid.name if seen.grid else ""


def _community(code: str) -> str | None:
    return code if len(code) == 12 and not code.endswith("000") else None


def _common(codes: Iterable[str]) -> str:
    return common_division(set(codes))


def chain(code: str, ground: Ground) -> tuple[str, ...]:
    """Give the 12-digit codes from the province down; from the table, or by digits where the table has no such row."""
    if not code:
        return ()
    path = ground.path(code)
    if path and path[0].level == 1:
        return tuple(row.code for row in path)
    cuts = [code[:n].ljust(12, "0") for n in (2, 4, 6, 9, 12)]
    return tuple(dict.fromkeys(c for c in cuts if len(c.rstrip("0")) <= len(code.rstrip("0"))))


def place_of(
    lng_e7: int | None, lat_e7: int | None, division_code: str, grid_id: int | None, *, day: date = date.max
) -> Place | None:
    """Give what duty lists may ask of a stored place: divisions, grid, zones, kinds; None where nothing is known.

    With a grid and no point it is known to the grid and no further. Without a grid the place is known as far as its
    division goes, and by the thing whose point it is. A grid that is no more answers by the ground of its last day: a
    border that moves takes no place from what was said before.
    """
    ground = memory.ground(_day(day))
    if grid_id is not None and grid_id not in ground.grids and (last := gathering.last_day(grid_id)) is not None:
        ground = memory.ground(last)
    row = ground.grids.get(grid_id) if grid_id is not None else None
    if row is not None and lng_e7 is not None and lat_e7 is not None:
        seen = _look([ground.plane.xy(lng_e7 / E7, lat_e7 / E7)], ground)[0]
        return Place(
            divisions=chain(row.community, ground), community=row.community, grid=row.code,
            zones=frozenset(seen.zones), kinds=frozenset(seen.kinds), exact=True,
        )  # fmt: skip
    if row is not None:  # known to the grid and no further: where its person lives
        return Place(divisions=chain(row.community, ground), community=row.community, grid=row.code, exact=False)
    if not division_code:
        return None
    kinds = ground.by_point.get((lng_e7 or 0, lat_e7 or 0, division_code), frozenset())
    return Place(divisions=chain(division_code, ground), community=_community(division_code), kinds=kinds, exact=False)
