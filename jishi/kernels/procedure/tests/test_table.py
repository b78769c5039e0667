"""Asking a table, reading it, and moving two lives in one act."""

import pytest

from jishi.kernels.procedure import (
    BIRTH,
    Act,
    ConflictingClocks,
    OriginNeeded,
    Unreadable,
    WrongMoment,
    effects,
    parse,
)
from jishi.kernels.procedure.table import Chip, Spoken, State
from jishi.kernels.procedure.tests.factories import SOUND, a_life, a_move


def a_state(code, *, end=False, aside=False):
    return State(code, Spoken("态", "state"), Chip.WAIT, end, aside, ())


class TestMove:
    def test_finds_the_row_of_the_state(self):
        assert parse(SOUND).move("visit.approve", "ASKED").to == "DONE"

    def test_answers_the_wrong_moment_with_the_open_moves(self):
        answer = parse(SOUND).move("visit.ask", "ASKED")

        assert isinstance(answer, WrongMoment)
        assert answer.state == "ASKED"
        assert [m.verb for m in answer.open_moves] == ["visit.approve", "visit.lapse"]

    def test_answers_an_unknown_verb_and_a_finished_life_alike(self):
        assert parse(SOUND).move("visit.fly", "DONE") == WrongMoment("visit.fly", "DONE", ())

    def test_begins_at_birth(self):
        assert [m.verb for m in parse(SOUND).open_moves(BIRTH)] == ["visit.ask"]

    def test_derives_ends_and_open_states(self):
        assert (parse(SOUND).ends, parse(SOUND).open_states) == ({"DONE"}, {"ASKED"})

    def test_needs_the_origin_only_when_it_alone_decides(self):
        back = [a_move(1, ["C"], "A", ["A"]), a_move(1, ["C"], "B", ["B"])]
        life = a_life([a_state("A"), a_state("B"), a_state("C", aside=True)], back)

        assert life.move("life.v1", "C", "B").to == "B"
        with pytest.raises(OriginNeeded):
            life.move("life.v1", "C")

    def test_keeps_the_state_when_the_verb_only_touches_clocks(self):
        life = a_life([a_state("A")], [], [a_move(1, ["A"], "")])

        assert life.move("life.v1", "A").target("A") == "A"
        assert life.open_moves("A") == ()

    def test_names_what_the_same_person_may_not_also_do(self):
        assert parse(SOUND).may_not_also("visit.approve") == {"visit.ask"}
        assert parse(SOUND).may_not_also("visit.lapse") == frozenset()


class TestEffects:
    def test_two_lives_that_say_the_same_move_the_clock_once(self):
        a, b = a_move(1, [], "A", columns={"stops": ("x",)}), a_move(2, [], "A", columns={"stops": ("x",)})

        assert effects([a, b]) == {"x": Act.STOP}

    def test_stopped_by_one_and_started_by_the_other_begins_afresh(self):
        a, b = a_move(1, [], "A", columns={"stops": ("x",)}), a_move(2, [], "A", columns={"starts": ("x",)})

        assert effects([a, b]) == effects([b, a]) == {"x": Act.RESTART}

    def test_refuses_two_wishes_that_contradict(self):
        a, b = a_move(1, [], "A", columns={"stops": ("x",)}), a_move(2, [], "A", columns={"pauses": ("x",)})

        with pytest.raises(ConflictingClocks, match="x"):
            effects([a, b])


class TestParse:
    @pytest.mark.parametrize(
        ("good", "bad", "where"),
        [
            ('verb = "visit.ask"', "verb = 3", "moves[0].verb"),
            ('verb = "visit.ask"\n', "", "moves[0].verb"),
            ('no = "1"', 'no = "1"\nspeed = 3', "moves[0].speed"),
            ("from = []", 'from = "ASKED"', "moves[0].from"),
            ('chip = "done"', 'chip = "blue"', "states[1].chip"),
            ("end = true", 'end = "yes"', "states[1].end"),
            ("valid_from = 2026-01-01", 'valid_from = "soon"', "procedure.valid_from"),
            ("valid_from = 2026-01-01", "valid_from = 2026-01-01T10:00:00", "procedure.valid_from"),
            ('standing = "unverified"', 'standing = "sure"', "procedure.standing"),
            ('suspension = "no"', "suspension = false", "clocks[0].stopped_by_suspension"),
            ('verbs = ["visit.ask", "visit.approve"]', 'verbs = ["visit.ask"]', "separation[0].verbs"),
            ("[procedure]", "[procedur]", "procedure"),
            ("[procedure]", "[procedure", "file"),
        ],
    )
    def test_names_the_place_of_what_it_cannot_read(self, good, bad, where):
        assert good in SOUND

        with pytest.raises(Unreadable) as refused:
            parse(SOUND.replace(good, bad, 1))

        assert refused.value.where == where

    def test_refuses_a_surplus_part(self):
        with pytest.raises(Unreadable, match="extras"):
            parse(SOUND + "\n[[extras]]\na = 1\n")

