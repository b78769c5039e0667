"""Looking at notices: what one would say before anything is sent, what left and how, and one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.timezone import localdate

from jishi.accounts.actions.reaching import SITE
from jishi.cases import notices, policies
from jishi.cases.actions import telling, topic_telling, wording
from jishi.cases.actions.telling import Person
from jishi.cases.models import Case, Message, Parcel, Topic
from jishi.cases.queries import listing
from jishi.cases.states import LIVES, TOPIC, Urgency
from jishi.foundation import carriers, outbox
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound

LOOKING = ("office", "system_admin", "auditor")


@dataclass(frozen=True, slots=True)
class Preview:
    """One notice as it would leave now. `people`: how many it would reach, by channel; nobody's name."""

    template: notices.Template
    subject: str
    text: str
    when: datetime
    at_once: bool
    people: dict[str, int]


@dataclass(frozen=True, slots=True)
class Left:
    """One parcel: what it says as it was written, when it left, and whether the twin stood in."""

    id: int
    channel: str
    to: str  # caller, post
    made_at: datetime
    left_at: datetime | None
    error: str
    text: str
    count: int
    only_remembered: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """One notice to oneself."""

    at: datetime
    text: str
    number: str  # of the case; empty for a topic
    topic: int | None
    report: str  # number of one's own report, for a caller
    channel: str
    left: bool


def ensure_may_look(by: Actor) -> None:
    """Insist on the office or an administrator. :raises NotAllowed: anybody else."""
    if not by.has(*LOOKING):
        raise NotAllowed(why="通知的样子由领导小组办公室和系统管理员看。")


def templates(now: datetime) -> list[notices.Template]:
    """List every notice of the edition in force, by whom it is for."""
    return sorted(notices.on(localdate(now)).templates.values(), key=lambda t: (t.to != "caller", t.to, t.code))


def preview(code: str, number: str, channel: str, lang: str, *, by: Actor, now: datetime) -> Preview:
    """Write one notice about a real case as it would leave now; nothing is stored, nobody is told.

    :raises NotFound: no such notice, channel or case.
    """
    ensure_may_look(by)
    edition = notices.on(localdate(now))
    template, frame = edition.templates.get(code), edition.channels.get(channel)
    if template is None or frame is None:
        raise NotFound
    if template.to in topic_telling.PARTIES:
        return _of_a_topic(template, edition, channel, lang, by=by, now=now)
    case = Case.objects.select_related("absorbed_into").get(id=listing.id_of(number, by=by))
    told = wording.gather(case, _as_told(case, code))
    reached = telling.people(told, template, now)
    person = next((p for p in reached if p.report is not None), None) or Person(0, None, channel, lang)
    draft = telling.message(case, template, edition, wording.pin(told, template), person, {}, now)
    draft.id = 0
    written = wording.letter([draft], channel, lang)
    free = case.urgency == Urgency.EMERGENCY or channel == SITE
    body = reached[0].body_id if reached else None
    return Preview(
        template, written.subject, written.text, now if free else telling.may_disturb(now, edition, body),
        draft.at_once, {c: sum(1 for p in reached if p.channel == c) for c in sorted({p.channel for p in reached})},
    )  # fmt: skip


def _of_a_topic(
    template: notices.Template, edition: notices.Edition, channel: str, lang: str, *, by: Actor, now: datetime
) -> Preview:
    """Write a notice of topics about the last topic that told it, or the newest. :raises NotFound: there is none."""
    rows = Topic.objects.filter(tenant_id=by.tenant_id)
    told = Message.objects.filter(code=template.code).exclude(topic=None).order_by("-id").first()
    topic = told.topic if told is not None else rows.order_by("-id").first()
    if topic is None:
        raise NotFound
    verb = next(m.verb for m in (*TOPIC.moves, *TOPIC.acts) if template.code in m.tells)
    reached = topic_telling.reached(topic, template, now)
    person = reached[0] if reached else Person(0, None, channel, lang)
    pinned = topic_telling.pin(topic, template, topic_telling.entry_of(topic, verb))
    draft = telling.message(topic, template, edition, pinned, person, {}, now)
    draft.id = 0
    written = wording.letter([draft], channel, lang)
    return Preview(
        template, written.subject, written.text, now if channel == SITE else telling.may_disturb(now, edition),
        draft.at_once, {c: sum(1 for p in reached if p.channel == c) for c in sorted({p.channel for p in reached})},
    )  # fmt: skip


def _as_told(case: Case, code: str) -> dict[str, object]:
    """Give the facts of the last announcement that told this, or of its verb where none did."""
    message = Message.objects.filter(case=case, code=code).order_by("-id").first()
    if message is not None and (found := outbox.facts_of(message.news_id)) is not None:
        return found
    verb = next((m.verb for life in LIVES for m in (*life.moves, *life.acts) if code in m.tells), "")
    return {"verb": verb, "case_id": case.id}


def left(*, by: Actor, before: int | None = None, limit: int = 30) -> list[Left]:
    """List what left, newest first, as it was written; a notice about a case that is not one's to see is not there."""
    ensure_may_look(by)
    rows = Parcel.objects.filter(tenant_id=by.tenant_id)
    parcels = list((rows.filter(id__lt=before) if before else rows).order_by("-id")[:limit])
    held: dict[int | None, list[Message]] = {}
    for one in _read(Message.objects.filter(parcel__in=parcels)):
        held.setdefault(one.parcel_id, []).append(one)
    done = outbox.done("parcel", [p.id for p in parcels])
    return [_left(p, held[p.id], *done.get(p.id, (None, ""))) for p in parcels if p.id in held]


def _left(parcel: Parcel, messages: Sequence[Message], at: datetime | None, error: str) -> Left:
    written = wording.letter(messages, parcel.channel, parcel.lang)
    to = "post" if messages[0].report_id is None else "caller"
    return Left(
        parcel.id, parcel.channel, to, parcel.made_at, at, error, written.text, len(messages),
        carriers.only_remembers(parcel.channel),
    )  # fmt: skip


def waiting(*, by: Actor) -> int:
    """Count the notices that wait for the day, the half day or their carrier."""
    return Message.objects.filter(tenant_id=by.tenant_id, parcel=None).exclude(channel=SITE).count()


def mine(*, by: Actor, lang: str, limit: int = 50) -> list[Mine]:
    """List what one was told, newest first, in one's own words of the page; whatever the channel."""
    rows = Message.objects.filter(tenant_id=by.tenant_id)
    if by.kind == "staff" and by.account_id is not None:
        rows = rows.filter(account=by.account_id)
    elif by.kind in ("resident", "reporter"):
        rows = rows.filter(report__in=policies.reports_of(by).values("id"))
    else:
        return []
    found = _read(rows.order_by("-id")[:limit])[::-1]
    texts = wording.sentences(found, SITE, lang)
    return [
        Mine(
            m.at, text, m.case.number if m.case else "", m.topic_id, m.report.number if m.report else "", m.channel,
            m.parcel_id is not None,
        )  # fmt: skip
        for m, text in zip(found, texts, strict=True)
    ]


def _read(rows: QuerySet[Message]) -> list[Message]:
    return sorted(rows.select_related("case__absorbed_into", "report", "topic", "party"), key=lambda m: m.id)
