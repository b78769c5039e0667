"""Whoever is refused leaves a line in the log, without a person (ASVS V16.3.2, V16.3.3); no cache keeps an answer."""

import io
import logging
from collections.abc import Iterator

import pytest
from django.test import Client

from config import costs, logs, refused
from jishi.accounts.web import tenants
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague

pytestmark = pytest.mark.django_db
PHONE, CODE = "13800138000", "x" * 24


@pytest.fixture
def town(town: int) -> int:
    tenants.forget()
    return town


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the installation's own handler writes, in a minute that has just begun."""
    monkeypatch.setattr(refused, "book", refused.Book())
    (ours,) = [h for h in logging.getLogger().handlers if isinstance(h.formatter, logs.Line)]
    stream = io.StringIO()
    before = ours.setStream(stream)
    yield stream
    ours.setStream(before)


@pytest.fixture
def nobody() -> Client:
    return Client(headers={"host": "town.example", "accept-language": "zh"})


class TestALine:
    def test_of_staff_who_may_not_says_route_and_account_and_nothing_that_was_typed(self, town: int, written) -> None:
        desk = colleague(town, "handler", body="cgj")

        answer = desk.get(f"/desk/dead-letters?phone={PHONE}")

        assert answer.status_code == 403
        (line,) = written.getvalue().splitlines()
        assert "jishi.refused 403 GET /desk/dead-letters tenant=" in line and "account=" in line
        assert PHONE not in line

    def test_of_a_thing_outside_one_s_scope_says_the_pattern_and_not_the_number(self, town: int, written) -> None:
        case = f.a_case(town)

        answer = colleague(town, "handler", body="cgj").get(f"/cases/{case.number}")

        assert answer.status_code == 404
        assert "404 GET /cases/<str:number> tenant=" in written.getvalue()
        assert case.number not in written.getvalue()

    def test_of_a_wrong_word_a_wrong_password_and_a_wrong_code_names_nobody(self, town: int, nobody, written) -> None:
        costs.purse.forget()
        nobody.post("/mine", {"number": "R99018126030900001M", "word": "falsch-geheim"})
        nobody.post("/sign-in", {"login": "wang.jianguo", "password": "falsch-geheim"})
        nobody.post("/sign-in/phone/code", {"phone": PHONE, "code": "000000"})

        lines = written.getvalue().splitlines()
        assert [line.split("jishi.refused ")[1].split(" tenant")[0] for line in lines] == [
            "404 POST /mine", "200 POST /sign-in", "200 POST /sign-in/phone/code",
        ]  # fmt: skip
        told = written.getvalue()
        assert not [word for word in ("falsch", "wang", PHONE, "R9901", "account=") if word in told]

    def test_of_a_passkey_and_a_unified_sign_in_that_fail_names_nobody(
        self, town: int, nobody, written, settings
    ) -> None:
        settings.OIDC_ISSUER, settings.OIDC_CLIENT = "https://id.example", "jishi"
        nobody.post("/sign-in/passkey", {"credential": '{"response": {"userHandle": "MQ"}}'})
        nobody.get("/sign-in/unified/back?state=geheim&code=geheim")

        told = written.getvalue()
        assert [line.split("jishi.refused ")[1].split(" tenant")[0] for line in told.splitlines()] == [
            "302 POST /sign-in/passkey", "302 GET /sign-in/unified/back",
        ]  # fmt: skip
        assert "geheim" not in told and "account=" not in told

    def test_of_a_foreign_page_a_key_that_is_none_and_whoever_must_wait(
        self, town: int, nobody, written, monkeypatch
    ) -> None:
        nobody.post("/mine", {}, headers={"sec-fetch-site": "cross-site"})
        nobody.get("/api/v1/cases", headers={"authorization": "Bearer jishi_wrong"})
        costs.purse.forget()
        monkeypatch.setitem(costs.PUBLIC, "page", costs.Limit(1, 0.1))
        nobody.post("/feedback", {"open": "1", "letter": CODE})
        costs.purse.forget()

        told = [line.split("jishi.refused ")[1][:3] for line in written.getvalue().splitlines()]
        assert told == ["403", "401", "429"]
        assert "jishi_wrong" not in written.getvalue() and CODE not in written.getvalue()

    def test_is_not_written_of_a_mistyped_address_nor_of_what_was_answered(self, town: int, nobody, written) -> None:
        desk = colleague(town, "handler", body="cgj")
        answers = [desk.get("/nowhere").status_code, desk.get("/desk/inbox").status_code, nobody.get("/").status_code]

        assert answers == [404, 200, 200]
        assert "jishi.refused" not in written.getvalue()

    def test_is_one_of_so_many_a_minute_and_the_rest_is_counted(self, written, rf) -> None:
        now = [0.0]
        book = refused.Book(clock=lambda: now[0])
        for _ in range(refused.AT_MOST + 7):
            book.write(rf.get("/"), 403)
        assert len(written.getvalue().splitlines()) == refused.AT_MOST

        now[0] += refused.MINUTE
        book.write(rf.get("/"), 403)

        assert [line.split("jishi.refused ")[1] for line in written.getvalue().splitlines()[-2:]] == [
            "7 more were refused and not written", "403 GET (no route)",
        ]  # fmt: skip


def test_no_cache_in_between_keeps_what_somebody_was_answered(town: int, nobody: Client) -> None:
    """Of a page, a file, the interface, and a refusal of each (ASVS V14.2.2)."""
    desk = colleague(town, "dispatcher", body="sqzx")
    answers = {
        path: who.get(path)
        for who, paths in ((desk, ("/cases", "/api/v1/cases", "/cases.csv")), (nobody, ("/", "/nowhere", "/mine")))
        for path in paths
    }

    for path, answer in answers.items():
        said = answer["Cache-Control"]
        assert "no-store" in said or "private" in said, path
    assert answers["/api/v1/cases"]["Cache-Control"] == "no-store"
    assert nobody.get("/api/v1/cases", headers={"authorization": "Bearer x"})["Cache-Control"] == "no-store"
