"""What may come in: the shape of a report at the door, what triage makes of it, and why it would be refused."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from jishi.bodies import queries as bodies
from jishi.cases import policies, triage
from jishi.cases.actions import at_home
from jishi.cases.refusals import (
    AnonymousHasNoPerson,
    BadContact,
    BadMail,
    ClockWrong,
    NothingSaid,
    SwappedAxes,
    TooLong,
    UnknownDatum,
    UnknownMatter,
)
from jishi.cases.states import Channel, Kind, Urgency, Voice
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, Refused
from jishi.places import queries as places

LIMIT = 10_000
DEVICE_CLOCK = timedelta(minutes=10)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # nothing said before there was a hotline


class Here(NamedTuple):
    """Where somebody pressed "here": degrees in a named system, metres."""

    lng: float
    lat: float
    crs: str
    accuracy_m: float | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing one person said, as an edge hands it in. Coordinates name their system or are refused."""

    text: str
    channel: str
    kind: str = Kind.REPORT.value
    voice: str = Voice.OPEN.value
    said_at: datetime | None = None
    lng: float | None = None
    lat: float | None = None
    crs: str = ""
    accuracy_m: float | None = None
    address_text: str = ""
    title: str = ""
    matter: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    caller_name: str = ""
    caller_contact: str = ""
    more_sealed: Mapping[str, str] = field(default_factory=dict)  # caller_mail, device_id, account_id of a program
    accused_body_ids: tuple[int, ...] = ()
    reporter_id: int | None = None
    external_system: str = ""
    external_id: str = ""
    external_hash: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    join_case_id: int | None = None
    urgency: str = Urgency.NORMAL.value
    lang: str = "zh-Hans"
    wants_word: bool = False
    at_home: bool = False  # who says no place is served where she lives; she said so herself

    def __post_init__(self) -> None:
        """Who hides has no account, whichever door hands it in: it would lead back (spec 10 §13). Here alone."""
        if self.voice != Voice.OPEN:
            object.__setattr__(self, "reporter_id", None)


def look(
    rows: Sequence[Incoming], *, now: datetime, compare: bool = True, by: Actor | None = None
) -> list[triage.Looked]:
    """Run the pipeline over `rows`, storing nothing (spec 12 §1); `compare=False` leaves near-duplicates out.

    `by`: who sends them; a resident who named no place is then served where she lives, if she said so.
    """
    return triage.run(
        [
            triage.Words(
                text=r.text, said_at=r.said_at or now, lng=r.lng, lat=r.lat, crs=r.crs, accuracy_m=r.accuracy_m,
                address_text=r.address_text, matter=r.matter, channel=r.channel, kind=r.kind, urgency=r.urgency,
                answers=r.answers,
            )
            for r in rows
        ],
        now=now,
        compare=compare,
        homes=at_home.asking(rows, by=by, now=now) if by is not None else None,
    )  # fmt: skip


def refusal_of(incoming: Incoming, *, now: datetime) -> Refused | None:
    """Say why this would be refused, storing nothing: for dry runs and forms."""
    try:
        _ensure_sound(incoming, now)
    except Refused as no:
        return no
    return None


def beyond(one: Incoming, by: Actor) -> Refused | None:
    """How urgent it is and how it came in is said by who receives it for the town; others say what happened."""
    if by.has(policies.PROGRAM) and one.channel == Channel.OPEN311 and one.urgency == Urgency.NORMAL:
        return None
    if by.has(*policies.RECEIVING) or (one.urgency == Urgency.NORMAL and one.channel in (Channel.WEB, Channel.API)):
        return None
    return NotAllowed(why="多急、从哪里来，由受理的岗位登记。")


def _ensure_sound(one: Incoming, now: datetime) -> None:
    if not one.text.strip():
        raise NothingSaid
    if len(one.text) > LIMIT:
        raise TooLong(length=len(one.text), limit=LIMIT)
    _ensure_known_words(one)
    if one.said_at is not None and not EARLIEST <= one.said_at <= now + DEVICE_CLOCK:
        raise ClockWrong(said_at=one.said_at.isoformat())
    _ensure_point(one)
    _ensure_person(one)
    if one.matter and ((row := duties.matter(one.matter)) is None or row.becomes.get("codes")):
        raise UnknownMatter(matter=one.matter, successor=duties.successor_sentence(one.matter))


def _ensure_known_words(one: Incoming) -> None:
    """Insist on codes of our lists and on bodies that exist, whoever sends them."""
    lists = {"channel": Channel, "kind": Kind, "voice": Voice, "urgency": Urgency}
    for name, known in lists.items():
        if getattr(one, name) not in known.values:
            raise Invalid(detail=name)
    if one.accused_body_ids and not set(one.accused_body_ids) <= set(bodies.names()):
        raise Invalid(detail="accused_body_ids")


def _ensure_point(one: Incoming) -> None:
    if one.lng is None and one.lat is None:
        return
    if one.lng is not None and one.lat is not None and not max(abs(one.lng), abs(one.lat)) <= 180:
        raise Invalid(detail="lng, lat")
    if one.lng is None or one.lat is None or one.crs not in places.CRS:
        raise UnknownDatum
    if places.looks_swapped(one.lng, one.lat):
        raise SwappedAxes(lng=one.lat, lat=one.lng)


def _ensure_person(one: Incoming) -> None:
    named = one.caller_name or one.caller_contact or any(one.more_sealed.values())
    if one.voice == Voice.ANONYMOUS and named:
        raise AnonymousHasNoPerson
    if "@" in one.caller_contact and not _MAIL.fullmatch(one.caller_contact.strip()):
        raise BadMail
    digits = "".join(c for c in one.caller_contact if c.isdigit())
    if one.caller_contact and "@" not in one.caller_contact and not 7 <= len(digits) <= 15:
        raise BadContact(length=len(digits))
    if one.caller_contact.strip().startswith("1") and "@" not in one.caller_contact and len(digits) != 11:
        raise BadContact(length=len(digits))
