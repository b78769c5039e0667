"""工作量: monthly counts per house, handed down to the room of places, which draws grids by them (spec 20 §3.2).

Counted from cases as they are; nobody fills in a form. A count holds a house and a month, never a person, a matter or
a case. Cases that accuse a body are counted for nobody, as in every figure that is public.
"""

from collections import Counter
from datetime import date, datetime, time

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import localdate, make_aware

from jishi.cases.models import Case, Membership
from jishi.cases.states import FOUND, Kind, MembershipEnd
from jishi.foundation.actor import Actor
from jishi.places import queries as places
from jishi.places.actions import workloads

SOURCE = "cases"
DEGREES = 1e7


def hand_down(*, by: Actor, now: datetime) -> int:
    """This will count the whole months that are not written yet, by kind and house; gives how many houses it wrote.

    A case without a point, or on a grid without any house, is counted at none.
    :raises NotAllowed: not the nightly run.
    """
    made = 0
    for kind, is_found in (("requests", False), ("found", True)):
        for month in places.months_to_count(localdate(now), kind):
            counts = _counted(month, is_found, by)
            made += workloads.record(counts, kind=kind, period=month, source=SOURCE, by=by, now=now)
    return made


def _counted(month: date, is_found: bool, by: Actor) -> dict[str, int]:  # noqa: FBT001 - which of two kinds
    until = places.months_on(month, 1)
    start, end = (make_aware(datetime.combine(day, time.min)) for day in (month, until))
    rows: QuerySet[Case] = Case.objects.filter(
        tenant_id=by.tenant_id, received_at__gte=start, received_at__lt=end, accused_body_ids=[],
        absorbed_into=None, lng_e7__isnull=False,
    ).exclude(kind=Kind.TIP_OFF)  # fmt: skip
    belongs = Q(to_at=None) | Q(end=MembershipEnd.WITHDRAWN)  # what was taken out again is another case's
    said = Membership.objects.filter(belongs, case=OuterRef("pk"))
    asked, found = said.exclude(report__channel__in=FOUND), said.filter(report__channel__in=FOUND)
    rows = rows.filter(Exists(found)).exclude(Exists(asked)) if is_found else rows.filter(Exists(asked))
    points = [
        (lng / DEGREES, lat / DEGREES) for lng, lat in rows.order_by("id").values_list("lng_e7", "lat_e7")
        if lng is not None and lat is not None
    ]  # fmt: skip
    at = places.houses_at(points, day=until - date.resolution)
    return dict(Counter(house for house in at if house))
