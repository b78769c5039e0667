"""自动派单: by a published decision, while it is right, and never in doubt (spec 12 §1, 10 §5 row 9)."""

from datetime import date, timedelta
from typing import Any

import pytest

from config import wiring
from conftest import MONDAY_TEN
from jishi.cases.actions import auto_offers, correcting
from jishi.cases.models import AutoOffer, Case
from jishi.cases.refusals import GroundNeeded, NotSureEnough, OffersAlready, UnknownMatter
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound

pytestmark = pytest.mark.django_db
SWING, DECISION, ISSUED = "03.04.01", "云政办〔2026〕3号 关于健身器材类诉求自动派单的通知", date(2026, 3, 2)
TEXT = "翠竹苑健身器材坏了，螺丝松了。"
LATER = MONDAY_TEN + timedelta(days=20)


@pytest.fixture(autouse=True)
def _three_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three confirmed cases instead of two hundred: living two hundred lives shows nothing more."""
    monkeypatch.setattr(auto_offers, "JUDGED", 3)


def lived(town: int, n: int = 3, status: Status = Status.CLOSED) -> list[Case]:
    return [
        f.a_case_at(town, status, text=f"{TEXT}已经{k + 2}天了", matter="", now=MONDAY_TEN + timedelta(minutes=k))
        for k in range(n)
    ]


def adopted(town: int, **more: Any) -> AutoOffer:
    given: dict[str, Any] = {"decision": DECISION, "published_on": ISSUED, "now": LATER, **more}
    return f.do(f.office(town), auto_offers.adopt, SWING, **given)


def rows(town: int) -> list[tuple[Any, ...]]:
    with scope.work(system(town)):
        found = AutoOffer.objects.order_by("id")
        return [(r.matter, r.version, r.ended_why, r.last_judged, r.last_agreed) for r in found]


def told(town: int, row: AutoOffer) -> list[str]:
    with scope.work(system(town)):
        return [e.verb for e in trail.of("auto_offer", row.id)]


def comes_in(town: int, now: Any = LATER, **facts: Any) -> Case:
    """A report comes in, and the announcement is reacted to."""
    case = f.a_case(town, **{"text": TEXT, "matter": "", "now": now, **facts})
    with scope.work(system(town)):
        auto_offers.offer({"verb": "intake.receive", "case_id": case.id}, now=now)
    return f.again(town, case.id)


class TestAdopting:
    def test_is_by_the_office_a_decision_and_as_many_right_ones_as_it_takes(self, town: int) -> None:
        with pytest.raises(NotSureEnough):
            adopted(town)
        lived(town)

        row = adopted(town)

        assert rows(town) == [(SWING, 1, "", 3, 3)] and told(town, row) == ["auto_offer.adopted"]
        for who in (f.dispatcher(town), f.supervisor(town), Actor(tenant_id=town, kind="resident", account_id=5)):
            with pytest.raises(NotAllowed):
                f.do(who, auto_offers.adopt, SWING, decision=DECISION, published_on=ISSUED, now=LATER)
            with pytest.raises(NotAllowed):
                f.do(who, auto_offers.stop, row.id, why="不要了", now=LATER)
        for wrong, matter, facts in (
            (OffersAlready, SWING, {}), (UnknownMatter, "03", {}), (GroundNeeded, "05.01.01", {"decision": " "}),
            (GroundNeeded, "05.01.01", {"published_on": date(2026, 12, 1)}), (NotSureEnough, "05.01.01", {}),
        ):  # fmt: skip
            with pytest.raises(wrong):
                f.do(f.office(town), auto_offers.adopt, matter,
                     **{"decision": DECISION, "published_on": ISSUED, "now": LATER, **facts})  # fmt: skip
        assert rows(town) == [(SWING, 1, "", 3, 3)] and told(town, row) == ["auto_offer.adopted"]

    def test_is_stopped_at_once_and_can_be_stopped_once(self, town: int) -> None:
        lived(town)
        row = adopted(town)

        f.do(f.office(town), auto_offers.stop, row.id, why="换了承办单位，先由人派", now=LATER)

        assert rows(town)[0][:3] == (SWING, 2, "withdrawn")
        assert told(town, row) == ["auto_offer.adopted", "auto_offer.stopped"]
        assert comes_in(town).status == Status.RECEIVED
        with pytest.raises(NotFound):
            f.do(f.office(town), auto_offers.stop, row.id, why="再停一次", now=LATER)


class TestOffering:
    def test_is_by_the_rule_to_the_body_of_the_list_and_only_once(self, town: int) -> None:
        ended = lived(town)
        assert comes_in(town).status == Status.RECEIVED, "nothing is adopted yet"
        row = adopted(town)

        case = comes_in(town, text="竹影居健身器材坏了，螺丝松了。", now=LATER + timedelta(hours=1))
        with scope.work(system(town)):
            auto_offers.offer({"verb": "intake.receive", "case_id": case.id}, now=LATER)
            (last,) = (e for e in trail.of("case", case.id) if e.verb == "case.offered")

        assert (case.status, case.matter) == (Status.OFFERED, SWING) and case.lead_id is not None
        assert ended[0].lead_id is not None
        assert f"auto_offer:{row.id}" in last.actor

    @pytest.mark.parametrize(
        ("why", "facts"),
        [
            ("a danger", {"text": "翠竹苑健身器材坏了，螺丝松了，旁边的电线断了掉在地上冒火花"}),
            ("another matter", {"text": "竹影居小区的垃圾一周没人清运，臭得很"}),
            ("an emergency", {"text": TEXT, "urgency": "emergency"}),
            ("a confidence", {"text": TEXT, "voice": "confidential", "caller_name": "王五"}),
            ("a tip-off", {"text": TEXT, "kind": "tip_off"}),
            ("a person said the matter", {"text": "翠竹苑有点事", "matter": SWING}),
        ],
    )
    def test_leaves_to_the_desk_whatever_is_in_doubt(self, town: int, why: str, facts: dict[str, Any]) -> None:
        lived(town)
        adopted(town)

        assert comes_in(town, now=LATER + timedelta(days=40), **facts).status == Status.RECEIVED, why

    def test_leaves_a_likely_duplicate_to_the_desk(self, town: int) -> None:
        lived(town)
        adopted(town)
        text, day = "安澜苑3号楼门口的健身器材坏了，螺丝松了", LATER + timedelta(days=60)
        first = comes_in(town, text=text, now=day)

        second = comes_in(town, text=text, now=day + timedelta(minutes=3))

        assert (first.status, second.status) == (Status.OFFERED, Status.RECEIVED)


class TestSwitchingOff:
    def test_below_its_floor_it_switches_itself_off_and_says_so(self, town: int) -> None:
        lived(town)
        row = adopted(town)
        wrong = f.a_case(town, text=TEXT, matter="", now=LATER)
        f.do(f.dispatcher(town), correcting.correct_matter, wrong.id, matter="03.03.02", now=LATER)
        for reached, live in f._ROAD[Status.CLOSED]:
            live(f.again(town, wrong.id), LATER + timedelta(hours=1 + len(reached)))

        case = comes_in(town, text="竹影居健身器材坏了，螺丝松了", now=LATER + timedelta(days=3))

        assert case.status == Status.RECEIVED
        assert rows(town) == [(SWING, 2, "measured", 3, 2)]
        assert told(town, row) == ["auto_offer.adopted", "auto_offer.switched_off"]

    def test_is_the_platforms_own_act(self, town: int) -> None:
        with pytest.raises(NotAllowed):
            f.do(f.office(town), auto_offers.look_again, now=LATER)

    def test_while_it_is_right_a_look_changes_no_more_than_its_figures(self, town: int) -> None:
        lived(town)
        row = adopted(town)
        with scope.work(system(town)) as at_work:
            assert auto_offers.look_again(by=at_work.actor, now=LATER + timedelta(days=1)) == []

        assert rows(town) == [(SWING, 2, "", 3, 3)] and told(town, row) == ["auto_offer.adopted"]


def test_the_reaction_hears_of_every_case_that_comes_in() -> None:
    assert "jishi.cases.actions.auto_offers.offer" in wiring.REACTIONS["CaseMoved"]
