"""Telling a life again from its entries."""

from pathlib import Path

import pytest

from jishi.kernels.procedure import Told, parse, replay

TABLES = Path(__file__).resolve().parents[4] / "institutions/procedures"
CASE = parse((TABLES / "case.toml").read_text(encoding="utf-8"))
ROAD = (("case.received", ""), ("case.offered", "OFFERED"), ("handover.signed", "HANDLING"))


def told(*entries: tuple[str, str]) -> list[Told]:
    return [Told(n, verb, state) for n, (verb, state) in enumerate(entries, 1)]


def test_a_life_stands_where_its_last_move_led():
    assert replay(CASE, told(*ROAD)) == replay(CASE, told(*((verb, "") for verb, _ in ROAD)))
    assert replay(CASE, told(*ROAD)).state == "HANDLING"


def test_what_is_no_move_leaves_it_where_it_is():
    done = replay(CASE, told(*ROAD, ("case.progressed", ""), ("part.asked", "")))

    assert (done.state, done.strange) == ("HANDLING", ())


def test_a_life_that_steps_aside_knows_where_it_came_from():
    aside = next(m for m in CASE.moves if "HANDLING" in m.sources and m.to and CASE.state(m.to).is_aside)
    done = replay(CASE, told(*ROAD, (aside.trail, aside.to)))

    assert (done.state, done.origin) == (aside.to, "HANDLING")


@pytest.mark.parametrize(
    ("entries", "strange"),
    [
        ((("case.received", ""), ("handover.signed", "HANDLING")), (2,)),  # nobody was asked
        ((*ROAD, ("case.offered", "OFFERED")), (4,)),  # it is in work already
        ((("case.received", "HANDLING"),), (1,)),  # born elsewhere than the table says
        ((*ROAD, ("case.progressed", "CLOSED")), (4,)),  # an entry that is no move tells of one
    ],
)
def test_a_step_that_the_table_does_not_know_is_named(entries, strange):
    assert replay(CASE, told(*entries)).strange == strange


def test_after_a_strange_step_the_walk_goes_on_from_what_it_tells():
    done = replay(CASE, told(("case.received", ""), ("handover.signed", "HANDLING"), ("case.replied", "REPLIED")))

    assert (done.state, done.strange) == ("REPLIED", (2,))
