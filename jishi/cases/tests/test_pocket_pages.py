"""随身页: what the server gives a device. The shell names nobody; what is somebody's comes by one call."""

import json

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague, statements
from jishi.cases.tests.test_errands import an_errand

NUMBER = "c" * 32
pytestmark = pytest.mark.django_db


@pytest.fixture
def device(town) -> Client:
    account = an_account(town, name="孙小满甲")
    a_grant(account, "grid_worker", body_id=f.body_id(town, "sqcz"), post_id=9903, area="990181001002")
    return signed_in(Client(headers=HOST), account, post=9903)


def test_the_shell_holds_no_name_no_token_and_no_case(town, device):
    case = f.a_case(town)
    an_errand(town)

    page = device.get("/pocket").content.decode()

    assert 'name="jishi-owner"' in page and 'name="csrfmiddlewaretoken">' in page
    for word in ("孙小满甲", case.number, "翠竹苑南门公告栏", 'csrfmiddlewaretoken" value'):
        assert word not in page, word


def test_its_start_gives_the_token_the_grids_and_the_errands_of_the_area_in_few_statements(town, device):
    errand = an_errand(town)
    device.get("/pocket/start")

    with statements() as made:
        told = device.get("/pocket/start").json()

    assert [e["number"] for e in told["errands"]] == [errand.number]
    assert told["csrf"] and told["grids"] and told["owner"] in device.get("/pocket").content.decode()
    assert len(made) <= 12, "\n".join(made)


def test_two_accounts_have_two_owners_that_name_nobody(town, device):
    other = colleague(town, "grid_worker", body="sqcz")

    owners = [c.get("/pocket/start").json()["owner"] for c in (device, other)]

    assert len(set(owners)) == 2 and all(len(o) == 20 for o in owners)


def test_choosing_a_post_gives_the_session_another_id_and_shows_nothing_to_a_locked_device(town, device):
    before, id_before = device.get("/pocket/start").json()["proof"], device.session.session_key

    assert device.post("/post", {"post": "9903"}).status_code == 302

    assert device.session.session_key != id_before and device.get("/pocket/start").json()["proof"] == before
    later = device.session
    later["began"] += 60  # signed in anew
    later.save()
    assert device.get("/pocket/start").json()["proof"] != before


def test_it_is_for_those_who_go(town):
    assert colleague(town, "dispatcher").get("/pocket").status_code == 403
    assert Client(headers=HOST).get("/pocket")["Location"].startswith("/sign-in")


def test_a_phone_can_install_it_and_its_worker_keeps_files_that_exist(town, device):
    told = json.loads(device.get("/pocket/manifest.webmanifest").content)
    worker = device.get("/pocket/worker.js")
    body = worker.content.decode()
    files = json.loads(body.split("const FILES = ")[1].split(";\n")[0])

    assert told["start_url"] == told["scope"] == worker["Service-Worker-Allowed"] == "/pocket"
    assert {i["sizes"] for i in told["icons"]} == {"192x192", "512x512"}
    from django.contrib.staticfiles import finders

    assert all(finders.find(name.removeprefix("/static/")) for name in files)


class TestSigningOut:
    """What lies on a device is emptied only where a page has looked that nothing is unsent, or asked its holder."""

    def started(self, device) -> None:
        assert device.get("/pocket/start", headers={"X-Jishi-Device": NUMBER}).status_code == 200

    def known(self) -> bool:
        return Client(headers=HOST).get("/pocket/device", headers={"X-Jishi-Device": NUMBER}).json()["known"]

    def test_where_the_page_has_looked_the_browser_is_told_to_forget(self, town, device):
        assert device.post("/sign-out", {"forget": "1"})["Clear-Site-Data"] == '"storage"'

    def test_by_a_program_loses_nothing_that_is_unsent_and_closes_the_pocket(self, town, device):
        self.started(device)
        assert self.known()

        answer = device.post("/sign-out")

        assert answer.status_code == 302 and "Clear-Site-Data" not in answer
        assert not self.known(), "it closes at its next question"
        assert device.get("/pocket/start").status_code != 200

    def test_of_a_colleague_on_the_same_browser_forgets_unless_the_page_saw_something_unsent(self, town):
        assert colleague(town, "dispatcher").post("/sign-out")["Clear-Site-Data"] == '"storage"'
        assert "Clear-Site-Data" not in colleague(town, "dispatcher").post("/sign-out", {"keep": "1"})

    def test_after_the_session_has_run_out_throws_nothing_away_unasked(self, town, device):
        Session.objects.all().delete()

        assert "Clear-Site-Data" not in device.post("/sign-out")
        assert device.post("/sign-out", {"forget": "1"})["Clear-Site-Data"] == '"storage"'
