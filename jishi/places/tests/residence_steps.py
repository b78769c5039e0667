"""Two communities, and what tests of residence say and ask there."""

from datetime import date

from conftest import MONDAY_TEN
from jishi.foundation.actor import Actor
from jishi.foundation.models import Entry, SealedValue
from jishi.places import queries
from jishi.places.actions import divisions, residence
from jishi.places.actions.residence import Whereabouts
from jishi.places.models import Residence
from jishi.places.tests.factories import STREET, A, B, ring

TABLE = Residence._meta.db_table
TODAY = date(2026, 3, 9)
NEXT_YEAR = date(2027, 3, 20)
FAR = "110101001001"  # a community of another province
PURPOSES = ("service", "offer", "collective", "self_government", "owner", "proof")


def two_communities(by):
    new = divisions.NewDivision
    rows = [
        new("990000000000", "云江省", "云江省", 1, ""), new("990800000000", "云州市", "云州市", 2, "990000000000"),
        new("990882000000", "云溪市", "云溪市", 3, "990800000000"),
        new(STREET, "河西街道", "河西街道", 4, "990882000000"),
        new(A, "青溪社区居民委员会", "青溪社区", 5, STREET, boundary=ring(0, 0, 2, 2)),
        new(B, "翠竹村民委员会", "翠竹村", 5, STREET, boundary=ring(2, 0, 4, 2)),
    ]  # fmt: skip
    divisions.found_divisions(rows, source="试验", valid_from=date(2020, 1, 1), by=by, now=MONDAY_TEN)


def say(me, kind, division, since=TODAY, **more):
    where = {k: more.pop(k) for k in list(more) if k in Whereabouts.__dataclass_fields__}
    given = {"purpose": "service", "from_day": since, "ends_on": NEXT_YEAR, "by": me, "now": MONDAY_TEN} | more
    return residence.declare(me.account_id, kind, Whereabouts(division, **where), **given)


def stored():
    return list(Residence.objects.values_list("id", flat=True)), Entry.objects.count(), SealedValue.objects.count()


def community(tenant, code=A):
    return Actor(tenant_id=tenant, kind="staff", account_id=77, roles=frozenset({"handler"}), area=code)


def served(me, purpose="service", day=TODAY, **more):
    return queries.serving(me.account_id, purpose, day, **more)
