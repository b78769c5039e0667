"""The desk teaches the comparison: what it put together and what it refused become an edition that a person adopts."""

from datetime import timedelta

import pytest

from conftest import MONDAY_TEN
from jishi.cases import triage
from jishi.cases.actions import choosing, merging, pairing
from jishi.cases.models import Case, Membership, ModelEdition
from jishi.cases.refusals import ModelCannotBeRead, TooFewConfirmed
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment
from jishi.kernels.text.alike import FACTS, WEIGHTS

LATER = MONDAY_TEN + timedelta(hours=5)
ROOF = "02.01.01"


def office(town):
    return f.staff(town, "office", account=41, body="ldxz")


@pytest.fixture
def taught(town, monkeypatch):
    """A desk that put six reports together and refused six; so few are enough here."""
    monkeypatch.setattr(pairing, "LEAST", 8)
    monkeypatch.setattr(pairing, "LEAST_EACH", 3)
    home = f.a_case(town, text="青溪里3号楼楼顶渗水", matter=ROOF)
    for k in range(6):
        come = f.receive(town, text=f"青溪里三栋顶楼漏，第{k}天了", matter=ROOF, now=MONDAY_TEN + timedelta(minutes=k))
        f.do(f.dispatcher(town), merging.absorb, come.case_id, into=home.id, now=LATER + timedelta(minutes=k))
        away = f.receive(town, text=f"青溪里{5 + k}号楼漏水", matter=ROOF, now=MONDAY_TEN + timedelta(minutes=k))
        at = LATER + timedelta(minutes=k)
        f.do(f.operator(town), choosing.refuse_pairs, away.report_id, case_ids=[home.id], now=at)
    return home


def edition_of(town):
    with scope.work(f.operator(town)):
        words = triage.Words("青溪里三栋顶楼漏", LATER, matter=ROOF)
        return triage.run([words], now=LATER)[0].stage("duplicates").edition


class TestLearn:
    def test_what_was_put_together_is_one_matter_and_what_was_refused_is_not(self, town, taught):
        with scope.work(system(town)):
            known = pairing.decided(town)

        assert [sum(d.same for d in known), sum(not d.same for d in known)] == [6, 6]
        assert all(d.second.text == "青溪里3号楼楼顶渗水" for d in known)

    def test_an_undone_merge_teaches_nothing(self, town, taught):
        with scope.work(system(town)):
            last = Membership.objects.filter(case=taught, to_at=None).latest("id")
            absorbed = Case.objects.get(id=last.continues.case_id)
        f.do(f.dispatcher(town), merging.restore, absorbed.id, now=LATER + timedelta(hours=1))

        with scope.work(system(town)):
            assert sum(d.same for d in pairing.decided(town)) == 5

    def test_keeps_every_sign_the_same_bytes_and_one_entry_and_answers_nobody_yet(self, town, taught):
        row = f.do(office(town), pairing.learn, now=LATER)
        again = f.do(office(town), pairing.learn, now=LATER)

        assert row.sha256 == again.sha256 and (row.number, again.number) == (1, 2)
        assert (row.card["accepted"], row.card["pairs"]) == (6, 12)
        assert edition_of(town).startswith("pairs@3")
        with scope.work(system(town)):
            assert [e.verb for e in trail.of("model_edition", row.id)] == ["model.learned"]
            model = pairing.pairs.read(bytes(row.arrays), row.sha256)
        assert all(model.weights[fact] * WEIGHTS[fact] >= 0 for fact in FACTS)

    def test_is_refused_with_too_few_and_to_the_desk(self, town):
        with pytest.raises(TooFewConfirmed):
            f.do(office(town), pairing.learn, now=LATER)
        with pytest.raises(NotAllowed):
            f.do(f.operator(town), pairing.learn, now=LATER)


class TestAdopt:
    def test_compares_from_then_on_and_is_given_back(self, town, taught):
        row = f.do(office(town), pairing.learn, now=LATER)

        f.do(office(town), pairing.adopt, row.number, now=LATER)
        assert edition_of(town) == "pairs@town1"
        f.do(office(town), pairing.give_back, now=LATER)

        assert edition_of(town) == "pairs@3"
        with scope.work(system(town)):
            verbs = [e.verb for e in trail.of("model_edition", row.id)]
        assert sorted(verbs) == ["model.adopted", "model.learned", "model.returned"]

    def test_is_refused_to_others_twice_when_worse_and_when_broken(self, town, taught):
        row = f.do(office(town), pairing.learn, now=LATER)
        with pytest.raises(NotAllowed):
            f.do(f.operator(town), pairing.adopt, row.number, now=LATER)
        with pytest.raises(NotFound):
            f.do(office(town), pairing.adopt, 9, now=LATER)
        with pytest.raises(NotFound):
            f.do(office(town), pairing.give_back, now=LATER)
        f.do(office(town), pairing.adopt, row.number, now=LATER)
        with pytest.raises(WrongMoment):
            f.do(office(town), pairing.adopt, row.number, now=LATER)
        f.do(office(town), pairing.give_back, now=LATER)
        with scope.work(system(town)):
            held = ModelEdition.objects.get(id=row.id)
            held.change(card={**held.card, "quality": {**held.card["quality"], "f1": 0.1, "f1_before": 0.9}})
        with pytest.raises(WrongMoment):
            f.do(office(town), pairing.adopt, row.number, now=LATER)
        with scope.work(system(town)):
            ModelEdition.objects.get(id=row.id).change(arrays=b"jishi-model 1\n{}\n")
        with pytest.raises(ModelCannotBeRead):
            f.do(office(town), pairing.adopt, row.number, now=LATER)
