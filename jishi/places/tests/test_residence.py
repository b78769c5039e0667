"""Living, registration and membership of a collective are three facts (spec 20 §3.4; §13, lines 15, 16, 19)."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts_known
from jishi.accounts.actions import accounts
from jishi.foundation import scope, sealed, trail
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.models import Entry, SealedValue
from jishi.foundation.refusals import NotAllowed, NotFound, Refused
from jishi.places import queries, serving_rules
from jishi.places.actions import divisions, residence
from jishi.places.actions.residence import Whereabouts
from jishi.places.models import SETTLED, Building, Residence, ResidencePair
from jishi.places.queries import Asking
from jishi.places.tests.factories import STREET, A, B, adopt, ring, stand

TABLE = Residence._meta.db_table
TODAY = date(2026, 3, 9)
NEXT_YEAR = date(2027, 3, 20)
FAR = "110101001001"  # a community of another province
PURPOSES = ("service", "offer", "collective", "self_government", "owner", "proof")
_names = count(1)


@pytest.fixture
def person(other_tenant):
    """A resident of two communities without drawn ground, whose scope is open."""
    tenant = other_tenant
    by = system(tenant)
    with scope.work(by):
        two_communities(by)
        name = f"jumin-{next(_names)}"
        opened = accounts.open_account(name, "白露", "long enough 123", staff=False, by=by, now=MONDAY_TEN)
        me = Actor(tenant_id=tenant, kind="resident", account_id=opened.id, roles=frozenset({"resident"}))
        with scope.within(me):
            yield me


@pytest.fixture
def housed(person):
    """The same, with houses and grids."""
    by = system(person.tenant_id)
    with scope.within(by):
        stand(by)
        adopt(A, by)
    return person


def two_communities(by):
    new = divisions.NewDivision
    rows = [
        new("990000000000", "云江省", "云江省", 1, ""), new("990800000000", "云州市", "云州市", 2, "990000000000"),
        new("990882000000", "云溪市", "云溪市", 3, "990800000000"),
        new(STREET, "河西街道", "河西街道", 4, "990882000000"),
        new(A, "青溪社区居民委员会", "青溪社区", 5, STREET, boundary=ring(0, 0, 2, 2)),
        new(B, "翠竹村民委员会", "翠竹村", 5, STREET, boundary=ring(2, 0, 4, 2)),
    ]  # fmt: skip
    divisions.found_divisions(rows, source="试验", valid_from=date(2020, 1, 1), by=by, now=MONDAY_TEN)


def say(me, kind, division, since=TODAY, **more):
    where = {k: more.pop(k) for k in list(more) if k in Whereabouts.__dataclass_fields__}
    given = {"purpose": "service", "from_day": since, "ends_on": NEXT_YEAR, "by": me, "now": MONDAY_TEN} | more
    return residence.declare(me.account_id, kind, Whereabouts(division, **where), **given)


def stored():
    return list(Residence.objects.values_list("id", flat=True)), Entry.objects.count(), SealedValue.objects.count()


def community(tenant, code=A):
    return Actor(tenant_id=tenant, kind="staff", account_id=77, roles=frozenset({"handler"}), area=code)


def served(me, purpose="service", day=TODAY, **more):
    return queries.serving(me.account_id, purpose, day, **more)


class TestDeclare:
    def test_says_one_fact_and_seals_where_it_points(self, person):
        row = say(person, "living", A, address="翠竹苑1号楼2单元302", group="三组")

        stored = Residence.objects.get(id=row)
        columns = [str(getattr(stored, f.attname)) for f in Residence._meta.concrete_fields]
        assert not [c for c in columns if A in c or "302" in c or "翠竹" in c]
        assert sealed.sealed_fields([(TABLE, row)], tenant_id=person.tenant_id) == {
            (TABLE, row): ["address", "division", "group"]
        }

    def test_its_last_day_is_the_end_of_a_month(self, person):
        assert Residence.objects.get(id=say(person, "living", A)).ends_on == date(2027, 3, 31)

    def test_leaves_one_entry_that_says_no_place(self, person):
        row = say(person, "living", A, address="翠竹苑1号楼")

        entries = trail.of("residence", row)
        assert [e.verb for e in entries] == ["residence.declared"]
        assert A not in str(entries[0].codes) and entries[0].actor not in (person.label, "")

    @pytest.mark.parametrize(
        ("code", "change"),
        [
            ("purpose_missing", {"purpose": ""}),
            ("purpose_missing", {"purpose": "curiosity"}),
            ("end_date_missing", {"ends_on": None}),
            ("end_date_missing", {"ends_on": date(2026, 3, 8)}),
            ("end_date_missing", {"ends_on": date(2099, 1, 1)}),
            ("already_there", {}),
            ("unknown_community", {"division": "990882001999"}),
            ("unknown_community", {"division": "990882001000"}),
            ("unknown_community", {"division": "青溪社区"}),
            ("invalid", {"kind": "worship"}),
            ("invalid", {"kind": "registered", "secondary": True}),
            ("invalid", {"kind": "registered", "collective_code": "N1"}),
            ("invalid", {"address": "长" * 121}),
            ("not_found", {"dwelling_id": 1}),
        ],
    )
    def test_refuses_by_name_and_changes_nothing(self, person, code, change):
        say(person, "living", A)
        before = stored()

        with pytest.raises(Refused) as no, transaction.atomic():
            say(person, change.pop("kind", "living"), change.pop("division", A), **change)

        assert no.value.code == code
        assert stored() == before

    def test_a_second_home_stands_beside_the_first(self, person):
        say(person, "living", A)
        say(person, "living", B, secondary=True)

        assert served(person).division == A

    def test_somebody_else_is_refused(self, person):
        stranger = Actor(tenant_id=person.tenant_id, kind="resident", account_id=person.account_id + 1)
        for by in (stranger, replace(community(person.tenant_id), area=B), system(person.tenant_id)):
            with pytest.raises(NotAllowed):
                residence.declare(
                    person.account_id, "living", Whereabouts(A), purpose="service", from_day=TODAY, ends_on=NEXT_YEAR,
                    by=by, now=MONDAY_TEN,
                )  # fmt: skip

    def test_the_community_writes_down_what_its_own_people_say(self, person):
        by = community(person.tenant_id)
        row = residence.declare(
            person.account_id, "living", Whereabouts(A), purpose="service", from_day=TODAY, ends_on=NEXT_YEAR,
            by=by, now=MONDAY_TEN,
        )  # fmt: skip

        assert Residence.objects.get(id=row).source == "office"

    @pytest.mark.parametrize("kind", ["living", "registered", "collective"])
    def test_the_database_refuses_two_at_once_by_itself(self, person, kind):
        say(person, kind, A)

        with pytest.raises(IntegrityError), transaction.atomic():
            Residence.objects.create(
                tenant_id=person.tenant_id, account_id=person.account_id, kind=kind, purpose="service",
                ends_on=NEXT_YEAR, source="self", declared_by="self", active=DateRange(TODAY, None),
            )  # fmt: skip

    @pytest.mark.parametrize(
        "change", [{"purpose": ""}, {"kind": "worship"}, {"kind": "registered", "secondary": True}]
    )
    def test_the_database_refuses_what_has_no_purpose_or_no_kind(self, person, change):
        values = {"kind": "living", "purpose": "service", "secondary": False} | change
        with pytest.raises(IntegrityError), transaction.atomic():
            Residence.objects.create(
                tenant_id=person.tenant_id, account_id=person.account_id, ends_on=NEXT_YEAR, source="self",
                declared_by="self", active=DateRange(TODAY, None), **values,
            )  # fmt: skip


class TestMove:
    def test_closes_the_former_row_and_keeps_its_answer_for_its_days(self, person):
        row = say(person, "living", A)
        later = TODAY + timedelta(days=40)

        residence.move(row, Whereabouts(B), from_day=later, ends_on=NEXT_YEAR, by=person, now=MONDAY_TEN)

        assert served(person, day=later - timedelta(days=1)).division == A
        assert served(person, day=later).division == B
        assert [e.verb for e in trail.of("residence", row)] == ["residence.declared", "residence.moved"]

    @pytest.mark.parametrize(
        ("verb", "given"),
        [
            ("move", {"where": Whereabouts(B), "from_day": NEXT_YEAR, "ends_on": NEXT_YEAR}),
            ("correct", {"where": Whereabouts(B)}), ("end", {"on": NEXT_YEAR}), ("remove", {}),
        ],
    )  # fmt: skip
    def test_whoever_changes_a_fact_waits_for_the_persons_other_page_before_anything_is_read(self, person, verb, given):
        row = say(person, "living", A)

        with CaptureQueriesContext(connection) as found:
            getattr(residence, verb)(row, **given, by=person, now=MONDAY_TEN)

        said = [q["sql"] for q in found]
        waits = next(n for n, sql in enumerate(said) if "pg_advisory" in sql and "'residence:" in sql)
        assert waits < next(n for n, sql in enumerate(said) if "FOR UPDATE" in sql)

    def test_a_correction_moves_nobody(self, person):
        row = say(person, "living", A, address="旧写法")

        residence.correct(row, Whereabouts(B), by=person, now=MONDAY_TEN)

        assert served(person).division == B
        assert sealed.sealed_fields([(TABLE, row)], tenant_id=person.tenant_id) == {(TABLE, row): ["division"]}

    def test_an_ended_row_answers_no_more(self, person):
        row = say(person, "living", A, since=date(2026, 2, 1))
        residence.end(row, on=TODAY, by=person, now=MONDAY_TEN)

        assert served(person).by == "not_known"

    def test_somebody_else_finds_nothing(self, person):
        row = say(person, "living", A)
        stranger = Actor(tenant_id=person.tenant_id, kind="resident", account_id=person.account_id + 1)
        known = {"by": stranger, "now": MONDAY_TEN}

        for act in (
            lambda: residence.move(row, Whereabouts(B), from_day=NEXT_YEAR, ends_on=NEXT_YEAR, **known),
            lambda: residence.correct(row, Whereabouts(B), **known),
            lambda: residence.end(row, on=NEXT_YEAR, **known),
            lambda: residence.remove(row, **known),
            lambda: residence.ask_roll(row, on=TODAY, **known),
        ):
            with pytest.raises(NotFound):
                act()
        assert served(person).division == A

    def test_another_community_cannot_take_or_end_the_row(self, person):
        row = say(person, "living", A)
        by = community(person.tenant_id, B)

        with scope.within(by):
            for act in (
                lambda: residence.correct(row, Whereabouts(B), by=by, now=MONDAY_TEN),
                lambda: residence.end(row, on=NEXT_YEAR, by=by, now=MONDAY_TEN),
            ):
                with pytest.raises(NotFound):
                    act()
        assert served(person).division == A


class TestServing:
    def test_each_purpose_follows_its_own_fact(self, person):
        say(person, "living", A)
        say(person, "registered", B)
        say(person, "collective", FAR)

        found = {p: served(person, p).division for p in PURPOSES}

        assert found == {
            "service": A, "offer": A, "proof": A, "self_government": B, "collective": FAR, "owner": "",
        }  # fmt: skip

    def test_a_rule_of_a_room_above_decides_where_the_table_lets_it(self, person):
        say(person, "living", A)
        say(person, "registered", B)

        assert served(person, "offer", follows="registered").division == B
        assert served(person, "proof", follows="registered").division == B
        with pytest.raises(Refused) as no:
            served(person, "service", follows="registered")
        assert no.value.code == "may_not_follow"

    def test_an_unknown_purpose_is_refused_by_name(self, person):
        with pytest.raises(Refused) as no:
            served(person, "score")
        assert no.value.code == "unknown_purpose"

    def test_the_grid_is_the_one_of_the_house_where_one_lives(self, housed):
        person = housed
        house = Building.objects.get(tenant_id=person.tenant_id, ref="c1-1")
        say(person, "living", A, building_id=house.id, address="302")

        assert served(person).grid == f"{A}001"
        assert served(person, "proof").grid == f"{A}001"

    def test_an_owner_follows_the_dwelling_and_nothing_else(self, housed):
        person = housed
        house = Building.objects.get(tenant_id=person.tenant_id, ref="c2-1")
        with scope.within(system(person.tenant_id)):
            rows = [(house.id, "302", 2, 3, "home")]
            dwelling = residence.add_dwellings(rows, active_from=TODAY, by=system(person.tenant_id), now=MONDAY_TEN)[0]
        say(person, "living", A)

        found = served(person, "owner", follows=f"dwelling:{dwelling}")

        assert (found.division, found.by) == (B, "dwelling")

    def test_the_election_is_where_registered_until_a_year_application_and_consent(self, person):
        """村民委员会组织法 13: one roll, never two."""
        long_ago = date(2024, 5, 1)
        row = say(person, "living", A, since=long_ago)
        say(person, "registered", B, since=long_ago)
        assert served(person, "self_government").division == B
        residence.ask_roll(row, on=date(2026, 1, 5), by=person, now=MONDAY_TEN)
        assert served(person, "self_government").division == B

        by = community(person.tenant_id)
        with scope.within(by):
            residence.note_consent(row, document_no="青溪〔2026〕3号", by=by, now=MONDAY_TEN)

        assert served(person, "self_government").division == A
        assert served(person, "self_government", day=date(2025, 4, 30)).division == B, "not yet a year"
        assert served(person, "self_government", day=date(2026, 1, 4)).division == B, "before the application"

    def test_the_year_and_the_consent_stay_within_a_community_and_end_with_it(self, person):
        row = say(person, "living", A, since=date(2024, 5, 1), address="一号楼")
        say(person, "registered", B, since=date(2024, 5, 1))
        residence.ask_roll(row, on=date(2026, 1, 5), by=person, now=MONDAY_TEN)
        by = community(person.tenant_id)
        with scope.within(by):
            residence.note_consent(row, document_no="青溪〔2026〕3号", by=by, now=MONDAY_TEN)

        days = {"ends_on": NEXT_YEAR, "by": person, "now": MONDAY_TEN}
        for n, house in enumerate(("二号楼", "三号楼")):
            row = residence.move(row, Whereabouts(A, house), from_day=TODAY + timedelta(days=n), **days)
        assert served(person, "self_government", TODAY + timedelta(days=1)).division == A

        residence.correct(row, Whereabouts(A, "四号楼"), by=person, now=MONDAY_TEN)
        assert served(person, "self_government", TODAY + timedelta(days=1)).division == A
        residence.correct(row, Whereabouts(FAR), by=person, now=MONDAY_TEN)
        kept = Residence.objects.get(id=row)
        assert (kept.roll_asked_on, kept.roll_consent_no, kept.here_since) == (None, "", None)
        assert served(person, "self_government", TODAY + timedelta(days=1)).division == B

    def test_consent_is_of_the_community_where_one_lives(self, person):
        row = say(person, "living", A)
        residence.ask_roll(row, on=TODAY, by=person, now=MONDAY_TEN)
        by = community(person.tenant_id, B)

        with scope.within(by), pytest.raises(NotAllowed):
            residence.note_consent(row, document_no="1", by=by, now=MONDAY_TEN)

    def test_each_opening_is_a_reading_that_the_person_can_see(self, person):
        row = say(person, "living", A)
        with scope.within(community(person.tenant_id)):
            served(person)

        mine = queries.own_residence_rows(person)
        read = accounts_known.readings_of_many(mine, after=None, limit=50)
        assert mine == [(TABLE, row)]
        assert read[0].actor == "staff:77" and "service" in read[0].reason
        assert {f for r in read for f in r.fields} <= {"division", "building"}

    def test_only_rows_that_the_purpose_follows_are_opened(self, person):
        say(person, "living", A)
        registered = say(person, "registered", B)
        before = len(accounts_known.readings_of_many([(TABLE, registered)], after=None, limit=50))

        served(person, "service")

        assert len(accounts_known.readings_of_many([(TABLE, registered)], after=None, limit=50)) == before

    def test_a_post_without_that_purpose_opens_nothing(self, person):
        say(person, "living", A)
        auditor = Actor(tenant_id=person.tenant_id, kind="staff", account_id=78, roles=frozenset({"auditor"}))

        with scope.within(auditor), pytest.raises(NotAllowed):
            served(person)

    def test_many_cost_as_many_statements_as_one(self, person, django_assert_max_num_queries):
        say(person, "living", A)
        say(person, "registered", B)
        served(person)
        asked = [Asking(person.account_id, p, TODAY + timedelta(days=n)) for n in range(20) for p in PURPOSES]

        with django_assert_max_num_queries(8):
            found = queries.serving_many(asked)

        assert len(found) == len(asked)

    def test_the_answer_does_not_depend_on_the_batch(self, person):
        say(person, "living", A)
        say(person, "collective", B)
        asked = [Asking(person.account_id, p, TODAY) for p in PURPOSES]

        assert queries.serving_many(asked) == [queries.serving_many([one])[0] for one in asked]


KINDS = st.lists(st.sampled_from(["living", "registered", "collective"]), unique=True)
FEW = 5 if settings.default.max_examples <= 50 else 500  # the nightly profile looks at more
EXAMPLES = settings(max_examples=FEW, suppress_health_check=[HealthCheck.function_scoped_fixture])


class TestWhateverIsSaid:
    @EXAMPLES
    @given(kinds=KINDS, places=st.tuples(*[st.sampled_from([A, B, FAR])] * 3), since=st.integers(0, 900))
    def test_each_purpose_has_exactly_one_answer_and_a_sentence(self, person, kinds, places, since):
        with transaction.atomic():
            said = dict(zip(kinds, places, strict=False))
            for kind, place in said.items():
                say(person, kind, place, since=TODAY - timedelta(days=since))
            for purpose in PURPOSES:
                found = served(person, purpose)
                follows = {"service": "living", "offer": "living", "proof": "living", "collective": "collective",
                           "self_government": "registered", "owner": None}[purpose]  # fmt: skip
                assert found.division == said.get(follows, "")
                assert (found.by == "not_known") == (follows not in said)
                assert found.reason.zh and found.reason.en
            transaction.set_rollback(True)

    @EXAMPLES
    @given(places=st.tuples(*[st.sampled_from([A, B, FAR])] * 3), since=st.integers(0, 900), on_roll=st.booleans())
    def test_removing_the_living_row_changes_only_what_follows_living(self, person, places, since, on_roll):
        with transaction.atomic():
            rows = {
                kind: say(person, kind, place, since=TODAY - timedelta(days=since))
                for kind, place in zip(("living", "registered", "collective"), places, strict=True)
            }
            if on_roll:
                asked = TODAY - timedelta(days=1)
                Residence.objects.filter(id=rows["living"]).update(roll_asked_on=asked, roll_consent_no="1")
            before = {p: served(person, p) for p in PURPOSES}
            residence.remove(rows["living"], by=person, now=MONDAY_TEN)
            after = {p: served(person, p) for p in PURPOSES}

            changed = {p for p in PURPOSES if before[p] != after[p]}
            assert changed == {p for p in PURPOSES if before[p].by == "living"}
            assert all(after[p].by == "not_known" for p in changed - {"self_government"})
            transaction.set_rollback(True)


class TestRetention:
    def test_removes_a_planted_row_from_tables_index_and_exports_and_keeps_the_count(self, person):
        row = say(person, "living", A, address="翠竹苑1号楼302", ends_on=date(2026, 3, 31))
        say(person, "registered", B)
        late = MONDAY_TEN + timedelta(days=30)
        night = clock(person.tenant_id, "retention")

        with scope.within(night):
            assert residence.remove_due(by=night, now=MONDAY_TEN) == 0
            assert residence.remove_due(by=night, now=late) == 1
            assert residence.remove_due(by=night, now=late) == 0

        assert not Residence.objects.filter(id=row).exists()
        assert sealed.sealed_fields([(TABLE, row)], tenant_id=person.tenant_id) == {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM foundation_searchhash WHERE owner_table = %s AND owner_row = %s", [TABLE, row]
            )
            assert cursor.fetchone() == (0,)
        assert queries.own_residence_rows(person) == [(TABLE, Residence.objects.get().id)]
        gone = list(Entry.objects.filter(verb="residence.retention"))
        assert [e.codes["gone"] for e in gone] == [{"living": 1, "registered": 0, "collective": 0}]
        assert served(person, day=TODAY + timedelta(days=40)).by == "not_known"

    def test_removes_what_is_kept_of_somebody_whose_account_is_closed(self, person):
        rows = [say(person, "living", A, address="302"), say(person, "registered", B)]
        night = clock(person.tenant_id, "retention")
        with scope.within(system(person.tenant_id)):
            get_user_model().objects.filter(id=person.account_id).update(is_active=False)

        with scope.within(night):
            assert residence.remove_due(by=night, now=MONDAY_TEN) == 2

        assert not Residence.objects.filter(id__in=rows).exists()
        assert sealed.sealed_fields([(TABLE, r) for r in rows], tenant_id=person.tenant_id) == {}

    def test_is_the_platforms_own_work(self, person):
        with pytest.raises(NotAllowed):
            residence.remove_due(by=person, now=MONDAY_TEN)

    def test_what_a_person_takes_back_is_gone_at_once(self, person):
        row = say(person, "living", A, address="302")

        residence.remove(row, by=person, now=MONDAY_TEN)

        assert not Residence.objects.exists()
        assert sealed.sealed_fields([(TABLE, row)], tenant_id=person.tenant_id) == {}


class TestServedHereBelongsThere:
    def test_counts_pairs_and_follows_every_change(self, person):
        row = say(person, "living", A)
        say(person, "registered", B)
        say(person, "collective", B)
        assert pairs() == {(A, B, "registered"): 1, (A, B, "collective"): 1}

        moved = residence.move(
            row, Whereabouts(B), from_day=TODAY + timedelta(days=1), ends_on=NEXT_YEAR, by=person, now=MONDAY_TEN
        )
        assert Residence.objects.get(id=moved).active.lower > TODAY
        assert pairs() == {(A, B, "registered"): 1, (A, B, "collective"): 1}, "still lives there today"

        tomorrow = {(B, B, "registered"): 1, (B, B, "collective"): 1}
        assert pairs(TODAY + timedelta(days=1)) == tomorrow
        night = clock(person.tenant_id, "retention")
        with scope.within(night):
            residence.remove_due(by=night, now=MONDAY_TEN + timedelta(days=1))
        assert pairs(TODAY + timedelta(days=1)) == tomorrow
        assert set(ResidencePair.objects.values_list("from_day", "people")) == {(SETTLED, 1)}, "no day is kept"

        residence.remove(moved, by=person, now=MONDAY_TEN + timedelta(days=1))
        assert pairs(TODAY + timedelta(days=1)) == {}

    def test_the_end_of_a_fact_said_ahead_is_counted_on_its_day_and_may_be_taken_back(self, person):
        say(person, "living", A, since=TODAY + timedelta(days=3))
        row = say(person, "registered", B)
        on = TODAY + timedelta(days=9)
        residence.end(row, on=on, by=person, now=MONDAY_TEN)

        told = [pairs(TODAY + timedelta(days=n)) for n in (2, 3, 8, 9)]
        assert told == [{}, {(A, B, "registered"): 1}, {(A, B, "registered"): 1}, {}]

        residence.remove(row, by=person, now=MONDAY_TEN)
        assert not ResidencePair.objects.exists()

    def test_a_row_of_counts_names_nobody(self):
        assert {f.name for f in ResidencePair._meta.fields} == {
            "id", "tenant", "version", "lives_in", "belongs_to", "kind", "ends_on", "from_day", "people",
        }  # fmt: skip


def pairs(day=TODAY):
    found = Counter()
    for r in ResidencePair.objects.filter(from_day__lte=day, ends_on__gte=day):
        found[(r.lives_in, r.belongs_to, r.kind)] += r.people
    return {pair: people for pair, people in found.items() if people}


class TestTheTable:
    def test_says_of_each_purpose_its_source_its_day_and_how_far_it_was_checked(self):
        rules = serving_rules.load()

        assert rules.purposes == PURPOSES
        for rule in rules.rules.values():
            assert rule.source and rule.sentence.zh and rule.sentence.en and rule.verified in "LST"

    def test_the_village_rule_is_the_statutes(self):
        rule = serving_rules.load().of("self_government", "village")

        assert (rule.source, rule.living_days, rule.verified) == ("村民委员会组织法 13", 365, "L")
        assert rule.valid_from == date(2010, 10, 28)
