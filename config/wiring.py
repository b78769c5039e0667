"""Who reacts to what, and which pages take their figures from where: one page.

A reaction takes the event's facts and `now`; it may run twice.
"""

from jishi.cases.web.resident import speaking
from jishi.portal import sources
from jishi.portal.web import looks

# Event → dotted paths of reactions. Nothing reacts yet: messages to people are a later issue.
REACTIONS: dict[str, tuple[str, ...]] = {}

# Queries (actor) -> [(table, row)] that name the rows of a person's own.
OWN_ROWS: tuple[str, ...] = ("jishi.cases.queries.home.own_rows",)


def wire() -> None:
    """Name the sources of the home pages, once, when the addresses are read."""
    looks.wire(
        looks.Sources(
            matters=sources.matters, around=sources.around, counts=sources.counts, speak_up=speaking.home_context
        )
    )
