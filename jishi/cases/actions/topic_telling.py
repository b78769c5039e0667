"""每月一题, told to whom it concerns: the office, the lead and those who assist, the body that nominated (10 §14).

A topic hangs on no case: its notices hang on the topic. No name, no report: whoever works at it is told, nobody else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from django.utils.timezone import get_current_timezone, localdate

from jishi.accounts import queries as accounts
from jishi.cases import notices
from jishi.cases.actions import telling
from jishi.cases.models import Case, Message, Topic
from jishi.cases.states import TOPIC
from jishi.foundation import trail

OFFICE, BODIES, NOMINATED = "topic_office", "topic_bodies", "any_body"  # `to` of institutions/procedures/topic.toml
PARTIES = (OFFICE, BODIES, NOMINATED)
END_OF_DAY = time(23, 59)
ENTRIES = {m.verb: m.trail for m in (*TOPIC.moves, *TOPIC.acts)}


def tell(facts: Mapping[str, Any], *, now: datetime) -> None:
    """Owe what this announcement of a topic tells, to everybody whom it tells; a handful of statements."""
    codes = facts.get("tells") or ()
    topic = Topic.objects.filter(id=facts["topic_id"]).first() if codes else None
    if topic is None:
        return
    edition, entry = notices.on(localdate(now)), entry_of(topic, facts.get("verb", ""))
    rows: list[Message] = []
    for code in codes:
        template = edition.templates[code]
        pinned = pin(topic, template, entry)
        people = reached(topic, template, now)
        rows += [telling.message(topic, template, edition, pinned, one, facts, now) for one in people]
    Message.objects.bulk_create(rows, ignore_conflicts=True)


def entry_of(topic: Topic, verb: str) -> trail.Entry | None:
    """Give the last entry of the topic that this verb leaves."""
    return next((e for e in reversed(trail.of("topic", topic.id)) if e.verb == ENTRIES.get(verb)), None)


def reached(topic: Topic, template: notices.Template, now: datetime) -> list[telling.Person]:
    """Name whom a notice of a topic reaches: the office of the whole town, or the people of the bodies in it."""
    if template.to == OFFICE:
        found = [(h.account_id, h.body_id) for h in accounts.people_of("office", now=now) if not h.area]
        return telling.in_posts(found)
    ids = [topic.nominated_by_id] if template.to == NOMINATED else [topic.lead_body_id, *topic.assist_body_ids]
    return telling.in_posts(_of(sorted({b for b in ids if b is not None}), now))


def _of(body_ids: Sequence[int], now: datetime) -> list[tuple[int, int | None]]:
    by_role = [accounts.accounts_of_bodies(body_ids, role, now=now) for role in ("handler", "head")]
    return [(account, body) for body in body_ids for held in by_role for account in held.get(body, [])]


def pin(topic: Topic, template: notices.Template, entry: trail.Entry | None) -> dict[str, Any]:
    """Pin what the sentence will name: bodies, days, the number of a case, and where words were said."""
    codes = entry.codes if entry is not None else {}
    body = topic.nominated_by_id if template.body == "nominating" else codes.get("body")
    facts: dict[str, Any] = {"body": body}
    if template.due:
        last = datetime.combine(topic.due_date, END_OF_DAY, get_current_timezone())
        facts["due"] = last.isoformat()
    if "{number}" in template.text.zh:
        facts["number"] = Case.objects.filter(id=codes.get("case") or 0).values_list("number", flat=True).first()
    if template.said and entry is not None:
        facts |= {"seq": entry.seq, "key": template.said}
    return {name: value for name, value in facts.items() if value}
