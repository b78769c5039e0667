"""The check finds each fault it promises, and on random tables exactly those that a naive oracle finds."""

import pytest
from hypothesis import given

from jishi.kernels.procedure import check, parse
from jishi.kernels.procedure.tests.factories import SOUND, lives

OPEN = {"running", "paused"}

FAULTS = [
    ("unknown_state", 'to = "DONE"\nwho = ["head"]', 'to = "NOWHERE"\nwho = ["head"]'),
    ("unknown_state", 'from = ["ASKED"]', 'from = ["NOWHERE"]'),
    ("unknown_clock", 'stops = ["answer"]\ndecides', 'stops = ["anser"]\ndecides'),
    ("unknown_party", 'who = ["head"]', 'who = ["boss"]'),
    ("unknown_party", 'who = ["clock:answer"]', 'who = ["clock:other"]'),
    ("unknown_message", 'tells = ["asked"]', 'tells = ["missing"]'),
    ("unknown_verb", 'decides = ["visit.ask"]', 'decides = ["visit.beg"]'),
    ("unknown_verb", 'at_expiry = "visit.lapse"', 'at_expiry = "visit.forget"'),
    ("unknown_verb", 'verb = "visit.approve"', 'verb = "approve"'),
    ("said_twice", 'code = "DONE"', 'code = "ASKED"'),
    ("ambiguous_move", 'verb = "visit.lapse"', 'verb = "visit.approve"'),
    ("conflicting_clocks", 'stops = ["answer"]\ndecides', 'stops = ["answer"]\npauses = ["answer"]\ndecides'),
    ("clock_without_owner", 'owner = "head"\n', ""),
    ("clock_without_expiry", 'at_expiry = "visit.lapse"\n', ""),
    ("clock_without_source", 'source = "示例"\n', ""),
    ("amount_unreadable", 'amount = "2wd"', 'amount = "2 days"'),
    ("amount_unreadable", 'amount = "2wd"', 'amount = "0wd"'),
    ("amount_unreadable", 'amount = "2wd"', 'amount = "promise-1hd"'),
    ("clock_never_started", 'starts = ["answer"]\n', ""),
    ("nothing_runs", 'starts = ["answer"]\n', ""),
    ("clock_open_at_end", 'stops = ["answer"]\ndecides', "decides"),
    ("clock_open_at_end", 'stops = ["answer"]\ndecides', 'pauses = ["answer"]\ndecides'),
    ("move_without_who", 'who = ["head"]\n', ""),
    ("move_without_trail", 'trail = "visit.asked"\n', ""),
    ("trail_unreadable", 'trail = "visit.asked"', 'trail = "Asked!"'),
    ("move_without_message", 'tells = ["asked"]\n', ""),
    ("message_never_sent", 'tells = ["asked"]', 'tells = ["answered"]'),
    ("blanks_differ", 'en = "{number} waits"', 'en = "it waits"'),
    ("not_said", 'en = "Approve"\n', ""),
    ("not_said", 'zh = "同意"\n', 'zh = " "\n'),
    ("not_said", 'verb = "visit.ask"\n', 'verb = "visit.ask"\nguard_zh = "有理由"\n'),
    ("expiry_elsewhere", 'who = ["head"]', 'who = ["head", "clock:answer"]'),
    ("expiry_not_allowed", 'who = ["clock:answer"]', 'who = ["head"]'),
    ("asker_may_approve", SOUND[SOUND.index("[[separation]]") :], ""),
    ("unreachable_state", "[[parties]]", '[[states]]\ncode="X"\nzh="孤"\nen="X"\nchip="wait"\n[[parties]]'),
    ("endless_state", "end = true", "end = false"),
    ("no_birth", "from = []", 'from = ["DONE"]'),
    ("dead_move", 'verb = "visit.approve"', 'verb = "visit.approve"\norigin = ["DONE"]'),
]


class TestEachFault:
    def test_a_sound_table_has_none(self):
        assert check(parse(SOUND)) == ()

    @pytest.mark.parametrize(("code", "good", "bad"), FAULTS)
    def test_is_found(self, code, good, bad):
        assert good in SOUND

        findings = check(parse(SOUND.replace(good, bad, 1)))

        assert code in {f.code for f in findings}

    def test_a_clock_that_runs_past_the_end_comes_with_the_shortest_road(self):
        spoilt = SOUND.replace('stops = ["answer"]\ndecides', "decides")

        found = next(f for f in check(parse(spoilt)) if f.code == "clock_open_at_end")

        assert (found.where, found.path) == ("clocks answer", ("visit.ask", "visit.approve"))

    def test_a_second_start_while_it_runs_is_found_with_its_road(self):
        spoilt = SOUND + '\n[[acts]]\nno="4"\nverb="visit.again"\nfrom=["ASKED"]\nwho=["head"]\n'
        spoilt += 'starts=["answer"]\ntrail="visit.again_asked"\ntells=["asked"]\nzh="再"\nen="Again"\n'

        found = next(f for f in check(parse(spoilt)) if f.code == "clock_started_twice")

        assert found.path == ("visit.ask", "visit.again")


def hand_after(hand, columns, kind):
    """The naive rule, written out once more."""
    if kind in columns["starts"]:
        return "running"
    if kind in columns["stops"] and hand in OPEN:
        return "stopped"
    if kind in columns["pauses"] and hand == "running":
        return "paused"
    if kind in columns["resumes"] and hand == "paused":
        return "running"
    if kind in columns["continues"] and hand == "stopped":
        return "running"
    return hand


def naive_steps(life, place):
    state, origin, one, two = place
    asides = {s.code for s in life.states if s.is_aside}
    for m in (*life.moves, *life.acts):
        if state not in (m.sources or ("",)) or (m.origins and origin not in m.origins):
            continue
        columns = {c: getattr(m, c) for c in ("starts", "stops", "pauses", "resumes", "continues")}
        target = m.to or state
        back = "" if target not in asides else origin if state in asides else state
        yield m.verb, (target, back, hand_after(one, columns, "one"), hand_after(two, columns, "two"))
    if life.clocks[0].then == "two" and one == "running" and two not in OPEN:
        yield "clock:one", (state, origin, one, "running")
    if life.clocks[1].then == "one" and two == "running" and one not in OPEN:
        yield "clock:two", (state, origin, "running", two)


def naive_places(life):
    """Grow the set of places until it grows no more, both clocks watched together."""
    places = {("", "", "never", "never")}
    while True:
        more = {after for place in places for _, after in naive_steps(life, place)}
        if more <= places:
            return places
        places |= more


def findings_of(life, code):
    return {f.where.removeprefix("clocks ").removeprefix("states "): f for f in check(life) if f.code == code}


def walk(life, path):
    """All places that the labels can lead to."""
    places = {("", "", "never", "never")}
    for label in path:
        places = {after for place in places for said, after in naive_steps(life, place) if said == label}
    return places


class TestAgainstTheNaiveOracle:
    @given(lives())
    def test_clocks_open_at_an_end_are_exactly_those_and_the_road_leads_there(self, life):
        ends = {p for p in naive_places(life) if p[0] in life.ends}
        expected = {kind for i, kind in enumerate(("one", "two")) if any(p[2 + i] in OPEN for p in ends)}

        found = findings_of(life, "clock_open_at_end")

        assert set(found) == expected
        for kind, finding in found.items():
            i = ("one", "two").index(kind)
            assert any(p[0] in life.ends and p[2 + i] in OPEN for p in walk(life, finding.path))

    @given(lives())
    def test_second_starts_are_exactly_those(self, life):
        expected = set()
        for place in naive_places(life):
            for i, kind in enumerate(("one", "two")):
                for m in (*life.moves, *life.acts):
                    fits = place[0] in (m.sources or ("",)) and not (m.origins and place[1] not in m.origins)
                    alone = kind in m.starts and kind not in m.stops
                    if fits and alone and place[2 + i] in OPEN:
                        expected.add(kind)

        assert set(findings_of(life, "clock_started_twice")) == expected

    @given(lives())
    def test_unreachable_and_endless_states_are_exactly_those(self, life):
        places = naive_places(life)
        reached = {p[0] for p in places}
        can_end = {p for p in places if p[0] in life.ends}
        while True:
            more = {p for p in places if any(after in can_end for _, after in naive_steps(life, p))}
            if more <= can_end:
                break
            can_end |= more
        endless = {p[0] for p in places if p[0]} - {p[0] for p in can_end}

        assert set(findings_of(life, "unreachable_state")) == {s.code for s in life.states} - reached
        assert set(findings_of(life, "endless_state")) == endless
