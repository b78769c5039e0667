"""What a notice says: its facts are pinned when it is owed, its sentence is written from them whenever it is read.

The same function writes the preview, the page and what leaves: they cannot differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.utils.timezone import get_current_timezone, localdate

from jishi.accounts.actions.reaching import SITE
from jishi.bodies import queries as bodies
from jishi.cases import limits, notices, policies
from jishi.cases.actions import linking
from jishi.cases.models import Case, Clock, Handover, Message, Part, Participant, Reply, Whistle
from jishi.cases.states import (
    LIVES,
    CoverGround,
    DeclineGround,
    NotBackGround,
    ReturnGround,
    SupervisionGround,
    UnsealGround,
    Voice,
)
from jishi.duties import queries as duties
from jishi.foundation import ends, scope, trail
from jishi.kernels.text.minimise import minimise
from jishi.places.queries import coming

NOTHING = "—"
GROUNDS_EN = {
    "not_our_duty": "not our duty", "wrong_place": "not in our area", "missing_facts": "facts are missing",
    "already_handled": "handled already", "emergency_line": "a matter for 110, 119 or 120",
    "other_procedure": "another procedure of law", "same_facts": "answered before, nothing new",
    "secret_or_private": "secrets or others' privacy", "beyond_duty": "settled by market or society",
    "unlawful": "unlawful content", "person": "what names or shows a person", "plate": "a number plate",
    "child": "a child", "health": "somebody's health", "secret": "a secret of the state or of a trade",
    "nothing": "looked at, nothing to cover", "own_wish": "the reporter's own wish",
    "verify": "it cannot be verified without asking the person", "danger": "somebody is in danger",
    "done_as_said": "looked at on the spot: what the answer says is done",
    "planned": "it is planned, and the day of the answer has not come",
    "not_lawful": "the law does not allow what is wanted; the basis is stated",
    "another_matter": "this is another matter, to be taken down on its own",
    "court": "a court, procuratorate or supervisory organ requires it by law", "protect": "to protect the reporter",
}  # fmt: skip


@dataclass(slots=True)
class Told:
    """One announcement with what it is about: the case, its entries, and the row beside it."""

    case: Case
    facts: Mapping[str, Any]
    entries: Sequence[trail.Entry]
    part: Part | None = None
    whistle: Whistle | None = None
    body_id: int | None = None
    entry: trail.Entry | None = None
    handovers: Sequence[Handover] = field(default_factory=list)

    @property
    def codes(self) -> Mapping[str, Any]:
        return self.entry.codes if self.entry is not None else {}


def gather(case: Case, facts: Mapping[str, Any]) -> Told:
    """Read what a sentence about this announcement may need; a handful of statements."""
    told = Told(case, facts, trail.of("case", case.id))
    wanted = ENTRIES.get(facts.get("verb", ""), frozenset())
    told.entry = next((e for e in reversed(told.entries) if e.verb in wanted), None)
    told.part = Part.objects.filter(id=facts.get("part_id") or 0).first()
    told.whistle = Whistle.objects.filter(id=facts.get("whistle_id") or 0).first()
    told.body_id = facts.get("body_id")
    told.handovers = list(Handover.objects.filter(case=case, role="lead").order_by("id"))
    return told


def pin(told: Told, template: notices.Template) -> dict[str, Any]:
    """Pin what the sentence will name: ids, codes, moments, and where words were said; no words."""
    braces = template.text.zh + "".join(s.zh for s in template.own.values())
    facts: dict[str, Any] = {"number": told.case.number}
    if "{due}" in braces and (due := _due(told, template.due)) is not None:
        facts["due"] = due.isoformat()
    if "{body}" in braces:
        facts["body"] = _body(told, template.body)
    if "{ground}" in braces:
        facts["ground"] = told.codes.get("ground") or told.case.decline_ground
    if "{item}" in braces:
        facts["item"] = _item(told)
    if "{channel}" in braces and told.entry is not None:
        facts["channel"] = told.entry.seq
    if "{text}" in braces:
        facts |= _said(told, template.said)
    return {name: value for name, value in facts.items() if value}


def _due(told: Told, kind: str) -> datetime | None:
    case = told.case
    if kind == "window":
        return (case.closed_at or case.status_since) + policies.window_of(case)
    clocks = Clock.objects.filter(case=case, kind=kind)
    if told.part is not None and kind.startswith("part"):
        clocks = clocks.filter(part=told.part)
    found = clocks.order_by("-id").first()
    if found is not None and found.due_at is not None:
        return found.due_at
    return case.promise_due_at if kind == "promise" else None


def _body(told: Told, which: str) -> int | None:
    lead = told.case.lead_id or (told.handovers[-1].body_id if told.handovers else None)
    if which == "asker":
        return told.part.asked_by_id if told.part is not None else lead
    if which == "street":
        return told.whistle.blown_by_id if told.whistle is not None else None
    if which == "asked":
        return told.body_id or (told.part.asked_body_id if told.part is not None else told.codes.get("body"))
    if which == "returning":
        return told.handovers[-1].body_id if told.handovers else None
    return told.codes.get("body") or told.codes.get("agreed") or lead


def _item(told: Told) -> int | None:
    row = told.handovers[-1] if told.handovers else None
    return (
        told.codes.get("item")
        or next(iter(told.codes.get("items") or []), None)
        or (row.duty_item_id if row is not None else None)
    )


def _said(told: Told, source: str) -> dict[str, Any]:
    if source == "reply":
        reply = Reply.objects.filter(case=told.case).exclude(approved_at=None).order_by("-approved_at").first()
        return {"reply": reply.id if reply else 0}
    if source in ("title", "matter", "living"):
        return {"quote": source}
    return {"seq": told.entry.seq, "key": source} if told.entry is not None and source else {}


def _entries() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for life in LIVES:
        for move in (*life.moves, *life.acts):
            found.setdefault(move.verb, set()).add(move.trail)
    return {verb: frozenset(rows) for verb, rows in found.items()}


ENTRIES = _entries()


# --- writing -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """What leaves, or what a page shows."""

    subject: str
    text: str


def sentences(messages: Sequence[Message], channel: str, lang: str) -> list[str]:
    """Write each message as one sentence of this channel; a few statements per case."""
    said = {about: trail.words_of(*about) for about in {_about(m) for m in messages}}
    replies = {r.id: r for r in Reply.objects.filter(id__in=[m.facts.get("reply", 0) for m in messages])}
    return [_sentence(m, channel, lang, said[_about(m)], replies) for m in messages]


def _about(message: Message) -> tuple[str, int]:
    """Name what a message is about as the trail does."""
    return ("topic", message.topic_id) if message.topic_id is not None else ("case", message.case_id or 0)


def letter(messages: Sequence[Message], channel: str, lang: str, *, to_reader: bool = False) -> Written:
    """Write what leaves at once: one sentence as it is, several under one head, never longer than the channel takes.

    `to_reader`: with its links; whoever else looks at a letter sees only that it holds one (`linking`).
    """
    frame = notices.numbered(max(m.edition for m in messages)).channels[channel]
    links = linking.addresses(messages, to_reader=to_reader)
    tails = [" " + frame.link.in_(lang).format(link=links[m.id]) if m.id in links else "" for m in messages]
    if any(_is_quiet(m) for m in messages):
        return Written("", frame.head.in_(lang) + frame.quiet.in_(lang) + next(filter(None, tails[::-1]), ""))
    lines, n = sentences(messages, channel, lang), len(messages)
    head = frame.head.in_(lang) + (frame.many.in_(lang).format(n=n) if n > 1 else "")
    kept = _fitting(list(zip(lines, tails, strict=True)), frame, lang, len(head))
    rest = [frame.rest.in_(lang).format(n=n - len(kept))] if len(kept) < n else []
    foot = frame.foot.in_(lang)
    text = head + "\n".join([*kept, *rest]) + (f"\n\n{foot}" if foot else "")
    return Written(frame.subject.in_(lang).format(n=n), text)


def _is_quiet(message: Message) -> bool:
    """A confidential reporter and a party by a link: who else reads that screen learns that there is news, no more."""
    told_in_confidence = message.report is not None and message.report.voice == Voice.CONFIDENTIAL
    return message.channel != SITE and (told_in_confidence or message.party_id is not None)


def _fitting(lines: Sequence[tuple[str, str]], frame: notices.Channel, lang: str, used: int) -> list[str]:
    """Keep what there is room for; a sentence may be cut, the link behind it never."""
    room = frame.longest - used - len(frame.rest.in_(lang)) - 4
    kept: list[str] = []
    for line, tail in lines:
        if kept and room < len(line) + len(tail) + 1:
            break
        kept.append(line[: max(room - len(tail), 1)] + tail)
        room -= len(line) + len(tail) + 1
    return kept


def _sentence(
    message: Message, channel: str, lang: str, said: Mapping[int, Mapping[str, str]], replies: Mapping[int, Reply]
) -> str:
    edition = notices.numbered(message.edition)
    template, frame = edition.templates[message.code], edition.channels[channel]
    facts = message.facts
    quoted = _quoted(message, said, replies, lang)
    if template.to != "caller":  # what people said may name people
        quoted = minimise([quoted])[0].shown if quoted else ""
    values = {
        "number": message.report.number if message.report is not None else facts.get("number", NOTHING),
        "due": _moment(facts.get("due"), lang),
        "body": _called(facts.get("body"), lang),
        "ground": _ground(facts.get("ground"), lang),
        "item": _cited(facts.get("item"), message.case),
        "topic": message.topic.title if message.topic is not None else "",
        "channel": said.get(facts.get("channel", 0), {}).get("channel", ""),
        "text": quoted if "moved" in facts else _cut(quoted, frame.words_longest),  # a phone is never cut
    }
    return template.words(channel, lang).format_map({name: value or NOTHING for name, value in values.items()})


def _quoted(
    message: Message, said: Mapping[int, Mapping[str, str]], replies: Mapping[int, Reply], lang: str
) -> str:
    facts, case = message.facts, message.case
    if (reply := replies.get(facts.get("reply", 0))) is not None:
        return reply.text_for_caller
    if "moved" in facts:
        return _moved(facts["moved"], lang)
    if case is None:
        return said.get(facts.get("seq", 0), {}).get(facts.get("key", ""), "")
    if facts.get("quote") == "living":
        return case.absorbed_into.number if case.absorbed_into is not None else ""
    if facts.get("quote") == "title":
        return case.title
    if facts.get("quote") == "matter":
        matter = duties.matter(case.matter) if case.matter else None
        return matter.called(lang) if matter is not None else ""
    return said.get(facts.get("seq", 0), {}).get(facts.get("key", ""), "")


def _moved(facts: Mapping[str, Any], lang: str) -> str:
    """Say which grid it was and will be, who serves there by now and on which work phone, from when, and why."""
    day = date.fromisoformat(facts["day"])
    at = max(datetime.combine(day, time(0), get_current_timezone()), scope.current().recorded_at)
    register = bodies.grid_register(facts["grid"], at)
    people = [] if register is None else [*register.of("leader"), *register.of("full_time")]
    who = "，".join(f"{one.name} {one.work_phone}".strip() for one in people[:2])
    if not who and register is not None:
        who = f"{register.phone_of} {register.phone}".strip()
    old, new, why = facts["from"][12:], facts["to"][12:], coming.reason_in(facts["reason"], lang)
    if lang.startswith("zh"):
        was = f"，原来是 {old}" if old else ""
        return f"{day.month}月{day.day}日起归 {new} 网格{was}；{f'服务的是 {who}；' if who else ''}原因：{why}"
    was = f", before it was {old}" if old else ""
    return f"from {day.day} {day:%b} on it is grid {new}{was}; {f'served by {who}; ' if who else ''}because {why}"


def _cut(text: str, longest: int) -> str:
    flat = " ".join(text.split()).rstrip("。.")
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def _moment(stamp: str | None, lang: str) -> str:
    if not stamp:
        return ""
    end = datetime.fromisoformat(stamp)
    on, at = ends.last_day(end), ends.clock(end)
    return f"{on.month}月{on.day}日 {at}" if lang.startswith("zh") else f"{on.day} {on:%b} {at}"


def _called(body_id: int | None, lang: str) -> str:
    body = bodies.names().get(body_id or 0)
    return body.called(lang) if body is not None else ""


def _ground(code: str | None, lang: str) -> str:
    if not code:
        return ""
    rules = limits.load()
    known = rules.suspension.get(code) or rules.exclusion.get(code)
    if known is not None:
        return known.name.in_(lang)
    spoken = {**dict(ReturnGround.choices), **dict(DeclineGround.choices), **dict(SupervisionGround.choices),
              **dict(CoverGround.choices), **dict(UnsealGround.choices), **dict(NotBackGround.choices)}  # fmt: skip
    if lang.startswith("zh"):
        return str(spoken.get(code, ""))
    return GROUNDS_EN.get(code, code.replace("_", " "))


def _cited(item_id: int | None, case: Case | None) -> str:
    if not item_id or case is None:
        return ""
    row = next((i for i, _ in duties.law(localdate(case.received_at)).by_item_id.values() if i.id == item_id), None)
    return f"{row.number}《{row.name}》" if row is not None else ""


def participants(whistle: Whistle | None) -> list[int]:
    """Give the bodies that a whistle calls."""
    if whistle is None:
        return []
    return list(Participant.objects.filter(whistle=whistle).order_by("id").values_list("body_id", flat=True))
