"""A small town's bodies, founded by the real verbs; other rooms' tests stand on it."""

from datetime import date, datetime

from conftest import MONDAY_TEN
from jishi.bodies.actions import bodies, posts
from jishi.bodies.actions.bodies import Founding
from jishi.foundation import scope
from jishi.foundation.actor import system

COUNTY, STREET_A, STREET_B = "990181000000", "990181001000", "990181002000"
COMMUNITY_A, COMMUNITY_B = "990181001001", "990181002001"
TOWN = (
    Founding("swj", "市水务局", "水务局", "city_dept", COUNTY, name_en="Water Bureau"),
    Founding("cgj", "市城管局", "城管局", "city_dept", COUNTY, name_en="Urban Management Bureau"),
    Founding("sqzx", "市诉求受理中心", "受理中心", "centre", COUNTY, name_en="Reports Centre", calendar="always"),
    Founding("bgs", "领导小组办公室", "领导小组办", "office", COUNTY, name_en="Leading Group Office"),
    Founding("lajd", "柳岸街道办事处", "柳岸街道", "street", STREET_A, name_en="Liu'an Street"),
    Founding("hxjd", "河西街道办事处", "河西街道", "street", STREET_B, name_en="Hexi Street"),
    Founding("qxsq", "青溪社区居委会", "青溪社区", "community", COMMUNITY_A, name_en="Qingxi", parent="lajd"),
    Founding("ynsq", "云南社区居委会", "云南社区", "community", COMMUNITY_B, name_en="Yunnan", parent="hxjd"),
)


def a_town(tenant_id: int, *, from_day: date = date(2025, 1, 1), now: datetime = MONDAY_TEN) -> dict[str, int]:
    """Found two departments, a centre, an office, two streets and two communities; gives code → id."""
    by = system(tenant_id)
    with scope.work(by):
        return bodies.found_many(TOWN, active_from=from_day, by=by, now=now)


def a_post(tenant_id: int, body_id: int, *roles: str, now: datetime = MONDAY_TEN) -> int:
    """Create one post with these roles; gives its id."""
    by = system(tenant_id)
    with scope.work(by):
        new = posts.NewPost(body_id, "、".join(roles), roles)
        return posts.create_posts([new], by=by, now=now)[0]
