"""Emergency access: two persons of two bodies, an hour, seen by the auditor, and no confidential name."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from conftest import MONDAY_TEN
from jishi.accounts import queries
from jishi.accounts.actions import break_glass, grants, reading
from jishi.accounts.actions.proving import FreshSignInNeeded
from jishi.accounts.models import Account, BreakGlass, Grant, Reading
from jishi.accounts.tests.factories import a_grant, an_account, an_actor, signed_in
from jishi.accounts.web import tenants
from jishi.foundation import data_keys, keys, scope
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.models import Entry
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Stale, WrongMoment

pytestmark = pytest.mark.django_db
NOW = MONDAY_TEN + timedelta(hours=1)
WHY = "城管局值班电话没人接，翠竹苑停水，要替他们派人。"
OWN, TARGET, THIRD = 11, 22, 33


@pytest.fixture(autouse=True)
def _keys():
    tenants.forget()
    data_keys.forget()
    with keys.using(keys.NullKeys()):
        yield
    data_keys.forget()
    tenants.forget()


@pytest.fixture
def asker(tenant: int) -> Actor:
    an_actor(tenant, "handler", body_id=TARGET, post_id=20)
    return an_actor(tenant, "handler", body_id=OWN, post_id=10)


@pytest.fixture
def second(tenant: int) -> Actor:
    return an_actor(tenant, "supervisor", body_id=THIRD, post_id=30)


def ask(by: Actor, **other) -> BreakGlass:
    wanted = {"ground": "danger", "why": WHY, "body_id": TARGET, "area": None, "now": NOW, **other}
    with scope.work(by):
        return break_glass.ask(by=by, **wanted)


def do(verb: str, row: BreakGlass, by: Actor, now: datetime = NOW, **more) -> BreakGlass:
    with scope.work(by):
        return getattr(break_glass, verb)(row.id, by=by, now=now, **more)


def seen(tenant: int):
    """Everything that a refusal must leave as it was."""
    with scope.work(system(tenant)):
        rows = list(BreakGlass.objects.order_by("id").values_list("id", "status", "version"))
        entries = Entry.objects.filter(subject_kind="break_glass").count()
        return rows, entries, list(Grant.objects.order_by("id").values_list("id", "active_to"))


def actor_at(by: Actor, moment: datetime) -> Actor:
    with scope.work(system(by.tenant_id)):
        found = queries.actor_for(by.account_id or 0, by.post_id, moment)
    assert found is not None
    return found


class TestTheWholeWay:
    def test_opens_one_more_body_for_sixty_minutes_and_ends_by_itself(self, asker, second):
        do("approve", ask(asker), second)

        open_, over = (actor_at(asker, NOW + timedelta(minutes=m)) for m in (59, 60))

        assert open_.body_ids == {OWN, TARGET}
        assert open_.roles == {"handler", "break_glass"}
        assert (over.body_ids, over.roles, over.tied_to) == ({OWN}, {"handler"}, {OWN})

    def test_opens_nothing_before_the_second_person(self, asker):
        ask(asker)

        assert actor_at(asker, NOW).body_ids == {OWN}

    def test_widens_the_place_to_one_that_contains_the_own_one(self, tenant, second):
        account = an_account(tenant)
        a_grant(account, "handler", body_id=OWN, post_id=10, area="110101")
        by = actor_at(Actor(tenant, "staff", account.id, 10), NOW)

        do("approve", ask(by, body_id=None, area="1101"), second)

        assert actor_at(by, NOW).area == "1101"
        assert actor_at(by, NOW + timedelta(hours=1)).area == "110101"

    def test_binds_the_post_that_asked_and_no_other_of_the_same_person(self, tenant, asker, second):
        with scope.work(system(tenant)):
            account = Account.objects.get(id=asker.account_id)
        a_grant(account, "operator", body_id=44, post_id=40)

        do("approve", ask(actor_at(asker, NOW)), second)
        with scope.work(system(tenant)):
            elsewhere = queries.actor_for(account.id, 40, NOW)

        assert elsewhere.body_ids == {44}
        assert "break_glass" not in elsewhere.roles

    def test_does_not_make_one_of_the_bodys_own_people(self, tenant, asker, second):
        do("approve", ask(asker), second)

        with scope.work(system(tenant)):
            assert asker.account_id not in queries.accounts_of_bodies([TARGET], now=NOW)[TARGET]

    def test_ends_with_the_term_of_the_post(self, tenant, asker, second):
        do("approve", ask(asker), second)
        with scope.work(system(tenant)):
            grants.end_grants(post_id=10, by=system(tenant), now=NOW + timedelta(minutes=5))
            assert queries.identity_of(asker.account_id or 0, now=NOW + timedelta(minutes=5)).rights == ()

    @pytest.mark.parametrize("who", ["asker", "second"])
    def test_is_ended_sooner_by_the_asker_or_by_a_second_person(self, asker, second, who):
        row = do("approve", ask(asker), second)

        do("end", row, {"asker": asker, "second": second}[who], NOW + timedelta(minutes=10))

        assert actor_at(asker, NOW + timedelta(minutes=10)).body_ids == {OWN}

    def test_leaves_one_entry_for_each_step_with_the_sentence_of_the_asker(self, tenant, asker, second):
        row = do("approve", ask(asker), second)
        do("end", row, asker, NOW + timedelta(minutes=10))

        with scope.work(system(tenant)):
            told = Entry.objects.filter(subject_kind="break_glass", subject_id=row.id).order_by("seq")
            assert list(told.values_list("verb", "actor")) == [
                ("glass.asked", asker.label), ("glass.opened", second.label), ("glass.ended", asker.label)
            ]  # fmt: skip

    def test_the_clock_writes_its_end_down_at_the_end_of_the_hour(self, tenant, asker, second):
        row = do("approve", ask(asker), second)
        by = clock(tenant, "sweep:1")

        assert break_glass.end_due(by=by, now=NOW + timedelta(minutes=59)) == 0
        assert break_glass.end_due(by=by, now=NOW + timedelta(minutes=61)) == 1
        with scope.work(by):
            row.refresh_from_db()
        assert (row.status, row.ended_at) == ("ended", row.open_until)

    def test_that_nobody_decided_within_an_hour_is_over(self, tenant, asker, second):
        row = ask(asker)

        with pytest.raises(WrongMoment):
            do("approve", row, second, NOW + timedelta(hours=1))
        assert break_glass.end_due(by=clock(tenant, "sweep:1"), now=NOW + timedelta(hours=1)) == 1


class TestAsking:
    @pytest.mark.parametrize(
        ("refused", "other"),
        [
            (Invalid, {"ground": "curiosity"}),
            (Invalid, {"why": "   太短了   "}),
            (Invalid, {"why": "长" * 501}),
            (Invalid, {"body_id": 987654}),
            (break_glass.NothingWider, {"body_id": OWN}),
            (break_glass.NothingWider, {"body_id": None}),
            (break_glass.NothingWider, {"body_id": TARGET, "area": "11"}),
        ],
    )
    def test_refuses_what_is_no_emergency_of_this_post_and_changes_nothing(self, tenant, asker, refused, other):
        before = seen(tenant)

        with pytest.raises(refused):
            ask(asker, **other)

        assert seen(tenant) == before

    @pytest.mark.parametrize("role", ["auditor", "system_admin", "security_admin", "volunteer", "mediator"])
    def test_is_not_for_who_sees_no_case_by_the_office(self, tenant, asker, role):
        by = an_actor(tenant, role, body_id=OWN, post_id=50)
        before = seen(tenant)

        with pytest.raises(NotAllowed):
            ask(by)

        assert seen(tenant) == before

    def test_is_not_for_residents_reporters_or_nobody(self, tenant, asker):
        for by in (Actor(tenant, "resident", 1), Actor(tenant, "reporter", report_id=1), Actor(tenant, "anonymous")):
            with pytest.raises(NotAllowed):
                ask(by)

    def test_asks_first_who_it_is(self, tenant, asker):
        before = seen(tenant)

        with pytest.raises(FreshSignInNeeded):
            ask(replace(asker, proved_at=NOW - timedelta(minutes=11)))

        assert seen(tenant) == before

    def test_twice_is_once(self, tenant, asker, second):
        row = ask(asker)
        with pytest.raises(break_glass.AskedAlready):
            ask(asker)
        do("approve", row, second)
        with pytest.raises(break_glass.AskedAlready):
            ask(asker)

    def test_while_it_is_open_it_cannot_be_stretched(self, asker, second):
        do("approve", ask(asker), second)

        with pytest.raises(NotAllowed):
            ask(actor_at(asker, NOW), body_id=THIRD)


class TestDeciding:
    def test_is_refused_to_the_asker_to_the_own_body_and_to_other_posts_and_changes_nothing(self, tenant, asker):
        row = ask(asker)
        own_head = an_actor(tenant, "head", body_id=OWN, post_id=51)
        tied = replace(an_actor(tenant, "supervisor", body_id=THIRD, post_id=52), tied_to=frozenset({OWN}))
        clerk = an_actor(tenant, "handler", body_id=THIRD, post_id=53)
        auditor = an_actor(tenant, "auditor", body_id=THIRD, post_id=54)
        before = seen(tenant)

        for by, refused in (
            (asker, break_glass.SamePersonTwice),
            (replace(asker, roles=frozenset({"supervisor"}), body_ids=frozenset({THIRD})), break_glass.SamePersonTwice),
            (own_head, break_glass.SecondPersonNeeded),
            (tied, break_glass.SecondPersonNeeded),
            (clerk, NotFound),
            (auditor, NotAllowed),
        ):
            for verb in ("approve", "deny"):
                with pytest.raises(refused):
                    do(verb, row, by)
        assert seen(tenant) == before

    def test_needs_a_fresh_proof(self, tenant, asker, second):
        row = ask(asker)
        before = seen(tenant)

        with pytest.raises(FreshSignInNeeded):
            do("approve", row, replace(second, proved_at=NOW - timedelta(minutes=11)))

        assert seen(tenant) == before

    def test_is_not_for_somebody_who_acts_by_emergency_access(self, tenant, asker, second):
        other = an_actor(tenant, "head", body_id=44, post_id=40)
        do("approve", ask(other), second)
        row = ask(asker)

        with pytest.raises(NotFound):
            do("approve", row, actor_at(other, NOW))

    def test_happens_once(self, tenant, asker, second):
        row = do("deny", ask(asker), second)
        before = seen(tenant)

        for verb, by in (("approve", second), ("deny", second), ("end", asker)):
            with pytest.raises(WrongMoment):
                do(verb, row, by)
        assert seen(tenant) == before

    def test_is_a_yes_or_a_no_and_no_taking_back_of_anothers_asking(self, tenant, asker, second):
        row = ask(asker)
        before = seen(tenant)

        with pytest.raises(WrongMoment):
            do("end", row, second)

        assert seen(tenant) == before

    def test_of_a_version_that_was_changed_since_is_refused(self, asker, second):
        with pytest.raises(Stale):
            do("approve", ask(asker), second, version=99)

    def test_of_a_number_that_never_was_finds_nothing(self, asker, second):
        row = ask(asker)
        row.id += 1000

        with pytest.raises(NotFound):
            do("approve", row, second)

    def test_that_the_post_has_ended_meanwhile_is_too_late(self, tenant, asker, second):
        row = ask(asker)
        with scope.work(system(tenant)):
            grants.end_grants(post_id=10, by=system(tenant), now=NOW)

        with pytest.raises(break_glass.PostHasEnded):
            do("approve", row, second)

    def test_of_another_town_finds_nothing(self, other_tenant, asker):
        row = ask(asker)

        with pytest.raises(NotFound):
            do("approve", row, an_actor(other_tenant, "supervisor", body_id=THIRD, post_id=30))


class TestReading:
    def test_break_glass_shows_no_confidential_name(self, tenant, second):
        desk = an_actor(tenant, "operator", body_id=OWN, post_id=10)
        an_actor(tenant, "operator", body_id=TARGET, post_id=20)
        do("approve", ask(desk), second)
        by = actor_at(desk, NOW)
        asked, row = {"reason": "核查", "by": by, "now": NOW}, ("accounts_account", second.account_id or 0)

        with pytest.raises(reading.NotByEmergencyAccess), scope.work(by):
            reading.read([row], ["caller_name"], purpose="identity.reporter", **asked)
        with scope.work(by):
            assert not Reading.objects.exists()
            reading.read([row], ["caller_name"], purpose="contact.caller", **asked)
            assert Reading.objects.count() == 1

    def test_by_it_is_marked_for_whom_it_concerns_and_no_other_is(self, tenant, asker, second):
        row_read = ("accounts_account", second.account_id or 0)

        def look(at: datetime) -> int:
            by = actor_at(asker, at)
            with scope.work(by):
                reading.read([row_read], ["caller_name"], purpose="contact.caller", reason="核查", by=by, now=at)
                return Reading.objects.order_by("-id").first().id

        before = look(NOW - timedelta(minutes=1))
        row = do("approve", ask(asker), second)
        during = look(NOW + timedelta(minutes=5))
        do("end", row, asker, NOW + timedelta(minutes=10))
        after = look(NOW + timedelta(minutes=20))

        with scope.work(system(tenant)):
            found = queries.readings_of(*row_read)
            assert {r.id for r in found} == {before, during, after}
            assert queries.by_glass(found) == {during}


class TestPages:
    def page(self, client: Client, by: Actor, path: str = "/break-glass", language: str = "zh"):
        with scope.work(system(by.tenant_id)):
            account = Account.objects.get(id=by.account_id)
        signed_in(client, account, post=by.post_id)
        return client.get(path, headers={"accept-language": language})

    def test_walk_from_asking_to_the_end_and_the_auditor_is_told_on_each_page(self, tenant, town, settings):
        settings.ALLOWED_HOSTS = ["*"]
        clerk = an_actor(town, "handler", body_id=OWN, post_id=91010)
        an_actor(town, "handler", body_id=TARGET, post_id=91020)
        second = an_actor(town, "supervisor", body_id=THIRD, post_id=91030)
        auditor = an_actor(town, "auditor", body_id=THIRD, post_id=91040)
        client, other, third = (Client(SERVER_NAME="town.example") for _ in range(3))

        assert "申请应急通道" in self.page(client, clerk).content.decode()
        sent = client.post("/break-glass/ask", {"ground": "danger", "why": WHY, "body": str(TARGET)})
        assert (sent.status_code, sent["Location"]) == (302, "/break-glass")
        shown = self.page(other, second).content.decode()
        approve = re.search(r'action="(/break-glass/\d+/approve)"', shown)[1]
        assert WHY in shown
        assert other.post(approve, {"version": "1"}).status_code == 302
        assert "应急通道开着" in client.get("/me/sign-in", headers={"accept-language": "zh"}).content.decode()
        assert "过去一天里有人用了" in self.page(third, auditor, "/me/sign-in").content.decode()
        told = self.page(third, auditor, language="en").content.decode()
        assert WHY in told
        assert "/approve" not in told
        assert client.post(approve.replace("approve", "end")).status_code == 302
        assert "应急通道开着" not in client.get("/me/sign-in", headers={"accept-language": "zh"}).content.decode()

    def test_are_not_for_strangers_and_residents(self, client, tenant):
        assert client.get("/break-glass").status_code == 302
        resident = an_account(tenant, staff=False)
        signed_in(client, resident, at=datetime.now(UTC))
        assert client.get("/break-glass").status_code == 403
        assert client.post("/break-glass/ask", {"ground": "danger", "why": WHY}).status_code == 403
