"""Who serves whom, for what, on which day (spec 20 §3.4; §13, line 15)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts_known
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, Refused
from jishi.places import queries, serving_rules
from jishi.places.actions import residence
from jishi.places.actions.residence import Whereabouts
from jishi.places.models import Building, Residence
from jishi.places.queries import Asking
from jishi.places.tests.factories import A, B
from jishi.places.tests.residence_steps import (
    FAR,
    NEXT_YEAR,
    PURPOSES,
    TABLE,
    TODAY,
    community,
    say,
    served,
)


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

    def test_a_resident_asks_about_herself_and_who_is_not_signed_in_about_nobody(self, person):
        say(person, "living", A)
        before = len(accounts_known.readings_of_many(queries.own_residence_rows(person)))
        strangers = (replace(person, account_id=person.account_id + 1), *(
            Actor(tenant_id=person.tenant_id, kind=kind, report_id=1) for kind in ("reporter", "anonymous", "client")
        ))  # fmt: skip
        for stranger in strangers:
            with scope.within(stranger), pytest.raises(NotAllowed):
                served(person)
        assert len(accounts_known.readings_of_many(queries.own_residence_rows(person))) == before

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
