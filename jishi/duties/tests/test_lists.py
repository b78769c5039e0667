import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import an_actor
from jishi.bodies.actions import bodies
from jishi.duties import findings, queries
from jishi.duties.actions import codebook, founding, golden, lists, objections
from jishi.duties.actions.golden import NewGolden
from jishi.duties.models import DutyItem, DutyList
from jishi.duties.refusals import (
    AlreadyObjected,
    ConsultationRuns,
    DayHasCome,
    DocumentNumberMissing,
    FileRefused,
    HasBlockers,
    ItemsRefused,
    Overlaps,
    TooSoon,
    UnansweredObjections,
    UnknownHolder,
)
from jishi.duties.sheet import NewItem, to_xlsx
from jishi.duties.tests.factories import BOOK, HOLDER, ITEMS, a_draft, a_stage, as_csv, facts_of
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.models import News
from jishi.foundation.refusals import NotAllowed, NotFound, Stale, WrongMoment
from jishi.kernels import dutylist

AFTER = MONDAY_TEN + timedelta(days=10)  # more than five working days later
JUNE = date(2026, 6, 1)
RIVAL = NewItem("收回-009", "taken_back", "雨水井另一家", ("01.02",), None, "cgj", "市城管局", "也负责")


@pytest.fixture
def stage(tenant):
    return a_stage(tenant)


def row_of(stage, list_id):
    with scope.work(stage.keeper):
        return DutyList.objects.get(id=list_id)


def a_list_at(stage, state, **given):
    """Reach a state by living it."""
    list_id = a_draft(stage, **given)
    steps = [
        ("checked", lambda: lists.check(list_id, by=stage.keeper, now=MONDAY_TEN)),
        ("consulting", lambda: lists.consult(list_id, by=stage.keeper, now=MONDAY_TEN)),
        ("adopted", lambda: lists.adopt(list_id, document_no="云办〔2026〕2号", by=stage.authority, now=AFTER)),
        ("published", lambda: lists.publish(list_id, by=stage.keeper, now=AFTER)),
    ]
    for name, step in steps if state != "draft" else []:
        with scope.work(stage.authority if name == "adopted" else stage.keeper):
            step()
        if name == state:
            break
    return list_id


class TestLife:
    def test_leads_from_draft_to_the_day_of_the_next_edition_and_is_all_in_the_trail(self, tenant, stage):
        list_id = a_list_at(stage, "published")
        with scope.work(system(tenant)):
            ended = lists.supersede_due(by=system(tenant), now=AFTER.replace(month=6, day=2))

        first, second = row_of(stage, stage.list_id), row_of(stage, list_id)
        assert ended == [stage.list_id]
        assert (first.state, first.effective.upper) == ("superseded", JUNE)
        assert (second.state, second.edition, second.document_no) == ("published", 2, "云办〔2026〕2号")
        with scope.work(stage.keeper):
            said = [e.verb.removeprefix("duty_list.") for e in trail.of("duty_list", list_id)]
            news = set(News.objects.filter(subject_kind="duty_list", subject_id=list_id).values_list("name", flat=True))
        assert said == ["drafted", "checked", "consulted", "adopted", "published"]
        assert news == {"DutyListOutForConsultation", "DutyListPublished"}

    def test_decides_by_the_new_edition_from_its_day_on(self, stage):
        a_list_at(stage, "published", items=[replace(ITEMS[2], lead_body="cgj", superior_dept="市城管局"), *ITEMS[3:]])

        with scope.work(stage.keeper):
            may, june = (queries.decide([facts_of("01.02.01")], day=d)[0] for d in (date(2026, 5, 31), JUNE))

        assert (may.body_id, may.item.edition) == (stage.bodies["swj"], 1)
        assert (june.body_id, june.item.edition) == (stage.bodies["cgj"], 2)

    @pytest.mark.parametrize("state", ["draft", "checked", "consulting", "adopted", "published"])
    def test_lets_nothing_be_done_at_the_wrong_moment(self, stage, state):
        list_id = a_list_at(stage, state)
        open_verbs = {
            "draft": {"edit", "check"}, "checked": {"edit", "check", "consult"}, "consulting": {"adopt", "rework"},
            "adopted": {"publish"}, "published": {"take_back"},
        }[state]  # fmt: skip
        every = {
            "edit": lambda by: lists.edit(list_id, drop=["基本-001"], seen_version=0, by=by, now=AFTER),
            "consult": lambda by: lists.consult(list_id, by=by, now=AFTER),
            "adopt": lambda by: lists.adopt(list_id, document_no="x", by=by, now=AFTER),
            "rework": lambda by: lists.rework(list_id, reasons="x", by=by, now=AFTER),
            "publish": lambda by: lists.publish(list_id, by=by, now=AFTER),
            "take_back": lambda by: lists.take_back(list_id, reasons="x", by=by, now=AFTER),
            "check": lambda by: lists.check(list_id, by=by, now=AFTER),
        }
        for verb in sorted(set(every) - open_verbs):
            by = stage.authority if verb in ("adopt", "take_back") else stage.keeper
            before = row_of(stage, list_id).version
            with scope.work(by), pytest.raises(WrongMoment), transaction.atomic():
                every[verb](by)
            assert row_of(stage, list_id).version == before

    def test_is_refused_to_a_handler_at_every_step(self, tenant, stage):
        list_id = a_draft(stage)
        by = an_actor(tenant, "handler", body_id=stage.bodies["swj"])

        for verb in (lists.check, lists.consult, lists.publish):
            with scope.work(by), pytest.raises(NotAllowed):
                verb(list_id, by=by, now=MONDAY_TEN)
        with scope.work(by), pytest.raises(NotAllowed):
            lists.draft(HOLDER, title="x", effective_from=JUNE, items=ITEMS, by=by, now=MONDAY_TEN)

    def test_of_another_towns_list_is_nobodys_business_here(self, stage, other_tenant):
        theirs = a_stage(other_tenant)

        with scope.work(stage.keeper), pytest.raises(NotFound):
            lists.check(theirs.list_id, by=stage.keeper, now=MONDAY_TEN)


class TestDrafting:
    def test_from_a_file_is_what_the_file_says(self, stage):
        with scope.work(stage.keeper):
            list_id = lists.draft_file(
                to_xlsx(ITEMS, title="清单"),
                holder=HOLDER,
                title="第二版",
                effective_from=JUNE,
                by=stage.keeper,
                now=MONDAY_TEN,
            )
            assert lists.items_of(DutyList.objects.get(id=list_id)) == list(ITEMS)

    def test_from_a_file_with_a_fault_takes_nothing(self, stage):
        wrong = as_csv([*ITEMS, replace(ITEMS[0], number="基本-003", name="x", matters=("88",))])

        with scope.work(stage.keeper), pytest.raises(FileRefused) as no, transaction.atomic():
            lists.draft_file(
                wrong.encode(), holder=HOLDER, title="第二版", effective_from=JUNE, by=stage.keeper, now=MONDAY_TEN
            )

        assert [(f["row"], f["column"], f["detail"]) for f in no.value.facts["faults"]] == [(8, "事项代码", "88")]
        with scope.work(stage.keeper):
            assert DutyList.objects.filter(holder=HOLDER).count() == 1

    def test_as_a_copy_keeps_every_item(self, stage):
        with scope.work(stage.keeper):
            list_id = lists.draft_copy(
                stage.list_id, title="第二版", effective_from=JUNE, by=stage.keeper, now=MONDAY_TEN
            )
            found = DutyList.objects.get(id=list_id)

            assert (found.edition, lists.items_of(found)) == (2, list(ITEMS))

    def test_for_nobody_is_refused(self, stage):
        for holder in ("nobody", "streets:99", "kings:990181000000"):
            with scope.work(stage.keeper), pytest.raises(UnknownHolder), transaction.atomic():
                lists.draft(holder, title="x", effective_from=JUNE, items=ITEMS, by=stage.keeper, now=MONDAY_TEN)

    def test_with_an_item_that_cannot_be_is_refused_and_names_it(self, stage):
        bad = replace(ITEMS[0], number="基本-777", name="x", condition={"fact": "mood", "op": "is", "value": "good"})

        with scope.work(stage.keeper), pytest.raises(ItemsRefused) as no:
            lists.draft(HOLDER, title="x", effective_from=JUNE, items=[*ITEMS, bad], by=stage.keeper, now=MONDAY_TEN)

        assert [(f["number"], f["column"]) for f in no.value.facts["faults"]] == [("基本-777", "条件")]


class TestEditing:
    def test_puts_in_takes_out_and_is_a_draft_again(self, stage):
        list_id = a_list_at(stage, "checked")
        row = row_of(stage, list_id)
        changed = replace(ITEMS[0], name="雨水口每月清掏")

        with scope.work(stage.keeper):
            lists.edit(
                list_id, put=[changed], drop=["配合-002"], seen_version=row.version, by=stage.keeper, now=MONDAY_TEN
            )

        with scope.work(stage.keeper):
            found = DutyList.objects.get(id=list_id)
            assert (found.state, found.findings) == ("draft", [])
            assert lists.items_of(found) == [changed, *ITEMS[1:5]]

    def test_over_somebody_elses_save_is_refused(self, stage):
        list_id = a_draft(stage)

        with scope.work(stage.keeper), pytest.raises(Stale):
            lists.edit(list_id, drop=["配合-002"], seen_version=99, by=stage.keeper, now=MONDAY_TEN)


class TestChecking:
    def found(self, stage, items, **given):
        list_id = a_draft(stage, items=items, **given)
        with scope.work(stage.keeper):
            return lists.check(list_id, by=stage.keeper, now=MONDAY_TEN)

    def test_of_a_sound_list_finds_no_blocker_and_keeps_its_warnings(self, stage):
        list_id = a_list_at(stage, "checked")

        found = row_of(stage, list_id).findings

        assert {f["severity"] for f in found} == {"warning"}
        assert {"no_legal_basis", "not_covered"} <= {f["code"] for f in found} | {"not_covered"}

    def test_names_two_best_items_with_different_leads_by_facts_that_are_contested(self, stage):
        found = self.found(stage, [*ITEMS, RIVAL])

        (finding,) = [f for f in found if f["code"] == "different_leads"]
        assert (finding["severity"], sorted(finding["items"])) == ("blocker", ["收回-009", "配合-001"])
        assert finding["witness"]["matter"]["value"].startswith("01.02")

    def test_names_a_golden_dispatch_that_the_list_breaks(self, tenant, stage):
        with scope.work(stage.keeper):
            golden.add_many([a_golden()], by=stage.keeper, now=MONDAY_TEN)

        kept = self.found(stage, ITEMS)
        broken = self.found(stage, [i for i in ITEMS if i.number != "配合-001"])

        assert [f for f in kept if f["code"] == "golden_fails"] == []
        (finding,) = [f for f in broken if f["code"] == "golden_fails"]
        assert finding["severity"] == "blocker" and "G001" in finding["detail"]

    def test_names_a_body_that_ends_during_the_period(self, tenant, stage):
        with scope.work(system(tenant)):
            bodies.end(stage.bodies["cgj"], on=date(2026, 12, 1), by=system(tenant), now=MONDAY_TEN)

        found = self.found(stage, ITEMS)

        assert {n for f in found if f["code"] == "body_ends_earlier" for n in f["items"]} == {"收回-001", "配合-002"}

    def test_names_a_retired_matter_and_what_it_became(self, tenant, stage):
        again = [
            replace(m, becomes={"codes": ["01.02.03"], "rule": "all"}) if m.code == "01.02.01" else m for m in BOOK
        ]
        with scope.work(system(tenant)):
            codebook.adopt_book(
                again, number=2, effective_from=date(2026, 5, 1), source="x", by=system(tenant), now=MONDAY_TEN
            )

        found = self.found(stage, ITEMS)

        (finding,) = [f for f in found if f["code"] == "matter_retired"]
        assert (finding["items"], finding["detail"]) == (["基本-001"], "01.02.01 → 01.02.03")

    def test_names_matters_that_no_item_covers(self, stage):
        found = self.found(stage, ITEMS[:1])

        assert "02.01.04 邻里漏水（2/2）" in [f["detail"] for f in found if f["code"] == "not_covered"]


class TestZones:
    LEVEE = {"fact": "place", "op": "in_zone", "value": "levee"}

    def register(self, stage):
        from jishi.places.actions import ground

        by = system(stage.tenant_id)
        drawn = ((118.0, 30.0), (118.1, 30.0), (118.1, 30.1), (118.0, 30.1), (118.0, 30.0))
        with scope.work(by):
            ground.add_zones(
                [ground.NewZone("levee", "堤防管理线", drawn)], crs="cgcs2000", active_from=date(2025, 1, 1), by=by,
                now=MONDAY_TEN,
            )  # fmt: skip

    def test_that_no_register_knows_are_refused_when_the_line_is_written(self, stage):
        with pytest.raises(ItemsRefused) as no:
            a_draft(stage, items=[replace(ITEMS[0], condition=self.LEVEE)])

        assert "levee" in no.value.facts["faults"][0]["zh"]

    def test_of_the_register_may_be_named(self, stage):
        self.register(stage)

        list_id = a_draft(stage, items=[replace(ITEMS[0], condition=self.LEVEE)])

        with scope.work(stage.keeper):
            assert findings.Draft(DutyList.objects.get(id=list_id)).words.zones == {"levee": ()}

    def test_that_end_during_the_period_block_the_list(self, stage):
        self.register(stage)
        list_id = a_draft(stage, items=[replace(ITEMS[0], condition=self.LEVEE)])
        with scope.work(stage.keeper), connection.cursor() as cursor:  # places has no verb that ends a zone yet
            cursor.execute("UPDATE places_zone SET active_to = '2026-12-31'")

        with scope.work(stage.keeper):
            found = lists.check(list_id, by=stage.keeper, now=MONDAY_TEN)

        assert ("zone_ends_earlier", "blocker") in {(f["code"], f["severity"]) for f in found}


def a_golden(ref="G001", outcome="named_with_assist", items=("配合-001",)):
    facts = {"matter": "01.02.01", "place": {"division": "990181001001", "kinds": ["compound"], "exact": True}}
    return NewGolden(
        ref, facts, {"outcome": "ask"} if outcome == "ask" else {"items": list(items)} | {"outcome": outcome}, "为什么"
    )


class TestConsulting:
    def test_with_blockers_is_refused_and_gives_them(self, stage):
        list_id = a_list_at(stage, "checked", items=[*ITEMS, RIVAL])

        with scope.work(stage.keeper), pytest.raises(HasBlockers) as no:
            lists.consult(list_id, by=stage.keeper, now=MONDAY_TEN)

        assert [f["code"] for f in no.value.facts["findings"]] == ["different_leads"]

    def test_lets_a_named_department_object_once_per_item_and_waits_for_every_answer(self, tenant, stage):
        list_id = a_list_at(stage, "consulting")
        water = an_actor(tenant, "handler", body_id=stage.bodies["swj"], post_id=21)
        with scope.work(water):
            made = objections.make(list_id, "配合-001", reasons="管网不归我们", by=water, now=MONDAY_TEN)
        with scope.work(water), pytest.raises(AlreadyObjected):
            objections.make(list_id, "配合-001", reasons="还是不归", by=water, now=MONDAY_TEN)
        with scope.work(stage.authority), pytest.raises(UnansweredObjections, match="配合-001"):
            lists.adopt(list_id, document_no="2号", by=stage.authority, now=AFTER)

        with scope.work(stage.keeper):
            objections.answer(made, words="移交协议第三条已移交", by=stage.keeper, now=AFTER)
        with scope.work(stage.authority):
            lists.adopt(list_id, document_no="2号", by=stage.authority, now=AFTER)

        assert row_of(stage, list_id).state == "adopted"

    def test_does_not_let_a_body_object_to_what_does_not_name_it(self, tenant, stage):
        list_id = a_list_at(stage, "consulting")
        water = an_actor(tenant, "handler", body_id=stage.bodies["swj"], post_id=21)

        with scope.work(water), pytest.raises(NotAllowed):
            objections.make(list_id, "收回-001", reasons="x", by=water, now=MONDAY_TEN)


class TestAdopting:
    def test_before_five_working_days_is_refused(self, stage):
        list_id = a_list_at(stage, "consulting")

        with scope.work(stage.authority), pytest.raises(ConsultationRuns):
            lists.adopt(list_id, document_no="2号", by=stage.authority, now=MONDAY_TEN + timedelta(days=4))

    def test_by_the_drafter_is_refused_whatever_post_is_held(self, tenant, stage):
        list_id = a_list_at(stage, "consulting")
        same = replace(stage.keeper, post_id=99, roles=frozenset({"ruler"}))

        with scope.work(same), pytest.raises(NotAllowed):
            lists.adopt(list_id, document_no="2号", by=same, now=AFTER)

    def test_without_a_document_number_is_refused(self, stage):
        list_id = a_list_at(stage, "consulting")

        with scope.work(stage.authority), pytest.raises(DocumentNumberMissing):
            lists.adopt(list_id, document_no=" ", by=stage.authority, now=AFTER)

    def test_is_checked_again_so_that_what_broke_during_the_consultation_is_refused_by_name(self, stage):
        list_id = a_list_at(stage, "consulting", items=[i for i in ITEMS if i.number != "配合-001"])
        with scope.work(stage.keeper):
            golden.add_many([a_golden()], by=stage.keeper, now=MONDAY_TEN)

        with scope.work(stage.authority), pytest.raises(HasBlockers) as no:
            lists.adopt(list_id, document_no="2号", by=stage.authority, now=AFTER)

        assert [f["golden"] for f in no.value.facts["findings"]] == ["G001"]
        assert row_of(stage, list_id).state == "consulting"


class TestPublishing:
    def test_that_breaks_one_golden_dispatch_is_refused_and_names_it(self, stage):
        list_id = a_list_at(stage, "adopted", items=[i for i in ITEMS if i.number != "配合-001"])
        with scope.work(stage.keeper):
            golden.add_many([a_golden()], by=stage.keeper, now=AFTER)

        with scope.work(stage.keeper), pytest.raises(HasBlockers) as no:
            lists.publish(list_id, by=stage.keeper, now=AFTER)

        assert [f["golden"] for f in no.value.facts["findings"]] == ["G001"]
        assert row_of(stage, list_id).state == "adopted"

    def test_is_free_again_when_the_golden_dispatch_is_retired_with_a_reason(self, stage):
        list_id = a_list_at(stage, "adopted", items=[i for i in ITEMS if i.number != "配合-001"])
        with scope.work(stage.keeper):
            golden.add_many([a_golden()], by=stage.keeper, now=AFTER)
            golden.retire("G001", because="职责已调整", by=stage.keeper, now=AFTER)

        with scope.work(stage.keeper):
            lists.publish(list_id, by=stage.keeper, now=AFTER)

        assert row_of(stage, list_id).state == "published"

    def test_for_today_is_refused_to_everybody_who_does_not_found_the_town(self, stage):
        list_id = a_list_at(stage, "adopted", from_day=date(2026, 3, 19))

        with scope.work(stage.keeper), pytest.raises(TooSoon):
            lists.publish(list_id, by=stage.keeper, now=AFTER)

    def test_beside_another_edition_is_refused_and_names_both(self, stage):
        a_list_at(stage, "published")
        earlier = a_list_at(stage, "adopted", from_day=date(2026, 5, 1))

        with scope.work(stage.keeper), pytest.raises(Overlaps) as no:
            lists.publish(earlier, by=stage.keeper, now=AFTER)

        assert "#2" in no.value.sentence("zh") and "#3" in no.value.sentence("zh")

    def test_of_two_editions_at_one_time_is_impossible_even_around_the_orm(self, stage):
        list_id = a_list_at(stage, "adopted")

        with (
            scope.work(stage.keeper),
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE duties_dutylist SET state = 'published' WHERE id = %s", [list_id])

    def test_makes_a_whole_list_in_a_number_of_statements_that_does_not_grow(
        self, stage, django_assert_max_num_queries
    ):
        list_id = a_list_at(stage, "adopted")

        with scope.work(stage.keeper), django_assert_max_num_queries(25):
            lists.publish(list_id, by=stage.keeper, now=AFTER)


class TestTakingBack:
    def test_before_its_day_lets_the_former_edition_last_on(self, stage):
        list_id = a_list_at(stage, "published")

        with scope.work(stage.authority):
            lists.take_back(list_id, reasons="第 3 条有误", by=stage.authority, now=AFTER)

        assert row_of(stage, list_id).state == "adopted"
        assert row_of(stage, stage.list_id).effective.upper is None

    def test_on_its_day_is_refused(self, stage):
        list_id = a_list_at(stage, "published")

        with scope.work(stage.authority), pytest.raises(DayHasCome):
            lists.take_back(list_id, reasons="x", by=stage.authority, now=MONDAY_TEN.replace(month=6, day=1))


class TestFounding:
    def test_publishes_with_a_past_day_and_excuses_contested_leads_by_name(self, tenant):
        stage = a_stage(tenant, items=[*ITEMS, RIVAL])

        row = row_of(stage, stage.list_id)

        (finding,) = [f for f in row.findings if f["code"] == "different_leads"]
        assert (row.state, row.effective.lower, finding["excused"]) == ("published", date(2025, 1, 1), "founding")
        with scope.work(stage.keeper):
            entry = trail.of("duty_list", stage.list_id)[-1]
        assert sorted(entry.codes["excused"]) == ["收回-009", "配合-001"]

    def test_excuses_nothing_else(self, tenant):
        wrong = [*ITEMS, replace(RIVAL, matters=("02.01.04",), lead_body="$street", priority=10)]

        with pytest.raises(FileRefused), transaction.atomic():
            a_stage(tenant, items=wrong)

    def test_is_the_systems_alone_and_once_per_holder(self, tenant, stage):
        args = {"title": "x", "holder": HOLDER, "effective_from": JUNE, "document_no": "1", "now": MONDAY_TEN}

        for by in (stage.keeper, system(tenant)):
            with scope.work(by), pytest.raises(NotAllowed), transaction.atomic():
                founding.load_lists(as_csv(ITEMS), by=by, **args)

    def test_a_new_fallback_ends_the_one_before(self, tenant, stage):
        by = system(tenant)
        with scope.work(by):
            founding.set_fallback("990181000000", stage.bodies["lajd"], from_day=JUNE, by=by, now=MONDAY_TEN)

        with scope.work(by):
            before, after = (queries.law(d).editions.coordinators["990181000000"] for d in (date(2026, 5, 31), JUNE))
        assert (before, after) == ("sqzx", "lajd")

    def test_a_fallback_before_one_that_stands_is_refused(self, tenant, stage):
        by = system(tenant)

        with scope.work(by), pytest.raises(Overlaps):
            founding.set_fallback(
                "990181000000", stage.bodies["lajd"], from_day=date(2025, 1, 1), by=by, now=MONDAY_TEN
            )


def test_items_of_a_published_edition_are_what_the_kernel_decides_by(stage):
    with scope.work(stage.keeper):
        rows = DutyItem.objects.filter(list_id=stage.list_id)
        law = queries.law(date(2026, 3, 9))
        assert {i.number for i in law.editions.items} == {r.number for r in rows}
        assert isinstance(law.editions.items[0], dutylist.Item)
        assert io.BytesIO(to_xlsx(lists.items_of(DutyList.objects.get(id=stage.list_id)), title="x")).read(2) == b"PK"
