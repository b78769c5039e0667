"""A village is torn down and its people live elsewhere (spec 20 §3.5; §13, line 13)."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN
from jishi.accounts.actions import accounts
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Refused
from jishi.places import queries
from jishi.places.actions import residence, transitions
from jishi.places.actions.residence import Whereabouts
from jishi.places.actions.transitions import NewItem
from jishi.places.models import Residence, Transition
from jishi.places.queries import transitions as seen
from jishi.places.tests.factories import STREET, A, B
from jishi.places.tests.residence_steps import two_communities

TODAY, NOW = date(2026, 3, 9), MONDAY_TEN
REVIEW, LAST, MOVED = date(2026, 9, 1), date(2028, 1, 1), date(2026, 4, 1)
NORTH, SOUTH = 501, 502  # bodies of the two streets
PURPOSES = ("service", "offer", "collective", "self_government", "proof")


def street(tenant, body):
    mine = {"roles": frozenset({"handler"}), "body_ids": frozenset({body})}
    return Actor(tenant_id=tenant, kind="staff", account_id=body, **mine)


class Village:
    """B is torn down; its people go to A. Everybody acts in a scope of their own."""

    def __init__(self, tenant):
        self.tenant = tenant
        self.office = Actor(tenant_id=tenant, kind="staff", account_id=500, roles=frozenset({"office"}))
        self.north, self.south = street(tenant, NORTH), street(tenant, SOUTH)
        self.people = []

    def acts(self, by, verb, *args, **more):
        with scope.within(by):
            return getattr(transitions, verb)(*args, by=by, now=NOW, **more)

    def opened(self):
        self.id = self.acts(
            self.office, "open_", B, receiving=STREET, origin_body=NORTH, receiving_body=SOUTH, cause="demolition",
            began_on=TODAY, review_on=REVIEW, ends_when="房子都交了，份额都定了。",
        )  # fmt: skip
        return self

    def resident(self, name):
        by = system(self.tenant)
        with scope.within(by):
            row = accounts.open_account(name, "某某", "long enough 123", staff=False, by=by, now=NOW)
        me = Actor(tenant_id=self.tenant, kind="resident", account_id=row.id, roles=frozenset({"resident"}))
        with scope.within(me):
            for kind in ("living", "registered", "collective"):
                residence.declare(
                    me.account_id, kind, Whereabouts(B), purpose="service", from_day=date(2020, 1, 1), ends_on=LAST,
                    by=me, now=NOW,
                )  # fmt: skip
        self.people.append(me)
        return me

    def surveyed(self):
        self.opened()
        slips = self.acts(self.north, "list_households", self.id, 2)
        for n, (_, word) in enumerate(slips):
            me = self.resident(f"beicun-{n}")
            self.acts(me, "answer", word, Whereabouts(A), from_day=MOVED, ends_on=LAST)
        self.acts(self.north, "finish_survey", self.id)
        return self

    def agreed(self):
        self.surveyed()
        item = self.acts(self.north, "propose_item", self.id, NewItem("service", "living", MOVED))
        self.acts(self.south, "agree_item", item)
        self.acts(self.south, "tell_households", self.id, services_from=MOVED)
        return self

    def moved(self):
        self.agreed()
        self.acts(self.south, "move_services", self.id)
        return self

    def settled(self):
        self.moved()
        return self.rights()

    def rights(self):
        self.acts(
            self.north, "settle_rights", self.id, decision_no="北村集体〔2026〕1号", assets_listed=True,
            shares_fixed=True, roll_kept=True,
        )  # fmt: skip
        return self

    @property
    def status(self):
        return Transition.objects.get(id=self.id).status


@pytest.fixture
def village(other_tenant):
    with scope.work(system(other_tenant)):
        two_communities(system(other_tenant))
        yield Village(other_tenant)


def served(me, day):
    with scope.within(me):
        return {p: queries.serving(me.account_id, p, day).division for p in PURPOSES}


def test_a_relocated_resident_is_served_where_he_lives_and_stays_on_the_roll(village):
    """Line 13: services go to where they live, the roll still holds them, nothing asks them to travel."""
    village.settled()
    roll = list(Residence.objects.filter(kind__in=("collective", "registered")).values_list("id", "version"))

    for me in village.people:
        assert served(me, MOVED - timedelta(days=1)) == dict.fromkeys(PURPOSES, B)
        assert served(me, MOVED) == {"service": A, "offer": A, "proof": A, "collective": B, "self_government": B}

    item = seen.transition(village.id, village.office).items[0]
    village.acts(village.north, "settle_item", item.id, on=TODAY, successor="河西街道")
    village.acts(village.office, "close", village.id, outcome="collective_without_ground", review_on=REVIEW)

    assert village.status == "CLOSED"
    assert list(Residence.objects.filter(kind__in=("collective", "registered")).values_list("id", "version")) == roll
    for me in village.people:
        assert served(me, MOVED)["collective"] == B
    with scope.within(village.office):
        assert seen.without_ground(day=TODAY) == {B: REVIEW}


def test_each_household_is_told_in_one_sentence_from_which_day(village):
    village.agreed()

    for me in village.people:
        with scope.within(me):
            assert seen.told_households(me.account_id) == [(B, MOVED)]
    assert seen.transition(village.id, village.office).told == 2


def test_every_step_leaves_one_entry_and_names_nobody(village):
    village.settled()

    told = [e.verb for e in trail.of("transition", village.id)]
    assert told == [
        "transition.opened", "transition.households_listed", "transition.answered", "transition.answered",
        "transition.surveyed", "transition.item_proposed", "transition.item_agreed", "transition.households_told",
        "transition.services_moved", "transition.rights_settled",
    ]  # fmt: skip


def test_an_agreed_item_may_leave_a_purpose_with_the_old_community_for_a_time(village):
    village.moved()
    proof = NewItem("proof", "from_community", MOVED, date(2026, 12, 1), document_no="河西〔2026〕8号")
    item = village.acts(village.north, "propose_item", village.id, proof)
    me = village.people[0]
    assert served(me, MOVED)["proof"] == A, "one side alone agrees nothing"

    village.acts(village.south, "agree_item", item)

    assert served(me, MOVED)["proof"] == B
    assert served(me, date(2026, 12, 1))["proof"] == A
    assert served(me, MOVED)["service"] == A


def test_a_settled_item_or_a_closed_transition_catches_nobody_any_more(village):
    village.moved()
    items = [NewItem(p, "from_community", TODAY) for p in ("proof", "offer")]
    settled, open_ = [village.acts(village.north, "propose_item", village.id, i) for i in items]
    for item in (settled, open_):
        village.acts(village.south, "agree_item", item)
    village.rights()
    me, later = village.people[0], MOVED + timedelta(days=9)
    village.acts(village.north, "settle_item", settled, on=MOVED + timedelta(days=3), successor="河西街道")
    before = served(me, MOVED)

    Transition.objects.filter(id=village.id).update(closed_on=later)

    assert (before["proof"], before["offer"]) == (B, B), "until the day it was settled"
    assert served(me, MOVED + timedelta(days=3))["proof"] == A
    assert served(me, later - timedelta(days=1))["offer"] == B
    assert served(me, later)["offer"] == A


def test_an_item_of_one_group_of_offers_leaves_the_others_alone(village):
    village.moved()
    for item in (
        NewItem("offer", "from_community", MOVED, group="heating"), NewItem("offer", "living", MOVED, group="books"),
        NewItem("offer", "named", MOVED, named=STREET),
    ):  # fmt: skip
        village.acts(village.south, "agree_item", village.acts(village.north, "propose_item", village.id, item))
    me = village.people[0]

    with scope.within(me):
        asked = [queries.Asking(me.account_id, "offer", MOVED, group=g) for g in ("", "heating", "books")]
        assert [s.division for s in queries.serving_many(asked)] == [STREET, B, A]


def test_two_items_of_a_purpose_never_share_a_day(village):
    village.opened()
    end = date(2026, 6, 1)
    village.acts(village.north, "propose_item", village.id, NewItem("proof", "living", MOVED, end))

    for item, fits in (
        (NewItem("proof", "living", TODAY, MOVED + timedelta(days=1)), False),
        (NewItem("proof", "living", end - timedelta(days=1)), False), (NewItem("proof", "living", TODAY), False),
        (NewItem("proof", "living", end, group="heating"), False), (NewItem("offer", "living", MOVED), True),
        (NewItem("proof", "living", TODAY, MOVED), True), (NewItem("proof", "living", end), True),
    ):  # fmt: skip
        if fits:
            village.acts(village.north, "propose_item", village.id, item)
            continue
        with pytest.raises(Refused) as no:
            village.acts(village.north, "propose_item", village.id, item)
        assert no.value.code == "invalid"


def test_two_offices_that_announce_at_once_wait_for_each_other(village):
    with CaptureQueriesContext(connection) as found:
        village.opened()
    said = [q["sql"] for q in found]
    waits = next(n for n, sql in enumerate(said) if "pg_advisory" in sql and "'transition:" in sql)
    assert waits < next(n for n, sql in enumerate(said) if 'FROM "places_transition"' in sql)


class TestRefusals:
    """(what stands before, who, verb, what it is given, code)"""

    @pytest.mark.parametrize(
        ("before", "who", "verb", "given", "code"),
        [
            ("opened", "north", "finish_survey", {}, "transition_not_yet"),
            ("opened", "south", "finish_survey", {}, "not_allowed"),
            ("opened", "office", "list_households", {"count": 3}, "not_allowed"),
            ("opened", "north", "list_households", {"count": 0}, "invalid"),
            ("opened", "north", "move_services", {}, "wrong_moment"),
            ("surveyed", "south", "move_services", {}, "transition_not_yet"),
            ("surveyed", "south", "tell_households", {"services_from": MOVED}, "transition_not_yet"),
            ("surveyed", "north", "list_households", {"count": 1}, "wrong_moment"),
            ("surveyed", "north", "close", {"outcome": "dissolved"}, "not_allowed"),
            ("surveyed", "north", "settle_rights", {"decision_no": "1", "assets_listed": True, "shares_fixed": True,
                                                    "roll_kept": True}, "wrong_moment"),
            ("moved", "north", "settle_rights", {"decision_no": "1", "assets_listed": True, "shares_fixed": True,
                                                 "roll_kept": False}, "transition_not_yet"),
            ("moved", "north", "settle_rights", {"decision_no": " ", "assets_listed": True, "shares_fixed": True,
                                                 "roll_kept": True}, "invalid"),
            ("settled", "office", "close", {"outcome": "dissolved"}, "items_open"),
            ("settled", "office", "close", {"outcome": "lost"}, "invalid"),
            ("settled", "office", "close", {"outcome": "collective_without_ground"}, "invalid"),
            ("opened", "south", "review", {"next_on": date(2027, 3, 10), "words": "看过"}, "review_too_far"),
            ("opened", "south", "review", {"next_on": REVIEW, "words": " "}, "invalid"),
            ("opened", "office", "review", {"next_on": REVIEW, "words": "看过"}, "not_allowed"),
        ],
    )  # fmt: skip
    def test_each_names_its_ground_and_changes_nothing(self, village, before, who, verb, given, code):
        getattr(village, before)()
        entries, version = len(trail.of("transition", village.id)), Transition.objects.get(id=village.id).version

        with pytest.raises(Refused) as no, transaction.atomic():
            args = [village.id, given.pop("count")] if "count" in given else [village.id]
            village.acts(getattr(village, who), verb, *args, **given)

        assert no.value.code == code
        assert len(trail.of("transition", village.id)) == entries
        assert Transition.objects.get(id=village.id).version == version

    def test_another_street_does_not_even_find_it(self, village):
        village.opened()

        with pytest.raises(Refused) as no:
            village.acts(street(village.tenant, 999), "finish_survey", village.id)
        assert no.value.code == "not_found"
        assert seen.transition(village.id, street(village.tenant, 999)) is None

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"cause": "boredom"}, "invalid"), ({"review_on": date(2027, 3, 10)}, "review_too_far"),
            ({"ends_when": " "}, "invalid"), ({"receiving": "990882009000"}, "invalid"),
            ({"zone_code": "no"}, "invalid"), ({"receiving": B}, "invalid"),
        ],
    )  # fmt: skip
    def test_of_opening(self, village, change, code):
        known = {
            "receiving": STREET, "origin_body": NORTH, "receiving_body": SOUTH, "cause": "demolition",
            "began_on": TODAY, "review_on": REVIEW, "ends_when": "都定了。",
        } | change  # fmt: skip
        with pytest.raises(Refused) as no:
            village.acts(village.office, "open_", B, **known)
        assert no.value.code == code

    @pytest.mark.parametrize(
        "item",
        [
            NewItem("score", "living", MOVED), NewItem("service", "nobody", MOVED), NewItem("service", "named", MOVED),
            NewItem("service", "living", MOVED, named=A), NewItem("service", "living", MOVED, MOVED),
        ],
    )  # fmt: skip
    def test_of_an_item(self, village, item):
        village.opened()
        with pytest.raises(Refused) as no:
            village.acts(village.north, "propose_item", village.id, item)
        assert no.value.code == "invalid"


class TestASlip:
    def test_is_for_one_person_and_says_nothing_to_another(self, village):
        village.opened()
        (_, word), *_ = village.acts(village.north, "list_households", village.id, 1)
        first, second = village.resident("a"), village.resident("b")
        village.acts(first, "answer", word, Whereabouts(A), from_day=MOVED, ends_on=LAST)

        for who, said in ((second, word), (second, "no-such-word")):
            with pytest.raises(Refused) as no:
                village.acts(who, "answer", said, Whereabouts(A), from_day=MOVED, ends_on=LAST)
            assert no.value.code == "slip_unknown"

    def test_is_one_for_each_person_and_keeps_the_days_that_were_said(self, village):
        village.opened()
        (_, word), (_, second) = village.acts(village.north, "list_households", village.id, 2)
        me = village.resident("a")
        village.acts(me, "answer", word, Whereabouts(A), from_day=MOVED, ends_on=LAST)
        earlier = {"from_day": MOVED - timedelta(days=1), "ends_on": LAST}
        for said, days, code in ((second, {"from_day": MOVED, "ends_on": LAST}, "spoke_already"),
                                 (word, earlier, "already_there")):  # fmt: skip
            with pytest.raises(Refused) as no, transaction.atomic():
                village.acts(me, "answer", said, Whereabouts(B), **days)
            assert no.value.code == code
        assert served(me, MOVED)["service"] == A

        row = village.acts(me, "answer", word, Whereabouts(A, "三号楼"), from_day=MOVED, ends_on=date(2027, 6, 9))

        assert Residence.objects.get(id=row).ends_on == date(2027, 6, 30)

    def test_nobody_answers_for_a_household(self, village):
        village.opened()
        (_, word), *_ = village.acts(village.north, "list_households", village.id, 1)
        with pytest.raises(Refused) as no:
            village.acts(village.north, "answer", word, Whereabouts(A), from_day=MOVED, ends_on=LAST)
        assert no.value.code == "not_allowed"


class TestReview:
    def test_a_missed_one_is_stuck_until_it_is_held(self, village):
        village.opened()
        late = REVIEW + timedelta(days=1)
        with scope.within(village.office):
            assert seen.reviews_missed(village.office, day=REVIEW) == []
            assert [r.id for r in seen.reviews_missed(village.office, day=late)] == [village.id]

        village.acts(village.south, "review", village.id, next_on=date(2027, 1, 5), words="都还在住进去。")

        assert seen.reviews_missed(village.office, day=late) == []


class TestServedHereBelongsThere:
    def test_is_counts_by_pair_and_names_nobody(self, village):
        village.opened()
        for n in range(2):
            me = village.resident(f"p{n}")
            with scope.within(me):
                row = Residence.objects.get(account=me.account_id, kind="living")
                residence.correct(row.id, Whereabouts(A), by=me, now=NOW)

        with scope.within(village.office):
            assert seen.served_here_belongs_there(A, day=TODAY) == [(B, "collective", 2), (B, "registered", 2)]
            assert seen.belongs_here_served_there(B, day=TODAY) == [(A, "collective", 2), (A, "registered", 2)]
            assert seen.served_here_belongs_there(B, day=TODAY) == []
            assert seen.served_here_belongs_there(A, day=LAST + timedelta(days=60)) == [], "counts end with their month"
