"""A relocated resident's report goes to where she lives; who hides is not asked where (spec 20 §13, lines 13, 15)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils.timezone import localdate
from django.utils.translation import override

from conftest import MONDAY_TEN, TOWN
from jishi.accounts import queries as accounts_known
from jishi.accounts.tests.factories import an_account, signed_in
from jishi.cases.actions import arrival, intake
from jishi.cases.models import Case, Report, Suggestion
from jishi.cases.tests import factories as f
from jishi.cases.triage import routing
from jishi.cases.web.desk import reasons
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places import queries as places
from jishi.places.actions import residence
from jishi.places.actions.residence import Whereabouts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]
LIGHTS = "楼道里的灯坏了半个月，晚上摸黑上楼，老人不敢出门。"


@pytest.fixture
def account(town: int) -> Any:
    return an_account(town, staff=False)


@pytest.fixture
def home(town: int, account: Any) -> tuple[Actor, str, str]:
    """Somebody who lives in a house of one community and is registered in another: (she, community, grid)."""
    by = system(town)
    with scope.work(by):
        house = apps.get_model("places", "Building").objects.filter(tenant_id=town).order_by("id").first()
        assert house is not None
        where = places.locate([house.lng_e7 / 1e7], [house.lat_e7 / 1e7], crs="cgcs2000", day=localdate(MONDAY_TEN))[0]
        other = next(c.code for c in places.communities() if c.code != where.community)
    me = Actor(tenant_id=town, kind="resident", account_id=account.id, roles=frozenset({"resident"}))
    since = localdate(MONDAY_TEN) - timedelta(days=40)
    given = {"from_day": since, "ends_on": since + timedelta(days=1700), "by": me, "now": MONDAY_TEN}
    with scope.work(me):
        lives = Whereabouts(where.community, building_id=house.id)
        residence.declare(account.id, "living", lives, purpose="service", **given)
        residence.declare(account.id, "registered", Whereabouts(other), purpose="offer", **given)
    return me, where.community, where.grid


def says(me: Actor, **changes) -> Case:
    given = {"text": LIGHTS, "channel": "web", "reporter_id": me.account_id, "at_home": True, **changes}
    with scope.work(me):
        done = intake.receive(arrival.Incoming(**given), by=me, now=MONDAY_TEN, tenant_code=TOWN)
    return f.again(me.tenant_id, done.case_id)


def readings(me: Actor) -> list[Any]:
    """What was opened to know who serves somebody; saying where one lives opens rows too, for its own reason."""
    with scope.work(me):
        seen = accounts_known.readings_of_many(places.own_residence_rows(me))
    return [one for one in seen if one.reason.startswith("弄清由哪个社区办")]


def test_a_report_that_names_no_place_is_served_where_its_person_lives(home):
    me, community, grid = home

    case = says(me)

    with scope.work(system(me.tenant_id)):
        row = places.grid_of_edition(case.grid_id, case.grid_edition_id)
        said = Suggestion.objects.get(report__memberships__case=case, stage="locate").candidates[0]
        place = routing.facts_of_case(case)["place"].value
    assert (case.division_code, row.code, case.lng_e7, case.address_text) == (community, grid, None, "")
    assert (said["reason"], said["level"]) == ("没有说地方，按本人登记的居住地；服务跟着住的地方走", "home")
    assert (place.community, place.grid, place.exact) == (community, grid, False)


def test_the_looking_stands_on_her_own_list_and_opens_no_other_fact(home):
    me, _community, _grid = home

    says(me)

    [one] = readings(me)
    assert one.fields == ["building", "division"]


@pytest.mark.parametrize(
    "changes",
    [
        {"voice": "anonymous", "reporter_id": None}, {"voice": "confidential", "reporter_id": None}, {"at_home": False},
        {"kind": "tip_off"}, {"accused_body_ids": "any"}, {"address_text": "翠竹苑3号楼"}, {"text": f.DRAIN},
    ],
)  # fmt: skip
def test_nobody_is_asked_who_hides_did_not_ask_or_named_a_place(home, changes):
    me, community, _grid = home
    if "accused_body_ids" in changes:
        changes = {"kind": "complaint", "accused_body_ids": (f.body_id(me.tenant_id, "sqzx"),)}

    case = says(me, **changes)

    assert readings(me) == []
    assert case.lng_e7 is not None or case.division_code == ""


def test_somebody_elses_row_is_never_opened(home):
    me, _community, _grid = home
    desk = f.operator(me.tenant_id)
    with scope.work(desk):
        given = arrival.Incoming(text=LIGHTS, channel="phone", reporter_id=me.account_id, at_home=True)
        intake.receive(given, by=desk, now=MONDAY_TEN, tenant_code=TOWN)

    assert readings(me) == []
    with scope.work(system(me.tenant_id)):
        assert Report.objects.get(text_shown=LIGHTS).division_code == ""


def test_the_form_asks_whoever_is_signed_in_never_ticks_it_for_them_and_the_receipt_says_why(home, account):
    client = Client(headers={"host": "town.example", "accept-language": "zh"})
    assert 'name="at_home"' not in client.get("/speak").content.decode()
    signed_in(client, account)
    page = client.get("/speak").content.decode()
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert 'name="at_home">' in page and key is not None

    sent = {"text": LIGHTS, "voice": "open", "at_home": "on", "idempotency_key": key[1], "where": "", "tel": ""}
    done = client.post("/speak", sent, follow=True)

    assert "您没有说地方，按您登记的居住地" in done.content.decode()


def test_the_reason_is_said_in_english_too():
    with override("en"):
        told = reasons.told("没有说地方，按本人登记的居住地；服务跟着住的地方走")
    assert told == "no place was said; where the person lives by her own word; services follow living"
