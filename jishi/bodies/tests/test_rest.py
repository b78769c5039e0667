import pytest

from jishi.bodies.tests.factories import a_town


@pytest.fixture
def founded(tenant):
    return a_town(tenant)


def posted(client, path, **asked):
    return client.post(f"/api/v1/worktime/{path}", asked, "application/json")


class TestWorktime:
    def test_adds_working_days_across_a_weekend(self, client, founded):
        page = posted(client, "add", start="2026-11-16T19:42:00+08:00", amount="5wd").json()

        assert (page["last_day"], page["provisional"]) == ("2026-11-23", False)

    def test_explains_line_by_line_and_with_articles_when_asked(self, client, founded):
        asked = {"start": "2026-09-28T16:40:00+08:00", "amount": "5wd"}

        plain = posted(client, "explain", **asked).json()["lines"]
        cited = client.post("/api/v1/worktime/explain?articles=true", asked, "application/json").json()["lines"]

        assert len(plain) >= 3
        assert "".join(cited) != "".join(plain)

    def test_counts_between_two_moments_as_add_does(self, client, founded):
        page = posted(
            client, "between", start="2026-11-16T10:00:00+08:00", end="2026-11-23T17:30:00+08:00", unit="wd"
        ).json()

        assert page["count"] == 5

    def test_marks_a_provisional_year(self, client, founded):
        assert posted(client, "add", start="2026-12-30T10:00:00+08:00", amount="10wd").json()["provisional"] is True

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"start": "2026-11-16T10:00:00+08:00", "amount": "0wd"}, "amount_refused"),
            ({"start": "2026-11-16T10:00:00+08:00", "amount": "1.5wd"}, "amount_refused"),
            ({"start": "2026-11-16T10:00:00", "amount": "1wd"}, "naive_moment"),
            ({"start": "2029-11-16T10:00:00+08:00", "amount": "1wd"}, "calendar_not_known"),
        ],
    )
    def test_refuses_by_name(self, client, founded, asked, code):
        answer = posted(client, "add", **asked)

        assert (answer.status_code, answer.json()["code"]) == (422, code)

    def test_knows_no_such_body(self, client, founded):
        assert posted(client, "add", start="2026-11-16T10:00:00+08:00", amount="1wd", body="nobody").status_code == 404


class TestCalendars:
    def test_show_make_up_days_and_holidays_with_their_source(self, client, founded):
        days = {d["date"]: d for d in client.get("/api/v1/calendars/swj?year=2026").json()["days"]}

        assert days["2026-10-01"]["worked"] is False and days["2026-10-01"]["name"] == "国庆节"
        assert days["2026-10-10"]["make_up"] is True and days["2026-10-10"]["hours"]
        assert "国办发明电" in days["2026-10-01"]["source"]

    def test_of_a_body_that_never_closes_say_so(self, client, founded):
        assert client.get("/api/v1/calendars/sqzx?year=2026").json()["always"] is True

    def test_of_a_year_without_table_are_refused(self, client, founded):
        assert client.get("/api/v1/calendars/swj?year=2031").json()["code"] == "calendar_not_known"
