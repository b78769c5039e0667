"""Devices of a pocket: seen by their holder alone, named and ended by her; ended, they send and open nothing."""

import base64
import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from jishi.accounts.actions import devices, reaching, recovery_telling
from jishi.accounts.models import Device, Grant, SignedIn
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.tests.test_by_phone import in_scope
from jishi.foundation import carriers, outbox, outside, scope
from jishi.foundation.actor import Actor, clock, messenger, system
from jishi.foundation.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_town")]
NUMBER, OTHER = "a" * 32, "b" * 32
ZH = {"accept-language": "zh"}


@pytest.fixture
def account(tenant: int) -> Any:
    account = an_account(tenant, name="孙小满")
    a_grant(account, "grid_worker", body_id=1, post_id=9901, post_title="网格员", area="990181001002")
    return account


def a_phone(account: Any, began: datetime | None = None) -> Client:
    """Sign in as a browser does: with a session that its holder sees."""
    client = signed_in(Client(), account, post=9901)
    now = datetime.now(UTC)
    with scope.work(system(account.tenant_id)):
        SignedIn.objects.create(
            tenant_id=account.tenant_id, account_id=account.id, session_key=client.session.session_key,
            device="Chrome · Android", began_at=began or now, ends_at=now + timedelta(hours=12),
        )  # fmt: skip
    return client


def a_head(tenant: int, *, body: int, post: int) -> Any:
    head = an_account(tenant, name="竺青")
    a_grant(head, "head", body_id=body, post_id=post, post_title="负责人")
    return head


def tell_by_sms(account: Any, tenant: int) -> None:
    by = Actor(tenant, "staff", account_id=account.id, post_id=9901, roles=frozenset({"grid_worker"}))
    with scope.work(by):
        reaching.choose(carriers.SMS, "13900001234", version=None, by=by, now=datetime.now(UTC))


def lost_entries(tenant: int) -> list[str]:
    return in_scope(tenant, lambda: [e.verb for e in Entry.objects.filter(verb="account.phone_lost")])


def start(client: Client, number: str = NUMBER) -> Any:
    return client.get("/pocket/start", headers={"X-Jishi-Device": number, "accept": "application/json", **ZH})


def known(number: str = NUMBER) -> bool:
    return bool(Client().get("/pocket/device", headers={"X-Jishi-Device": number}).json()["known"])


def rows(tenant: int) -> list[Device]:
    return in_scope(tenant, lambda: list(Device.objects.order_by("id")))


def verbs(tenant: int) -> list[str]:
    rows = Entry.objects.filter(verb__startswith="device.").order_by("id")
    return in_scope(tenant, lambda: [row.verb for row in rows])


def sync(client: Client, number: str = NUMBER) -> Any:
    return client.post(
        "/api/v1/sync", {"rows": []}, content_type="application/json", headers={"X-Jishi-Device": number, **ZH}
    )


class TestSeen:
    def test_by_its_holder_with_days_and_without_moment_place_or_number(self, account, tenant):
        phone = a_phone(account)
        start(phone)

        page = phone.get("/me/sign-in", headers=ZH).content.decode()
        shown = page[page.index('id="devices"') : page.index('id="sign-ins"')]

        assert "Chrome · Android" in shown and "这一台" in shown and "起用，最近" in shown
        row = rows(tenant)[0]
        assert NUMBER not in page and row.number_mac not in page and NUMBER not in row.number_mac
        assert {f.name for f in Device._meta.fields} == {
            "id", "tenant", "version", "account", "number_mac", "name", "first_day", "last_day", "session_key",
            "ended_at", "key_no", "is_settled",
        }  # fmt: skip

    def test_once_a_day_one_entry_in_all_whatever_it_is_used_for(self, account, tenant):
        phone = a_phone(account)
        for _ in range(4):
            start(phone)

        assert [r.version for r in rows(tenant)] == [1] and verbs(tenant) == ["device.began"]

    def test_by_nobody_else(self, account, tenant):
        start(a_phone(account))
        other = an_account(tenant)
        a_grant(other, "security_admin", body_id=1, post_id=9902)
        admin = signed_in(Client(), other, post=9902)

        assert "Chrome · Android" not in admin.get("/me/sign-in", headers=ZH).content.decode()
        assert "Chrome · Android" not in admin.get("/recovery", headers=ZH).content.decode()
        assert admin.post(f"/me/devices/{rows(tenant)[0].id}/end").status_code == 404
        assert admin.post(f"/me/devices/{rows(tenant)[0].id}/name", {"name": "x"}).status_code == 404

    def test_under_the_name_that_she_gives(self, account, tenant):
        phone = a_phone(account)
        start(phone)
        row = rows(tenant)[0].id

        assert phone.post(f"/me/devices/{row}/name", {"name": " 我的  红米 "}).status_code == 302
        assert phone.post(f"/me/devices/{row}/name", {"name": " "}).status_code == 422
        assert phone.post(f"/me/devices/{row}/name", {"name": "字" * 41}).status_code == 422
        assert rows(tenant)[0].name == "我的 红米"

    def test_ten_at_most_the_oldest_goes_and_no_number_is_no_device(self, account, tenant):
        phone = a_phone(account)
        for n in range(11):
            assert start(phone, f"{n:032x}").status_code == 200

        assert len(rows(tenant)) == 10 and [known(f"{n:032x}") for n in (0, 1, 10)] == [False, True, True]
        for bad in ("x" * 32, "a" * 31, "a" * 33):
            assert start(phone, bad).status_code == 422
        assert start(phone, "").json()["seal"] is None


def turn(client: Client, do: str, of: str, number: str = NUMBER) -> Any:
    return client.post(f"/pocket/key/{do}", {"of": of}, headers={"X-Jishi-Device": number, **ZH})


class TestAnotherKey:
    """After an unlock code was set on the device, a copy of before opens nothing of what comes (decision 0018)."""

    def test_takes_the_place_of_the_one_in_use_and_the_one_before_is_given_beside_it(self, account, tenant):
        phone = a_phone(account)
        before = start(phone).json()["seal"]

        after = turn(phone, "renew", before["id"]).json()

        assert after["key"] != before["key"] and after["no"] == 1
        assert after["former"] == {"id": before["id"], "key": before["key"]}
        assert start(phone).json()["seal"] == after
        assert verbs(tenant) == ["device.began", "device.key_renewed"]

    def test_is_one_however_often_it_is_asked_for_the_same_key(self, account, tenant):
        """An answer is lost on the way; two tabs ask."""
        phone = a_phone(account)
        before = start(phone).json()["seal"]["id"]

        answers = [turn(phone, "renew", before).json() for _ in range(3)]

        assert answers[0] == answers[1] == answers[2] and rows(tenant)[0].key_no == 1
        assert verbs(tenant).count("device.key_renewed") == 1

    def test_is_not_made_while_something_may_lie_under_the_one_before(self, account, tenant):
        phone = a_phone(account)
        first = turn(phone, "renew", start(phone).json()["seal"]["id"]).json()

        assert turn(phone, "renew", first["id"]).json() == first
        settled = turn(phone, "settle", first["id"]).json()
        second = turn(phone, "renew", first["id"]).json()

        assert settled == {**first, "former": None}
        assert second["no"] == 2 and second["former"]["id"] == first["id"]

    def test_and_the_one_before_is_never_given_again_once_nothing_lies_under_it(self, account, tenant):
        phone = a_phone(account)
        after = turn(phone, "renew", start(phone).json()["seal"]["id"]).json()
        for of in ("0" * 16, after["former"]["id"]):
            assert turn(phone, "settle", of).json() == after, "only of the key in use"

        turn(phone, "settle", after["id"])

        assert start(phone).json()["seal"] == {**after, "former": None}
        assert turn(phone, "renew", after["former"]["id"]).json() == {**after, "former": None}

    def test_is_found_again_by_a_device_that_was_forgotten(self, account, tenant):
        phone = a_phone(account)
        after = turn(phone, "renew", start(phone).json()["seal"]["id"]).json()
        turn(phone, "settle", after["id"])
        in_scope(tenant, lambda: Device.objects.all().delete())

        again = phone.get("/pocket/start", headers={"X-Jishi-Device": NUMBER, "X-Jishi-Key": "1", **ZH}).json()["seal"]

        assert again == after
        for said in ("-1", "x", "99999", "٣"):
            in_scope(tenant, lambda: Device.objects.all().delete())
            head = {"X-Jishi-Device": NUMBER, "X-Jishi-Key": said.encode().decode("latin-1"), **ZH}
            assert phone.get("/pocket/start", headers=head).json()["seal"]["no"] == 0

    def test_is_given_to_no_device_that_was_ended_nor_one_that_was_never_met(self, account, tenant):
        phone = a_phone(account)
        of = start(phone).json()["seal"]["id"]
        assert turn(phone, "renew", of, OTHER).status_code == 404
        assert turn(phone, "renew", of, "x").status_code == 422
        second = a_phone(account)
        in_scope(tenant, lambda: Device.objects.update(ended_at=datetime.now(UTC), session_key=""))

        assert [turn(second, do, of).status_code for do in ("renew", "settle")] == [403, 403]
        assert rows(tenant)[0].key_no == 0

    def test_is_asked_for_by_the_holder_alone(self, account, tenant):
        of = start(a_phone(account)).json()["seal"]["id"]
        other = an_account(tenant)
        a_grant(other, "grid_worker", body_id=1, post_id=9903, area="990181001002")
        phone = signed_in(Client(), other, post=9903)

        assert turn(phone, "renew", of).status_code == 404
        assert rows(tenant)[0].key_no == 0


class TestTheBox:
    """What is written while no key is there: everybody may shut it in, only the answer to a sign-in opens it."""

    def test_has_its_lock_on_the_page_and_its_opener_in_the_answer_alone(self, account, tenant):
        phone = a_phone(account)
        seal, page = start(phone).json()["seal"], phone.get("/pocket", headers=ZH).content.decode()
        x, y, d = (base64.urlsafe_b64decode(seal["box"][n] + "=") for n in "xyd")

        lock = re.search(r'data-box="([^"]+)"', page)

        assert lock is not None and base64.b64decode(html.unescape(lock[1])) == b"\x04" + x + y
        pair = ec.derive_private_key(int.from_bytes(d), ec.SECP256R1()).public_key().public_numbers()
        assert (pair.x, pair.y) == (int.from_bytes(x), int.from_bytes(y))
        assert seal["box"]["d"] not in page

    def test_is_another_for_everybody_and_the_same_on_all_devices_of_one(self, account, tenant):
        second = an_account(tenant)
        a_grant(second, "grid_worker", body_id=1, post_id=9901, area="990181001002")

        first, same, other = (start(a_phone(a), n).json()["seal"]["box"]
                              for a, n in ((account, NUMBER), (account, OTHER), (second, NUMBER)))  # fmt: skip

        assert first == same and first["d"] != other["d"]


class TestTheKey:
    def test_is_the_same_for_a_person_on_a_device_and_another_for_everybody_else(self, account, tenant):
        first, again = start(a_phone(account)).json()["seal"], start(a_phone(account)).json()["seal"]
        second = an_account(tenant)
        a_grant(second, "grid_worker", body_id=1, post_id=9901, area="990181001002")

        others = [start(a_phone(account), OTHER).json()["seal"], start(a_phone(second)).json()["seal"]]

        assert first == again and len({s["key"] for s in (first, *others)}) == 3
        assert len({s["id"] for s in (first, *others)}) == 3

    def test_lies_nowhere_in_the_database(self, account, tenant):
        key = start(a_phone(account)).json()["seal"]["key"]

        assert all(key not in str(vars(row)) for row in rows(tenant))


class TestEnded:
    def test_by_its_holder_its_session_is_over_its_queue_is_refused_and_it_is_told_so(self, account, tenant):
        lost, desk = a_phone(account), a_phone(account)
        start(lost)
        start(desk, OTHER)
        assert known() and sync(lost).status_code == 200

        assert desk.post(f"/me/devices/{rows(tenant)[0].id}/end").status_code == 302

        assert start(lost).status_code in (401, 302, 403) and sync(lost).status_code in (401, 403)
        assert not known() and known(OTHER)
        assert sync(desk, OTHER).status_code == 200
        assert verbs(tenant)[-1] == "device.ended"

    def test_a_session_from_before_that_was_not_ended_with_it_is_refused_by_name_and_told_how_to_go_on(
        self, account, tenant
    ):
        phone = a_phone(account)
        start(phone)
        in_scope(tenant, lambda: Device.objects.update(ended_at=datetime.now(UTC), session_key=""))

        for answer in (start(phone), sync(phone)):
            assert answer.status_code == 403 and answer.json()["code"] == "device_ended"
            assert "重新登录" in answer.json()["next"]

    def test_goes_on_after_its_holder_has_signed_in_on_it_anew_with_the_key_it_had(self, account, tenant):
        phone = a_phone(account)
        key = start(phone).json()["seal"]
        phone.post(f"/me/devices/{rows(tenant)[0].id}/end")

        again = a_phone(account, began=datetime.now(UTC) + timedelta(seconds=1))

        assert start(again).json()["seal"] == key and known() and sync(again).status_code == 200

    def test_with_every_session_of_the_account(self, account, tenant):
        phone = a_phone(account)
        start(phone)

        phone.post("/me/sessions/end")

        assert not known()

    def test_as_lost_by_the_security_administrator_and_by_nobody_else(self, account, tenant):
        phone = a_phone(account)
        start(phone)
        second = an_account(tenant)
        a_grant(second, "security_admin", body_id=1, post_id=9902)
        third = an_account(tenant)
        a_grant(third, "system_admin", body_id=1, post_id=9903)

        other = signed_in(Client(), third, post=9903)
        assert other.post("/recovery/lost", {"lost": account.username}).status_code == 403
        assert known()
        admin = signed_in(Client(), second, post=9902)
        assert "没有这个登录名" in admin.post("/recovery/lost", {"lost": "nobody"}, headers=ZH).content.decode()
        assert admin.post("/recovery/lost", {"lost": account.username}).status_code == 302

        assert not known() and sync(phone).status_code in (401, 403)
        with scope.work(system(tenant)):
            entry = Entry.objects.filter(verb="device.ended").last()
            assert entry is not None and (entry.subject_id, entry.codes) == (account.id, {"devices": 1})

    def test_as_lost_by_the_head_of_the_holder_s_body_and_the_holder_is_told(self, account, tenant):
        phone, stranger = a_phone(account), an_account(tenant)
        start(phone)
        a_grant(stranger, "grid_worker", body_id=2, post_id=9906)
        head = signed_in(Client(), a_head(tenant, body=1, post=9904), post=9904)
        other = signed_in(Client(), a_head(tenant, body=2, post=9905), post=9905)
        clerk = signed_in(Client(), account, post=9901)
        page = head.get("/recovery", headers=ZH).content.decode()
        assert 'name="lost"' in page and 'name="username"' not in page, "heads end telephones, they ask for no way back"

        auditor = an_account(tenant)
        a_grant(auditor, "auditor", body_id=1, post_id=9907)

        for who, name in (
            (other, account.username), (head, stranger.username), (head, "nobody"), (head, auditor.username),
        ):  # fmt: skip
            told = who.post("/recovery/lost", {"lost": name}, headers=ZH)
            assert told.status_code == 200 and "本单位没有这个登录名" in told.content.decode()
        assert clerk.post("/recovery/lost", {"lost": stranger.username}).status_code == 403
        assert known() and "account.phone_lost" not in lost_entries(tenant)

        twin = carriers.Recorder()
        with carriers.using({carriers.SMS: twin}):
            tell_by_sms(account, tenant)
            assert head.post("/recovery/lost", {"lost": account.username}).status_code == 302
            with scope.work(messenger(tenant)):
                outbox.deliver(now=datetime.now(UTC))
            outside.drain(recovery_telling.REACTION, 1, by=messenger(tenant), clock=lambda: datetime.now(UTC))

        assert not known() and sync(phone).status_code in (401, 403)
        own = signed_in(Client(), account, post=9901).get("/me/sign-in", headers=ZH).content.decode()
        assert "说是手机丢了" in own, "whoever chose no channel reads it there"
        assert lost_entries(tenant) == ["account.phone_lost"]
        (letter,) = twin.carried
        assert letter.to == "13900001234" and "手机丢了" in letter.text and "Chrome" not in letter.text

    def test_as_lost_needs_that_the_head_has_just_shown_who_it_is(self, account, tenant):
        start(a_phone(account))
        head = signed_in(Client(), a_head(tenant, body=1, post=9904), post=9904)
        old = head.session
        old["began"] -= 3600
        old.save()

        led = head.post("/recovery/lost", {"lost": account.username})

        assert led.status_code == 302 and "/me/sign-in/again" in led["Location"]
        assert known() and lost_entries(tenant) == []

    def test_the_day_the_term_ends(self, account, tenant):
        start(a_phone(account))
        assert known()

        with scope.work(system(tenant)):
            Grant.objects.filter(account=account).update(active_to=datetime.now(UTC))

        assert not known()

    def test_an_unknown_number_and_no_number_are_answered_alike(self, tenant):
        assert [known(n) for n in ("f" * 32, "", "x", "' OR 1=1")] == [False] * 4

    def test_is_forgotten_after_thirty_days_and_one_that_is_not_seen_after_sixty(self, account, tenant):
        phone = a_phone(account)
        start(phone)
        start(phone, OTHER)
        phone.post(f"/me/devices/{rows(tenant)[0].id}/end")
        by, now = clock(tenant, "nightly:test"), datetime.now(UTC)

        with scope.work(by):
            counts = [devices.forget_old(by=by, now=now + timedelta(days=d)) for d in (29, 31, 59, 61)]

        assert counts == [0, 1, 0, 1]

