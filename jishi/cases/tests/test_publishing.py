"""Opening a case to the public and closing it again (spec 10 §5.1): who, when, what it leaves, what never opens."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jishi.cases.actions import publishing
from jishi.cases.models import Case
from jishi.cases.refusals import GroundNeeded, NotForThePublic, VisibilityStays
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.open311_steps import program
from jishi.cases.tests.test_triage import PHONES
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed, NotFound, Refused, Stale


def at() -> Any:
    return timezone.now()


def of_matter(town: int, visibility: str, **facts: Any) -> Case:
    """A case of a matter that the book treats so."""
    from jishi.duties import queries as duties

    with scope.work(system(town)):
        code = next(m.code for m in duties.leaves() if m.default_visibility == visibility)
    return f.a_case(town, now=at() - timedelta(hours=1), matter=code, **facts)


def verbs(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.verb for e in trail.of("case", case.id)]


class TestFirst:
    @pytest.mark.parametrize(
        ("says", "visibility"), [("public", "public"), ("public_after_review", "parties"), ("parties", "parties")]
    )
    def test_a_case_starts_as_its_matter_says(self, town: int, says: str, visibility: str) -> None:
        case = of_matter(town, says)

        assert case.visibility == visibility
        assert (case.opened_at is not None) == (visibility == "public")

    @pytest.mark.parametrize("facts", [{"voice": "confidential"}, {"kind": "tip_off"}])
    def test_nothing_hidden_starts_public(self, town: int, facts: dict[str, str]) -> None:
        assert of_matter(town, "public", **facts).visibility == "parties"

    def test_what_has_no_matter_yet_is_not_public(self, town: int) -> None:
        assert f.a_case(town, now=at(), text="有件事情想说一下。", matter="").visibility == "parties"


class TestOpen:
    def test_opens_leaves_one_entry_and_the_moment(self, town: int) -> None:
        case = of_matter(town, "public_after_review")
        before = verbs(case)

        f.do(f.reviewer(town), publishing.open_, case.id, now=at(), version=case.version)

        after = f.again(town, case.id)
        assert (after.visibility, after.version) == ("public", case.version + 1)
        assert after.opened_at == after.changed_at
        assert verbs(case) == [*before, "case.opened_to_public"]

    @pytest.mark.parametrize("who", ["dispatcher", "operator"])
    def test_is_no_other_desk_s_to_do(self, town: int, who: str) -> None:
        case = of_matter(town, "public_after_review")

        with pytest.raises(NotAllowed):
            f.do(getattr(f, who)(town), publishing.open_, case.id, now=at())

    def test_to_a_stranger_the_case_is_not_there(self, town: int) -> None:
        case = of_matter(town, "public_after_review")

        with pytest.raises(NotFound):
            f.do(f.stranger(town), publishing.open_, case.id, now=at())

    @pytest.mark.parametrize("facts", [{"voice": "confidential"}, {"kind": "tip_off"}, {"accused": "cgj"}])
    def test_is_refused_for_what_must_stay_closed_and_changes_nothing(self, town: int, facts: dict[str, str]) -> None:
        accused = (f.body_id(town, facts.pop("accused")),) if "accused" in facts else ()
        case = of_matter(town, "public", accused_body_ids=accused, **facts)
        before = verbs(case)

        with pytest.raises(NotForThePublic):
            f.do(f.reviewer(town), publishing.open_, case.id, now=at())

        after = f.again(town, case.id)
        assert (after.visibility, after.version, verbs(case)) == ("parties", case.version, before)

    def test_is_refused_where_it_is_open_or_was_changed_meanwhile(self, town: int) -> None:
        case = of_matter(town, "public")

        with pytest.raises(VisibilityStays):
            f.do(f.reviewer(town), publishing.open_, case.id, now=at())
        with pytest.raises(Stale):
            f.do(f.reviewer(town), publishing.open_, case.id, now=at(), version=case.version + 1)


class TestClose:
    def test_closes_with_a_reason_and_leaves_one_entry(self, town: int) -> None:
        case = of_matter(town, "public")

        f.do(f.reviewer(town), publishing.close, case.id, why="写到了别人家里的事", now=at())

        after = f.again(town, case.id)
        assert (after.visibility, after.opened_at) == ("closed", case.opened_at)
        assert verbs(case).count("case.closed_to_public") == 1

    def test_is_refused_without_a_reason_or_twice(self, town: int) -> None:
        case = of_matter(town, "public")

        with pytest.raises(GroundNeeded):
            f.do(f.reviewer(town), publishing.close, case.id, why=" ", now=at())
        f.do(f.reviewer(town), publishing.close, case.id, why="核对", now=at())
        with pytest.raises(VisibilityStays):
            f.do(f.reviewer(town), publishing.close, case.id, why="核对", now=at())

    @pytest.mark.parametrize("who", ["dispatcher", "operator", "stranger"])
    def test_is_no_other_desk_s_to_do(self, town: int, who: str) -> None:
        case = of_matter(town, "public")

        with pytest.raises(Refused):
            f.do(getattr(f, who)(town), publishing.close, case.id, why="核对", now=at())

        assert f.again(town, case.id).visibility == "public"


class TestButtons:
    def test_open_and_close_from_the_page_of_the_case(self, town: int) -> None:
        case = of_matter(town, "public_after_review")
        desk = colleague(town, "reviewer")
        assert "公开这件事" in desk.get(f"/cases/{case.number}").content.decode()

        unread = desk.post(f"/cases/{case.number}/do/publish", {"version": case.version, "seq": 1})
        done = desk.post(f"/cases/{case.number}/do/publish", {"version": case.version, "seq": 1, "read": "on"})

        assert unread.status_code == 422
        assert done.status_code == 302
        case = f.again(town, case.id)
        assert case.visibility == "public"
        closed = desk.post(
            f"/cases/{case.number}/do/unpublish", {"version": case.version, "seq": 2, "words": "有人认得出"}
        )
        assert closed.status_code == 302
        assert f.again(town, case.id).visibility == "closed"

    def test_are_not_shown_to_other_desks(self, town: int) -> None:
        case = of_matter(town, "public")

        assert "不再公开" not in colleague(town, "dispatcher").get(f"/cases/{case.number}").content.decode()


class TestPublicPage:
    def test_shows_public_matters_in_both_languages_and_nothing_else(self, town: int) -> None:
        f.a_case(town, now=at() - timedelta(hours=3))
        f.a_case(town, now=at() - timedelta(hours=2), text="保密的话一句。", voice="confidential")

        zh = program(**{"Accept-Language": "zh"}).get("/public").content.decode()
        en = program(**{"Accept-Language": "en"}).get("/public").content.decode()

        assert "雨水井堵了" in zh
        assert "保密的话" not in zh
        assert "Public matters" in en

    def test_filters_by_kind_state_and_days(self, town: int) -> None:
        f.a_case(town, now=at() - timedelta(days=40))
        f._decline(f.a_case(town, now=at() - timedelta(days=2)), at() - timedelta(days=1))

        def count(query: str) -> int:
            return program().get(f"/public?{query}").content.decode().count("<td class=\"num nb\">")

        assert [count(q) for q in ("", "status=open", "status=closed", "days=30", "matter=03", "matter=01")] == [
            2, 1, 1, 1, 0, 2
        ]  # fmt: skip

    def test_gives_the_same_as_table_map_and_api(self, town: int) -> None:
        f.a_case(town, now=at() - timedelta(hours=1), text="=1+1 雨水井堵了", address_text="翠竹苑3号楼")

        table = program().get("/public/cases.csv").content.decode("utf-8-sig").splitlines()
        points = program().get("/public/cases.geojson").json()["features"]
        listed = program().get("/api/v1/public/cases").json()

        row = listed["items"][0]
        assert table[0].startswith("number,case,status")
        assert "'=1+1" in table[1]
        assert points[0]["id"] == row["number"]
        assert points[0]["geometry"]["coordinates"] == [row["lng"], row["lat"]]
        assert set(points[0]["properties"]) == set(row) - {"lng", "lat"}

    def test_no_spelling_of_a_telephone_leaves_in_a_file(self, town: int) -> None:
        for phone in PHONES:
            said, where = f"翠竹苑路灯不亮，联系我{phone}，谢谢", f"翠竹苑3号楼{phone}"
            f.a_case(town, now=at() - timedelta(hours=1), text=said, title=said[:30], address_text=where)

        objects = ("/public/cases.geojson", "/api/v1/public/cases", "/open311/v2/requests.json")
        table = program().get("/public/cases.csv").content.decode()
        given = [table, *(str(program().get(path).json()) for path in objects)]

        assert [text.count("翠竹苑") >= len(PHONES) for text in given] == [True] * 4
        digits = ["".join(c for c in text if c.isdigit()) for text in given]
        assert not [p for p in PHONES if any(p in text for text in given)]
        assert not [text for text in digits if "13800012345" in text]
        assert not [text for text in given if "一三八零零零" in text]

    def test_api_is_walked_by_its_keys_and_refuses_what_it_cannot_read(self, town: int) -> None:
        for i in range(5):
            f.a_case(town, now=at() - timedelta(hours=i + 1))

        found, after = [], ""
        while True:
            page = program().get("/api/v1/public/cases", {"limit": 2, "after": after}).json()
            found += [r["number"] for r in page["items"]]
            if not page["after"]:
                break
            after = page["after"]

        assert len(found) == len(set(found)) == 5
        for query in ({"after": "x"}, {"status": "x"}, {"since": "x"}):
            assert program().get("/api/v1/public/cases", query).status_code == 422

    def test_the_map_holds_the_ground_and_a_point_for_each(self, town: int) -> None:
        f.a_case(town, now=at() - timedelta(hours=1))

        features = program().get("/public/map").json()["features"]

        assert sum(1 for x in features if x["geometry"]["type"] == "Point") == 1
        assert {x["properties"]["kind"] for x in features} >= {"area", "point"}

    @pytest.mark.parametrize(
        "path", ["/public?after=9", "/public?days=x&status=y&matter=z", "/public/cases.csv?days=0"]
    )
    def test_what_an_address_says_wrongly_is_no_fault(self, town: int, path: str) -> None:
        assert program().get(path).status_code in (200, 422)
