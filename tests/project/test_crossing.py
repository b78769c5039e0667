"""A foreign page writes nothing here, and what a browser reports as blocked names nobody (spec 90 §9)."""

import json
import logging

import pytest
from django.test import Client

from config import crossing
from jishi.accounts.web import tenants

pytestmark = pytest.mark.django_db

HARM = "https://evil.example/王建国?phone=13800138000"
REPORT = {
    "document-uri": "https://town.example/mine/Zt9-secret-77?x=13800138000",
    "referrer": HARM,
    "blocked-uri": HARM,
    "effective-directive": "script-src-elem",
    "script-sample": "王建国",
    "source-file": HARM,
}


@pytest.fixture
def browser(tenant: int):
    tenants.forget()
    return Client(headers={"accept-language": "zh"})


@pytest.fixture(autouse=True)
def _a_new_hour(monkeypatch):
    monkeypatch.setattr(crossing, "hourly", crossing.Hourly(crossing.LINES))


class TestWritingFromElsewhere:
    @pytest.mark.parametrize("path", ["/sign-in", "/speak", "/mine", "/display"])
    def test_is_refused_whatever_token_it_carries(self, browser, path):
        answer = browser.post(path, {"login": "a"}, headers={"sec-fetch-site": "cross-site"})

        assert answer.status_code == 403
        assert "别的网站" in answer.content.decode()

    def test_is_refused_at_the_api_as_a_problem(self, browser):
        answer = browser.post("/api/v1/triage", "{}", "application/json", headers={"sec-fetch-site": "cross-site"})

        assert (answer.status_code, answer.json()["code"]) == (403, "from_another_site")

    @pytest.mark.parametrize("site", ["same-origin", "none", ""])
    def test_a_page_of_our_own_is_heard(self, browser, site):
        assert browser.post("/display", {}, headers={"sec-fetch-site": site}).status_code != 403

    def test_a_link_from_elsewhere_leads_here(self, browser):
        assert browser.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


class TestWhatABrowserBlocked:
    def test_every_page_names_where_to_say_so(self, browser):
        assert "report-uri /csp" in browser.get("/").headers["Content-Security-Policy"]

    @pytest.mark.parametrize("form", [{"csp-report": REPORT}, [{"type": "csp-violation", "body": REPORT}]])
    def test_is_written_without_address_person_or_token(self, browser, caplog, form):
        with caplog.at_level(logging.WARNING, "jishi.csp"):
            answer = browser.post("/csp", json.dumps(form), "application/csp-report")

        assert answer.status_code == 204
        assert caplog.messages == ["blocked script-src (elsewhere) on /mine/<str:number>"]

    @pytest.mark.parametrize("body", ["", "[[[[", "null", "[1]", '{"csp-report": 7}', "[" * 5000])
    def test_nonsense_is_heard_in_silence(self, browser, caplog, body):
        assert browser.post("/csp", body, "application/csp-report").status_code == 204
        assert caplog.messages == []

    def test_a_long_one_is_not_read(self, browser, caplog):
        long = json.dumps({"csp-report": {**REPORT, "script-sample": "x" * 9000}})

        assert browser.post("/csp", long, "application/csp-report").status_code == 204
        assert caplog.messages == []

    def test_sixty_lines_an_hour_are_enough(self, browser, caplog):
        for _ in range(70):
            browser.post("/csp", json.dumps({"csp-report": REPORT}), "application/csp-report")

        assert len(caplog.messages) == crossing.LINES
