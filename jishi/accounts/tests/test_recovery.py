"""The way back by two persons: three different people, two halves, everything old ends, and its holder is told."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, connection, transaction
from django.test import Client

from jishi.accounts import queries
from jishi.accounts.actions import reaching, recovery, recovery_telling
from jishi.accounts.models import Account, OutsideIdentity, Reading, Recovery, SignedIn
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.foundation import carriers, outbox, outside, scope
from jishi.foundation.actor import Actor, messenger, system
from jishi.foundation.models import Entry
from jishi.foundation.refusals import FreshSignInNeeded, Invalid, NotAllowed, NotFound, Refused, WrongMoment

NOW = datetime.now(UTC)
WHY, WORD = "电话核对了工号，本人也到了服务台。", "石桥下的水向东流 1987"
LONG_AGO = NOW - timedelta(days=30)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_town")]


class House:
    """A clerk who lost everything, a colleague, the administrator, somebody of another body, an auditor."""

    def __init__(self, tenant: int) -> None:
        self.tenant = tenant
        self.people: dict[str, Account] = {}
        for number, (name, role, body) in enumerate(
            (("clerk", "handler", 1), ("colleague", "handler", 1), ("stranger", "head", 2),
             ("admin", "security_admin", 3), ("second_admin", "security_admin", 1), ("auditor", "auditor", 3)), 1
        ):  # fmt: skip
            word = WORD if name == "clerk" else None
            self.people[name] = an_account(tenant, username=f"{name}-1", password=word, now=LONG_AGO)
            a_grant(self.people[name], role, body_id=body, post_id=number, post_title=name, now=LONG_AGO)

    def __getitem__(self, name: str) -> Actor:
        with scope.work(system(self.tenant)):
            found = queries.actor_for(self.people[name].id, None, NOW)
        assert found is not None
        return found

    def asked(self, by: str = "admin", **more) -> recovery.Given:
        with scope.work(self[by]):
            return recovery.ask("clerk-1", WHY, **{"by_passkey": True, "by": self[by], "now": NOW, **more})

    def approved(self, row: Recovery, by: str = "colleague", **more) -> recovery.Given:
        with scope.work(self[by]):
            return recovery.approve(row.id, **{"by_passkey": True, "by": self[by], "now": NOW, **more})

    def entries(self, verb: str) -> int:
        with scope.work(system(self.tenant)):
            return Entry.objects.filter(tenant_id=self.tenant, verb=verb).count()


@pytest.fixture
def house(tenant: int) -> House:
    return House(tenant)


def refuses(refusal: type[Refused], act) -> None:
    with pytest.raises(refusal):
        act()


def test_two_persons_end_every_old_way_in_and_both_halves_set_a_new_password(house: House) -> None:
    clerk = house.people["clerk"]
    old = signed_in(Client(), clerk)
    with scope.work(system(house.tenant)):
        SignedIn.objects.create(
            tenant_id=house.tenant, account=clerk, session_key=old.session.session_key, began_at=NOW,
            ends_at=NOW + timedelta(hours=1),
        )  # fmt: skip
        OutsideIdentity.objects.create(
            tenant_id=house.tenant, account=clerk, issuer="https://i.example", subject_mac="a" * 64, since=NOW
        )
    Authenticator.objects.create(user_id=clerk.id, type="totp", data={"secret": "x"})
    first = house.asked()
    assert old.get("/me/sign-in").status_code == 200  # asking alone changes nothing

    second = house.approved(first.row)

    assert old.get("/me/sign-in").status_code == 302
    assert not Authenticator.objects.filter(user_id=clerk.id).exists()
    with scope.work(system(house.tenant)):
        now = Account.objects.get(id=clerk.id)
        assert not now.has_usable_password()
        assert not OutsideIdentity.objects.exists() and not SignedIn.objects.exists()
    new = Client()
    halves = {"first": first.half.lower(), "second": second.half.replace("-", " ")}
    said = {"login": "clerk-1", "password": WORD + "!", **halves}
    assert new.post("/sign-in/recover", said)["Location"] == "/sign-in"
    assert new.post("/sign-in", {"login": "clerk-1", "password": WORD + "!"})["Location"] == "/me/sign-in"
    assert "审计管理员" in new.get("/me/sign-in", headers={"accept-language": "zh"}).content.decode()
    assert new.get("/break-glass")["Location"] == "/me/sign-in"  # a second factor first
    assert Client().post("/sign-in/recover", said).status_code == 200  # once
    assert [house.entries(f"recovery.{v}") for v in ("asked", "approved", "used")] == [1, 1, 1]


def test_who_may_ask_and_who_may_approve(house: House) -> None:
    for name in ("colleague", "stranger", "auditor"):
        refuses(NotAllowed, lambda n=name: house.asked(n))
    refuses(recovery.PasskeyNeeded, lambda: house.asked(by_passkey=False))
    refuses(Invalid, lambda: _ask(house, why="短"))
    refuses(NotFound, lambda: _ask(house, username="nobody"))
    refuses(recovery.SamePersonTwice, lambda: _ask(house, username="admin-1"))
    row = house.asked().row
    refuses(recovery.AskedAlready, house.asked)

    for name in ("stranger", "auditor"):
        refuses(NotFound, lambda n=name: house.approved(row, n))
    for name in ("clerk", "admin"):
        refuses(recovery.SamePersonTwice, lambda n=name: house.approved(row, n))
    refuses(recovery.PasskeyNeeded, lambda: house.approved(row, by_passkey=False))
    refuses(WrongMoment, lambda: house.approved(row, now=NOW + timedelta(hours=24)))
    assert house.people["clerk"].check_password(WORD) and house.entries("recovery.approved") == 0
    house.approved(row, "second_admin")  # a colleague who is an administrator too did not ask himself
    refuses(WrongMoment, lambda: house.approved(row))


def _ask(house: House, username: str = "clerk-1", why: str = WHY) -> recovery.Given:
    with scope.work(house["admin"]):
        return recovery.ask(username, why, by_passkey=True, by=house["admin"], now=NOW)


def test_an_old_proof_counts_for_nothing(house: House) -> None:
    stale = replace(house["admin"], proved_at=NOW - timedelta(minutes=11))
    with scope.work(stale):
        refuses(FreshSignInNeeded, lambda: recovery.ask("clerk-1", WHY, by_passkey=True, by=stale, now=NOW))


def test_the_database_itself_wants_two_persons(house: House) -> None:
    given = house.asked()

    def alone() -> None:
        with scope.work(system(house.tenant)), transaction.atomic():
            Recovery.objects.filter(id=given.row.id).update(
                status="approved", decided_by=given.row.asked_by, second_mac="b" * 64
            )

    with pytest.raises(IntegrityError):
        alone()


def test_one_half_or_the_wrong_order_opens_nothing_and_is_said_in_the_same_words(house: House, client: Client) -> None:
    first = house.asked()
    before = {"login": "clerk-1", "first": first.half, "second": first.half, "password": WORD}
    pages = [_page(client, before)]
    second = house.approved(first.row)
    for said in (
        {"first": second.half, "second": first.half}, {"first": first.half, "second": first.half},
        {"login": "nobody"}, {"login": "admin-1", "first": first.half, "second": second.half},
    ):  # fmt: skip
        pages.append(_page(client, {**before, **said}))

    assert all("两半密码不对" in p for p in pages)
    with scope.work(system(house.tenant)):
        assert Recovery.objects.get(id=first.row.id).tries == 2
    assert "12" in _page(client, {**before, "second": second.half, "password": "kurz"})
    assert house.entries("recovery.used") == 0


def _page(client: Client, said: dict[str, str]) -> str:
    answer = client.post("/sign-in/recover", said, headers={"accept-language": "zh"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_refused_and_taken_back_end_it(house: House) -> None:
    row = house.asked().row
    with scope.work(house["colleague"]):
        recovery.deny(row.id, by=house["colleague"], now=NOW)
    refuses(WrongMoment, lambda: house.approved(row))
    row = house.asked().row
    with scope.work(house["colleague"]):
        refuses(NotAllowed, lambda: recovery.end(row.id, by=house["colleague"], now=NOW))
    with scope.work(house["admin"]):
        recovery.end(row.id, by=house["admin"], now=NOW)
        refuses(WrongMoment, lambda: recovery.end(row.id, by=house["admin"], now=NOW))
    assert [house.entries(f"recovery.{v}") for v in ("asked", "denied", "ended")] == [2, 1, 1]


def test_the_holder_is_told_by_the_channel_he_chose_and_the_reading_is_written(house: House) -> None:
    twin = carriers.Recorder()
    clerk = house["clerk"]
    with carriers.using({carriers.SMS: twin}):
        with scope.work(clerk):
            reaching.choose(carriers.SMS, "13900001234", version=None, by=clerk, now=NOW)
        house.approved(house.asked().row)
        with scope.work(messenger(house.tenant)):
            outbox.deliver(now=NOW)
        outside.drain(recovery_telling.REACTION, 1, by=messenger(house.tenant), clock=lambda: NOW)

    (letter,) = twin.carried
    assert letter.to == "13900001234" and "审计管理员" in letter.text
    assert not re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", letter.text)
    with scope.work(system(house.tenant)):
        assert Reading.objects.filter(purpose=reaching.PURPOSE.code).count() == 1


def test_halves_lie_nowhere_in_the_clear(house: House) -> None:
    first = house.asked()
    second = house.approved(first.row)
    with scope.work(system(house.tenant)), connection.cursor() as cursor:
        for table in ("accounts_recovery", "foundation_entry", "foundation_news"):
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            told = " ".join(row for (row,) in cursor.fetchall())
            assert first.half not in told and second.half not in told


def test_the_pages_show_each_half_once_and_ask_for_a_passkey(house: House) -> None:
    admin, colleague = (signed_in(Client(), house.people[n]) for n in ("admin", "colleague"))
    said = {"username": "clerk-1", "why": WHY}
    led = admin.post("/recovery/ask", said)
    assert led["Location"].startswith("/me/sign-in/again/passkey")
    _with_passkey(admin, house.people["admin"])
    page = admin.post("/recovery/ask", said, headers={"accept-language": "zh"})
    assert "第一半" in page.content.decode() and page["Cache-Control"] == "no-store"
    assert "第一半" not in admin.get("/recovery", headers={"accept-language": "zh"}).content.decode()

    assert "clerk-1" in colleague.get("/recovery").content.decode()
    with scope.work(system(house.tenant)):
        row = Recovery.objects.get()
    path = f"/recovery/{row.id}/approve"
    assert colleague.post(path)["Location"].startswith("/me/sign-in/again/passkey")
    _with_passkey(colleague, house.people["colleague"])
    assert "第二半" in colleague.post(path, headers={"accept-language": "zh"}).content.decode()
    assert colleague.get("/recovery").status_code == 403  # nothing waits for him any more
    stranger = signed_in(Client(), house.people["stranger"])
    board = stranger.get("/recovery")  # a head: for a lost telephone, and for nothing else
    page = board.content.decode()
    assert board.status_code == 200 and "clerk-1" not in page and str(row.id) not in re.findall(r"recovery/(\d+)", page)
    assert stranger.post(f"/recovery/{row.id}/approve").status_code == 404


def _with_passkey(client: Client, account: Account) -> None:
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": "webauthn", "at": datetime.now(UTC).timestamp(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(account.id)
    session.save()
