"""Who floods waits; a village behind one address reports all the while; no address is written down (spec 90 §3, §9)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, RequestFactory, override_settings

from config import costs
from jishi.accounts.actions import signing_in
from jishi.accounts.models import SignInFailure
from jishi.accounts.web import tenants
from jishi.cases.models import Report
from jishi.foundation import data_keys, keys, scope
from jishi.foundation.actor import Actor, system

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
VILLAGE = "203.0.113.77"
DRAIN = "翠竹苑{n}号楼北门口的雨水井堵了，一下雨就积水。"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(costs.purse, "clock", made)
    costs.purse.forget()
    yield made
    costs.purse.forget()


@pytest.fixture
def village(town: int):
    tenants.forget()
    data_keys.forget()
    with keys.using(keys.NullKeys()):
        yield town
    data_keys.forget()
    tenants.forget()


def a_browser(address: str = VILLAGE) -> Client:
    return Client(headers={"host": "town.example", "accept-language": "zh"}, REMOTE_ADDR=address)


def reports(browser: Client, n: int) -> int:
    page = browser.get("/speak").content.decode()
    found = re.search(r'name="idempotency_key" value="(\w+)"', page)
    assert found
    form = {"idempotency_key": found[1], "text": DRAIN.format(n=n), "where": "", "voice": "anonymous", "join": "none"}
    return browser.post("/speak", form).status_code


def guess(browser: Client, number: str = "R990181-260309-000001-0", word: str = "AAAAA-AAAAA"):
    return browser.post("/mine", {"number": number, "word": word})


class TestAVillageBehindOneAddress:
    def test_two_hundred_reports_from_one_source_are_taken_in(self, village, clock):
        """Ten through their door, and what they cost is there for two hundred: no second passes meanwhile."""
        answers = {reports(a_browser(), n) for n in range(10)}

        owner, limit = costs.purse.source(VILLAGE), costs.PUBLIC["report"]
        left = max(p for p in range(int(limit.holds) + 1) if not costs.purse.wait(owner, "report", limit, p))
        paid = limit.holds - left
        assert answers == {302}
        assert paid >= 10 * costs.CREATE
        assert 20 * paid <= limit.holds
        with scope.work(system(village)):
            assert Report.objects.count() == 10

    def test_reports_while_a_neighbour_floods_pages_and_sign_in(self, village, clock):
        owner = costs.purse.source(VILLAGE)
        for kind in ("page", "sign_in"):
            costs.purse.take(owner, kind, costs.PUBLIC[kind], costs.PUBLIC[kind].holds)

        assert a_browser().get("/duties").status_code == 429
        assert reports(a_browser(), 1) == 302

    def test_waits_at_most_ten_seconds_when_all_is_spent(self, village, clock):
        owner = costs.purse.source(VILLAGE)
        costs.purse.take(owner, "report", costs.PUBLIC["report"], 1e9)

        answer = a_browser().get("/speak")

        assert answer.status_code == 429
        assert int(answer["Retry-After"]) <= 10
        assert "请等 1 秒" in answer.content.decode()
        clock.seconds += 1
        assert a_browser().get("/speak").status_code == 200

    def test_another_source_does_not_wait(self, village, clock):
        costs.purse.take(costs.purse.source(VILLAGE), "page", costs.PUBLIC["page"], 1e9)

        assert a_browser("198.51.100.4").get("/duties").status_code == 200


class TestSafeWords:
    def test_a_source_has_twenty_wrong_ones_an_hour_and_then_waits(self, village, clock):
        browser = a_browser()
        answers = [guess(browser, number=f"R-{n}").status_code for n in range(21)]

        assert answers == [404] * 20 + [429]
        clock.seconds += 180
        assert [guess(browser).status_code, guess(browser).status_code] == [404, 429]

    def test_a_wait_says_for_how_long(self, village, clock):
        browser = a_browser()
        for n in range(20):
            guess(browser, number=f"R-{n}")

        answer = guess(browser)

        assert 0 < int(answer["Retry-After"]) <= 180

    def test_a_wrong_one_is_counted_although_its_request_is_rolled_back(self, village, clock):
        guess(a_browser())

        with scope.work(system(village)):
            row = SignInFailure.objects.get(device=signing_in.WORD)
        assert row.count == 1
        assert "R990181" not in row.name_mac

    def test_a_number_has_two_hundred_an_hour_from_all_sources_together(self, tenant):
        by = Actor(tenant_id=tenant, kind="anonymous")
        with scope.work(by):
            for _ in range(200):
                signing_in.word_failed("r-1", by=by, now=NOW)

            assert signing_in.wait_for_word("R-1", by=by, now=NOW) == 18
            assert signing_in.wait_for_word("R-2", by=by, now=NOW) == 0
            assert signing_in.wait_for_word("R-1", by=by, now=NOW + timedelta(seconds=18)) == 0
            signing_in.word_failed("R-1", by=by, now=NOW + timedelta(seconds=18))
            assert signing_in.wait_for_word("R-1", by=by, now=NOW + timedelta(seconds=18)) == 18
            assert signing_in.wait_for_word("R-1", by=by, now=NOW + timedelta(hours=2)) == 0

    def test_somebody_else_s_guessing_makes_the_number_wait_on_the_page(self, village, clock):
        by = Actor(tenant_id=village, kind="anonymous")
        with scope.work(by):
            for _ in range(200):
                signing_in.word_failed("R-9", by=by, now=datetime.now(UTC))

        assert guess(a_browser(), number="R-9").status_code == 429

    def test_what_was_counted_for_a_number_is_gone_after_a_day(self, tenant):
        by = Actor(tenant_id=tenant, kind="anonymous")
        with scope.work(by):
            signing_in.word_failed("R-1", by=by, now=NOW)
            signing_in.forget_old(by=system(tenant), now=NOW + timedelta(days=2))

            assert not SignInFailure.objects.exists()


class TestASource:
    def test_is_another_one_after_an_hour_and_its_bucket_is_gone(self, clock):
        purse = costs.Purse(clock=clock)
        before = purse.source(VILLAGE)
        purse.take(before, "page", costs.PUBLIC["page"], 10)

        clock.seconds += 3600

        assert purse.source(VILLAGE) != before
        assert purse.buckets == {}

    def test_is_kept_without_its_address(self, clock):
        purse = costs.Purse(clock=clock)
        purse.take(purse.source(VILLAGE), "page", costs.PUBLIC["page"], 1)

        assert VILLAGE not in repr(purse.buckets)

    def test_buckets_are_bounded(self, clock, monkeypatch):
        monkeypatch.setattr(costs, "AT_MOST", 3)
        purse = costs.Purse(clock=clock)
        for n in range(9):
            purse.take(str(n), "page", costs.PUBLIC["page"], 1)

        assert [owner for owner, _ in purse.buckets] == ["6", "7", "8"]

    @pytest.mark.parametrize(
        ("remote", "passed_on", "behind", "found"),
        [
            ("198.51.100.4", "", None, "198.51.100.4"),
            ("198.51.100.4", "1.2.3.4", None, "198.51.100.4"),  # anybody can send that header
            ("10.0.0.2", "6.6.6.6, 198.51.100.4", ("HTTP_X_FORWARDED_PROTO", "https"), "198.51.100.4"),
            ("127.0.0.1", "198.51.100.4", None, "198.51.100.4"),
            ("2001:db8:1:2::77", "", None, "2001:db8:1:2::/64"),
            ("::ffff:198.51.100.4", "", None, "198.51.100.4"),
            ("nonsense", "", None, ""),
        ],
    )
    def test_is_the_last_address_that_can_be_believed(self, remote, passed_on, behind, found):
        headers = {"x-forwarded-for": passed_on} if passed_on else {}
        request = RequestFactory(REMOTE_ADDR=remote).get("/", headers=headers)

        with override_settings(SECURE_PROXY_SSL_HEADER=behind):
            assert costs.address(request) == found


class TestPrices:
    @pytest.mark.parametrize(
        ("asked", "points"),
        [
            (("POST", "/me/number"), ("sign_in", costs.EXPORT)),  # a message costs the town money, whoever asks for it
            (("POST", "/me/number/code"), ("sign_in", costs.LOGIN)),
            (("GET", "/"), ("page", 1)),
            (("GET", "/cases", True), ("page", 5)),
            (("POST", "/speak"), ("report", 2)),
            (("POST", "/api/v1/reports"), ("report", 2)),
            (("POST", "/sign-in"), ("sign_in", 20)),
            (("POST", "/mine"), ("sign_in", 20)),
            (("GET", "/mine/R990181-1"), ("page", 0)),
            (("GET", "/feedback"), ("page", 0)),
            (("POST", "/gridplans/7"), ("page", 200)),
            (("GET", "/gridplans/7/map"), ("page", 5)),
        ],
    )
    def test_are_those_of_the_specification(self, asked, points):
        method, path, *searches = asked

        assert costs.price(method, path, searches=bool(searches)) == points
