"""The ground of one tenant, kept in memory per edition and looked at again when a verb has changed it."""

from bisect import bisect_right
from datetime import date

from django.db import connection
from django.utils.timezone import localdate

from jishi.foundation import marks, scope
from jishi.foundation.tenants import Tenant
from jishi.places import gathering
from jishi.places.models import Building, Compound
from jishi.places.neighbours import Neighbour
from jishi.places.neighbours import read as read_neighbours
from jishi.places.shapes import E7
from jishi.places.things import Ground


def neighbours(made: Ground, day: date) -> dict[str, Neighbour]:
    """Give the counties that are not ours, by name, from memory; a name that one of ours has as well means ours."""
    if made.around is None:
        ours = {d.name for d in made.divisions.values()}
        found = read_neighbours(area_prefix(scope.current().actor.tenant_id), day)
        made.around = {name: one for name, one in found.items() if name not in ours}
    return made.around


_kept: dict[tuple[str, int], tuple[tuple[int, ...], list[date], dict[int, Ground]]] = {}

# `xmin` tells apart two transactions that both made the same number, one of which was rolled back.
_MARK = marks.declare(
    "ground",
    """
    SELECT json_build_array(coalesce(max(number), 0), coalesce(max(xmin::text::bigint), 0),
                            coalesce((SELECT max(id) FROM places_divisionload), 0))
    FROM places_groundmark WHERE tenant_id = %(t)s::bigint
    """,
)
_DATES = """
    SELECT active_from, active_to FROM places_compound WHERE tenant_id = %(t)s
    UNION SELECT active_from, active_to FROM places_building WHERE tenant_id = %(t)s
    UNION SELECT active_from, active_to FROM places_entrance WHERE tenant_id = %(t)s
    UNION SELECT active_from, active_to FROM places_facility WHERE tenant_id = %(t)s
    UNION SELECT active_from, active_to FROM places_zone WHERE tenant_id = %(t)s
    UNION SELECT active_from, active_to FROM places_gazetteername WHERE tenant_id = %(t)s
    UNION SELECT active_from, active_to FROM places_namealias WHERE tenant_id = %(t)s
    UNION SELECT active_from, active_to FROM places_barrier WHERE tenant_id = %(t)s
    UNION SELECT active_from, active_to FROM places_crossing WHERE tenant_id = %(t)s
    UNION SELECT active_from, active_to FROM places_microgrid WHERE tenant_id = %(t)s
    UNION SELECT lower(effective), upper(effective) FROM places_gridedition WHERE tenant_id = %(t)s
    UNION SELECT valid_from, valid_to FROM places_divisionversion WHERE code LIKE %(p)s
"""


def ground(day: date) -> Ground:
    """Give the ground of `day`; asks once per transaction whether it has changed."""
    mark, dates, made = _held()
    at = bisect_right(dates, day)
    if at not in made:
        if len(made) > 20:
            made.clear()
        tenant_id = scope.current().actor.tenant_id
        made[at] = gathering.gather(tenant_id, day, area_prefix(tenant_id), mark)
    return made[at]


def span(day: date) -> tuple[date, tuple[int, ...]]:
    """Give the first day of the days on which the ground is as on `day`, and the mark of its rows."""
    mark, dates, _made = _held()
    at = bisect_right(dates, day)
    return (dates[at - 1] if at else date.min), mark


def _held() -> tuple[tuple[int, ...], list[date], dict[int, Ground]]:
    now = scope.current()
    tenant_id = now.actor.tenant_id
    held: tuple[tuple[int, ...], list[date], dict[int, Ground]] | None = now.memo.get("ground")
    if held is None:
        key = (str(connection.settings_dict["NAME"]), tenant_id)
        mark = tuple(marks.mark(_MARK))
        held = _kept.get(key)
        if held is None or held[0] != mark:
            held = _kept[key] = (mark, _dates(tenant_id), {})
        now.memo["ground"] = held
    return held


def look_again() -> None:
    """Ask anew in this transaction whether somebody else has changed the ground meanwhile."""
    scope.current().memo.pop("ground", None)
    marks.forget(_MARK)


def forget(tenant_id: int) -> None:
    """Look again, because this transaction has changed the ground."""
    _kept.pop((str(connection.settings_dict["NAME"]), tenant_id), None)
    look_again()


def touch(tenant_id: int) -> None:
    """Tell every process that the ground of a tenant has changed, when this transaction is stored."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO places_groundmark (tenant_id, number, version) VALUES (%s, 1, 1) "
            "ON CONFLICT (tenant_id) DO UPDATE SET number = places_groundmark.number + 1",
            [tenant_id],
        )
    forget(tenant_id)


def area_prefix(tenant_id: int) -> str:
    """Give the digits with which every division of the tenant begins: 2, 4 or 6 of them."""
    code = str(Tenant.objects.values_list("code", flat=True).get(id=tenant_id))[:6]
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    return code


def _dates(tenant_id: int) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(_DATES, {"t": tenant_id, "p": area_prefix(tenant_id) + "%"})
        return sorted({d for row in cursor.fetchall() for d in row if d is not None})


def community_of(place: Compound | Building) -> str:
    """Give the community whose house it is; of a house that stands alone, the one on whose ground it stands today."""
    if isinstance(place, Compound):
        return place.community
    if place.compound is not None:
        return place.compound.community
    index = ground(localdate(scope.current().recorded_at)).index
    if not index.codes:
        return ""
    found = index.locate([place.lng_e7 / E7], [place.lat_e7 / E7]).grid[0]
    return index.codes[found][:12] if found >= 0 else ""
