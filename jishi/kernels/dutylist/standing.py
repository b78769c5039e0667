"""How each line stands on the facts: its truth, the body it names, its rank."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from .evaluation import Truth, all_of, needs, shortest
from .facts import Facts
from .items import Editions, Line, Rank, matter_of, rank


class Standing(NamedTuple):
    """One line with its truth on these facts; `able` is False where no body is named for its division."""

    line: Line
    truth: bool | None
    body: str | None
    rank: Rank
    able: bool = True
    lead_known: bool = True

    def missing(self, facts: Facts) -> tuple[str, ...]:
        """The shortest list of facts that could make the line match and name its lead."""
        ways = needs(self.line.whole, facts)
        return shortest(ways if self.lead_known else all_of((ways, (frozenset({"place"}),))))


def standings(facts: Facts, editions: Editions, day: date) -> tuple[Standing, ...]:
    """Every line in force that may concern the matter, except those that are false on these facts."""
    matter = matter_of(facts)
    found = []
    for line in editions.candidates(facts):
        if not line.item.in_force(day):
            continue
        truth = line.ask(facts)
        if truth is not False:
            found.append(standing(line, truth, facts, editions, matter))
    return tuple(found)


def standing(line: Line, truth: Truth, facts: Facts, editions: Editions, matter: str | None) -> Standing:
    """One line with its lead resolved: without the place, a line led by $street is unknown, not true."""
    body, told = editions.body_for(line.item.lead_body, facts)
    names_one = bool(line.item.lead_body)
    if truth is not False and names_one and not told:
        return Standing(line, None, None, rank(line, matter), lead_known=False)
    return Standing(line, truth, body, rank(line, matter), able=body is not None or not names_one)


def number_order(each: Standing) -> tuple[object, ...]:
    """Among equals that name one body the lower printed number goes first."""
    return (each.line.order[2], each.line.order)
