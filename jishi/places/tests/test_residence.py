"""Living, registration and membership of a collective are three facts (spec 20 §3.4; §13, lines 15, 16, 19)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN
from jishi.foundation import scope, sealed, trail
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.models import Entry
from jishi.foundation.refusals import NotAllowed, NotFound, Refused
from jishi.places import pairs as counts
from jishi.places import queries
from jishi.places.actions import residence
from jishi.places.actions.residence import Whereabouts
from jishi.places.models import Residence
from jishi.places.tests.factories import A, B
from jishi.places.tests.residence_steps import (
    NEXT_YEAR,
    TABLE,
    TODAY,
    community,
    say,
    served,
    stored,
)


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
        assert [pairs(TODAY + timedelta(days=n)) for n in (2, 3, 8, 9)] == [{}] * 4


def pairs(day=TODAY):
    return dict(counts.counted(by=scope.current().actor, now=MONDAY_TEN, day=day))
