"""What is wrong with a table, before anybody lives by it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jishi.kernels.procedure.table import BIRTH, Act, ConflictingClocks, Move, Procedure, Spoken, effects
from jishi.kernels.procedure.walking import Walk

AMOUNT = re.compile(r"[1-9]\d*(nm|nh|wh|hd|wd|nd|mo)")
RELATIVE = re.compile(r"([a-z_]+)(-[1-9]\d*(nm|nh|wh|hd|wd|nd|mo)|/[2-9])")
VERB = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
BLANK = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: `code` for programs, `says` for people, `path` (labels from birth) as the proof, if any."""

    code: str
    where: str
    says: str
    path: tuple[str, ...] = ()


def check(procedure: Procedure) -> tuple[Finding, ...]:
    """This will prove the table or name every fault, in the order of the file.

    Roads are walked only when every name is known: a wrong name would hide the true fault behind a false one.
    """
    names = (*_twice(procedure), *_unknown(procedure), *_conflicts(procedure), *_ambiguous(procedure))
    columns = (*_clock_columns(procedure), *_move_columns(procedure))
    words = (*_spoken(procedure), *_messages(procedure))
    if names:
        return (*names, *columns, *words)
    sense = (*_expiries(procedure), *_separations(procedure))
    return (*columns, *words, *sense, *_reach(procedure), *_roads(procedure))


def _all(p: Procedure) -> Iterator[tuple[str, Move]]:
    for i, m in enumerate(p.moves):
        yield f"moves[{i}] {m.no} {m.verb}", m
    for i, m in enumerate(p.acts):
        yield f"acts[{i}] {m.no} {m.verb}", m


def _twice(p: Procedure) -> Iterator[Finding]:
    lists: dict[str, Iterable[str]] = {
        "states": (s.code for s in p.states),
        "parties": (x.code for x in p.parties),
        "clocks": (c.kind for c in p.clocks),
        "messages": (m.code for m in p.messages),
    }
    for name, codes in lists.items():
        for code, times in Counter(codes).items():
            if times > 1:
                yield Finding("said_twice", name, f"{code} is written {times} times")
            if code == BIRTH:
                yield Finding("nameless", name, "a row has no name")


def _unknown(p: Procedure) -> Iterator[Finding]:
    states = {s.code for s in p.states}
    parties = {x.code for x in p.parties}
    kinds = {c.kind for c in p.clocks}
    messages = {m.code for m in p.messages}
    verbs = {m.verb for _, m in _all(p)} | {v for v in p.outside if "." in v}
    doers = parties | {f"clock:{k}" for k in kinds}
    asked: list[tuple[str, str, Iterable[str], set[str]]] = []
    for where, m in _all(p):
        targets = {m.to} if m.to or m in p.moves else set()
        asked += [
            (where, "state", (*m.sources, *sorted(targets), *m.origins), states),
            (where, "party", m.who, doers),
            (where, "clock", (*m.starts, *m.stops, *m.pauses, *m.resumes, *m.continues), kinds),
            (where, "message", m.tells, messages),
            (where, "verb", m.decides, verbs),
        ]
    asked += [(f"clocks {c.kind}", "party", [c.owner] if c.owner else [], parties) for c in p.clocks]
    asked += [(f"clocks {c.kind}", "verb", [c.at_expiry] if c.at_expiry else [], verbs) for c in p.clocks]
    asked += [(f"clocks {c.kind}", "clock", [c.then] if c.then else [], kinds) for c in p.clocks]
    asked += [(f"states {s.code}", "clock", s.runs, kinds) for s in p.states]
    asked += [(f"messages {m.code}", "party", [m.to], parties) for m in p.messages]
    asked += [("separation", "verb", s.verbs, verbs) for s in p.separations]
    for where, what, given, known in asked:
        for name in given:
            if name not in known:
                yield Finding(f"unknown_{what}", where, f"there is no {what} {name!r}")
    for verb in sorted(v for v in verbs if not VERB.fullmatch(v)):
        yield Finding("unknown_verb", verb, "a verb is written room.verb")


def _conflicts(p: Procedure) -> Iterator[Finding]:
    for where, m in _all(p):
        try:
            effects([m])
        except ConflictingClocks as conflict:
            yield Finding("conflicting_clocks", where, str(conflict))


def _ambiguous(p: Procedure) -> Iterator[Finding]:
    rows = list(_all(p))
    for i, (where, a) in enumerate(rows):
        for _, b in rows[:i]:
            shared = set(a.sources or (BIRTH,)) & set(b.sources or (BIRTH,))
            apart = a.origins and b.origins and not set(a.origins) & set(b.origins)
            if a.verb == b.verb and shared and not apart:
                yield Finding("ambiguous_move", where, f"{a.verb} from {min(shared)} has two rows")


def _clock_columns(p: Procedure) -> Iterator[Finding]:
    started = {k for _, m in _all(p) for k in m.starts} | {c.then for c in p.clocks}
    for c in p.clocks:
        where = f"clocks {c.kind}"
        for column, value in (("owner", c.owner), ("expiry", c.at_expiry), ("source", c.source)):
            if not value:
                yield Finding(f"clock_without_{column}", where, f"the clock has no {column}")
        if not (AMOUNT.fullmatch(c.amount) or _relative_to_known(p, c.amount)):
            yield Finding("amount_unreadable", where, f"{c.amount!r} is no amount")
        for extra in (c.emergency_amount, c.floor):
            if extra and not AMOUNT.fullmatch(extra):
                yield Finding("amount_unreadable", where, f"{extra!r} is no amount")
        if c.kind not in started:
            yield Finding("clock_never_started", where, "no move starts it")


def _relative_to_known(p: Procedure, amount: str) -> bool:
    match = RELATIVE.fullmatch(amount)
    return match is not None and match[1] in {*p.outside, *(c.kind for c in p.clocks)}


def _move_columns(p: Procedure) -> Iterator[Finding]:
    for where, m in _all(p):
        columns = {"number": m.no, "who": m.who, "trail": m.trail, "message": m.tells}
        for column, value in columns.items():
            if not value:
                yield Finding(f"move_without_{column}", where, f"the row has no {column}")
        if m.trail and not VERB.fullmatch(m.trail):
            yield Finding("trail_unreadable", where, f"{m.trail!r} is not written subject.happened")


def _spoken(p: Procedure) -> Iterator[Finding]:
    must: list[tuple[str, Spoken]] = [("procedure", p.name)]
    must += [(f"states {s.code}", s.name) for s in p.states]
    must += [(f"parties {x.code}", x.name) for x in p.parties]
    must += [(f"clocks {c.kind}", c.name) for c in p.clocks]
    must += [(f"messages {m.code}", m.text) for m in p.messages]
    must += [(where, m.title) for where, m in _all(p)]
    must += [("separation", s.why) for s in p.separations]
    must += [(f"{where} guard", m.guard) for where, m in _all(p) if m.guard.zh or m.guard.en]
    for where, said in must:
        for lang, words in (("zh", said.zh), ("en", said.en)):
            if not words.strip():
                yield Finding("not_said", where, f"no words in {lang}")


def _messages(p: Procedure) -> Iterator[Finding]:
    sent = {code for _, m in _all(p) for code in m.tells}
    for m in p.messages:
        if m.code not in sent:
            yield Finding("message_never_sent", f"messages {m.code}", "no move tells it")
        if set(BLANK.findall(m.text.zh)) != set(BLANK.findall(m.text.en)):
            yield Finding("blanks_differ", f"messages {m.code}", "zh and en do not name the same blanks")


def _expiries(p: Procedure) -> Iterator[Finding]:
    """A move that a clock makes is the expiry of that clock, and the other way round."""
    by_clock = {(k, m.verb) for _, m in _all(p) for k in _clocks_of(m)}
    own = {m.verb for _, m in _all(p)}
    expiries = {(c.kind, c.at_expiry) for c in p.clocks}
    for kind, verb in sorted(by_clock - expiries):
        yield Finding("expiry_elsewhere", f"clocks {kind}", f"{verb} is made by it, but is not its expiry")
    for kind, verb in sorted(expiries - by_clock):
        if verb in own:
            yield Finding("expiry_not_allowed", f"clocks {kind}", f"{verb} may not be made by this clock")


def _clocks_of(move: Move) -> list[str]:
    return [w.removeprefix("clock:") for w in move.who if w.startswith("clock:")]


def _separations(p: Procedure) -> Iterator[Finding]:
    for where, m in _all(p):
        for asked in m.decides:
            people = [w for w in m.who if not w.startswith("clock:")]
            if people and asked not in p.may_not_also(m.verb):
                yield Finding("asker_may_approve", where, f"who did {asked} may also do {m.verb}")


def _reach(p: Procedure) -> Iterator[Finding]:
    if not any(m.is_birth for m in p.moves):
        yield Finding("no_birth", "moves", "no move begins this life")
    walk = Walk(p, ())
    reached = {place.state for place in walk.places}
    ending = set(p.ends)
    grew = True
    while grew:
        before = len(ending)
        ending |= {step.before.state for step in walk.steps if step.after.state in ending}
        grew = len(ending) > before
    for s in p.states:
        if s.code not in reached:
            yield Finding("unreachable_state", f"states {s.code}", "no road leads here")
        elif not s.is_end and s.code not in ending:
            yield Finding("endless_state", f"states {s.code}", "no road leads from here to an end")
    done = {step.move for step in walk.steps}
    for where, m in _all(p):
        if m not in done and any(source in reached for source in m.sources):
            yield Finding("dead_move", where, "its origin never occurs")


def _roads(p: Procedure) -> Iterator[Finding]:
    for clock in p.clocks:
        yield from _road_of(p, clock.kind)
    for s in p.states:
        if s.runs:
            yield from _nothing_runs(p, s.code, s.runs)


def _watched(p: Procedure, kinds: Iterable[str]) -> tuple[str, ...]:
    """The clocks themselves, and those whose expiry starts them."""
    watched = list(dict.fromkeys(kinds))
    for kind in watched:
        watched += [c.kind for c in p.clocks if c.then == kind and c.kind not in watched]
    return tuple(watched)


def _road_of(p: Procedure, kind: str) -> Iterator[Finding]:
    walk = Walk(p, _watched(p, [kind]))
    where = f"clocks {kind}"
    for place in walk.places:
        if place.state in p.ends and place.hands[0].is_open:
            says = f"still {place.hands[0]} in {place.state}"
            yield Finding("clock_open_at_end", where, says, walk.road(place))
            break
    for step in walk.steps:
        starts = step.move is not None and effects([step.move]).get(kind) is Act.START
        if starts and step.before.hands[0].is_open:
            road = (*walk.road(step.before), step.label)
            yield Finding("clock_started_twice", where, f"{step.label} starts it while it is open", road)
            break


def _nothing_runs(p: Procedure, state: str, runs: tuple[str, ...]) -> Iterator[Finding]:
    walk = Walk(p, _watched(p, runs))
    for place in walk.places:
        hands = place.hands[: len(dict.fromkeys(runs))]
        if place.state == state and "running" not in hands:
            says = f"none of {', '.join(runs)} runs here"
            yield Finding("nothing_runs", f"states {state}", says, walk.road(place))
            return
