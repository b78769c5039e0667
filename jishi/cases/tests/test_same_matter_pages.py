"""What a speaker is told of others and of whoever is likely responsible, before and after sending."""

import pytest

from jishi.cases.models import Case, Membership, Report, Suggestion
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.test_resident_pages import a_form, client, read, said
from jishi.cases.triage import duplicates

__all__ = ["client"]  # a fixture
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]


class TestTheSameMatter:
    """What triage found is given by the test: finding it is triage's own matter."""

    @pytest.fixture
    def other(self, town, monkeypatch) -> Case:
        case = f.a_case_at(town, Status.HANDLING)
        found = duplicates.Alike(
            ({"value": case.id, "label": case.number, "p": 0.9, "reason": "同一口井"},), "", "test"
        )
        monkeypatch.setattr(duplicates, "find", lambda batch, *a, **k: [found for _ in batch])
        return case

    def test_is_asked_before_anything_is_stored(self, client, town, other):
        response = client.post("/speak", a_form(client))

        page = response.content.decode()
        assert "附近有 1 位居民说过很像的事" in page
        assert f'name="join" value="{other.id}"' in page
        with read(town):
            assert Report.objects.count() == 1

    def test_is_joined_on_yes(self, client, town, other):
        number, _ = said(client, join=str(other.id))

        with read(town):
            assert Membership.objects.get(report__number=number).case_id == other.id

    def test_is_left_apart_on_no(self, client, town, other):
        number, _ = said(client, join="no")

        with read(town):
            assert Membership.objects.get(report__number=number).case_id != other.id

    def test_nobody_joins_a_case_that_was_not_proposed(self, client, town):
        case = f.a_case(town, text="三单元电梯停了两天，老人下不了楼。", matter="")

        number, _ = said(client, join=str(case.id))

        with read(town):
            assert Membership.objects.get(report__number=number).case_id != case.id

    def test_a_case_with_a_confidential_caller_is_not_proposed(self, client, town, monkeypatch):
        case = f.a_case(town, voice="confidential")
        found = duplicates.Alike(({"value": case.id, "label": "", "p": 0.9, "reason": ""},), "", "test")
        monkeypatch.setattr(duplicates, "find", lambda batch, *a, **k: [found for _ in batch])

        assert client.post("/speak", a_form(client)).status_code == 302

    @pytest.mark.parametrize("voice", ["confidential", "open"])
    def test_the_voice_of_a_caller_closes_a_case_that_everybody_may_read(self, client, town, other, voice):
        with read(town):
            Case.objects.filter(id=other.id).update(visibility="public")
            Report.objects.filter(memberships__case=other.id).update(voice=voice)

        asked = client.post("/speak", a_form(client)).status_code == 200

        assert asked == (voice == "open")

    @pytest.mark.parametrize("told", [{"kind": "tip_off"}, {"status": "CLOSED"}])
    def test_a_tip_off_and_what_has_ended_is_not_proposed(self, client, town, other, told):
        with read(town):
            Case.objects.filter(id=other.id).update(visibility="public", **told)

        assert client.post("/speak", a_form(client)).status_code == 302

    def test_a_case_that_strangers_never_read_is_not_told_to_whoever_names_its_house(self, client, town, other):
        with read(town):
            Case.objects.filter(id=other.id).update(visibility="parties", matter="")

        assert client.post("/speak", a_form(client)).status_code == 302


class TestTheLikelyBody:
    def test_is_told_where_the_list_names_one(self, client):
        said(client)

        page = client.get("/receipt").content.decode()

        assert "按履职清单" in page and "还认不准归谁" not in page

    @pytest.mark.parametrize(
        "text",
        ["The street lamp opposite building 5 has been dark for three nights.", "有件事，说不清楚，您看着办吧。"],
    )
    def test_is_not_told_where_triage_is_not_sure(self, client, text):
        said(client, text=text)

        assert "还认不准归谁" in client.get("/receipt").content.decode()

    def test_is_not_told_while_two_matters_are_as_likely_even_if_the_first_has_one_body(self, client, town):
        said(client, text="翠竹苑3号楼北门口的水井堵了，污水往外冒。")

        with read(town):
            (matter,) = Suggestion.objects.filter(stage="classify")
            (route,) = Suggestion.objects.filter(stage="route")
        assert (matter.abstained, route.candidates[0]["outcome"]) == ("equally_likely", "named_with_assist")

        assert "还认不准归谁" in client.get("/receipt").content.decode()

    @pytest.mark.parametrize(
        "text", ["翠竹苑2号楼门口的井盖丢了，黑洞洞的。", "公司拖欠我三个月工资不给。", "云溪的暖气费怎么这么贵。"]
    )
    def test_is_not_told_where_the_list_has_a_question_or_two_bodies(self, client, town, text):
        said(client, text=text)

        with read(town):
            (route,) = Suggestion.objects.filter(stage="route")
        assert route.candidates[0]["label"] and route.candidates[0]["outcome"] in ("ask", "contested", "fallback")
        assert "还认不准归谁" in client.get("/receipt").content.decode()
