"""Old against new: what an edition in the shadow said, beside what was said to the desk, and what people settled on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Subquery

from jishi.cases import policies
from jishi.cases.actions import learning
from jishi.cases.models import Case, DriftWeek, ModelEdition, ShadowAnswer, Suggestion
from jishi.cases.triage import Stage, learned
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor
from jishi.kernels.text.figures import Share

SHOWN = 20  # editions, and changed answers that are shown
EACH = 5000  # newest answers in the shadow that are compared
LONGEST = 80  # characters of an example


@dataclass(frozen=True, slots=True)
class Example:
    """One answer that would change. `truth`: what people settled on, or nothing yet."""

    number: str
    text: str
    old: str
    new: str
    truth: str
    right: str  # new, old, neither; empty: nobody has settled it


@dataclass(frozen=True, slots=True)
class Compared:
    """`both`, `only_old`, `only_new`, `neither`: first answers that people settled on, by who had them right."""

    cases: int
    changed: Share
    old: Share
    new: Share
    old_filled: Share
    new_filled: Share
    old_filled_right: Share
    new_filled_right: Share
    only_old: int
    only_new: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    number: int
    made_at: datetime
    state: str  # in_force, shadow, waits, was, learned
    shadowed: int
    enough: bool
    adopted_at: datetime | None
    adopted_by: str
    card: dict[str, Any]
    sha256: str
    compared: Compared | None
    older: bool  # taught when texts were read otherwise: it answers no more
    broken: bool = False  # in force or in the shadow, and its file cannot be read: it answers nothing


def editions(*, by: Actor, now: datetime, lang: str) -> list[Edition]:
    """Give every edition, the newest first; those in the shadow or waiting with old against new.

    Words of reports are shown only of cases that `by` may open.
    """
    rows = ModelEdition.objects.filter(tenant_id=by.tenant_id, kind=learned.KIND).defer("arrays").order_by("-number")
    return [_told(row, by=by, now=now, lang=lang) for row in rows[:SHOWN]]


def may_see(by: Actor) -> bool:
    """Who keeps models, who is told of a drift, and who audits."""
    return by.kind == "staff" and by.has("office", "system_admin", "dispatcher", "auditor")


def may_shadow(by: Actor) -> bool:
    return by.kind == "staff" and by.has("office", "system_admin")


def may_adopt(by: Actor) -> bool:
    return by.kind == "staff" and by.has("office")


def drift(*, by: Actor, lang: str) -> list[dict[str, Any]]:
    """Give what passed a limit in the newest week that was looked at, the widest group first."""
    rows = DriftWeek.objects.filter(tenant_id=by.tenant_id)
    newest = rows.order_by("-week").values_list("week", flat=True).first()
    if newest is None:
        return []
    book = duties.matters()
    beyond = [r for r in rows.filter(week=newest).order_by("-reports", "matter", "channel") if r.beyond]
    return [
        {
            "week": r.week.isoformat(), "matter": r.matter, "channel": r.channel, "reports": r.reports,
            "called": book[r.matter].called(lang) if r.matter in book else r.matter, "beyond": list(r.beyond),
            "figures": r.figures, "edition": r.edition,
        }
        for r in beyond
    ]  # fmt: skip


def drifted(by: Actor) -> int:
    """How many groups passed a limit in the newest week, for the bar of those who are told."""
    if not may_see(by):
        return 0
    rows = DriftWeek.objects.filter(tenant_id=by.tenant_id)
    newest = rows.order_by("-week").values("week")[:1]
    return rows.filter(week=Subquery(newest)).exclude(beyond=[]).count()


def silenced(by: Actor) -> int:
    """1 where an edition is in force that answers nothing: broken, removed, or of texts read otherwise. For the bar."""
    if not may_see(by):
        return 0
    row = learned.row_in_force(learned.KIND)
    return int(row is not None and learned.edition(by.tenant_id, *row).model is None)


def as_json(told: Edition) -> dict[str, Any]:
    """Write one edition for programs; without examples."""
    compared = told.compared
    return {
        "number": told.number, "made_at": told.made_at.isoformat(), "state": told.state, "shadowed": told.shadowed,
        "older": told.older, "broken": told.broken, "sha256": told.sha256, "card": told.card,
        "compared": None if compared is None else {
            "cases": compared.cases, "only_old": compared.only_old, "only_new": compared.only_new,
            **{name: getattr(compared, name).told() for name in
                ("changed", "old", "new", "old_filled", "new_filled", "old_filled_right", "new_filled_right")},
        },
    }  # fmt: skip


def _told(row: ModelEdition, *, by: Actor, now: datetime, lang: str) -> Edition:
    state = _state(row)
    open_, older = state in ("shadow", "waits"), learned.is_older(row.card)
    asked = state in ("in_force", "shadow") and not older
    return Edition(
        row.number, row.made_at, state, row.shadowed, row.shadowed >= learning.SHADOWED or row.adopted_at is not None,
        row.adopted_at, row.adopted_by, row.card, row.sha256,
        _compared(row, by=by, now=now, lang=lang) if open_ and row.shadowed else None,
        older, asked and learned.edition(by.tenant_id, row.id, row.number, row.sha256).model is None,
    )  # fmt: skip


def _state(row: ModelEdition) -> str:
    if row.adopted_at is not None:
        return "in_force" if row.retired_at is None else "was"
    if row.shadow_from is None:
        return "learned"
    return "shadow" if row.shadow_to is None else "waits"


def _compared(row: ModelEdition, *, by: Actor, now: datetime, lang: str) -> Compared:
    said = list(ShadowAnswer.objects.filter(model=row).order_by("-id")[:EACH])
    olds: dict[int, Suggestion] = {}
    for old in Suggestion.objects.filter(report__in=[s.report_id for s in said], stage=Stage.CLASSIFY).order_by("id"):
        olds.setdefault(old.report_id, old)
    truth = {c.report: c.matter for c in learning.confirmed(now=now, tenant_id=by.tenant_id)}
    pairs = [(olds[s.report_id], s, truth.get(s.report_id, "")) for s in said if s.report_id in olds]
    known = [(_first(o) == t, _first(n) == t, o, n) for o, n, t in pairs if t]
    changed = [p for p in pairs if _first(p[0]) != _first(p[1])]
    return Compared(
        cases=len(pairs), changed=Share(len(changed), len(pairs)),
        old=Share(sum(a for a, *_ in known), len(known)), new=Share(sum(b for _, b, *_ in known), len(known)),
        old_filled=_filled([o for o, _, _ in pairs]), new_filled=_filled([n for _, n, _ in pairs]),
        old_filled_right=_filled_right([(o, a) for a, _, o, _ in known]),
        new_filled_right=_filled_right([(n, b) for _, b, _, n in known]),
        only_old=sum(a and not b for a, b, *_ in known), only_new=sum(b and not a for a, b, *_ in known),
        examples=tuple(_examples(changed, by=by, lang=lang)),
    )  # fmt: skip


Answer = Suggestion | ShadowAnswer


def _first(one: Answer) -> str:
    return str(one.candidates[0]["value"]) if one.candidates else ""


def _filled(answers: Sequence[Answer]) -> Share:
    return Share(sum(not one.abstained for one in answers), len(answers))


def _filled_right(answers: Sequence[tuple[Answer, bool]]) -> Share:
    filled = [right for one, right in answers if not one.abstained]
    return Share(sum(filled), len(filled))


def _examples(
    changed: Sequence[tuple[Suggestion, ShadowAnswer, str]], *, by: Actor, lang: str
) -> list[Example]:
    """Those that people settled first; only of cases that may be opened."""
    rows = sorted(changed, key=lambda row: not row[2])
    ids = [o.report_id for o, _, _ in rows[: 10 * SHOWN]]
    seen = policies.visible_to(by, Case.objects.filter(memberships__report__in=ids, memberships__to_at=None))
    told = {
        report: (number, text)
        for report, number, text in seen.values_list(
            "memberships__report", "memberships__report__number", "memberships__report__text_shown"
        )
    }
    book = duties.matters()

    def called(code: str) -> str:
        return book[code].called(lang) if code in book else code

    found: list[Example] = []
    for old, new, true in rows:
        if old.report_id in told and len(found) < SHOWN:
            right = "" if not true else "new" if _first(new) == true else "old" if _first(old) == true else "neither"
            number, text = told[old.report_id]
            before, after, settled = (called(code) if code else "" for code in (_first(old), _first(new), true))
            found.append(Example(number, text[:LONGEST], before, after, settled, right))
    return found
