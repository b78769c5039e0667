"""What the planner does not accept: one named fact each, with the numbers that show it (spec 21 §11)."""

from typing import Any

MOST_NAMED = 20


class BadInput(ValueError):
    """The input makes no sense; `code` names how, `facts` hold the places (at most twenty) and their count."""

    code = "bad_input"
    says = "The input makes no sense."

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        told = ", ".join(f"{key}={value}" for key, value in facts.items())
        super().__init__(f"{self.code}: {self.says} {told}".rstrip())


class BandMakesNoSense(BadInput):
    code = "band_makes_no_sense"
    says = "A band is two whole numbers, 0 ≤ lo ≤ hi, hi ≥ 1."


class BadUnit(BadInput):
    code = "bad_unit"
    says = "Units need finite metres and whole households of 0 or more."


class DuplicateUnit(BadInput):
    code = "duplicate_unit"
    says = "An id stands twice."


class EdgeToNowhere(BadInput):
    code = "edge_to_nowhere"
    says = "An edge names a unit that is not there."


class Loop(BadInput):
    code = "loop"
    says = "An edge leads from a unit to itself."


class EdgeTwice(BadInput):
    code = "edge_twice"
    says = "An edge stands twice with different lengths or barriers."


class BadEdge(BadInput):
    code = "bad_edge"
    says = "A common border has a positive, finite length."


class LooksLikeDegrees(BadInput):
    code = "looks_like_degrees"
    says = "These coordinates look like degrees: project them to metres first."


class NobodyLivesHere(BadInput):
    code = "nobody_lives_here"
    says = "All households are zero."


class NoUnits(BadInput):
    code = "no_units"
    says = "There is no unit to plan."


class AtomAcrossBarrier(BadInput):
    code = "atom_across_barrier"
    says = "A compound lies on both sides of a hard barrier: list a crossing between its parts, or part it."


class AtomAcrossCommunity(BadInput):
    code = "atom_across_community"
    says = "A compound lies in two communities."


class PreviousDoesNotFit(BadInput):
    code = "previous_does_not_fit"
    says = "The plan in force is one of other units."


class PinsContradict(BadInput):
    code = "pins_contradict"
    says = "These units cannot be kept as they are pinned."


class TooBigForOneCall(BadInput):
    code = "too_big_for_one_call"
    says = "Give one community per task to the batch engine."


class BadWalk(BadInput):
    code = "bad_walk"
    says = "Walks are metres between pairs of units, each pair both ways, by rising rows."


class BadOption(BadInput):
    code = "bad_option"
    says = "An option has no such value."


class NoSuchUnit(BadInput):
    code = "no_such_unit"
    says = "There is no unit of this id in the plan."


class BadGround(BadInput):
    code = "bad_ground"
    says = "A border or a barrier is a valid shape in metres that is not empty."


class OutsideGround(BadInput):
    code = "outside_ground"
    says = "These points lie far beyond the border: is the coordinate system the right one?"


class CommunityWithoutGround(BadInput):
    code = "community_without_ground"
    says = "A point is of a community whose border is not given."
