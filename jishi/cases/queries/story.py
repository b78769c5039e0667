"""What happened to a case, for the eyes of one caller: entries read without workers' names, notes and others' words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.actions import enclosing, naming
from jishi.cases.models import Addendum, Case, Handover, Progress, Reply, Report
from jishi.duties import queries as duties
from jishi.foundation.files import StoredFile
from jishi.foundation.trail import Entry
from jishi.kernels.text.minimise import minimise

OWN_WORDS_ONLY = frozenset({"case.objected", "case.reopened", "case.withdrawn"})  # a caller's: shown to himself alone
OF_ONE_CALLER = ("exclusion.", "report.", "unsealing.", "case.recheck_")
# Said by the report itself, by its own rows, or about somebody else.
NOT_TOLD = frozenset(
    {
        "case.received", "case.joined", "report.added_to", "feedback.answered", "case.took_in", "case.gave_back",
        "case.left", "case.recheck_dropped",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cited:
    """One line of one duty list, as it is printed."""

    id: int
    number: str
    name: str
    list_title: str
    edition: int
    since: date | None
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened. `words` are people's own; `own`: this reader did it."""

    at: datetime
    what: str
    body: str = ""
    other: str = ""
    item: Cited | None = None
    codes: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    own: bool = False
    files: tuple[StoredFile, ...] = ()  # sent along with a reply


def cited(item: Any) -> Cited | None:
    """Give one duty item with the list it is printed in."""
    if item is None:
        return None
    of = item.list
    return Cited(
        item.id,
        item.number,
        item.name,
        of.title,
        of.edition,
        of.effective.lower if of.effective else None,
        item.legal_basis,
    )


class Teller:
    """Turns entries into what happened, for this caller's eyes."""

    def __init__(
        self,
        report: Report,
        case: Case,
        handovers: Sequence[Handover],
        replies: Mapping[int, Reply],
        progress: Sequence[Progress],
        lang: str,
    ) -> None:
        self.report, self.case, self.lang, self.replies = report, case, lang, replies
        self.handovers = {h.id: h for h in handovers}
        self.progress = {(p.body_id, p.at): p for p in progress}
        self.items = {i.id: cited(i) for h in handovers for i in (h.duty_item, h.cited_item) if i is not None}
        self.along = enclosing.of_replies(self.replies, tenant_id=case.tenant_id)  # of approved ones alone
        self.me = naming.names_of_caller(report, case)
        self.known = bodies.names()

    def called(self, body_id: int | None) -> str:
        body = self.known.get(body_id or 0)
        return body.called(self.lang) if body else ""

    def tell(
        self, entries: Sequence[Entry], words: Mapping[int, Mapping[str, str]], addenda: Iterable[Addendum]
    ) -> list[Happened]:
        found = [self._said(), *self.between(entries, words)]
        heard = {e.at for e in entries if e.verb == "report.recording_written"}  # the desk's words until confirmed
        return found + [
            Happened(
                a.at, "report.added_to", words={"text": a.text_shown}, own=a.at not in heard,
                codes={"heard": a.at in heard},
            )
            for a in addenda
        ]  # fmt: skip

    def between(self, entries: Iterable[Entry], words: Mapping[int, Mapping[str, str]]) -> list[Happened]:
        """Tell these entries of the case alone."""
        return [h for e in entries if (h := self._one(e, words.get(e.seq, {}))) is not None]

    def _said(self) -> Happened:
        return Happened(
            self.report.received_at,
            "report.said",
            codes={"channel": self.report.channel},
            words={"text": self.report.text_shown},
            own=True,
        )

    def _one(self, entry: Entry, words: Mapping[str, str]) -> Happened | None:
        verb, codes = entry.verb, entry.codes
        if verb in NOT_TOLD or verb == "case.split" and codes.get("report") != self.report.number:
            return None
        if verb.startswith(OF_ONE_CALLER) and codes.get("report") != self.report.id:
            return None  # another caller's: said to him alone
        own = entry.actor in self.me
        lead = self._handover(codes, entry.at)
        item = self._item(codes, verb, lead)
        return Happened(
            entry.at,
            verb,
            body=self._body(codes, lead, verb),
            other=self._other(codes, lead, verb),
            item=item,
            codes=self._codes(codes, verb, entry.at, lead),
            own=own,
            words=self._words(verb, codes, words, lead, own=own),
            files=self.along.get(codes.get("reply") or 0, ()) if verb == "case.reply_approved" else (),
        )

    def _handover(self, codes: Mapping[str, Any], at: datetime) -> Handover | None:
        found = self.handovers.get(codes.get("handover") or 0)
        if found is not None:
            return found
        of_body = [h for h in self.handovers.values() if h.body_id == codes.get("body") and h.offered_at <= at]
        if of_body:
            return of_body[-1]
        held = [h for h in self.handovers.values() if h.offered_at <= at and (h.ended_at is None or at <= h.ended_at)]
        return held[-1] if held and ("reply" in codes or "consultation" in codes) else None

    def _body(self, codes: Mapping[str, Any], lead: Handover | None, verb: str) -> str:
        reply = self.replies.get(codes.get("reply") or 0)
        return self.called(
            codes.get("body")
            or codes.get("agreed")
            or (reply.by_body_id if reply else None)
            or (lead.body_id if lead else None)
        )

    def _other(self, codes: Mapping[str, Any], lead: Handover | None, verb: str) -> str:
        if codes.get("invited"):
            between = "、" if self.lang.startswith("zh") else ", "
            return between.join(filter(None, map(self.called, codes["invited"])))
        if verb.startswith("handover.return") and lead is not None:
            return self.called(lead.proposed_body_id)
        return ""

    def _item(self, codes: Mapping[str, Any], verb: str, lead: Handover | None) -> Cited | None:
        wanted = codes.get("item") or next(iter(codes.get("items") or []), None)
        if wanted in self.items:
            return self.items[wanted]
        if wanted:
            row = next(
                (i for i, _ in duties.law(localdate(self.case.received_at)).by_item_id.values() if i.id == wanted), None
            )
            return Cited(row.id, row.number, row.name, "", row.edition, None, row.legal_basis) if row else None
        if verb in ("handover.signed", "handover.signed_by_time") and lead is not None:
            return self.items.get(lead.duty_item_id or 0)
        return None

    def _codes(self, codes: Mapping[str, Any], verb: str, at: datetime, lead: Handover | None) -> dict[str, Any]:
        told = {
            k: codes[k]
            for k in ("ground", "how", "reached", "kind", "missing", "outcome", "ruling", "result", "replied",
                      "into", "from", "to", "until", "told", "review_on", "due", "due_from", "rates", "verdict",
                      "caller", "side", "agreed", "photos")
            if k in codes
        }
        if verb == "case.progressed" and (row := self.progress.get((codes.get("body") or 0, at))) is not None:
            told["until"] = row.until_date
        if verb in ("handover.returned", "handover.returned_by_time") and lead is not None:
            told["took"] = (at - lead.offered_at).total_seconds()
        if verb == "case.declined":
            told |= {"ground": codes.get("ground") or self.case.decline_ground}
        return told

    def _words(
        self, verb: str, codes: Mapping[str, Any], words: Mapping[str, str], lead: Handover | None, *, own: bool
    ) -> dict[str, str]:
        if verb in OWN_WORDS_ONLY and not own:
            return {}
        if verb in ("case.contacted", "case.replied", "case.sent_back"):
            return {}  # notes between workers, and an answer that nobody has approved yet
        if verb == "case.reply_approved":
            reply = self.replies.get(codes.get("reply") or 0)
            return {"text": reply.text_for_caller, "basis": reply.legal_basis} if reply else {}
        if verb == "exclusion.decided":  # what he is told; the reasons of the desk stand on the ledger
            return {"told": words["told"]} if words.get("told") else {}
        if verb == "case.urged" and not own:
            return {}
        if verb.startswith("handover.return") and verb != "handover.return_denied" and lead is not None:
            return _hidden({"words": lead.return_words, "answer": lead.return_answer_words})
        if verb in ("case.declined", "case.progressed", "case.answered_at_once", "case.settled_on_spot",
                    "case.suspended", "case.banked", "clock.extended", "case.terminated",
                    "case.recheck_denied"):  # fmt: skip
            return dict(words)  # written for the caller
        return dict(words) if own else _hidden(words)


def _hidden(words: Mapping[str, str]) -> dict[str, str]:
    """Words that bodies wrote to each other may name people: they are minimised before a caller reads them."""
    return dict(zip(words, (m.shown for m in minimise(list(words.values()))), strict=True))
