"""Who reacts to what, and which pages take their figures from where: one page.

A reaction takes the event's facts and `now`; it may run twice.
"""

from jishi.accounts.web import glass
from jishi.bodies import queries as bodies
from jishi.cases.web.resident import speaking
from jishi.places.web import houses as house_desk
from jishi.places.web import plans as plan_desk
from jishi.portal import sources
from jishi.portal.web import looks

# Event → dotted paths of reactions.
WEBHOOKS, NOTICES = "jishi.cases.actions.calling.owe", "jishi.cases.actions.telling.tell"
REACTIONS: dict[str, tuple[str, ...]] = {
    "CaseMoved": (WEBHOOKS, NOTICES, "jishi.cases.actions.auto_offers.offer"),
    "PartMoved": (WEBHOOKS, NOTICES),
    "WhistleMoved": (WEBHOOKS, NOTICES),
    "MediationMoved": (WEBHOOKS, NOTICES),
    "TopicMoved": ("jishi.cases.actions.topic_telling.tell",),
    "MediaNamed": ("jishi.cases.actions.fetching.owe",),
    "ReportReceived": (WEBHOOKS,),  # the case's own move tells the caller
    "ParcelMade": ("jishi.cases.actions.sending.owe",),
    "GlassEnded": ("jishi.cases.actions.glass_telling.tell",),
    "GridPlanMoved": ("jishi.bodies.actions.rebinding.follow", "jishi.cases.actions.ground_telling.tell"),
    "AccountRecovered": ("jishi.accounts.actions.recovery_telling.owe",),
    "PhoneLost": ("jishi.accounts.actions.recovery_telling.owe",),
}

# News that nobody hears yet, each with the reason. It is written all the same: what was not announced
# cannot be heard later.
UNHEARD: dict[str, str] = {
    "ErrandMoved": "the pocket and the case page read errands at each look; nobody is disturbed for a small job",
    "PushDownWasRefused": "will be counted per asking body by burden, which is not built",
    "DutyListOutForConsultation": "invitations to holders are not built; the list stands on their page",
    "DutyListPublished": "decisions read the list in force at each question; nobody else needs to be told yet",
    "DutyListTakenBack": "the list in force stays the former one; nobody else needs to be told yet",
    "DutyListSuperseded": "the former list stays readable by its dates; nobody else needs to be told yet",
    "ResidenceMoved": "who serves a person is asked at each question; nothing is kept that must be changed",
    "TransitionClosed": "assembly and funds, which keep the roll and the accounts, are not built",
    "GridEditionAdopted": "memories of the ground look at its mark themselves; grids of open cases stay as pinned",
}

# Queries (actor) -> [(table, row)] that name the rows of a person's own.
OWN_ROWS: tuple[str, ...] = (
    "jishi.cases.queries.home.own_rows",
    "jishi.places.queries.own_residence_rows",
)


def wire() -> None:
    """Name the sources of the home pages and of lists of bodies, once, when the addresses are read."""
    glass.wire(bodies.all_bodies)
    plan_desk.wire(bodies.handing_over)
    house_desk.wire(bodies.is_of_community)
    looks.wire(
        looks.Sources(
            matters=sources.matters, around=sources.around, counts=sources.counts, boards=sources.boards,
            speak_up=speaking.home_context,
        )
    )
