"""What the framework refuses by itself comes in words, in the form and the language of whoever asked."""

import re
from pathlib import Path

import pytest
from django.test import Client

from config import unanswered
from config.api import api
from jishi.accounts.web import tenants
from jishi.cases.tests.desk_steps import colleague

pytestmark = pytest.mark.django_db
ROOMS = Path(__file__).resolve().parents[2] / "jishi"
HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def anybody(town: int) -> Client:
    tenants.forget()
    return Client(headers={"accept-language": "en"})


class TestAProgram:
    @pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/cases", "/api/"])
    def test_that_asks_an_unknown_address_reads_a_problem_in_its_language(self, anybody: Client, path: str) -> None:
        answer = anybody.get(path)

        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["title"] == unanswered.NoSuchAddress.en
        assert anybody.get(path, headers={"accept-language": "zh"}).json()["title"] == unanswered.NoSuchAddress.zh

    def test_that_asks_in_a_wrong_way_reads_a_problem_that_names_the_right_ones(self, anybody: Client) -> None:
        answer = anybody.delete("/api/v1/public/cases")

        assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
        assert (answer["Allow"], answer.json()["next"]) == ("GET", "Use GET.")

    def test_that_filters_by_a_name_nobody_knows_is_not_given_everything(self, anybody: Client) -> None:
        answer = anybody.get("/api/v1/public/cases", {"bbox": "1,2,3,4", "limit": 2})

        assert (answer.status_code, answer.json()["facts"]["fields"]) == (422, ["bbox: unknown name"])

    def test_is_refused_a_name_nobody_knows_by_every_call_that_can_be_asked_without_one(self, anybody: Client) -> None:
        answered = {
            path: anybody.get(path, {"zzz": "1"}).json().get("facts", {}).get("fields")
            for path, calls in api.get_openapi_schema()["paths"].items()
            if "{" not in path and "get" in calls
            if not any(name.get("required") for name in calls["get"].get("parameters", []))
        }

        assert {"/api/v1/cases", "/api/v1/grids", "/api/v1/duty-lists", "/api/v1/proposals"} <= set(answered)
        assert {path: said for path, said in answered.items() if said != ["zzz: unknown name"]} == {}


class TestTheTypeOfAProblem:
    """RFC 9457 §3.1.1: `type` is an address that, when it is opened, says what the problem is."""

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_leads_to_the_line_that_says_it_and_what_to_do_next(self, anybody: Client, language: str) -> None:
        told = anybody.get("/api/v1/nothing", headers={"accept-language": language}).json()
        path, _, anchor = told["type"].partition("#")

        page = anybody.get(path, headers={"accept-language": language})

        line = re.search(rf'<li id="{anchor}".*?</li>', page.content.decode(), re.DOTALL)
        assert (page.status_code, line is not None) == (200, True)
        assert told["title"] in line[0] and told["next"] in line[0]

    def test_has_a_line_for_every_refusal_of_the_rooms(self, anybody: Client) -> None:
        page = anybody.get("/help/refusals").content.decode()

        codes = set()  # without jishi/batch: those are heard at the command line alone
        where = ("[!b]*/refusals.py", "cases/refusals/*.py", "*/actions/*.py")
        for path in (path for one in where for path in ROOMS.glob(one)):
            codes |= set(re.findall(r'^    code, status = "(\w+)"', path.read_text(), re.MULTILINE))
        assert len(codes) > 200
        assert sorted(code for code in codes if f'<li id="{code}"' not in page) == []
        assert page.count('id="not_allowed"') == 1


class TestAHostThatIsNotOurs:
    def test_is_told_that_and_not_that_something_sent_is_missing(self, anybody: Client) -> None:
        page = anybody.get("/", headers={"host": "elsewhere.example"})
        told = anybody.get("/api/v1/public/cases", headers={"host": "elsewhere.example"})

        assert page.status_code == told.status_code == 400
        assert "This host is not one of this platform" in page.content.decode()
        assert "Part of what was sent" not in page.content.decode()
        assert told.json()["code"] == "not_our_host"


class TestTheLanguageSwitch:
    def test_on_a_page_that_a_refused_press_made_leads_to_the_page_it_was_pressed_on(self, town: int) -> None:
        reviewer = colleague(town, "reviewer")
        host = reviewer.get("/desk/review", headers=HTML).wsgi_request.get_host()

        came = {"referer": f"http://{host}/desk/review?after=7"}
        refused = reviewer.post("/desk/review/approve", {}, headers=HTML | came)

        assert refused.status_code >= 400
        assert 'name="next" value="/desk/review?after=7"' in refused.content.decode()

    def test_does_not_lead_where_another_site_says(self, town: int) -> None:
        answer = colleague(town, "reviewer").post(
            "/desk/review/approve", {}, headers=HTML | {"referer": "https://elsewhere.example/x"}
        )

        assert "elsewhere.example" not in answer.content.decode()

    def test_of_a_page_that_was_opened_leads_to_itself(self, anybody: Client) -> None:
        page = anybody.get("/help?x=1", headers=HTML | {"referer": "http://testserver/"}).content.decode()

        assert 'name="next" value="/help?x=1"' in page


class TestAnAddressThatOnlyTakesAForm:
    def test_opened_in_a_browser_says_so_and_leads_on(self, town: int) -> None:
        answer = colleague(town, "reviewer").get("/desk/review/approve", headers=HTML)

        page = answer.content.decode()
        assert (answer.status_code, answer["Allow"]) == (405, "POST")
        assert unanswered.OnlySent.zh in page
        assert 'class="btn go" href="/desk/review"' in page

    def test_leads_to_the_nearest_address_over_it(self) -> None:
        assert unanswered.above("/desk/review/approve") == "/desk/review"
        assert unanswered.above("/display") == "/"
