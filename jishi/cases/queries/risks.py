"""险情提示 as the receiving desk reads them: what waits, of which danger, which words, which number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from jishi.cases import policies
from jishi.cases.actions import reckoning
from jishi.cases.models import Case, RiskMark
from jishi.cases.triage import Looked, danger
from jishi.cases.triage.danger import Danger, Rules
from jishi.foundation.actor import Actor
from jishi.kernels import worktime
from jishi.kernels.procedure import Spoken
from jishi.kernels.text.risk import RiskMark as Heard

READERS = ("operator", "dispatcher")
MOST = 50


@dataclass(frozen=True, slots=True)
class Marked:
    """One danger with the words that speak of it."""

    danger: Danger
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One case with what its words warn of; `numbers`: whom to call, each once, the most urgent line first."""

    id: int
    number: str
    version: int
    title: str
    place: str
    urgency: str
    since: datetime
    marked: tuple[Marked, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        return numbers_of(self.marked)

    @property
    def words(self) -> tuple[str, ...]:
        """The words that may be kept as the reason of an urgency: none of a danger that only the desk may know of."""
        return tuple(w for m in self.marked if not m.danger.desk_only for w in m.words)


def waiting(*, by: Actor, case_id: int | None = None) -> list[Waiting]:
    """Give what is marked and nobody has acted upon, the newest first: who fills the list hides no new danger; one
    statement.

    Empty for everybody but the receiving desk.
    """
    if not by.has(*READERS):
        return []
    rows = RiskMark.objects.filter(tenant_id=by.tenant_id, case__in=policies.visible_to(by, Case.objects.all()))
    if case_id is not None:
        rows = rows.filter(case=case_id)
    shown = ("code", "words", "marked_at", *(f"case__{n}" for n in _OF_CASE))
    found: dict[int, list[RiskMark]] = {}
    newest = rows.select_related("case").only(*shown).annotate(rules=danger.row()).order_by("-marked_at", "-id")
    for row in newest[: MOST * 2]:
        found.setdefault(row.case_id, []).append(row)
    return [_told(marks) for marks in list(found.values())[:MOST]]


def of_reports(report_ids: Sequence[int], *, by: Actor) -> dict[int, tuple[Marked, ...]]:
    """Give what waits of these reports, by report; one statement. Empty for everybody but the receiving desk."""
    if not report_ids or not by.has(*READERS):
        return {}
    seen = policies.visible_to(by, Case.objects.all())
    rows = RiskMark.objects.filter(tenant_id=by.tenant_id, report__in=report_ids, case__in=seen).order_by("id")
    found: dict[int, tuple[Marked, ...]] = {}
    for row in rows.annotate(rules=danger.row()):
        found[row.report_id] = (*found.get(row.report_id, ()), _marked(row.code, row.words, _rules_of(row)))
    return found


_OF_CASE = ("number", "version", "title", "place_name", "address_text", "urgency")


def of_words(looked: Looked | None, *, by: Actor) -> tuple[Marked, ...]:
    """Give what words warn of that are just being said; nothing is stored."""
    if looked is None or not by.has(*READERS):
        return ()
    rules = danger.load() if looked.dangers else None
    return tuple(_marked(one.code, one.words, rules) for one in looked.dangers if rules)


def of_own_words(heard: Sequence[Heard]) -> tuple[Marked, ...]:
    """Give what whoever is writing may be told of the own words, at once: whom to call. Violence and self-harm are for
    the receiving desk alone, also on the screen of whoever wrote of them (spec 12 §7).
    """
    rules = danger.load() if heard else None
    told = (_marked(one.code, one.words, rules) for one in heard if rules)
    return tuple(one for one in told if not one.danger.desk_only)


def kept_of(marked: Sequence[Marked]) -> list[dict[str, Any]]:
    """Give what an answer keeps under its key: codes and words of the rules; numbers are those of the day of asking."""
    return [{"code": m.danger.code, "words": list(m.words)} for m in marked]


def as_told(kept: Sequence[Mapping[str, Any]], lang: str) -> dict[str, Any] | None:
    """Say to a program what the page says to whoever wrote: the sentence, whom to call, which words; None where nothing
    was heard (spec 12 §7)."""
    rules = danger.load() if kept else None
    marked = [_marked(str(one["code"]), one["words"], rules) for one in kept if rules]
    if not marked:
        return None
    rows = [
        {
            "code": m.danger.code, "name": m.danger.called(lang), "words": list(m.words), "call": m.danger.call,
            "verified": m.danger.verified,
        }
        for m in marked
    ]  # fmt: skip
    return {"say": sentence(marked), "call": list(numbers_of(marked)), "heard": rows}


def sentence(marked: Sequence[Marked]) -> str:
    """Say in the language of the reader what the pages say: safety first, then which numbers help; empty for none."""
    if not marked:
        return ""
    calls = [gettext("拨 %(n)s") % {"n": n} for n in numbers_of(marked)]
    return " ".join([gettext("听起来有危险：先保证人安全，别等这里的答复。"), *calls])


def soon(lang: str) -> tuple[str, str]:
    """Say how soon an emergency is placed, and how soon after its signing its caller is called (spec 10 §5.1)."""
    amounts = (reckoning.table_clock(kind).emergency_amount for kind in ("dispatch", "contact"))
    placed, called = (worktime.written(worktime.parse_amount(amount), lang) for amount in amounts)
    return placed, called


def numbers_of(marked: Sequence[Marked]) -> tuple[str, ...]:
    """Whom to call: each number once, the emergency lines before others."""
    calls = dict.fromkeys(m.danger.call for m in marked if m.danger.call)
    return tuple(sorted(calls, key=lambda call: call not in danger.EMERGENCY_NUMBERS))


def _told(rows: Sequence[RiskMark]) -> Waiting:
    case, rules = rows[0].case, _rules_of(rows[0])
    by_code: dict[str, Sequence[str]] = {}
    for row in rows:
        by_code.setdefault(row.code, row.words)
    marked = tuple(_marked(code, words, rules) for code, words in by_code.items())
    place = case.place_name or case.address_text
    return Waiting(case.id, case.number, case.version, case.title, place, case.urgency, rows[0].marked_at, marked)


def _rules_of(row: RiskMark) -> Rules:
    adopted = getattr(row, "rules", None)
    return danger.edition_of((adopted["id"], adopted["number"], adopted["sha256"]) if adopted else None)


def _marked(code: str, words: Sequence[str], rules: Rules) -> Marked:
    """A danger that the rules of today no longer name keeps its code, and says that its number is not known."""
    known = rules.dangers.get(code)
    return Marked(known or Danger(code, Spoken(code, code), "", "", False, True), tuple(words))
