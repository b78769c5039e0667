"""Every refusal of the guard (spec 11 §4) at every door that gives a case to a body.

The doors that write lines have the same table in `jishi/duties/tests/test_pushing.py`.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.accounts.web import tenants
from jishi.bodies import queries as bodies
from jishi.cases.actions import bulk, consultation, correcting, dispatch, errands, handover, parts, ruling, whistle
from jishi.cases.models import BulkRow, Case
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps as t
from jishi.cases.tests.desk_steps import colleague, version_on
from jishi.cases.tests.test_attacks import client_of, send
from jishi.duties import queries as duties
from jishi.duties.actions import founding
from jishi.duties.actions.deciding import PushDownRefused
from jishi.duties.tests.factories import NewItem, as_csv
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.models import News

LATER = MONDAY_TEN + timedelta(hours=1)
WHY = "离得近，请先去看"
REASONS = "这件事由被点名的单位办理，理由和条目见上，请按清单执行，不再退回。"
STREET_SIGNS, COMMUNITY_SIGNS = "02.02.04", "02.01.04"  # matters that the lists give to the street, to the community

# refusal → matter, who is asked, the line that is cited ("" none), what the guard says of it
REFUSALS: dict[str, tuple[str, str, str, str]] = {
    "a taken-back item to a street": ("01.04.02", "street", "收回-009", "taken_back_pushed_down"),
    "a taken-back item to a street, citing no line": ("01.04.02", "street", "", "taken_back_pushed_down"),
    "a taken-back item to a community": ("01.04.02", "community", "收回-009", "taken_back_pushed_down"),
    "a taken-back item to a community, citing no line": ("01.04.02", "community", "", "taken_back_pushed_down"),
    "a taken-back item to a street, citing another": ("01.04.02", "street", "基本-008", "taken_back_pushed_down"),
    "an assist item to a street as lead": ("01.02.01", "street", "配合-005", "town_cannot_lead_assist"),
    "an assist item to a street as lead, citing no line": ("01.02.01", "street", "", "town_cannot_lead_assist"),
    "an assist item to a community as lead": ("01.04.01", "community", "配合-901", "community_cannot_lead_assist"),
    "an assist item of a town to a community": ("01.02.01", "community", "配合-005", "not_on_communitys_list"),
    "a basic item to a community": ("02.02.04", "community", "基本-010", "not_on_communitys_list"),
    "a basic item to a community, citing no line": ("02.02.04", "community", "", "not_on_communitys_list"),
    "what takes a lawful power to a community": ("02.02.04", "community", "基本-902", "lawful_power_needed"),
    "what takes a lawful power to a community, citing no line": ("02.02.04", "community", "", "lawful_power_needed"),
    "what no line speaks of to a community": ("", "community", "", "not_on_communitys_list"),
}
WORDS = {
    "taken_back_pushed_down": "收回", "town_cannot_lead_assist": "是配合事项，主办是",
    "community_cannot_lead_assist": "是配合事项，社区不能主办", "not_on_communitys_list": "不在它自己的清单上",
    "lawful_power_needed": "需要法定职权“行政处罚”",
}  # fmt: skip
ARTICLE = {
    "taken_back_pushed_down": "潍坊市12345条例 第二十四条第二款",
    "town_cannot_lead_assist": "北京市街道办事处条例 第十条",
    "community_cannot_lead_assist": "北京市街道办事处条例 第三十二条",
    "not_on_communitys_list": "北京市接诉即办工作条例 第十七条第二款",
    "lawful_power_needed": "行政处罚法 第十七条",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _towns_afresh(town: int) -> Any:
    tenants.forget()
    yield
    tenants.forget()


def _asked(case: Case, who: str) -> int:
    """The street or the community of the place of the case."""
    with scope.work(system(case.tenant_id)):
        code = case.division_code[: 9 if who == "street" else 12].ljust(12, "0")
        return next(b.id for b in bodies.names().values() if b.division_code == code and b.level == who)


def _item(town: int, number: str) -> int | None:
    with scope.work(system(town)):
        rows = duties.law(date(2026, 3, 9)).by_item_id.values()
        return next(row.id for row, _known in rows if row.number == number) if number else None


def _a_list_of_its_own(town: int, community: int) -> None:
    """The community's own list: an assist line, a basic one about something else, and one whose lead has a power."""
    with scope.work(system(town)):
        lines = [
            NewItem("配合-901", "assist", "泵站巡查", ("01.04.01",), None, "swj", "市水务局", "负责维护", "巡查"),
            NewItem("基本-901", "basic", "社区文体活动", ("02.03.03",), None, bodies.names()[community].code),
            NewItem("基本-902", "basic", "出租屋检查", ("02.02.04",), None, "cgj", priority=99, powers=("penalty",)),
        ]
        founding.load_lists(
            as_csv(lines), title="社区清单", holder=bodies.names()[community].code, effective_from=date(2026, 1, 1),
            document_no="社〔2026〕1号", by=system(town), now=MONDAY_TEN,
        )  # fmt: skip


def _as_received(town: int, matter: str) -> Case:
    return f.a_case(town, matter=matter, now=timezone.now())


def _in_consultation(town: int, matter: str) -> Case:
    case = f.a_case(town, matter=matter, now=timezone.now())
    two = [f.body_id(town, "swj"), f.body_id(town, "cgj")]
    f.do(f.dispatcher(town), consultation.open_, case.id, question="归谁？", invited=two, now=timezone.now())
    return f.again(town, case.id)


def _signed_before_the_matter_was_corrected(town: int, matter: str, who: str) -> Case:
    """The body took it lawfully; then the matter turned out to be another, and the return went to consultation."""
    case = f.a_case(town, matter=STREET_SIGNS if who == "street" else COMMUNITY_SIGNS)
    f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(_asked(case, who)), now=LATER)
    f.do(f.handler_of(f.again(town, case.id)), handover.sign, case.id, now=LATER)
    f.do(f.dispatcher(town), correcting.correct_matter, case.id, matter=matter, now=LATER)
    f.ask_return(f.again(town, case.id), LATER)
    f.do(f.dispatcher(town), consultation.contest, case.id, question="归谁？", now=LATER)
    return f.again(town, case.id)


def desk(case: Case, body: int, number: str) -> str:
    page = colleague(case.tenant_id, "dispatcher", title="派单员")
    seen = version_on(page.get(f"/desk/dispatch?case={case.number}").content.decode())
    with scope.work(system(case.tenant_id)):
        name = bodies.names()[body].name
    said = {"version": seen, "seq": "1", "back": "dispatch", "to": "other", "other": name, "item": number, "why": WHY}
    answer = page.post(f"/cases/{case.number}/do/offer", said)
    assert answer.status_code == 409
    return answer.content.decode()


def api(case: Case, body: int, number: str) -> str:
    said = {"body": body, "item": _item(case.tenant_id, number), "why": WHY}
    dispatcher, seen = client_of(case.tenant_id, "dispatcher"), {"If-Match": f'"{case.version}"'}
    answer = send(dispatcher, f"/cases/{case.number}/offer", said, **seen)
    assert (answer.status_code, answer.json()["code"]) == (409, "push_down_refused"), answer.content
    return str(answer.json()["title"])


def _said(no: pytest.ExceptionInfo[PushDownRefused], case: Case) -> str:
    """The sentence; what the edge does after a refusal is done here, for no edge was gone through."""
    assert no.value.afterwards is not None
    with scope.work(system(case.tenant_id)):
        no.value.afterwards()
    return no.value.sentence("zh")


def rule_of_the_table(case: Case, body: int, number: str) -> str:
    rule = Actor(tenant_id=case.tenant_id, kind="system", run="one_body_named")
    offer = dispatch.Offer(body, _item(case.tenant_id, number), why=WHY)
    with pytest.raises(PushDownRefused) as no:
        f.do(rule, dispatch.offer, case.id, to=offer, now=timezone.now())
    return _said(no, case)


def conclusion(case: Case, body: int, number: str) -> str:
    with pytest.raises(PushDownRefused) as no:
        f.do(f.dispatcher(case.tenant_id), consultation.conclude, case.id, agreed_body_id=body, now=timezone.now())
    return _said(no, case)


def ruled(case: Case, body: int, number: str) -> str:
    ruler = client_of(case.tenant_id, "ruler", bodies=(f.body_id(case.tenant_id, "ldxz"),))
    said = {"named_body": body, "items": [_item(case.tenant_id, number)], "reasons": REASONS}
    answer = send(ruler, f"/cases/{case.number}/rulings", said, **{"If-Match": f'"{case.version}"'})
    assert (answer.status_code, answer.json()["code"]) == (409, "push_down_refused"), answer.content
    return str(answer.json()["title"])


def upheld(case: Case, body: int, number: str) -> str:
    why, town = ruling.Reasons([_item(case.tenant_id, number) or 0], REASONS), case.tenant_id
    with pytest.raises(PushDownRefused) as no:
        f.do(f.ruler(town), ruling.uphold, case.id, why=why, tenant_code=f.TOWN, now=LATER)
    return _said(no, case)


# door → how the case comes there, the door
DOORS: dict[str, tuple[Callable[..., Case], Callable[[Case, int, str], str]]] = {
    "the desk": (_as_received, desk),
    "the API": (_as_received, api),
    "the rule that offers by itself": (_as_received, rule_of_the_table),
    "a consultation that agrees": (_in_consultation, conclusion),
    "a ruling": (_in_consultation, ruled),
    "a ruling that upholds": (_signed_before_the_matter_was_corrected, upheld),
}
# A ruling cites a line always; who agrees in a consultation cites none.
CITING, SILENT = ("a ruling", "a ruling that upholds"), ("a consultation that agrees",)
ALL = [
    pytest.param(door, refusal, id=f"{refusal} through {door}")
    for door in DOORS
    for refusal, (_matter, _who, number, _guard) in REFUSALS.items()
    if (number or door not in CITING) and not (number and door in SILENT)
]


@pytest.fixture
def powerless(town: int) -> Any:
    """A case of a line whose lead has the power, on the community's own list; and the community."""
    case = f.a_case(town, matter="02.02.04", now=MONDAY_TEN)
    community = _asked(case, "community")
    _a_list_of_its_own(town, community)
    return case, community


class TestALawfulPowerBeside:
    """The doors of the table give the lead; beside it a community may be asked to help, or many cases at once."""

    def test_is_not_asked_of_a_community_as_a_part(self, town: int, powerless: Any) -> None:
        case, community = powerless
        f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(f.body_id(town, "cgj")), now=LATER)
        lead = f.handler_of(f.again(town, case.id))
        f.do(lead, handover.sign, case.id, now=LATER)
        asking = parts.Asking(community, "到出租屋里逐户检查")

        with pytest.raises(PushDownRefused) as no:
            f.do(lead, parts.ask, case.id, asking=asking, now=LATER)

        assert no.value.facts["guard"] == "lawful_power_needed"

    def test_is_not_called_for_by_a_whistle(self, town: int, powerless: Any) -> None:
        case, community = powerless
        street = f.body_id(town, t.STREET)
        f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(street, why=WHY), now=LATER)
        f.do(f.handler(town, t.STREET), handover.sign, case.id, now=LATER)

        with pytest.raises(PushDownRefused) as no:
            t.blow(f.again(town, case.id), bodies=[whistle.Called(community, why=WHY)])

        assert no.value.facts["guard"] == "lawful_power_needed"

    def test_is_not_sent_with_a_worker_even_to_look_when_no_line_is_cited(self, town: int, powerless: Any) -> None:
        case, _community = powerless
        look = errands.Setting("verify_before", "看看有没有人住", case_id=case.id)

        with pytest.raises(PushDownRefused) as no:
            f.do(f.dispatcher(town), errands.set_, look, now=LATER, tenant_code=f.TOWN)

        assert no.value.facts["guard"] == "lawful_power_needed"

    def test_is_not_given_to_a_community_in_bulk(self, town: int, powerless: Any) -> None:
        case, community = powerless
        told = bulk.Told(body_id=community, why=WHY)

        plan = f.do(f.dispatcher(town), bulk.preview, "offer", [case.id], told=told, now=LATER)

        with scope.work(system(town)):
            (row,) = BulkRow.objects.filter(plan=plan)
        assert (row.state, row.code) == ("refused", "push_down_refused")
        assert f.again(town, case.id).status == Status.RECEIVED


@pytest.mark.parametrize(("door", "refusal"), ALL)
def test_pushing_a_duty_down_is_refused_with_its_article_recorded_once_and_moves_nothing(
    town: int, door: str, refusal: str
) -> None:
    (arrive, go), (matter, who, number, guard) = DOORS[door], REFUSALS[refusal]
    case = arrive(town, matter, who) if door == "a ruling that upholds" else arrive(town, matter)
    body = _asked(case, who)
    if number == "配合-901" or guard == "lawful_power_needed":
        _a_list_of_its_own(town, body)

    sentence = go(case, body, number)

    assert WORDS[guard] in sentence and ARTICLE[guard] in sentence and (number in sentence or "citing" in refusal)
    after = f.again(town, case.id)
    assert (after.status, after.version, after.lead_id) == (case.status, case.version, case.lead_id)
    assert after.status in (Status.RECEIVED, Status.CONSULTING)
    with scope.work(system(town)):
        assert News.objects.filter(name="PushDownWasRefused").count() == 1
        assert trail.of("body", body)[-1].codes["guard"] == guard
