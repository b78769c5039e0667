"""Small tables for tests: a sound one to spoil, and random ones."""

from datetime import date

from hypothesis import strategies as st

from jishi.kernels.procedure import (
    Chip,
    Clock,
    Message,
    Move,
    Party,
    Procedure,
    Spoken,
    Standing,
    State,
    Suspension,
)

WORDS = Spoken("词", "word")
SOUND = """
[procedure]
code = "visit"
zh = "走访"
en = "Visit"
law = ["示例"]
edition = "1"
valid_from = 2026-01-01
jurisdiction = "000000"
standing = "unverified"

[[states]]
code = "ASKED"
zh = "已申请"
en = "Asked"
chip = "wait"
runs = ["answer"]

[[states]]
code = "DONE"
zh = "完成"
en = "Done"
chip = "done"
end = true

[[parties]]
code = "worker"
zh = "网格员"
en = "the worker"

[[parties]]
code = "head"
zh = "负责人"
en = "the head"

[[clocks]]
kind = "answer"
zh = "答复时限"
en = "answer"
owner = "head"
amount = "2wd"
source = "示例"
at_expiry = "visit.lapse"
stopped_by_suspension = "no"

[[messages]]
code = "asked"
to = "head"
zh = "{number} 待答复"
en = "{number} waits"

[[messages]]
code = "answered"
to = "worker"
zh = "{number} 已答复"
en = "{number} is answered"

[[moves]]
no = "1"
verb = "visit.ask"
from = []
to = "ASKED"
who = ["worker"]
starts = ["answer"]
trail = "visit.asked"
tells = ["asked"]
zh = "申请"
en = "Ask"

[[moves]]
no = "2"
verb = "visit.approve"
from = ["ASKED"]
to = "DONE"
who = ["head"]
stops = ["answer"]
decides = ["visit.ask"]
trail = "visit.approved"
tells = ["answered"]
zh = "同意"
en = "Approve"

[[moves]]
no = "3"
verb = "visit.lapse"
from = ["ASKED"]
to = "DONE"
who = ["clock:answer"]
stops = ["answer"]
trail = "visit.lapsed"
tells = ["answered"]
zh = "到时了结"
en = "Lapse"

[[separation]]
verbs = ["visit.ask", "visit.approve"]
zh = "申请人不得同意"
en = "the asker does not approve"
"""

STATES = ("A", "B", "C", "D")
KINDS = ("one", "two")
COLUMNS = (
    *((), ()),
    *(("starts",), ("stops",), ("pauses",), ("resumes",), ("continues",)),
    ("starts", "stops"),
)


def a_move(no, sources, to, origins=(), columns=None):
    columns = columns or {}
    empty = dict.fromkeys(("starts", "stops", "pauses", "resumes", "continues"), ())
    return Move(
        no=str(no),
        verb=f"life.v{no}",
        sources=tuple(sources),
        to=to,
        origins=tuple(origins),
        who=("who",),
        guard=Spoken("", ""),
        **(empty | columns),
        trail=f"life.v{no}ed",
        tells=("news",),
        title=WORDS,
        decides=(),
        evidence=(),
        publishes="",
    )


def a_life(states, moves, acts=(), thens=("", "")):
    clocks = tuple(
        Clock(k, WORDS, "who", "1wd", "", "", "source", "out.side", then, Suspension.NO)
        for k, then in zip(KINDS, thens, strict=True)
    )
    return Procedure(
        code="life",
        name=WORDS,
        law=("law",),
        edition="1",
        valid_from=date(2026, 1, 1),
        jurisdiction="000000",
        standing=Standing.UNVERIFIED,
        outside=("out.side",),
        states=tuple(states),
        parties=(Party("who", WORDS),),
        clocks=clocks,
        messages=(Message("news", "who", WORDS),),
        moves=tuple(moves),
        acts=tuple(acts),
        separations=(),
    )


@st.composite
def clock_columns_of(draw):
    """At most one act per clock, or stop and start together."""
    columns = {}
    for kind in KINDS:
        for column in draw(st.sampled_from(COLUMNS)):
            columns[column] = (*columns.get(column, ()), kind)
    return columns


@st.composite
def lives(draw):
    """Random tables with up to four states, ends, asides, origins, two clocks that may start one another."""
    states = [
        State(code, WORDS, Chip.WAIT, draw(st.booleans()), draw(st.booleans()), ())
        for code in STATES[: draw(st.integers(1, 4))]
    ]
    codes = [s.code for s in states]
    moves = [a_move(0, (), draw(st.sampled_from(codes)), columns=draw(clock_columns_of()))]
    for no in range(1, draw(st.integers(1, 6)) + 1):
        sources = draw(st.lists(st.sampled_from(codes), max_size=2, unique=True))
        origins = draw(st.lists(st.sampled_from(codes), max_size=1)) if sources else []
        moves.append(a_move(no, sources, draw(st.sampled_from(codes)), origins, draw(clock_columns_of())))
    thens = draw(st.sampled_from([("", ""), ("", ""), ("two", ""), ("", "one")]))
    acts = [a_move(9, [draw(st.sampled_from(codes))], "", columns=draw(clock_columns_of()))]
    return a_life(states, moves, acts, thens)
