"""The page of one case: what was said, its clocks, its life, what each body did, who looked. Bounded statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import enclosing, publishing
from jishi.cases.actions.moving import OPEN_HANDOVER
from jishi.cases.models import (
    Addendum,
    Case,
    Choice,
    Clock,
    Consultation,
    ContactNote,
    Feedback,
    Handover,
    Membership,
    Part,
    Participant,
    Position,
    Reply,
    Report,
    Review,
    Ruling,
    Suggestion,
)  # fmt: skip
from jishi.cases.policies import Stand
from jishi.cases.queries import consulting, happened, judging, listing, ticking
from jishi.cases.states import CASE, HANDOVER, LIVES, Role, Status, Visibility
from jishi.duties import queries as duties
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile
from jishi.foundation.refusals import NotFound
from jishi.kernels import ledger
from jishi.kernels.procedure import Move, Spoken

MOST_REPORTS = 20  # shown of a case with many members
MOST_ENTRIES = 500
# Verbs of the desk that no table holds, because they leave the case where it is.
OF_THE_DESK = (
    "intake.set_urgency", "recusing.say_line", "recusing.let_back", "merging.leave", "merging.split",
    "merging.keep_as_community", "choosing.refuse_pairs",
)  # fmt: skip

# Verbs that the tables of moves do not hold, because they move nothing.
BESIDE: Mapping[str, Spoken] = {
    "case.joined": Spoken("又有人说了这件事", "Somebody else reported the same"),
    "case.took_in": Spoken("另一件并进来", "Another case was merged into it"),
    "case.gave_back": Spoken("并进来的拆回去", "What was merged went back"),
    "case.left": Spoken("一条诉求分出去", "A report left"),
    "case.split": Spoken("一条诉求拆成几件", "One report became several cases"),
    "case.kept_as_community": Spoken("留作社区件", "Kept as a community case"),
    "case.objected": Spoken("诉求人对不予受理提出异议", "The caller objected to the decline"),
    "case.matter_corrected": Spoken("说定了事项", "The matter was said"),
    "case.suggestion_answered": Spoken("说了建议对不对", "It was said whether a suggestion was right"),
    "case.matter_unsaid": Spoken("收回了说定的事项", "The matter was unsaid"),
    "case.tagged": Spoken("改了标签", "The tags were changed"),
    "clock.extension_undone": Spoken("收回了延期", "The extension was taken back"),
    "case.urgency_set": Spoken("说定了紧急程度", "The urgency was said"),
    "case.name_refused": Spoken("别的单位要看保密诉求人是谁，没有给看", "Another body was refused a sealed name"),
    "case.attended": Spoken("受理岗位先联系、处置过", "The receiving desk acted at once"),
    "case.dossier_taken": Spoken("有人取走了电子档案", "A dossier was taken"),
    "case.line_said": Spoken("登记了哪些上级回避", "Which bodies above stand aside was said"),
    "case.offices_let_in": Spoken(
        "派单员都要回避了，由领导小组办公室代为派单", "No dispatcher is left: the office places it in their stead"
    ),
    "case.offices_shut_out": Spoken(
        "派单员又有了，代为派单的办公室重新回避", "A dispatcher is there again: the office that stood in stands aside"
    ),
    "case.stood_aside": Spoken("一位工作人员自己提出回避", "A colleague stood aside"),
    "case.let_back": Spoken("按错的回避改回来了", "Standing aside by mistake was undone"),
    "case.opened_to_public": Spoken("公开了", "Opened to the public"),
    "case.closed_to_public": Spoken("不再公开", "Closed to the public"),
    "case.contacted": Spoken("联系诉求人", "Contact with the caller"),
    "case.progressed": Spoken("进展", "Progress"),
    "case.position_stated": Spoken("会商意见", "A position in the consultation"),
    "link.sent": Spoken("问了外面的单位", "An outside party was asked"),
    "link.opened": Spoken("链接被打开", "The link was opened"),
    "link.answered": Spoken("外面的单位回答了", "The outside party answered"),
    "link.not_ours": Spoken("外面的单位说不是它的", "The outside party says it is not theirs"),
    "link.revoked": Spoken("链接收回了", "The link was taken back"),
    "report.added_to": Spoken("诉求人补充", "The caller added something"),
    "report.said": Spoken("诉求人说的", "What the caller said"),
    "feedback.answered": Spoken("诉求人评价", "The caller judged the answer"),
    "feedback.attempted": Spoken("回访没有联系上", "A call for feedback reached nobody"),
    "clock.expired": Spoken("时限到了", "A clock ran out"),
    "clock.recomputed": Spoken("日历有了新版，时限重新数过", "Counted again on a new calendar"),
}
KINDS: Mapping[str, tuple[str, str]] = {  # verb: (kind of dot, icon)
    "case.absorbed": ("hold", "merge"), "case.took_in": ("run", "merge"), "case.restored": ("run", "split"),
    "case.gave_back": ("run", "split"), "case.left": ("run", "split"), "case.split": ("run", "split"),
    "case.parted": ("run", "split"), "case.parted_of": ("run", "split"), "case.withdrawn": ("back", "back"),
    "case.kept_as_community": ("run", "people"), "case.terminated": ("back", "done"),
    "case.received": ("done", "speak"), "case.joined": ("run", "merge"), "case.offered": ("wait", "wait"),
    "handover.return_asked": ("back", "back"), "handover.returned": ("back", "back"), "case.declined": ("back", "back"),
    "case.objected": ("near", "bell"), "clock.expired": ("near", "bell"), "case.contacted": ("run", "phone"),
    "case.consultation_opened": ("hold", "people"), "case.contested": ("hold", "people"),
    "case.ruled": ("hold", "scale"),
    "case.upheld": ("hold", "scale"), "case.closed": ("done", "done"), "case.reply_approved": ("done", "check"),
    "case.sent_back": ("back", "back"), "case.position_stated": ("hold", "speak"), "report.added_to": ("done", "speak"),
    "part.asked": ("wait", "people"), "part.returned": ("back", "back"), "part.finished": ("done", "check"),
    "part.contested": ("hold", "people"), "whistle.blown": ("near", "bell"), "whistle.lapsed": ("back", "bell"),
    "whistle.concluded": ("done", "check"), "whistle.missed": ("back", "back"), "link.sent": ("wait", "speak"),
    "case.suspension_asked": ("hold", "wait"), "case.suspended": ("hold", "wait"), "case.banked": ("hold", "wait"),
    "case.banking_asked": ("hold", "wait"), "clock.extension_asked": ("hold", "wait"),
    "clock.extended": ("near", "wait"), "clock.recomputed": ("near", "wait"), "case.urged": ("near", "bell"),
    "supervision.opened": ("near", "bell"),
    "supervision.opened_again": ("near", "bell"), "exclusion.asked": ("hold", "scale"),
    "exclusion.decided": ("hold", "scale"),
    "case.offer_taken_back": ("back", "back"), "feedback.answered": ("done", "speak"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry as the page tells it. `words` are (label code, text) that this viewer may read."""

    seq: int
    at: datetime
    verb: str
    title: Spoken
    kind: str
    icon: str
    who: Spoken | None
    body: str
    number: str  # of the duty item
    ground: str
    words: tuple[tuple[str, str], ...]
    codes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the trail with its hashes, who acted, and whether it still says what was hashed."""

    entry: Any
    sound: bool
    who: str
    title: Spoken
    open: bool  # else the reader sees that something is recorded, and its hash


@dataclass(frozen=True, slots=True)
class Said:
    """One report as the desk reads it: minimised words, never a name or number."""

    report: Report
    added: tuple[Addendum, ...]
    matter: str = ""

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What was asked besides, and answered, in the words of the book."""
        return duties.answered(self.report.answers, matter=self.matter, lang=get_language() or "zh")


def find(number: str, *, by: Actor) -> Case:
    """Give the case of this number. :raises NotFound: none for this actor."""
    case = (
        policies.visible_to(by, Case.objects.filter(number=number.strip().upper()))
        .select_related("lead", "previous_case", "absorbed_into")
        .first()
    )
    if case is None:
        raise NotFound
    return case


def stand_of(case: Case, handovers: Sequence[Handover] | None = None) -> Stand:
    """Give the case as rights see it; two statements, one where its handovers were read before."""
    open_ = [h for h in handovers or () if h.role == Role.LEAD and h.status in OPEN_HANDOVER]
    lead = lead_of(case) if handovers is None else next(iter(open_), None)
    members = Membership.objects.filter(case=case, to_at=None).values_list("report_id", "report__reporter_id")[
        :MOST_REPORTS
    ]
    return Stand(case, lead, tuple(members))


def lead_of(case: Case) -> Handover | None:
    """Give the open handover of the lead with its body, item and what a return cites."""
    rows = Handover.objects.filter(case=case, role=Role.LEAD, status__in=OPEN_HANDOVER)
    return rows.select_related("body", "duty_item", "cited_item", "proposed_body").first()


def open_moves(by: Actor, stand: Stand) -> dict[str, Move]:
    """Give the moves that this actor may make now, by verb: `policies.may` for somebody who sees the case."""
    case = stand.case
    found: dict[str, Move] = {}
    rows = list(CASE.open_moves(case.status, case.status_before or None))
    if stand.lead is not None:
        rows += HANDOVER.open_moves(stand.lead.status, stand.lead.status_before_return or None)
    for move in rows:
        if any(not p.startswith("clock:") and policies.PARTIES[p](by, stand) for p in move.who if p != "anyone"):
            found.setdefault(move.verb, move)
    return found


def open_beside(by: Actor, stand: Stand) -> dict[str, None]:
    """Name the verbs beside the tables that this actor may do now."""
    says_urgency = stand.case.status not in CASE.ends and policies.PARTIES["dispatcher"](by, stand)
    found = dict.fromkeys(OF_THE_DESK) if says_urgency else {}
    if stand.case.status not in CASE.ends and by.kind == "staff":
        found["recusing.stand_aside"] = None
    if consulting.may_state(by, stand.case):
        found["consultation.state_position"] = None
    if policies.PARTIES["reviewer"](by, stand):
        verb = "publishing.close" if stand.case.visibility == Visibility.PUBLIC else "publishing.open_"
        if verb == "publishing.close" or not publishing.must_stay_closed(stand.case):
            found[verb] = None
    return found


def clocks_of(case: Case) -> list[Clock]:
    return list(Clock.objects.filter(case=case).order_by("started_at", "id"))


def said_of(case: Case) -> list[Said]:
    """Give the reports that belong to the case now with what was added; two statements, at most MOST_REPORTS."""
    rows = Report.objects.filter(memberships__case=case, memberships__to_at=None).order_by("received_at", "id")
    reports = list(rows[:MOST_REPORTS])
    added: dict[int, list[Addendum]] = {}
    for one in Addendum.objects.filter(report__in=reports).order_by("at", "id"):
        added.setdefault(one.report_id, []).append(one)
    return [Said(r, tuple(added.get(r.id, ())), case.matter) for r in reports]


# --- the life ----------------------------------------------------------------------------------------------


def entries_of(case: Case) -> list[Any]:
    """Give the trail of the case, oldest first."""
    return trail.of("case", case.id)[-MOST_ENTRIES:]


def life(case: Case, entries: Sequence[Any], *, by: Actor, handovers: Sequence[Handover], lang: str) -> list[Happening]:
    """Tell the entries, newest first, each with the words that this viewer may read; one statement."""
    words, stays = trail.words_of("case", case.id), _stays(case, by, handovers)
    told = [
        _happening(e, _readable(e, words.get(e.seq, {}), case, by, stays), lang)
        for e in entries
        if policies.may_read(by, case, e.verb)
    ]
    return told[::-1]


def _is_only_handler(by: Actor) -> bool:
    return not by.has(*policies.DESK)


def _readable(
    entry: Any, words: Mapping[str, str], case: Case, by: Actor, stays: Sequence[datetime | None]
) -> tuple[tuple[str, str], ...]:
    """A body that handed the case back reads what was said until then, and nothing of what others wrote later."""
    said = tuple((k, v) for k, v in words.items() if v and k != "rule")
    if not _is_only_handler(by) or (case.lead_id is not None and case.lead_id in by.body_ids):
        return said
    if None in stays:
        return said
    last = max((end for end in stays if end), default=None)
    return said if last is not None and entry.at <= last else ()


def _stays(case: Case, by: Actor, handovers: Sequence[Handover]) -> list[datetime | None]:
    """Give until when each of the reader's bodies has had to do with the case, as lead or helping; None: still."""
    if not _is_only_handler(by):
        return []
    ends = [h.ended_at for h in handovers if h.body_id in by.body_ids or h.copied_to_id in by.body_ids]
    parts = Part.objects.filter(case=case, asked_body__in=by.body_ids).values_list("ended_at", flat=True)
    called = Participant.objects.filter(whistle__case=case, body__in=by.body_ids).values_list("ended_at", flat=True)
    return [*ends, *parts.union(called, all=True)]


def _happening(entry: Any, words: tuple[tuple[str, str], ...], lang: str) -> Happening:
    move = _MOVES.get(entry.verb)
    kind, icon = KINDS.get(entry.verb, ("run", "check"))
    codes = entry.codes
    body = bodies.names().get(int(codes.get("body") or 0))
    item = duties_item(codes.get("item"))
    return Happening(
        entry.seq, entry.at, entry.verb, _title(entry),
        kind, icon, _who(entry, move), body.called(lang) if body else "", item, str(codes.get("ground") or ""), words,
        codes,
    )  # fmt: skip


def _title(entry: Any) -> Spoken:
    """Say which clock ran out: "a clock" alone tells nobody what is late."""
    if entry.verb == "clock.expired" and entry.codes.get("kind"):
        name = ticking.name_of(str(entry.codes["kind"]))
        return Spoken(f"{name.zh}到了", f"{name.en[:1].upper()}{name.en[1:]} ran out")
    return title_of(entry.verb)


def title_of(verb: str) -> Spoken:
    """Give what an entry is called on every screen: what was done, not what a button asks to do."""
    move = _MOVES.get(verb)
    if move is None:
        return BESIDE.get(verb, Spoken(verb, verb))
    return Spoken(move.title.zh, happened.DONE.get(verb, move.title.en))


def duties_item(item_id: Any) -> str:
    """Give the printed number of an item of today's lists; empty for one of a former edition."""
    if not isinstance(item_id, int) or not item_id:
        return ""
    found = duties.law(localdate(scope.current().recorded_at)).by_item_id.get(item_id)
    return found[0].number if found else ""


def _who(entry: Any, move: Move | None) -> Spoken | None:
    """Say who acted as a party of the case: workers are never named (spec 10 §15)."""
    kind = entry.actor.split(":")[0].split("/")[0]
    if kind in ("clock", "system"):
        return CASE.party("platform").name
    if entry.verb.startswith("link.") and kind == "anonymous":
        return _OUTSIDER
    if kind in ("reporter", "resident", "anonymous"):
        return CASE.party("caller").name
    parties = [
        p for p in (move.who if move else ()) if not p.startswith("clock:") and p not in ("anyone", "rule", "platform")
    ]
    return _PARTIES[parties[0]] if len(parties) == 1 else None


_OUTSIDER = Spoken("外面的单位", "the outside party")
_MOVES: dict[str, Move] = {m.trail: m for life_ in LIVES[:1:-1] for m in (*life_.acts, *life_.moves)}
_MOVES |= {m.trail: m for life_ in (HANDOVER, CASE) for m in (*life_.acts, *life_.moves)}
_PARTIES: dict[str, Spoken] = {p.code: p.name for life_ in reversed(LIVES) for p in life_.parties}


def chain(entries: Iterable[Any], *, case: Case, by: Actor) -> list[Link]:
    """Give the entries newest first, each recomputed: a changed byte shows itself."""
    told = list(entries)
    residents = _residents(told)
    found = [
        Link(e, ledger.entry_hash(e.prev, trail.body_of(e), suite=e.suite) == e.hash, residents.get(e.actor, e.actor),
             title_of(e.verb), policies.may_read(by, case, e.verb))
        for e in told
    ]  # fmt: skip
    return found[::-1]


def _residents(entries: Iterable[Any]) -> dict[str, str]:
    """Number the residents of one case in the order in which they spoke: 居民, 居民2 …; who they are, nobody reads."""
    found: dict[str, str] = {}
    for entry in entries:
        if entry.actor.startswith("resident:") and entry.actor not in found:
            found[entry.actor] = _("居民") + (str(len(found) + 1) if found else "")
    return found


# --- what bodies did ---------------------------------------------------------------------------------------


def handovers_of(case: Case) -> list[Handover]:
    """Give every handover, newest first, with bodies, items and the stored decision."""
    rows = Handover.objects.filter(case=case).order_by("-id")
    return list(rows.select_related("body", "duty_item", "cited_item", "proposed_body", "copied_to", "decision"))


def handed_over_for(rows: Sequence[Handover], case: Case, *, now: datetime) -> timedelta:
    """Say how long nobody had signed for the case: from its receipt, or a body's end, to the next signature.

    It is nobody's handling time and runs against the promise alone (spec 11 §9). By the wall.
    """
    free_since, spent = case.received_at, timedelta()
    for row in sorted(rows, key=lambda h: h.id):
        if row.signed_at is not None:
            spent += max(timedelta(), row.signed_at - free_since)
            free_since = row.ended_at or row.signed_at
    signed = any(h.signed_at is not None and h.ended_at is None for h in rows)
    return spent if signed or case.status in CASE.ends else spent + max(timedelta(), now - free_since)


@dataclass(frozen=True, slots=True)
class Talk:
    """One consultation with what each invited body said."""

    row: Consultation
    invited: str
    positions: tuple[Position, ...]


def talks_of(case: Case, *, lang: str) -> list[Talk]:
    """Give the consultations, newest first; two statements, three where there are any."""
    rows = list(Consultation.objects.filter(case=case).select_related("agreed_body").order_by("-id"))
    stated: dict[int, list[Position]] = {}
    for one in Position.objects.filter(consultation__in=rows).select_related("body", "cited_item").order_by("id"):
        stated.setdefault(one.consultation_id, []).append(one)
    known, gap = bodies.names(), ", " if lang == "en" else "、"
    return [
        Talk(r, gap.join(known[b].called(lang) for b in r.invited if b in known), tuple(stated.get(r.id, ())))
        for r in rows
    ]


def rulings_of(case: Case) -> list[Ruling]:
    return list(Ruling.objects.filter(case=case).select_related("named_body", "ruler_body").order_by("-id"))


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply with its reviews."""

    reply: Reply
    reviews: tuple[Review, ...]
    files: tuple[StoredFile, ...] = ()  # sent along with it


def replies_of(case: Case) -> list[Answered]:
    """Give replies with their reviews, newest first; two statements."""
    rows = list(Reply.objects.filter(case=case).select_related("by_body").order_by("-id"))
    looked: dict[int, list[Review]] = {}
    for one in Review.objects.filter(case=case).order_by("id"):
        looked.setdefault(one.reply_id, []).append(one)
    along = enclosing.of_replies([r.id for r in rows], tenant_id=case.tenant_id)
    return [Answered(r, tuple(looked.get(r.id, ())), along.get(r.id, ())) for r in rows]


def contacts_of(case: Case) -> list[ContactNote]:
    return list(ContactNote.objects.filter(case=case).select_related("body").order_by("-id")[:MOST_REPORTS])


def feedback_of(case: Case, *, by: Actor) -> list[Feedback] | None:
    """Give the answers, newest first, without whose they are; None: not for the handling body before the close."""
    if _is_only_handler(by) and case.status != Status.CLOSED:
        return None
    return list(Feedback.objects.filter(case=case, superseded_by=None).order_by("-round", "-id")[:MOST_REPORTS])


@dataclass(frozen=True, slots=True)
class Guess:
    """What triage said before a person looked, and what the person did with it."""

    row: Suggestion
    choice: Choice | None


def guesses_of(said: Sequence[Said]) -> list[Guess]:
    """Give the suggestions for the first report with the choices; two statements."""
    if not said:
        return []
    found = list(Suggestion.objects.filter(report=said[0].report).order_by("id"))
    rows = listing.readable(found, by=scope.current().actor)
    chosen = {c.suggestion_id: c for c in Choice.objects.filter(suggestion__in=rows).order_by("id")}
    return [Guess(r, chosen.get(r.id)) for r in rows if r.candidates or r.abstained not in ("", "not_asked")]


# --- the caller's contact ----------------------------------------------------------------------------------


def may_read_contact(by: Actor, stand: Stand) -> bool:
    """Who has to reach the caller now: the body that holds the case, the operator, the desk, the feedback body."""
    if by.has("operator", "dispatcher", "feedback"):
        return True
    return stand.lead is not None and by.has("handler") and stand.lead.body_id in by.body_ids


def readings_of(said: Sequence[Said]) -> list[Any]:
    """Give who looked at the contacts of these reports, newest first."""
    return accounts.readings_of("cases_report", [s.report.id for s in said], limit=20) if said else []


def judged_then(row: Handover, *, lang: str) -> tuple[str, tuple[judging.Line, ...], tuple[str, ...]] | None:
    """Tell the decision that was kept with a handover, as it was."""
    return judging.told_again(row.decision.trace, lang=lang) if row.decision is not None else None
