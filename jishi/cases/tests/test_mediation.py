"""Mediation: every row of its table, whose consent it needs, who never mediates, and what stays closed (10 §11)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import localdate

from jishi.cases.actions import disputes, handling, mediation, mediators, papers, recusing, sweeping
from jishi.cases.models import Clock, Mediation, MediationParty, Message, Sitting
from jishi.cases.refusals import GroundNeeded, StillRunning
from jishi.cases.states import MEDIATION, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import mediation_steps as m
from jishi.foundation import protect, scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.models import SealedValue
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused, Stale, WrongMoment

LATER = m.AT + timedelta(hours=1)
Perform = Callable[[Mediation, Actor], Any]


def _do(verb: Callable[..., Any], **given: Any) -> Perform:
    def perform(row: Mediation, actor: Actor) -> Any:
        late = {k: v(row) if callable(v) else v for k, v in given.items()}
        return f.do(actor, verb, row.id, now=LATER, **late)

    return perform


def _first(row: Mediation) -> Actor:
    return m.parties(row)[0]


def _second(row: Mediation) -> Actor:
    return m.parties(row)[1]


def _chair(row: Mediation) -> Actor:
    return m.chair(row.tenant_id)


def _lead(row: Mediation) -> Actor:
    return f.handler_of(f.again(row.tenant_id, row.case_id))


def _the_clock(row: Mediation) -> Actor:
    return f.the_clock(row.tenant_id)


def _one(verb: Callable[..., Any], **given: Any) -> Callable[[Mediation], Any]:
    """Let the first party say it before."""
    return lambda row: f.do(_first(row), verb, row.id, now=LATER, **given)


def _write(row: Mediation) -> None:
    m.write(row, LATER)


def _write_and_one(row: Mediation) -> None:
    m.write(row, LATER)
    f.do(_first(row), mediation.agree, row.id, now=LATER)


def _recuse(row: Mediation) -> None:
    f.do(_first(row), mediation.recuse, row.id, ground="kin", now=LATER)


def _sat(row: Mediation) -> mediation.Sat:
    return mediation.Sat(LATER, "社区议事厅", [p.party_id or 0 for p in m.parties(row)], m.NOTES)


def _draft(row: Mediation) -> mediation.Draft:
    return mediation.Draft(m.TERMS, [localdate(LATER) + timedelta(days=7)])


@dataclass(frozen=True)
class Way:
    """One row: from where, by whom, how, to where; `before`: what makes it the moment; `wrong`: who must not."""

    verb: str
    start: str
    right: Callable[[Mediation], Actor]
    perform: Perform
    end: str
    entry: str
    before: Callable[[Mediation], Any] | None = None
    wrong: Callable[[Mediation], Actor] = _lead


OTHER_CHAIR: dict[str, Any] = {"mediator_id": lambda row: m.line_of(row.tenant_id, "tiaojie2").id}
PARTY_LINK: dict[str, Any] = {"party_id": lambda row: m.parties(row)[1].party_id}
WAYS = [
    Way("mediation.note_consent", "PROPOSED", _first, _do(mediation.consent), "PROPOSED", "mediation.consented"),
    Way("mediation.consent", "PROPOSED", _second, _do(mediation.consent), "SITTING", "mediation.begun",
        _one(mediation.consent)),
    Way("mediation.recuse", "PROPOSED", _second, _do(mediation.recuse, ground="kin"), "PROPOSED", "mediation.recused"),
    Way("mediation.name_mediator", "PROPOSED", _lead, _do(mediation.name_mediator, **OTHER_CHAIR), "PROPOSED",
        "mediation.mediator_named", _recuse, wrong=_first),
    Way("mediation.give_link", "PROPOSED", _chair, _do(mediation.give_link, **PARTY_LINK), "PROPOSED",
        "mediation.link_given", wrong=_first),
    Way("mediation.note_prolong", "SITTING", _first, _do(mediation.prolong, days=10), "SITTING",
        "mediation.longer_asked", wrong=_chair),
    Way("mediation.prolong", "SITTING", _second, _do(mediation.prolong, days=10), "SITTING", "mediation.prolonged",
        _one(mediation.prolong, days=10), wrong=_chair),
    Way("mediation.note_sitting", "SITTING", _chair, _do(mediation.note_sitting, sat=_sat), "SITTING",
        "mediation.sat", wrong=_first),
    Way("mediation.draft", "SITTING", _chair, _do(mediation.draft, draft=_draft), "SITTING", "mediation.drafted",
        wrong=_first),
    Way("mediation.note_agree", "SITTING", _first, _do(mediation.agree), "SITTING", "mediation.terms_accepted", _write,
        wrong=_chair),
    Way("mediation.agree", "SITTING", _second, _do(mediation.agree), "AGREED", "mediation.agreed", _write_and_one,
        wrong=_chair),
    Way("mediation.leave", "SITTING", _second, _do(mediation.leave), "ENDED", "mediation.ended"),
    Way("mediation.leave", "PROPOSED", _the_clock, _do(mediation.leave), "ENDED", "mediation.ended"),
    Way("mediation.note_performed", "AGREED", _first, _do(mediation.confirm_performed), "AGREED", "mediation.kept",
        wrong=_chair),
    Way("mediation.confirm_performed", "AGREED", _second, _do(mediation.confirm_performed), "PERFORMED",
        "mediation.performed", _one(mediation.confirm_performed), wrong=_chair),
    Way("mediation.report_broken", "AGREED", _second, _do(mediation.report_broken), "BROKEN", "mediation.broken",
        wrong=_chair),
    Way("mediation.remind", "AGREED", _the_clock, _do(mediation.remind), "AGREED", "mediation.day_came"),
]  # fmt: skip


def test_every_row_of_the_table_has_its_way_here() -> None:
    assert {w.verb for w in WAYS} | {"mediation.propose"} == {x.verb for x in (*MEDIATION.moves, *MEDIATION.acts)}


@pytest.mark.parametrize("way", WAYS, ids=lambda w: f"{w.verb}-{w.start}")
def test_every_row_works_for_the_right_one_alone_at_its_moment_and_leaves_one_entry(way: Way, town: int) -> None:
    row = m.a_mediation(town, way.start)
    if way.before is not None:
        way.before(row)
    before = m.picture(town, row.case_id)

    for nobody in (way.wrong(row), f.stranger(town), Actor(tenant_id=town, kind="party", party_id=999_999_999)):
        with pytest.raises((NotAllowed, NotFound)):
            way.perform(row, nobody)
    assert m.picture(town, row.case_id) == before

    way.perform(row, way.right(row))

    assert m.again(row).status == way.end
    assert m.entries(row)[before[-1] :] == [way.entry]
    wanted = set(MEDIATION.state(way.end).runs)
    assert wanted <= m.running(row) if wanted else not m.running(row)

    over = m.again(row)
    if over.status not in MEDIATION.ends:
        f.do(f.the_clock(town) if over.status != "AGREED" else _first(row),
             mediation.leave if over.status != "AGREED" else mediation.report_broken, row.id, now=LATER)  # fmt: skip
    still = m.picture(town, row.case_id)
    with pytest.raises(WrongMoment):
        way.perform(row, way.right(row))
    assert m.picture(town, row.case_id) == still


class TestPropose:
    def test_is_for_the_lead_the_mediator_or_a_caller_and_nobody_else(self, town: int) -> None:
        case = m.a_dispute(town)
        with scope.work(system(town)):
            report = case.memberships.get(to_at=None).report_id
        caller = Actor(tenant_id=town, kind="reporter", report_id=report)

        for nobody in (f.stranger(town), m.chair(town, "tiaojie2"), f.supervisor(town)):
            with pytest.raises((NotAllowed, NotFound)):
                m.propose(case, by=nobody)
        assert m.propose(case, by=caller).links
        for by in (m.chair(town), f.handler_of(m.a_dispute(town))):
            assert m.propose(m.a_dispute(town), by=by).mediation.status == "PROPOSED"

    def test_is_refused_where_a_body_does_not_hold_the_case(self, town: int) -> None:
        closed = f.a_case_at(town, Status.CLOSED, text=m.NOISE)
        with scope.work(system(town)):
            report = closed.memberships.get(to_at=None).report_id

        with pytest.raises(WrongMoment):
            m.propose(closed, by=Actor(tenant_id=town, kind="reporter", report_id=report))

    @pytest.mark.parametrize(
        ("facts", "more"),
        [
            ({}, {"danger": "violence"}),
            ({}, {"danger": "child_danger"}),
            ({}, {"what": "楼上的人动手打人"}),
            ({"text": "翠竹苑3号楼隔壁男的喝了酒就打老婆，半夜哭喊，求你们管管。"}, {}),
            ({"text": "翠竹苑3号楼一家把孩子锁在阳台上，哭了一下午。"}, {}),
            ({"urgency": "emergency"}, {}),
        ],
    )
    def test_of_violence_or_danger_to_a_child_is_refused_and_goes_to_the_urgent_rules(
        self, town: int, facts: dict[str, Any], more: dict[str, Any]
    ) -> None:
        case = m.a_dispute(town, **facts)
        before = m.picture(town, case.id)

        with pytest.raises(disputes.NotMediated) as no:
            m.propose(case, **more)

        assert "110" in no.value.next_step("zh")
        assert m.picture(town, case.id) == before

    def test_needs_a_word_on_danger_two_parties_a_kind_and_a_sentence(self, town: int) -> None:
        case = m.a_dispute(town)
        for more, refusal in (
            ({"danger": ""}, GroundNeeded), ({"kind": "art"}, GroundNeeded), ({"others": ()}, disputes.PartiesMissing),
            ({"others": (m.OTHER,) * 9}, disputes.PartiesMissing), ({"what": " "}, GroundNeeded),
            ({"kind": "labour"}, disputes.NotRegistered),
        ):  # fmt: skip
            with pytest.raises(refusal):
                m.propose(case, **more)

    def test_is_refused_when_somebody_spoke_in_confidence(self, town: int) -> None:
        for voice in ("confidential", "anonymous"):
            case = m.a_dispute(town, voice=voice, caller_contact="" if voice == "anonymous" else "13900000417")
            with pytest.raises(disputes.SpokenInConfidence):
                m.propose(case)

    def test_a_second_one_beside_an_open_one_is_refused_also_past_the_verb(self, town: int) -> None:
        row = m.a_mediation(town)

        with pytest.raises(disputes.MediationRuns):
            m.propose(m.again(row).case)
        with pytest.raises(IntegrityError), scope.work(system(town)), transaction.atomic():
            Mediation.objects.create(
                tenant_id=town, case_id=row.case_id, kind="other", what="x", mediator=row.mediator, status_since=m.AT,
                proposed_at=m.AT,
            )  # fmt: skip


class TestRecusal:
    def test_of_a_mediator_whose_body_is_complained_about(self, town: int) -> None:
        case = m.a_dispute(town, accused_body_ids=(f.body_id(town, "hxjd"),))

        with pytest.raises(disputes.Conflicted):
            m.propose(case)
        assert m.propose(case, mediator_id=m.line_of(town, "tiaojie2").id).mediation.mediator.name

    def test_hides_a_mediation_from_everybody_of_the_accused_body(self, town: int) -> None:
        case = m.a_dispute(town, accused_body_ids=(f.body_id(town, "cgj"),))
        row = m.propose(case).mediation
        m.each(row, mediation.consent, LATER)
        m.sit(row, LATER)

        with scope.work(f.staff(town, "office", "mediator", "handler", account=71, body="cgj")):
            assert not Mediation.objects.filter(id=row.id).exists()
            assert not MediationParty.objects.filter(mediation_id=row.id).exists()

    def test_stops_consent_until_another_is_named_and_all_are_asked_anew(self, town: int) -> None:
        row = m.a_mediation(town)
        f.do(_first(row), mediation.consent, row.id, now=LATER)
        _recuse(row)

        with pytest.raises(mediation.MediatorRecused):
            f.do(_second(row), mediation.consent, row.id, now=LATER)
        with pytest.raises(disputes.Conflicted):
            f.do(_lead(row), mediation.name_mediator, row.id, mediator_id=row.mediator_id, now=LATER)
        f.do(_lead(row), mediation.name_mediator, row.id, mediator_id=m.line_of(town, "tiaojie2").id, now=LATER)
        f.do(_second(row), mediation.consent, row.id, now=LATER)

        assert m.again(row).status == "PROPOSED", "the first one agreed to another mediator"

    def test_takes_the_papers_from_the_mediator_at_once(self, town: int) -> None:
        row = m.a_mediation(town, "SITTING")
        f.do(m.chair(town), papers_of, row)
        _recuse(row)

        with pytest.raises(NotFound):
            f.do(m.chair(town), papers_of, m.again(row))


def papers_of(row: Mediation, *, by: Actor) -> papers.Papers:
    return papers.open_(row, by=by, now=LATER)


class TestConsent:
    def test_of_one_counts_once_and_for_nobody_else(self, town: int) -> None:
        row = m.a_mediation(town)
        f.do(_first(row), mediation.consent, row.id, now=LATER)

        with pytest.raises(mediation.SaidAlready):
            f.do(_first(row), mediation.consent, row.id, now=LATER)
        assert m.again(row).status == "PROPOSED"

    def test_to_longer_counts_for_the_same_days_alone_and_moves_the_term(self, town: int) -> None:
        row = m.a_mediation(town, "SITTING")
        with scope.work(system(town)):
            due = Clock.objects.get(mediation=row, kind="med_term").due_at
        f.do(_first(row), mediation.prolong, row.id, days=10, now=LATER)
        f.do(_second(row), mediation.prolong, row.id, days=20, now=LATER)
        f.do(_first(row), mediation.prolong, row.id, days=20, now=LATER)

        with scope.work(system(town)):
            after = Clock.objects.get(mediation=row, kind="med_term").due_at
        assert (due and after and after - due) == timedelta(days=20)
        with pytest.raises(Invalid):
            f.do(_first(row), mediation.prolong, row.id, days=31, now=LATER)

    def test_to_terms_is_asked_anew_when_they_are_written_anew(self, town: int) -> None:
        row = m.a_mediation(town, "SITTING")
        with pytest.raises(mediation.NothingWritten):
            f.do(_first(row), mediation.agree, row.id, now=LATER)
        _write_and_one(row)
        m.write(row, LATER, oral=True)
        f.do(_second(row), mediation.agree, row.id, now=LATER)
        assert m.again(row).status == "SITTING"

        f.do(_first(row), mediation.agree, row.id, now=LATER)

        agreed = m.again(row)
        assert (agreed.status, agreed.end) == ("AGREED", "oral_agreed")

    def test_is_seen_at_the_version_that_was_shown(self, town: int) -> None:
        row = m.a_mediation(town)
        f.do(_first(row), mediation.consent, row.id, now=LATER)

        with pytest.raises(Stale):
            f.do(_second(row), mediation.consent, row.id, now=LATER, version=1)


class TestTime:
    def test_five_days_to_consent_thirty_to_sit_and_thirty_to_ask_a_court(self, town: int) -> None:
        row = m.a_mediation(town, "AGREED")

        with scope.work(system(town)):
            amounts = dict(Clock.objects.filter(mediation=row).values_list("kind", "amount"))

        assert amounts == {"med_consent": "5nd", "med_term": "30nd", "med_perform": "7nd", "med_confirm": "30nd"}
        agreed = m.again(row)
        assert agreed.confirm_until_on == localdate(agreed.agreed_at) + timedelta(days=30)

    def test_ends_it_when_nobody_says_yes_and_the_case_goes_on(self, town: int) -> None:
        row = m.a_mediation(town)

        sweeping.sweep(by=f.the_clock(town), now=m.AT + timedelta(days=4))
        assert m.again(row).status == "PROPOSED"
        sweeping.sweep(by=f.the_clock(town), now=m.AT + timedelta(days=8))  # the fifth day is a Saturday

        over = m.again(row)
        assert (over.status, over.end) == ("ENDED", "not_agreed")
        assert over.case.status == Status.HANDLING

    def test_says_each_agreed_day_and_waits_for_the_next(self, town: int) -> None:
        row = m.a_mediation(town, "SITTING")
        m.write(row, LATER, days=(3, 9))
        m.each(row, mediation.agree, LATER)

        for days, said in ((2, 0), (5, 1), (6, 1), (12, 2), (13, 2)):
            sweeping.sweep(by=f.the_clock(town), now=LATER + timedelta(days=days))
            assert m.entries(row).count("mediation.day_came") == said, days

    def test_lets_the_right_to_ask_a_court_end_by_itself(self, town: int) -> None:
        row = m.a_mediation(town, "AGREED")

        sweeping.sweep(by=f.the_clock(town), now=LATER + timedelta(days=40))

        assert "med_confirm" not in m.running(row)
        assert m.again(row).status == "AGREED"


class TestTheCase:
    def test_is_not_answered_while_people_talk_and_is_when_they_have_agreed(self, town: int) -> None:
        row = m.a_mediation(town)
        case = m.again(row).case
        f.contact(case, LATER)

        with pytest.raises(StillRunning):
            f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(LATER), now=LATER)
        m.each(row, mediation.consent, LATER)
        m.write(row, LATER)
        m.each(row, mediation.agree, LATER)
        f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(LATER), now=LATER)

        assert f.again(town, case.id).status == Status.REPLIED


class TestWhatStaysClosed:
    def test_opens_for_the_mediator_and_the_parties_alone_and_every_look_is_kept(self, town: int) -> None:
        row = m.a_mediation(town, "SITTING")
        sat = m.sit(row, LATER)
        m.write(row, LATER)

        seen = f.do(m.chair(town), papers_of, m.again(row))
        own = f.do(_first(row), papers_of, m.again(row))

        assert (seen.notes[sat.id], seen.terms) == (m.NOTES, m.TERMS) == (own.notes[sat.id], own.terms)
        assert m.OTHER.contact in seen.contacts.values()
        assert not own.contacts, "a party is told names, no telephone"
        for nobody in (_lead(row), f.supervisor(town), f.office(town), m.chair(town, "tiaojie2"),
                       Actor(tenant_id=town, kind="party", party_id=999_999_999)):  # fmt: skip
            with pytest.raises((NotFound, Refused)):
                f.do(nobody, papers_of, m.again(row))
        with scope.work(system(town)), connection.cursor() as cursor:
            cursor.execute("SELECT actor FROM accounts_reading WHERE owner_table = 'cases_mediation'")
            looked = {a for (a,) in cursor.fetchall()}
        assert looked == {m.chair(town).label, _first(row).label}

    def test_stands_in_no_table_of_the_town_in_plain_words(self, town: int) -> None:
        """Notes, terms, names, contacts: not on the trail, in no search, in no message: no export can hold them."""
        row = m.a_mediation(town, "SITTING")
        m.sit(row, LATER)
        m.write(row, LATER)
        m.each(row, mediation.agree, LATER)

        with scope.work(system(town)), connection.cursor() as cursor:
            for model in protect.protected_models():
                table = model._meta.db_table
                for told in (m.NOTES[:12], m.TERMS[:12], m.OTHER.name, m.OTHER.contact):
                    cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{told}%"])
                    assert cursor.fetchone()[0] == 0, (table, told)

    def test_is_named_on_the_trail_by_numbers_that_lead_to_nobody(self, town: int) -> None:
        row = m.a_mediation(town, "AGREED")

        with scope.work(system(town)):
            words = trail.words_of("case", row.case_id)
            mine = [e for e in trail.of("case", row.case_id) if e.verb.startswith("mediation.")]
            said = [(e.verb, e.actor, words.get(e.seq)) for e in mine]

        assert {words and tuple(words) for verb, _, words in said if verb != "mediation.proposed"} == {None}
        assert {a.split(":")[0] for verb, a, _ in said if verb in ("mediation.begun", "mediation.agreed")} == {"party"}

    def test_a_link_is_one_partys_and_over_when_another_is_given(self, town: int) -> None:
        made = m.propose(m.a_dispute(town))
        (party, token), row = made.links[0], made.mediation
        with scope.work(system(town)):
            by, found = papers.holder_of(token, tenant_id=town)
        assert (by.party_id, found.id) == (party, row.id)

        f.do(_lead(row), mediation.give_link, row.id, party_id=party, now=LATER)

        with scope.work(system(town)), pytest.raises(papers.MediationLinkOver):
            papers.holder_of(token, tenant_id=town)

    def test_callers_who_are_parties_and_the_mediator_are_told_and_nobody_else_of_the_case(self, town: int) -> None:
        from jishi.cases.actions import telling

        row = m.a_mediation(town)
        case = m.again(row).case
        facts = {"case_id": case.id, "mediation_id": row.id, "verb": "mediation.propose", "news": 1,
                 "tells": ["mediation_proposed_mediator", "mediation_proposed_party"]}  # fmt: skip

        with scope.work(system(town)):
            telling.tell(facts, now=LATER)
            told = list(Message.objects.filter(case=case, news_id=1).values_list("account_id", "report_id", "facts"))
            mine = set(MediationParty.objects.filter(mediation=row, report__isnull=False).values_list("report_id"))

        assert {a for a, _, _ in told if a} == {m.chair(town).account_id}
        assert {(r,) for _, r, _ in told if r} <= mine
        assert all("due" in facts for _, _, facts in told)


class TestRegister:
    def test_is_kept_by_the_office_and_names_a_post_of_that_body_once(self, town: int) -> None:
        line = m.line_of(town)
        given = mediators.Line(line.account_id, line.body_id, "宋和平", "调委会", ("other",), ("粤语",), m.AT.date())

        with pytest.raises(mediators.RegisteredAlready):
            f.do(f.office(town), mediators.register, given, now=m.AT)
        with pytest.raises(NotAllowed):
            f.do(f.supervisor(town), mediators.register, given, now=m.AT)
        with pytest.raises(mediators.NoMediatorsPost):
            f.do(f.office(town), mediators.register, replace(given, body_id=f.body_id(town, "cgj")), now=m.AT)
        with pytest.raises(GroundNeeded):
            f.do(f.office(town), mediators.register, replace(given, kinds=("politics",)), now=m.AT)

    def test_ends_a_term_with_one_entry_and_proposes_nobody_of_it(self, town: int) -> None:
        line = m.line_of(town)
        f.do(f.office(town), mediators.end_term, line.id, why="退休", now=m.AT)

        with pytest.raises(disputes.NotRegistered):
            m.propose(m.a_dispute(town), mediator_id=line.id)
        with scope.work(system(town)):
            assert [e.verb for e in trail.of("mediator", line.id)] == ["mediator.registered", "mediator.ended"]
        with pytest.raises(NotFound):
            f.do(f.office(town), mediators.end_term, line.id, why="退休", now=m.AT)


class TestWhoeverStandsAside:
    def test_finds_no_mediation_of_the_case_no_party_no_talk_and_nothing_sealed_there(self, town: int) -> None:
        row = m.a_mediation(town, "SITTING")
        m.sit(row, LATER)
        person = f.dispatcher(town, account=93)

        f.do(person, recusing.stand_aside, row.case_id, ground="kin", now=LATER)

        for who, seen in ((f.dispatcher(town, account=94), True), (person, False)):
            with scope.work(who):
                found = [noun.objects.exists() for noun in (Mediation, MediationParty, Sitting)]
                sealed = SealedValue.objects.filter(owner_table__in=("cases_mediationparty", "cases_sitting"))
                assert [*found, sealed.exists()] == [seen] * 4
