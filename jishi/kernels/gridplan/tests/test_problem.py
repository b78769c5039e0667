"""What makes no sense is refused by name."""

import numpy as np
import pytest

from jishi.kernels.gridplan import Band, Edges, Pins, Problem, Units, audit, refusals
from jishi.kernels.gridplan.problem import check
from jishi.kernels.gridplan.tests import grounds


def units(**columns) -> Units:
    whole = {"id": np.arange(3), "x": [0.0, 100.0, 200.0], "y": [0.0, 5.0, 9.0], "households": [300, 310, 320]}
    return Units(**{k: np.array(v) for k, v in {**whole, **columns}.items()})


def edges(pairs=((0, 1), (1, 2)), border=None, barrier=None) -> Edges:
    u, v = np.array(pairs).reshape(-1, 2).T
    return Edges(u, v, np.full(len(u), 10.0) if border is None else np.array(border), barrier)


REFUSED = [
    (refusals.BandMakesNoSense, {"band": Band(500, 300)}),
    (refusals.BandMakesNoSense, {"band": Band(-1, 300)}),
    (refusals.BandMakesNoSense, {"band": Band(299.5, 300)}),
    (refusals.BandMakesNoSense, {"band": Band(0, 0)}),
    (refusals.BandMakesNoSense, {"band": Band(1, 10**30)}),
    (refusals.BandMakesNoSense, {"cap": 10**30}),
    (refusals.BadUnit, {"units": units(x=[0.0, np.nan, 2.0])}),
    (refusals.BadUnit, {"units": units(y=[0.0, np.inf, 2.0])}),
    (refusals.BadUnit, {"units": units(households=[1, -1, 2])}),
    (refusals.BadUnit, {"units": units(households=[1, 1.5, 2])}),
    (refusals.BadUnit, {"units": units(households=[1, 2])}),
    (refusals.NoUnits, {"units": units(id=[], x=[], y=[], households=[])}),
    (refusals.TooBigForOneCall, {"units": Units(*(np.broadcast_to(np.int8(1), 10_000_000) for _ in range(4)))}),
    (refusals.DuplicateUnit, {"units": units(id=["a", "b", "a"])}),
    (refusals.NobodyLivesHere, {"units": units(households=[0, 0, 0])}),
    (refusals.LooksLikeDegrees, {"units": units(x=[120.61, 120.62, 120.63], y=[27.9, 27.91, 27.92])}),
    (refusals.EdgeToNowhere, {"edges": edges([(0, 3)])}),
    (refusals.EdgeToNowhere, {"edges": edges([(-1, 2)])}),
    (refusals.Loop, {"edges": edges([(1, 1)])}),
    (refusals.EdgeTwice, {"edges": edges([(0, 1), (1, 0)], [5.0, 6.0])}),
    (refusals.BadEdge, {"edges": edges(border=[0.0, 1.0])}),
    (refusals.BadEdge, {"edges": edges(border=[np.nan, 1.0])}),
    (refusals.PreviousDoesNotFit, {"previous": np.array([0, 1])}),
    (refusals.PreviousDoesNotFit, {"previous": np.array([-1, -1, -1])}),
    (refusals.AtomAcrossCommunity, {"atoms": np.array([7, 7, -1]), "community": np.array([1, 2, 2])}),
    (refusals.AtomAcrossBarrier, {"atoms": np.array([7, 7, -1]), "edges": edges(barrier=np.array([2, 0]))}),
    (refusals.PinsContradict, {"pins": Pins(together=[(0, 1), (1, 2)], apart=[(0, 2)])}),
    (refusals.PinsContradict, {"pins": Pins(stay=[0])}),
    (refusals.PinsContradict, {"pins": Pins(stay=[0, 1], together=[(0, 1)]), "previous": np.array([0, 1, 1])}),
    (refusals.NoSuchUnit, {"pins": Pins(apart=[(0, 9)])}),
    (refusals.BadOption, {"communities": "perhaps"}),
    (refusals.BadOption, {"count": 0}),
]


@pytest.mark.parametrize(("refusal", "changed"), REFUSED, ids=lambda v: v.code if isinstance(v, type) else ",".join(v))
def test_what_makes_no_sense_is_refused_by_name(refusal, changed):
    problem = Problem(**{"units": units(), "edges": edges(), **changed})

    with pytest.raises(refusal) as told:
        audit(np.zeros(3, int), problem)

    assert type(told.value) is refusal and told.value.code == refusal.code


def test_a_refusal_names_the_first_twenty_and_the_count():
    bad = grounds.path([100] * 50)
    bad.units.x[:30] = np.nan

    with pytest.raises(refusals.BadUnit) as told:
        check(bad)

    assert told.value.facts == {"first": list(range(20)), "count": 30}


def test_the_smallest_set_of_contradicting_pins_is_named():
    pins = Pins(together=[(3, 4), (0, 1), (1, 2)], apart=[(0, 2)])

    with pytest.raises(refusals.PinsContradict) as told:
        check(grounds.path([100] * 5, pins=pins))

    assert told.value.facts == {"together": [[0, 1], [1, 2]], "apart": (0, 2)}


def test_an_edge_given_twice_with_one_length_is_merged():
    clean = check(Problem(units(), edges([(0, 1), (1, 0), (1, 2)])))

    assert clean.edges.u.tolist() == [0, 1] and clean.edges.v.tolist() == [1, 2]


def test_two_units_may_stand_at_one_point():
    assert check(Problem(units(x=[5.0, 5.0, 5.0], y=[1.0, 1.0, 1.0]), edges())) is not None
