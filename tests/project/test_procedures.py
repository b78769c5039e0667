"""Every life under institutions/ is sound, and its picture is the one in docs/."""

import re
from pathlib import Path

import pytest

from jishi.kernels.procedure import BIRTH, Procedure, check, effects, parse, pictures

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "institutions" / "procedures"
PICTURES = ROOT / "docs" / "states"
NAMES = (
    "case", "handover", "part", "whistle", "participant", "supervision", "mediation", "topic", "errand", "transition",
    "gridplan",
)  # fmt: skip


def read(name: str) -> Procedure:
    return parse((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
class TestEveryLife:
    def test_is_sound(self, name):
        assert check(read(name)) == ()

    def test_has_the_name_of_its_file(self, name):
        assert read(name).code == name

    def test_is_drawn_in_docs_as_it_is_now(self, name):
        drawn = pictures(read(name))

        stale = [f for f, text in drawn.items() if (PICTURES / f).read_text(encoding="utf-8") != text]
        assert not stale, "redraw with ./dev pictures states"

    def test_names_its_source_and_says_how_far_it_was_checked(self, name):
        life = read(name)

        assert life.law
        assert life.standing == "unverified"

    def test_tells_nothing_but_the_blanks_that_everybody_knows(self, name):
        known = {"number", "due", "body", "ground", "text", "item", "channel", "topic"}

        used = {b for m in read(name).messages for b in re.findall(r"\{(\w+)\}", m.text.zh)}

        assert used <= known


class TestTheCase:
    def test_ends_with_all_its_clocks_and_only_those_of_others_run_on(self):
        outliving = {c.kind for name in NAMES for c in read(name).clocks if c.outlives}

        assert outliving == {"whistle_rate", "med_perform", "med_confirm"}
        assert not outliving & {c.kind for name in ("case", "handover", "part") for c in read(name).clocks}

    def test_lists_the_moves_of_the_specification_that_are_built(self):
        numbers = {m.no for m in read("case").moves}

        assert numbers == {str(n) for n in range(1, 29)} | {"8a"}

    def test_promise_stops_when_the_resident_has_the_answer_and_not_before(self):
        life = read("case")
        stopping = {m.verb for m in life.moves if "promise" in m.stops}

        assert stopping == {
            "intake.answer_at_once",
            "intake.settle_on_spot",
            "intake.decline",
            "review.approve",
            "withdrawing.withdraw",  # nobody waits for an answer any more
            "merging.absorb",  # the living case is bound by it from now on
            "handling.terminate",
        }

    def test_promise_starts_at_birth_and_never_again(self):
        life = read("case")

        starting = [m for m in life.moves if "promise" in m.starts]

        assert [m.verb for m in starting] == ["intake.receive", "merging.leave", "merging.split"]
        assert all(m.is_birth for m in starting)

    def test_after_a_consultation_dispatch_runs_again_wherever_the_case_came_from(self):
        life = read("case")

        from_desk = life.move("consultation.conclude", "CONSULTING", "RECEIVED")
        from_body = life.move("consultation.conclude", "CONSULTING", "HANDLING")

        assert from_desk.resumes == ("dispatch",)
        assert from_body.starts == ("dispatch",)

    def test_a_missing_review_is_not_an_approval(self):
        assert "clock:review" not in read("case").move("review.approve", "REPLIED").who


class TestBothLives:
    def test_agree_on_every_clock_that_one_act_moves_in_both(self):
        case, handover = read("case"), read("handover")
        shared = {m.verb for m in case.moves} & {m.verb for m in handover.moves}

        for verb in shared:
            for a in (m for m in case.moves if m.verb == verb):
                for b in (m for m in handover.moves if m.verb == verb):
                    effects([a, b])

        assert {"dispatch.offer", "handover.sign", "handover.accept_return", "ruling.uphold"} <= shared

    def test_say_the_same_of_a_clock_that_both_name(self):
        case, handover = read("case"), read("handover")
        mine = {c.kind: c for c in case.clocks}

        for theirs in handover.clocks:
            if theirs.kind in mine:
                ours = mine[theirs.kind]
                assert (ours.name, ours.owner, ours.at_expiry, ours.then) == (
                    theirs.name,
                    theirs.owner,
                    theirs.at_expiry,
                    theirs.then,
                )
                assert ours.stopped_by_suspension == theirs.stopped_by_suspension
                assert (ours.amount, ours.floor) == (theirs.amount, theirs.floor)

    def test_give_one_verb_one_title(self):
        titles: dict[str, set] = {}
        for life in map(read, NAMES):
            for m in (*life.moves, *life.acts):
                titles.setdefault(m.verb, set()).add((m.title.zh, m.title.en))

        assert not {v: t for v, t in titles.items() if len(t) > 1}

    def test_a_handover_is_born_signed_only_when_a_case_is_taken_up_again(self):
        born = {m.verb for m in read("handover").open_moves(BIRTH) if m.to == "SIGNED"}

        assert born == {"reopening.reopen", "feedback.send_back", "rechecking.agree"}
