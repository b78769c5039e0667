"""自动派单 · 险情规则 · 同一件的比法 through the browser's door: who may, what is shown, what a press does."""


import pytest

from jishi.cases.actions import auto_offers
from jishi.cases.models import AutoOffer, ModelEdition
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements
from jishi.cases.tests.test_auto_offers import DECISION, SWING, lived
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]


def test_a_matter_is_adopted_and_stopped_by_the_office_and_what_stopped_itself_stands_on_top(
    town: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto_offers, "JUDGED", 3)
    office, desk = colleague(town, "office", body="ldxz"), colleague(town, "dispatcher")
    form = {"matter": SWING, "decision": DECISION, "published_on": "2026-03-02"}
    early = office.post("/desk/auto-offers", form)
    lived(town)

    wrong, done = desk.post("/desk/auto-offers", form), office.post("/desk/auto-offers", form)
    again = office.post("/desk/auto-offers", form)

    assert [early.status_code, wrong.status_code, done.status_code, again.status_code] == [422, 403, 302, 422]
    with scope.work(system(town)):
        row = AutoOffer.objects.get()
        row.change(ended_why="measured", ended_at=row.adopted_at, last_judged=200, last_agreed=188)
    page = desk.get("/desk/auto-offers").content.decode()
    assert "最近 200 件里对了 188 件" in page.split("<table")[0] and "启用一类事" not in page
    office.post("/desk/auto-offers", form)
    with scope.work(system(town)):
        live = AutoOffer.objects.get(ended_at=None)
    assert desk.post(f"/desk/auto-offers/{live.id}/stop", {"why": "先由人派"}).status_code == 403
    assert office.post(f"/desk/auto-offers/{live.id}/stop", {"why": ""}).status_code == 302
    assert office.post(f"/desk/auto-offers/{live.id}/stop", {"why": "先由人派"}).status_code == 302
    with scope.work(system(town)):
        assert sorted(AutoOffer.objects.values_list("ended_why", flat=True)) == ["measured", "withdrawn"]


def test_words_of_danger_are_proposed_by_the_desk_with_what_they_miss_and_adopted_by_the_office(town: int) -> None:
    desk, office = colleague(town, "operator"), colleague(town, "office", body="ldxz")
    page = desk.get("/desk/dangers").content.decode()
    ways = page.split('id="gas_ways"')[1].split(">", 1)[1].split("</textarea>")[0].strip()
    form = {
        "ways": f"{ways}\n坛子 + 呲呲、嘶嘶", "never": "轮胎、车胎、煤气公司门口、煤气公司排放、燃气公司排放",
        "call": "119", "speaks": "煤气坛子呲呲响", "why": "老人这样叫",
    }  # fmt: skip

    bad = desk.post("/desk/dangers/gas", {**form, "ways": "坛子 + "})
    deaf = desk.post("/desk/dangers/gas", {**form, "ways": "坛子 + 呲呲", "speaks": ""})
    done = desk.post("/desk/dangers/gas", form)
    with statements() as made:
        shown = office.get("/desk/dangers").content.decode()

    assert [bad.status_code, deaf.status_code, done.status_code] == [422, 302, 302]
    assert "例句没有过" in shown and "等办公室定" in shown
    assert "楼道里有很浓的煤气味" in shown
    assert len(made) <= 12
    assert office.post("/desk/dangers/1/adopt").status_code == 302, "told why on the page"
    assert desk.post("/desk/dangers/2/adopt").status_code == 403
    assert office.post("/desk/dangers/2/adopt").status_code == 302
    with scope.work(system(town)):
        adopted = ModelEdition.objects.filter(kind="danger", adopted_at__isnull=False)
        assert [r.number for r in adopted] == [2]
    assert "risk@town2" in desk.get("/desk/dangers").content.decode()
    assert office.post("/desk/dangers/2/return").status_code == 302
    assert office.post("/desk/dangers/2/burn").status_code == 404


def test_pairs_show_what_people_kept_apart_by_matter_and_too_few_teach_nothing(town: int) -> None:
    first, second = f.a_case(town), f.a_case(town, text="翠竹苑健身器材坏了", matter=SWING)
    desk, office = colleague(town, "dispatcher"), colleague(town, "office", body="ldxz")
    from_first = {"version": str(first.version), "other": second.number}
    assert desk.post(f"/cases/{first.number}/do/not-same", from_first).status_code == 302

    with statements() as made:
        page = desk.get("/desk/pairs").content.decode()
    learnt = office.post("/desk/pairs/0/learn", follow=True).content.decode()

    table = page.split('id="h-refused"')[1].split("</table>")[0]
    assert "雨水井堵塞" in table and "健身器材" in table and len(made) <= 12
    assert "满 200 件才学" in learnt
    assert colleague(town, "handler", body="swj").get("/desk/pairs").status_code == 403
